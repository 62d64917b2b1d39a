import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createMachine } from "glassgpu";

/**
 * Device code of NVIDIA's libraries as nvcc 13.0 compiles it for sm_80 (CUB, cooperative groups, libcu++), and the parts of C++ that need more than arithmetic, against plain JavaScript.
 * Sources and PTX: test/fixtures/ptx/libraries.
 */

type Buffer = Int32Array | Uint32Array | Float32Array | Float64Array | BigInt64Array | BigUint64Array | Uint8Array;
interface Shape {
  readonly grid?: number;
  readonly block: number;
  readonly shared?: number;
  readonly cooperative?: boolean;
}

/** Runs a kernel in a process of its own; what it leaves in its buffers is in them afterwards. @returns what it printed */
function run(library: string, kernel: string, { grid = 1, block, shared = 0, cooperative = false }: Shape, args: readonly (Buffer | number)[]): string {
  const machine = createMachine({ gpus: ["a100"] });
  const process = machine.process("p");
  const cu = process.throwing.cuda;
  cu.cuInit(0);
  cu.cuCtxSetCurrent(cu.cuDevicePrimaryCtxRetain(cu.cuDeviceGet(0)));
  const fn = cu.cuModuleGetFunction(cu.cuModuleLoadData(readFileSync(new URL(`../../fixtures/ptx/libraries/${library}.ptx`, import.meta.url), "utf8")), kernel);
  const values = args.map((value) => {
    if (typeof value === "number") return value;
    const at = cu.cuMemAlloc(value.byteLength);
    cu.cuMemcpyHtoD(at, value, value.byteLength);
    return at;
  });
  if (cooperative) cu.cuLaunchCooperativeKernel(fn, grid, 1, 1, block, 1, 1, shared, null, values);
  else cu.cuLaunchKernel(fn, grid, 1, 1, block, 1, 1, shared, null, values, null);
  cu.cuCtxSynchronize();
  args.forEach((value, i) => {
    if (typeof value !== "number") cu.cuMemcpyDtoH(value, values[i]!, value.byteLength);
  });
  return process.stdout;
}

let state = 12345;
const random = (below: number): number => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) % below;
const integers = (n: number, below: number): Int32Array => Int32Array.from({ length: n }, () => random(below));
const list = <T>(n: number, make: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => make(i));
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

describe("CUB", () => {
  test("block sorts: radix with transposed loads and stores, merge with a comparison", () => {
    const keys = Uint32Array.from({ length: 1024 }, () => random(2 ** 32));
    const sorted = new Uint32Array(1024);
    run("cub", "blockSort", { grid: 2, block: 128 }, [keys, sorted]);
    expect([...sorted]).toEqual([...keys.slice(0, 512).sort(), ...keys.slice(512).sort()]);
    const numbers = Float64Array.from({ length: 384 }, () => random(2 ** 32) / 7 - 1e8);
    const falling = new Float64Array(384);
    run("cub", "blockMergeSort", { grid: 2, block: 64 }, [numbers, falling]);
    expect([...falling]).toEqual([...numbers.slice(0, 192).sort().reverse(), ...numbers.slice(192).sort().reverse()]);
  });

  test("block scans by warps and by raking", () => {
    const input = integers(96, 1000);
    const [out, total] = [new Int32Array(192), new Int32Array(1)];
    run("cub", "blockScan", { block: 96 }, [input, out, total]);
    expect([...out]).toEqual([...list(96, (i) => sum([...input.slice(0, i)])), ...list(96, (i) => Math.max(...input.slice(0, i + 1)))]);
    expect(total[0]).toBe(sum([...input]));
  });

  test("block reductions, histogram, discontinuity, shuffle, exchange", () => {
    const input = integers(128, 300);
    const out = new Int32Array(544);
    run("cub", "blockMisc", { block: 128 }, [input, out]);
    const bins = new Array<number>(16).fill(0);
    for (const v of input) for (const bin of [v & 15, (v >> 4) & 15]) bins[bin]!++;
    expect([...out.subarray(0, 18)]).toEqual([sum([...input]), Math.min(...input), ...bins]);
    expect([...out.subarray(32, 160)]).toEqual(list(128, (i) => Number(i === 0 || Math.trunc(input[i]! / 3) !== Math.trunc(input[i - 1]! / 3))));
    expect([...out.subarray(160, 283)]).toEqual([...input.subarray(5)]);
    expect([...out.subarray(288)]).toEqual([...input].flatMap((v) => [v, 2 * v]));
  });

  test("warp reductions, scans of half warps, merge sorts", () => {
    const input = Float32Array.from({ length: 64 }, () => random(1000) / 8);
    const out = new Float32Array(256);
    run("cub", "warpOps", { block: 64 }, [input, out]);
    expect([...out.subarray(0, 2)]).toEqual([Math.max(...input.slice(0, 32)), Math.max(...input.slice(32))]);
    expect([...out.subarray(64, 128)]).toEqual(list(64, (i) => sum([...input.slice(i - (i % 16), i + 1)])));
    const both = (part: Float32Array): number[] => [...Float32Array.from([...part].flatMap((v) => [v, -v])).sort()];
    expect([...out.subarray(128)]).toEqual([...both(input.slice(0, 32)), ...both(input.slice(32))]);
  });
});

