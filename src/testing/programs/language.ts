/** One command of a host program. Lines, buffers and events are numbers from 0 on. */
export type Command =
  /** Sets every byte of a buffer. */
  | { readonly op: "fill"; readonly line: number; readonly buffer: number; readonly value: number }
  /** Copies a whole buffer to another. */
  | { readonly op: "copy"; readonly line: number; readonly from: number; readonly to: number }
  /** Reads a buffer in the line's order, and waits for it: part of the outcome. */
  | { readonly op: "read"; readonly line: number; readonly buffer: number }
  /** The event stands for all work of the line so far. */
  | { readonly op: "record"; readonly line: number; readonly event: number }
  /** Later work of the line waits for the event as it was recorded last; never recorded: nothing. */
  | { readonly op: "wait"; readonly line: number; readonly event: number }
  /** The host waits for the line. */
  | { readonly op: "sync"; readonly line: number }
  /** A call with a mistake in it, one of three: it must be refused and change nothing. */
  | { readonly op: "bad"; readonly line: number; readonly which: number };

/** A host program of one thread. All buffers hold zeros at first. */
export interface LineProgram {
  /** Streams or in-order queues. */
  readonly lines: number;
  readonly buffers: number;
  readonly events: number;
  readonly commands: readonly Command[];
}

/** What a run of a program shows. */
export interface Outcome {
  /** Value of each `read`, in program order. */
  readonly reads: readonly number[];
  /** Value of each buffer at the end. */
  readonly buffers: readonly number[];
}

/** Bytes of a buffer. */
export const BUFFER_BYTES = 64;

/** Thrown when an API function of a generated program fails: the programs make no mistakes. */
export class ApiFailure extends Error {
  constructor(call: string, code: number) {
    super(`${call} answered ${code}`);
    this.name = "ApiFailure";
  }
}

/** A call with a mistake in it gave a code. @throws ApiFailure when it was accepted */
export function refused(which: number, code: number): void {
  if (code === 0) throw new ApiFailure(`bad call ${which}`, code);
}

/** The one value that all bytes have. @throws RangeError when they differ: a command was torn */
export function valueOf(bytes: Uint8Array): number {
  const value = bytes[0]!;
  if (bytes.some((byte) => byte !== value)) throw new RangeError(`a buffer holds parts of two commands: ${[...bytes].join(" ")}`);
  return value;
}
