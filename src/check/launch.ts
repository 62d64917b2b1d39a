import type { CheckClass, CheckedFacts, LaunchChecker, LaunchConfig, MemoryAccess, PointerReach, PointerUse, Site } from "../compiler/abi.ts";
import { access as flag, ADDRESSABLE, DEFINED, SHADOWED, TAG_SHIFT } from "../compiler/wasm/checked/layout.ts";
import { RED_ZONE, type Allocation } from "./allocations.ts";
import type { Group, Running } from "./intervals.ts";
import type { ProcessChecker } from "./process-checker.ts";
import { RaceRules, type Conflict } from "./races.ts";
import { describe } from "./reports.ts";
import { reachOf } from "./roots.ts";

/** One group in progress: where its shared memory is, for reports. */
interface Open {
  group: number;
  interval: number;
  /** Linear addresses and bytes. */
  shared: number;
  sharedBytes: number;
  local: number;
  localBytes: number;
}

/** Checks one launch. */
export class CheckedLaunch implements LaunchChecker, Running {
  private readonly number: number;
  readonly base: number;
  readonly many: number;
  readonly blockSize: readonly [number, number, number];
  private readonly process: ProcessChecker;
  private readonly config: LaunchConfig;
  private readonly rules: RaceRules;
  private readonly open = new Map<number, Open>();

  constructor(process: ProcessChecker, config: LaunchConfig, facts: CheckedFacts) {
    this.process = process;
    this.config = config;
    const { intervals } = process.checker;
    const { number, base, many } = intervals.launch(this);
    [this.number, this.base, this.many] = [number, base, many];
    this.blockSize = config.block;
    this.rules = new RaceRules(intervals, number, base, many, facts, config.warpSize);
  }

  get table(): number {
    return this.process.checker.shadow.table;
  }

  resume(): void {
    this.process.resume(this.config.pageTable);
  }

  private reach: readonly PointerReach[] | null = null;
  private version = -1;

  roots(pointers: readonly PointerUse[], closed: boolean): readonly PointerReach[] {
    const { version } = this.process.allocations;
    if (this.reach === null || this.version !== version) this.reach = reachOf(this.process, pointers, closed);
    this.version = version;
    return this.reach;
  }

  *present(): Iterable<number> {
    for (const { interval } of this.open.values()) yield interval >>> TAG_SHIFT;
  }

  blockOf(group: number): readonly [number, number, number] {
    const [x, y] = this.config.grid;
    return [group % x, Math.floor(group / x) % y, Math.floor(group / (x * y))];
  }

  group(slot: number, group: number, shared: number, sharedBytes: number, local: number, localBytes: number): number {
    const { intervals, classes } = this.process.checker;
    const interval = intervals.advance(this.number, group);
    const open = this.open.get(slot);
    if (open === undefined) this.open.set(slot, { group, interval, shared, sharedBytes, local, localBytes });
    else {
      open.group = group;
      open.interval = interval;
      open.shared = shared;
      open.sharedBytes = sharedBytes;
      open.local = local;
      open.localBytes = localBytes;
    }
    const state = classes.has("uninitialised") ? ADDRESSABLE : DEFINED;
    if (sharedBytes > 0) this.fresh(shared, sharedBytes, state);
    if (localBytes > 0) this.fresh(local, localBytes, state);
    return interval;
  }

  opaque(linear: number, bytes: number): void {
    this.fresh(linear, bytes, 0);
  }

  /** Memory of the group begins anew. (Tags of those who had it before are older than its first interval.) */
  private fresh(start: number, bytes: number, state: number): void {
    for (let at = start; at < start + bytes; ) {
      const page = Math.floor(at / SHADOWED);
      const end = Math.min(start + bytes, (page + 1) * SHADOWED);
      const shadow = this.process.shadowOf(page) - page * SHADOWED;
      this.process.checker.shadow.u8.fill(state, shadow + at, shadow + end);
      at = end;
    }
  }

  barrier(slot: number, sharedOnly: boolean): number {
    const open = this.open.get(slot)!;
    open.interval = this.process.checker.intervals.advance(this.number, open.group, sharedOnly ? open.interval : 0);
    return open.interval;
  }

