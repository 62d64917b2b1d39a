import type { DeviceFault, LoadedCode } from "../../compiler/abi.ts";
import type { CopyWork } from "../../gpu/copy-engine.ts";
import type { Meter } from "../../gpu/meter.ts";
import type { WorkOutcome } from "../../gpu/ports.ts";
import type { ComputeWork, LaunchShape, SmCap, TurnTaker } from "../../gpu/resident.ts";
import type { CopyShape, FillShape } from "../../gpu/transfer.ts";
import { Errno } from "../errors.ts";
import { lateness } from "../fault/late.ts";
import { Usage } from "../fence/resv.ts";
import { mutant } from "../mutants.ts";
import type { AddressSpace } from "../mm/address-space.ts";
import type { ExecArgs, LaunchJob } from "../sys/uapi.ts";
import type { GpuContext } from "./context.ts";
import { isUnplugged } from "./device-state.ts";
import type { ExecQueue } from "./queue.ts";
import type { JobScheduler } from "./sched/backend.ts";
import { SchedJob } from "./sched/job.ts";
import type { GpuVm } from "./vm.ts";

const NO_PARAMS = new Uint8Array();

/** A launch that was found to fit the GPU. It is the program's own description, but for the parameters: the program may use their memory again at once. */
export class CheckedLaunch {
  readonly shape: LaunchShape;
  readonly params: Uint8Array;
  readonly loaded: LoadedCode;
  readonly perMultiprocessor: number;
  readonly threads: number;
  readonly stdout: ((text: string) => void) | null;

  constructor(job: LaunchJob, loaded: LoadedCode, perMultiprocessor: number, threads: number) {
    this.shape = job;
    this.params = job.params.length === 0 ? NO_PARAMS : job.params.slice();
    this.loaded = loaded;
    this.perMultiprocessor = perMultiprocessor;
    this.threads = threads;
    this.stdout = job.stdout;
  }
}

/** What a job does, checked and copied out of the caller's hands. All null: a marker. */
export interface JobWork {
  readonly launch: CheckedLaunch | null;
  readonly transfer: CopyShape | FillShape | null;
  /** What a marker does, and how many ns that takes. */
  readonly service?: () => number;
}

/** A job of an exec queue: work for the engines, and what its end means to the program. */
export class GpuJob extends SchedJob implements ComputeWork, CopyWork {
  readonly queue: ExecQueue;
  readonly label: string;
  readonly point: number;
  readonly queuedAt: number;
  readonly clientId: number;
  submittedAt = 0;
  startedAt = -1;
  private readonly work: JobWork;
  private readonly mm: AddressSpace;
  private readonly userFence: ExecArgs["userFence"];
  private readonly timestamps: number | null;
  private printed = "";

  constructor(queue: ExecQueue, scheduler: JobScheduler, sequence: number, work: JobWork, args: ExecArgs, mm: AddressSpace, now: number) {
    super(queue.entity, scheduler, sequence);
    this.queue = queue;
    this.work = work;
    this.label = args.label;
    this.clientId = queue.context.file.clientId;
    this.userFence = args.userFence;
    this.timestamps = args.timestamps;
    this.propagate = args.propagateErrors;
    this.mm = mm;
    this.queuedAt = now;
    this.point = queue.timeline.add(this);
    queue.context.file.device.counts.jobs++;
  }

  get context(): GpuContext {
    return this.queue.context;
  }

  get memory(): GpuVm {
    return this.queue.context.vm;
  }

  /** What its VM maps is in place, or was promised to be until the job has ended. */
  prepared = false;

  override prepare(): boolean {
    if (this.prepared) return true;
    const vm = this.memory;
    if (!vm.settled) {
      if (this.entity.verdict(this) !== 0) return true;
      const result = vm.validate();
      if (result < 0) {
        this.error = result;
        return true;
      }
      this.waitForMoves();
    }
    this.prepared = true;
    return this.pending === 0;
  }

  /** What is mapped may be on its way: the job runs when it has arrived. */
  waitForMoves(): void {
    for (const fence of this.memory.moving) this.addDependency(fence);
  }

