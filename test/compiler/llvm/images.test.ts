import { describe, expect, test } from "vitest";
import { imageDescriptor, isImageFormat, pixelBytes, samplerBits } from "../../../src/compiler/builtins/opencl/images/descriptor.ts";
import { interpretModule } from "../../../src/compiler/interp/index.ts";
import { verifyModule } from "../../../src/compiler/ir/verify.ts";
import { openclToIr } from "../../../src/compiler/llvm/opencl.ts";
import { compileModule } from "../../../src/compiler/wasm/index.ts";
import { Program, type Image } from "../builtins/support.ts";
import { irOf } from "../clang/fixtures.ts";

const module = openclToIr(irOf("images"), "images");

// cl.h
const ORDER = { R: 0x10b0, A: 0x10b1, RG: 0x10b2, RGBA: 0x10b5, BGRA: 0x10b6, ARGB: 0x10b7, INTENSITY: 0x10b8, LUMINANCE: 0x10b9, DEPTH: 0x10bd };
const TYPE = { SNORM8: 0x10d0, SNORM16: 0x10d1, UNORM8: 0x10d2, UNORM16: 0x10d3, INT8: 0x10d7, INT16: 0x10d8, INT32: 0x10d9, UINT8: 0x10da, UINT16: 0x10db, UINT32: 0x10dc, HALF: 0x10dd, FLOAT: 0x10de };
const [NONE, EDGE, CLAMP, REPEAT, MIRROR] = [0x1130, 0x1131, 0x1132, 0x1133, 0x1134];
const [NEAREST, LINEAR] = [0x1140, 0x1141];

test("the module is valid, and images and samplers are parameters", () => {
  expect(verifyModule(module)).toEqual([]);
  expect(module.functions.get("sample2d")!.kernelParams.map(({ kind, size, info }) => [kind, size, info?.typeName, info?.access])).toEqual([
    ["image", 8, "image2d_t", "read_only"], ["sampler", 8, "sampler_t", "none"], ["global", 8, "float2*", "none"], ["global", 8, "float4*", "none"],
  ]);
});

test("formats, and the numbers of samplers", () => {
  expect(pixelBytes(ORDER.RGBA, TYPE.UNORM8)).toBe(4);
  expect(pixelBytes(ORDER.RG, TYPE.FLOAT)).toBe(8);
  expect(isImageFormat(ORDER.RGBA, 0x10d4)).toBe(false);
  expect(pixelBytes(0x10bf, TYPE.UNORM8)).toBe(0);
  expect(imageDescriptor({ address: 0n, width: 1, height: 1, depth: 1, layers: 1, rowPitch: 4, slicePitch: 4, order: 0x10bf, dataType: TYPE.UNORM8 })).toBeNull();
  expect([samplerBits(false, NONE, NEAREST), samplerBits(true, EDGE, LINEAR), samplerBits(false, CLAMP, NEAREST), samplerBits(true, REPEAT, LINEAR), samplerBits(true, MIRROR, NEAREST)]).toEqual([0x10n, 0x23n, 0x14n, 0x27n, 0x19n]);
});

