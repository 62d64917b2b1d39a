/** Numbers for objects, as an open file hands them out: always the lowest free one, from 1. */
export class IdTable<T> {
  private readonly slots: (T | undefined)[] = [undefined];
  /** No number below this is free. */
  private lowest = 1;
  size = 0;

  add(value: T): number {
    let id = this.lowest;
    while (this.slots[id] !== undefined) id++;
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

  /** Numbers and objects, ascending. */
  *entries(): Generator<readonly [number, T]> {
    for (let id = 1; id < this.slots.length; id++) {
      const value = this.slots[id];
      if (value !== undefined) yield [id, value];
    }
  }
}
