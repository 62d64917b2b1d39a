import type { EventHandle, EventQueue } from "../clock.ts";
import { FENCE_FALLBACK_NS } from "./points.ts";

/** Ends of jobs of one ring that the kernel has not noticed yet, oldest first. */
export class UnseenEnds {
  private readonly waiting: { readonly tell: () => void; readonly timer: EventHandle }[] = [];

  /** The interrupt of an end was lost; `tell` is called when something makes the kernel look. @returns for `forget` */
  lost(events: EventQueue, now: number, tell: () => void): object {
    const entry = { tell, timer: events.at(now + FENCE_FALLBACK_NS, () => this.look(events), "fence fallback timer", true) };
    this.waiting.push(entry);
    return entry;
  }

  /** An end that nobody need be told of any more. */
  forget(events: EventQueue, entry: object): void {
    const at = this.waiting.findIndex((other) => other === entry);
    if (at < 0) return;
    events.cancel(this.waiting[at]!.timer);
    this.waiting.splice(at, 1);
  }

  /** An interrupt came, or the fallback timer: all ends up to now are seen, in their order. */
  look(events: EventQueue): void {
    for (const { tell, timer } of this.waiting.splice(0)) {
      events.cancel(timer);
      tell();
    }
  }
}
