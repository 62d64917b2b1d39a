import { invariant } from "../kernel/errors.ts";

/** Most live objects of one table. */
export const MAX_HANDLES: number = 1 << 24;

/** Told of every handle that is given out and taken back, by whoever looks for leaks. Null: nobody does. */
export interface HandleObserver {
  added(table: object, handle: number): void;
  removed(table: object, handle: number): void;
}

let observer: HandleObserver | null = null;

/** Sets who is told of handles from now on, of all machines. */
export function observeHandles(to: HandleObserver | null): void {
  observer = to;
}

/**
 * Handles of one kind of object in one process. A handle is a number that looks like a pointer: the table's base, a slot, and the slot's
 * generation, so that a stale or foreign handle is told from a live one. A look-up is two array reads.
 */
export class HandleTable<T extends object> {
  private readonly base: number;
  private readonly slots: (T | null)[] = [];
  private readonly generations: number[] = [];
  private readonly free: number[] = [];
  private live = 0;

  /** @param kind distinguishes tables of one process: 1 to 255. @param owner distinguishes processes: its pid. */
  constructor(kind: number, owner: number) {
    // 48-bit number: kind (8) | owner (8) | slot (24) | generation (5) | 000
    this.base = (kind * 256 + (owner % 256)) * 2 ** 32;
  }

  get size(): number {
    return this.live;
  }

  add(object: T): number {
    let slot = this.free.pop();
    if (slot === undefined) {
      slot = this.slots.length;
      invariant(slot < MAX_HANDLES, "handle table full");
      this.generations.push(0);
      this.slots.push(null);
    }
    this.slots[slot] = object;
    this.live++;
    const handle = this.base + slot * 256 + this.generations[slot]! * 8 + 8;
    if (observer !== null) observer.added(this, handle);
    return handle;
  }

  /** The object, or undefined when the handle is NULL, stale, of another kind or another process. */
  get(handle: number): T | undefined {
    const rest = handle - this.base;
    if (!(rest > 0 && rest < 2 ** 32)) return undefined;
    const slot = Math.floor(rest / 256);
    if ((rest & 255) !== this.generations[slot]! * 8 + 8) return undefined;
    return this.slots[slot] ?? undefined;
  }

  /** True when the handle once named an object of this table that is gone now. */
  isStale(handle: number): boolean {
    const rest = handle - this.base;
    if (!(rest > 0 && rest < 2 ** 32) || (rest & 7) !== 0) return false;
    const slot = Math.floor(rest / 256);
    return slot < this.slots.length && this.get(handle) === undefined;
  }

  remove(handle: number): T | undefined {
    const object = this.get(handle);
    if (object === undefined) return undefined;
    if (observer !== null) observer.removed(this, handle);
    const slot = Math.floor((handle - this.base) / 256);
    this.slots[slot] = null;
    this.generations[slot] = (this.generations[slot]! + 1) % 31;
    this.free.push(slot);
    this.live--;
    return object;
  }

  /** Live objects with their handles, in slot order. */
  *entries(): Generator<readonly [number, T]> {
    for (let slot = 0; slot < this.slots.length; slot++) {
      const object = this.slots[slot];
      if (object) yield [this.base + slot * 256 + this.generations[slot]! * 8 + 8, object];
    }
  }
}
