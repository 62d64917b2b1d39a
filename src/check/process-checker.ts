import type { CheckClass, CheckedFacts, CodeChecker, LaunchChecker, LaunchConfig, PageTableView } from "../compiler/abi.ts";
import { ADDRESSABLE, DEFINED, plane, SHADOWED } from "../compiler/wasm/checked/layout.ts";
import { addRange, Allocations } from "./allocations.ts";
import type { Checker } from "./checker.ts";
import { CheckedLaunch } from "./launch.ts";

/** A page of linear memory whose place in the program's address space is not known: scratch memory, module variables, memory of the host. */
const UNKNOWN = -1;

/** What is known of one process's device memory. */
export class ProcessChecker implements CodeChecker {
  readonly checker: Checker;
  readonly pid: number;
  readonly name: string;
  readonly allocations: Allocations = new Allocations();
  /** Shadow of each page of the address space that has one. */
  private readonly pages = new Map<number, number>();
  /** Pages of linear memory that the table leads from, with their page of the address space. */
  private readonly mapped = new Map<number, number>();
  private table: PageTableView | null = null;
  private version = -1;
  /** Pages of the address space by page of linear memory; null: to be found anew. */
  private places: Map<number, number> | null = null;

  constructor(checker: Checker, pid: number, name: string) {
    this.checker = checker;
    this.pid = pid;
    this.name = name;
  }

  get classes(): ReadonlySet<CheckClass> {
    return this.checker.classes;
  }

  launch(config: LaunchConfig, facts: CheckedFacts): LaunchChecker {
    this.settle();
    this.checker.belongs(config.pageTable, this);
    return new CheckedLaunch(this, config, facts);
  }

  // Allocations.

  /** What happens to memory in stream order, oldest first. */
  private pending: { readonly address: number; readonly reached: () => boolean; readonly act: () => void }[] = [];

  /** Something happens to the memory at an address: now (null), or as soon as its time has come, which is looked at whenever that could matter. */
  when(address: number, reached: (() => boolean) | null, act: () => void): void {
    this.settle();
    // The library knows that whatever was to come there is past.
    if (reached === null) this.pending = this.pending.filter((other) => other.address !== address);
    if (reached === null) act();
    else this.pending.push({ address, reached, act });
    this.settle();
  }

  private settle(): void {
    for (let i = 0; i < this.pending.length; ) {
      const { reached, act } = this.pending[i]!;
      if (reached()) {
        this.pending.splice(i, 1);
        act();
      } else i++;
    }
  }

  allocated(address: number, size: number, label: string, defined: boolean, zone: number): void {
    this.allocations.remove(address, this.checker.now());
    this.allocations.add(address, size, label, this.checker.now(), defined ? null : [], zone);
    this.mark(address, size, (u8, from, to) => u8.fill(defined ? DEFINED : ADDRESSABLE, from, to));
    if (this.checker.classes.has("races")) {
      this.mark(address, size, (u8, from, to) => {
        for (const at of [plane.writer, plane.reader]) u8.fill(0, at + from, at + to);
      });
    }
  }

  freed(address: number): void {
    const ended = this.allocations.remove(address, this.checker.now());
    if (ended !== null) this.mark(address, ended.size, (u8, from, to) => u8.fill(0, from, to));
  }

  /** @param when virtual ns: what is allocated later is not meant */
  wrote(va: number, bytes: number, when: number = Infinity): void {
    this.settle();
    for (const at of this.allocations.within(va, va + bytes)) {
      if (at.since > when) continue;
      const [from, to] = [Math.max(va, at.address), Math.min(va + bytes, at.address + at.size)];
      if (at.written !== null) addRange(at.written, from, to);
      this.mark(from, to - from, (u8, start, end) => u8.fill(DEFINED, start, end));
    }
  }

  /** Changes the state of bytes in those pages that have a shadow. */
  private mark(va: number, bytes: number, change: (u8: Uint8Array, from: number, to: number) => void): void {
    for (let at = va; at < va + bytes; ) {
      const page = Math.floor(at / SHADOWED);
      const end = Math.min(va + bytes, (page + 1) * SHADOWED);
      const shadow = this.pages.get(page);
      if (shadow !== undefined) change(this.checker.shadow.u8, shadow + (at - page * SHADOWED), shadow + (end - page * SHADOWED));
      at = end;
    }
  }

