/** Movements of a page between processors in quick succession after which it counts as thrashing (uvm_perf_thrashing_threshold). */
export const THRASHING_THRESHOLD = 3;
/** Movements after which a thrashing page is pinned (uvm_perf_thrashing_pin_threshold). */
export const PIN_THRESHOLD = 10;
/** Longest time between two of them, ns (uvm_perf_thrashing_lapse_usec). */
export const LAPSE_NS = 500_000;
/** A throttled processor waits so many lapses (uvm_perf_thrashing_nap). */
export const NAP_LAPSES = 1;
/** A page that was found thrashing is forgotten after so many lapses of quiet (uvm_perf_thrashing_epoch). */
export const EPOCH_LAPSES = 2000;
/** A pin ends after so many lapses (uvm_perf_thrashing_pin). */
export const PIN_LAPSES = 300;

/** What to do with a page that a GPU faults on. */
export type Hint = "move" | "throttle" | "pin";

interface Record {
  events: number;
  last: number;
  pinnedUntil: number;
}

/** How long the last movement counts, ns: throttling would else make every thrashing page look quiet. */
function memory(record: Record): number {
  return record.events >= THRASHING_THRESHOLD ? EPOCH_LAPSES * LAPSE_NS : LAPSE_NS;
}

/** Finds pages that processors take from one another, and lets one of them have it. Values of NVIDIA's open kernel modules, 595. */
export class Thrashing {
  private readonly pages: Map<number, Record> = new Map();
  /** Pages found thrashing, pages pinned so far. */
  readonly counts = { throttled: 0, pinned: 0 };

  /** A page moves between processors. */
  moved(page: number, now: number): void {
    const record = this.pages.get(page);
    if (record === undefined) this.pages.set(page, { events: 1, last: now, pinnedUntil: 0 });
    else {
      record.events = now - record.last <= memory(record) ? record.events + 1 : 1;
      record.last = now;
    }
  }

  /** What a fault of a GPU on a page is to lead to. */
  hint(page: number, now: number): Hint {
    const record = this.pages.get(page);
    if (record === undefined) return "move";
    if (now < record.pinnedUntil) return "pin";
    if (now - record.last > memory(record)) return "move";
    if (record.events >= PIN_THRESHOLD) {
      record.pinnedUntil = now + PIN_LAPSES * LAPSE_NS;
      record.events = 0;
      this.counts.pinned++;
      return "pin";
    }
    if (record.events < THRASHING_THRESHOLD) return "move";
    this.counts.throttled++;
    return "throttle";
  }

  /** The mapping is gone. */
  forget(start: number, end: number): void {
    for (const page of [...this.pages.keys()]) if (page >= start && page < end) this.pages.delete(page);
  }
}
