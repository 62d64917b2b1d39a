import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { root, textOf } from "../architecture/sources.ts";
import { relations } from "./relations.ts";
import { runExample } from "./run-example.ts";

/**
 * The guide's chapters and their programs: what examples/NAME.ts prints stands in printed/NAME.txt, and docs/guide/NAME.md shows pieces of it in its `text` blocks. Times and shares are
 * compared as to their places only: they change when the cost model does. PRINTED=write makes the files anew, and the chapters' lines after them: look at what git says then, and run
 * `node scripts/pictures.mjs`.
 */
const folder = `${root}/test/examples/printed`;
const names = readdirSync(folder).map((file) => file.replace(/\.txt$/, "")).toSorted();

/** A line without what depends on the cost model, and without the widths that depend on that. */
function masked(line: string): string {
  // Rows of dmon and pmon; counts of perf stat.
  if (/^ *\d+( +(\d+|-|C)){8,}/.test(line)) line = line.replaceAll(/\b\d+\b/g, "#");
  line = line.replace(/^ *\d+(?= +\w+:\w+$)/, "#");
  return line.replaceAll(/[-+]?\d+(\.\d+)?(e[-+]\d+)?(?=( ?(ns|us|ms|s|%|times|W|MB|samples)\b)|:? *\||\]| %)/g, "#").replaceAll(/\[ +#/g, "[#").replaceAll(/\d+\.\d{6}/g, "#").replaceAll(/(?<![\w.])\d+\.\d(?![\w.])/g, "#").replaceAll(/[ \t]+/g, " ").trim();
}

/** Chapters with another name than their program. */
const chapters: Readonly<Record<string, string>> = { "game-and-inference": "sharing-a-gpu", "os-comparison": "scheduling-table" };

const lines = (text: string): string[] => text.trimEnd().split("\n").map(masked);

/** The chapter with its blocks' lines as they are printed now, where there is one that differs in numbers only. */
function renewed(chapter: string, printed: readonly string[]): string {
  return chapter.replaceAll(/^```text\n[\s\S]*?^```$/gm, (block) => block.split("\n").map((line) => {
    const same = printed.filter((other) => masked(other) === masked(line));
    return same.length === 1 ? same[0]! : line;
  }).join("\n"));
}

describe.each(names)("%s", (name) => {
  test("prints what it printed", async () => {
    const text = await runExample(name);
    const file = `${folder}/${name}.txt`;
    if (process.env["PRINTED"] === "write") writeFileSync(file, text);
    expect(lines(text)).toEqual(lines(readFileSync(file, "utf8")));
    relations[name]?.(text);
  }, 120_000);

  test("its chapter shows that", () => {
    if (process.env["PRINTED"] === "write") {
      const file = `docs/guide/${chapters[name] ?? name}.md`;
      writeFileSync(`${root}/${file}`, renewed(textOf(file), readFileSync(`${folder}/${name}.txt`, "utf8").split("\n")));
    }
    const printed = `\n${lines(readFileSync(`${folder}/${name}.txt`, "utf8")).join("\n")}\n`;
    const blocks = [...textOf(`docs/guide/${chapters[name] ?? name}.md`).matchAll(/^```text\n([\s\S]*?)^```$/gm)].map((match) => match[1]!);
    expect(blocks.length).toBeGreaterThan(0);
    // "..." stands for lines that are left out.
    const pieces = blocks.flatMap((block) => block.split(/^ *\.\.\.\n/m)).filter((piece) => piece.trim() !== "");
    for (const piece of pieces) expect(printed).toContain(`\n${lines(piece).join("\n")}\n`);
  });
});

test("numbers with units are masked, others are not", () => {
  expect(masked("  waited 12.5 us  for 3 pages")).toBe("waited # us for 3 pages");
  expect(masked("[    0.400012] 0xfe00 64 KiB 12 %")).toBe("[#] 0xfe00 64 KiB # %");
});
