import type { Process } from "../kernel/process/process.ts";
import type { Thread } from "../kernel/process/thread.ts";
import type { Sys } from "../kernel/sys/sys.ts";
import type { Diagnostics } from "./diagnostics.ts";

/**
 * Who makes an API call: a thread of a process. Every implementation function takes it first. It is all that a user-mode driver has:
 * system calls, room for its own per-process and per-thread state, and a place to explain errors.
 */
export interface Caller {
  readonly sys: Sys;
  readonly process: Process;
  readonly thread: Thread;
  readonly diagnostics: Diagnostics;
  /** Name of the API function being called; set by the binding before each call. */
  call: string;
  /** Library state of the process (made on first use). */
  processState<T>(key: StateKey<T>): T;
  /** Library state of the thread (made on first use). */
  threadState<T>(key: StateKey<T>): T;
}

// Slot 0 of a thread holds its caller (bind.ts).
let nextIndex = 1;

/** A library's private state, one for each process or thread. Make keys at module level. */
export interface StateKey<T> {
  readonly name: string;
  readonly index: number;
  readonly init: (t: Caller) => T;
}

/** Makes the key of a piece of library state. `init` makes the state when a caller first asks for it. */
export function stateKey<T>(name: string, init: (t: Caller) => T): StateKey<T> {
  return { name, index: nextIndex++, init };
}
