import { describe, expect, test } from "vitest";
import { packParams } from "../wasm/harness.ts";
import { engines, PtxBench, sample } from "./bench.ts";
import { BF16, encode, F16, ofInteger, type Format } from "./exact.ts";

/** wmma of each type, layout and shape family, and mma with operands in registers, as nvcc 13.0 emits them (fixtures/ptx/nvcc/mma.cu). Small whole numbers, so that sums are exact in any order. */

let state = 99;
const small = (least: number, most: number): number => least + (((state = (Math.imul(state, 1664525) + 1013904223) | 0) >>> 8) % (most - least + 1));
type Matrix = number[][];
const matrix = (rows: number, columns: number, least: number, most: number): Matrix => Array.from({ length: rows }, () => Array.from({ length: columns }, () => small(least, most)));
const times = (a: Matrix, b: Matrix, c: Matrix | null, f: (x: number, y: number) => number = (x, y) => x * y): Matrix => a.map((row, i) => b[0]!.map((_, j) => row.reduce((s, x, k) => s + f(x, b[k]![j]!), c === null ? 0 : c[i]![j]!)));
const half = (format: Format) => (x: number): number => Number(encode(ofInteger(BigInt(x)), format)!);
const rowMajor = (m: Matrix): number[] => m.flat();
const columnMajor = (m: Matrix): number[] => m[0]!.flatMap((_, j) => m.map((row) => row[j]!));
const [h, b] = [half(F16), half(BF16)];
/** Words of two 16-bit or four 8-bit or more smaller elements, the first in the lowest bits. */
const pack = (elements: readonly number[], width: number): number => elements.reduce((w, x, i) => (w | ((x & (2 ** width - 1)) << (i * width))) >>> 0, 0);

