import type { MappableRange } from "../fs/file.ts";

/** Pages of CPU and GPU alike, in this machine (as arm64 has them). */
export const PAGE = 65536;

/** Rounds up to whole pages. */
export function pageUp(bytes: number): number {
  return Math.ceil(bytes / PAGE) * PAGE;
}

/** What a stretch of address space is backed by. */
export type VmaKind = "anonymous" | "mapped" | "reserved";

/** One stretch [start, end) of an address space with one backing, contiguous in the machine's linear memory. */
export interface Vma {
  readonly start: number;
  readonly end: number;
  readonly kind: VmaKind;
  readonly prot: number;
  readonly shared: boolean;
  /** Linear-memory address of `start`; -1 for reserved space; -2 - n where byte n of an object is mapped that has moved, until the next access faults. */
  readonly linear: number;
  /** For "mapped": the object, which counts its mappings. For "anonymous": the pages, which count theirs. */
  readonly backing: MappableRange | null;
}

/** The part of a VMA inside [start, end). */
export function slice(vma: Vma, start: number, end: number): Vma {
  const from = Math.max(start, vma.start);
  return { ...vma, start: from, end: Math.min(end, vma.end), linear: vma.linear === -1 ? -1 : vma.linear < 0 ? vma.linear - (from - vma.start) : vma.linear + (from - vma.start) };
}
