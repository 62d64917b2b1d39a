import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { callBuiltin } from "./support.ts";

/** Rows of arguments and the exact value as hi + lo. */
type Rows = Readonly<Record<string, readonly (readonly number[])[]>>;
const reference = JSON.parse(readFileSync(new URL("../../fixtures/opencl/math-reference.json", import.meta.url), "utf8")) as { readonly f64: Rows; readonly f32: Rows };

/** Errors in ULP that OpenCL C 3.0 section 7.4 allows (full profile): single, double. lgamma is unspecified; what is here is what we promise. */
const ALLOWED: Readonly<Record<string, readonly [number, number]>> = {
  exp: [3, 3], exp2: [3, 3], exp10: [3, 3], expm1: [3, 3], log: [3, 3], log2: [3, 3], log10: [3, 3], log1p: [2, 2],
  sin: [4, 4], cos: [4, 4], tan: [5, 5], sinpi: [4, 4], cospi: [4, 4], tanpi: [6, 6],
  asin: [4, 4], acos: [4, 4], atan: [5, 5], asinpi: [5, 5], acospi: [5, 5], atanpi: [5, 5],
  sinh: [4, 4], cosh: [4, 4], tanh: [5, 5], asinh: [4, 4], acosh: [4, 4], atanh: [5, 5], cbrt: [2, 2], erf: [16, 16], erfc: [16, 16], tgamma: [16, 16], lgamma: [4, 32],
  pow: [16, 16], powr: [16, 16], atan2: [6, 6], atan2pi: [6, 6], hypot: [4, 4], pown: [16, 16], rootn: [16, 16],
};

/** Distance between neighbouring numbers at x, in a format with `digits` bits and smallest normal exponent `low`. */
function ulp(x: number, digits: number, low: number): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, Math.abs(x));
  const exponent = Math.max((view.getUint16(0) >> 4) - 1023, low);
  return 2 ** (exponent - digits + 1);
}

const INTEGER_SECOND = new Set(["pown", "rootn"]);

describe.each([["f32", "float", "f", 24, -126, 0], ["f64", "double", "d", 53, -1022, 1]] as const)("%s against exact values", (format, type, code, digits, low, column) => {
  test.each(Object.keys(ALLOWED))("%s", (name) => {
    const rows = reference[format][name]!;
    const arity = rows[0]!.length - 2;
    const make = (values: number[]): Float32Array | Float64Array => (format === "f32" ? Float32Array.from(values) : Float64Array.from(values));
    const integer = INTEGER_SECOND.has(name);
    const inputs = Array.from({ length: arity }, (_, n) => (integer && n === 1 ? Int32Array.from(rows, (row) => row[1]!) : make(rows.map((row) => row[n]!))));
    const params = inputs.map((_, n) => (integer && n === 1 ? "i32" : type));
    const mangled = `_Z${name.length}${name}${params.map((p) => (p === "i32" ? "i" : code)).join("")}`;
    const got = callBuiltin(mangled, type, params, make(rows.map(() => 0)), ...inputs);
    const errors = rows.map((row, n) => {
      const hi = row[arity]!;
      return { args: row.slice(0, arity), got: got[n]!, exact: hi, error: Math.abs((got[n]! - hi) - row[arity + 1]!) / ulp(hi, digits, low) };
    });
    const worst = errors.reduce((a, b) => (b.error > a.error || Number.isNaN(b.error) ? b : a));
    expect(worst.error, JSON.stringify(worst)).toBeLessThanOrEqual(ALLOWED[name]![column]);
  });
});

