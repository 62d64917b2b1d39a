import { EmulatorBug } from "./errors.ts";
import { PendingEvents } from "./any-order.ts";
import type { Choices } from "./choices.ts";

/** Virtual time: integer nanoseconds since the machine was made. Only the event queue moves it, and only forward. */
export interface Clock {
  now: number;
}

/** One thing that will happen. Keep the handle to cancel it. */
export interface EventHandle {
  readonly time: number;
  readonly seq: number;
  /** Null once run or cancelled. */
  run: (() => void) | null;
  readonly label: string;
  /** A timeout: in "any" order it happens only when nothing else can. */
  readonly timer: boolean;
  /** Whose step it is: a tid, or 0. For strategies. */
  readonly actor: number;
}

/**
 * - `timed`: earliest first, ties in the order they were asked for (or by choice when a strategy explores).
 * - `any`: time does not restrict order: every pending event that is no timeout may be next, and the choice point decides.
 *   The order of causes is kept (an effect is only queued by its cause), so what this explores is what an asynchronous machine may do.
 */
export type EventOrder = "timed" | "any";

/** The machine's event queue: a binary heap by (time, seq). */
export class EventQueue {
  private readonly heap: EventHandle[] = [];
  /** In "any" order: what is pending, instead of the heap. */
  private readonly pending = new PendingEvents();
  private readonly timeouts = new PendingEvents();
  private nextSeq = 0;
  private cancelled = 0;
  /** Events run so far. */
  ran = 0;
  private readonly clock: Clock;
  private readonly choices: Choices;
  readonly order: EventOrder;
  private halted: Error | null = null;

  constructor(clock: Clock, choices: Choices, order: EventOrder) {
    this.clock = clock;
    this.choices = choices;
    this.order = order;
  }

  /** Pending events, not counting cancelled ones. */
  get size(): number {
    return this.order === "any" ? this.pending.list.length + this.timeouts.list.length : this.heap.length - this.cancelled;
  }

  /** Asks for `run` at `time` (not before now). @param actor whose step it is: a tid, or 0 */
  at(time: number, run: () => void, label: string, timer: boolean = false, actor: number = 0): EventHandle {
    if (!(time >= this.clock.now && Number.isSafeInteger(time))) throw new EmulatorBug(`event "${label}" asked for at ${time}, now is ${this.clock.now}`);
    const event: EventHandle = { time, seq: this.nextSeq++, run, label, timer, actor };
    if (this.order === "any") (timer ? this.timeouts : this.pending).add(event);
    else this.push(event);
    return event;
  }

  /** Forgets everything that is pending, as if the machine had just been made. False: it was halted for good. */
  restart(): boolean {
    if (this.halted !== null) return false;
    this.heap.length = 0;
    this.pending.list.length = 0;
    this.timeouts.list.length = 0;
    this.nextSeq = 0;
    this.cancelled = 0;
    this.ran = 0;
    return true;
  }

  /** Nothing happens any more: whoever wants something to happen gets `error`. */
  halt(error: Error): void {
    this.halted ??= error;
  }

  /** Takes an event out; nothing happens when it ran already. */
  cancel(event: EventHandle): void {
    if (event.run === null) return;
    event.run = null;
    if (this.order === "any") {
      (event.timer ? this.timeouts : this.pending).remove(event);
      return;
    }
    this.cancelled++;
    if (this.cancelled > 64 && this.cancelled * 2 > this.heap.length) this.compact();
  }

  /** Runs the next event; false when there is none. */
  runNext(): boolean {
    if (this.halted !== null) throw this.halted;
    const event = this.order === "any" ? this.takeAny() : this.takeFirst();
    if (event === null) return false;
    this.fire(event);
    return true;
  }

  /** Runs everything due up to `time`, then moves the clock there. In "any" order the choice point says how much happens. */
  advance(time: number): void {
    if (this.halted !== null) throw this.halted;
    if (this.order === "any") {
      this.advanceAny(time);
      return;
    }
    for (;;) {
      this.dropCancelled();
      const first = this.heap[0];
      if (first === undefined || first.time > time || this.halted !== null) break;
      this.pop();
      this.fire(first);
    }
    if (this.halted !== null) throw this.halted;
    if (time > this.clock.now) this.clock.now = time;
  }

  /** Time of the earliest pending event, or null. */
  peekTime(): number | null {
    if (this.order === "any") {
      const [event, timeout] = [this.pending.list[0], this.timeouts.list[0]];
      return event === undefined ? (timeout?.time ?? null) : Math.min(event.time, timeout?.time ?? Infinity);
    }
    this.dropCancelled();
    return this.heap[0]?.time ?? null;
  }

  private advanceAny(time: number): void {
    const { list } = this.pending;
    while (list.length > 0) {
      const k = this.choices.choose(list.length + 1, "event or host", list);
      if (k === 0) break;
      this.fire(this.pending.take(k - 1));
    }
    if (time > this.clock.now) this.clock.now = time;
  }

  private takeFirst(): EventHandle | null {
    this.dropCancelled();
    const first = this.heap[0];
    if (first === undefined) return null;
    this.pop();
    return first;
  }

  private takeAny(): EventHandle | null {
    const { list } = this.pending;
    if (list.length > 0) return this.pending.take(list.length === 1 ? 0 : this.choices.choose(list.length, "event", list));
    return this.timeouts.list.length > 0 ? this.timeouts.take(0) : null;
  }

  private fire(event: EventHandle): void {
    if (event.time > this.clock.now) this.clock.now = event.time;
    const run = event.run!;
    event.run = null;
    this.ran++;
    run();
  }

  private compact(): void {
    const live = this.heap.filter((event) => event.run !== null);
    this.heap.length = 0;
    this.cancelled = 0;
    for (const event of live) this.push(event);
  }

  private dropCancelled(): void {
    while (this.heap.length > 0 && this.heap[0]!.run === null) {
      this.pop();
      this.cancelled--;
    }
  }

  private push(event: EventHandle): void {
    this.heap.push(event);
    this.up(this.heap.length - 1);
  }

  private pop(): void {
    const last = this.heap.pop()!;
    if (this.heap.length > 0) {
      this.heap[0] = last;
      this.down(0);
    }
  }

  private up(from: number): void {
    const heap = this.heap;
    let i = from;
    const event = heap[i]!;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const above = heap[parent]!;
      if (above.time < event.time || (above.time === event.time && above.seq < event.seq)) break;
      heap[i] = above;
      i = parent;
    }
    heap[i] = event;
  }

  private down(from: number): void {
    const heap = this.heap;
    const n = heap.length;
    let i = from;
    const event = heap[i]!;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= n) break;
      const left = heap[child]!;
      const right = heap[child + 1];
      let least = left;
      if (right !== undefined && (right.time < left.time || (right.time === left.time && right.seq < left.seq))) {
        least = right;
        child++;
      }
      if (event.time < least.time || (event.time === least.time && event.seq < least.seq)) break;
      heap[i] = least;
      i = child;
    }
    heap[i] = event;
  }
}
