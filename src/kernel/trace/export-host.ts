import type { Slice, TimelineBuilder } from "./export-timeline.ts";
import type { TraceEvent } from "./tracer.ts";

/** What a thread is in the middle of. */
interface OpenThread {
  readonly track: number;
  readonly stack: Slice[];
  closed: Slice | null;
}

/** Handles begin above this; smaller values that are not 0 are an API's error codes. */
const FIRST_HANDLE = 2 ** 32;

/** Marks worth a place on a thread's track, with what they are called there. */
const threadMarks: Readonly<Record<string, { readonly name: string; readonly bad: boolean }>> = {
  "sched:sched_process_fork": { name: "fork", bad: false },
  "sched:sched_process_exit": { name: "exit", bad: false },
  "signal:signal_deliver": { name: "signal", bad: true },
};

/** Bars of host threads: API calls, and inside them the time asleep: in a futex, or in an ioctl that waits for fences. */
export class HostSlices {
  private readonly builder: TimelineBuilder;
  private readonly threads = new Map<number, OpenThread>();
  private readonly names = new Map<number, string>();

  constructor(builder: TimelineBuilder) {
    this.builder = builder;
  }

  /** Innermost bar that a thread is in, or null between calls. */
  openSlice(tid: number): Slice | null {
    return this.threads.get(tid)?.stack.at(-1) ?? null;
  }

  /** The bar of a thread that ended last. */
  justClosed(tid: number): Slice | null {
    return this.threads.get(tid)?.closed ?? null;
  }

  /** Track of a thread, made when it is first seen. */
  private thread(event: TraceEvent): OpenThread {
    let thread = this.threads.get(event.tid);
    if (thread === undefined) {
      thread = { track: this.builder.thread(event.pid, event.tid, this.names.get(event.tid) ?? "thread"), stack: [], closed: null };
      this.threads.set(event.tid, thread);
    }
    return thread;
  }

  /** Takes in one event. */
  see(event: TraceEvent): void {
    const { name, fields } = event;
    if (name === "sched:sched_switch") this.names.set(Number(fields["next_pid"]), String(fields["next_comm"]));
    if (event.pid === 0) return;
    if (name === "api:enter") this.open(event, "api", String(fields["call"]));
    else if (name === "api:exit") this.close(event, "api", fields["code"]);
    else if (name === "syscalls:sys_enter_futex" && fields["op"] === "FUTEX_WAIT") this.open(event, "wait", "futex wait");
    else if (name === "syscalls:sys_enter_ioctl") this.open(event, "wait", "fence wait");
    else if (name === "syscalls:sys_exit_futex" || name === "syscalls:sys_exit_ioctl") this.close(event, "wait", undefined);
    else {
      const mark = threadMarks[name];
      if (mark !== undefined) this.builder.marks.push({ track: this.thread(event).track, time: event.time, name: mark.name, pid: event.pid, bad: mark.bad, details: fields });
    }
  }

  private open(event: TraceEvent, kind: "api" | "wait", name: string): void {
    const { track, stack } = this.thread(event);
    stack.push(this.builder.begin({ track, lane: stack.length, kind, name, pid: event.pid, start: event.time, details: event.fields }));
  }

  /** Ends the innermost bar of that kind, and what was left open inside it (a call that threw). */
  private close(event: TraceEvent, kind: "api" | "wait", code: string | number | undefined): void {
    const thread = this.thread(event);
    const { stack } = thread;
    if (!stack.some((slice) => slice.kind === kind)) return; // it began before the trace did
    for (;;) {
      const slice = stack.pop()!;
      slice.end = event.time;
      thread.closed = slice;
      if (slice.kind !== kind) continue;
      slice.details = { ...slice.details, ...event.fields };
      if (typeof code === "number" && code !== 0 && code < FIRST_HANDLE) slice.ok = false;
      return;
    }
  }

  /** Ends what is still open. */
  finish(end: number): void {
    for (const { stack } of this.threads.values()) {
      for (const slice of stack) {
        slice.end = end;
        slice.details = { ...slice.details, unfinished: "yes" };
      }
    }
  }
}
