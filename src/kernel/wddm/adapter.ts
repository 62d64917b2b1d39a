import type { DeviceFault } from "../../compiler/abi.ts";
import { FRAME } from "../../gpu/frames.ts";
import type { WorkOutcome } from "../../gpu/ports.ts";
import type { GpuProfile } from "../../gpu/profile.ts";
import type { GpuContext } from "../drm/context.ts";
import type { GpuDevice } from "../drm/device.ts";
import type { GemObject } from "../drm/gem.ts";
import type { GpuJob } from "../drm/gpu-job.ts";
import type { ExecQueue } from "../drm/queue.ts";
import type { JobScheduler } from "../drm/sched/backend.ts";
import { Errno, invariant } from "../errors.ts";
import type { Subsystem } from "../machine.ts";
import { Band, DXGK_SUBMIT_PREEMPT, PAGING_PRIORITY } from "./constants.ts";
import { inProcessPriority, softwarePriority, WddmContext, WddmDevice, WddmProcess } from "./device.ts";
import { beginJob, finishJob, JobWork } from "./dma-job.ts";
import type { Dxgkrnl } from "./dxgkrnl.ts";
import { defaultBands, HardwarePolicy } from "./hws.ts";
import { VidSchNode, type NodePorts } from "./node.ts";
import { Packet, type SchedulingProperties } from "./packet.ts";
import { PagingWork } from "./paging.ts";
import { SoftwarePolicy, type NodePolicy } from "./policy.ts";
import { Tdr } from "./tdr.ts";
import { VidMm } from "./vidmm.ts";

/** Ordinal of the node that computes; copy engines follow. */
export const COMPUTE_NODE = 0;
/** The copy engine that paging uses. */
export const PAGING_NODE = 1;

/**
 * The graphics kernel's side of one GPU on Windows: VidSch's nodes, one an engine, and what takes the place of drm_sched: jobs that are ready become packets.
 * Synchronisation alone (markers) is no work for an engine: it is done when its turn comes.
 */
export class WddmAdapter implements Subsystem {
  readonly name: string;
  readonly gpu: GpuDevice;
  readonly dxgkrnl: Dxgkrnl;
  readonly nodes: readonly VidSchNode[];
  readonly policies: readonly NodePolicy[];
  readonly tdr: Tdr;
  readonly vidmm: VidMm<GemObject>;
  readonly hardwareScheduling: boolean;
  private readonly schedulers: { readonly compute: JobScheduler; readonly copy: JobScheduler; readonly marker: JobScheduler };
  private readonly processes = new Map<number, WddmProcess>();
  private readonly devices = new WeakMap<GpuContext, WddmDevice>();
  private readonly contexts = new WeakMap<ExecQueue, Map<VidSchNode, WddmContext>>();
  private readonly packets = new Map<GpuJob, { readonly packet: Packet; readonly node: VidSchNode }>();
  /** The memory manager's own context. */
  private readonly paging: WddmContext;
  private lastContext = 0;
  private lastPacket = 0;
  private readonly quantumNs: number;

  constructor(gpu: GpuDevice, dxgkrnl: Dxgkrnl) {
    this.name = `wddm${gpu.index}`;
    this.gpu = gpu;
    this.dxgkrnl = dxgkrnl;
    const { kernel, options } = dxgkrnl;
    const { profile } = gpu.gpu;
    this.hardwareScheduling = options.hardwareScheduling ?? false;
    this.quantumNs = options.quantumNs ?? profile.timesliceNs;
    this.tdr = new Tdr(this);
    const system = this.processOf(4, "System");
    this.paging = new WddmContext(++this.lastContext, true, { process: system }, PAGING_PRIORITY, this.properties(0));
    this.vidmm = new VidMm<GemObject>(
      { localBytes: profile.vramBytes, move: (object, to, done) => this.page(object, to, done), discard: (object) => void gpu.ttm.validate(object.backing, []) },
      {
        running: (device) => this.nodes.some((node) => node.packets().some((packet) => packet.begun && packet.context.device === device)),
        waiting: (device) => this.nodes.some((node) => node.awaits(device)),
        pump: () => this.pump(),
        trim: (device, bytes) => this.tellTrim(device.process as WddmProcess, bytes),
      },
      (options.budgetPercent ?? 100) / 100,
    );
    const ports: NodePorts = {
      clock: kernel.clock,
      events: kernel.events as NodePorts["events"],
      trace: kernel.trace,
      irqNs: kernel.costs.irq,
      resident: (packet) => packet.type === "paging" || packet.begun || this.vidmm.ready(packet.context.device),
      left: (packet) => {
        (packet.context.device.process as WddmProcess).runningNs += packet.ranNs - packet.accountedNs;
        packet.accountedNs = packet.ranNs;
        this.vidmm.left(packet.context.device);
      },
      tdrDelayNs: () => this.tdr.delayNs(),
      timeout: (node, packet) => this.tdr.timeout(node, packet),
    };
    const names = ["compute", ...Array.from({ length: profile.copyEngines }, (_, i) => `copy${i}`)];
    this.policies = names.map(() => this.policy());
    this.nodes = names.map((name, i) => new VidSchNode(ports, i, name, this.policies[i]!, this.hardwareScheduling, i === COMPUTE_NODE && !stopsMidway(profile) ? this.quantumNs : Infinity));
    this.schedulers = {
      compute: this.scheduler((job) => this.enqueue(job, this.nodes[COMPUTE_NODE]!)),
      copy: this.scheduler((job) => this.enqueue(job, this.copyNode(job.queue))),
      marker: this.scheduler((job) => void beginJob(job)),
    };
    kernel.subsystems.push(this);
  }

