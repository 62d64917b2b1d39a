import { readFileSync } from "node:fs";
import { createMachine, type HostProcess, type Machine } from "../../../src/index.ts";
import type { CUfunction, CUmodule } from "../../../src/cuda/entry/cuda.ts";

/** Architectures that the samples were compiled for, with a GPU of each kind or newer. */
export const architectures: readonly { readonly arch: string; readonly gpu: string }[] = [{ arch: "sm_75", gpu: "a100-pcie-40gb" }, { arch: "sm_90", gpu: "h100-sxm-80gb" }];

/** PTX of a sample as nvcc wrote it. */
export function sampleText(arch: string, name: string): string {
  return readFileSync(new URL(`../../fixtures/ptx/${arch}/${name}.ptx`, import.meta.url), "utf8");
}

type Numbers = Int32Array | Uint32Array | Uint8Array | Uint16Array | Float32Array | Float64Array | BigInt64Array | BigUint64Array;

/** A kernel argument: numbers as the kernel's signature takes them, or the bytes of a struct. */
export type Argument = number | bigint | Numbers;

/** How a kernel is launched; everything else is one. */
export interface Shape {
  readonly grid?: readonly [number, number?, number?];
  readonly block?: readonly [number, number?, number?];
  readonly shared?: number;
  readonly cooperative?: boolean;
}

/** A machine with one GPU, a process with a context on it and a sample loaded: everything goes through the driver API. */
export class SampleHost {
  readonly machine: Machine;
  readonly process: HostProcess;
  readonly module: CUmodule;
  private readonly functions = new Map<string, CUfunction>();

  constructor(gpu: string, text: string) {
    this.machine = createMachine({ gpus: [gpu] });
    this.process = this.machine.process("sample");
    const { cuda } = this;
    cuda.cuInit(0);
    cuda.cuCtxCreate(null, 0, 0);
    this.module = cuda.cuModuleLoadData(text);
  }

  get cuda(): HostProcess["throwing"]["cuda"] {
    return this.process.throwing.cuda;
  }

  /** Device memory with these bytes, or that many zero ones; its address. */
  buffer(data: Numbers | number): number {
    const bytes = typeof data === "number" ? data : data.byteLength;
    const at = this.cuda.cuMemAlloc(bytes) as number;
    if (typeof data === "number") this.cuda.cuMemsetD8(at as never, 0, bytes);
    else this.write(at, data);
    return at;
  }

  write(at: number, data: Numbers): void {
    this.cuda.cuMemcpyHtoD(at as never, data, data.byteLength);
  }

  /** Fills an array from an address. */
  read<T extends Numbers>(at: number, into: T): T {
    this.cuda.cuMemcpyDtoH(into, at as never, into.byteLength);
    return into;
  }

  function(kernel: string): CUfunction {
    let fn = this.functions.get(kernel);
    if (fn === undefined) this.functions.set(kernel, fn = this.cuda.cuModuleGetFunction(this.module, kernel));
    return fn;
  }

  /** Launches and waits. */
  launch(kernel: string, shape: Shape, ...args: readonly Argument[]): void {
    const { grid = [1], block = [1], shared = 0 } = shape;
    const launch = shape.cooperative === true ? this.cuda.cuLaunchCooperativeKernel : null;
    const sizes = [grid[0], grid[1] ?? 1, grid[2] ?? 1, block[0], block[1] ?? 1, block[2] ?? 1] as const;
    if (launch === null) this.cuda.cuLaunchKernel(this.function(kernel), ...sizes, shared, null, args, null);
    else launch(this.function(kernel), ...sizes, shared, null, args);
    this.cuda.cuCtxSynchronize();
  }

  /** Code of `cuCtxSynchronize` after a launch that should fail. */
  failure(kernel: string, shape: Shape, ...args: readonly Argument[]): number {
    const { grid = [1], block = [1], shared = 0 } = shape;
    const { cuda } = this.process;
    const code = cuda.cuLaunchKernel(this.function(kernel), grid[0], grid[1] ?? 1, grid[2] ?? 1, block[0], block[1] ?? 1, block[2] ?? 1, shared, null, args, null);
    return code === 0 ? cuda.cuCtxSynchronize() : code;
  }

  close(): void {
    this.machine.checkInvariants();
    this.machine.dispose();
  }
}

/** A repeatable generator of numbers from 0 to 1. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 0) / 2 ** 32;
  };
}

export function floats(n: number, seed: number, low = 0, high = 1): Float32Array<ArrayBuffer> {
  const next = random(seed);
  return Float32Array.from({ length: n }, () => low + next() * (high - low));
}

export function ints(n: number, seed: number, limit: number): Int32Array<ArrayBuffer> {
  const next = random(seed);
  return Int32Array.from({ length: n }, () => Math.floor(next() * limit));
}
