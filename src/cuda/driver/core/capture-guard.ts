import type { Caller } from "../../../api/caller.ts";
import type { CUresult } from "../../abi/driver/enums.ts";
import { checkUnsafe } from "./capture.ts";
import type { DriverState } from "./state.ts";

/**
 * Calls that may synchronise with work under way, so that a capture can forbid them (cuThreadExchangeStreamCaptureMode). The manual gives no list; these are the ones that
 * programs meet. The synchronous copies and sets check for themselves, after the rule of the legacy stream.
 */
const unsafe: ReadonlySet<string> = new Set([
  "cuMemAlloc", "cuMemAlloc_v2", "cuMemAllocPitch", "cuMemAllocPitch_v2", "cuMemFree", "cuMemFree_v2", "cuMemAllocHost", "cuMemAllocHost_v2", "cuMemHostAlloc", "cuMemFreeHost",
  "cuMemHostRegister", "cuMemHostRegister_v2", "cuMemHostUnregister", "cuMemAllocManaged", "cuArrayDestroy", "cuMipmappedArrayDestroy", "cuModuleUnload", "cuLibraryUnload",
  "cuEventQuery", "cuEventSynchronize", "cuStreamQuery", "cuStreamSynchronize", "cuCtxSynchronize", "cuCtxSynchronize_v2",
  "cudaMalloc", "cudaMallocPitch", "cudaMalloc3D", "cudaFree", "cudaMallocHost", "cudaHostAlloc", "cudaFreeHost", "cudaHostRegister", "cudaHostUnregister", "cudaMallocManaged",
  "cudaFreeArray", "cudaFreeMipmappedArray", "cudaLibraryUnload", "cudaEventQuery", "cudaEventSynchronize", "cudaStreamQuery", "cudaStreamSynchronize", "cudaDeviceSynchronize",
]);

/** Refuses a call that a capture forbids the calling thread. @returns 0 or STREAM_CAPTURE_UNSUPPORTED */
export function guardCall(t: Caller, driver: DriverState): CUresult {
  return unsafe.has(t.call) ? checkUnsafe(t, driver) : 0;
}
