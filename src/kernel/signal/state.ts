import type { Blocking } from "../process/wait.ts";
import { isUnblockable, SIGRTMIN } from "./numbers.ts";

/** What comes with a signal (siginfo_t, as far as this kernel fills it). */
export interface SigInfo {
  readonly signo: number;
  /** Who sent it: a pid, or 0 for the kernel. */
  readonly pid: number;
  readonly uid: number;
  /** SIGCHLD: the child's exit status as waitpid gives it. Else 0. */
  readonly status: number;
}

/** Default disposition. */
export const SIG_DFL = "default" as const;
/** The signal is discarded. */
export const SIG_IGN = "ignore" as const;

/**
 * A handler: runs in the thread that takes the signal, at its next return from a system call. A generator may block; a plain function may not. The
 * generator's calls are scheduling points like any other's.
 */
export type SignalHandler = (signo: number, info: SigInfo) => Blocking<void> | void;

/** sigaction(2)'s flags, Linux values. */
export const SA_NOCLDSTOP = 1;
export const SA_NOCLDWAIT = 2;
export const SA_RESTART = 0x10000000;
export const SA_NODEFER = 0x40000000;
export const SA_RESETHAND = 0x80000000;

/** What a process does with a signal. */
export interface SigAction {
  readonly handler: SignalHandler | typeof SIG_DFL | typeof SIG_IGN;
  /** Signals that are blocked while the handler runs, besides its own. */
  readonly mask: readonly number[];
  readonly flags: number;
}

const DEFAULT: SigAction = { handler: SIG_DFL, mask: [], flags: 0 };

/** Signals that wait to be taken. One of a kind, but real-time ones queue. */
export class PendingSignals {
  private list: SigInfo[] = [];

  get size(): number {
    return this.list.length;
  }

  /** Numbers, ascending. */
  numbers(): number[] {
    return [...new Set(this.list.map((info) => info.signo))].toSorted((a, b) => a - b);
  }

  has(signo: number): boolean {
    return this.list.some((info) => info.signo === signo);
  }

  add(info: SigInfo): void {
    if (info.signo < SIGRTMIN && this.has(info.signo)) return;
    this.list.push(info);
  }

  /** The lowest signal that is not blocked, oldest first; it stays. */
  peek(blocked: ReadonlySet<number>): SigInfo | undefined {
    let best: SigInfo | undefined;
    for (const info of this.list) if (!blocked.has(info.signo) && (best === undefined || info.signo < best.signo)) best = info;
    return best;
  }

  take(info: SigInfo): void {
    this.list.splice(this.list.indexOf(info), 1);
  }

  /** Forgets all signals of a kind. */
  discard(signo: number): void {
    this.list = this.list.filter((info) => info.signo !== signo);
  }

  clear(): void {
    this.list = [];
  }
}

/** A process's dispositions, and what was sent to it as a whole. */
export class ProcessSignals {
  readonly pending: PendingSignals = new PendingSignals();
  private actions = new Map<number, SigAction>();

  action(signo: number): SigAction {
    return this.actions.get(signo) ?? DEFAULT;
  }

  setAction(signo: number, action: SigAction): void {
    this.actions.set(signo, action);
  }

  /** fork: dispositions are inherited, pending signals are not. */
  fork(): ProcessSignals {
    const child = new ProcessSignals();
    child.actions = new Map(this.actions);
    return child;
  }

  /** exec: handlers are gone with the program; what is ignored stays ignored. */
  exec(): void {
    for (const [signo, action] of [...this.actions]) if (typeof action.handler === "function") this.actions.delete(signo);
  }
}

/** A blocked set without those that cannot be blocked. */
export function blockable(signals: Iterable<number>): Set<number> {
  return new Set([...signals].filter((signo) => !isUnblockable(signo)));
}
