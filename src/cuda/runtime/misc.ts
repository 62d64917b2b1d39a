import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { CUdriverProcAddressQueryResult } from "../abi/driver/enums.ts";
import * as rt from "../abi/runtime/constants.ts";
import type { cudaChannelFormatKind, cudaDriverEntryPointQueryResult, cudaError_t } from "../abi/runtime/enums.ts";
import type { cudaChannelFormatDesc } from "../abi/runtime/types.ts";
import { cuGetProcAddress_v2 } from "../driver/entry-point.ts";
import { withDriver } from "./core/call.ts";
import { RUNTIME_VERSION } from "./version.ts";

/** Driver Entry Point Access, and channel descriptors. */

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
