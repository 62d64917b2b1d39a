import { describe, expect, test } from "vitest";
import { callBuiltin, type Buffer } from "./support.ts";

const VALUES = [0, -0, 0.4, 0.5, 0.6, 1.5, 2.5, -0.5, -1.5, -2.5, 126.7, 127.5, 128, -128.5, -129, 255.5, 300, 32767.6, -40000, 65535.5, 2147483520, -2147483648, 4294967040, 1e10, -1e10, 1e20, -1e20, Infinity, -Infinity, NaN];

const TARGETS = {
  char: ["i8", Int8Array, -128n, 127n], uchar: ["i8", Uint8Array, 0n, 255n], short: ["i16", Int16Array, -32768n, 32767n], ushort: ["i16", Uint16Array, 0n, 65535n],
  int: ["i32", Int32Array, -(2n ** 31n), 2n ** 31n - 1n], uint: ["i32", Uint32Array, 0n, 2n ** 32n - 1n],
  long: ["i64", BigInt64Array, -(2n ** 63n), 2n ** 63n - 1n], ulong: ["i64", BigUint64Array, 0n, 2n ** 64n - 1n],
} as const;

function rint(x: number): number {
  const low = Math.floor(x);
  const rest = x - low;
  return rest < 0.5 || (rest === 0.5 && low % 2 === 0) ? low : low + 1;
}
const ROUND: Readonly<Record<string, (x: number) => number>> = { "": Math.trunc, _rte: rint, _rtz: Math.trunc, _rtp: Math.ceil, _rtn: Math.floor };

function saturated(x: number, round: (x: number) => number, low: bigint, high: bigint): bigint {
  if (Number.isNaN(x)) return 0n;
  if (!Number.isFinite(x)) return x > 0 ? high : low;
  const whole = BigInt(round(x));
  return whole < low ? low : whole > high ? high : whole;
}

function name(to: string, rest: string, code: string): string {
  const base = `convert_${to}${rest}`;
  return `_Z${base.length}${base}${code}`;
}

describe("conversions of floats to integers", () => {
  test.each(Object.keys(TARGETS) as (keyof typeof TARGETS)[])("to %s, saturated, in every rounding mode", (to) => {
    const [type, Result, low, high] = TARGETS[to];
    for (const [mode, round] of Object.entries(ROUND)) {
      for (const [code, llvm, input] of [["f", "float", Float32Array.from(VALUES)], ["d", "double", Float64Array.from(VALUES)]] as const) {
        const out = callBuiltin<Buffer>(name(to, `_sat${mode}`, code), type, [llvm], new Result(VALUES.length), input);
        input.forEach((x, n) => expect(BigInt(out[n]!), `convert_${to}_sat${mode}(${x})`).toBe(saturated(x, round, low, high)));
      }
    }
  });

  test("without _sat, values in range are rounded the same", () => {
    const input = Float32Array.of(-2.5, -1.5, 1.5, 2.5, 3.7);
    expect([...callBuiltin(name("int", "", "f"), "i32", ["float"], new Int32Array(5), input)]).toEqual([-2, -1, 1, 2, 3]);
    expect([...callBuiltin(name("int", "_rte", "f"), "i32", ["float"], new Int32Array(5), input)]).toEqual([-2, -2, 2, 2, 4]);
    expect([...callBuiltin(name("int", "_rtn", "f"), "i32", ["float"], new Int32Array(5), input)]).toEqual([-3, -2, 1, 2, 3]);
  });
});

