import { createHash } from "node:crypto";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createMachine, type HostProcess, type MachineOptions } from "../../src/index.ts";
import { LinearStore } from "../../src/gpu/linear.ts";
import { GpuPageTable, PTE_READ, PTE_WRITE } from "../../src/gpu/page-table.ts";
import { deviceThreads } from "../../src/compiler/wasm/threads/pool.ts";
import { threadSource } from "../../src/compiler/wasm/threads/source.ts";

/** Memory, virtual times, errors and traces of whole machines are the same with one, two and three threads for device code. */

const ptx = readFileSync(new URL("../../bench/kernels.ptx", import.meta.url), "utf8");

afterEach(() => { vi.unstubAllGlobals(); });

/** Deterministic bytes: floats from 1 to 2, which as integers are as good as any. */
function noise(length: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return 1 + state / 2 ** 32;
  });
}

type Argument = { readonly words: number } | { readonly value: number };
const words = (count: number): Argument => ({ words: count });
const value = (number: number): Argument => ({ value: number });

interface Launch {
  readonly kernel: string;
  readonly grid: readonly [number, number];
  readonly block: readonly [number, number];
  readonly args: readonly Argument[];
  readonly shared?: number;
  /** Lets it take managed memory. */
  readonly managed?: boolean;
}

const n = 2 ** 17;
const w = 320;
const launches: readonly Launch[] = [
  { kernel: "vecadd", grid: [n / 256, 1], block: [256, 1], args: [words(n), words(n), words(n)] },
  { kernel: "vecadd_guarded", grid: [n / 256, 1], block: [256, 1], args: [words(n), words(n), words(n), value(n - 100)] },
  { kernel: "saxpy", grid: [n / 256, 1], block: [256, 1], args: [value(0.5), words(n), words(n)] },
  { kernel: "triad", grid: [n / 128, 1], block: [128, 1], args: [words(n), words(n), words(n), value(3)] },
  { kernel: "matmul_naive", grid: [10, 10], block: [16, 16], args: [words(160 * 160), words(160 * 160), words(160 * 160), value(160)] },
  { kernel: "matmul_tiled", grid: [10, 10], block: [16, 16], args: [words(160 * 160), words(160 * 160), words(160 * 160), value(160)] },
  { kernel: "nbody", grid: [8, 1], block: [64, 1], args: [words(4 * 512), words(4 * 512), value(512)] },
  { kernel: "mandel", grid: [16, 16], block: [16, 16], args: [words(256 * 256), value(256), value(256), value(64)] },
  { kernel: "bs", grid: [64, 1], block: [256, 1], args: [words(16384), words(16384), words(16384), words(16384), words(16384), value(0.02), value(0.3)] },
  { kernel: "stencil", grid: [w / 16, w / 16], block: [16, 16], args: [words(w * w), words(w * w), value(w), value(w)] },
  { kernel: "sobel", grid: [w / 16, w / 16], block: [16, 16], args: [words(w * w), words(w * w), value(w), value(w)] },
  { kernel: "reduce", grid: [n / 256, 1], block: [256, 1], args: [words(n), words(n / 256)], shared: 1024 },
  { kernel: "hist_global", grid: [n / 256, 1], block: [256, 1], args: [words(n), words(256)] },
  { kernel: "hist_local", grid: [n / 4096, 1], block: [256, 1], args: [words(n), words(256), value(16)] },
  { kernel: "scan_block", grid: [n / 512, 1], block: [256, 1], args: [words(n), words(n), words(n / 512)], shared: 2048 },
  { kernel: "scan_add", grid: [n / 512, 1], block: [256, 1], args: [words(n), words(n / 512)] },
  { kernel: "bitonic", grid: [n / 256, 1], block: [256, 1], args: [words(n), value(8), value(64)] },
  { kernel: "counter", grid: [n / 256, 1], block: [256, 1], args: [words(1)] },
];

interface Prepared {
  readonly start: (stream?: number) => void;
  readonly digest: () => string;
}

function prepare(process: HostProcess, module: number, launch: Launch): Prepared {
  const { cuda } = process.throwing;
  const fn = cuda.cuModuleGetFunction(module as never, launch.kernel);
  const buffers: { readonly at: number; readonly length: number }[] = [];
  const args = launch.args.map((arg, i) => {
    if ("value" in arg) return arg.value;
    const at = (launch.managed === true ? cuda.cuMemAllocManaged(4 * arg.words, 1) : cuda.cuMemAlloc(4 * arg.words)) as number;
    const data = noise(arg.words, i + 1);
    if (launch.managed === true) process.view(at, 4 * arg.words).set(new Uint8Array(data.buffer));
    else cuda.cuMemcpyHtoD(at as never, data, 4 * arg.words);
    buffers.push({ at, length: arg.words });
    return at;
  });
  return {
    start: (stream) => void process.cuda.cuLaunchKernel(fn, launch.grid[0], launch.grid[1], 1, launch.block[0], launch.block[1], 1, launch.shared ?? 0, (stream ?? null) as never, args, null),
    digest: () => {
      const hash = createHash("sha256");
      for (const { at, length } of buffers) {
        const bytes = new Uint8Array(4 * length);
        if (launch.managed === true) bytes.set(process.view(at, 4 * length));
        else cuda.cuMemcpyDtoH(bytes, at as never, bytes.length);
        hash.update(bytes);
      }
      return hash.digest("hex");
    },
  };
}

