import type { LinearStore } from "../../gpu/linear.ts";
import { SvmCore } from "../hmm/core.ts";
import type { SyncFile } from "../fence/sync-file.ts";
import { FenceRegistry } from "../fence/fence.ts";
import { Iommu } from "../iommu/iommu.ts";
import type { IommuMode } from "../iommu/iommu.ts";
import type { PageOwner } from "../mm/residency.ts";
import type { Kernel } from "../machine.ts";
import { PciBus, type PciFunction } from "../pci/bus.ts";
import type { RecoveryOptions } from "./recovery/options.ts";
import type { SchedulerOptions } from "./sched/options.ts";
import type { Capacity } from "../../gpu/capacity.ts";
import { makeSwap, type TtmOptions } from "../ttm/options.ts";
import { Dxgkrnl } from "../wddm/dxgkrnl.ts";
import type { WddmOptions } from "../wddm/options.ts";

/** Choices of the machine that the drivers follow. */
export interface DrmOptions {
  /** Virtual ns that a job may run on a GPU without a watchdog before it is killed. */
  readonly hangLimitNs: number;
  /** Kind of the default domains of the IOMMU's groups. Default "strict". */
  readonly iommu?: IommuMode;
  /** Whether the root ports keep their slots apart (ACS). Without it a GPU shares its IOMMU group with its port. Default true. */
  readonly acs?: boolean;
  /** Further functions on the PCI bus, without a driver. */
  readonly pciFunctions?: readonly PciFunction[];
  /** Instructions without a finished work-group after which a launch's virtual time runs faster; see src/gpu/README.md. Default 2^29 on a GPU with a job timeout, 2^30 on others. */
  readonly hangPatience?: number;
  /** How the software schedulers are set; see SchedulerOptions. */
  readonly scheduler?: SchedulerOptions;
  /** What happens when a GPU hangs; see RecoveryOptions. */
  readonly recovery?: RecoveryOptions;
  /** How much memory GPUs may bind and swap; see TtmOptions. */
  readonly memory?: TtmOptions;
  /** How the graphics kernel of Windows is set; no meaning on Linux. */
  readonly wddm?: WddmOptions;
}

/** What all GPU drivers of a machine share. */
export class DrmCore {
  readonly kernel: Kernel;
  readonly store: LinearStore;
  readonly options: DrmOptions;
  readonly fences: FenceRegistry;
  readonly iommu: Iommu;
  readonly pci: PciBus = new PciBus();
  readonly svm: SvmCore;
  /** Room for what is swapped out of system memory. */
  readonly swap: Capacity;
  /** The graphics kernel of Windows; null on Linux. */
  readonly dxgkrnl: Dxgkrnl | null;
  /** Open dma-bufs and sync files: they belong to no device. */
  readonly syncFiles: Set<SyncFile> = new Set();
  readonly counts = { dmaBufs: 0, syncFiles: 0, syncobjs: 0 };
  /** Homes of process pages, by GPU. */
  private readonly homes: Map<PageOwner, number> = new Map();
  private clients = 0;
  private sequence = 0;

  constructor(kernel: Kernel, store: LinearStore, options: DrmOptions) {
    this.kernel = kernel;
    this.store = store;
    this.options = options;
    this.fences = new FenceRegistry(kernel);
    this.svm = new SvmCore(kernel);
    this.swap = makeSwap(options.memory ?? {});
    this.iommu = new Iommu(kernel, options.iommu ?? "strict");
    this.dxgkrnl = kernel.os === "windows" ? new Dxgkrnl(kernel, options.wddm ?? {}) : null;
  }

  /** A GPU's memory may hold process pages. */
  addHome(owner: PageOwner, gpu: number): void {
    this.homes.set(owner, gpu);
  }

  /** The GPU whose memory that is. */
  gpuOf(owner: PageOwner): number {
    return this.homes.get(owner)!;
  }

  /** Whether there is a GPU of that number. */
  isGpu(gpu: number): boolean {
    return [...this.homes.values()].includes(gpu);
  }

  /** Number of a new open file, over all devices. */
  nextClient(): number {
    return ++this.clients;
  }

  /** Order of a job among all of the machine. */
  nextSequence(): number {
    return ++this.sequence;
  }
}
