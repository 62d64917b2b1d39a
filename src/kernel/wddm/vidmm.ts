import { invariant } from "../errors.ts";
import { mutant } from "../mutants.ts";
import type { SchedDevice } from "./packet.ts";

/** NTSTATUS of a request that would go over the budget. */
export const STATUS_NO_MEMORY = 0xc000_0017;
/** NTSTATUS of a request whose paging is under way. */
export const STATUS_PENDING = 0x103;

/** Where an allocation's bytes are: in the GPU's memory, in system memory, or on their way. */
export type Whereabouts = "local" | "system" | "coming" | "going";

/** What moves bytes between the segments, by paging packets. */
export interface PagingMechanism<A> {
  /** Size of the local segment. */
  readonly localBytes: number;
  /** Moves an allocation. `done` is called when the bytes have arrived and the page tables say so, not before this returns. */
  move(allocation: A, to: "local" | "system", done: () => void): void;
  /** The contents of an offered allocation are not wanted any more: its memory goes without a copy. */
  discard(allocation: A): void;
}

/** What VidSch answers and is told. */
export interface VidMmPorts {
  /** Whether a packet of the device is with an engine. */
  running(device: SchedDevice): boolean;
  /** Whether the device has packets that wait. */
  waiting(device: SchedDevice): boolean;
  /** Memory has changed: packets that were held back may go. */
  pump(): void;
  /** A process holds more than its budget now (D3DKMTRegisterTrimNotification). */
  trim(device: SchedDevice, bytesToTrim: number): void;
}

/** What the memory manager knows of an allocation. */
export class Residency<A> {
  readonly allocation: A;
  readonly bytes: number;
  where: Whereabouts;
  /** Devices whose residency list it is on, and how often. */
  readonly lists: Map<SchedDevice, number> = new Map();
  /** Devices whose list it joins when it has arrived: their contexts begin nothing before, and what runs goes on. */
  readonly asked: Map<SchedDevice, number> = new Map();
  /** Offered by its owner: it may be discarded. */
  offered = false;
  /** It was, since it was offered. */
  discarded = false;
  lastUse = 0;
  gone = false;

  constructor(allocation: A, bytes: number, where: Whereabouts) {
    this.allocation = allocation;
    this.bytes = bytes;
    this.where = where;
  }
}

/** What MakeResident answers. */
export interface ResidentResult {
  readonly status: 0 | typeof STATUS_PENDING | typeof STATUS_NO_MEMORY;
  /** With STATUS_NO_MEMORY: what the process has to give up first, bytes. */
  readonly bytesToTrim: number;
}

/**
 * VidMm: which allocations are in the GPU's memory. A device's list must be there as a whole before any of its contexts runs; where the lists of several devices do not fit at
 * once, devices take turns: the one that is to run next gets its memory when those it is taken from have left the engines.
 */
export class VidMm<A> {
  readonly known: Map<A, Residency<A>> = new Map();
  readonly statistics = { pagedIn: 0, pagedOut: 0, discarded: 0 };
  private readonly mechanism: PagingMechanism<A>;
  private readonly ports: VidMmPorts;
  private readonly budgetShare: number;
  /** Bytes of local memory that are taken, or promised to what is coming. */
  used = 0;
  /** Devices that want to run and lack memory, in order. */
  private readonly wanting: SchedDevice[] = [];
  /** Devices that may not begin packets, because memory of theirs is wanted. */
  private readonly yielding = new Set<SchedDevice>();
  /** Devices that got their memory and have not run since. */
  private readonly fresh = new Set<SchedDevice>();
  private away = 0;
  private uses = 0;
  private moves = 0;
  private stepping = false;

  /** @param budgetShare part of the local segment that one process may have resident, above 0 to 1 */
  constructor(mechanism: PagingMechanism<A>, ports: VidMmPorts, budgetShare: number = 1) {
    this.mechanism = mechanism;
    this.ports = ports;
    this.budgetShare = budgetShare;
  }

  /** Bytes of the local segment that a process may have on its lists. */
  get budget(): number {
    return Math.floor(this.mechanism.localBytes * this.budgetShare);
  }

  /** A new allocation. @param local it is in local memory already; else it is there from its first residency on */
  created(allocation: A, bytes: number, local: boolean = false): Residency<A> {
    const record = new Residency(allocation, bytes, local ? "local" : "system");
    this.known.set(allocation, record);
    if (local) this.used += bytes;
    else this.away++;
    return record;
  }