  traceFields(): Readonly<Record<string, string | number>> {
    const { file } = this.queue.context;
    const kind = this.work.launch !== null ? "launch" : (this.work.transfer?.kind ?? "marker");
    return { queue: this.queue.id, pid: file.pid, process: file.command, label: this.label, kind, fence: `${this.finished.context.id}:${this.finished.seqno}` };
  }

  /** Whether its end writes to this word of the program's memory. */
  writesTo(mm: AddressSpace, address: number): boolean {
    return this.mm === mm && this.userFence?.address === address;
  }

  /** What it moves; null for launches and markers. */
  get transfer(): CopyShape | FillShape | null {
    return this.work.transfer;
  }

  /** What it runs; null for everything else. */
  get launched(): CheckedLaunch | null {
    return this.work.launch;
  }

  /** The kind of engine that it runs on, as traces name it. */
  get engine(): string {
    const { device, slice } = this.queue.context.file;
    return this.work.launch !== null ? slice.engine.name : `${this.work.transfer !== null ? "copy0" : "marker"}${device.gpu.part}`;
  }

  get urgency(): number {
    return this.entity.urgency;
  }

  get group(): TurnTaker {
    const context = this.queue.context;
    return context.file.slice.shared?.group ?? context;
  }

  get meter(): Meter {
    return this.queue.context.file.meter;
  }

  get cap(): SmCap | null {
    return this.queue.context.file.slice.cap;
  }

  get launch(): LaunchShape {
    return this.work.launch!.shape;
  }

  get params(): Uint8Array {
    return this.work.launch!.params;
  }

  get loaded(): LoadedCode {
    return this.work.launch!.loaded;
  }

  get perMultiprocessor(): number {
    return this.work.launch!.perMultiprocessor;
  }

  get threads(): number {
    return this.work.launch!.threads;
  }

  get shape(): CopyShape | FillShape {
    return this.work.transfer!;
  }

  service(): number {
    return this.work.service?.() ?? 0;
  }

  print(text: string): void {
    this.printed += text;
  }

  run(): void {
    const gpu = this.queue.context.file.device.gpu;
    const { observer } = this.queue.context.file.device.core.kernel;
    if (observer !== null) observer.started(this);
    this.submittedAt = gpu.ports.clock.now;
    this.startedAt = this.submittedAt;
    this.queue.running.push(this);
    // From here on it ends in finite time: until now it may have waited for a program, and such a promise no memory management may wait for.
    this.memory.resv.publish(this.finished, Usage.bookkeep);
    if (this.work.launch !== null) this.queue.context.file.slice.engine.submit(this);
    else if (this.work.transfer !== null) gpu.copies.submit(this);
    else gpu.markers.submit(this);
  }

  /** Asks the engine to stop the job where it is; `stopped` is called when it holds the engine no more, unless it ended before. */
  suspend(stopped: () => void): void {
    if (this.unseen !== null) return;
    const gpu = this.queue.context.file.device.gpu;
    if (this.work.launch !== null) this.queue.context.file.slice.engine.suspend(this, stopped);
    else if (this.work.transfer !== null) gpu.copies.suspend(this, stopped);
  }

  /** Time to carry the stopped job's state to memory, or back, ns. */
  get stateNs(): number {
    return this.work.launch === null ? 0 : this.queue.context.file.slice.engine.stateNs(this);
  }

  /** Size of that state, bytes. */
  get stateBytes(): number {
    return this.work.launch === null ? 0 : this.queue.context.file.slice.engine.stateBytes(this);
  }

  /** A stopped job goes on. */
  resume(): void {
    const gpu = this.queue.context.file.device.gpu;
    if (this.work.launch !== null) this.queue.context.file.slice.engine.resume(this);
    else gpu.copies.resume(this);
  }

  /** Looks at the hardware: whether the job has ended although no interrupt said so. Then that is noticed now. */
  reveal(): boolean {
    const { unseen } = this;
    if (unseen === null) return false;
    unseen.cancel();
    this.unseen = null;
    this.seen("done", null);
    return true;
  }

  /** Takes the job off its engine; it ends with -ECANCELED. */
  abort(): void {
    if (this.unseen !== null) {
      this.unseen.cancel();
      this.unseen = null;
      this.seen("killed", null);
      return;
    }
    const gpu = this.queue.context.file.device.gpu;
    if (this.work.launch !== null) this.queue.context.file.slice.engine.abort(this);
    else if (this.work.transfer !== null) gpu.copies.abort(this);
    else gpu.markers.abort(this);
  }

