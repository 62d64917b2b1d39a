import type { Process } from "../../process/process.ts";
import type { Thread } from "../../process/thread.ts";

/** State letter and word of a thread: R running, S sleeping, D sleeping where signals do not reach, T stopped, Z zombie. */
export function stateOf(process: Process, thread: Thread): readonly [string, string] {
  if (process.exit !== null) return ["Z", "zombie"];
  if (process.stopped !== 0) return ["T", "stopped"];
  if (thread.state !== "parked") return ["R", "running"];
  const { waiting } = thread;
  return waiting === null || waiting.interruptible === true || waiting.queue === null ? ["S", "sleeping"] : ["D", "disk sleep"];
}

/** Bits of signal numbers as 16 hexadecimal digits. */
export function signalMask(numbers: Iterable<number>): string {
  let mask = 0n;
  for (const signo of numbers) mask |= 1n << BigInt(signo - 1);
  return mask.toString(16).padStart(16, "0");
}

/** Virtual time in ticks of 1/100 s, as stat files count. */
export function ticks(ns: number): number {
  return Math.floor(ns / 1e7);
}
