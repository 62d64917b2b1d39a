import type { Kernel } from "../machine.ts";
import type { Thread } from "../process/thread.ts";
import type { Blocking } from "../process/wait.ts";
import { mutant } from "../mutants.ts";
import { defaultAction } from "./numbers.ts";
import { blockable, SA_NODEFER, SA_RESETHAND, SA_RESTART, SIG_DFL, type SigAction, type SigInfo } from "./state.ts";

/** What became of the signals that a thread had when it returned to its program. */
export type Delivered = "none" | "restart" | "interrupt";

interface Taken {
  readonly info: SigInfo;
  readonly action: SigAction;
}

/** Whether a thread has a signal to take. */
export function hasSignal(thread: Thread): boolean {
  if (thread.pending.size === 0 && thread.process.signals.pending.size === 0) return false;
  return thread.pending.peek(thread.blocked) !== undefined || thread.process.signals.pending.peek(thread.blocked) !== undefined;
}

const GeneratorFunction = Object.getPrototypeOf(function* () {}).constructor as new () => unknown;

/**
 * Takes the next signal that has a handler off the thread; default actions happen on the way.
 * @param atOnce leaves signals alone whose handlers are generators
 */
function take(kernel: Kernel, thread: Thread, atOnce: boolean): Taken | null {
  const { process } = thread;
  while (thread.state !== "dead") {
    const own = thread.pending.peek(thread.blocked);
    const shared = process.signals.pending.peek(thread.blocked);
    const info = own ?? shared;
    if (info === undefined || (atOnce && process.signals.action(info.signo).handler instanceof GeneratorFunction)) return null;
    (own === undefined ? process.signals.pending : thread.pending).take(info);
    const action = process.signals.action(info.signo);
    if (kernel.trace.enabled) kernel.trace.emit("signal:signal_deliver", { sig: info.signo, errno: 0, code: info.pid === 0 ? 128 : 0, sa_flags: action.flags });
    if (typeof action.handler === "function") return { info, action };
    if (action.handler !== SIG_DFL) continue;
    const what = defaultAction(info.signo);
    if (what === "stop") process.stopAll(info.signo);
    else if (what !== "ignore" && what !== "continue") process.terminate({ code: 128 + info.signo, signal: info.signo });
  }
  return null;
}

/** Sets the mask that holds in a handler; gives the old one. */
function enter(thread: Thread, { info, action }: Taken): ReadonlySet<number> {
  const before = thread.blocked;
  if (!mutant("handler-own-signal-unblocked")) {
    thread.blocked = blockable([...before, ...action.mask, ...((action.flags & SA_NODEFER) === 0 ? [info.signo] : [])]);
  }
  if ((action.flags & SA_RESETHAND) !== 0) thread.process.signals.setAction(info.signo, { handler: SIG_DFL, mask: [], flags: 0 });
  return before;
}

/** Runs the handlers of what a thread has to take, in the thread. "interrupt": one of them was installed without SA_RESTART. */
export function* deliver(kernel: Kernel, thread: Thread): Blocking<Delivered> {
  let result: Delivered = "none";
  for (let taken = take(kernel, thread, false); taken !== null; taken = take(kernel, thread, false)) {
    const before = enter(thread, taken);
    const running = (taken.action.handler as Exclude<SigAction["handler"], string>)(taken.info.signo, taken.info);
    if (running !== undefined) yield* running;
    thread.blocked = before;
    if (result !== "interrupt") result = (taken.action.flags & SA_RESTART) !== 0 ? "restart" : "interrupt";
  }
  return result;
}

/** Runs handlers that are plain functions, where a call that cannot block returns; the others wait for a call that can. */
export function deliverNow(kernel: Kernel, thread: Thread): void {
  for (let taken = take(kernel, thread, true); taken !== null; taken = take(kernel, thread, true)) {
    const before = enter(thread, taken);
    const plain = taken.action.handler as (signo: number, info: SigInfo) => void;
    plain(taken.info.signo, taken.info);
    thread.blocked = before;
  }
}