  /** Who gets the jobs of a kind that a queue submits. */
  schedulerFor(kind: "compute" | "copy" | "marker", _queue: ExecQueue): JobScheduler {
    return this.schedulers[kind];
  }

  /** An engine has ended a job. */
  ended(job: GpuJob, outcome: WorkOutcome, fault: DeviceFault | null): void {
    switch (outcome) {
      case "done":
        job.scheduler.finish(job, 0);
        return;
      case "killed":
        job.scheduler.finish(job, -Errno.ECANCELED);
        return;
      case "fault":
        this.tdr.engineFault(job, fault);
        return;
      case "timeout":
        this.tdr.gaveUp(job);
    }
  }

  /** The device of a fault domain. */
  deviceOf(context: GpuContext): WddmDevice {
    let device = this.devices.get(context);
    if (device === undefined) {
      device = new WddmDevice(context, this.processOf(context.file.pid, context.file.command));
      this.devices.set(context, device);
    }
    return device;
  }

  /** The process record of a pid. */
  processOf(pid: number, name: string): WddmProcess {
    let process = this.processes.get(pid);
    if (process === undefined) this.processes.set(pid, (process = new WddmProcess(pid, name)));
    return process;
  }

  /** The context of a queue on a node. */
  contextOf(queue: ExecQueue, node: VidSchNode): WddmContext {
    let mine = this.contexts.get(queue);
    if (mine === undefined) this.contexts.set(queue, (mine = new Map()));
    let context = mine.get(node);
    if (context === undefined) {
      const level = queue.level;
      context = new WddmContext(++this.lastContext, queue.entity.inOrder, this.deviceOf(queue.context), softwarePriority(queue.priority, level), this.properties(inProcessPriority(queue.priority, level)));
      mine.set(node, context);
    }
    return context;
  }

  /** Where a job stands, while VidSch has it. */
  packetOf(job: GpuJob): { readonly packet: Packet; readonly node: VidSchNode } | undefined {
    return this.packets.get(job);
  }

  /** Processes that have used the adapter. */
  knownProcesses(): WddmProcess[] {
    return [...this.processes.values()];
  }

  /** The memory manager gets to know an allocation: from its first MakeResident to its end. */
  track(object: GemObject): void {
    if (this.vidmm.known.has(object)) return;
    const { backing } = object;
    const local = backing.placement === "vram" && backing.usable;
    this.vidmm.created(object, object.size, local);
    if (local) backing.held++;
  }

  /** A fault domain is no more, and its residency list with it. */
  deviceFreed(context: GpuContext): void {
    const device = this.devices.get(context);
    if (device !== undefined) this.vidmm.deviceGone(device);
  }

  /** Whether an object is on a residency list, so that the memory manager sees to it. */
  manages(object: GemObject): boolean {
    const record = this.vidmm.known.get(object);
    return record !== undefined && (record.lists.size > 0 || record.asked.size > 0);
  }

  /** An object is no more. */
  untrack(object: GemObject): void {
    if (this.vidmm.known.get(object)?.where === "local") object.backing.held--;
    this.vidmm.destroyed(object);
  }

  /** Video memory has lost its contents. */
  purgeVram(): void {
    const { store } = this.gpu.core;
    for (const object of this.gpu.objects) {
      const { backing } = object;
      if (object.imported || backing.placement !== "vram") continue;
      for (let at = 0; at < object.size; at += FRAME) {
        const linear = backing.page(at);
        if (linear === 0) continue;
        const words = store.u32.subarray(linear >>> 2, (linear + FRAME) >>> 2);
        // What was never written is zero and has no storage: reading it costs none.
        if (words.some((word) => word !== 0)) words.fill(0);
      }
    }
  }

