import type { GpuJob } from "../../../kernel/drm/gpu-job.ts";
import type { ExecQueue } from "../../../kernel/drm/queue.ts";
import type { Timeline } from "../../../kernel/drm/timeline.ts";
import type { Kernel } from "../../../kernel/machine.ts";
import type { Observer, PointOf } from "../../../kernel/observe.ts";
import type { Thread } from "../../../kernel/process/thread.ts";
import type { Machine } from "../../../machine.ts";
import type { Finding } from "../../schedule/finding.ts";
import { Calls } from "../calls.ts";
import { join, type VectorClock } from "./clock.ts";
import { Allocations, buffersOfLaunch, bytesOfGpu, touchesOfTransfer } from "./jobs.ts";
import { Order } from "./order.ts";
import { placesOfCpu, placesOfGpu, type Place } from "./place.ts";
import { changes, Regions } from "./regions.ts";
import { findingOf } from "./report.ts";
import { Shadow, type Access, type Doer } from "./shadow.ts";

/** Bytes of the program's own that a job was lent. */
interface Loan {
  readonly place: Place;
  readonly write: boolean;
}

/** A free in stream order that was not judged yet: what it waits for may not have run. */
interface LateFree {
  readonly places: readonly Place[];
  /** The allocation is none any more. */
  readonly forget: () => void;
  readonly after: readonly PointOf[];
  readonly known: VectorClock;
  readonly actor: number;
  readonly tick: number;
  readonly doer: Doer;
}

/** What a kernel might write, as it was before. */
interface Before {
  readonly address: number;
  readonly bytes: Uint8Array | null;
  readonly length: number;
}

/**
 * Finds accesses to the same bytes, one of them a write, that nothing orders: no stream or queue, event, barrier, wait of the host, callback. Order is what the program asked for, not what happened to come first,
 * so that one schedule is often enough.
 */
export class RaceDetector implements Observer {
  private readonly kernel: Kernel;
  private readonly found = new Map<string, Finding>();
  private readonly order = new Order();
  private readonly shadow = new Shadow();
  private readonly regions = new Regions();
  private readonly calls = new Calls();
  private readonly allocations = new Allocations();
  private readonly doers = new Map<GpuJob, Doer>();
  private readonly owners = new Map<GpuJob, Thread>();
  private readonly loans = new Map<Thread, Loan[]>();
  private readonly lent_ = new Map<GpuJob, readonly Loan[]>();
  private readonly snapshots = new Map<GpuJob, readonly Before[]>();
  private lateFrees: LateFree[] = [];

  constructor(machine: Machine) {
    this.kernel = machine.kernel;
  }

  /** What was found, once for each pair of calls. */
  finish(): readonly Finding[] {
    for (const free of this.lateFrees) this.judge(free);
    this.lateFrees = [];
    return [...this.found.values()];
  }

  called(thread: Thread, name: string): void {
    if (this.calls.enter(thread, name)) this.writesOf(thread);
  }

  returned(thread: Thread): void {
    if (this.calls.leave(thread)) this.regions.refresh(this.ownerOf(thread));
  }

  resumed(thread: Thread): void {
    this.regions.refresh(this.ownerOf(thread));
  }

  parked(thread: Thread): void {
    if (!thread.daemon && this.calls.of(thread) === null) this.writesOf(thread);
  }

  threadStarted(child: Thread, parent: Thread | null): void {
    this.order.started(child, parent);
  }

  joined(thread: Thread, ended: Thread): void {
    this.order.joined(thread, ended);
  }

  submitted(thread: Thread, job: GpuJob, waits: readonly PointOf[], wholeQueue: boolean): void {
    const call = this.calls.here(thread);
    const line = `${job.queue.entity.inOrder ? "" : "out-of-order "}queue "${job.queue.label}"${job.queue.label.startsWith("stream ") ? "" : ` ${job.queue.id}`}`;
    this.doers.set(job, { what: `${call.name === "" ? "work" : call.name} (${job.label}, ${line})`, site: call.site, call: call.name, line, device: true });
    this.owners.set(job, thread);
    this.order.submitted(thread, job, waits, wholeQueue);
    const loans = this.loans.get(thread);
    if (loans === undefined) return;
    this.lent_.set(job, loans);
    this.loans.delete(thread);
  }

