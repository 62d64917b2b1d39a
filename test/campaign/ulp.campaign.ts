import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { FORMATS } from "../compiler/builtins/ulp/formats.ts";
import { FUNCTIONS } from "../compiler/builtins/ulp/functions.ts";
import { allowedIn, ROWS } from "../compiler/builtins/ulp/measure.ts";
import { page, printed, type Campaign } from "../compiler/builtins/ulp/page.ts";

/**
 * Errors of the math builtins at many arguments, for docs/ulp.md: `GLASSGPU_RUNS=100000 npx vitest run --config test/campaign/vitest.config.ts ulp`. Both the page and what it is made of are
 * written anew unless an error is above what OpenCL allows. GLASSGPU_ONLY names functions (commas between): nothing is written then.
 */
const count = Number(process.env["GLASSGPU_RUNS"] ?? 2000);
const seed = Number(process.env["GLASSGPU_SEED"] ?? 1);
const only = process.env["GLASSGPU_ONLY"]?.split(",");

test(`${count} arguments each, seed ${seed}`, { timeout: 0 }, () => {
  const tooLarge: string[] = [];
  const errors: Record<string, Record<string, number>> = {};
  for (const format of FORMATS) {
    const found: Record<string, number> = (errors[format.name] = {});
    for (const row of ROWS) {
      const allowed = allowedIn(row, format);
      if (allowed === null || (only !== undefined && !only.includes(row.name))) continue;
      // All of them, or the search of halves would have to be repeated.
      const one = format.name === "half" && FUNCTIONS[row.name]?.args.length === 1;
      const worst = row.measure(format, one ? Math.max(count, 65_536) : count, seed);
      const text = `${format.name} ${row.name}: ${worst.ulps.toFixed(2)} of ${allowed} ULP at ${worst.args.join(", ")}, which gave ${worst.got}`;
      console.log(text);
      found[row.name] = printed(worst.ulps);
      if (!(worst.ulps <= allowed)) tooLarge.push(text);
    }
  }
  expect(tooLarge).toEqual([]);
  if (only !== undefined) return;
  const record: Campaign = { count, seed, allHalves: true, errors };
  writeFileSync(new URL("../fixtures/opencl/ulp.json", import.meta.url), `${JSON.stringify(record, null, 1)}\n`);
  writeFileSync(new URL("../../docs/ulp.md", import.meta.url), page(record));
  expect(readFileSync(new URL("../../docs/ulp.md", import.meta.url), "utf8")).toBe(page(record));
});