  /** Looks again at all nodes: something that held packets back is over. */
  pump(): void {
    for (const node of this.nodes) node.pump();
  }

  checkInvariants(): void {
    for (const node of this.nodes) node.checkInvariants();
    for (const [job, { packet, node }] of this.packets) {
      invariant(job.state !== "done", "what is over has no packet");
      invariant(node.packets().includes(packet), "a packet stands on its node");
    }
    this.tdr.checkInvariants();
    this.vidmm.checkInvariants(this.nodes.flatMap((node) => (node.running === null || node.running.type === "paging" ? [] : [node.running.context.device])));
  }

  objectCounts(): Readonly<Record<string, number>> {
    return { packets: this.packets.size };
  }

  /** Sends a paging packet. */
  private page(object: GemObject, to: "local" | "system", done: () => void): void {
    const node = this.nodes[Math.min(PAGING_NODE, this.nodes.length - 1)]!;
    const work = new PagingWork(object.get(), to, node, () => {
      done();
      object.put();
    });
    const packet = new Packet("paging", this.paging, work, ++this.lastPacket, this.dxgkrnl.kernel.clock.now);
    work.packet = packet;
    node.enqueue(packet);
  }

  private tellTrim(process: WddmProcess, bytes: number): void {
    const { trim } = process;
    const { kernel } = this.dxgkrnl;
    if (kernel.trace.enabled) kernel.trace.emit("Microsoft-Windows-DxgKrnl/TrimProcessCommitment", { ProcessId: process.pid, NumBytesToTrim: bytes });
    if (trim !== null && trim.mm.store32(trim.address, Math.ceil(bytes / 1024))) kernel.futex.wake(trim.mm, trim.address, Infinity);
  }

  private policy(): NodePolicy {
    const { choices } = this.dxgkrnl.kernel;
    if (!this.hardwareScheduling) return new SoftwarePolicy(choices, this.quantumNs);
    return new HardwarePolicy(choices, defaultBands(this.quantumNs, this.dxgkrnl.options.targetNormalBandPercentage ?? 10));
  }

  private properties(priority: number): SchedulingProperties {
    return { band: Band.NORMAL, realtimeBandPriorityLevel: 0, inProcessPriority: priority, quantumNs: this.quantumNs, gracePeriodSamePriorityNs: 0, gracePeriodLowerPriorityNs: 0 };
  }

  /** The copy engine on which a queue's packet has to wait for the fewest others. */
  private copyNode(queue: ExecQueue): VidSchNode {
    const priority = softwarePriority(queue.priority, queue.level);
    let best = this.nodes[1]!;
    let least = Infinity;
    for (const node of this.nodes) {
      if (node.ordinal === COMPUTE_NODE) continue;
      const packets = node.packets();
      const load = packets.filter((packet) => packet.context.priority >= priority).length + packets.length / 2 ** 20;
      if (load < least) [best, least] = [node, load];
    }
    return best;
  }

  private enqueue(job: GpuJob, node: VidSchNode): void {
    const context = this.contextOf(job.queue, node);
    const work = new JobWork(job, node.ordinal === COMPUTE_NODE ? this.dxgkrnl.kernel.costs.contextSwitch : 0);
    const packet = new Packet("compute", context, work, ++this.lastPacket, this.dxgkrnl.kernel.clock.now);
    const { submitCommand } = this.dxgkrnl.options;
    if (submitCommand !== undefined) {
      const { pid, command } = job.queue.context.file;
      const dxgkSubmitCommand = { pid, process: command, label: job.label, priority: context.priority, flags: DXGK_SUBMIT_PREEMPT };
      submitCommand(dxgkSubmitCommand);
      packet.ownFlags = dxgkSubmitCommand.flags;
      packet.preempts = (dxgkSubmitCommand.flags & DXGK_SUBMIT_PREEMPT) !== 0;
    }
    this.packets.set(job, { packet, node });
    node.enqueue(packet);
  }

  private scheduler(enqueue: (job: GpuJob) => void): JobScheduler {
    return {
      enqueue: (job) => enqueue(job as GpuJob),
      finish: (job, error) => {
        const mine = this.packets.get(job as GpuJob);
        this.packets.delete(job as GpuJob);
        finishJob(job, error);
        mine?.node.completed(mine.packet);
      },
      traceQueue: () => {},
      checkInvariants: () => {},
    };
  }
}

/** Whether running work can be stopped before it ends. */
function stopsMidway(profile: GpuProfile): boolean {
  return profile.preemption === "instruction" || profile.preemption === "thread-group";
}
