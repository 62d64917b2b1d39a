import type { GpuJob } from "../../../kernel/drm/gpu-job.ts";
import type { CopyShape, FillShape } from "../../../gpu/transfer.ts";
import type { AddressSpace } from "../../../kernel/mm/address-space.ts";
import { placesOfGpu, type Place } from "./place.ts";

/** Rows that are listed one by one; of longer shapes the whole span counts. */
const MAX_ROWS = 256;

/** One thing that a job does to memory. */
export interface Touch {
  readonly place: Place;
  readonly write: boolean;
}

/** Where allocations of a process begin and end, as its libraries gave them out. */
export class Allocations {
  private readonly byMm = new Map<AddressSpace, Map<number, number>>();

  add(mm: AddressSpace, address: number, bytes: number): void {
    let ends = this.byMm.get(mm);
    if (ends === undefined) this.byMm.set(mm, (ends = new Map()));
    ends.set(address, address + bytes);
  }

  remove(mm: AddressSpace, address: number): void {
    this.byMm.get(mm)?.delete(address);
  }

  /** End of the allocation that holds an address; null: there is none. */
  endOf(mm: AddressSpace, address: number): number | null {
    for (const [start, end] of this.byMm.get(mm) ?? []) if (address >= start && address < end) return end;
    return null;
  }
}

function rows(start: number, extent: CopyShape["extent"], pitch: number, slice: number): [number, number][] {
  const { width, height, depth } = extent;
  if (width === 0 || height === 0 || depth === 0) return [];
  const whole: [number, number] = [start, (depth - 1) * slice + (height - 1) * pitch + width];
  if ((height === 1 || pitch === width) && (depth === 1 || slice === width * height)) return [whole];
  if (height * depth > MAX_ROWS) return [whole];
  return Array.from({ length: height * depth }, (_, i) => [start + Math.floor(i / height) * slice + (i % height) * pitch, width]);
}

/** What a copy or fill touches. */
export function touchesOfTransfer(job: GpuJob, shape: CopyShape | FillShape): Touch[] {
  const of = (list: [number, number][], write: boolean): Touch[] => list.flatMap(([at, bytes]) => placesOfGpu(job.memory, at, bytes).map((place) => ({ place, write })));
  if (shape.kind === "fill") return of(rows(shape.dst, shape.extent, shape.pitch, shape.slicePitch), true);
  return [...of(rows(shape.src, shape.extent, shape.srcPitch, shape.srcSlicePitch), false), ...of(rows(shape.dst, shape.extent, shape.dstPitch, shape.dstSlicePitch), true)];
}

/** Allocations that a kernel's arguments point into: address, and bytes to the allocation's end. */
export function buffersOfLaunch(job: GpuJob, mm: AddressSpace, allocations: Allocations): [number, number][] {
  const { params } = job;
  const view = new DataView(params.buffer, params.byteOffset, params.byteLength);
  const found = new Map<number, number>();
  // A pointer may be inside a structure, so every aligned word counts that is an address of this program.
  for (let at = 0; at + 8 <= params.byteLength; at += 8) {
    const address = Number(view.getBigUint64(at, true));
    const end = allocations.endOf(mm, address);
    if (end !== null && !found.has(address)) found.set(address, end - address);
  }
  return [...found];
}

/** Largest buffer whose contents are compared before and after a kernel, bytes. */
const MAX_SNAPSHOT = 1 << 20;

/** The bytes behind GPU addresses now; null: too many, or some were never touched. */
export function bytesOfGpu(job: GpuJob, memory: Uint8Array, address: number, bytes: number): Uint8Array | null {
  if (bytes > MAX_SNAPSHOT) return null;
  const { pageTable } = job.memory;
  const copy = new Uint8Array(bytes);
  for (let at = 0; at < bytes; ) {
    const linear = pageTable.translate(address + at, bytes - at, 1);
    if (linear < 0) return null;
    const run = Math.min(pageTable.run, bytes - at);
    copy.set(memory.subarray(linear, linear + run), at);
    at += run;
  }
  return copy;
}
