import { createMachine, out, type HostProcess, type Machine } from "glassgpu";
import {
  CU_CTX_BLOCKING_SYNC, CU_MEMHOSTALLOC_DEVICEMAP, CU_STREAM_NON_BLOCKING, cuCtxCreate, cuCtxDestroy, cuCtxSynchronize, cuDeviceGet, cuInit, cuLaunchKernel, cuMemAlloc,
  cuMemcpyHtoD, cuMemcpyHtoDAsync, cuMemHostAlloc, cuMemHostGetDevicePointer, cuModuleGetFunction, cuModuleLoadData, cuStreamCreateWithPriority, cuStreamSynchronize, type CUcontext, type CUdevice,
  type CUdeviceptr, type CUfunction, type CUmodule, type CUstream,
} from "glassgpu/cuda12";
import { checker } from "../lib/check.ts";
import { kernelFile } from "../lib/files.ts";

const MIB = 2 ** 20;

/** One program on one machine. */
interface Program {
  readonly machine: Machine;
  readonly process: HostProcess;
  readonly check: (code: number) => void;
  readonly device: CUdevice;
}

function start(): Program {
  const machine = createMachine();
  const process = machine.process("app");
  machine.use(process);
  const check = checker(machine);
  check(cuInit(0));
  const device = out<CUdevice>();
  check(cuDeviceGet(device, 0));
  return { machine, process, check, device: device.value };
}

function context({ check, device }: Program): CUcontext {
  const ctx = out<CUcontext>();
  check(cuCtxCreate(ctx, CU_CTX_BLOCKING_SYNC, device));
  return ctx.value;
}

function kernel({ check }: Program, name: string): CUfunction {
  const [module, found] = [out<CUmodule>(), out<CUfunction>()];
  check(cuModuleLoadData(module, kernelFile("04_scenes.ptx")));
  check(cuModuleGetFunction(found, module.value, name));
  return found.value;
}

function alloc({ check }: Program, bytes: number): CUdeviceptr {
  const memory = out<CUdeviceptr>();
  check(cuMemAlloc(memory, bytes));
  return memory.value;
}

function stream({ check }: Program, priority: number): CUstream {
  const made = out<CUstream>();
  check(cuStreamCreateWithPriority(made, CU_STREAM_NON_BLOCKING, priority));
  return made.value;
}

/** Virtual ns that `body` takes. */
function time({ machine }: Program, body: () => void): number {
  const begin = machine.now;
  body();
  return machine.now - begin;
}

/** One more in each of n words. */
function increment({ check }: Program, f: CUfunction, words: CUdeviceptr, n: number, on: CUstream | null): void {
  check(cuLaunchKernel(f, Math.ceil(n / 256), 1, 1, 256, 1, 1, 0, on, [words, n], null));
}

/** Ten jobs. @param held one context for all of them */
export function jobs(held: boolean): number {
  const p = start();
  return time(p, () => {
    let ctx = held ? context(p) : null;
    for (let job = 0; job < 10; job++) {
      if (!held) ctx = context(p);
      const words = alloc(p, MIB);
      increment(p, kernel(p, "increment"), words, 1000, null);
      p.check(cuCtxSynchronize());
      if (!held) p.check(cuCtxDestroy(ctx));
    }
  });
}

/** Host memory for a transfer. */
function host(p: Program, bytes: number, pinned: boolean): number {
  if (!pinned) return p.process.malloc(bytes);
  const pointer = out<number>();
  p.check(cuMemHostAlloc(pointer, bytes, 0));
  return pointer.value;
}

/** A copy of 64 MiB to the GPU. */
export function copy(pinned: boolean): number {
  const p = start();
  context(p);
  const [from, to] = [host(p, 64 * MIB, pinned), alloc(p, 64 * MIB)];
  return time(p, () => p.check(cuMemcpyHtoD(to, from, 64 * MIB)));
}

/** Eight pieces of 2 MiB, each copied and worked on, in two streams. */
export function pipeline(pinned: boolean): number {
  const p = start();
  context(p);
  const f = kernel(p, "spin");
  const pieces = Array.from({ length: 8 }, () => ({ from: host(p, 2 * MIB, pinned), to: alloc(p, 2 * MIB) }));
  const streams = [stream(p, 0), stream(p, 0)];
  return time(p, () => {
    pieces.forEach(({ from, to }, i) => {
      p.check(cuMemcpyHtoDAsync(to, from, 2 * MIB, streams[i % 2]!));
      // Few threads that count long: some hundred microseconds.
      p.check(cuLaunchKernel(f, 8, 1, 1, 32, 1, 1, 0, streams[i % 2]!, [to, 6000], null));
    });
    for (const one of streams) p.check(cuStreamSynchronize(one));
  });
}

/** A kernel over the first `used` bytes of 64 MiB of the host. @param mapped in place (zero-copy), not copied before */
export function access(used: number, passes: number, mapped: boolean): number {
  const p = start();
  context(p);
  const f = kernel(p, "increment");
  const from = out<number>();
  p.check(cuMemHostAlloc(from, 64 * MIB, CU_MEMHOSTALLOC_DEVICEMAP));
  const to = alloc(p, 64 * MIB);
  return time(p, () => {
    const pointer = out<CUdeviceptr>();
    if (mapped) p.check(cuMemHostGetDevicePointer(pointer, from.value, 0));
    else p.check(cuMemcpyHtoD(to, from.value, 64 * MIB));
    for (let i = 0; i < passes; i++) increment(p, f, mapped ? pointer.value : to, used / 4, null);
    p.check(cuCtxSynchronize());
  });
}

/** From giving an urgent kernel behind sixteen others to its end. */
export function urgent(priority: number): number {
  const p = start();
  context(p);
  const [f, words] = [kernel(p, "spin"), alloc(p, 4 * 108 * 2048)];
  const [patient, hurried] = [stream(p, 0), stream(p, priority)];
  for (let i = 0; i < 16; i++) p.check(cuLaunchKernel(f, 4 * 108, 1, 1, 1024, 1, 1, 0, patient, [words, 100], null));
  const begin = p.machine.now;
  p.check(cuLaunchKernel(f, 4 * 108, 1, 1, 1024, 1, 1, 0, hurried, [words, 100], null));
  p.check(cuStreamSynchronize(hurried));
  const took = p.machine.now - begin;
  p.check(cuCtxSynchronize());
  return took;
}
