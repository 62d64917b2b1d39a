import { Errno } from "../../errors.ts";
import { WaitQueue, type Blocking } from "../../process/wait.ts";
import { checkAction, dropIgnored, kill, tgkill } from "../../signal/send.ts";
import { isSignal } from "../../signal/numbers.ts";
import { blockable, type SigAction } from "../../signal/state.ts";
import { SocketCalls } from "./sockets.ts";

/** sigprocmask(2)'s ways. */
export const SIG_BLOCK = 0;
export const SIG_UNBLOCK = 1;
export const SIG_SETMASK = 2;

/** System calls on signals. */
export abstract class SignalCalls extends SocketCalls {
  kill(pid: number, signo: number): number {
    this.charge();
    return this.returning(kill(this.kernel, this.process, pid, signo));
  }

  tgkill(pid: number, tid: number, signo: number): number {
    this.charge();
    return this.returning(tgkill(this.kernel, this.process, pid, tid, signo));
  }

  /** raise(3): to the calling thread. */
  raise(signo: number): number {
    return this.tgkill(this.pid, this.tid, signo);
  }

  sigaction(signo: number, action: SigAction | null, old: { action: SigAction } | null = null): number {
    this.charge();
    const { signals } = this.process;
    if (!isSignal(signo)) return -Errno.EINVAL;
    if (old !== null) old.action = signals.action(signo);
    if (action === null) return 0;
    const bad = checkAction(this.process, signo);
    if (bad < 0) return bad;
    signals.setAction(signo, action);
    dropIgnored(this.process, signo);
    return 0;
  }

  sigprocmask(how: number, set: readonly number[] | null): readonly number[] | number {
    this.charge();
    const old = [...this.thread.blocked].toSorted((a, b) => a - b);
    if (set === null) return old;
    const { blocked } = this.thread;
    if (how === SIG_BLOCK) this.thread.blocked = blockable([...blocked, ...set]);
    else if (how === SIG_UNBLOCK) this.thread.blocked = new Set([...blocked].filter((signo) => !set.includes(signo)));
    else if (how === SIG_SETMASK) this.thread.blocked = blockable(set);
    else return -Errno.EINVAL;
    this.returning(0);
    return old;
  }

  sigpending(): readonly number[] {
    this.charge();
    return [...new Set([...this.thread.pending.numbers(), ...this.process.signals.pending.numbers()])].filter((signo) => this.thread.blocked.has(signo)).toSorted((a, b) => a - b);
  }

  /** Waits until a handler has run: -EINTR. */
  *pause(): Blocking<number> {
    this.charge();
    return yield* this.interruptible(() => this.sleepForSignal(), "never");
  }

  /** sigsuspend(2): pause with another mask, which is taken back before the call returns. */
  *sigsuspend(mask: readonly number[]): Blocking<number> {
    this.charge();
    const before = this.thread.blocked;
    this.thread.blocked = blockable(mask);
    try {
      return yield* this.interruptible(() => this.sleepForSignal(), "never");
    } finally {
      this.thread.blocked = before;
    }
  }

  private *sleepForSignal(): Blocking<number> {
    yield { queue: new WaitQueue(), deadline: null, what: "a signal", interruptible: true };
    return -Errno.ERESTARTSYS;
  }

  *nanosleep(ns: number): Blocking<number> {
    this.charge();
    const until = this.kernel.clock.now + Math.max(0, Math.ceil(ns));
    return yield* this.interruptible(() => this.sleepUntil(until), "never");
  }

  private *sleepUntil(deadline: number): Blocking<number> {
    const reason = yield { queue: null, deadline, what: `the time ${deadline} ns`, interruptible: true };
    return reason === "interrupted" ? -Errno.ERESTARTSYS : 0;
  }
}
