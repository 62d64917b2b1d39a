import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { In } from "../abi/common.ts";
import type { CUmem_advise, CUmem_range_attribute } from "../abi/driver/enums.ts";
import type { CUmemLocation } from "../abi/driver/types.ts";
import type { cudaError_t, cudaMemRangeAttribute, cudaMemoryAdvise } from "../abi/runtime/enums.ts";
import type { cudaMemLocation, cudaStream_t } from "../abi/runtime/types.ts";
import * as cu from "../driver/managed.ts";
import { inContext } from "./core/call.ts";

/** Memory Management: hints for managed memory. */

/**
 * Moves managed memory to where it will be used, in a stream.
 * @param count bytes
 * @param flags must be 0
 * @returns cudaErrorInvalidValue: not managed memory, other flags. cudaErrorInvalidDevice: no such location. cudaErrorInvalidResourceHandle: not a stream.
 */
export function cudaMemPrefetchAsync(t: Caller, devPtr: number | null, count: number, location: In<cudaMemLocation>, flags: number, stream: cudaStream_t | null = 0): cudaError_t {
  return inContext(t, () => cu.cuMemPrefetchAsync_v2(t, devPtr ?? 0, count, location as In<CUmemLocation>, flags, stream));
}

/** Says how managed memory will be used. @param count bytes. @returns cudaErrorInvalidValue: not managed memory, no such advice. cudaErrorInvalidDevice: no such location. */
export function cudaMemAdvise(t: Caller, devPtr: number | null, count: number, advice: cudaMemoryAdvise, location: In<cudaMemLocation>): cudaError_t {
  return inContext(t, () => cu.cuMemAdvise_v2(t, devPtr ?? 0, count, advice as CUmem_advise, location as In<CUmemLocation>));
}

/** One attribute of a range of managed memory. @param data gets it. @returns cudaErrorInvalidValue: NULL, no such attribute, not managed memory. */
export function cudaMemRangeGetAttribute(t: Caller, data: Out<unknown> | null, dataSize: number, attribute: cudaMemRangeAttribute, devPtr: number | null, count: number): cudaError_t {
  return inContext(t, () => cu.cuMemRangeGetAttribute(t, data, dataSize, attribute as CUmem_range_attribute, devPtr ?? 0, count));
}

/** Several attributes of a range of managed memory. @returns as cudaMemRangeGetAttribute. */
export function cudaMemRangeGetAttributes(
  t: Caller, data: readonly (Out<unknown> | null)[] | null, dataSizes: readonly number[] | null, attributes: readonly cudaMemRangeAttribute[] | null, numAttributes: number, devPtr: number | null, count: number,
): cudaError_t {
  return inContext(t, () => cu.cuMemRangeGetAttributes(t, data, dataSizes, attributes as readonly CUmem_range_attribute[] | null, numAttributes, devPtr ?? 0, count));
}

/**
 * Associates managed memory with a stream.
 * @param length bytes; 0: the whole allocation
 * @param flags cudaMemAttachGlobal, cudaMemAttachHost or cudaMemAttachSingle
 * @returns cudaErrorInvalidValue: not managed memory, other flags, cudaMemAttachSingle with the default stream. cudaErrorInvalidResourceHandle: not a stream.
 */
export function cudaStreamAttachMemAsync(t: Caller, stream: cudaStream_t | null, devPtr: number | null, length: number = 0, flags: number = 4): cudaError_t {
  return inContext(t, () => cu.cuStreamAttachMemAsync(t, stream, devPtr ?? 0, length, flags));
}
