import type { Backing } from "./memory.ts";

/** What clSVMAlloc gave. */
export interface SvmAllocation {
  readonly address: number;
  /** Bytes asked for. */
  readonly size: number;
  readonly flags: number;
  readonly backing: Backing;
  /** Regions mapped with clEnqueueSVMMap. */
  readonly maps: { readonly address: number; readonly size: number; readonly flags: number }[];
}

/** The allocation that holds [address, address + size), or undefined. */
export function findSvm(allocations: readonly SvmAllocation[], address: number, size: number = 1): SvmAllocation | undefined {
  return allocations.find((a) => address >= a.address && address + size <= a.address + a.size);
}
