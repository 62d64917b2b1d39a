import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { FORMATS } from "../compiler/builtins/ulp/formats.ts";
import { FUNCTIONS } from "../compiler/builtins/ulp/functions.ts";
import { allowedIn, ROWS } from "../compiler/builtins/ulp/measure.ts";
import { page, printed, type Campaign } from "../compiler/builtins/ulp/page.ts";

/**
 * Half precision functions of one argument at every one of the 65,536 patterns: `npx vitest run --config test/campaign/vitest.config.ts half`. Writes what it finds into docs/ulp.md, unless an error is
 * above what OpenCL allows. GLASSGPU_ONLY names functions (commas between): nothing is written then.
 */
const only = process.env["GLASSGPU_ONLY"]?.split(",");
const half = FORMATS.find(({ name }) => name === "half")!;
const rows = ROWS.filter((row) => allowedIn(row, half) !== null && FUNCTIONS[row.name]?.args.length === 1 && (only === undefined || only.includes(row.name)));

test("all halves", { timeout: 0 }, () => {
  const tooLarge: string[] = [];
  const errors: Record<string, number> = {};
  for (const row of rows) {
    const worst = row.measure(half, 65_536, 1);
    const text = `${row.name}: ${worst.ulps.toFixed(3)} of ${allowedIn(row, half)} ULP at ${worst.args.join(", ")}, which gave ${worst.got}`;
    console.log(text);
    errors[row.name] = printed(worst.ulps);
    if (!(worst.ulps <= allowedIn(row, half)!)) tooLarge.push(text);
  }
  expect(tooLarge).toEqual([]);
  if (only !== undefined) return;
  const file = new URL("../fixtures/opencl/ulp.json", import.meta.url);
  const before = JSON.parse(readFileSync(file, "utf8")) as Campaign;
  const record: Campaign = { ...before, allHalves: true, errors: { ...before.errors, half: { ...before.errors["half"], ...errors } } };
  writeFileSync(file, `${JSON.stringify(record, null, 1)}\n`);
  writeFileSync(new URL("../../docs/ulp.md", import.meta.url), page(record));
});
