import type { ComputeLimits } from "../../gpu/compute-engine.ts";
import { Gpu } from "../../gpu/gpu.ts";
import type { GpuProfile } from "../../gpu/profile.ts";
import type { DmaBuf } from "../fence/dma-buf.ts";
import { invariant } from "../errors.ts";
import type { IommuDomain, TranslationCache } from "../iommu/domain.ts";
import type { IommuGroup } from "../iommu/iommu.ts";
import type { Subsystem } from "../machine.ts";
import { pciName, type PciFunction } from "../pci/bus.ts";
import { groupFor, rootPort } from "../pci/topology.ts";
import type { GpuContext } from "./context.ts";
import type { DrmCore } from "./core.ts";
import type { DrmFile } from "./file.ts";
import type { GemObject } from "./gem.ts";
import type { ComputeSlice } from "./slice.ts";
import { FaultBatches } from "../hmm/batch.ts";
import { DevicePages } from "../hmm/device-pages.ts";
import type { SvmDevice } from "../hmm/svm.ts";
import { TtmDevice } from "../ttm/device.ts";
import { svmDevice } from "./svm-device.ts";
import { Recovery } from "./recovery/ladder.ts";
import { makeRunQueue } from "./sched/policy.ts";
import type { JobScheduler } from "./sched/backend.ts";
import { DrmScheduler } from "./sched/scheduler.ts";
import type { GpuVm } from "./vm.ts";
import type { ExecQueue } from "./queue.ts";
import { WddmAdapter } from "../wddm/adapter.ts";

/** Markers that may be on their way at once. */
const MARKER_CREDITS = 1024;
/** mmap offsets of objects begin here, and are this far apart at least: an offset names an object and a place in it. */
const MAP_OFFSET_BASE = 2 ** 32;
/** Patience with launches that finish no work-group: where a watchdog waits it has to be found out sooner. */
const PATIENCE_WATCHED = 2 ** 29;
const PATIENCE_UNWATCHED = 2 ** 30;

/** A GPU with its driver (drm_device): nodes, buffer objects, schedulers. */
export class GpuDevice implements TranslationCache, Subsystem {
  readonly core: DrmCore;
  readonly index: number;
  readonly gpu: Gpu;
  readonly pci: PciFunction;
  readonly iommuGroup: IommuGroup;
  readonly uuid: string;
  readonly computeScheduler: DrmScheduler;
  readonly copyScheduler: DrmScheduler;
  readonly markerScheduler: DrmScheduler;
  /** All that were made, those of compute instances too. */
  readonly schedulers: DrmScheduler[] = [];
  readonly recovery: Recovery;
  /** On Windows the graphics kernel takes the place of the schedulers above and of memory management; null on Linux. */
  readonly wddm: WddmAdapter | null;
  readonly files: Set<DrmFile> = new Set();
  readonly objects: Set<GemObject> = new Set();
  /** Flink names. */
  readonly names: Map<number, GemObject> = new Map();
  /** Objects of other devices that this one knows through a dma-buf. */
  readonly imports: Map<DmaBuf, GemObject> = new Map();
  readonly mmapOffsets: Map<number, GemObject> = new Map();
  /** What the driver does when a file gets or loses a handle of an object (drm_gem_object_funcs); open may refuse with a negative errno. */
  readonly gemHooks: { open?: (object: GemObject, file: DrmFile) => number; close?: (object: GemObject, file: DrmFile) => void } = {};
  readonly vms: Set<GpuVm> = new Set();
  readonly contexts: Set<GpuContext> = new Set();
  readonly counts = { queues: 0, jobs: 0 };
  /** Its memory, and system memory that it uses, as buffer objects have it. */
  readonly ttm: TtmDevice;
  /** Its memory as a home of process pages, and its faults on their way through the service. */
  readonly pages: DevicePages;
  readonly batches: FaultBatches;
  /** Taken out of the machine: nothing can be asked of it. */
  unplugged = false;
  /** A master has set the interface version: the bus name may be told. */
  busNameSet = false;
  /** Times that an engine was reset because of a hung job, or the GPU by hand. */
  resets = 0;
  /** The GPU that this is an instance of, or null. */
  readonly whole: GpuDevice | null;
  readonly limits: ComputeLimits;
  /** GPU instances, while the GPU is partitioned: then it takes no work as a whole. */
  parts: ReadonlySet<GpuDevice> | null = null;
  private ownSlice: ComputeSlice | null = null;
  private lastObject = 0;
  private lastQueue = 0;
  private nextMapOffset = MAP_OFFSET_BASE;