/** What can be seen of a machine on which `scene` ran. */
function seen(options: MachineOptions, scene: (process: HostProcess, module: number) => unknown): unknown {
  const machine = createMachine({ trace: true, ...options });
  const process = machine.process("p");
  const { cuda } = process.throwing;
  cuda.cuInit(0);
  cuda.cuCtxCreate(null, 0, 0);
  const result = scene(process, cuda.cuModuleLoadData(ptx) as number);
  const trace = createHash("sha256").update(JSON.stringify(machine.trace())).digest("hex");
  const all = { result, trace, events: machine.trace().length, now: machine.now, diagnostics: machine.diagnostics().map(({ kind, message }) => ({ kind, message })) };
  machine.dispose();
  return all;
}

function sameForAll(scene: (process: HostProcess, module: number) => unknown, options: MachineOptions = {}): unknown {
  const [one, ...more] = [1, 2, 3].map((workers) => seen({ ...options, workers }, scene));
  for (const other of more) expect(other).toEqual(one);
  return one;
}

describe("the benchmark kernels", () => {
  for (const launch of launches) {
    test(launch.kernel, () => {
      sameForAll((process, module) => {
        const { start, digest } = prepare(process, module, launch);
        start();
        start();
        return [process.cuda.cuCtxSynchronize(), digest()];
      });
    });
  }
});

test("a launch that faults in the middle: the same group, the same message, the same time", () => {
  const result = sameForAll((process, module) => {
    prepare(process, module, { kernel: "mandel", grid: [64, 256], block: [16, 16], args: [words(2 ** 20), value(1024), value(4096), value(16)] }).start();
    return process.cuda.cuCtxSynchronize();
  }) as { result: number };
  expect(result.result).toBe(700);
});

test("managed memory that migrates on demand", () => {
  sameForAll((process, module) => {
    const { start, digest } = prepare(process, module, { ...launches[0]!, managed: true });
    start();
    return [process.cuda.cuCtxSynchronize(), digest()];
  });
});

test("launches of two streams beside one another", () => {
  sameForAll((process, module) => {
    const { cuda } = process.throwing;
    const prepared = [4, 7, 9].map((i) => prepare(process, module, launches[i]!));
    const streams = prepared.map(() => cuda.cuStreamCreate(1) as number);
    prepared.forEach(({ start }, i) => { start(streams[i]); });
    prepared.forEach(({ start }, i) => { start(streams[i]); });
    return [process.cuda.cuCtxSynchronize(), ...prepared.map(({ digest }) => digest())];
  });
});

for (const preemption of ["thread-group", "instruction", "dispatch"] as const) {
  test(`two contexts that take turns, at ${preemption} granularity`, () => {
    sameForAll((process, module) => {
      const { cuda } = process.throwing;
      const first = prepare(process, module, launches[4]!);
      first.start();
      cuda.cuCtxCreate(null, 0, 0);
      const second = prepare(process, cuda.cuModuleLoadData(ptx) as number, launches[7]!);
      second.start();
      return [process.cuda.cuCtxSynchronize(), second.digest()];
    }, { gpus: ["tiny"], preemption, timesliceNs: 20_000 });
  });
}

test("without shared memory there are no threads, and everything is as with one", () => {
  const scene = (process: HostProcess, module: number): unknown => {
    const { start, digest } = prepare(process, module, launches[4]!);
    start();
    return [process.cuda.cuCtxSynchronize(), digest()];
  };
  const one = seen({}, scene);
  vi.stubGlobal("SharedArrayBuffer", undefined);
  expect(deviceThreads(2)).toBeNull();
  expect(seen({ workers: 2 }, scene)).toEqual(one);
});

test("numbers of threads that there cannot be", () => {
  for (const workers of [0, 9, 1.5, Number.NaN]) expect(() => createMachine({ workers })).toThrow(RangeError);
});

test("a page that is mapped twice is told from others", () => {
  const store = new LinearStore(2 ** 24);
  const table = GpuPageTable.create(store, 0x1000_0000, 2 ** 24)!;
  const page = store.allocatePages(65536)!;
  table.map(0x1000_0000, page, 65536, PTE_READ | PTE_WRITE);
  expect(store.soleMapping(page)).toBe(true);
  table.map(0x1002_0000, page, 65536, PTE_READ);
  expect(store.soleMapping(page)).toBe(false);
  table.unmap(0x1000_0000, 65536);
  expect(store.soleMapping(page)).toBe(true);
  table.unmap(0x1002_0000, 65536);
});

test("threads that sleep do not keep a process alive, and end with it", () => {
  const script = (end: string): string => `
    const { Worker } = require("node:worker_threads");
    const worker = new Worker(${JSON.stringify(threadSource)}, { eval: true });
    worker.unref();
    const at = { round: 0, letters: 5, patience: 10 };
    worker.postMessage({ begin: { at, me: 0, letters: 0, control: new SharedArrayBuffer(64), tasks: new SharedArrayBuffer(64) } });
    setTimeout(() => { ${end} }, 300);
  `;
  for (const [end, code] of [["", 0], ["process.exit(3)", 3]] as const) expect(spawnSync(process.execPath, ["-e", script(end)], { timeout: 20_000 }).status).toBe(code);
});
