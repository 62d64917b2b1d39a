import type { Caller } from "../../../api/caller.ts";
import { Errno } from "../../../kernel/errors.ts";
import type { Blocking } from "../../../kernel/process/wait.ts";
import type { Sys } from "../../../kernel/sys/sys.ts";
import type { SyncPoint } from "../../../kernel/sys/uapi.ts";
import type { CUresult } from "../../abi/driver/enums.ts";
import type { Context } from "./context.ts";
import { stickyOf } from "./enter.ts";
import { frontier, type Stream } from "./stream.ts";
import { waitPoints } from "./wait.ts";

/** How long the helper waits before it signals again what the kernel had no memory for, ns. */
const SIGNAL_PAUSE = 100_000;
/** How often the helper is rung for at most. */
const WAKE_TRIES = 64;

/** One host function in a stream. */
interface HostItem {
  readonly after: readonly SyncPoint[];
  readonly point: number;
  /** Runs it with the state of the context: 0, or the error; `own` makes the system calls of the helper thread. */
  readonly run: (status: CUresult, own: Caller) => unknown;
}

function isGenerator(value: unknown): value is Blocking<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { next?: unknown }).next === "function";
}

/**
 * Host functions of one stream (or of a graph), run one after another by a helper thread of the driver. Each has a point on a timeline that only this thread signals,
 * so that later work waits for it like for any other work.
 */
export class HostLine {
  readonly context: Context;
  private readonly owner: string;
  readonly timeline: number;
  /** Word that counts pushed items: what the helper thread sleeps on. */
  private readonly word: number;
  private readonly items: HostItem[] = [];
  private pushed = 0;
  private closed = false;

  private constructor(context: Context, owner: string, timeline: number, word: number) {
    this.context = context;
    this.owner = owner;
    this.timeline = timeline;
    this.word = word;
  }

  /** Starts a helper thread. @param owner whose functions it runs: "stream 3". @returns the line, or a negative errno. */
  static create(t: Caller, context: Context, owner: string): HostLine | number {
    const arg = { flags: 0, handle: 0 };
    const error = t.sys.ioctl(context.device.fd, "DRM_IOCTL_SYNCOBJ_CREATE", arg);
    if (error < 0) return error;
    const { slots } = context.driver;
    const word = slots.take(t);
    const line = new HostLine(context, owner, arg.handle, word);
    const started = word < 0 ? word : t.sys.clone("cuda-callbacks", (sys) => line.serve(t, sys));
    if (started >= 0) return line;
    if (word >= 0) slots.give(word);
    t.sys.ioctl(context.device.fd, "DRM_IOCTL_SYNCOBJ_DESTROY", { handle: arg.handle });
    return started;
  }

  /** Puts a function at the end of the stream whose line it is. */
  push(t: Caller, stream: Stream, run: (status: CUresult) => unknown): void {
    stream.advance(this.timeline, this.pushAfter(t, frontier(stream), run));
  }

  /** Puts a function behind these points (and behind the functions before it here). @returns its point on the line's timeline */
  pushAfter(t: Caller, after: readonly SyncPoint[], run: (status: CUresult, own: Caller) => unknown): number {
    const point = ++this.pushed;
    const item: HostItem = { after, point, run };
    this.items.push(item);
    t.sys.watch?.release(item);
    this.ring(t);
    return point;
  }

  /** No more will come; what is here still runs. */
  close(t: Caller): void {
    this.closed = true;
    this.ring(t);
  }

  private ring(t: Caller): void {
    t.sys.store32(this.word, ((t.sys.load32(this.word) ?? 0) + 1) >>> 0);
    for (let tries = 0; tries < WAKE_TRIES && t.sys.futexWake(this.word, 1) < 0; tries++);
  }

  /** Body of the helper thread. `t` stands for the library; the calls are the thread's own. */
  private *serve(t: Caller, sys: Sys): Blocking<void> {
    const { context } = this;
    const own: Caller = {
      sys, process: t.process, thread: t.thread, diagnostics: t.diagnostics, call: "host function",
      processState: (key) => t.processState(key), threadState: (key) => t.threadState(key),
    };
    for (;;) {
      const seen = sys.load32(this.word) ?? 0;
      const item = this.items.shift();
      if (item === undefined) {
        if (this.closed) break;
        const result = yield* sys.futexWait(this.word, seen, null, `a host function in ${this.owner}`);
        if (result === -Errno.EFAULT) yield* sys.nanosleep(SIGNAL_PAUSE);
        continue;
      }
      // Nobody could be told: the order of a stream is kept whatever it takes. On a device that is gone all is over.
      for (let error = -1; error < 0 && error !== -Errno.ENODEV; ) error = yield* waitPoints(own, context.device, item.after);
      sys.watch?.acquire(item);
      const status = stickyOf(own, context);
      context.driver.callbackThreads.add(sys.tid);
      try {
        const result = item.run(status, own);
        if (isGenerator(result)) yield* result;
      } finally {
        context.driver.callbackThreads.delete(sys.tid);
      }
      for (let error = -1; error < 0 && error !== -Errno.ENODEV; ) {
        error = sys.ioctl(context.device.fd, "DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL", { handles: [this.timeline], points: [item.point] });
        if (error < 0) yield* sys.nanosleep(SIGNAL_PAUSE);
      }
    }
    context.driver.slots.give(this.word);
  }
}