  /**
   * @param whole the GPU that this is a part of (a GPU instance), or null: the part shares its PCI function and IOMMU domain, and nothing else
   * @param part behind the engines' names in traces
   */
  constructor(core: DrmCore, index: number, profile: GpuProfile, whole: GpuDevice | null = null, part: string = "") {
    this.core = core;
    this.index = index;
    const { kernel, options } = core;
    this.whole = whole;
    this.recovery = new Recovery(this, options.recovery ?? {});
    this.limits = { hangLimitNs: options.hangLimitNs, hangPatience: options.hangPatience ?? (profile.jobTimeoutNs > 0 ? PATIENCE_WATCHED : PATIENCE_UNWATCHED) };
    this.gpu = new Gpu(kernel, core.store, index, core.dxgkrnl === null ? profile : watchedByWddm(profile), this.limits, part, ...(whole === null ? [] : [whole.gpu.meter] as const));
    const { bandwidth } = profile.pcie;
    this.pages = new DevicePages({ kernel, store: core.store, vram: this.gpu.vram, core: core.svm, bandwidth }, `gpu${index}${part}`);
    core.addHome(this.pages, index);
    this.batches = new FaultBatches({ batch: kernel.costs.pageFault, page: kernel.costs.pageFaultPage, block: kernel.costs.migrateSetup, bandwidth });
    this.pci = whole?.pci ?? {
      domain: 0,
      bus: index + 1,
      device: 0,
      function: 0,
      vendorId: profile.vendorId,
      deviceId: profile.deviceId,
      subsystemId: profile.subsystemId,
      classCode: profile.vendor === "amd" ? 0x038000 : 0x030200,
      driver: this.driver,
      link: profile.pcie,
      bars: [16 * 2 ** 20, 2 ** Math.ceil(Math.log2(profile.vramBytes)), 32 * 2 ** 20],
      ats: true,
      pri: true,
      pasids: 2 ** 16 - 1,
    };
    if (whole === null) {
      core.pci.add(rootPort(index, options.acs ?? true, profile.pcie));
      core.pci.add(this.pci);
    }
    this.iommuGroup = whole?.iommuGroup ?? groupFor(core.pci, core.iommu, this.pci);
    core.iommu.find(this.name)!.bound = true;
    this.domain.caches.add(this);
    this.ttm = new TtmDevice(this, options.memory ?? {});
    this.uuid = makeUuid(profile, index);
    this.computeScheduler = this.makeScheduler(`compute${part}`, profile.limits.maxConcurrentKernels);
    this.copyScheduler = this.makeScheduler(`copy${part}`, profile.copyEngines);
    this.markerScheduler = this.makeScheduler(`marker${part}`, MARKER_CREDITS);
    this.wddm = core.dxgkrnl === null ? null : new WddmAdapter(this, core.dxgkrnl);
  }

  /** Software arbitration before engines of this device. @param credits jobs in flight */
  makeScheduler(name: string, credits: number): DrmScheduler {
    const { kernel, options } = this.core;
    const { policy = "fifo", pipelined = false, timeoutNs = Infinity, hangLimit = (options.recovery?.banAfter ?? 1) - 1 } = options.scheduler ?? {};
    const scheduler: DrmScheduler = new DrmScheduler(kernel, this.name, name, credits, makeRunQueue(policy, kernel.choices), {
      timeoutNs, hangLimit, pipelined, ops: { timedoutJob: (job) => this.recovery.timedOut(scheduler, job) },
    });
    this.schedulers.push(scheduler);
    return scheduler;
  }

  /** Who gets the jobs of a kind that a queue submits. */
  schedulerFor(kind: "compute" | "copy" | "marker", queue: ExecQueue): JobScheduler {
    if (this.wddm !== null) return this.wddm.schedulerFor(kind, queue);
    return kind === "compute" ? queue.context.file.slice.scheduler : kind === "copy" ? this.copyScheduler : this.markerScheduler;
  }

