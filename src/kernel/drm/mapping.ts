import type { AddressSpace } from "../mm/address-space.ts";
import { mutant } from "../mutants.ts";
import type { GemObject } from "./gem.ts";

/** One stretch of GPU address space with one backing (drm_gpuva). */
export interface Mapping {
  readonly start: number;
  readonly end: number;
  /** Null for a stretch of a process's own memory, or of nothing. */
  readonly object: GemObject | null;
  /** Byte in the object that `start` maps; for process memory the CPU address. */
  readonly offset: number;
  /** GPU_READ, GPU_WRITE: the same bits as in page table and IOMMU. */
  readonly flags: number;
  /** I/O address of `start` in the device's domain; 0 when the memory is the GPU's own. */
  iova: number;
  /** Whose memory, when `object` is null. Null too: a sparse mapping, that reads as zero and forgets what is written. */
  readonly mm: AddressSpace | null;
}

/** Whether a mapping has nothing behind it. */
export function isSparse(m: Mapping): boolean {
  return m.object === null && m.mm === null;
}

/** The part of a mapping from `start` to `end`. */
export function part(m: Mapping, start: number, end: number): Mapping {
  const skip = start - m.start;
  return { ...m, start, end, offset: isSparse(m) ? 0 : mutant("split-forgets-offset") ? m.offset : m.offset + skip, iova: m.iova === 0 ? 0 : m.iova + skip };
}

/** Whether a new mapping says the same as an old one that covers it. */
export function keeps(old: Mapping, fresh: Mapping): boolean {
  return old.object === fresh.object && old.object !== null && old.flags === fresh.flags && old.start <= fresh.start && old.end >= fresh.end && old.offset + (fresh.start - old.start) === fresh.offset;
}
