import type { Caller } from "../../api/caller.ts";
import type { HostPtr } from "../../api/out.ts";
import type { Extent, Job } from "../../kernel/sys/uapi.ts";
import { CL_MAP_READ, CL_MAP_WRITE_INVALIDATE_REGION, CL_MEM_HOST_NO_ACCESS, CL_MEM_HOST_READ_ONLY, CL_MEM_HOST_WRITE_ONLY } from "../abi/constants.ts";
import { CL_MAP_FAILURE, CL_MEM_OBJECT_ALLOCATION_FAILURE, type cl_error } from "../abi/errors.ts";
import { codeOf } from "./errno.ts";
import type { EventObject } from "./event.ts";
import { mapsForWriting } from "./flags.ts";
import { isView, viewBytes } from "./host-memory.ts";
import type { ImageBox } from "./image-shape.ts";
import type { Mapping, MemObject } from "./mem-object.ts";
import { copyJob, line, MARKER, packed, readJob, span, writeJob, type Layout, type WriteJob } from "./transfer.ts";

/** The part of a memory object that a map command shows. */
export interface Region {
  /** From the object's first byte. */
  readonly offset: number;
  readonly box: Extent;
  /** On the device. */
  readonly layout: Layout;
  /** In a JavaScript array that the object caches: where the region begins, and its distances. */
  readonly host: Layout & { readonly offset: number };
  readonly pixels: Pick<ImageBox, "at" | "size"> | null;
}

/** Bytes [offset, offset + size) of a buffer. */
export function bytesOf(offset: number, size: number): Region {
  const box = line(size);
  return { offset, box, layout: packed(box), host: { offset, ...packed(box) }, pixels: null };
}

/** Whether two regions of one memory object share something: pixels of one image are compared as boxes, all else as runs of bytes. */
function overlaps(map: Mapping, owner: MemObject, from: number, size: number, pixels: Region["pixels"]): boolean {
  const other = map.pixels;
  if (map.owner === owner && other !== null && pixels !== null) return pixels.at.every((x, i) => x < other.at[i]! + other.size[i]! && other.at[i]! < x + pixels.size[i]!);
  return from < map.offset + map.size && map.offset < from + size;
}

/** Why the host may not map the region like this, or null. */
export function forbidden(mem: MemObject, flags: number, region: Region): string | null {
  if ((flags & CL_MAP_READ) !== 0 && (mem.flags & (CL_MEM_HOST_WRITE_ONLY | CL_MEM_HOST_NO_ACCESS)) !== 0) return "the memory object was created so that the host does not read it";
  if (!mapsForWriting(flags)) return null;
  if ((mem.flags & (CL_MEM_HOST_READ_ONLY | CL_MEM_HOST_NO_ACCESS)) !== 0) return "the memory object was created so that the host does not write it";
  const from = mem.origin + region.offset;
  const size = span(region.box, region.layout);
  const overlap = mem.root.maps.some((map) => mapsForWriting(map.flags) && overlaps(map, mem, from, size, region.pixels));
  return overlap ? "regions mapped for writing must not overlap" : null;
}

/** How a region becomes visible to the host: where, and the job that brings its contents. */
export interface Window {
  readonly mapping: Mapping;
  readonly job: Job;
}

/**
 * Prepares a map command: memory that the CPU reaches is shown as it is, a cached JavaScript array gets the contents, anything else is shown through a copy.
 * @returns the window, or the code to fail with
 */
export function openWindow(t: Caller, event: EventObject, mem: MemObject, region: Region, flags: number): Window | cl_error {
  const { box, layout } = region;
  const contents = (flags & CL_MAP_WRITE_INVALIDATE_REGION) === 0;
  const address = mem.address + region.offset;
  const mapping = (pointer: HostPtr, host: Layout, shadow: Mapping["shadow"]): Mapping => ({
    owner: mem, pointer, offset: mem.origin + region.offset, size: span(box, layout), box, layout, host: { row: host.row, slice: host.slice }, pixels: region.pixels, flags, shadow,
  });
  if (mem.hostPtr !== null && isView(mem.hostPtr)) {
    const pointer = viewBytes(mem.hostPtr, region.host.offset, span(box, region.host));
    const made = mapping(pointer, region.host, null);
    if (!contents) return { mapping: made, job: MARKER };
    const job = readJob(t, event, address, layout, box, { pointer, offset: 0, row: made.host.row, slice: made.host.slice });
    return typeof job === "number" ? job : { mapping: made, job };
  }
  if (mem.store.cpu) return { mapping: mapping(address, layout, null), job: MARKER };
  const shadow = mem.context.memory.take(t, box.width * box.height * box.depth, "system");
  if (typeof shadow === "number") return codeOf(shadow) === CL_MEM_OBJECT_ALLOCATION_FAILURE ? CL_MAP_FAILURE : codeOf(shadow);
  event.cleanup = (who) => {
    if (event.status < 0) dropMapping(who, mem, made);
  };
  const made = mapping(shadow.address, packed(box), shadow);
  return { mapping: made, job: contents ? copyJob(shadow.address, packed(box), address, layout, box) : MARKER };
}

/** A map command that never ran leaves no mapping behind. */
export function dropMapping(t: Caller, mem: MemObject, mapping: Mapping): void {
  const maps = mem.root.maps;
  const i = maps.indexOf(mapping);
  if (i < 0) return;
  maps.splice(i, 1);
  if (mapping.shadow !== null) mem.context.memory.give(t, mapping.shadow);
}

/** How a region goes back to the device. */
export function closeWindow(t: Caller, event: EventObject, mem: MemObject, mapping: Mapping): WriteJob | cl_error {
  const address = mem.root.address + mapping.offset;
  const { box, layout, host, shadow, pointer } = mapping;
  const writes = mapsForWriting(mapping.flags);
  if (shadow !== null) {
    event.cleanup = (who) => mem.context.memory.give(who, shadow);
    return { job: writes ? copyJob(address, layout, shadow.address, packed(box), box) : MARKER, capture: null };
  }
  if (isView(pointer) && writes) return writeJob(t, event, address, layout, box, { pointer, offset: 0, row: host.row, slice: host.slice });
  return { job: MARKER, capture: null };
}