describe("cooperative groups", () => {
  test("tiles; coalesced, labelled and binary groups of lanes that have met again behind a branch", () => {
    const input = integers(64, 100);
    const out = new Int32Array(64 * 12);
    run("groups", "cgTiles", { block: 64 }, [input, out]);
    expect([...out]).toEqual(list(64, (i) => {
      const v = input[i]!;
      const tile = [...input.slice(i - (i % 8), i - (i % 8) + 8)];
      const warp = [...input.slice(i - (i % 32), i - (i % 32) + 32)];
      const lanes = (which: (value: number) => boolean): number[] => [...warp.keys()].filter((lane) => which(warp[lane]!));
      const odd = lanes((value) => (value & 1) === 1);
      const alike = lanes((value) => value % 3 === v % 3);
      return [
        sum(tile), Math.max(...tile), sum(tile.slice(0, i % 8)), Math.floor(i / 8), tile[(i % 8) ^ 3]!, sum(tile.map((value, lane) => (value & 1) << lane)),
        ...(v & 1 ? [odd.length, odd.indexOf(i % 32), sum(odd.map((lane) => warp[lane]!))] : [0, 0, 0]),
        alike.length, alike.indexOf(i % 32) + 1, Math.min(...warp.filter((value) => value > 50 === v > 50)),
      ];
    }).flat());
  });

  test("a grid that waits for itself, at once and in two steps", () => {
    const [data, out] = [new Int32Array(256), new Int32Array(257)];
    run("groups", "cgGrid", { grid: 4, block: 64, cooperative: true }, [data, out]);
    expect([...out]).toEqual([...list(256, (i) => 256 - i), 4]);
  });

  test("tiles of several warps, which meet in the system's shared memory", () => {
    const input = integers(256, 200);
    const out = new Int32Array(512);
    run("groups", "cgBig", { block: 256 }, [input, out]);
    expect([...out.subarray(0, 256)]).toEqual(list(256, (i) => sum([...input.slice(i - (i % 64), i - (i % 64) + 64)])));
    expect([...out.subarray(256)]).toEqual(list(256, (i) => (input.slice(i - (i % 128), i - (i % 128) + 128).includes(7) ? i % 128 : -1)));
  });

  test("memcpy_async into dynamic shared memory", () => {
    const input = Float32Array.from({ length: 600 }, () => random(97));
    const out = new Float32Array(600);
    run("groups", "cgCopy", { grid: 2, block: 64, shared: 1200 }, [input, out, 300]);
    expect([...out]).toEqual([...input.slice(0, 300).reverse(), ...input.slice(300).reverse()]);
  });
});

describe("libcu++", () => {
  test("atomic_ref of every width, and compare_exchange_weak", () => {
    const [i, f, d, q, b] = [new Int32Array(1), new Float32Array(2), new Float64Array(1), new BigUint64Array(1), new Uint8Array(4)];
    run("libcu", "atoms", { grid: 2, block: 128 }, [i, f, d, q, b]);
    expect([...i, ...f, ...d, ...q, ...b]).toEqual([63, 128, 127, 64, 0n, 0, (256 * 3) & 255, 0, 0]);
  });

  test("barrier, pipeline, semaphore and latch", () => {
    const input = integers(128, 1000);
    const rounds = new Int32Array(512);
    run("libcu", "barriers", { block: 128 }, [input, rounds]);
    expect([...rounds]).toEqual(list(512, (k) => input[((k % 128) + 31) % 128]! + Math.floor(k / 128)));
    const chunks = integers(384, 1000);
    const reversed = new Int32Array(384);
    run("libcu", "pipes", { block: 64 }, [chunks, reversed, 6]);
    expect([...reversed]).toEqual(list(384, (k) => chunks[k - (k % 64) + 63 - (k % 64)]!));
    const counted = new Int32Array(33);
    run("libcu", "sems", { block: 32 }, [counted]);
    expect([...counted]).toEqual(list(33, () => 32));
  });

  test("complex numbers, array, optional, variant, tuple", () => {
    const out = new Float32Array(8);
    run("libcu", "stdlib", { block: 1 }, [Float32Array.of(0.7, 1.2), out]);
    // By hand in double precision: exp(z) conj(z) / (1.5 - 2i) + sqrt(z) + z^1.3.
    [1.8724836, 3.0742535, Math.hypot(0.7, 1.2), Math.atan2(1.2, 0.7), 53917, 1.4, 2.4, 2.5].forEach((value, k) => expect(out[k]).toBeCloseTo(value, 5));
  });
});

