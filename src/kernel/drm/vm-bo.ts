import { Usage } from "../fence/resv.ts";
import { vmUsers } from "../ttm/users.ts";
import type { GemObject } from "./gem.ts";
import type { Mapping } from "./mapping.ts";
import type { GpuVm } from "./vm.ts";

/** How one VM uses one object (drm_gpuvm_bo): unique for the pair. */
export class VmBo {
  readonly vm: GpuVm;
  readonly object: GemObject;
  readonly mappings: Set<Mapping> = new Set();
  /** The page table leads to it. False while it moves, or is evicted. */
  live = false;

  constructor(vm: GpuVm, object: GemObject) {
    this.vm = vm;
    this.object = object;
  }

  /** The first mapping comes. */
  attach(): void {
    const { vm } = this;
    const bo = this.object.backing;
    bo.unlist();
    bo.vmBos.add(this);
    bo.bump();
    bo.resv.join(vm.resv);
    this.live = bo.usable;
    if (bo.evicted) vm.evicted.add(this);
    if (bo.pending !== null) vm.moving.add(bo.pending.fence);
    if (bo.device === vm.device && bo.preferred === "vram") vm.demand += bo.size;
  }

  /** The last mapping has gone. What runs here may still use the memory: it is not freed before that has ended. */
  detach(): void {
    const { vm } = this;
    const bo = this.object.backing;
    // They are promised to run as things are: whoever gets the memory waits for them, so they must not wait for whoever gets the memory.
    for (const fence of vmUsers(vm, true)) bo.resv.publish(fence, Usage.bookkeep);
    bo.unlist();
    bo.vmBos.delete(this);
    bo.bump();
    bo.resv.leave(vm.resv);
    vm.evicted.delete(this);
    if (bo.pending !== null) vm.moving.delete(bo.pending.fence);
    if (bo.device === vm.device && bo.preferred === "vram") vm.demand -= bo.size;
  }
}
