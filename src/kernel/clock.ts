import { EmulatorBug } from "./errors.ts";
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
    return this.heap.length - this.cancelled;
  }

  /** Asks for `run` at `time` (not before now). */
  at(time: number, run: () => void, label: string, timer: boolean = false): EventHandle {
    if (!(time >= this.clock.now && Number.isSafeInteger(time))) throw new EmulatorBug(`event "${label}" asked for at ${time}, now is ${this.clock.now}`);
    const event: EventHandle = { time, seq: this.nextSeq++, run, label, timer };
    this.push(event);
    return event;
  }

  /** Nothing happens any more: whoever wants something to happen gets `error`. */
  halt(error: Error): void {
    this.halted ??= error;
  }

  /** Takes an event out; nothing happens when it ran already. */
  cancel(event: EventHandle): void {
    if (event.run === null) return;
    event.run = null;
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
    this.dropCancelled();
    return this.heap[0]?.time ?? null;
  }

  private advanceAny(time: number): void {
    for (;;) {
      const candidates = this.candidates();
      if (candidates.length === 0) break;
      const k = this.choices.choose(candidates.length + 1, "event or host");
      if (k === 0) break;
      const event = candidates[k - 1]!;
      this.remove(event);
      this.fire(event);
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
    const candidates = this.candidates();
    if (candidates.length === 0) return this.takeFirst();
    const event = candidates[this.choices.choose(candidates.length, "event")]!;
    this.remove(event);
    return event;
  }

  private candidates(): EventHandle[] {
    return this.heap.filter((event) => event.run !== null && !event.timer).toSorted((a, b) => a.time - b.time || a.seq - b.seq);
  }

  private fire(event: EventHandle): void {
    if (event.time > this.clock.now) this.clock.now = event.time;
    const run = event.run!;
    event.run = null;
    this.ran++;
    run();
  }

  private remove(event: EventHandle): void {
    const i = this.heap.indexOf(event);
    const last = this.heap.pop()!;
    if (i < this.heap.length) {
      this.heap[i] = last;
      this.down(i);
      this.up(i);
    }
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