describe.each(engines)("on %s", (_name, compile) => {
  const bench = new PtxBench(sample("mma"), compile);
  const { machine } = bench;

  test.each<[string, number, number, number, "row" | "column", "row" | "column", (x: number[]) => ArrayBufferView, (x: number[]) => ArrayBufferView]>([
    ["f16", 16, 16, 16, "row", "column", (x) => Uint16Array.from(x, h), (x) => Float32Array.from(x)], ["f16h", 32, 8, 16, "column", "row", (x) => Uint16Array.from(x, h), (x) => Uint16Array.from(x, h)],
    ["bf16", 8, 32, 16, "row", "row", (x) => Uint16Array.from(x, b), (x) => Float32Array.from(x)], ["tf32", 16, 16, 8, "column", "column", (x) => Float32Array.from(x), (x) => Float32Array.from(x)],
    ["s8", 16, 16, 16, "row", "column", (x) => Int8Array.from(x), (x) => Int32Array.from(x)], ["u8", 32, 8, 16, "row", "column", (x) => Uint8Array.from(x), (x) => Int32Array.from(x)],
    ["f64", 8, 8, 4, "row", "column", (x) => Float64Array.from(x), (x) => Float64Array.from(x)],
  ])("wmma %s", (kernel, m, n, k, la, lb, input, sums) => {
    const [least, most] = kernel === "s8" ? [-128, 127] : kernel === "u8" ? [0, 255] : [-5, 5];
    const [A, B, C] = [matrix(m, k, least, most), matrix(k, n, least, most), matrix(m, n, -9, 9)];
    const bytes = (view: ArrayBufferView): Uint8Array<ArrayBuffer> => Uint8Array.from(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
    const D = sums(columnMajor(times(A, B, C)).map((x) => x + 1));
    const out = machine.map(D.byteLength);
    const up = (view: ArrayBufferView): bigint => machine.upload(bytes(view));
    bench.launch(kernel, packParams(up(input(la === "row" ? rowMajor(A) : columnMajor(A))), up(input(lb === "row" ? rowMajor(B) : columnMajor(B))), up(sums(rowMajor(C))), out), { block: [32, 1, 1] });
    expect(bytes(machine.u32(out, D.byteLength / 4))).toEqual(bytes(D));
  });

  /** Elements of A of lane i: register r, element e. `per`: elements in a register. (PTX ISA 9.7.14.5: rows g and g+8, columns by fours of lanes.) */
  const fragmentA = (A: Matrix, per: number, k: number): number[][][] => Array.from({ length: 32 }, (_, i) => Array.from({ length: (2 * k) / (4 * per) }, (_2, r) => Array.from({ length: per }, (_3, e) => A[(i >> 2) + 8 * (r & 1)]![(i & 3) * per + 4 * per * (r >> 1) + e]!)));
  const fragmentB = (B: Matrix, per: number, k: number): number[][][] => Array.from({ length: 32 }, (_, i) => Array.from({ length: k / (4 * per) }, (_2, r) => Array.from({ length: per }, (_3, e) => B[(i & 3) * per + 4 * per * r + e]![i >> 2]!)));
  const fragmentD = (D: Matrix): number[] => Array.from({ length: 32 }, (_, i) => [0, 1, 2, 3].map((r) => D[(i >> 2) + 8 * (r >> 1)]![2 * (i & 3) + (r & 1)]!)).flat();
  const words = (fragments: number[][][], width: number, convert: (x: number) => number): Uint32Array<ArrayBuffer> => Uint32Array.from(fragments.flat().map((elements) => pack(elements.map(convert), width)));
  const same = (x: number): number => x;
  const single = (x: number): number => new Uint32Array(Float32Array.of(x).buffer)[0]!;

  test.each<[string, number, number, number, (x: number) => number, readonly [number, number], readonly [number, number], "f32" | "i32"]>([
    ["mma16816", 16, 2, 16, h, [-5, 5], [-5, 5], "f32"], ["mmabf", 8, 2, 16, b, [-5, 5], [-5, 5], "f32"], ["mmatf", 4, 1, 32, single, [-9, 9], [-9, 9], "f32"],
    ["mmas8", 32, 4, 8, same, [-128, 127], [0, 255], "i32"], ["mmas4", 32, 8, 4, same, [-8, 7], [0, 15], "i32"],
  ])("%s", (kernel, k, per, width, convert, ra, rb, type) => {
    const [A, B] = [matrix(16, k, ...ra), matrix(k, 8, ...rb)];
    const out = machine.map(32 * 16);
    bench.launch(kernel, packParams(machine.upload(words(fragmentA(A, per, k), width, convert)), machine.upload(words(fragmentB(B, per, k), width, convert)), out), { block: [32, 1, 1] });
    // The first kernel adds 1, 2, 3, 4 in each lane.
    const expected = fragmentD(times(A, B, null)).map((x, i) => x + (kernel === "mma16816" ? (i & 3) + 1 : 0));
    expect([...(type === "f32" ? machine.f32(out, 128) : machine.i32(out, 128))]).toEqual(expected);
  });

  test("mma with halves as sums", () => {
    const [A, B] = [matrix(16, 8, -3, 3), matrix(8, 8, -3, 3)];
    const out = machine.map(32 * 8);
    bench.launch("mma1688", packParams(machine.upload(words(fragmentA(A, 2, 8), 16, h)), machine.upload(words(fragmentB(B, 2, 8), 16, h)), out), { block: [32, 1, 1] });
    const D = fragmentD(times(A, B, null));
    expect([...machine.u32(out, 64)]).toEqual(Array.from({ length: 64 }, (_, i) => pack([h(D[2 * i]!), h(D[2 * i + 1]!)], 16)));
  });

  test("mma of bits, and of doubles", () => {
    const [A, B] = [matrix(16, 128, 0, 1), matrix(128, 8, 0, 1)];
    const out = machine.map(32 * 16);
    const bits = (fragments: number[][][]): Uint32Array<ArrayBuffer> => Uint32Array.from(fragments.flat().map((elements) => elements.reduce((w, x, i) => (w | (x << i)) >>> 0, 0)));
    bench.launch("mmab1", packParams(machine.upload(bits(fragmentA(A, 32, 128))), machine.upload(bits(fragmentB(B, 32, 128))), out), { block: [32, 1, 1] });
    expect([...machine.i32(out, 128)]).toEqual(fragmentD(times(A, B, null, (x, y) => x ^ y)));
    const [P, Q] = [matrix(8, 4, -99, 99), matrix(4, 8, -99, 99)];
    const lanes = Array.from({ length: 32 }, (_, i) => i);
    bench.launch("mmaf64", packParams(machine.upload(Float64Array.from(lanes, (i) => P[i >> 2]![i & 3]!)), machine.upload(Float64Array.from(lanes, (i) => Q[i & 3]![i >> 2]!)), out), { block: [32, 1, 1] });
    const D = times(P, Q, null);
    expect([...machine.f64(out, 64)]).toEqual(lanes.flatMap((i) => [0, 1].map((r) => D[i >> 2]![2 * (i & 3) + r]! + r + 1)));
  });
});

describe.each(engines)("sm_90 on %s", (_name, compile) => {
  const bench = new PtxBench(sample("hopper"), compile);
  const { machine } = bench;

  test("128-bit compare-and-swap and exchange", () => {
    const n = 64;
    const [p, out] = [machine.map(32), machine.map(n * 32)];
    bench.launch("atomic128", packParams(p, out), { block: [n, 1, 1] });
    const [memory, got] = [machine.u64(p, 4), machine.u64(out, 4 * n)];
    // Every swap saw one value of the chain (i, 10 i), and those that matched moved it on by one.
    const seen = Array.from({ length: n }, (_, i) => [got[4 * i]!, got[4 * i + 1]!] as const);
    for (const [low, high] of seen) expect(high).toBe(low * 10n);
    expect(memory[1]).toBe(memory[0]! * 10n);
    expect(seen.filter(([low], i) => low === BigInt(i)).length).toBe(Number(memory[0]!));
    // Each exchange found what another had put there, whole.
    const found = Array.from({ length: n }, (_, i) => [got[4 * i + 2]!, got[4 * i + 3]!] as const);
    const all = [...found, [memory[2]!, memory[3]!] as const].map(([low, high]) => `${low} ${high}`).toSorted();
    expect(all).toEqual(["0 0", ...Array.from({ length: n }, (_, i) => `${i} ${2n ** 64n - 1n - BigInt(i)}`)].toSorted());
  });

  test("atomics on vectors", () => {
    const [f, h, out] = [machine.map(64), machine.map(64), machine.map(64)];
    bench.launch("vectors", packParams(f, h, out), { block: [32, 1, 1] });
    expect([...machine.f32(f, 6)]).toEqual([32, 32, 64, 64, 16, 16]);
    // 32 and 64 as halves.
    expect([...machine.u32(h, 4)]).toEqual(new Array<number>(4).fill(0x50005400));
  });

  test("stmatrix, elect, cluster registers and barriers, mapa, mbarrier with expected bytes", () => {
    const out = machine.map(160 * 4);
    bench.launch("misc", packParams(out), { block: [32, 1, 1] });
    const got = machine.u32(out, 160);
    // Lane i gave row i / 4, columns 2 (i % 4) and the next: rows of 16 bytes, one after the other.
    for (let i = 0; i < 32; i++) expect([got[i], got[32 + i], got[64 + i], got[96 + i], got[128 + i]]).toEqual([i * 0x10001, i === 0 ? 1 : 0, 0, i * 0x10001, 1 + (32 - i)]);
  });
});