  access(linear: number, size: number, access: number, tag: number, slot: number, line: number, site: () => Site): void {
    const { shadow, classes } = this.process.checker;
    const what = access | this.spaceOf(linear, slot);
    const page = Math.floor(linear / SHADOWED);
    const at = this.process.shadowOf(page) + (linear % SHADOWED);
    // What lies across pages is staged elsewhere (run/access.ts): of an access, all bytes have their shadow in one page.
    const { u8, u32 } = shadow;
    const root = (what >>> flag.rootShift) - 1;
    const { told } = this;
    this.told = -1;
    if (root >= 0 && !this.strayed(this.reach![root]!, linear, size, what, line, site)) return;
    for (let i = 0; i < size; i++) {
      if ((u8[at + i]! & ADDRESSABLE) !== 0) continue;
      if (told !== linear) this.outside(linear + i, size, what, line, site);
      return;
    }
    const [reads, writes] = [(what & 1) !== 0, (what & 2) !== 0];
    const used = (what >>> flag.usedShift) & 0xffff;
    let undefined_ = -1;
    for (let i = 0; i < size; i++) {
      if (reads && undefined_ < 0 && u8[at + i] !== DEFINED && ((used >>> (i >> 2)) & 1) !== 0) undefined_ = i;
      if (writes || undefined_ >= 0) u8[at + i] = DEFINED;
    }
    if (undefined_ >= 0 && classes.has("uninitialised")) this.report("uninitialised", linear, size, what, slot, line, site, `read of ${size} bytes, of which byte ${undefined_} was never written`);
    if (!classes.has("races") || (what & flag.local) !== 0) return;
    let found: Conflict | null = null;
    let first = 0;
    for (let word = at & ~3; word < at + size; word += 4) {
      const part = size < 4 || word < at || word + 4 > at + size;
      const conflict = this.rules.access(u32, word, what, tag, part, line);
      if (conflict === null || found !== null) continue;
      found = conflict;
      first = Math.max(word, at) - at;
    }
    if (found === null) return;
    const by = found.by === null ? "several groups" : found.item === null ? `several work-items of group ${found.by.block.join(",")}` : `work-item ${this.localId(found.item, found.by).join(",")} of group ${found.by.block.join(",")}`;
    const where = found.line > 0 ? ` in line ${found.line}` : "";
    this.report("races", linear + first, size, what, slot, line, site,
      `${verb(what)} of ${size} bytes and ${found.atomic ? "an atomic access" : found.write ? "a write" : "a read"} by ${by}${where}${found.narrow ? ", of which one is atomic for its own group only" : " with no barrier or order between them"}`, { other: by, otherLine: found.line > 0 ? found.line : null });
  }

  /** The group's own memory is that also when it is reached through a generic address. */
  private spaceOf(linear: number, slot: number): number {
    const { shared, sharedBytes, local, localBytes } = this.open.get(slot)!;
    if (linear >= shared && linear < shared + sharedBytes) return flag.shared;
    return linear >= local && linear < local + localBytes ? flag.local : 0;
  }

  private localId(item: number, group: Group): readonly number[] {
    const [nx, ny] = group.size;
    return [item % nx, Math.floor(item / nx) % ny, Math.floor(item / (nx * ny))];
  }

  /**
   * An access that is not known to be in the memory that its pointer leads to.
   * @returns whether it is still to be checked: nothing else does
   */
  private told = -1;

  private strayed({ low, high, open }: PointerReach, linear: number, size: number, what: number, line: number, site: () => Site): boolean {
    const { allocations, checker } = this.process;
    const address = this.process.addressOf(linear);
    const own = allocations.at(low);
    if (address === null || own === null || (address >= low && address + size <= high)) return !open;
    const into = allocations.at(address);
    if (into === own || into === null) {
      // Told as being next to it, whatever was there before.
      this.missing(BigInt(into === own && address >= low ? high : address), size, verb(what), line, site(), own);
      this.told = linear;
      return false;
    }
    if (checker.classes.has("bounds") && checker.reports.wants("bounds", this.process, this.config.kernel, line)) {
      const at = site();
      checker.reports.add(this.process, {
        class: "bounds", site: at, globalId: this.globalId(at), message: `${verb(what)} of ${size} bytes ${describe(own, address)}, to which its pointer leads: that is ${describe(into, address)}`,
        values: { address: BigInt(address), size, allocation: own.label, allocationSize: own.size, offset: address - low, allocated: own.since, freed: null, reached: into.label },
      });
    }
    return !open;
  }

  /** A byte that is in no live allocation, in a page that is there. */
  private outside(linear: number, size: number, what: number, line: number, site: () => Site): void {
    const address = this.process.addressOf(linear);
    if (address === null) return;
    this.missing(BigInt(address), size, verb(what), line, site());
  }