  started(job: GpuJob): void {
    const { transfer, launched } = job;
    for (const { place, write } of this.lent_.get(job) ?? []) this.jobTouches(job, place, write);
    if (transfer !== null) for (const { place, write } of touchesOfTransfer(job, transfer)) this.jobTouches(job, place, write);
    if (launched !== null) this.launch(job);
  }

  private launch(job: GpuJob): void {
    const { mm } = this.owners.get(job)!.process;
    const before: Before[] = [];
    for (const [address, length] of buffersOfLaunch(job, mm, this.allocations)) {
      for (const place of placesOfGpu(job.memory, address, length)) this.jobTouches(job, place, false);
      before.push({ address, length, bytes: bytesOfGpu(job, this.kernel.memory.u8, address, length) });
    }
    this.snapshots.set(job, before);
  }

  ended(job: GpuJob): void {
    this.order.jobOf(job)?.settle(this.order);
    for (const { address, length, bytes } of this.snapshots.get(job) ?? []) {
      const now = bytes === null ? null : bytesOfGpu(job, this.kernel.memory.u8, address, length);
      // Too large to compare, or not there: it may have written all of it.
      const runs = bytes === null || now === null ? [[0, length] as const] : changes(bytes, now);
      for (const [from, to] of runs) for (const place of placesOfGpu(job.memory, address + from, to - from)) this.jobTouches(job, place, true);
    }
    this.snapshots.delete(job);
  }

  private jobTouches(job: GpuJob, place: Place, write: boolean): void {
    const order = this.order.jobOf(job);
    const doer = this.doers.get(job);
    // Jobs from before the detector came.
    if (order === undefined || doer === undefined) return;
    this.add(place, { kind: write ? "write" : "read", actor: order.actorId, tick: order.tick, doer }, order.settle(this.order));
  }

  signaled(thread: Thread, timeline: Timeline, point: number): void {
    this.order.signaled(thread, timeline, point);
  }

  saw(thread: Thread, timeline: Timeline, point: number): void {
    this.order.saw(thread, timeline, point);
  }

  sawQueue(thread: Thread, queue: ExecQueue): void {
    this.order.sawQueue(thread, queue);
  }

  released(thread: Thread, key: object): void {
    this.order.released(thread, key);
  }

  acquired(thread: Thread, key: object): void {
    this.order.acquired(thread, key);
  }

  allocated(thread: Thread, address: number, bytes: number): void {
    const { mm } = thread.process;
    for (const place of this.placesOf(thread, address, bytes)) {
      const due = this.lateFrees.filter(({ places }) => places.some((p) => p.space === place.space && p.start < place.end && place.start < p.end));
      for (const free of due) this.judge(free);
      this.lateFrees = this.lateFrees.filter((free) => !due.includes(free));
      this.shadow.clear(place);
    }
    this.allocations.add(mm, address, bytes);
  }

  freed(thread: Thread, address: number, bytes: number, after: readonly PointOf[] | null): void {
    const places = this.placesOf(thread, address, bytes);
    const forget = (): void => this.allocations.remove(thread.process.mm, address);
    if (after === null) {
      forget();
      for (const place of places) this.threadTouches(thread, place, "free");
      return;
    }
    const actor = this.order.actorOf(thread);
    const call = this.calls.here(thread);
    const doer: Doer = { what: call.name, site: call.site, call: call.name, line: "the stream of the free", device: true };
    // Work that has been handed over before it may start later: until then the memory is known.
    this.lateFrees.push({ places, forget, after, known: actor.clock.slice(), actor: actor.id, tick: actor.tick, doer });
  }

