import { Capacity } from "../../gpu/capacity.ts";

/** How much memory of which kind a machine's GPUs may use. */
export interface TtmOptions {
  /** System memory that one GPU may have bound at a time, bytes. Default: all of the machine's. */
  readonly gttBytes?: number;
  /** Room for what is swapped out of system memory, bytes. Default 0: no swap. */
  readonly swapBytes?: number;
  /** How much of a GPU's memory the CPU can reach (size of the BAR), bytes. Default: all (resizable BAR). */
  readonly visibleVramBytes?: number;
}

/** Room for what is swapped out, of one machine. */
export function makeSwap(options: TtmOptions): Capacity {
  return new Capacity(options.swapBytes ?? 0);
}
