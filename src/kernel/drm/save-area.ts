import { FRAME } from "../../gpu/frames.ts";
import { invariant } from "../errors.ts";
import type { GpuDevice } from "./device.ts";
import { place, PLACE_DESIRED, VRAM } from "../ttm/placement.ts";
import { GemObject } from "./gem.ts";

/** First word of a save area that holds a context's state. */
const MAGIC = 0x43575352;

/**
 * The memory of the GPU in which a context's registers and shared memory lie while another context runs (as for compute wave save and restore). It is made at the first
 * preemption, as large as all multiprocessors' state, and lives as long as the context. The first words say what is in it; the rest stands for state that the emulation keeps elsewhere.
 */
export class SaveArea {
  private readonly device: GpuDevice;
  private object: GemObject | null = null;
  private saves = 0;

  constructor(device: GpuDevice) {
    this.device = device;
  }

  /** Bytes of the GPU's memory that it takes; 0 before the first preemption. */
  get bytes(): number {
    return this.object?.size ?? 0;
  }

  /** Makes sure that it exists. False: the GPU has no free memory for it (in the middle of a switch nothing can be evicted). */
  reserve(bytes: number): boolean {
    if (this.object !== null) return true;
    const { device } = this;
    const backing = device.ttm.create(Math.ceil(bytes / FRAME) * FRAME, { places: [place(VRAM, PLACE_DESIRED)], priority: 3, discardable: false, cgroup: null, account: null }, true);
    if (typeof backing === "number") return false;
    this.object = new GemObject(device, device.nextObjectId(), backing, "context save area", null).get();
    return true;
  }

  /** State goes in. */
  save(bytes: number): void {
    const at = this.words();
    const { u32 } = this.device.core.store;
    u32[at] = MAGIC;
    u32[at + 1] = bytes;
    u32[at + 2] = ++this.saves;
  }

  /** State comes out: what went in last. */
  restore(bytes: number): void {
    const at = this.words();
    const { u32 } = this.device.core.store;
    invariant(u32[at] === MAGIC && u32[at + 1]! >= bytes && u32[at + 2] === this.saves, "a context's state comes back as it was saved");
  }

  free(): void {
    this.object?.put();
    this.object = null;
  }

  private words(): number {
    invariant(this.object !== null, "state is saved where there is room for it");
    return this.object.backing.touch(0) >>> 2;
  }
}
