// npm run mutants [-- pattern] [--jobs n]: switches on each planted fault of the kernel model in turn and runs the test that must notice. Faults of checked mode's code are written into the
// source as it is loaded (test/mutants/checked-*.ts, vitest.config.ts).
// Prints a line for each, and the table of those that survived. Exit code 1 when one did.
import { spawn } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { transformSync } from "amaro";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
const { values, positionals } = parseArgs({ allowPositionals: true, options: { jobs: { type: "string" } } });
const jobs = Number(values.jobs ?? Math.max(1, availableParallelism()));
const pattern = new RegExp(positionals[0] ?? "");

/** The lists in test/mutants: TypeScript whose types can be cut off. */
async function lists() {
  const found = [];
  for (const file of readdirSync("test/mutants").filter((name) => name.endsWith(".ts") && name !== "mutant.ts" && name !== "activate.ts").sort()) {
    const { code } = transformSync(readFileSync(`test/mutants/${file}`, "utf8"), { mode: "strip-only" });
    const { mutants, edits } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
    found.push(...(mutants ?? []), ...(edits ?? []));
  }
  return found;
}

/** Runs the test with the fault on. Gives whether it failed, and how long that took. */
function run(mutant) {
  const start = performance.now();
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ["node_modules/vitest/vitest.mjs", "run", mutant.test, "--bail", "1", "--reporter", "dot"], {
      env: { ...process.env, ...("from" in mutant ? { GLASSGPU_EDIT: JSON.stringify(mutant) } : { GLASSGPU_MUTANT: mutant.name }) }, stdio: ["ignore", "pipe", "pipe"],
    });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (part) => { text += part; });
    // A fault may keep a test from ending: that is noticed too.
    const timer = setTimeout(() => child.kill("SIGKILL"), 120_000);
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve({ killed: code !== 0 && !/No test files found/.test(text), seconds: (performance.now() - start) / 1000 });
    });
  });
}

const mutants = (await lists()).filter(({ name }) => pattern.test(name));
let next = 0;
const survivors = [];
await Promise.all(Array.from({ length: jobs }, async () => {
  for (let i = next++; i < mutants.length; i = next++) {
    const mutant = mutants[i];
    const { killed, seconds } = await run(mutant);
    if (!killed) survivors.push(mutant);
    console.log(`${String(i + 1).padStart(3)}/${mutants.length} ${killed ? "killed  " : "SURVIVED"} ${String(mutant.invariant ?? "").padStart(3)} ${mutant.name} (${seconds.toFixed(1)} s): ${mutant.what}`);
  }
}));
console.log(`\n${mutants.length - survivors.length} killed, ${survivors.length} survived`);
for (const { name, invariant, what, test } of survivors) console.log(`survived: ${name} (${invariant === undefined ? "" : `invariant ${invariant}, `}${test}): ${what}`);
process.exitCode = survivors.length === 0 ? 0 : 1;