  /** @param own the allocation that its pointer leads to, when that is known */
  missing(at: bigint, size: number, how: MemoryAccess["kind"], line: number, site: Site, own: Allocation | null = null): void {
    const address = Number(at);
    const { allocations, checker } = this.process;
    const next = own ?? allocations.nearest(address);
    const freed = allocations.at(address) === null ? allocations.endedAt(address) : null;
    // Past the end of what is there now, in memory that was something else before: that is not why.
    const beside = freed !== null && next !== null && freed.until! <= next.since && (own !== null || (address >= next.address && address < next.address + next.size + RED_ZONE));
    const old = beside ? null : freed;
    const kind: CheckClass = old !== null ? "lifetime" : "bounds";
    if (!checker.classes.has(kind) || !checker.reports.wants(kind, this.process, this.config.kernel, line)) return;
    const near = old ?? next;
    const place = near === null ? "there are no allocations" : old !== null ? `it was ${describe(old, address)}` : describe(near, address);
    checker.reports.add(this.process, {
      class: kind, site, globalId: this.globalId(site),
      message: old !== null ? `${how} of ${size} bytes of memory that was freed: ${place}` : `${how} of ${size} bytes outside every allocation: ${place}`,
      values: { address: at, size, ...(near === null ? {} : { allocation: near.label, allocationSize: near.size, offset: address - near.address, allocated: near.since, freed: near.until }) },
    });
  }

  diverged(site: Site, detail: string): void {
    const { checker } = this.process;
    if (!checker.classes.has("barriers") || !checker.reports.wants("barriers", this.process, site.kernel, site.line)) return;
    checker.reports.add(this.process, { class: "barriers", site, globalId: this.globalId(site), message: `a barrier that not all work-items of the group come to: ${detail}`, values: {} });
  }

  end(): void {
    this.process.checker.intervals.ended(this);
    this.open.clear();
  }

  private report(kind: CheckClass, linear: number, size: number, what: number, slot: number, line: number, site: () => Site, message: string, more: Readonly<Record<string, unknown>> = {}): void {
    const { checker, allocations } = this.process;
    if (!checker.reports.wants(kind, this.process, this.config.kernel, line)) return;
    const at = site();
    const { place, values } = this.placeOf(linear, slot, allocations);
    checker.reports.add(this.process, { class: kind, site: at, globalId: this.globalId(at), message: `${message}: ${place}`, values: { ...values, size, ...more } });
  }

  private placeOf(linear: number, slot: number, allocations: ProcessChecker["allocations"]): { readonly place: string; readonly values: Readonly<Record<string, unknown>> } {
    const { group, shared, sharedBytes, local, localBytes } = this.open.get(slot)!;
    const inside = (start: number, bytes: number): boolean => linear >= start && linear < start + bytes;
    if (inside(shared, sharedBytes)) return { place: `byte ${linear - shared} of the group's shared memory`, values: { space: "shared", address: linear - shared } };
    if (inside(local, localBytes)) {
      const offset = (linear - local) % (localBytes / this.itemsOf(group));
      return { place: `byte ${offset} of the work-item's private memory`, values: { space: "private", address: offset } };
    }
    const address = this.process.addressOf(linear);
    if (address === null) return { place: "memory that is no allocation", values: {} };
    const allocation = allocations.at(address);
    const values = allocation === null ? {} : { allocation: allocation.label, allocationSize: allocation.size, offset: address - allocation.address, allocated: allocation.since };
    return { place: allocation === null ? "no allocation" : describe(allocation, address), values: { space: "global", address: BigInt(address), ...values } };
  }

  /** Work-items of a group: the last ones of a row may be smaller. */
  private itemsOf(group: number): number {
    const { block, globalSize } = this.config;
    return this.blockOf(group).reduce((items, at, d) => items * Math.min(block[d]!, globalSize[d]! - at * block[d]!), 1);
  }

  private globalId({ block, thread }: Site): [number, number, number] {
    const { block: size, globalOffset } = this.config;
    return [0, 1, 2].map((d) => block[d]! * size[d]! + thread[d]! + globalOffset[d]!) as [number, number, number];
  }
}

function verb(what: number): "read" | "write" | "atomic" {
  return (what & 3) === 3 ? "atomic" : (what & 1) !== 0 ? "read" : "write";
}