describe("conversions between integers", () => {
  test("saturate to the range of the target", () => {
    const ints = Int32Array.of(-(2 ** 31), -129, -128, -1, 0, 127, 128, 255, 256, 65536, 2 ** 31 - 1);
    expect([...callBuiltin(name("char", "_sat", "i"), "i8", ["i32"], new Int8Array(11), ints)]).toEqual([-128, -128, -128, -1, 0, 127, 127, 127, 127, 127, 127]);
    expect([...callBuiltin(name("uchar", "_sat", "i"), "i8", ["i32"], new Uint8Array(11), ints)]).toEqual([0, 0, 0, 0, 0, 127, 128, 255, 255, 255, 255]);
    expect([...callBuiltin(name("ulong", "_sat", "i"), "i64", ["i32"], new BigUint64Array(11), ints)].slice(0, 6)).toEqual([0n, 0n, 0n, 0n, 0n, 127n]);
    const unsigned = Uint32Array.of(0, 127, 128, 2 ** 31, 2 ** 32 - 1);
    expect([...callBuiltin(name("int", "_sat", "j"), "i32", ["i32"], new Int32Array(5), unsigned)]).toEqual([0, 127, 128, 2 ** 31 - 1, 2 ** 31 - 1]);
    expect([...callBuiltin(name("char", "_sat", "j"), "i8", ["i32"], new Int8Array(5), unsigned)]).toEqual([0, 127, 127, 127, 127]);
  });

  test("wrap and extend without _sat", () => {
    expect([...callBuiltin(name("uchar", "", "i"), "i8", ["i32"], new Uint8Array(3), Int32Array.of(-1, 256, 0x1234))]).toEqual([255, 0, 0x34]);
    expect([...callBuiltin(name("long", "", "i"), "i64", ["i32"], new BigInt64Array(2), Int32Array.of(-1, 5))]).toEqual([-1n, 5n]);
    expect([...callBuiltin(name("long", "", "j"), "i64", ["i32"], new BigInt64Array(1), Uint32Array.of(2 ** 32 - 1))]).toEqual([2n ** 32n - 1n]);
  });
});

describe("conversions to floats", () => {
  test("round as asked", () => {
    const input = Int32Array.of(16777217, -16777217, 16777219);
    expect([...callBuiltin(name("float", "", "i"), "float", ["i32"], new Float32Array(3), input)]).toEqual([16777216, -16777216, 16777220]);
    expect([...callBuiltin(name("float", "_rtp", "i"), "float", ["i32"], new Float32Array(3), input)]).toEqual([16777218, -16777216, 16777220]);
    expect([...callBuiltin(name("float", "_rtn", "i"), "float", ["i32"], new Float32Array(3), input)]).toEqual([16777216, -16777218, 16777218]);
    expect([...callBuiltin(name("float", "_rtz", "d"), "float", ["double"], new Float32Array(2), Float64Array.of(0.1, -0.1))]).toEqual([0.09999999403953552, -0.09999999403953552]);
  });

  test("half", () => {
    expect([...callBuiltin(name("half", "", "f"), "half", ["float"], new Uint16Array(4), Float32Array.of(1, -2, 65520, 2 ** -24))]).toEqual([0x3c00, 0xc000, 0x7c00, 1]);
    expect([...callBuiltin(name("half", "_rtz", "f"), "half", ["float"], new Uint16Array(2), Float32Array.of(65520, 1.0009))]).toEqual([0x7bff, 0x3c00]);
    expect([...callBuiltin(name("float", "", "Dh"), "float", ["half"], new Float32Array(3), Uint16Array.of(0x3c01, 0xfc00, 1))]).toEqual([1.0009765625, -Infinity, 2 ** -24]);
    expect([...callBuiltin(name("int", "_rte", "Dh"), "i32", ["half"], new Int32Array(2), Uint16Array.of(0x4100, 0xc100))]).toEqual([2, -2]);
    expect([...callBuiltin(name("half", "", "i"), "half", ["i32"], new Uint16Array(2), Int32Array.of(2049, 100000))]).toEqual([0x6800, 0x7c00]);
  });

  test("vectors convert element by element", () => {
    const base = "convert_uchar4_sat_rte";
    const out = callBuiltin(`_Z${base.length}${base}Dv4_f`, "<4 x i8>", ["<4 x float>"], new Uint8Array(4), Float32Array.of(-3, 1.5, 2.5, 999));
    expect([...out]).toEqual([0, 2, 2, 255]);
  });
});