  started(time: number): void {
    this.startedAt = time;
  }

  /** Its end has come and the kernel has not noticed. */
  private unseen: { cancel(): void } | null = null;

  ended(outcome: WorkOutcome, fault: DeviceFault | null): void {
    const { device } = this.queue.context.file;
    const { events, faults } = device.core.kernel;
    if (faults.active && outcome === "done" && device.wddm === null && this.comesLate()) return;
    // An interrupt shows the ends before it too.
    if (faults.unseen.size > 0) faults.unseen.get(this.scheduler)?.look(events);
    this.seen(outcome, fault);
  }

  private comesLate(): boolean {
    const { clock, events, faults } = this.queue.context.file.device.core.kernel;
    const late = lateness(faults);
    if (late === null) return false;
    const tell = (): void => {
      this.unseen = null;
      this.seen("done", null);
    };
    if (late === "interrupt") {
      const ends = faults.unseenOf(this.scheduler);
      const entry = ends.lost(events, clock.now, tell);
      this.unseen = { cancel: () => ends.forget(events, entry) };
    } else {
      const event = events.at(clock.now + late, tell, "late fence", true);
      this.unseen = { cancel: () => events.cancel(event) };
    }
    return true;
  }

  private seen(outcome: WorkOutcome, fault: DeviceFault | null): void {
    const running = this.queue.running;
    const at = running.indexOf(this);
    const last = running.pop()!;
    if (at < running.length) running[at] = last;
    const { wddm } = this.queue.context.file.device;
    if (wddm !== null) {
      wddm.ended(this, outcome, fault);
      return;
    }
    switch (outcome) {
      case "done":
        this.scheduler.finish(this, 0);
        return;
      case "killed":
        this.scheduler.finish(this, isUnplugged(this.queue.context.file.device) ? -Errno.ENODEV : -Errno.ECANCELED);
        return;
      case "timeout":
        this.context.file.device.recovery.hung(this);
        return;
      case "fault": {
        const context = this.context;
        context.get();
        context.ban(this, outcome, fault);
        this.scheduler.finish(this, -Errno.EIO);
        context.killWork();
        context.file.slice.shared?.faulted(context, outcome, fault);
        context.put();
      }
    }
  }

  complete(error: number): void {
    this.error = error;
    this.memory.resv.remove(this.finished);
    const kernel = this.queue.context.file.device.core.kernel;
    const now = kernel.clock.now;
    if (kernel.observer !== null) kernel.observer.ended(this);
    this.account(now);
    if (this.printed !== "") this.work.launch!.stdout?.(this.printed);
    if (this.timestamps !== null) this.writeTimestamps(this.timestamps, now);
    this.queue.timeline.advance();
    const fence = this.userFence;
    if (fence !== null && this.mm.store32(fence.address, error === 0 ? fence.value : fence.errorValue)) kernel.futex.wake(this.mm, fence.address, Infinity);
  }

  override retired(): void {
    this.queue.freeIfIdle();
  }

  free(): void {
    this.queue.context.file.device.counts.jobs--;
    this.queue.freeIfIdle();
  }

  /** Adds the time from `scheduled` to `finished` to the client's account (fdinfo, drm-usage-stats.rst). */
  private account(now: number): void {
    const busy = this.queue.context.file.engineNs;
    const ns = now - this.scheduled.timestamp;
    if (this.work.launch !== null) busy.compute += ns;
    else if (this.work.transfer !== null) busy.copy += mutant("fdinfo-counts-twice") ? 2 * ns : ns;
  }

  private writeTimestamps(address: number, now: number): void {
    const linear = this.mm.resolve(address, 32, true);
    if (linear === null) return;
    const words = this.queue.context.file.device.core.store.u32;
    // A job that never ran has one time for all.
    const submitted = this.submittedAt || now;
    let at = linear >>> 2;
    for (const time of [submitted, this.startedAt < 0 ? now : Math.min(this.startedAt, now), now, this.queuedAt]) {
      words[at++] = time >>> 0;
      words[at++] = Math.floor(time / 2 ** 32);
    }
  }
}
