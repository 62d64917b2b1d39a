import { describe, expect, test } from "vitest";
import { packParams } from "../wasm/harness.ts";
import { engines, PtxBench, sample } from "./bench.ts";

/** Atomics, asynchronous copies, matrix loads, state spaces, stack, heap, printf, assert and traps as nvcc 13.0 emits them (fixtures/ptx/nvcc/memory.cu). */

describe.each(engines)("on %s", (_name, compile) => {
  const fresh = (): PtxBench => new PtxBench(sample("memory"), compile);

  test("atomics of every type and scope", () => {
    const bench = fresh();
    const { machine } = bench;
    const [threads, blocks] = [64, 3];
    const n = threads * blocks;
    const ids = Array.from({ length: n }, (_, i) => i);
    const sum = ids.reduce((x, y) => x + y, 0);
    const c = machine.upload(Uint32Array.from({ length: 32 }, (_, k) => ([6, 17].includes(k) ? 0xffffffff : [4, 20].includes(k) ? 1000 : 0)));
    const w = machine.upload(BigUint64Array.from({ length: 16 }, (_, k) => (k === 3 ? 2n ** 64n - 1n : 0n)));
    const [f, d, h, hh] = [machine.map(64), machine.map(64), machine.map(64), machine.map(64)];
    bench.launch("atomics", packParams(c, w, f, d, h, hh, n), { block: [threads, 1, 1], grid: [blocks, 1, 1] });
    const xor = (k: number): number => ids.reduce((x, i) => x ^ (1 << (i % k)), 0);
    const dec = ids.reduce((x) => (x === 0 || x > 9 ? 9 : x - 1), 0);
    const expected = [
      sum, -sum, 3 * n, -2 * n, 7 - (n - 1), 5 * (n - 1), 0, -1, xor(3), n % 10, dec, 2 * n, 77, n, n - 4,
      n, -1, ids.reduce((x, i) => x & ~(2 << (i & 15)), -1), ids.reduce((x, i) => x ^ (1 << (i & 31)), 0), n % 101, 1, 3 * n, n - 1, 255,
    ];
    expect([...machine.i32(c, expected.length)]).toEqual(expected.map((x) => x | 0));
    // Ones are added while others see to it that there are at least three.
    const least = machine.i32(c, 25)[24]!;
    expect([least >= n, least <= n + 2]).toEqual([true, true]);
    const wide = [BigInt(sum) << 30n, BigInt.asUintN(64, -BigInt(n - 1) << 35n), BigInt(n - 1) << 40n, 0n, 2n ** 64n - 1n, ids.reduce((x, i) => x ^ (1n << BigInt((i % 5) + 32)), 0n), 1n << 50n, BigInt(n) << 33n, BigInt(sum) << 32n];
    expect([...machine.u64(w, wide.length)]).toEqual(wide);
    expect([...machine.f32(f, 4)]).toEqual([n / 2, 2 * n, n, 2]);
    expect([...machine.f64(d, 3)]).toEqual([sum / 4, n, n]);
    // 96 as a half; a bfloat16 that adds quarters stays where a quarter is half a unit (64); 3 * n as bits.
    const half = machine.u32(h, 2);
    expect([half[0]! & 0xffff, half[0]! >>> 16, half[1]! & 0xffff]).toEqual([0x5600, 0x4240, 3 * n]);
    expect([...machine.u32(hh, 3)].map((x) => x.toString(16))).toEqual(["5e005a00", "434042c0", "5a005a00"]);
  });

  test("asynchronous copies", () => {
    const bench = fresh();
    const { machine } = bench;
    const n = 32;
    const input = Int32Array.from({ length: 4 * n }, (_, i) => i * i + 1);
    const out = machine.map(6 * n * 4);
    bench.launch("async", packParams(machine.upload(input), out, n), { block: [n, 1, 1] });
    const got = machine.i32(out, 6 * n);
    for (let i = 0; i < n; i++) {
      // The fourth word of each copy has source size 0: zero.
      const first = (k: number): number => (k % 4 === 3 ? 0 : input[k]!);
      const j = (i + 1) % n;
      expect([0, 1, 2, 3, 4, 5].map((k) => got[k * n + i])).toEqual([
        first((4 * i + 7) % 128) + first((4 * i + 1) % 128), input[4 * j + 3], (j & 1 ? input[4 * j + 2]! : 0) + input[4 * j]!, input[4 * ((i + 3) % n) + 1], i, input[8 + ((i * 3) % n)],
      ]);
    }
  });

  test("matrices from shared memory", () => {
    const bench = fresh();
    const { machine } = bench;
    const input = Uint16Array.from({ length: 256 }, (_, i) => (i * 259) & 0xffff);
    const out = machine.map(32 * 40);
    bench.launch("matrices", packParams(machine.upload(input), out), { block: [32, 1, 1] });
    const got = machine.u32(out, 320);
    for (let i = 0; i < 32; i++) {
      // Row r of matrix m is given by lane 8 * m + r.
      const at = (m: number, r: number, column: number): number => input[8 * (8 * m + r) + column]!;
      const [r, column] = [i >> 2, 2 * (i & 3)];
      const plain = (m: number): number => (at(m, r, column) | (at(m, r, column + 1) << 16)) >>> 0;
      const turned = (m: number): number => (at(m, column, r) | (at(m, column + 1, r) << 16)) >>> 0;
      expect([...got.slice(10 * i, 10 * i + 10)]).toEqual([plain(0), turned(0), turned(1), plain(0), plain(1), plain(2), plain(3), (turned(0) ^ turned(1)) >>> 0, turned(2), turned(3)]);
    }
  });

  test("state spaces, addresses in first values, function pointers, recursion, cache operators", () => {
    const bench = fresh();
    const { machine } = bench;
    const out = machine.map(64);
    bench.launch("spaces", packParams(out, 2), {});
    const r = 3 + 30;
    // name[1] + text[3] are "l" and "t".
    expect([...machine.i32(out, 13)]).toEqual([15, r, 108 + 116, 21, 14 + 15, 55, 9, 1, 11, 11, 4, r, 15]);
  });

  test("memory on the stack", () => {
    const bench = fresh();
    const { machine } = bench;
    const out = machine.map(64 * 4);
    bench.launch("stack", packParams(out, 20), { block: [64, 1, 1] });
    const bytes = (63 * 64) / 2;
    expect([...machine.i32(out, 64)]).toEqual(Array.from({ length: 64 }, (_, i) => 2470 + 20 * i + bytes));
    expect(() => bench.launch("stack", packParams(out, 100_000), { block: [1, 1, 1] })).toThrow("illegal-address");
  });

  test("memory from the heap", () => {
    const bench = fresh();
    const { machine } = bench;
    const out = machine.map(64 * 4);
    bench.launch("heap", packParams(out, 9), { block: [64, 1, 1], grid: [2, 1, 1] });
    expect([...machine.i32(out, 64)]).toEqual(Array.from({ length: 64 }, (_, i) => 36 * i + 1));
  });

  test("printf with every kind of argument", () => {
    const { printed } = fresh().launch("print", packParams(-3), { block: [4, 1, 1] });
    expect(printed).toBe("-3 7  3.14 str x 123456789abc 0x10 %|42    |+5|1.000000e+10\nr 10\nplain\n");
  });

  test("assert and traps", () => {
    const bench = fresh();
    bench.launch("asserts", packParams(4), { block: [2, 1, 1] });
    expect(() => bench.launch("asserts", packParams(5), { block: [2, 1, 1] })).toThrow(/assert/);
    for (const n of [0, 3]) bench.launch("traps", packParams(n), {});
    for (const n of [1, 2]) expect(() => bench.launch("traps", packParams(n), {})).toThrow(/trap/);
  });
});