  /** All multiprocessors of the device, by turns of contexts. */
  get slice(): ComputeSlice {
    return (this.ownSlice ??= { profile: this.gpu.profile, uuid: this.uuid, engine: this.gpu.compute, scheduler: this.computeScheduler, cap: null, urgencyShift: 0, shared: null });
  }

  /** PCI address, "0000:01:00.0". */
  get name(): string {
    return pciName(this.pci);
  }

  /** The driver's name, as the kernel shows it. */
  get driver(): string {
    return this.gpu.profile.vendor === "amd" ? "amdgpu" : this.gpu.profile.vendor === "intel" ? "xe" : "nvidia-drm";
  }

  get domain(): IommuDomain {
    return this.iommuGroup.domain;
  }

  /** What shared virtual memory needs of this GPU, for one of its address spaces. */
  svmOf(vm: GpuVm): SvmDevice {
    return svmDevice(this, vm);
  }

  /** "card0" */
  get primaryNode(): string {
    return `card${this.index}`;
  }

  /** "renderD128" */
  get renderNode(): string {
    return `renderD${128 + this.index}`;
  }

  nextObjectId(): number {
    return ++this.lastObject;
  }

  nextQueueId(): number {
    return ++this.lastQueue;
  }

  /** Where mmap on a node of this device finds an object. */
  mapOffset(object: GemObject): number {
    if (object.mmapOffset === 0) {
      object.mmapOffset = this.nextMapOffset;
      this.nextMapOffset += object.size;
      this.mmapOffsets.set(object.mmapOffset, object);
    }
    return object.mmapOffset;
  }

  /** The object whose place begins at an offset (drm_vma_offset_exact_lookup). */
  findMapOffset(offset: number): GemObject | undefined {
    return this.mmapOffsets.get(offset);
  }

  /** Resets the GPU by hand: contexts with work on the engines lose it and are banned; the others notice nothing, unless memory is lost. */
  reset(): void {
    this.recovery.reset(null);
  }

  /** The IOMMU took translations away. */
  invalidate(iova: number, bytes: number): void {
    for (const vm of this.vms) vm.invalidate(iova, bytes);
  }

  checkInvariants(): void {
    for (const object of this.objects) {
      invariant(object.refcount > 0, "a live object has references");
      invariant(object.name === 0 || this.names.get(object.name) === object, "a named object is found by its name");
    }
    this.ttm.checkInvariants();
    invariant(this.ttm.vram.usage + this.pages.bytes === this.gpu.vram.used, "VRAM in use is the sum of the objects and process pages placed there");
    const handles = new Map<GemObject, number>();
    for (const file of this.files) for (const [, object] of file.objects.entries()) handles.set(object, (handles.get(object) ?? 0) + 1);
    for (const object of this.objects) invariant(object.handleCount === (handles.get(object) ?? 0), "an object counts its handles");
    for (const object of handles.keys()) invariant(this.objects.has(object), "a handle leads to a live object");
    for (const vm of this.vms) vm.checkInvariants();
    this.domain.checkInvariants();
    for (const scheduler of this.schedulers) scheduler.checkInvariants();
  }

  objectCounts(): Readonly<Record<string, number>> {
    return {
      files: this.files.size,
      objects: this.objects.size,
      names: this.names.size,
      vms: this.vms.size,
      contexts: this.contexts.size,
      ...this.counts,
      vramBytes: this.gpu.vram.used,
      iommuRanges: this.domain.count,
    };
  }
}

/** On Windows the operating system watches, by preemption (TDR), and every adapter is watched. */
function watchedByWddm(profile: GpuProfile): GpuProfile {
  return { ...profile, jobTimeoutNs: 0, kernelExecTimeout: true };
}

/** A name for a GPU that is the same in every run: from what it is and which one it is. */
function makeUuid(profile: GpuProfile, index: number): string {
  let state = 0x811c9dc5;
  const step = (byte: number): void => {
    state = Math.imul(state ^ byte, 0x01000193) >>> 0;
  };
  for (const c of `${profile.id}#${index}`) step(c.codePointAt(0)!);
  const hex = Array.from({ length: 16 }, (_, i) => {
    step(i);
    return (state >>> 24).toString(16).padStart(2, "0");
  }).join("");
  return `GPU-${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
