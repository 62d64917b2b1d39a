import { describe, expect, test } from "vitest";
import { filesUnder, textOf } from "./sources.ts";

/** Data written by a program, or tables whose rows are data: one line a row, however many rows there are. */
const isTable = (file: string): boolean => /\/(generated|abi|profiles|entry)\//.test(file) || /(^|\/)(table|tables|support)[\w-]*\.ts$/.test(file);

describe("small files, one idea each", () => {
  const sizes = filesUnder("src", ".ts")
    .filter((file) => !isTable(file))
    .map((file) => ({ file, lines: textOf(file).split("\n").length - 1 }))
    .sort((a, b) => b.lines - a.lines);

  test("the median file is short, and few are long", () => {
    const median = sizes[Math.floor(sizes.length / 2)]?.lines ?? 0;
    const long = sizes.filter(({ lines }) => lines > 350);
    console.log(`files: ${sizes.length}, median ${median} lines, ${long.length} above 350; largest:\n${sizes.slice(0, 5).map(({ file, lines }) => `  ${lines} ${file}`).join("\n")}`);
    expect(median).toBeLessThan(150);
    expect(long.length).toBeLessThanOrEqual(Math.max(3, sizes.length * 0.05));
    expect(sizes.filter(({ lines }) => lines > 800)).toEqual([]);
  });
});
