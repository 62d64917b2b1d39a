import { expect, test } from "vitest";
import { pages } from "../../scripts/pages.mjs";
import { driverSupport, runtimeSupport } from "../../src/cuda/support.ts";
import { openclSupport } from "../../src/opencl/support.ts";
import { textOf } from "../architecture/sources.ts";

const written = pages();

test.each([...written.keys()])("%s is what the source says: else run node scripts/pages.mjs", (file) => {
  expect(textOf(file)).toBe(written.get(file));
});

test.each([
  ["docs/support/cuda-driver.md", driverSupport], ["docs/support/cuda-runtime.md", runtimeSupport], ["docs/support/opencl.md", openclSupport],
] as const)("%s has every row of the table", (file, rows) => {
  const text = written.get(file)!;
  expect(rows.filter(({ name, support }) => !new RegExp(`^\\| \`${name}\` \\| \\W*${support}\\W* \\|`, "m").test(text)).map(({ name }) => name)).toEqual([]);
  expect(text.match(/^\| `\w+` \|/gm)).toHaveLength(rows.length);
});
