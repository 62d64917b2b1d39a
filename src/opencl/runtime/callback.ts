import type { Caller } from "../../api/caller.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import { misuse } from "./fail.ts";
import { insist } from "./insist.ts";
import { stateOf } from "./state.ts";

function isGenerator(value: unknown): value is Blocking<unknown> {
  return typeof value === "object" && value !== null && "next" in value && Symbol.iterator in value;
}

/** Runs a callback of the program that has no thread of its own to wait in. */
export function runCallback(t: Caller, call: () => unknown): void {
  const state = stateOf(t);
  state.inCallback++;
  try {
    if (isGenerator(call())) misuse(t, "this callback is called where nothing may wait: it must be a plain function, not a generator");
  } finally {
    state.inCallback--;
  }
}

/** Runs a callback on a helper thread; a generator function may wait (in the machine's sense), which OpenCL forbids for blocking calls. */
export function* callBack(t: Caller, call: () => unknown): Blocking<void> {
  const state = stateOf(t);
  state.inCallback++;
  let result: unknown;
  try {
    result = call();
  } finally {
    state.inCallback--;
  }
  if (isGenerator(result)) yield* result;
}

/** Records a blocking call from inside a callback: undefined in OpenCL ("Behavior is undefined when calling ... blocking OpenCL APIs in an event callback"). */
export function noCallback(t: Caller): void {
  if (stateOf(t).inCallback > 0) misuse(t, "a callback must not call functions that block, or that create contexts or queues; use a non-blocking call and another callback");
}

/**
 * Starts a helper thread of the process. `body` gets a caller whose system calls are the helper's own.
 */
export function startHelper(t: Caller, name: string, body: (helper: Caller) => Blocking<void>): void {
  const { call } = t;
  // What a helper does nobody else can do: it is asked for again when the kernel refuses.
  insist(() => t.sys.clone(name, function* (sys) {
    const helper: Caller = {
      sys, process: t.process, thread: t.thread, diagnostics: t.diagnostics, call,
      processState: (key) => t.processState(key),
      threadState: (key) => t.threadState(key),
    };
    yield* body(helper);
  }));
}
