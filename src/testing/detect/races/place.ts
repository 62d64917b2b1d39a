import type { GpuVm } from "../../../kernel/drm/vm.ts";
import { GemRange } from "../../../kernel/drm/gem.ts";
import type { AddressSpace } from "../../../kernel/mm/address-space.ts";

/** Bytes of one memory, whatever addresses they have: two processes, a process and a GPU see the same place. */
export interface Place {
  /** The memory: pages of a process, a buffer object. */
  readonly space: object;
  readonly start: number;
  readonly end: number;
}

/** The places behind a range of a process's addresses. Holes have none. */
export function placesOfCpu(mm: AddressSpace, address: number, bytes: number): Place[] {
  const places: Place[] = [];
  for (let at = address; at < address + bytes; ) {
    const vma = mm.find(at);
    if (vma === null) break;
    const end = Math.min(address + bytes, vma.end);
    const { backing } = vma;
    if (backing !== null) {
      const linear = vma.linear < -1 ? -2 - vma.linear : vma.linear - backing.linear;
      const offset = linear + (at - vma.start);
      const base = backing instanceof GemRange ? backing.offset : 0;
      places.push({ space: backing instanceof GemRange ? backing.object.backing : backing, start: base + offset, end: base + offset + (end - at) });
    }
    at = end;
  }
  return places;
}

/** The places behind a range of a GPU's addresses. */
export function placesOfGpu(vm: GpuVm, address: number, bytes: number): Place[] {
  const places: Place[] = [];
  for (let at = address; at < address + bytes; ) {
    const mapping = vm.maps.find(at);
    if (mapping === null) {
      if (vm.svm !== null) places.push(...placesOfCpu(vm.svm.mm, at, address + bytes - at));
      break;
    }
    const end = Math.min(address + bytes, mapping.end);
    const offset = mapping.offset + (at - mapping.start);
    if (mapping.object !== null) places.push({ space: mapping.object.backing, start: offset, end: offset + (end - at) });
    else if (mapping.mm !== null) places.push(...placesOfCpu(mapping.mm, offset, end - at));
    at = end;
  }
  return places;
}
