import { MAX_INTERVAL, TAG_MANY, TAG_SHIFT } from "../compiler/wasm/checked/layout.ts";

/** A work-group of a launch that runs or ran, as tags lead to it. */
export interface Group {
  /** Identity of its launch. */
  readonly launch: object;
  readonly kernel: string;
  readonly block: readonly [number, number, number];
  readonly size: readonly [number, number, number];
  /** Its present interval. */
  interval: number;
}

/** Numbers the intervals between barriers, and remembers whose they are. */
export class Intervals {
  private readonly owners: (Group | null)[] = [null];
  /** First intervals of launches that have not ended. */
  private readonly bases = new Map<object, number>();
  private readonly busy = new Set<Group>();
  private readonly forget: () => void;
  private next = 1;

  /** @param forget called when numbers begin anew: all tags must go */
  constructor(forget: () => void) {
    this.forget = forget;
  }

  private take(owner: Group | null): number {
    if (this.next > MAX_INTERVAL) this.restart();
    // Numbers that groups still use after a restart.
    while (this.inUse(this.next)) this.next++;
    this.owners[this.next] = owner;
    return this.next++;
  }

  private inUse(number: number): boolean {
    const owner = this.owners[number];
    return owner !== undefined && owner !== null && owner.interval === number && this.busy.has(owner);
  }

  private restart(): void {
    this.forget();
    this.next = Math.max(0, ...this.bases.values()) + 1;
  }

  /** A launch begins. @returns the tag of its beginning, and that of words that several of its groups read */
  launch(launch: object): { readonly base: number; readonly many: number } {
    // So that most launches have all their numbers before them.
    if (this.bases.size === 0 && this.next > MAX_INTERVAL / 2) this.restart();
    const first = this.take(null);
    this.bases.set(launch, first);
    const base = (first << TAG_SHIFT) >>> 0;
    return { base, many: (base | TAG_MANY) >>> 0 };
  }

  ended(launch: object): void {
    this.bases.delete(launch);
    for (const group of this.busy) if (group.launch === launch) this.busy.delete(group);
  }

  /** The group's next interval begins. @returns its tag */
  advance(group: Group): number {
    this.busy.add(group);
    group.interval = this.take(group);
    return (group.interval << TAG_SHIFT) >>> 0;
  }

  left(group: Group): void {
    this.busy.delete(group);
  }

  /** Whose access a tag speaks of; null: of several groups. */
  owner(tag: number): Group | null {
    return this.owners[tag >>> TAG_SHIFT] ?? null;
  }
}
