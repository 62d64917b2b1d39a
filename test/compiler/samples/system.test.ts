import { describe, expect, test } from "vitest";
import * as cu from "../../../src/cuda/abi/driver/constants.ts";
import { architectures, SampleHost, sampleText } from "./host.ts";

/** Samples that need what a CUDA program has around it: printf, assert, traps, a heap, a clock, a stack, tables of functions. */

describe.each(architectures)("$arch on $gpu", ({ arch, gpu }) => {
  test("07 printf", () => {
    const host = new SampleHost(gpu, sampleText(arch, "07_printf_assert"));
    const data = host.buffer(Int32Array.of(1, 2, 3));
    host.launch("pr", { block: [3] }, data, 9);
    const lines = host.process.stdout.trimEnd().split("\n");
    expect(lines.toSorted()).toEqual([0, 1, 2].map((i) => `t ${i} of 9: ${(1.5 * i).toFixed(6)} str 0x${data.toString(16)}`));
    // exit in the middle ends one work-item and nothing else.
    host.launch("pr", { block: [3] }, host.buffer(Int32Array.of(44, 1, 44)), 3);
    expect(host.process.stdout.trimEnd().split("\n")).toHaveLength(6);
    host.close();
  });

  test.each([
    ["a failed assertion", -1, cu.CUDA_ERROR_ASSERT, /a\[i\]>=0/],
    ["a trap", 42, cu.CUDA_ERROR_LAUNCH_FAILED, /trap/],
    ["a breakpoint", 43, cu.CUDA_ERROR_LAUNCH_FAILED, /trap|breakpoint/],
  ] as const)("07 %s ends the context", (_name, value, code, says) => {
    const host = new SampleHost(gpu, sampleText(arch, "07_printf_assert"));
    expect(host.failure("pr", { block: [2] }, host.buffer(Int32Array.of(1, value)), 2)).toBe(code);
    expect(host.process.cuda.cuCtxSynchronize()).toBe(code);
    expect(host.machine.diagnostics().map(({ message }) => message).join("\n") + host.process.stdout).toMatch(says);
    host.close();
  });

  test("07 clocks; memory from the device's heap", () => {
    const host = new SampleHost(gpu, sampleText(arch, "07_printf_assert"));
    const out = host.buffer(40);
    host.launch("clk", {}, out);
    const [first, second, sm, lane, time] = host.read(out, new BigInt64Array(5)) as unknown as bigint[];
    expect(second! >= first!).toBe(true);
    expect([sm, lane]).toEqual([0n, 0n]);
    expect(time! > 0n).toBe(true);
    host.launch("clk", {}, out);
    expect(host.read(out, new BigInt64Array(5))[4]! > time!).toBe(true);
    const pointers = host.buffer(8 * 64);
    host.launch("dmalloc", { block: [64] }, pointers);
    const addresses = [...host.read(pointers, new BigUint64Array(64))];
    expect(new Set(addresses).size).toBe(64);
    for (const address of addresses) expect([address % 16n, address > 0n]).toEqual([0n, true]);
    host.close();
  });

  test("08 virtual calls, recursion, tables of functions, structs by value, switch", () => {
    const host = new SampleHost(gpu, sampleText(arch, "08_virtual_recursion"));
    const out = host.buffer(4 * 96);
    host.launch("virt", { block: [96] }, out, 1);
    host.read(out, new Float32Array(96)).forEach((v, i) => expect(v).toBe(2 * i));
    host.launch("virt", { block: [96] }, out, 0);
    host.read(out, new Float32Array(96)).forEach((v, i) => expect(v).toBe(i * i + 1));
    const big = new DataView(new ArrayBuffer(88));
    for (let i = 0; i < 20; i++) big.setInt32(4 * i, i, true);
    big.setFloat64(80, 21, true);
    const n = 14;
    host.launch("rec", { block: [n] }, out, Float32Array.of(1, 2, 3, 4, 5), Float32Array.of(2, 2, 2, 2, 2), new Uint8Array(big.buffer));
    const fib = (k: number): number => (k < 2 ? k : fib(k - 1) + fib(k - 2));
    expect([...host.read(out, new Int32Array(n))]).toEqual(Array.from({ length: n }, (_, i) => fib(i) + 30 + (i % 2 === 0 ? 9 : 27) + 42));
    const slots = host.buffer(128);
    const cases: readonly (readonly [k: number, at: number, value: number])[] = [[0, 0, 3], [1, 1, 5], [2, 2, 9], [3, 1, 11], [4, 7, 1], [5, 8, 2], [6, 9, 6], [7, 3, 7], [-1, 3, -1]];
    for (const [k, at, value] of cases) {
      host.write(slots, new Uint8Array(128));
      host.launch("sw", {}, slots, k);
      const words = host.read(slots, new Int32Array(32));
      expect([words[at], words[5]]).toEqual([value, at === ((k * 7) & 31) ? value : 0]);
    }
    host.close();
  });
});
