/** One trace event, named as the real tracepoint is ("sched:sched_switch"). */
export interface TraceEvent {
  /** Virtual nanoseconds. */
  readonly time: number;
  readonly seq: number;
  readonly name: string;
  /** Whose doing it was: 0 and "<idle>" for the machine itself. */
  readonly pid: number;
  readonly tid: number;
  readonly comm: string;
  readonly fields: Readonly<Record<string, string | number>>;
}

/** Who runs at the moment. */
export interface TraceContext {
  readonly pid: number;
  readonly tid: number;
  readonly comm: string;
}

const idle: TraceContext = { pid: 0, tid: 0, comm: "<idle>" };

/** How many events a tracer keeps. */
export const MAX_TRACE_EVENTS = 2_000_000;

/**
 * Records what happens when it is enabled. Callers test `enabled` first, so that a disabled tracer costs one property read.
 */
export class Tracer {
  private recorded: boolean;
  private taps = 0;
  private active: boolean;
  /** Events that did not fit. */
  dropped = 0;
  private list: TraceEvent[] = [];
  private readonly clock: { readonly now: number };
  private readonly context: () => TraceContext | null;
  private readonly listeners = new Set<(event: TraceEvent) => void>();

  constructor(clock: { readonly now: number }, context: () => TraceContext | null, enabled: boolean) {
    this.clock = clock;
    this.context = context;
    this.recorded = enabled;
    this.active = enabled;
  }

  /** Whether anybody wants events: those who emit them ask first. Set: whether they are recorded. */
  get enabled(): boolean {
    return this.active;
  }

  set enabled(record: boolean) {
    this.recorded = record;
    this.active = record || this.taps > 0;
  }

  /** Whether events are recorded here. */
  get recording(): boolean {
    return this.recorded;
  }

  /** Events for somebody else, recorded here or not: the trace file system. The result ends that. */
  tap(listener: (event: TraceEvent) => void): () => void {
    this.taps++;
    this.active = true;
    const off = this.on(listener);
    return () => {
      off();
      this.taps--;
      this.active = this.recorded || this.taps > 0;
    };
  }

  /** Records an event of whoever runs now. */
  emit(name: string, fields: Readonly<Record<string, string | number>>): void {
    if (!this.active) return;
    const who = this.context() ?? idle;
    const event: TraceEvent = { time: this.clock.now, seq: this.list.length + this.dropped, name, pid: who.pid, tid: who.tid, comm: who.comm, fields };
    if (this.recorded) {
      if (this.list.length < MAX_TRACE_EVENTS) this.list.push(event);
      else this.dropped++;
    }
    for (const listener of this.listeners) listener(event);
  }

  /** What was recorded, in order. */
  events(): readonly TraceEvent[] {
    return this.list;
  }

  /** Forgets what was recorded. */
  clear(): void {
    this.list = [];
    this.dropped = 0;
  }

  /** Calls `listener` for each new event; the result ends that. */
  on(listener: (event: TraceEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