  /** It is no more. What is under way ends by itself. */
  destroyed(allocation: A): void {
    const record = this.known.get(allocation);
    if (record === undefined) return;
    this.known.delete(allocation);
    record.gone = true;
    if (record.where === "local") this.used -= record.bytes;
    else if (record.where === "system") this.away--;
    this.step();
  }

  /** The device is no more: its list is empty. */
  deviceGone(device: SchedDevice): void {
    for (const record of this.known.values()) {
      record.lists.delete(device);
      record.asked.delete(device);
    }
    const at = this.wanting.indexOf(device);
    if (at >= 0) this.wanting.splice(at, 1);
    this.yielding.delete(device);
    this.fresh.delete(device);
    this.step();
  }

  /** Bytes on the lists of a process's devices, each allocation once. */
  usage(process: object): number {
    let bytes = 0;
    for (const record of this.known.values()) if (this.listedBy(record, process)) bytes += record.bytes;
    return bytes;
  }

  /**
   * D3DKMTMakeResident: puts allocations on a device's list. Beyond the budget nothing is put there, unless the process cannot trim (then up to the size of the segment).
   */
  makeResident(device: SchedDevice, allocations: readonly A[], cantTrimFurther: boolean = false): ResidentResult {
    const records = allocations.map((allocation) => this.known.get(allocation)).filter((record) => record !== undefined);
    let more = 0;
    for (const record of new Set(records)) if (!this.listedBy(record, device.process)) more += record.bytes;
    const limit = cantTrimFurther ? this.mechanism.localBytes : this.budget;
    const over = this.usage(device.process) + more - limit;
    if (more > 0 && over > 0) {
      this.ports.trim(device, over);
      return { status: STATUS_NO_MEMORY, bytesToTrim: over };
    }
    for (const record of records) {
      const list = record.where === "local" || record.lists.has(device) ? record.lists : record.asked;
      list.set(device, (list.get(device) ?? 0) + 1);
      record.lastUse = ++this.uses;
    }
    if (records.every((record) => record.where === "local")) return { status: 0, bytesToTrim: 0 };
    this.want(device);
    return { status: records.every((record) => record.where === "local") ? 0 : STATUS_PENDING, bytesToTrim: 0 };
  }

  /** D3DKMTEvict: takes allocations off a device's list, once each. They may stay where they are until the room is wanted. Returns what the process is over its budget, bytes. */
  evict(device: SchedDevice, allocations: readonly A[]): number {
    for (const allocation of allocations) {
      const record = this.known.get(allocation);
      const list = record?.lists.has(device) ? record.lists : record?.asked;
      const count = list?.get(device);
      if (list === undefined || count === undefined) continue;
      if (count > 1) list.set(device, count - 1);
      else list.delete(device);
    }
    this.step();
    return Math.max(0, this.usage(device.process) - this.budget);
  }

  /** D3DKMTOfferAllocations: contents may be thrown away when room is wanted. */
  offer(allocations: readonly A[]): void {
    for (const allocation of allocations) {
      const record = this.known.get(allocation);
      if (record !== undefined) record.offered = true;
    }
  }

  /** D3DKMTReclaimAllocations2: takes them back; for each whether its contents were thrown away. */
  reclaim(allocations: readonly A[]): boolean[] {
    return allocations.map((allocation) => {
      const record = this.known.get(allocation);
      if (record === undefined || !record.offered) return false;
      const discarded = record.discarded;
      record.offered = record.discarded = false;
      return discarded;
    });
  }

  /** Whether a device's packets may run now. If not, its memory is on its way, and `pump` comes. */
  ready(device: SchedDevice): boolean {
    if (this.yielding.has(device)) return false;
    if (this.away === 0 && this.moves === 0) return true;
    if (this.missing(device, true) === null || mutant("runs-without-residency")) return true;
    this.want(device);
    return false;
  }

  /** A packet of the device has left its engine. */
  left(device: SchedDevice): void {
    this.fresh.delete(device);
    if (this.wanting.length === 0) return;
    for (const record of this.known.values()) if (record.lists.has(device)) record.lastUse = ++this.uses;
    this.step();
  }

  /** Checks the books, and that whoever runs has its memory. @param runningDevices devices that have a packet on an engine */
  checkInvariants(runningDevices: Iterable<SchedDevice>): void {
    let used = 0;
    let away = 0;
    for (const record of this.known.values()) {
      if (record.where !== "system") used += record.bytes;
      else away++;
    }
    invariant(used <= this.used, "local memory is taken by what is known, and by what is on its way out of existence");
    invariant(away === this.away, "allocations outside local memory are counted");
    invariant(this.used <= this.mechanism.localBytes, "no more local memory is taken than there is");
    for (const device of runningDevices) invariant(this.missing(device, false) === null, "no context of a device runs while something on its list is not resident");
  }