  /** A free in stream order: what it waits for has been handed over by now. */
  private judge(free: LateFree): void {
    const clock = free.known.slice();
    free.forget();
    for (const { timeline, point } of free.after) join(clock, this.order.clockOf(timeline, point));
    for (const place of free.places) this.add(place, { kind: "free", actor: free.actor, tick: free.tick, doer: free.doer }, clock);
  }

  touched(thread: Thread, address: number, bytes: number, write: boolean): void {
    for (const place of placesOfCpu(thread.process.mm, address, bytes)) this.threadTouches(thread, place, write ? "write" : "read");
  }

  viewed(thread: Thread, address: number, bytes: number): void {
    const { mm } = thread.process;
    for (const place of placesOfCpu(mm, address, bytes)) {
      this.threadTouches(thread, place, "read");
      const live = mm.bytes(address, bytes, false);
      if (live !== null && place.end - place.start === bytes) this.regions.add(this.ownerOf(thread), place, live);
    }
  }

  lent(thread: Thread, bytes: Uint8Array, write: boolean): void {
    const place: Place = { space: bytes.buffer, start: bytes.byteOffset, end: bytes.byteOffset + bytes.byteLength };
    const loans = this.loans.get(thread);
    if (loans === undefined) this.loans.set(thread, [{ place, write }]);
    else loans.push({ place, write });
    this.regions.add(this.ownerOf(thread), place, bytes);
  }

  /** Memory of GPUs is known by its GPU addresses, which only the process's open files know. */
  private placesOf(thread: Thread, address: number, bytes: number): Place[] {
    const cpu = placesOfCpu(thread.process.mm, address, bytes);
    if (cpu.length > 0) return cpu;
    for (const [, { driver }] of thread.process.files.entries()) {
      const vms = (driver as { readonly vms?: { entries(): Iterable<readonly [number, import("../../../kernel/drm/vm.ts").GpuVm]> } }).vms;
      for (const [, vm] of vms?.entries() ?? []) {
        const places = placesOfGpu(vm, address, bytes);
        if (places.length > 0) return places;
      }
    }
    return [];
  }

  /** What the program's code wrote to arrays since it was last looked at. */
  private writesOf(thread: Thread): void {
    const places = this.regions.written(this.ownerOf(thread));
    if (places.length === 0) return;
    // The line itself is past: what is known is the call before which it stands.
    const call = this.calls.of(thread);
    const name = call === null ? this.nameOf(thread) : `${this.nameOf(thread)}, before its ${call.name},`;
    const doer: Doer = { what: `the program (${name})`, site: call?.site ?? (() => null), call: "", line: this.nameOf(thread), device: false };
    const actor = this.order.actorOf(thread);
    for (const place of places) this.add(place, { kind: "write", actor: actor.id, tick: actor.tick, doer }, actor.clock);
  }

  private nameOf(thread: Thread): string {
    return `thread "${thread.name}"${thread.process.name === thread.name ? "" : ` of ${thread.process.name}`}`;
  }

  private ownerOf(thread: Thread): object {
    return thread.process;
  }

  private threadTouches(thread: Thread, place: Place, kind: Access["kind"]): void {
    const actor = this.order.actorOf(thread);
    const call = this.calls.here(thread);
    const line = this.nameOf(thread);
    const doer: Doer = { what: call.name === "" ? `the program (${line})` : call.name, site: call.site, call: call.name, line, device: false };
    this.add(place, { kind, actor: actor.id, tick: actor.tick, doer }, actor.clock);
  }

  private add(place: Place, access: Omit<Access, "start" | "end">, clock: VectorClock): void {
    for (const conflict of this.shadow.add(place, { ...access, start: place.start, end: place.end }, clock)) {
      const finding = findingOf(conflict);
      if (!this.found.has(finding.key)) this.found.set(finding.key, finding);
    }
  }
}