  // The table of shadow pages.

  /** Code of this process is about to run in that address space. */
  resume(table: PageTableView): void {
    const { checker } = this;
    this.places = null;
    checker.shadow.refresh();
    if (checker.current !== this || this.table !== table || this.version !== this.allocations.version) {
      checker.current?.unmapAll();
      this.unmapAll();
      checker.current = this;
      this.table = table;
      this.version = this.allocations.version;
      return;
    }
    for (const [linear, page] of this.mapped) if (page !== UNKNOWN && this.frameOf(page) !== linear) this.unmap(linear);
  }

  private frameOf(page: number): number {
    const { table, basePage, pageCount } = this.table!;
    const index = page - basePage;
    return index < 0 || index >= pageCount ? 0 : this.checker.shadow.u32[(table >>> 2) + index]! >>> 16;
  }

  private unmap(linear: number): void {
    const page = this.mapped.get(linear)!;
    const { shadow } = this.checker;
    if (page === UNKNOWN) shadow.drop(shadow.of(linear));
    this.mapped.delete(linear);
    shadow.set(linear, 0);
  }

  unmapAll(): void {
    for (const linear of [...this.mapped.keys()]) this.unmap(linear);
  }

  unmapUnknown(): void {
    for (const [linear, page] of [...this.mapped]) if (page === UNKNOWN) this.unmap(linear);
  }

  /** The shadow of a page of linear memory, made when there is none. */
  shadowOf(linear: number): number {
    const known = this.checker.shadow.of(linear);
    if (known !== 0) return known;
    const page = this.placeOf(linear);
    let shadow = page === UNKNOWN ? this.checker.shadow.unknown() : this.pages.get(page);
    if (shadow === undefined) this.pages.set(page, (shadow = this.build(page)));
    this.mapped.set(linear, page);
    this.checker.shadow.set(linear, shadow);
    return shadow;
  }

  /** The shadow of a page of the address space; 0: there is none yet. */
  shadowIfAny(page: number): number {
    return this.pages.get(page) ?? 0;
  }

  private placeOf(linear: number): number {
    const known = this.places?.get(linear);
    if (known !== undefined) return known;
    if (this.places === null) {
      this.places = new Map();
      for (const { address, size, zone } of this.allocations.all()) {
        for (let page = Math.floor(address / SHADOWED); page * SHADOWED < address + size + zone; page++) {
          const frame = this.frameOf(page);
          if (frame !== 0) this.places.set(frame, page);
        }
      }
    }
    return this.places.get(linear) ?? UNKNOWN;
  }

  /** Address of a byte of linear memory; null when that is not known. */
  addressOf(linear: number): number | null {
    const page = this.mapped.get(Math.floor(linear / SHADOWED)) ?? UNKNOWN;
    return page === UNKNOWN ? null : page * SHADOWED + (linear % SHADOWED);
  }

  private build(page: number): number {
    const { shadow } = this.checker;
    const at = shadow.make(0);
    const start = page * SHADOWED;
    for (const allocation of this.allocations.within(start, start + SHADOWED)) {
      const fill = (from: number, to: number, state: number): void => {
        const [low, high] = [Math.max(from, start), Math.min(to, start + SHADOWED)];
        if (low < high) shadow.u8.fill(state, at + (low - start), at + (high - start));
      };
      fill(allocation.address, allocation.address + allocation.size, allocation.written === null ? DEFINED : ADDRESSABLE);
      const { written } = allocation;
      for (let i = 0; written !== null && i < written.length; i += 2) fill(written[i]!, written[i + 1]!, DEFINED);
    }
    return at;
  }

  /** Its shadow is free for others. */
  dispose(): void {
    this.unmapAll();
    if (this.checker.current === this) this.checker.current = null;
    for (const shadow of this.pages.values()) this.checker.shadow.drop(shadow);
    this.pages.clear();
  }
}
