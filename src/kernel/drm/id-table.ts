import { mutant } from "../mutants.ts";

/** Numbers for objects, as an open file hands them out: always the lowest free one, from 1. */
export class IdTable<T> {
  private readonly slots: (T | undefined)[] = [undefined];
  /** No number below this is free. */
  private lowest = 1;
  size = 0;
  /** Numbers that are taken and have no object. */
  private readonly held: Set<number> = new Set();

  add(value: T): number {
    let id = this.lowest;
    while (this.slots[id] !== undefined || this.held.has(id)) id++;
    this.slots[id] = value;
    this.lowest = id + 1;
    this.size++;
    return id;
  }

  get(id: number): T | undefined {
    return id > 0 ? this.slots[id] : undefined;
  }

  remove(id: number): T | undefined {
    const value = this.get(id);
    if (value === undefined) return undefined;
    this.slots[id] = undefined;
    if (id < this.lowest) this.lowest = id;
    this.size--;
    return value;
  }

  /** The lowest free number, taken without an object: nobody finds anything there until `publish` (a NULL placeholder of idr). */
  reserve(): number {
    let id = mutant("handles-not-reused") ? this.slots.length : this.lowest;
    while (this.slots[id] !== undefined || this.held.has(id)) id++;
    this.held.add(id);
    if (!mutant("handles-not-reused")) this.lowest = id + 1;
    return id;
  }

  /** Puts an object where `reserve` took a number. */
  publish(id: number, value: T): void {
    this.held.delete(id);
    this.slots[id] = value;
    this.size++;
  }

  /** Takes the object out and keeps the number taken until `release`: who looks meanwhile finds nothing. */
  hide(id: number): T | undefined {
    const value = this.get(id);
    if (value === undefined) return undefined;
    this.slots[id] = undefined;
    this.size--;
    this.held.add(id);
    return value;
  }

  /** A reserved or hidden number is free again. */
  release(id: number): void {
    this.held.delete(id);
    if (id < this.lowest) this.lowest = id;
  }

  /** Numbers and objects, ascending. */
  *entries(): Generator<readonly [number, T]> {
    for (let id = 1; id < this.slots.length; id++) {
      const value = this.slots[id];
      if (value !== undefined) yield [id, value];
    }
  }
}
