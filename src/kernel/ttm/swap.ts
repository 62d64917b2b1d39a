import type { TtmBo } from "./bo.ts";
import type { TtmDevice } from "./device.ts";
import { SYSTEM, TT } from "./placement.ts";
import { usersOf } from "./users.ts";

/**
 * Writes objects out of system memory until `bytes` are free (ttm_device_swapout): least recently used first, those that no GPU has bound before the others. Busy and
 * pinned ones stay.
 * @param keep this one stays
 * @returns bytes freed
 */
export function swapOut(ttm: TtmDevice, bytes: number, keep: TtmBo | null): number {
  const { store, swap } = ttm.device.core;
  let freed = 0;
  for (const memType of [SYSTEM, TT] as const) {
    for (const bo of ttm.victims(ttm.manager(memType))) {
      if (store.ram.free >= bytes) return freed;
      if (bo !== keep && swap.free >= bo.size && swapOutOne(ttm, bo)) freed += bo.size;
    }
  }
  return freed;
}

/** Writes one object out. False: it is busy, pinned, or has no pages. */
export function swapOutOne(ttm: TtmDevice, bo: TtmBo): boolean {
  const busy = (): boolean => bo.pinCount > 0 || bo.held > 0 || bo.deleted || bo.pending !== null;
  if (busy() || bo.storage?.kind !== "system" || usersOf(bo, false).length > 0) return false;
  if (bo.memType === TT && ttm.evict(bo) < 0) return false;
  if (busy() || bo.memType !== SYSTEM) return false;
  const { swap, kernel } = ttm.device.core;
  if (!swap.charge(bo.size)) return false;
  bo.swap = bo.storage.save();
  if (bo.cpuMappings > 0) ttm.zapCpu(bo);
  bo.storage.free();
  bo.storage = null;
  ttm.unchargeRam(bo);
  ttm.counts.swappedOut++;
  ttm.charge(Math.ceil((bo.size / 1024) * kernel.costs.hostCopy));
  return true;
}
