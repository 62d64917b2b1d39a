import { mutant } from "../mutants.ts";
import type { TtmBo } from "./bo.ts";

/** Priorities of objects: the lowest is evicted first (TTM_MAX_BO_PRIORITY). */
export const PRIORITIES = 4;

/**
 * Objects of one VM in one manager that are used together: they move to the end of the list as one (struct ttm_lru_bulk_move).
 */
export class LruGroup {
  /** In order of use inside the group. */
  readonly bos: Set<TtmBo> = new Set();
  stamp = 0;
}

type Entry = TtmBo | LruGroup;

/** Least recently used order of one priority of one manager: single objects and groups, each with the moment of its last use. */
export class LruList {
  private readonly entries: Set<Entry> = new Set();
  private last: Entry | null = null;

  /** Puts an object or a group at the end: it was used just now. */
  bump(entry: Entry, stamp: number): void {
    entry.stamp = stamp;
    if (entry === this.last || (mutant("lru-never-bumped") && this.entries.has(entry))) return;
    this.entries.delete(entry);
    this.entries.add(entry);
    this.last = entry;
  }

  remove(entry: Entry): void {
    this.entries.delete(entry);
    if (this.last === entry) this.last = null;
  }

  /** From the least recently used on. The list may change meanwhile. */
  walk(): TtmBo[] {
    const order: TtmBo[] = [];
    for (const entry of this.entries) {
      if (entry instanceof LruGroup) order.push(...entry.bos);
      else order.push(entry);
    }
    return order;
  }
}

/** The groups of one VM: bumped together when a job of it is submitted. At most one for each manager and priority. */
export class LruBulk {
  private readonly groups: { readonly list: LruList; readonly group: LruGroup }[] = [];

  /** The group for a list; made when first needed. */
  group(list: LruList): LruGroup {
    for (const entry of this.groups) if (entry.list === list) return entry.group;
    const group = new LruGroup();
    this.groups.push({ list, group });
    return group;
  }

  /** All of it was used just now. Costs the same for one object and for a thousand. */
  bump(stamp: number): void {
    for (const { list, group } of this.groups) if (group.bos.size > 0) list.bump(group, stamp);
  }
}
