/** A device buffer, and a kernel with its arguments: numbers that the host knows. */
export type Memory = number;
export type Started = number;

/** A kernel argument: a buffer, room of that many bytes of local memory, or the bytes of a value. */
export type Argument = Memory | { readonly local: number } | Int32Array | Uint32Array | Float32Array;

/** The few calls that the cases need; made of OpenCL and of CUDA. */
export interface BenchHost {
  /** A buffer with the bytes of `data`, or that many zero bytes. */
  buffer(data: ArrayBufferView | number): Memory;
  write(memory: Memory, data: ArrayBufferView): void;
  /** Fills `into` from the start of a buffer. */
  read<T extends ArrayBufferView>(memory: Memory, into: T): T;
  kernel(name: string, ...args: readonly Argument[]): Started;
  setArg(kernel: Started, index: number, arg: Argument): void;
  enqueue(kernel: Started, global: readonly number[], local: readonly number[]): void;
  finish(): void;
}

/** A prepared benchmark: what is timed, what is not, and whether the result is right. */
export interface Prepared {
  /** Enqueues and finishes: the timed part. */
  readonly run: () => void;
  /** Before each run, not timed. */
  readonly reset?: () => void;
  /** After the first run: what is wrong with the result, or null. */
  readonly check: () => string | null;
}

/** One benchmark of bench/kernels.cl (and kernels.cu). */
export interface Case {
  /** As in recorded.json. */
  readonly name: string;
  readonly workItems: number;
  readonly prepare: (host: BenchHost) => Prepared;
}

/** A repeatable generator of numbers from 0 to 1. */
export function noise(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** `length` single-precision numbers from `low` to `high`. */
export function floats(length: number, seed: number, low: number = 0, high: number = 1): Float32Array {
  const next = noise(seed);
  return Float32Array.from({ length }, () => low + next() * (high - low));
}

/** Compares with a reference within a relative tolerance; says where it differs first. */
export function differs(got: ArrayLike<number>, want: (index: number) => number, tolerance: number = 0, step: number = 1): string | null {
  for (let i = 0; i < got.length; i += step) {
    const expected = want(i);
    const off = Math.abs(got[i]! - expected);
    if (!(off <= tolerance * Math.max(1, Math.abs(expected)))) return `element ${i} is ${got[i]}, should be ${expected}`;
  }
  return null;
}
