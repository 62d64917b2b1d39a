import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { CUdriverProcAddressQueryResult, CUstreamCaptureMode, CUstreamCaptureStatus } from "../abi/driver/enums.ts";
import * as rt from "../abi/runtime/constants.ts";
import type { cudaChannelFormatKind, cudaDriverEntryPointQueryResult, cudaError_t, cudaStreamCaptureMode, cudaStreamCaptureStatus } from "../abi/runtime/enums.ts";
import type { cudaChannelFormatDesc, cudaStream_t } from "../abi/runtime/types.ts";
import * as capture from "../driver/capture-status.ts";
import { fail } from "../driver/core/fail.ts";
import { cuGetProcAddress_v2 } from "../driver/entry-point.ts";
import { inContext, withDriver } from "./core/call.ts";
import { RUNTIME_VERSION } from "./version.ts";

/** Driver Entry Point Access, channel descriptors, and what makes sense of capture while nothing captures. */

/**
 * The driver function that a public name means in the runtime's CUDA version: its numbered name (there are no function pointers).
 * @param funcPtr gets the name, or null
 * @param driverStatus gets whether it was found; may be NULL
 * @returns cudaErrorInvalidValue: a pointer NULL, unknown flags. A name that is none is no error here: driverStatus says so.
 */
export function cudaGetDriverEntryPoint(t: Caller, symbol: string | null, funcPtr: Out<unknown> | null, flags: number | bigint, driverStatus: Out<cudaDriverEntryPointQueryResult> | null): cudaError_t {
  return cudaGetDriverEntryPointByVersion(t, symbol, funcPtr, RUNTIME_VERSION, flags, driverStatus);
}

/** The same for a CUDA version. @returns as cudaGetDriverEntryPoint; cudaErrorInvalidValue: a version beyond the driver's. */
export function cudaGetDriverEntryPointByVersion(t: Caller, symbol: string | null, funcPtr: Out<unknown> | null, cudaVersion: number, flags: number | bigint, driverStatus: Out<cudaDriverEntryPointQueryResult> | null): cudaError_t {
  return withDriver(t, () => {
    const code = cuGetProcAddress_v2(t, symbol, funcPtr, cudaVersion, flags, driverStatus as Out<CUdriverProcAddressQueryResult> | null);
    return (code as number) === rt.cudaErrorSymbolNotFound ? 0 : code;
  });
}

/** A channel descriptor: bits of each channel, and their kind. */
export function cudaCreateChannelDesc(_t: Caller, x: number, y: number, z: number, w: number, f: cudaChannelFormatKind): cudaChannelFormatDesc {
  return { x, y, z, w, f };
}

/** Swaps the calling thread's capture mode. @param mode in: the new one; out: the old one @returns cudaErrorInvalidValue: mode NULL or none. */
export function cudaThreadExchangeStreamCaptureMode(t: Caller, mode: Out<cudaStreamCaptureMode> | null): cudaError_t {
  return withDriver(t, () => capture.cuThreadExchangeStreamCaptureMode(t, mode as Out<CUstreamCaptureMode> | null));
}

/** Whether a stream is capturing: none ever is. @param pCaptureStatus gets cudaStreamCaptureStatusNone @returns cudaErrorInvalidValue: pCaptureStatus NULL. */
export function cudaStreamIsCapturing(t: Caller, stream: cudaStream_t | null, pCaptureStatus: Out<cudaStreamCaptureStatus> | null): cudaError_t {
  return inContext(t, () => {
    if (pCaptureStatus === null) return fail(t, rt.cudaErrorInvalidValue, "pCaptureStatus must not be NULL");
    return capture.cuStreamIsCapturing(t, stream, pCaptureStatus as Out<CUstreamCaptureStatus>);
  });
}
