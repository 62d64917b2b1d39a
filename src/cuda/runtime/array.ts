import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import type { In } from "../abi/common.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import type { CUarray, CUmipmappedArray } from "../abi/driver/types.ts";
import * as rt from "../abi/runtime/constants.ts";
import type { cudaError_t } from "../abi/runtime/enums.ts";
import type { cudaArray_const_t, cudaArray_t, cudaChannelFormatDesc, cudaExtent, cudaMipmappedArray_const_t, cudaMipmappedArray_t } from "../abi/runtime/types.ts";
import { cuArray3DCreate_v2, cuArrayDestroy, cuArrayGetPlane, cuMipmappedArrayCreate, cuMipmappedArrayDestroy, cuMipmappedArrayGetLevel } from "../driver/array.ts";
import { arrayArgument, mipmapArgument } from "../driver/core/array.ts";
import { fail } from "../driver/core/fail.ts";
import { inContext, inContextBlocking } from "./core/call.ts";
import { channelDesc, channelFormat } from "./core/channels.ts";

/** Memory Management: CUDA arrays. */

const INVALID = rt.cudaErrorInvalidValue as CUresult;

interface Shape {
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  readonly depth?: number | undefined;
}

/** The driver's descriptor of an array, or the error. */
function descriptor(t: Caller, desc: In<cudaChannelFormatDesc> | null, { width = 0, height = 0, depth = 0 }: Shape, flags: number): Parameters<typeof cuArray3DCreate_v2>[2] | CUresult {
  if (desc === null) return fail(t, INVALID, "desc must not be NULL");
  const format = channelFormat(desc);
  if (format === null) return fail(t, rt.cudaErrorInvalidChannelDescriptor as CUresult, "desc must have 1, 2 or 4 channels of the same 8, 16 or 32 bits, of a kind that arrays can have", { ...desc });
  return { Width: width, Height: height, Depth: depth, Format: format.format as never, NumChannels: format.channels, Flags: flags };
}

function make(t: Caller, array: Out<cudaArray_t> | null, desc: In<cudaChannelFormatDesc> | null, extent: Shape, flags: number): cudaError_t {
  return inContext(t, () => {
    if (array === null) return fail(t, INVALID, "array must not be NULL");
    const full = descriptor(t, desc, extent, flags);
    return typeof full === "number" ? full : cuArray3DCreate_v2(t, array, full);
  });
}

/**
 * Makes an array of one or (height not 0) two dimensions.
 * @param desc format; width and height count elements
 * @param flags cudaArrayDefault, cudaArraySurfaceLoadStore, cudaArrayTextureGather
 * @returns cudaErrorInvalidValue: NULL, sizes of zero or beyond the device's limits, flags that do not fit. cudaErrorInvalidChannelDescriptor. cudaErrorMemoryAllocation.
 */
export function cudaMallocArray(t: Caller, array: Out<cudaArray_t> | null, desc: In<cudaChannelFormatDesc> | null, width: number, height: number = 0, flags: number = 0): cudaError_t {
  return make(t, array, desc, { width, height }, flags);
}

/** Makes an array of up to three dimensions, or (cudaArrayLayered) layers. @returns as cudaMallocArray; cudaErrorNotSupported: cube maps, sparse and deferred arrays. */
export function cudaMalloc3DArray(t: Caller, array: Out<cudaArray_t> | null, desc: In<cudaChannelFormatDesc> | null, extent: In<cudaExtent>, flags: number = 0): cudaError_t {
  return make(t, array, desc, extent, flags);
}

/** Makes levels of detail. @returns as cudaMalloc3DArray */
export function cudaMallocMipmappedArray(t: Caller, mipmappedArray: Out<cudaMipmappedArray_t> | null, desc: In<cudaChannelFormatDesc> | null, extent: In<cudaExtent>, numLevels: number, flags: number = 0): cudaError_t {
  return inContext(t, () => {
    if (mipmappedArray === null) return fail(t, INVALID, "mipmappedArray must not be NULL");
    const full = descriptor(t, desc, extent, flags);
    return typeof full === "number" ? full : cuMipmappedArrayCreate(t, mipmappedArray, full, numLevels);
  });
}

/** One level of a mipmapped array. @returns cudaErrorInvalidValue: NULL, no such level. cudaErrorInvalidResourceHandle: not a mipmapped array. */
export function cudaGetMipmappedArrayLevel(t: Caller, levelArray: Out<cudaArray_t> | null, mipmappedArray: cudaMipmappedArray_const_t | null, level: number): cudaError_t {
  return inContext(t, () => cuMipmappedArrayGetLevel(t, levelArray, mipmappedArray as CUmipmappedArray | null, level));
}

/** Destroys an array; NULL does nothing. Blocks until no work uses it. @returns cudaErrorInvalidValue: not an array, or a level of a mipmapped one. */
export function* cudaFreeArray(t: Caller, array: cudaArray_t | null): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, function* (): Blocking<CUresult> {
    if (array === null || array === 0) return 0;
    const object = arrayArgument(t, array, "array", INVALID);
    if (typeof object === "number") return object;
    if (object.level !== null) return fail(t, INVALID, "array must not be a level of a mipmapped array: cudaFreeMipmappedArray destroys all levels", { array });
    return yield* cuArrayDestroy(t, array);
  });
}

/** Destroys a mipmapped array; NULL does nothing. Blocks until no work uses it. @returns cudaErrorInvalidValue: not a mipmapped array. */
export function* cudaFreeMipmappedArray(t: Caller, mipmappedArray: cudaMipmappedArray_t | null): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, function* (): Blocking<CUresult> {
    if (mipmappedArray === null || mipmappedArray === 0) return 0;
    const object = mipmapArgument(t, mipmappedArray, "mipmappedArray", INVALID);
    return typeof object === "number" ? object : yield* cuMipmappedArrayDestroy(t, mipmappedArray);
  });
}

/**
 * What an array is like. Every out-parameter may be NULL.
 * @returns cudaErrorInvalidValue: not an array.
 */
export function cudaArrayGetInfo(t: Caller, desc: Out<cudaChannelFormatDesc> | null, extent: Out<cudaExtent> | null, flags: Out<number> | null, array: cudaArray_t | null): cudaError_t {
  return inContext(t, () => {
    const object = arrayArgument(t, array as CUarray | null, "array", INVALID);
    if (typeof object === "number") return object;
    const { Width, Height, Depth, Flags } = object.descriptor;
    if (desc !== null) desc.value = channelDesc(object);
    if (extent !== null) extent.value = { width: Width, height: Height, depth: Depth };
    if (flags !== null) flags.value = Flags;
    return 0;
  });
}

/** The plane of a planar array: no array here is planar. @returns cudaErrorInvalidValue: NULL, no such plane. cudaErrorInvalidResourceHandle: not an array. */
export function cudaArrayGetPlane(t: Caller, pPlaneArray: Out<cudaArray_t> | null, hArray: cudaArray_t | null, planeIdx: number): cudaError_t {
  return inContext(t, () => cuArrayGetPlane(t, pPlaneArray, hArray as CUarray | null, planeIdx));
}

/** The format of an array's elements. @returns cudaErrorInvalidValue: desc NULL, not an array. */
export function cudaGetChannelDesc(t: Caller, desc: Out<cudaChannelFormatDesc> | null, array: cudaArray_const_t | null): cudaError_t {
  return inContext(t, () => {
    if (desc === null) return fail(t, INVALID, "desc must not be NULL");
    const object = arrayArgument(t, array as CUarray | null, "array", INVALID);
    if (typeof object === "number") return object;
    desc.value = channelDesc(object);
    return 0;
  });
}
