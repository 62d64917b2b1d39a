/** The results of the last few calls of a pure function, by key. */
export class Recent<T> {
  private readonly entries = new Map<string, T>();
  private readonly limit: number;

  /** @param limit how many are kept */
  constructor(limit: number) {
    this.limit = limit;
  }

  /** Forgets all. */
  clear(): void {
    this.entries.clear();
  }

  /** The result for `key`, computed when it is not among the last ones. */
  get(key: string, compute: () => T): T {
    let value = this.entries.get(key);
    if (value === undefined) {
      value = compute();
      if (this.entries.size >= this.limit) this.entries.delete(this.entries.keys().next().value!);
    } else this.entries.delete(key);
    this.entries.set(key, value);
    return value;
  }
}
