import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { In } from "../abi/common.ts";
import * as cu from "../abi/driver/constants.ts";
import { CUmem_advise, CUmem_range_attribute, type CUresult } from "../abi/driver/enums.ts";
import type { CUdevice, CUdeviceptr, CUmemLocation, CUstream } from "../abi/driver/types.ts";
import { isEnumerator, ownStream } from "./core/arguments.ts";
import type { Context } from "./core/context.ts";
import { failSubmit } from "./core/copy.ts";
import { enter } from "./core/enter.ts";
import { fail } from "./core/fail.ts";
import type { Allocation } from "./core/memory.ts";
import { errnoCode } from "./core/fault.ts";
import { PAGE, pageUp } from "./core/space.ts";
import { submitMarker, submitPrefetch } from "./core/submit.ts";
import type { IoctlTable } from "../../kernel/sys/uapi.ts";

/**
 * Unified Addressing: where managed memory is and is to be, and its association with streams. The kernel keeps hints by page; a page is 64 KiB here, so hints about part of
 * a page are hints about all of it.
 */

/** The managed allocation that holds a range. */
function range(t: Caller, context: Context, devPtr: number, count: number): Allocation | CUresult {
  if (!(count > 0)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "count must be positive", { count });
  const allocation = context.driver.memory.find(devPtr);
  if (allocation?.kind !== "managed" || devPtr + count > allocation.address + allocation.size) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "the whole range must be inside one managed allocation", { devPtr, count });
  return allocation;
}

/** A location as a device ordinal; CU_DEVICE_CPU for the host. */
function locate(t: Caller, context: Context, location: In<CUmemLocation>): number | { readonly code: CUresult } {
  switch (location.type) {
    case cu.CU_MEM_LOCATION_TYPE_HOST: case cu.CU_MEM_LOCATION_TYPE_HOST_NUMA: case cu.CU_MEM_LOCATION_TYPE_HOST_NUMA_CURRENT: return cu.CU_DEVICE_CPU;
    case cu.CU_MEM_LOCATION_TYPE_DEVICE:
      if (context.driver.devices[location.id ?? 0] === undefined) return { code: fail(t, cu.CUDA_ERROR_INVALID_DEVICE, "location.id must be a device", { id: location.id }) };
      return location.id ?? 0;
    default: return { code: fail(t, cu.CUDA_ERROR_INVALID_VALUE, "location.type must be a device or the host", { type: location.type }) };
  }
}

/**
 * Moves a range of managed memory to a processor, in stream order. Pages that cannot move (page-locked, no room) stay.
 * @param flags must be 0
 * @returns INVALID_VALUE: a range not inside one managed allocation, flags not 0, unknown kind of location. INVALID_DEVICE: no such device. INVALID_HANDLE: not a stream of the current context.
 */
export function cuMemPrefetchAsync_v2(t: Caller, devPtr: CUdeviceptr, count: number, location: In<CUmemLocation>, flags: number, hStream: CUstream | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const allocation = range(t, context, devPtr, count);
  if (typeof allocation === "number") return allocation;
  if (flags !== 0) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "flags must be 0", { flags });
  const where = locate(t, context, location);
  if (typeof where !== "number") return where.code;
  const stream = ownStream(t, context, hStream);
  if (typeof stream === "number") return stream;
  const target = placeOf(context, where);
  // Without a context on that GPU nothing could be mapped there yet: the pages are left where they are until it touches them.
  const reachable = where === cu.CU_DEVICE_CPU || [...context.driver.spaces()].some((space) => space.device.ordinal === where);
  const error = reachable ? submitPrefetch(t, stream, { address: devPtr, size: count, location: target }) : submitMarker(t, stream, "prefetch");
  return error < 0 ? failSubmit(t, stream, error) : 0;
}

/** What the kernel calls a location: a GPU's index, or RAM. */
function placeOf(context: Context, where: number): number | "ram" {
  return where === cu.CU_DEVICE_CPU ? "ram" : context.driver.devices[where]!.info.index;
}

/** The other way round: a device ordinal, CU_DEVICE_CPU, or CU_DEVICE_INVALID for none. */
function ordinalOf(context: Context, place: number | "ram" | null): number {
  if (place === null) return cu.CU_DEVICE_INVALID;
  return place === "ram" ? cu.CU_DEVICE_CPU : (context.driver.devices.find((device) => device.info.index === place)?.ordinal ?? cu.CU_DEVICE_INVALID);
}

/** Tells the kernel a hint about whole pages. */
function advise(t: Caller, context: Context, devPtr: number, count: number, attribute: IoctlTable["GLASS_SVM_ATTR"]["attribute"], value: number | "ram" | boolean | null): CUresult {
  const address = devPtr - (devPtr % PAGE);
  const { space } = context;
  const error = t.sys.ioctl(space.device.fd, "GLASS_SVM_ATTR", { vm: space.vm, address, size: pageUp(devPtr + count - address), attribute, value });
  return error < 0 ? fail(t, errnoCode(error), "the kernel could not take the hint", { devPtr, count }) : 0;
}

