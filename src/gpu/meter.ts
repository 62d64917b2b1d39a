/** What a meter showed at one moment: nanoseconds with work, bytes moved, both since the machine was made. */
interface Mark {
  readonly time: number;
  readonly busyNs: number;
  readonly bytes: number;
}

/** Marks are at least so far apart, ns: they are a record for averages over tenths of a second. */
const GRAIN = 1_000_000;
/** How far back the record reaches, ns. */
const REACH = 1_000_000_000;
/** What is busy warms up, and cools down, by all but a third in this time, ns. MODEL: half a minute, for a heat sink in a stream of air. */
const THERMAL_NS = 30e9;

/**
 * Counts how long somebody had work on multiprocessors and how many bytes crossed the GPU's memory, and remembers enough of the last second for
 * averages over it. One for each GPU (its instances count there too) and one for each open file.
 */
export class Meter {
  private readonly clock: { readonly now: number };
  /** Work that runs now. */
  private active = 0;
  private since = 0;
  private endedNs = 0;
  private moved = 0;
  private warm = 0;
  private marks: Mark[] = [{ time: 0, busyNs: 0, bytes: 0 }];

  constructor(clock: { readonly now: number }) {
    this.clock = clock;
  }

  /** One more piece of work runs. */
  begin(): void {
    if (this.active++ > 0) return;
    this.warm = this.follow(0);
    this.since = this.clock.now;
    this.mark();
  }

  /** One piece of work less. */
  end(): void {
    if (--this.active > 0) return;
    this.warm = this.follow(1);
    this.endedNs += this.clock.now - this.since;
    this.since = this.clock.now;
    this.mark();
  }

  /** Bytes that crossed the GPU's memory. */
  add(bytes: number): void {
    this.moved += bytes;
    this.mark();
  }

  /** Nanoseconds with work so far. */
  get busyNs(): number {
    return this.endedNs + (this.active > 0 ? this.clock.now - this.since : 0);
  }

  /** How busy it has been, 0 to 1, as a temperature follows it: slowly. */
  get warmth(): number {
    return this.follow(this.active > 0 ? 1 : 0);
  }

  private follow(target: number): number {
    return target + (this.warm - target) * Math.exp((this.since - this.clock.now) / THERMAL_NS);
  }

  /** Bytes moved so far. */
  get bytes(): number {
    return this.moved;
  }

  /**
   * What was counted in the last `window` ns (at most a second), or since the machine was made when that is less.
   * @returns the window's true length in ns, and what was counted in it
   */
  recent(window: number): { readonly ns: number; readonly busyNs: number; readonly bytes: number } {
    const { now } = this.clock;
    const from = Math.max(0, now - Math.min(window, REACH));
    const then = this.at(from);
    return { ns: now - from, busyNs: this.busyNs - then.busyNs, bytes: this.moved - then.bytes };
  }

  /** What it showed at `time`, between two marks in proportion. */
  private at(time: number): Mark {
    const { marks } = this;
    let i = marks.length - 1;
    while (i > 0 && marks[i]!.time > time) i--;
    const a = marks[i]!;
    if (a.time >= time) return a;
    const b = marks[i + 1] ?? { time: this.clock.now, busyNs: this.busyNs, bytes: this.moved };
    const part = b.time > a.time ? (time - a.time) / (b.time - a.time) : 1;
    return { time, busyNs: a.busyNs + (b.busyNs - a.busyNs) * part, bytes: a.bytes + (b.bytes - a.bytes) * part };
  }

  private mark(): void {
    const { marks } = this;
    const { now } = this.clock;
    const mark = { time: now, busyNs: this.busyNs, bytes: this.moved };
    // The newest mark moves on until it is far enough from the one before it.
    if (marks.length > 1 && now - marks[marks.length - 2]!.time < GRAIN) marks[marks.length - 1] = mark;
    else marks.push(mark);
    let old = 0;
    while (old + 1 < marks.length && marks[old + 1]!.time <= now - REACH) old++;
    if (old > 64) marks.splice(0, old);
  }
}
