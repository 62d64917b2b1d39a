import { Gpu } from "../../gpu/gpu.ts";
import type { GpuProfile } from "../../gpu/profile.ts";
import type { DmaBuf } from "../fence/dma-buf.ts";
import { invariant } from "../errors.ts";
import type { IommuDomain, TranslationCache } from "../iommu/domain.ts";
import type { IommuGroup } from "../iommu/iommu.ts";
import type { Subsystem } from "../machine.ts";
import { pciName, type PciFunction } from "../pci/bus.ts";
import type { GpuContext } from "./context.ts";
import type { DrmCore } from "./core.ts";
import type { DrmFile } from "./file.ts";
import type { GemObject } from "./gem.ts";
import { FifoRunQueue } from "./sched/fifo.ts";
import { DrmScheduler } from "./sched/scheduler.ts";
import type { GpuVm } from "./vm.ts";

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
  readonly files: Set<DrmFile> = new Set();
  readonly objects: Set<GemObject> = new Set();
  /** Flink names. */
  readonly names: Map<number, GemObject> = new Map();
  /** Objects of other devices that this one knows through a dma-buf. */
  readonly imports: Map<DmaBuf, GemObject> = new Map();
  readonly mmapOffsets: Map<number, GemObject> = new Map();
  readonly vms: Set<GpuVm> = new Set();
  readonly contexts: Set<GpuContext> = new Set();
  readonly counts = { queues: 0, jobs: 0 };
  /** Times that an engine was reset because of a hung job, or the GPU by hand. */
  resets = 0;
  private lastObject = 0;
  private lastQueue = 0;
  private nextMapOffset = MAP_OFFSET_BASE;

  constructor(core: DrmCore, index: number, profile: GpuProfile) {
    this.core = core;
    this.index = index;
    const { kernel, options } = core;
    this.gpu = new Gpu(kernel, core.store, index, profile, { hangLimitNs: options.hangLimitNs, hangPatience: options.hangPatience ?? (profile.jobTimeoutNs > 0 ? PATIENCE_WATCHED : PATIENCE_UNWATCHED) });
    this.pci = {
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
    };
    core.pci.add(this.pci);
    this.iommuGroup = core.iommu.addDevice(this.name);
    this.domain.caches.add(this);
    this.uuid = makeUuid(profile, index);
    const scheduler = (name: string, credits: number): DrmScheduler => new DrmScheduler(kernel, this.name, name, credits, new FifoRunQueue(kernel.choices));
    this.computeScheduler = scheduler("compute", profile.limits.maxConcurrentKernels);
    this.copyScheduler = scheduler("copy", profile.copyEngines);
    this.markerScheduler = scheduler("marker", MARKER_CREDITS);
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

  /** The object whose place an offset is, exactly or inside. */
  findMapOffset(offset: number): GemObject | undefined {
    const exact = this.mmapOffsets.get(offset);
    if (exact !== undefined) return exact;
    for (const object of this.mmapOffsets.values()) if (offset > object.mmapOffset && offset < object.mmapOffset + object.size) return object;
    return undefined;
  }

  /** Resets the GPU: contexts with work on the engines lose it and are banned; the others notice nothing. */
  reset(): void {
    this.resets++;
    for (const context of [...this.contexts]) {
      const job = context.runningJob();
      if (job === null) continue;
      context.get();
      context.ban(job, "reset-innocent", null);
      context.killWork();
      context.put();
    }
  }

  /** The IOMMU took translations away. */
  invalidate(iova: number, bytes: number): void {
    for (const vm of this.vms) vm.invalidate(iova, bytes);
  }

  checkInvariants(): void {
    let vram = 0;
    for (const object of this.objects) {
      invariant(object.refcount > 0, "a live object has references");
      if (!object.imported && object.backing.placement === "vram") vram += object.size;
      invariant(object.name === 0 || this.names.get(object.name) === object, "a named object is found by its name");
    }
    invariant(vram === this.gpu.vram.used, "VRAM in use is the sum of the objects placed there");
    const handles = new Map<GemObject, number>();
    for (const file of this.files) for (const [, object] of file.objects.entries()) handles.set(object, (handles.get(object) ?? 0) + 1);
    for (const object of this.objects) invariant(object.handleCount === (handles.get(object) ?? 0), "an object counts its handles");
    for (const object of handles.keys()) invariant(this.objects.has(object), "a handle leads to a live object");
    for (const vm of this.vms) vm.checkInvariants();
    this.domain.checkInvariants();
    for (const scheduler of [this.computeScheduler, this.copyScheduler, this.markerScheduler]) scheduler.checkInvariants();
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
