/**
 * Asks NVIDIA's assembler which forms of PTX instructions are legal, from which architecture and which version of the ISA on, and writes test/compiler/ptx/forms/verdicts.json.
 * Usage: node scripts/ptx-forms.mjs [family ...] (all without names). Needs ptxas of CUDA 13.0 on the path; the tests go by what is recorded.
 * Writes docs/support/ptx.md too; --page writes that alone, and asks nobody.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { rolldown } from "rolldown";

const folder = mkdtempSync(join(tmpdir(), "ptx-forms-"));
const here = new URL("../test/compiler/ptx/forms/", import.meta.url);
const bundle = await rolldown({ input: new URL("all.ts", here).pathname, platform: "node" });
await bundle.write({ file: join(folder, "forms.mjs") });
const { allForms, chapters, exceptions, moduleOf } = await import(pathToFileURL(join(folder, "forms.mjs")).href);

/** Which of the lines the assembler takes. It names all the bad ones at once, or (syntax) the first. */
function legal(lines, target, version) {
  const bad = new Set();
  for (;;) {
    const live = lines.map((line, i) => [line, i]).filter(([, i]) => !bad.has(i));
    const { text, first } = moduleOf(live.map(([line]) => line), version, target);
    writeFileSync(join(folder, "x.ptx"), text);
    const run = spawnSync("ptxas", ["-arch", target, "-O0", join(folder, "x.ptx"), "-o", join(folder, "x.cubin")], { encoding: "utf8", maxBuffer: 1 << 28 });
    if (run.status === 0) break;
    const before = bad.size;
    if (run.signal === null) for (const [, at] of `${run.stdout}${run.stderr}`.matchAll(/x\.ptx, line (\d+); (?:error|fatal)/g)) {
      const found = live[Number(at) - first];
      if (found !== undefined) bad.add(found[1]);
    }
    if (bad.size > before) continue;
    // It ended without naming a line, or crashed (it does, on some): by halves.
    if (live.length > 1) {
      const half = live.length >> 1;
      const parts = [live.slice(0, half), live.slice(half)];
      for (const part of parts) legal(part.map(([line]) => line), target, version).forEach((good, i) => { if (!good) bad.add(part[i][1]); });
      break;
    }
    for (const [, i] of live) bad.add(i);
  }
  return lines.map((_, i) => !bad.has(i));
}

const versions = ["6.3", "6.4", "6.5", "7.0", "7.1", "7.2", "7.3", "7.4", "7.5", "7.6", "7.7", "7.8", "8.0", "8.1", "8.2", "8.3", "8.4", "8.5", "8.6", "8.7", "8.8"];
const targets = [["sm_75", "6.3"], ["sm_80", "7.0"], ["sm_86", "7.1"], ["sm_89", "7.8"], ["sm_90", "7.8"], ["sm_90a", "8.0"]];

function ask(lines) {
  const facts = lines.map(() => null);
  const among = (indices, target, version) => {
    if (indices.length === 0) return [];
    const answers = legal(indices.map((i) => lines[i]), target, version);
    return indices.filter((_, k) => answers[k]);
  };
  const open = () => facts.flatMap((fact, i) => (fact === null ? [i] : []));
  for (const [target, oldest] of targets) {
    let rest = among(open(), target, "9.0");
    for (const i of rest) facts[i] = `${target} 9.0`;
    for (const version of versions.slice(versions.indexOf(oldest)).reverse()) {
      rest = among(rest, target, version);
      for (const i of rest) facts[i] = `${target} ${version}`;
    }
  }
  // What once was: votes without .sync, saturated halves.
  for (const version of ["6.3", "6.4"]) for (const i of among(open(), "sm_75", version)) facts[i] = `sm_75 ${version} gone`;
  return facts;
}

