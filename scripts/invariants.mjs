// docs/invariants.md: which test holds which invariant. `node scripts/invariants.mjs` writes it, test/invariants/page.test.ts compares.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Numbers that a test's name speaks of: "invariants 22 to 26 and 30: ...". */
export function numbersOf(name) {
  const head = /^invariants? ([0-9][^:]*):/.exec(name)?.[1];
  if (head === undefined) return [];
  const numbers = [];
  for (const [, first, last] of head.matchAll(/(\d+)(?: to (\d+))?/g)) {
    for (let n = Number(first); n <= Number(last ?? first); n++) numbers.push(n);
  }
  return numbers;
}

/** Test files and names by invariant. */
export function testsByInvariant() {
  const found = new Map();
  const folder = `${root}test/`;
  for (const file of readdirSync(folder, { recursive: true }).filter((name) => name.endsWith(".test.ts")).sort()) {
    const text = readFileSync(folder + file, "utf8");
    for (const [, name] of text.matchAll(/\btest(?:\.each\([^)]*\))?\(\s*[`"](invariants? [^`"]+)[`"]/g)) {
      for (const number of numbersOf(name)) found.set(number, [...(found.get(number) ?? []), { file, name: name.replace(/^[^:]*: /, "") }]);
    }
  }
  return found;
}

/** Mutants by invariant, from the lists in test/mutants. */
export function mutantsByInvariant() {
  const found = new Map();
  const folder = `${root}test/mutants/`;
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".ts") && name !== "mutant.ts").sort()) {
    const text = readFileSync(folder + file, "utf8");
    for (const [, name, invariant] of text.matchAll(/name:\s*"([^"]+)",\s*invariant:\s*(\d+)/g)) found.set(Number(invariant), [...(found.get(Number(invariant)) ?? []), name]);
  }
  return found;
}

/** The page's text. @param areas the catalogue */
export function page(areas) {
  const tests = testsByInvariant();
  const mutants = mutantsByInvariant();
  const lines = ["# Invariants of the kernel model", "",
    "What must hold after every step of every program, under every order of events. Each is a property test over generated programs , most with faults planted in the model",
    "that the test must notice (`npm run mutants`). Written by `node scripts/invariants.mjs`.", ""];
  for (const area of areas) {
    lines.push(`## ${area.name}`, "", "| | must hold | tests | planted faults |", "|---|---|---|---|");
    area.statements.forEach((statement, i) => {
      const number = area.first + i;
      const files = [...new Set((tests.get(number) ?? []).map(({ file }) => file))];
      lines.push(`| ${number} | ${statement} | ${files.map((file) => `[${file.replace(/^invariants\/|\.test\.ts$/g, "")}](../test/${file})`).join(", ")} | ${(mutants.get(number) ?? []).map((name) => `\`${name}\``).join(" ")} |`);
    });
    lines.push("");
  }
  return lines.join("\n");
}

/** The catalogue as data: the module is TypeScript, whose types are simple enough to be cut off. */
async function catalogue() {
  const { transformSync } = await import("amaro");
  const { code } = transformSync(readFileSync(`${root}test/invariants/catalogue.ts`, "utf8"), { mode: "strip-only" });
  return (await import(`data:text/javascript,${encodeURIComponent(code)}`)).areas;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(`${root}docs/invariants.md`, page(await catalogue()));