describe.each([["interpreter", interpretModule], ["WebAssembly", compileModule]] as const)("on the %s", (_, compile) => {
  const program = new Program(module, compile);
  const sample = (kernel: string, image: Image, sampler: bigint, at: number[][]): number[][] => {
    const width = kernel === "sample1d" ? 1 : kernel === "sample2d" ? 2 : 4;
    const out = new Float32Array(4 * at.length);
    program.run(kernel, [image, sampler, Float32Array.from(at.flatMap((p) => Array.from({ length: width }, (_x, n) => p[n] ?? 0))), out], at.length);
    return at.map((_x, n) => [...out.slice(4 * n, 4 * n + 4)]);
  };

  test("pixels are read, changed and written in 8 bits", () => {
    const input = Uint8Array.from({ length: 4 * 6 }, (_x, n) => n * 11 % 256);
    const out = new Uint8Array(24);
    const image = (pixels: Uint8Array): Image => ({ pixels, order: ORDER.RGBA, dataType: TYPE.UNORM8, width: 3, height: 2 });
    program.run("invert", [image(input), image(out)], [3, 2]);
    expect([...out]).toEqual([...input].map((v, n) => (n % 4 === 3 ? v : 255 - v)));
  });

  const at00 = (order: number, dataType: number, pixels: Image["pixels"]): number[] => sample("sample2d", { pixels, order, dataType, width: 1, height: 1 }, samplerBits(false, EDGE, NEAREST), [[0, 0]])[0]!;

  test("channel types and orders", () => {
    const f = Math.fround;
    expect(at00(ORDER.RGBA, TYPE.SNORM8, Int8Array.of(-128, -127, 0, 127))).toEqual([-1, -1, 0, 1]);
    expect(at00(ORDER.RGBA, TYPE.UNORM16, Uint16Array.of(0, 65535, 32768, 1))).toEqual([0, 1, f(32768 / 65535), f(1 / 65535)]);
    expect(at00(ORDER.RGBA, TYPE.SNORM16, Int16Array.of(-32768, 32767, 0, 1))).toEqual([-1, 1, 0, f(1 / 32767)]);
    expect(at00(ORDER.RG, TYPE.HALF, Uint16Array.of(0x3c00, 0xc000))).toEqual([1, -2, 0, 1]);
    expect(at00(ORDER.R, TYPE.FLOAT, Float32Array.of(3.5))).toEqual([3.5, 0, 0, 1]);
    expect(at00(ORDER.A, TYPE.UNORM8, Uint8Array.of(255))).toEqual([0, 0, 0, 1]);
    expect(at00(ORDER.BGRA, TYPE.UNORM8, Uint8Array.of(0, 51, 255, 102))).toEqual([1, f(0.2), 0, f(0.4)]);
    expect(at00(ORDER.ARGB, TYPE.UNORM8, Uint8Array.of(0, 51, 255, 102))).toEqual([f(0.2), 1, f(0.4), 0]);
    expect(at00(ORDER.INTENSITY, TYPE.FLOAT, Float32Array.of(0.25))).toEqual([0.25, 0.25, 0.25, 0.25]);
    expect(at00(ORDER.LUMINANCE, TYPE.FLOAT, Float32Array.of(0.25))).toEqual([0.25, 0.25, 0.25, 1]);
  });

  test("addressing modes outside the image, nearest", () => {
    const image: Image = { pixels: Float32Array.of(10, 20, 30, 40), order: ORDER.R, dataType: TYPE.FLOAT, width: 4 };
    const x = (sampler: bigint, at: number[]): number[] => sample("sample1d", image, sampler, at.map((v) => [v])).map(([r]) => r!);
    expect(x(samplerBits(false, EDGE, NEAREST), [-5, 0, 3.9, 4, 100])).toEqual([10, 10, 40, 40, 40]);
    expect(x(samplerBits(false, CLAMP, NEAREST), [-0.1, 0, 3.9, 4, 100])).toEqual([0, 10, 40, 0, 0]);
    expect(x(samplerBits(true, REPEAT, NEAREST), [-0.25, 0, 0.75, 1, 1.25, -3.5])).toEqual([40, 10, 40, 10, 20, 30]);
    expect(x(samplerBits(true, MIRROR, NEAREST), [-0.1, 0.1, 0.9, 1.1, 1.9, 2.1])).toEqual([10, 10, 40, 40, 10, 10]);
    expect(x(samplerBits(true, EDGE, NEAREST), [0.3, 0.5, 2])).toEqual([20, 30, 40]);
    // The border of an order without alpha is opaque.
    expect(sample("sample1d", image, samplerBits(false, CLAMP, NEAREST), [[9]])).toEqual([[0, 0, 0, 1]]);
    expect(sample("sample1d", { ...image, pixels: Float32Array.of(1, 2, 3, 4), order: ORDER.RGBA, width: 1 }, samplerBits(false, CLAMP, NEAREST), [[9]])).toEqual([[0, 0, 0, 0]]);
  });

  test("linear filters in one, two and three dimensions", () => {
    const line: Image = { pixels: Float32Array.of(10, 20, 30, 40), order: ORDER.R, dataType: TYPE.FLOAT, width: 4 };
    const x = (sampler: bigint, at: number[]): number[] => sample("sample1d", line, sampler, at.map((v) => [v])).map(([r]) => r!);
    expect(x(samplerBits(false, EDGE, LINEAR), [0, 0.5, 1, 1.25, 4])).toEqual([10, 10, 15, 17.5, 40]);
    expect(x(samplerBits(false, CLAMP, LINEAR), [0, 4])).toEqual([5, 20]);
    expect(x(samplerBits(true, REPEAT, LINEAR), [0, 1])).toEqual([25, 25]);
    const square: Image = { pixels: Float32Array.of(0, 10, 20, 30), order: ORDER.R, dataType: TYPE.FLOAT, width: 2, height: 2 };
    expect(sample("sample2d", square, samplerBits(false, EDGE, LINEAR), [[1, 1], [0.5, 1], [1.25, 0.5]]).map(([r]) => r)).toEqual([15, 10, 7.5]);
    const cube: Image = { pixels: Float32Array.from({ length: 8 }, (_x, n) => n), order: ORDER.R, dataType: TYPE.FLOAT, width: 2, height: 2, depth: 2 };
    expect(sample("sample3d", cube, samplerBits(false, EDGE, LINEAR), [[1, 1, 1], [0.5, 0.5, 1], [1.5, 1, 0.5]]).map(([r]) => r)).toEqual([3.5, 2, 2]);
    expect(sample("sample3d", cube, samplerBits(true, CLAMP, NEAREST), [[0.9, 0.9, 0.9], [0.5, 0.5, 1.5]]).map(([r]) => r)).toEqual([7, 0]);
  });

  test("layers of arrays are chosen, not blended", () => {
    const image: Image = { pixels: Float32Array.from({ length: 12 }, (_x, n) => n), order: ORDER.R, dataType: TYPE.FLOAT, width: 2, height: 2, layers: 3 };
    const lines: Image = { pixels: Float32Array.of(7, 8, 9), order: ORDER.R, dataType: TYPE.FLOAT, width: 1, layers: 3 };
    const out = new Float32Array(24);
    const at = Float32Array.of(0, 0, 1.4, 0, 1, 1, 1.6, 0, 0, 0, 99, 0);
    program.run("layers", [image, samplerBits(false, EDGE, NEAREST), at, out, lines], 3);
    expect([0, 1, 2].map((n) => [out[8 * n], out[8 * n + 4]])).toEqual([[4, 7], [11, 8], [8, 9]]);
  });

  test("integers are sign-extended, and saturate when written", () => {
    const a: Image = { pixels: Int8Array.of(-5, 1, 2, 3, 100, 0, 0, -1), order: ORDER.RGBA, dataType: TYPE.INT8, width: 2 };
    const b: Image = { pixels: Uint16Array.of(60, 5), order: ORDER.R, dataType: TYPE.UINT16, width: 2 };
    const c = { pixels: new Int16Array(8), order: ORDER.RGBA, dataType: TYPE.INT16, width: 2 };
    const d = { pixels: new Uint8Array(4), order: ORDER.RG, dataType: TYPE.UINT8, width: 2 };
    const out = new Int32Array(4);
    program.run("integers", [a, b, c, d, out], [2, 1]);
    expect([...out]).toEqual([-2, 61, 99, 6]);
    expect([...c.pixels]).toEqual([-5000, 1000, 2000, 3000, 32767, 0, 0, -1000]);
    expect([...d.pixels]).toEqual([255, 0, 255, 0]);
  });

  test("queries, three dimensions and depth", () => {
    const v: Image = { pixels: Float32Array.from({ length: 4 * 3 * 2 * 4 }, (_x, n) => n), order: ORDER.RGBA, dataType: TYPE.FLOAT, width: 4, height: 3, depth: 2 };
    const a: Image = { pixels: new Uint8Array(30), order: ORDER.R, dataType: TYPE.UNORM8, width: 3, height: 2, layers: 5 };
    const out = new Int32Array(8);
    program.run("queries", [v, a, out], 1);
    expect([...out]).toEqual([4, 3, 2, 5, 1, 1, 20304, 203]);
    const depth: Image = { pixels: Float32Array.of(0.5, 0.75), order: ORDER.DEPTH, dataType: TYPE.FLOAT, width: 2 };
    const z = new Float32Array(2);
    program.run("volumes", [v, depth, z], 2);
    expect([...z]).toEqual([0.5, 0.75]);
    const first = 4 * (4 + 12);
    expect([...v.pixels].map(Number)).toEqual(Array.from({ length: 96 }, (_x, n) => (n >= first && n < first + 8 ? 2 * n : n)));
  });
});
