import type { Caller } from "../../../api/caller.ts";
import type { Blocking } from "../../../kernel/process/wait.ts";
import type { Sys } from "../../../kernel/sys/sys.ts";
import type { SyncPoint } from "../../../kernel/sys/uapi.ts";
import type { CUresult } from "../../abi/driver/enums.ts";
import { stickyOf } from "./enter.ts";
import { frontier, type Stream } from "./stream.ts";
import { waitPoints } from "./wait.ts";

/** One host function in a stream. */
interface HostItem {
  readonly after: readonly SyncPoint[];
  readonly point: number;
  /** Runs it with the state of the context: 0, or the error. */
  readonly run: (status: CUresult) => unknown;
}

function isGenerator(value: unknown): value is Blocking<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { next?: unknown }).next === "function";
}

/**
 * Host functions of one stream, run one after another by a helper thread of the driver. Each has a point on a timeline that only this thread signals,
 * so that the stream's later work waits for it like for any other work.
 */
export class HostLine {
  private readonly stream: Stream;
  private readonly timeline: number;
  /** Word that counts pushed items: what the helper thread sleeps on. */
  private readonly word: number;
  private readonly items: HostItem[] = [];
  private pushed = 0;
  private closed = false;

  private constructor(stream: Stream, timeline: number, word: number) {
    this.stream = stream;
    this.timeline = timeline;
    this.word = word;
  }

  /** Starts a stream's helper thread. @returns the line, or a negative errno. */
  static create(t: Caller, stream: Stream): HostLine | number {
    const arg = { flags: 0, handle: 0 };
    const error = t.sys.ioctl(stream.context.device.fd, "DRM_IOCTL_SYNCOBJ_CREATE", arg);
    if (error < 0) return error;
    const word = stream.context.driver.slots.take(t);
    if (word < 0) return word;
    const line = new HostLine(stream, arg.handle, word);
    t.sys.clone("cuda-callbacks", (sys) => line.serve(t, sys));
    return line;
  }

  /** Puts a function at the end of the stream. */
  push(t: Caller, run: (status: CUresult) => unknown): void {
    const point = ++this.pushed;
    this.items.push({ after: frontier(this.stream), point, run });
    this.stream.advance(this.timeline, point);
    this.ring(t);
  }

  /** No more will come; what is here still runs. */
  close(t: Caller): void {
    this.closed = true;
    this.ring(t);
  }

  private ring(t: Caller): void {
    t.sys.store32(this.word, ((t.sys.load32(this.word) ?? 0) + 1) >>> 0);
    t.sys.futexWake(this.word, 1);
  }

  /** Body of the helper thread. `t` stands for the library; the calls are the thread's own. */
  private *serve(t: Caller, sys: Sys): Blocking<void> {
    const { context } = this.stream;
    const own: Caller = {
      sys, process: t.process, thread: t.thread, diagnostics: t.diagnostics, call: "host function",
      processState: (key) => t.processState(key), threadState: (key) => t.threadState(key),
    };
    for (;;) {
      const seen = sys.load32(this.word) ?? 0;
      const item = this.items.shift();
      if (item === undefined) {
        if (this.closed) break;
        yield* sys.futexWait(this.word, seen, null, `a host function in stream ${this.stream.id}`);
        continue;
      }
      yield* waitPoints(own, context.device, item.after);
      const status = stickyOf(own, context);
      context.driver.callbackThreads.add(sys.tid);
      try {
        const result = item.run(status);
        if (isGenerator(result)) yield* result;
      } finally {
        context.driver.callbackThreads.delete(sys.tid);
      }
      sys.ioctl(context.device.fd, "DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL", { handles: [this.timeline], points: [item.point] });
    }
    context.driver.slots.give(this.word);
  }
}
