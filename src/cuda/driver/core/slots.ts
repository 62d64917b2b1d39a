import type { Caller } from "../../../api/caller.ts";
import { MAP_ANONYMOUS, MAP_PRIVATE, PROT_READ, PROT_WRITE } from "../../../kernel/sys/sys.ts";
import { PAGE } from "./space.ts";

/** Bytes of a slot: four u64 time stamps, or one word. */
export const SLOT_BYTES = 32;

/** Small pieces of the driver's own memory that the kernel writes to: time stamps and notifier words. */
export class Slots {
  private readonly free: number[] = [];

  /** A zeroed slot's address, or a negative errno. */
  take(t: Caller): number {
    const old = this.free.pop();
    if (old !== undefined) {
      t.sys.store32(old, 0);
      return old;
    }
    const page = t.sys.mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page < 0) return page;
    for (let at = PAGE - SLOT_BYTES; at > 0; at -= SLOT_BYTES) this.free.push(page + at);
    return page;
  }

  give(address: number): void {
    this.free.push(address);
  }
}