/**
 * Advises how a range of managed memory will be used.
 * @returns INVALID_VALUE: a range not inside one managed allocation, unknown advice or kind of location. INVALID_DEVICE: no such device (not asked for with read-mostly advice).
 */
export function cuMemAdvise_v2(t: Caller, devPtr: CUdeviceptr, count: number, advice: CUmem_advise, location: In<CUmemLocation>): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const allocation = range(t, context, devPtr, count);
  if (typeof allocation === "number") return allocation;
  if (!isEnumerator(CUmem_advise, advice)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "advice must be of CUmem_advise", { advice });
  if (advice === cu.CU_MEM_ADVISE_SET_READ_MOSTLY || advice === cu.CU_MEM_ADVISE_UNSET_READ_MOSTLY) return advise(t, context, devPtr, count, "read-mostly", advice === cu.CU_MEM_ADVISE_SET_READ_MOSTLY);
  if (advice === cu.CU_MEM_ADVISE_UNSET_PREFERRED_LOCATION) return advise(t, context, devPtr, count, "preferred-location", null);
  const where = locate(t, context, location);
  if (typeof where !== "number") return where.code;
  const attribute = advice === cu.CU_MEM_ADVISE_SET_PREFERRED_LOCATION ? "preferred-location" : advice === cu.CU_MEM_ADVISE_SET_ACCESSED_BY ? "accessed-by" : "not-accessed-by";
  return advise(t, context, devPtr, count, attribute, placeOf(context, where));
}

/** A CUDA 12 device argument as a location. */
function deviceLocation(device: CUdevice): CUmemLocation {
  return device === cu.CU_DEVICE_CPU ? { type: cu.CU_MEM_LOCATION_TYPE_HOST, id: 0 } : { type: cu.CU_MEM_LOCATION_TYPE_DEVICE, id: device };
}

/** cuMemPrefetchAsync of CUDA 8 to 12: the location is a device ordinal or CU_DEVICE_CPU. @returns as _v2. */
export function cuMemPrefetchAsync_v1(t: Caller, devPtr: CUdeviceptr, count: number, dstDevice: CUdevice, hStream: CUstream | null): CUresult {
  return cuMemPrefetchAsync_v2(t, devPtr, count, deviceLocation(dstDevice), 0, hStream);
}

/** cuMemAdvise of CUDA 8 to 12: the location is a device ordinal or CU_DEVICE_CPU. @returns as _v2. */
export function cuMemAdvise_v1(t: Caller, devPtr: CUdeviceptr, count: number, advice: CUmem_advise, device: CUdevice): CUresult {
  return cuMemAdvise_v2(t, devPtr, count, advice, deviceLocation(device));
}

/** Hints that hold for every page of a range. */
interface Hints {
  readMostly: boolean;
  preferred: number;
  accessedBy: number[];
  lastPrefetch: number;
}

/** What the kernel knows of a range: what its pages do not agree about is nothing. */
function hintsOf(t: Caller, context: Context, devPtr: number, count: number): Hints {
  const { space } = context;
  let all: Hints | null = null;
  for (let address = devPtr - (devPtr % PAGE); address < devPtr + count; address += PAGE) {
    const arg: IoctlTable["GLASS_SVM_QUERY"] = { vm: space.vm, address, location: "ram", mapped: false, preferred: null, accessedBy: [], readMostly: false, lastPrefetch: null };
    t.sys.ioctl(space.device.fd, "GLASS_SVM_QUERY", arg);
    const one: Hints = {
      readMostly: arg.readMostly, preferred: ordinalOf(context, arg.preferred), accessedBy: arg.accessedBy.map((place) => ordinalOf(context, place)), lastPrefetch: ordinalOf(context, arg.lastPrefetch),
    };
    if (all === null) {
      all = one;
      continue;
    }
    all.readMostly &&= one.readMostly;
    if (all.preferred !== one.preferred) all.preferred = cu.CU_DEVICE_INVALID;
    if (all.lastPrefetch !== one.lastPrefetch) all.lastPrefetch = cu.CU_DEVICE_INVALID;
    all.accessedBy = all.accessedBy.filter((device) => one.accessedBy.includes(device));
  }
  return all!;
}

