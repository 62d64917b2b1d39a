/**
 * Pages that are written from the source: docs/support/*.md (every function of the APIs with its support) and docs/support/non-spec.md (every deviation that the source marks),
 * the list of decisions, and the figures in the README.
 * Usage: node scripts/pages.mjs. test/docs/pages.test.ts compares.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { driverSection, openclSection, runtimeSection } from "./reference/sections.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const read = (path) => readFileSync(join(root, path), "utf8");
const groups = (key) => new Map([...read(`src/cuda/abi/${key}/signatures.ts`).matchAll(/^ {2}(\w+): \{ group: "(\w+)"/gm)].map(([, name, group]) => [name, group]));

/** Rows of one of CUDA's tables: the lines of its object in src/cuda/support.ts. */
function cudaRows(key, section) {
  const text = read("src/cuda/support.ts");
  const from = text.indexOf(`const ${key}Cells`);
  const group = groups(key);
  return [...text.slice(from, text.indexOf("\n};", from)).matchAll(/^ {2}(\w+): (?:(full)|(partial|refused)\(("(?:[^"\\]|\\.)*")\))/gm)].map(([, name, full, other, note]) => ({
    name, section: section(group.get(name) ?? "").replace(/^.*?, /, ""), support: full ?? other, note: note === undefined ? "" : JSON.parse(note),
  }));
}

/** Rows of OpenCL's table. */
function openclRows() {
  const text = read("src/opencl/support.ts");
  const shared = new Map([...text.matchAll(/^const ([A-Z_]+) = (".*");$/gm)].map(([, name, note]) => [name, JSON.parse(note)]));
  return [...text.matchAll(/^ {2}(\w+): \["([^"]*)", "(\w+)"(?:, ("(?:[^"\\]|\\.)*"|\w+))?\]/gm)].map(([, name, chapter, support, note]) => ({
    name, section: openclSection(chapter).replace(/^.*?, /, ""), support, note: note === undefined ? "" : note.startsWith('"') ? JSON.parse(note) : shared.get(note),
  }));
}

/** A page of one API. */
function supportPage(title, module, rows) {
  const count = (support) => rows.filter((row) => row.support === support).length;
  const sections = [...new Set(rows.map(({ section }) => section))];
  return [
    "---", `title: "Support: ${title}"`, "group: Support tables", "---", "", `# ${title}: every function`, "",
    `Written by \`node scripts/pages.mjs\` from the support table in the source. ${rows.length} functions: ${count("full")} full, ${count("partial")} partial, ${count("refused")} refused.`, "",
    "*Full*: success and every documented error, with tests. *Partial*: works, and the note says what is missing. *Refused*: exists and answers with the API's own not-supported code.",
    `The reference of each is in \`${module}\`.`, "",
    ...sections.flatMap((section) => [
      `## ${section}`, "", "| function | | note |", "| --- | --- | --- |",
      ...rows.filter((row) => row.section === section).map(({ name, support, note }) => `| \`${name}\` | ${support === "full" ? "full" : support === "partial" ? "**partial**" : "*refused*"} | ${note.replaceAll("|", "\\|").replaceAll("<", "&lt;")} |`), "",
    ]),
  ].join("\n");
}

/** What the source marks as NON-SPEC: the sentence after the mark, with its file. */
function deviations() {
  const found = [];
  for (const file of readdirSync(join(root, "src"), { recursive: true }).map(String).sort()) {
    if (!/\.(ts|md)$/.test(file) || file.includes("/entry/") || file.endsWith("STYLE.md")) continue;
    const lines = readFileSync(join(root, "src", file), "utf8").split("\n");
    lines.forEach((line, at) => {
      const mark = line.indexOf("NON-SPEC:");
      if (mark < 0) return;
      let text = line.slice(mark + 9);
      // A comment that goes on: lines of the same kind, up to its end.
      const kind = /^\s*(\*|\/\/)/.exec(line)?.[1];
      for (let i = at + 1; kind !== undefined && i < lines.length && !text.includes("*/"); i++) {
        const next = /^\s*(\*|\/\/)(?!\/)\s?(.*)$/.exec(lines[i]);
        if (next === null || next[1] !== kind || /^\s*@|^- |NON-SPEC:/.test(next[2])) break;
        text += ` ${next[2]}`;
      }
      text = text.replace(/\*\/.*$/, "").replace(/^[^(]*?\|\s*$/, "").replaceAll(/\s+/g, " ").trim().replace(/\s*\|$/, "");
      const first = /^[^]*?[.](?= [A-Z`]|$)/.exec(text)?.[0] ?? text;
      found.push({ file: `src/${file}`, text: first.charAt(0).toUpperCase() + first.slice(1) });
    });
  }
  return found;
}

function deviationsPage() {
  const found = deviations();
  const folders = [...new Set(found.map(({ file }) => file.split("/").slice(0, 2).join("/")))];
  return [
    "---", "title: Deviations (NON-SPEC)", "group: Support tables", "---", "", "# Deviations from the specifications", "",
    `Where this is knowingly not what the specifications or the real systems do, the source says \`NON-SPEC:\`. These are all ${found.length} marks, collected by \`node scripts/pages.mjs\`.`, "",
    ...folders.flatMap((folder) => [
      `## ${folder}`, "", "| where | what |", "| --- | --- |",
      ...found.filter(({ file }) => file.startsWith(`${folder}/`) || file.split("/").slice(0, 2).join("/") === folder).map(({ file, text }) => `| [${file.slice(folder.length + 1) || file}](../../${file}) | ${text.replaceAll("|", "\\|").replaceAll("<", "&lt;")} |`), "",
    ]),
  ].join("\n");
}

/** The list of decisions, from their headings. */
function decisionsPage() {
  const folder = "docs/decisions";
  const files = readdirSync(join(root, folder)).filter((name) => /^\d+.*\.md$/.test(name)).sort();
  const [head] = read(`${folder}/README.md`).split("\n- [");
  return `${head.trimEnd()}\n\n${files.map((name) => `- [${read(`${folder}/${name}`).match(/^# (.*)$/m)[1]}](${name})\n`).join("")}`;
}

/** The README with today's figures in its table of what works. */
function readme() {
  const figures = (rows) => `${["full", "partial", "refused"].map((support) => rows.filter((row) => row.support === support).length).join(" | ")} | ${rows.length} |`;
  return [["CUDA driver 13.0", cudaRows("driver", driverSection)], ["CUDA runtime 13.0", cudaRows("runtime", runtimeSection)], ["OpenCL 3.1", openclRows()]]
    .reduce((text, [api, rows]) => text.replace(new RegExp(`^(\\| ${api}[^|]*\\| ).*$`, "m"), `$1${figures(rows)}`), read("README.md"));
}

/** Pages by file name. */
export function pages() {
  return new Map([
    ["README.md", readme()],
    ["docs/decisions/README.md", decisionsPage()],
    ["docs/support/cuda-driver.md", supportPage("CUDA driver API 13.0", "glassgpu/cuda", cudaRows("driver", driverSection))],
    ["docs/support/cuda-runtime.md", supportPage("CUDA runtime API 13.0", "glassgpu/cudart", cudaRows("runtime", runtimeSection))],
    ["docs/support/opencl.md", supportPage("OpenCL 3.1", "glassgpu/opencl", openclRows())],
    ["docs/support/non-spec.md", deviationsPage()],
  ]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(join(root, "docs/support"), { recursive: true });
  for (const [file, text] of pages()) writeFileSync(join(root, file), text);
}