  private want(device: SchedDevice): void {
    if (!this.wanting.includes(device)) this.wanting.push(device);
    this.step();
  }

  /** Something on the device's list (`asked`: or on its way there) that is not in local memory. */
  private missing(device: SchedDevice, asked: boolean): Residency<A> | null {
    for (const record of this.known.values()) if (record.where !== "local" && (record.lists.has(device) || (asked && record.asked.has(device)))) return record;
    return null;
  }

  private listedBy(record: Residency<A>, process: object): boolean {
    for (const device of record.lists.keys()) if (device.process === process) return true;
    for (const device of record.asked.keys()) if (device.process === process) return true;
    return false;
  }

  /** Goes on with the device whose turn it is, as far as that is possible now. */
  private step(): void {
    if (this.stepping) return;
    this.stepping = true;
    let served = false;
    for (let device = this.wanting[0]; device !== undefined; device = this.wanting[0]) {
      if (!this.serve(device)) break;
      this.wanting.shift();
      this.yielding.clear();
      if (this.ports.waiting(device)) this.fresh.add(device);
      served = true;
    }
    this.stepping = false;
    if (served) this.ports.pump();
  }

  /** True when everything on the device's list is in local memory. */
  private serve(device: SchedDevice): boolean {
    this.yielding.delete(device);
    let complete = true;
    for (const record of this.known.values()) {
      if (record.where === "local" || !(record.lists.has(device) || record.asked.has(device))) continue;
      complete = false;
      if (record.where !== "system") continue;
      if (!this.makeRoom(device, record.bytes)) return false;
      this.bringIn(record);
    }
    return complete;
  }

  private bringIn(record: Residency<A>): void {
    record.where = "coming";
    this.away--;
    this.used += record.bytes;
    this.moves++;
    this.statistics.pagedIn++;
    this.mechanism.move(record.allocation, "local", () => {
      this.moves--;
      record.where = "local";
      record.lastUse = ++this.uses;
      for (const [device, count] of record.asked) record.lists.set(device, (record.lists.get(device) ?? 0) + count);
      record.asked.clear();
      if (record.gone) this.used -= record.bytes;
      this.step();
    });
  }

  /** Whether there are so many bytes free; if not, what can be done is begun. */
  private makeRoom(device: SchedDevice, bytes: number): boolean {
    for (;;) {
      const free = this.mechanism.localBytes - this.used;
      if (free >= bytes) return true;
      let going = 0;
      for (const record of this.known.values()) if (record.where === "going") going += record.bytes;
      if (free + going >= bytes) return false;
      const victim = this.victim(device);
      if (victim === null) return false;
      this.sendOut(victim);
    }
  }

  /** What goes first: offered, then on no list, then what was used longest ago of devices that do not run. */
  private victim(device: SchedDevice): Residency<A> | null {
    let best: Residency<A> | null = null;
    let rank = Infinity;
    let blockers: SchedDevice[] = [];
    for (const record of this.known.values()) {
      if (record.where !== "local" || record.lists.has(device)) continue;
      const busy = [...record.lists.keys()].filter((other) => this.ports.running(other) || (this.fresh.has(other) && this.ports.waiting(other)));
      if (busy.length > 0 && !mutant("evicts-from-running-device")) {
        blockers = [...blockers, ...busy];
        continue;
      }
      const order = (record.offered ? 0 : record.lists.size === 0 ? 1 : 2) * 2 ** 40 + record.lastUse;
      if (order < rank) [best, rank] = [record, order];
    }
    if (best !== null) return best;
    for (const other of blockers) if (!this.fresh.has(other)) this.yielding.add(other);
    return null;
  }

  private sendOut(record: Residency<A>): void {
    if (record.offered && record.lists.size === 0 && record.asked.size === 0) {
      record.discarded = true;
      record.where = "system";
      this.away++;
      this.used -= record.bytes;
      this.statistics.discarded++;
      this.mechanism.discard(record.allocation);
      return;
    }
    record.where = "going";
    this.moves++;
    this.statistics.pagedOut++;
    this.mechanism.move(record.allocation, "system", () => {
      this.moves--;
      this.used -= record.bytes;
      record.where = "system";
      if (!record.gone) this.away++;
      this.step();
    });
  }
}