const INF = Infinity;
/** name: [arguments, result]. From C11 annex F.10 and OpenCL C 3.0 section 7.5. */
const EDGES: Readonly<Record<string, readonly (readonly [readonly number[], number])[]>> = {
  exp: [[[-INF], 0], [[INF], INF], [[NaN], NaN], [[0], 1], [[-0], 1], [[1000], INF], [[-1000], 0]],
  exp2: [[[-INF], 0], [[INF], INF], [[3], 8], [[-1], 0.5], [[NaN], NaN]],
  exp10: [[[-INF], 0], [[INF], INF], [[0], 1], [[2], 100]],
  expm1: [[[-INF], -1], [[INF], INF], [[-0], -0], [[0], 0], [[NaN], NaN]],
  log: [[[0], -INF], [[-0], -INF], [[1], 0], [[-1], NaN], [[INF], INF], [[-INF], NaN], [[NaN], NaN]],
  log2: [[[0], -INF], [[8], 3], [[2 ** -100], -100], [[-1], NaN], [[INF], INF]],
  log10: [[[0], -INF], [[1], 0], [[-1], NaN], [[INF], INF]],
  log1p: [[[-1], -INF], [[-2], NaN], [[-0], -0], [[0], 0], [[INF], INF]],
  sin: [[[0], 0], [[-0], -0], [[INF], NaN], [[-INF], NaN], [[NaN], NaN]],
  cos: [[[0], 1], [[-0], 1], [[INF], NaN], [[NaN], NaN]],
  tan: [[[0], 0], [[-0], -0], [[INF], NaN]],
  sinpi: [[[0], 0], [[-0], -0], [[1], 0], [[-1], -0], [[0.5], 1], [[-0.5], -1], [[INF], NaN], [[2 ** 40], 0], [[-(2 ** 127)], -0], [[2 ** 1023], 0]],
  cospi: [[[0], 1], [[0.5], 0], [[1.5], 0], [[1], -1], [[-1], -1], [[INF], NaN], [[2 ** 23 + 1], -1], [[2 ** 24 - 1], -1], [[2 ** 127], 1], [[-(2 ** 1023)], 1]],
  tanpi: [[[0], 0], [[-0], -0], [[1], -0], [[2], 0], [[-1], 0], [[0.5], INF], [[1.5], -INF], [[INF], NaN], [[2 ** 127], 0], [[-(2 ** 1023)], -0]],
  asin: [[[0], 0], [[-0], -0], [[2], NaN]],
  acos: [[[1], 0], [[2], NaN]],
  atan: [[[0], 0], [[-0], -0]],
  sinh: [[[-0], -0], [[INF], INF], [[-INF], -INF], [[NaN], NaN]],
  cosh: [[[-0], 1], [[INF], INF], [[-INF], INF], [[NaN], NaN]],
  tanh: [[[-0], -0], [[INF], 1], [[-INF], -1], [[NaN], NaN]],
  asinh: [[[-0], -0], [[INF], INF], [[-INF], -INF], [[NaN], NaN]],
  acospi: [[[1], 0], [[-1], 1], [[0], 0.5], [[2], NaN]],
  atanpi: [[[0], 0], [[-0], -0], [[INF], 0.5], [[-INF], -0.5]],
  atan2pi: [
    [[0, 1], 0], [[-0, 1], -0], [[0, -1], 1], [[-0, -1], -1], [[0, -0], 1], [[-0, -0], -1], [[1, 0], 0.5], [[-1, -0], -0.5], [[1, -INF], 1], [[-1, -INF], -1],
    [[INF, 1], 0.5], [[-INF, 2], -0.5], [[INF, INF], 0.25], [[-INF, INF], -0.25], [[INF, -INF], 0.75], [[-INF, -INF], -0.75], [[NaN, 1], NaN],
  ],
  acosh: [[[1], 0], [[0.5], NaN], [[INF], INF]],
  atanh: [[[-0], -0], [[1], INF], [[-1], -INF], [[2], NaN]],
  cbrt: [[[0], 0], [[-0], -0], [[27], 3], [[-8], -2], [[INF], INF], [[-INF], -INF], [[NaN], NaN]],
  erf: [[[0], 0], [[-0], -0], [[INF], 1], [[-INF], -1], [[NaN], NaN]],
  erfc: [[[0], 1], [[INF], 0], [[-INF], 2], [[NaN], NaN]],
  tgamma: [[[1], 1], [[5], 24], [[0], INF], [[-0], -INF], [[-1], NaN], [[INF], INF], [[-INF], NaN], [[NaN], NaN]],
  lgamma: [[[1], 0], [[2], 0], [[0], INF], [[-3], INF], [[INF], INF], [[-INF], INF], [[NaN], NaN]],
  logb: [[[8], 3], [[0.75], -1], [[0], -INF], [[INF], INF], [[-INF], INF], [[NaN], NaN], [[2 ** -140], -140]],
  rsqrt: [[[4], 0.5], [[0], INF], [[-0], -INF], [[INF], 0], [[-1], NaN]],
  sqrt: [[[4], 2], [[-0], -0], [[-1], NaN], [[INF], INF]],
  fabs: [[[-3], 3], [[-0], 0], [[-INF], INF]],
  rint: [[[2.5], 2], [[3.5], 4], [[-0.25], -0]],
  round: [[[2.5], 3], [[-2.5], -3], [[0.49999997], 0], [[-0.25], -0]],
  floor: [[[-0.5], -1], [[2.75], 2]],
  ceil: [[[-0.5], -0], [[2.25], 3]],
  trunc: [[[-1.75], -1], [[1.75], 1]],
  pow: [
    [[0, 0], 1], [[NaN, 0], 1], [[1, NaN], 1], [[1, INF], 1], [[-1, INF], 1], [[2, NaN], NaN], [[NaN, 1], NaN], [[-2, 0.5], NaN], [[-2, 3], -8], [[-2, 2], 4],
    [[0, -1], INF], [[-0, -1], -INF], [[-0, -2], INF], [[-0, 3], -0], [[0, 2], 0], [[INF, 2], INF], [[INF, -2], 0], [[-INF, 3], -INF], [[-INF, 2], INF], [[-INF, -3], -0],
    [[0.5, INF], 0], [[2, INF], INF], [[0.5, -INF], INF], [[2, -INF], 0], [[10, 2], 100], [[2, 2000], INF], [[2, -2000], 0], [[-0, 0.5], 0], [[-INF, 0.5], INF],
  ],
  powr: [
    [[2, 0], 1], [[0, -1], INF], [[0, -INF], INF], [[0, 2], 0], [[1, 5], 1], [[1, INF], NaN], [[-1, 2], NaN], [[0, 0], NaN], [[-0, -0], NaN], [[INF, 0], NaN],
    [[INF, 2], INF], [[2, NaN], NaN], [[NaN, 0], NaN], [[NaN, 2], NaN],
  ],
  atan2: [
    [[0, 1], 0], [[-0, 1], -0], [[0, 0], 0], [[-0, 0], -0], [[NaN, 1], NaN], [[1, NaN], NaN], [[1, INF], 0], [[-1, INF], -0],
  ],
  hypot: [[[3, 4], 5], [[INF, NaN], INF], [[NaN, -INF], INF], [[NaN, 1], NaN], [[0, -0], 0]],
  fmin: [[[1, NaN], 1], [[NaN, 2], 2], [[-1, 1], -1]],
  fmax: [[[1, NaN], 1], [[NaN, 2], 2], [[-1, 1], 1]],
  fdim: [[[5, 3], 2], [[3, 5], 0], [[NaN, 1], NaN], [[1, NaN], NaN]],
  fmod: [[[5.5, 2], 1.5], [[-5.5, 2], -1.5], [[5.5, -2], 1.5], [[1, INF], 1], [[1, 0], NaN], [[-0, 1], -0]],
  remainder: [[[5.5, 2], -0.5], [[5, 2], 1], [[7, 2], -1], [[-5, 2], -1], [[3, 2], -1], [[1, 2], 1], [[1, INF], 1], [[1, 0], NaN], [[INF, 1], NaN], [[-2, 2], -0]],
  maxmag: [[[-3, 2], -3], [[1, -1], 1], [[NaN, 2], 2]],
  minmag: [[[-3, 2], 2], [[1, -1], -1], [[NaN, 2], 2]],
  copysign: [[[3, -0], -3], [[-3, 0], 3]],
  nextafter: [[[0, 1], 0], [[1, 1], 1], [[NaN, 1], NaN]],
};

describe.each([["float", "f"], ["double", "d"]] as const)("edge cases of %s", (type, code) => {
  test.each(Object.keys(EDGES))("%s", (name) => {
    // The neighbour of 0 differs by format, and is tested apart.
    const rows = EDGES[name]!.filter(([args]) => !(name === "nextafter" && args[0] === 0)).filter(([args]) => type === "double" || args.every((x) => Number.isNaN(x) || Math.fround(x) === x));
    const arity = rows[0]![0].length;
    const make = (values: number[]): Float32Array | Float64Array => (type === "float" ? Float32Array.from(values) : Float64Array.from(values));
    const inputs = Array.from({ length: arity }, (_, n) => make(rows.map(([args]) => args[n]!)));
    const got = callBuiltin(`_Z${name.length}${name}${code.repeat(arity)}`, type, new Array<string>(arity).fill(type), make(rows.map(() => 1)), ...inputs);
    rows.forEach(([args, want], n) => expect(got[n], `${name}(${args.map((x) => (Object.is(x, -0) ? "-0" : String(x))).join(", ")})`).toBe(want));
  });
});
