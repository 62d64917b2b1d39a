import { Errno } from "../errors.ts";
import type { MappableRange } from "../fs/file.ts";
import type { AddressSpace } from "../mm/address-space.ts";
import type { MmuIntervalNotifier } from "../mm/notifier.ts";
import type { PageOwner } from "../mm/residency.ts";
import { PAGE } from "../mm/vma.ts";
import { mutant } from "../mutants.ts";

/** A page as a device may use it (one entry of hmm_pfns). */
export interface HmmPage {
  /** Linear address of its frame. */
  readonly linear: number;
  readonly writable: boolean;
  /** In the device memory of the caller's `owner`. */
  readonly device: boolean;
}

/** What is to be looked up (struct hmm_range). */
export interface HmmRange {
  readonly notifier: MmuIntervalNotifier;
  /** `notifier.readBegin()` from before the look-up. */
  readonly sequence: number;
  /** Whole pages inside the notifier's range. */
  readonly start: number;
  readonly end: number;
  /** Every page must be writable (HMM_PFN_REQ_WRITE); else readable. */
  readonly write: boolean;
  /** Pages in this memory stay there; pages on other devices come back to RAM (dev_private_owner). */
  readonly owner: PageOwner | null;
  /** OUT: one for each page, when the result is 0. */
  pages: readonly HmmPage[];
}

/** Whether a mapping shows a device's own memory to the CPU (VM_IO, VM_PFNMAP). */
export type IsDeviceMapping = (backing: MappableRange | null) => boolean;

/**
 * The pages of a range, faulted in for the CPU so that a device can mirror them (hmm_range_fault, mm/hmm.c). The caller holds the mmap lock.
 * @returns 0, -EINVAL: not whole pages inside the notifier, or a mapping of a device's memory; -EFAULT: nothing mapped, or not readable; -EPERM: a write to
 *   what may only be read; -EBUSY: the range has changed since `sequence` (begin again)
 */
export function hmmRangeFault(mm: AddressSpace, range: HmmRange, isDevice: IsDeviceMapping): number {
  const { start, end, notifier } = range;
  if (start % PAGE !== 0 || end % PAGE !== 0 || start >= end || start < notifier.start || end > notifier.end) return -Errno.EINVAL;
  const pages: HmmPage[] = [];
  for (let page = start; page < end; page += PAGE) {
    if (notifier.readRetry(range.sequence)) return -Errno.EBUSY;
    const vma = mm.find(page);
    if (vma === null || vma.linear < 0 || (vma.prot & 1) === 0) return -Errno.EFAULT;
    if (isDevice(vma.backing)) return -Errno.EINVAL;
    if (range.write && (vma.prot & 2) === 0 && !mutant("hmm-write-ignores-protection")) return -Errno.EPERM;
    const away = mm.residency.away.get(page);
    if (away !== undefined && away.owner === range.owner) {
      pages.push({ linear: away.linear, writable: (vma.prot & 2) !== 0, device: true });
      continue;
    }
    // Another device's page: the fault brings it back. That is a change of this range too, so the caller begins again.
    if (away !== undefined) mm.residency.touch(page, 1, false);
    pages.push({ linear: vma.linear + (page - vma.start), writable: (vma.prot & 2) !== 0, device: false });
  }
  if (notifier.readRetry(range.sequence)) return -Errno.EBUSY;
  range.pages = pages;
  return 0;
}

/** Times that a look-up begins again before it gives up. */
export const RETRY_BUDGET = 8;

/**
 * hmm_range_fault for callers without the mmap lock: takes it, and begins again while the range changes (hmm_range_fault_unlocked_timeout).
 * @param ended whether the process is being killed
 * @returns as hmmRangeFault; -EBUSY: it changed `budget` times; -EINTR: killed meanwhile
 */
export function hmmRangeFaultUnlocked(mm: AddressSpace, range: Omit<HmmRange, "sequence" | "pages">, isDevice: IsDeviceMapping, ended: () => boolean, budget: number = RETRY_BUDGET): HmmRange | number {
  for (let attempt = 0; attempt < budget; attempt++) {
    if (ended()) return -Errno.EINTR;
    const full: HmmRange = { ...range, sequence: range.notifier.readBegin(), pages: [] };
    const result = hmmRangeFault(mm, full, isDevice);
    if (result === 0) return full;
    if (result !== -Errno.EBUSY) return result;
  }
  return -Errno.EBUSY;
}
