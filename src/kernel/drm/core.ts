import type { LinearStore } from "../../gpu/linear.ts";
import { SvmCore } from "../hmm/core.ts";
import { FenceRegistry } from "../fence/fence.ts";
import { Iommu } from "../iommu/iommu.ts";
import type { Kernel } from "../machine.ts";
import { PciBus } from "../pci/bus.ts";
import type { RecoveryOptions } from "./recovery/options.ts";
import type { SchedulerOptions } from "./sched/options.ts";
import { Dxgkrnl } from "../wddm/dxgkrnl.ts";
import type { WddmOptions } from "../wddm/options.ts";

/** Choices of the machine that the drivers follow. */
export interface DrmOptions {
  /** Virtual ns that a job may run on a GPU without a watchdog before it is killed. */
  readonly hangLimitNs: number;
  /** Instructions without a finished work-group after which a launch's virtual time runs faster; see src/gpu/README.md. Default 2^29 on a GPU with a job timeout, 2^30 on others. */
  readonly hangPatience?: number;
  /** How the software schedulers are set; see SchedulerOptions. */
  readonly scheduler?: SchedulerOptions;
  /** What happens when a GPU hangs; see RecoveryOptions. */
  readonly recovery?: RecoveryOptions;
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
  /** The graphics kernel of Windows; null on Linux. */
  readonly dxgkrnl: Dxgkrnl | null;
  /** Open dma-bufs and sync files: they belong to no device. */
  readonly counts = { dmaBufs: 0, syncFiles: 0, syncobjs: 0 };
  private clients = 0;
  private sequence = 0;

  constructor(kernel: Kernel, store: LinearStore, options: DrmOptions) {
    this.kernel = kernel;
    this.store = store;
    this.options = options;
    this.fences = new FenceRegistry(kernel);
    this.svm = new SvmCore(kernel);
    this.iommu = new Iommu(kernel);
    this.dxgkrnl = kernel.os === "windows" ? new Dxgkrnl(kernel, options.wddm ?? {}) : null;
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