/** The support page: what is legal, from where on, and what we do not take. */
function page({ assembler, kinds, families }) {
  const count = (name) => {
    const runs = [...families[name].matchAll(/([.A-Za-z])(\d*)/g)].map(([, letter, times]) => [letter, Number(times === "" ? 1 : times)]);
    const legalRuns = runs.filter(([letter]) => letter !== ".");
    const from = legalRuns.map(([letter]) => kinds[letter < "a" ? letter.charCodeAt(0) - 39 : letter.charCodeAt(0) - 97].split(" ")[0]);
    const order = targets.map(([target]) => target);
    const known = [...new Set(from)].sort((a, b) => order.indexOf(a) - order.indexOf(b));
    return { forms: runs.reduce((sum, [, n]) => sum + n, 0), legal: legalRuns.reduce((sum, [, n]) => sum + n, 0), from: known.length > 1 ? `${known[0]} to ${known.at(-1)}` : known[0] ?? "" };
  };
  const all = allForms.map(({ name }) => count(name));
  const sum = (key) => all.reduce((total, row) => total + row[key], 0).toLocaleString("en");
  const not = ({ lines }) => exceptions.refused.filter(([form]) => lines.some((line) => form.test(line))).map(([, why]) => why).join("; ");
  return [
    "---", 'title: "Support: PTX instructions"', "group: Support tables", "---", "", "# PTX: which forms of which instructions", "",
    `Written by \`node scripts/ptx-forms.mjs\`. ${sum("forms")} forms, legal and illegal, were put to NVIDIA's assembler (${assembler}): which it takes, from which \`.target\` and which \`.version\` on. A test wants the same answers of the`,
    `front end here: the ${sum("legal")} legal forms compile from there on and not below, the others are errors of the text. What the last column names is where it differs.`, "",
    "*From* is the range of least architectures over a family's forms; sm_75 stands for it and all before, since this assembler knows none older. What instructions compute is tested elsewhere.", "",
    ...chapters.flatMap(([title, rows]) => [
      `## ${title}`, "", "| family | forms | legal | from | not here |", "| --- | ---: | ---: | --- | --- |",
      ...rows.map((row) => { const { forms, legal: good, from } = count(row.name); return `| ${row.name} | ${forms.toLocaleString("en")} | ${good.toLocaleString("en")} | ${from} | ${not(row)} |`; }), "",
    ]),
    "## Not executed", "",
    "Refused as unsupported (`CUDA_ERROR_NOT_SUPPORTED`), whatever their forms: `wgmma`, `tcgen05`, `multimem`, `tensormap`, `clusterlaunchcontrol`, tensor copies (`cp.async.bulk.tensor`), multicast, clusters of more than one block, `cvt.rs`,",
    "depth comparison of textures, and what came with sm_100 (arithmetic of mixed precision, conversions to 4 and 6 bits).", "",
  ].join("\n");
}

const file = new URL("verdicts.json", here);
const only = process.argv.slice(2);
const writePage = (record) => writeFileSync(new URL("../docs/support/ptx.md", import.meta.url), page(record));
if (only[0] === "--page") {
  writePage(JSON.parse(readFileSync(file, "utf8")));
  rmSync(folder, { recursive: true });
  process.exit(0);
}
const recorded = only.length > 0 ? JSON.parse(readFileSync(file, "utf8")) : { kinds: [], families: {} };
const { kinds, families } = recorded;
const letter = (fact) => {
  if (fact === null) return ".";
  if (!kinds.includes(fact)) kinds.push(fact);
  const at = kinds.indexOf(fact);
  return String.fromCharCode(at < 26 ? 97 + at : 65 + at - 26);
};
const known = {};
for (const { name, lines } of allForms) {
  if (only.length > 0 && !only.includes(name)) { known[name] = families[name]; continue; }
  const letters = ask(lines).map(letter).join("");
  known[name] = letters.replace(/(.)\1*/g, (run) => `${run[0]}${run.length > 1 ? run.length : ""}`);
  console.log(`${name}: ${lines.length} forms, ${letters.replaceAll(".", "").length} legal`);
}
if (only.length === 0) {
  // Declarations: one module each; the sign before it says whether it is legal.
  const list = new URL("declarations.txt", here);
  writeFileSync(list, readFileSync(list, "utf8").replace(/^[+-] (.*)$/gm, (_, text) => {
    writeFileSync(join(folder, "d.ptx"), `.version 9.0\n.target sm_90\n.address_size 64\n${text}\n.visible .entry k0() { ret; }\n`);
    return `${spawnSync("ptxas", ["-arch", "sm_90", "-O0", join(folder, "d.ptx"), "-o", join(folder, "d.cubin")]).status === 0 ? "+" : "-"} ${text}`;
  }));
}
const assembler = /release [\d.]+, V[\d.]+/.exec(spawnSync("ptxas", ["--version"], { encoding: "utf8" }).stdout)?.[0] ?? "";
const record = { assembler: `ptxas ${assembler}`, kinds, families: known };
writeFileSync(file, `${JSON.stringify(record, null, 1)}\n`);
writePage(record);
rmSync(folder, { recursive: true });