describe("C++", () => {
  test("virtual functions, new and delete", () => {
    const out = new Float32Array(64);
    run("language", "virt", { block: 64 }, [out]);
    expect([...out]).toEqual(list(64, (i) => (i & 1 ? i * i : Math.fround(Math.fround(Math.fround(Math.PI) * i) * i))));
  });

  test("function pointers, recursion, lambdas", () => {
    const out = new Int32Array(48);
    run("language", "calls", { block: 48 }, [out]);
    const fibonacci = (n: number): number => (n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2));
    expect([...out]).toEqual(list(48, (i) => [(i % 12) + 1, (i % 12) ** 2, fibonacci(i % 12)][i % 3]));
    const areas = new Float32Array(32);
    run("language", "lambdas", { block: 32 }, [areas]);
    areas.forEach((area, k) => expect(Math.abs(area - (9 * k + 3))).toBeLessThan(1e-4 * (9 * k + 3)));
  });

  test("128-bit integers", () => {
    const input = BigInt64Array.of(-7234567890123456789n, 8123456789012345678n, 98765432109876543n);
    const out = new BigInt64Array(5);
    run("language", "i128", { block: 1 }, [input, out]);
    const product = input[0]! * input[1]!;
    const signed = (value: bigint): bigint => BigInt.asIntN(64, value);
    expect([...out]).toEqual([signed(product >> 64n), signed(product), signed(product / input[2]!), signed(BigInt.asUintN(128, product) % 1000000007n), signed(BigInt.asIntN(128, product << 5n) >> 37n)]);
  });

  test("half, bfloat16 and 8-bit floating point", () => {
    const out = new Float32Array(64);
    run("language", "halfs", { block: 4 }, [Float32Array.of(0.1, -1.7, 3.3, 100.25), out]);
    const close = (row: number, column: number, value: number, relative: number): void => expect(Math.abs(out[16 * row + column]! - value)).toBeLessThanOrEqual(relative * Math.abs(value));
    [0.1, -1.7, 3.3, 100.25].forEach((x, i) => {
      close(i, 0, 1.5 * x + 0.25, 1e-3);
      close(i, 2, Math.sin(x), 2e-1);
      close(i, 4, Math.sqrt(Math.abs(x)), 1e-3);
      close(i, 6, x * x, 8e-3);
      close(i, 8, Math.max(x, 0.5), 4e-3);
      close(i, 9, x, 6.3e-2);
      close(i, 10, x, 1.3e-1);
      close(i, 11, Math.tanh(x), 1e-3);
      close(i, 15, Math.min(1, Math.max(0, 2 * x)), 1e-3);
    });
  });

  test("constants, managed variables, printf, the heap, matches, reductions, the local array", () => {
    const [out, clocks] = [new Float32Array(224), new BigInt64Array(32)];
    const printed = run("language", "misc", { block: 32 }, [out, clocks]);
    expect(printed).toBe("hello 42 world  2.50 1234567890123 x %\n");
    expect([...out]).toEqual([
      ...list(32, (i) => (i % 4) + 1), ...list(32, (i) => 120 + 16 * i), ...list(32, (i) => Math.fround(sum(list(32, (k) => (k % 5 === i % 5 ? 2 ** k : 0))))),
      ...list(32, () => 1), ...list(32, () => 496), ...list(32, () => 1), ...list(32, (i) => ((i * 7) % 40) * i),
    ]);
    expect(clocks.every((ticks) => ticks >= 100n)).toBe(true);
  });

  test("a scan whose blocks look back at those before them", () => {
    const input = integers(64 * 256, 50);
    const out = new Int32Array(input.length);
    run("language", "lookback", { grid: 64, block: 256 }, [input, out, new BigUint64Array(64), new Uint32Array(1)]);
    let total = 0;
    expect([...out]).toEqual(Array.from(input, (v) => (total += v)));
  });

  test("SIMD in a word", () => {
    const out = new Uint32Array(16);
    const [a, b] = [0x12f48abc, 0x9a57c3d1];
    run("language", "simdv", { block: 1 }, [Uint32Array.of(a, b), out]);
    const bytes = (f: (x: number, y: number) => number): number => list(4, (i) => (f((a >>> (8 * i)) & 255, (b >>> (8 * i)) & 255) & 255) * 2 ** (8 * i)).reduce((x, y) => x + y);
    const halves = (f: (x: number, y: number) => number): number => list(2, (i) => (f(((a >> (16 * i)) << 16) >> 16, ((b >> (16 * i)) << 16) >> 16) & 0xffff) * 2 ** (16 * i)).reduce((x, y) => x + y);
    expect(out[0]).toBe(bytes((x, y) => x + y));
    expect(out[1]).toBe(bytes((x, y) => Math.abs(x - y)));
    expect(out[2]).toBe(halves((x, y) => Math.max(x, y)));
    expect(out[3]).toBe(bytes((x, y) => (x > y ? 255 : 0)));
    expect(out[11]).toBe(Number((BigInt(a) * BigInt(b)) >> 32n));
    expect(out[12]).toBe(3);
    expect(out[14]).toBe(b - a + 1);
  });
});
