import { Errno } from "../errors.ts";
import type { AddressSpace, MmuNotifier } from "../mm/address-space.ts";
import { PAGE } from "../mm/vma.ts";
import { IOMMU_READ, IOMMU_WRITE, type IommuDomain } from "./domain.ts";

/** Addresses that interrupts have: no memory can be there. */
export const RESERVED_IOVA: readonly [number, number] = [0xfee00000, 0xfeefffff];
/** Highest I/O address, exclusive. */
const APERTURE_END = 2 ** 48;

/** One mapping, of memory that is held in RAM for its life. */
interface Area {
  readonly iova: number;
  readonly length: number;
  readonly prot: number;
  readonly mm: AddressSpace;
  readonly address: number;
  readonly pieces: readonly { readonly linear: number; readonly bytes: number }[];
}

function overlaps(iova: number, length: number, [first, last]: readonly [number, number]): boolean {
  return iova <= last && iova + length > first;
}

/** An I/O address space of iommufd: every page table made of it maps the same. */
export class Ioas {
  readonly domains: Set<IommuDomain> = new Set();
  private readonly areas: Map<number, Area> = new Map();
  private readonly watched: Map<AddressSpace, MmuNotifier> = new Map();
  private allowed: readonly (readonly [number, number])[] = [];

  /** First and last address of what may be mapped. */
  ranges(): readonly (readonly [number, number])[] {
    return [[PAGE, Math.floor(RESERVED_IOVA[0] / PAGE) * PAGE - 1], [Math.ceil(RESERVED_IOVA[1] / PAGE) * PAGE, APERTURE_END - 1]];
  }

  /** 0 or -EADDRINUSE, -EINVAL. */
  allow(ranges: readonly (readonly [number, number])[]): number {
    if (ranges.some(([first, last]) => !(first <= last))) return -Errno.EINVAL;
    for (const area of this.areas.values()) if (ranges.length > 0 && !ranges.some(([first, last]) => area.iova >= first && area.iova + area.length - 1 <= last)) return -Errno.EADDRINUSE;
    this.allowed = ranges;
    return 0;
  }

  /** Maps memory of a process. @param iova where, or null for any place @returns the address, or a negative errno */
  map(mm: AddressSpace, address: number, length: number, prot: number, iova: number | null): number {
    if (length <= 0 || [address, length, iova ?? 0].some((n) => !Number.isSafeInteger(n) || n % PAGE !== 0 || n < 0) || prot === 0) return -Errno.EINVAL;
    const at = iova ?? this.place(length);
    if (at < 0) return at;
    if (!this.mayMap(at, length)) return -Errno.EINVAL;
    if (this.areaIn(at, length)) return -Errno.EEXIST;
    const pieces: { linear: number; bytes: number }[] = [];
    for (let va = address; va < address + length; ) {
      const vma = mm.find(va);
      if (vma === null || vma.linear < 0 || (vma.prot & prot) !== prot) return -Errno.EFAULT;
      const end = Math.min(vma.end, address + length);
      pieces.push({ linear: vma.linear + (va - vma.start), bytes: end - va });
      va = end;
    }
    mm.residency.pin(address, address + length);
    this.areas.set(at, { iova: at, length, prot, mm, address, pieces });
    for (const domain of this.domains) domain.mapPieces(at, pieces, prot);
    this.watch(mm);
    return at;
  }

  /** Maps here what another space has at `from`. @returns the address, or a negative errno */
  copy(source: Ioas, from: number, length: number, prot: number, iova: number | null): number {
    const area = source.areas.get(from);
    if (area === undefined || area.length !== length || (area.prot & prot) !== prot) return -Errno.ENOENT;
    return this.map(area.mm, area.address, length, prot, iova);
  }

  /** Removes the mappings that lie in a range; all with length Infinity. @returns bytes, or -ENOENT, -EINVAL */
  unmap(iova: number, length: number): number {
    if (length !== Infinity && (iova % PAGE !== 0 || length % PAGE !== 0 || length <= 0)) return -Errno.EINVAL;
    const inside = [...this.areas.values()].filter((area) => overlaps(iova, length, [area.iova, area.iova + area.length - 1]));
    if (inside.length === 0 && length !== Infinity) return -Errno.ENOENT;
    if (inside.some((area) => area.iova < iova || area.iova + area.length > iova + length)) return -Errno.ENOENT;
    let bytes = 0;
    for (const area of inside) {
      this.drop(area);
      bytes += area.length;
    }
    return bytes;
  }

  /** A page table of this space, with everything that is mapped. @returns 0 or -EADDRINUSE */
  addDomain(domain: IommuDomain): number {
    for (const area of this.areas.values()) {
      if (overlaps(area.iova, area.length, RESERVED_IOVA)) return -Errno.EADDRINUSE;
      domain.mapPieces(area.iova, area.pieces, area.prot);
    }
    this.domains.add(domain);
    return 0;
  }

  /** The space goes. */
  destroy(): void {
    for (const area of [...this.areas.values()]) this.drop(area);
    for (const [mm, notifier] of this.watched) mm.notifiers.delete(notifier);
    this.watched.clear();
  }

  private drop(area: Area): void {
    this.areas.delete(area.iova);
    for (const domain of this.domains) domain.unmap(area.iova, area.length);
    area.mm.residency.unpin(area.address, area.address + area.length);
  }

  /** NON-SPEC: pinned pages outlive their mapping on Linux; here the mapping goes with the memory. */
  private watch(mm: AddressSpace): void {
    if (this.watched.has(mm)) return;
    const notifier: MmuNotifier = (start, end) => {
      for (const area of [...this.areas.values()]) if (area.mm === mm && area.address < end && area.address + area.length > start) this.drop(area);
    };
    this.watched.set(mm, notifier);
    mm.notifiers.add(notifier);
  }

  private mayMap(iova: number, length: number): boolean {
    if (iova + length > APERTURE_END || overlaps(iova, length, RESERVED_IOVA)) return false;
    return this.allowed.length === 0 || this.allowed.some(([first, last]) => iova >= first && iova + length - 1 <= last);
  }

  private areaIn(iova: number, length: number): boolean {
    for (const area of this.areas.values()) if (overlaps(iova, length, [area.iova, area.iova + area.length - 1])) return true;
    return false;
  }

  private place(length: number): number {
    for (const [first, last] of this.allowed.length > 0 ? this.allowed : this.ranges()) {
      for (let at = Math.ceil(first / PAGE) * PAGE; at + length - 1 <= last; ) {
        const hit = [...this.areas.values()].find((area) => overlaps(at, length, [area.iova, area.iova + area.length - 1]));
        if (hit === undefined && this.mayMap(at, length)) return at;
        at = hit === undefined ? at + PAGE : hit.iova + hit.length;
      }
    }
    return -Errno.ENOSPC;
  }
}

/** Rights of a mapping, from the flags of the request. */
export function protOf(flags: number): number {
  return (flags & 4 ? IOMMU_READ : 0) | (flags & 2 ? IOMMU_WRITE : 0);
}