function answer(t: Caller, known: Hints, data: Out<unknown> | null | undefined, dataSize: number, attribute: CUmem_range_attribute): CUresult {
  const location = (where: number): number => (where === cu.CU_DEVICE_INVALID ? cu.CU_MEM_LOCATION_TYPE_INVALID : where === cu.CU_DEVICE_CPU ? cu.CU_MEM_LOCATION_TYPE_HOST : cu.CU_MEM_LOCATION_TYPE_DEVICE);
  if (data == null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "data must not be NULL");
  if (attribute === cu.CU_MEM_RANGE_ATTRIBUTE_ACCESSED_BY) {
    if (!(dataSize > 0) || dataSize % 4 !== 0) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "dataSize must be a positive multiple of 4", { dataSize });
    data.value = Array.from({ length: dataSize / 4 }, (_, i) => known.accessedBy[i] ?? cu.CU_DEVICE_INVALID);
    return 0;
  }
  if (dataSize !== 4) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "dataSize must be 4", { dataSize });
  switch (attribute) {
    case cu.CU_MEM_RANGE_ATTRIBUTE_READ_MOSTLY: data.value = known.readMostly ? 1 : 0; return 0;
    case cu.CU_MEM_RANGE_ATTRIBUTE_PREFERRED_LOCATION: data.value = known.preferred; return 0;
    case cu.CU_MEM_RANGE_ATTRIBUTE_LAST_PREFETCH_LOCATION: data.value = known.lastPrefetch; return 0;
    case cu.CU_MEM_RANGE_ATTRIBUTE_PREFERRED_LOCATION_TYPE: data.value = location(known.preferred); return 0;
    case cu.CU_MEM_RANGE_ATTRIBUTE_PREFERRED_LOCATION_ID: data.value = Math.max(0, known.preferred); return 0;
    case cu.CU_MEM_RANGE_ATTRIBUTE_LAST_PREFETCH_LOCATION_TYPE: data.value = location(known.lastPrefetch); return 0;
    case cu.CU_MEM_RANGE_ATTRIBUTE_LAST_PREFETCH_LOCATION_ID: data.value = Math.max(0, known.lastPrefetch); return 0;
    default: return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "attribute must be of CUmem_range_attribute", { attribute });
  }
}

/**
 * A hint that was given about a range of managed memory.
 * @param data gets a number, or an array of device ordinals (accessed by)
 * @param dataSize bytes that the caller has room for: 4, or a multiple of it for the array
 * @returns INVALID_VALUE: data NULL, wrong dataSize, unknown attribute, a range not inside one managed allocation.
 */
export function cuMemRangeGetAttribute(t: Caller, data: Out<unknown> | null, dataSize: number, attribute: CUmem_range_attribute, devPtr: CUdeviceptr, count: number): CUresult {
  return cuMemRangeGetAttributes(t, [data], [dataSize], [attribute], 1, devPtr, count);
}

/**
 * Several of them at once.
 * @returns as cuMemRangeGetAttribute; INVALID_VALUE: an array NULL, numAttributes 0.
 */
export function cuMemRangeGetAttributes(
  t: Caller, data: readonly (Out<unknown> | null)[] | null, dataSizes: readonly number[] | null, attributes: readonly CUmem_range_attribute[] | null, numAttributes: number, devPtr: CUdeviceptr, count: number,
): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (data === null || dataSizes === null || attributes === null || !(numAttributes > 0)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "the arrays must not be NULL, numAttributes must be positive", { numAttributes });
  for (const attribute of attributes) if (!isEnumerator(CUmem_range_attribute, attribute)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "attributes must be of CUmem_range_attribute", { attribute });
  const allocation = range(t, context, devPtr, count);
  if (typeof allocation === "number") return allocation;
  const known = hintsOf(t, context, devPtr, count);
  for (let i = 0; i < numAttributes; i++) {
    const code = answer(t, known, data[i], dataSizes[i] ?? 0, attributes[i] ?? (0 as never));
    if (code !== 0) return code;
  }
  return 0;
}

const ATTACH = [cu.CU_MEM_ATTACH_GLOBAL, cu.CU_MEM_ATTACH_HOST, cu.CU_MEM_ATTACH_SINGLE];

/**
 * Associates managed memory with a stream, in its order. All devices here allow concurrent access, so it restricts nothing.
 * @param length 0, or the size of the whole allocation
 * @param flags one CU_MEM_ATTACH_*
 * @returns INVALID_VALUE: not the beginning of managed memory, another length, other flags, CU_MEM_ATTACH_SINGLE with a default stream. INVALID_HANDLE: not a stream of the current context.
 */
export function cuStreamAttachMemAsync(t: Caller, hStream: CUstream | null, dptr: CUdeviceptr, length: number, flags: number): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const stream = ownStream(t, context, hStream);
  if (typeof stream === "number") return stream;
  const allocation = context.driver.memory.find(dptr);
  if (allocation?.kind !== "managed" || allocation.address !== dptr) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "dptr must be the beginning of managed memory", { dptr });
  if (length !== 0 && length !== allocation.size) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "length must be 0 or the size of the whole allocation", { length, size: allocation.size });
  if (!ATTACH.includes(flags as 1)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "flags must be one CU_MEM_ATTACH_*", { flags });
  if (flags === cu.CU_MEM_ATTACH_SINGLE && stream.isLegacy) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "memory cannot be attached to the default stream alone", { hStream });
  const error = submitMarker(t, stream, "attach");
  return error < 0 ? failSubmit(t, stream, error) : 0;
}
