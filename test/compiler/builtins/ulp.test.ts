import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { FORMATS, halfPattern, halfValue, ulps } from "./ulp/formats.ts";
import { asin, atan2, exp, expm1, log, log1p, PI, sincos, sincosPi } from "./ulp/elementary.ts";
import { allowedIn, ROWS } from "./ulp/measure.ts";
import { page, printed, type Campaign } from "./ulp/page.ts";
import { add, fromNumber, mul, ONE, real, sqrt, sub, toNumber } from "./ulp/real.ts";
import { erf, erfc, gamma } from "./ulp/special.ts";

/** Errors of the math builtins in ULPs, at a few arguments each: test/campaign/ulp.campaign.ts has the long search. */
const COUNT = 128;
const SEED = 1;

describe.each(FORMATS)("$name", (format) => {
  test.each(ROWS.filter((row) => allowedIn(row, format) !== null).map((row) => [row.name, row] as const))("%s", (_, row) => {
    const worst = row.measure(format, COUNT, SEED);
    expect(worst.ulps, `at ${worst.args.join(", ")}: ${worst.got}`).toBeLessThanOrEqual(allowedIn(row, format)!);
  });
});

describe("the reference", () => {
  const close = (a: number, b: number): void => expect(Math.abs(a - b)).toBeLessThanOrEqual(4e-16 * Math.abs(b));

  test("agrees with itself to 2^-150", () => {
    const tiny = 2 ** -150;
    for (const x of [1e-300, 1e-10, 0.3, 1, 7.25, 100].map(fromNumber)) {
      expect(Math.abs(toNumber(sub(expm1(log1p(x)), x)))).toBeLessThanOrEqual(tiny * toNumber(x));
      expect(Math.abs(toNumber(sub(exp(log(x)), x)))).toBeLessThanOrEqual(tiny * toNumber(x));
      const { sin, cos } = sincos(x);
      expect(Math.abs(toNumber(sub(add(mul(sin, sin), mul(cos, cos)), ONE)))).toBeLessThanOrEqual(tiny);
      expect(Math.abs(toNumber(sub(mul(sqrt(x), sqrt(x)), x)))).toBeLessThanOrEqual(tiny * toNumber(x));
      expect(Math.abs(toNumber(sub(add(erf(x), erfc(x) ?? real(0)), ONE)))).toBeLessThanOrEqual(2 ** -120);
      // gamma(x + 1) = x gamma(x)
      if (toNumber(x) > 1e-20) expect(Math.abs(toNumber(sub(gamma(add(x, ONE))!, mul(x, gamma(x)!))) / toNumber(gamma(add(x, ONE))!))).toBeLessThanOrEqual(2 ** -120);
    }
    expect(Math.abs(toNumber(sub(asin(sincos(real(1)).sin), ONE)))).toBeLessThanOrEqual(tiny);
    expect(Math.abs(toNumber(sub(sincosPi(real(1, -2)).sin, sqrt(real(1, -1)))))).toBeLessThanOrEqual(tiny);
    expect(Math.abs(toNumber(sub(mul(real(4), atan2(ONE, ONE)), PI)))).toBeLessThanOrEqual(tiny);
  });

  test("agrees with known values", () => {
    close(toNumber(PI), Math.PI);
    close(toNumber(exp(ONE)), Math.E);
    close(toNumber(erf(real(1, -1))), 0.5204998778130465);
    close(toNumber(erfc(real(10))!), 2.0884875837625446e-45);
    close(toNumber(gamma(real(1, -1))!), 1.772453850905516);
    close(toNumber(gamma(real(-7, -1))!), 0.27008820585226917);
    close(toNumber(sincos(fromNumber(1e22)).sin), -0.8522008497671888);
  });

  test("counts ULPs as the specification does", () => {
    const [float, double, half] = FORMATS as [typeof FORMATS[0], typeof FORMATS[0], typeof FORMATS[0]];
    expect(ulps(float, 1 + 2 ** -23, ONE)).toBe(1);
    expect(ulps(double, 1, add(ONE, real(1, -53)))).toBe(0.5);
    expect(ulps(half, 2 ** -24, real(0))).toBe(1);
    expect(ulps(float, Infinity, real(1, 200))).toBe(0);
    expect(ulps(half, Infinity, real(65504))).toBe(1);
    expect(ulps(float, NaN, ONE)).toBe(Infinity);
    for (let pattern = 0; pattern < 0x7c00; pattern += 7) expect(halfPattern(halfValue(pattern))).toBe(pattern);
  });
});

test("docs/ulp.md is what the long search found, and holds for what is measured here", () => {
  const record = JSON.parse(readFileSync(new URL("../../fixtures/opencl/ulp.json", import.meta.url), "utf8")) as Campaign;
  expect(readFileSync(new URL("../../../docs/ulp.md", import.meta.url), "utf8"), "run the campaign").toBe(page(record));
  for (const format of FORMATS) {
    for (const row of ROWS) {
      const allowed = allowedIn(row, format);
      if (allowed === null) continue;
      const recorded = record.errors[format.name]?.[row.name];
      expect(recorded, `${format.name} ${row.name}`).toBeDefined();
      expect(recorded, `${format.name} ${row.name}`).toBeLessThanOrEqual(printed(allowed));
    }
  }
});
