import type { EventHandle } from "./clock.ts";

/**
 * What is pending in "any" order, by (time, number): alternative 0 is what would come first in time. There are few at once and nearly all are added at the end, so a sorted
 * array beats a heap, and strategies can look at it without a copy.
 */
export class PendingEvents {
  readonly list: EventHandle[] = [];

  add(event: EventHandle): void {
    const { list } = this;
    let i = list.length;
    while (i > 0 && list[i - 1]!.time > event.time) i--;
    if (i === list.length) list.push(event);
    else list.splice(i, 0, event);
  }

  /** Takes out the event at an index. */
  take(index: number): EventHandle {
    const { list } = this;
    const event = list[index]!;
    if (index === list.length - 1) list.pop();
    else list.splice(index, 1);
    return event;
  }

  remove(event: EventHandle): void {
    const i = this.list.indexOf(event);
    if (i >= 0) this.take(i);
  }
}
