import type { GemObject } from "../drm/gem.ts";
import type { VidSchNode } from "./node.ts";
import type { DmaWork, Packet } from "./packet.ts";

/**
 * Work of a paging packet: an allocation's bytes go from one segment to the other, by the machinery of src/kernel/ttm: nobody reaches the old place any more, the bytes are
 * copied, and page tables lead to the new one.
 */
export class PagingWork implements DmaWork {
  readonly label: string;
  packet: Packet | null = null;
  private readonly object: GemObject;
  private readonly to: "local" | "system";
  private readonly node: VidSchNode;
  private readonly done: () => void;

  constructor(object: GemObject, to: "local" | "system", node: VidSchNode, done: () => void) {
    this.object = object;
    this.to = to;
    this.node = node;
    this.done = done;
    this.label = to === "local" ? "page in" : "page out";
  }

  begin(): boolean {
    const bo = this.object.backing;
    const { ttm } = bo.device;
    if (this.to === "system") {
      bo.held--;
      ttm.evict(bo);
    } else {
      ttm.validate(bo, bo.places);
      bo.held++;
    }
    const move = bo.pending;
    const { kernel } = bo.device.core;
    const over = (): void => {
      this.done();
      this.node.completed(this.packet!);
    };
    // The interrupt comes later, also when there was nothing to copy.
    if (move === null || move.fence.addCallback({ fenceSignaled: () => void kernel.events.at(kernel.clock.now, over, "paging") }) !== 0) kernel.events.at(kernel.clock.now, over, "paging");
    return true;
  }

  suspend(_stopped: () => void): void {
    // A copy of pages is not stopped in the middle: it ends first.
  }

  resume(): void {}

  savedBytes(): number {
    return 0;
  }

  saveNs(): number {
    return 0;
  }

  restoreNs(): number {
    return 0;
  }
}
