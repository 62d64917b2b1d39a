import { describe, expect, test } from "vitest";
import { callBuiltin } from "./support.ts";

const A = [1, 2, 3, NaN, NaN, 0, -0, Infinity];
const B = [2, 2, 2, 1, NaN, -0, 0, Infinity];

const COMPARES: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  isequal: (a, b) => a === b, isnotequal: (a, b) => a !== b, isgreater: (a, b) => a > b, isgreaterequal: (a, b) => a >= b, isless: (a, b) => a < b, islessequal: (a, b) => a <= b,
  islessgreater: (a, b) => a !== b && !Number.isNaN(a) && !Number.isNaN(b), isordered: (a, b) => !Number.isNaN(a) && !Number.isNaN(b), isunordered: (a, b) => Number.isNaN(a) || Number.isNaN(b),
};

describe("comparisons", () => {
  test.each(Object.keys(COMPARES))("%s is 1 for scalars and -1 in vectors", (name) => {
    const want = A.map((a, n) => COMPARES[name]!(a, B[n]!));
    const scalar = callBuiltin(`_Z${name.length}${name}ff`, "i32", ["float", "float"], new Int32Array(8), Float32Array.from(A), Float32Array.from(B));
    expect([...scalar]).toEqual(want.map((w) => (w ? 1 : 0)));
    const vector = callBuiltin(`_Z${name.length}${name}Dv4_fS_`, "<4 x i32>", ["<4 x float>", "<4 x float>"], new Int32Array(8), Float32Array.from(A), Float32Array.from(B));
    expect([...vector]).toEqual(want.map((w) => (w ? -1 : 0)));
    const double = callBuiltin(`_Z${name.length}${name}Dv2_dS_`, "<2 x i64>", ["<2 x double>", "<2 x double>"], new BigInt64Array(8), Float64Array.from(A), Float64Array.from(B));
    expect([...double]).toEqual(want.map((w) => (w ? -1n : 0n)));
  });
});

const TESTED = [1, -1, 0, -0, 2 ** -149, 2 ** -126, Infinity, -Infinity, NaN];
const TESTS: Readonly<Record<string, (x: number) => boolean>> = {
  isfinite: Number.isFinite, isinf: (x) => Math.abs(x) === Infinity, isnan: Number.isNaN, isnormal: (x) => Number.isFinite(x) && Math.abs(x) >= 2 ** -126, signbit: (x) => x < 0 || Object.is(x, -0),
};

describe("tests of one number", () => {
  test.each(Object.keys(TESTS))("%s", (name) => {
    const got = callBuiltin(`_Z${name.length}${name}f`, "i32", ["float"], new Int32Array(9), Float32Array.from(TESTED));
    expect([...got]).toEqual(TESTED.map((x) => (TESTS[name]!(x) ? 1 : 0)));
  });
  test("of doubles and halves", () => {
    expect([...callBuiltin("_Z8isnormald", "i32", ["double"], new Int32Array(2), Float64Array.of(2 ** -1022, 2 ** -1074))]).toEqual([1, 0]);
    expect([...callBuiltin("_Z5isnanDh", "i32", ["half"], new Int32Array(3), Uint16Array.of(0x7e00, 0x7c00, 0xfc01))]).toEqual([1, 0, 1]);
    expect([...callBuiltin("_Z7signbitDh", "i32", ["half"], new Int32Array(2), Uint16Array.of(0x8000, 0x3c00))]).toEqual([1, 0]);
  });
});

describe("selection", () => {
  test("any and all look at the topmost bit of each element", () => {
    const v = Int32Array.of(0, 0, 0, 1, 0, 0, -5, 0, -1, -2, -3, -4);
    expect([...callBuiltin("_Z3anyDv4_i", "i32", ["<4 x i32>"], new Int32Array(3), v)]).toEqual([0, 1, 1]);
    expect([...callBuiltin("_Z3allDv4_i", "i32", ["<4 x i32>"], new Int32Array(3), v)]).toEqual([0, 0, 1]);
    expect([...callBuiltin("_Z3anyc", "i32", ["i8"], new Int32Array(2), Int8Array.of(-128, 127))]).toEqual([1, 0]);
  });

  test("select is by truth for scalars, by the topmost bit in vectors", () => {
    const scalar = callBuiltin("_Z6selectffi", "float", ["float", "float", "i32"], new Float32Array(3), Float32Array.of(1, 2, 3), Float32Array.of(10, 20, 30), Int32Array.of(0, 1, -1));
    expect([...scalar]).toEqual([1, 20, 30]);
    const vector = callBuiltin("_Z6selectDv2_fS_Dv2_i", "<2 x float>", ["<2 x float>", "<2 x float>", "<2 x i32>"], new Float32Array(2), Float32Array.of(1, 2), Float32Array.of(10, 20), Int32Array.of(1, -1));
    expect([...vector]).toEqual([1, 20]);
  });

  test("bitselect takes bits of the second where the mask is set", () => {
    expect([...callBuiltin("_Z9bitselectjjj", "i32", ["i32", "i32", "i32"], new Uint32Array(1), Uint32Array.of(0xaaaaaaaa), Uint32Array.of(0x55555555), Uint32Array.of(0xffff0000))]).toEqual([0x5555aaaa]);
    const mask = new Float32Array(Uint32Array.of(0x80000000).buffer);
    expect([...callBuiltin("_Z9bitselectfff", "float", ["float", "float", "float"], new Float32Array(1), Float32Array.of(3), Float32Array.of(-1), mask)]).toEqual([-3]);
  });
});
