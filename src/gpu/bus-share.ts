import { PTE_BUS, type GpuPageTable } from "./page-table.ts";

const WORD = 2 ** 32;

/**
 * The part of a launch's traffic that crosses the bus, 0 to 1. MODEL: compiled code counts the bytes it moves and not where they lie, so that translation stays as cheap as it is. What is
 * known of a launch is its parameters: of those that are addresses of mapped memory, so many lead out of the GPU's own. Each counts for an equal part.
 * @param params the parameter block, 8-byte values at multiples of 8
 */
export function busShare(table: GpuPageTable, params: Uint8Array): number {
  let pointers = 0;
  let bus = 0;
  for (let at = 0; at + 8 <= params.length; at += 8) {
    const high = params[at + 4]! | (params[at + 5]! << 8);
    // Addresses are below 2^48; low words alone are counts and flags.
    if (high === 0 || params[at + 6] !== 0 || params[at + 7] !== 0) continue;
    const low = (params[at]! | (params[at + 1]! << 8) | (params[at + 2]! << 16) | (params[at + 3]! << 24)) >>> 0;
    const entry = table.entry(high * WORD + low);
    if (entry === 0) continue;
    pointers++;
    if ((entry & PTE_BUS) !== 0) bus++;
  }
  return bus === 0 ? 0 : bus / pointers;
}
