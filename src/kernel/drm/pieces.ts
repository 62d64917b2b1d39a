import { FRAME } from "../../gpu/frames.ts";
import { Errno } from "../errors.ts";
import type { MappableRange } from "../fs/file.ts";
import type { AddressSpace } from "../mm/address-space.ts";
import type { GpuDevice } from "./device.ts";
import { GemRange, type GemObject } from "./gem.ts";

/** A piece of contiguous memory that is to be mapped. */
export interface Piece {
  readonly linear: number;
  readonly bytes: number;
}

/** Makes memory reachable for the device: an I/O address for each piece, or -ENOMEM, -ENOSPC. */
export function reachOverBus(device: GpuDevice, pieces: readonly Piece[], flags: number): number[] | number {
  if (pieces.some((piece) => piece.linear === 0)) return -Errno.ENOMEM;
  const iovas: number[] = [];
  for (const piece of pieces) {
    const iova = device.domain.dmaMap(piece.linear, piece.bytes, flags);
    if (iova < 0) {
      for (const [i, done] of iovas.entries()) device.domain.dmaUnmap(done, pieces[i]!.bytes, device);
      return iova;
    }
    iovas.push(iova);
  }
  return iovas;
}

/** Memory of [offset, offset + size) of an object. */
export function objectPieces(object: GemObject, offset: number, size: number): Piece[] {
  const backing = object.backing;
  if (backing.pages === null) return [{ linear: backing.linear + offset, bytes: size }];
  const pieces: Piece[] = [];
  for (let at = offset; at < offset + size; at += FRAME) pieces.push({ linear: backing.touch(at), bytes: FRAME });
  return pieces;
}

/** Memory of a stretch of a process's address space; null when some of it is missing, protected against `flags` or not its own. */
export function userPieces(mm: AddressSpace, cpuAddress: number, size: number, flags: number): Piece[] | null {
  const pieces: Piece[] = [];
  for (let at = cpuAddress; at < cpuAddress + size; ) {
    const vma = mm.find(at);
    if (vma === null || vma.linear < 0 || (vma.prot & flags) !== flags || isVram(vma.backing)) return null;
    const end = Math.min(vma.end, cpuAddress + size);
    if (mm.residency.active) mm.residency.touch(at, end - at, true);
    pieces.push({ linear: vma.linear + (at - vma.start), bytes: end - at });
    at = end;
  }
  return pieces;
}

/** CPU mappings of a GPU's own memory are no memory of the process: a device may not take them for its own. */
export function isVram(backing: MappableRange | null): boolean {
  return backing instanceof GemRange && backing.object.backing.placement === "vram";
}
