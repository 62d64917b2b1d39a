import type { Caller } from "../../api/caller.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import type { In } from "../abi/common.ts";
import * as rt from "../abi/runtime/constants.ts";
import type { cudaError_t } from "../abi/runtime/enums.ts";
import type { cudaMemcpy3DParms, cudaMemcpy3DPeerParms, cudaStream_t } from "../abi/runtime/types.ts";
import { driverOf, refuse } from "./core/call.ts";
import { cudaMemcpy3D, cudaMemcpy3DAsync } from "./memory-copy-strided.ts";

/** Memory Management: boxes between devices. */

/** Whether both devices exist. */
function devicesExist(t: Caller, p: In<cudaMemcpy3DPeerParms>): boolean {
  const driver = driverOf(t);
  return typeof driver !== "number" && driver.devices[p.srcDevice ?? 0] !== undefined && driver.devices[p.dstDevice ?? 0] !== undefined;
}

/** As cudaMemcpy3D: the addresses themselves tell the devices. */
function plain(p: In<cudaMemcpy3DPeerParms>): In<cudaMemcpy3DParms> {
  return { srcArray: p.srcArray, srcPos: p.srcPos, srcPtr: p.srcPtr, dstArray: p.dstArray, dstPos: p.dstPos, dstPtr: p.dstPtr, extent: p.extent, kind: rt.cudaMemcpyDefault };
}

/**
 * Copies a box between devices. Peer access need not be enabled.
 * @returns cudaErrorInvalidValue: p NULL, a range that is not memory. cudaErrorInvalidDevice: no such device. cudaErrorInvalidPitchValue: a pitch smaller than a row.
 */
export function* cudaMemcpy3DPeer(t: Caller, p: In<cudaMemcpy3DPeerParms> | null): Blocking<cudaError_t> {
  if (p === null) return refuse(t, rt.cudaErrorInvalidValue, "p must not be NULL");
  if (!devicesExist(t, p)) return refuse(t, rt.cudaErrorInvalidDevice, "srcDevice and dstDevice must be devices", { srcDevice: p.srcDevice, dstDevice: p.dstDevice });
  return yield* cudaMemcpy3D(t, plain(p));
}

/** cudaMemcpy3DPeer in a stream. @returns as there; cudaErrorInvalidResourceHandle: not a stream. */
export function* cudaMemcpy3DPeerAsync(t: Caller, p: In<cudaMemcpy3DPeerParms> | null, stream: cudaStream_t | null): Blocking<cudaError_t> {
  if (p === null) return refuse(t, rt.cudaErrorInvalidValue, "p must not be NULL");
  if (!devicesExist(t, p)) return refuse(t, rt.cudaErrorInvalidDevice, "srcDevice and dstDevice must be devices", { srcDevice: p.srcDevice, dstDevice: p.dstDevice });
  return yield* cudaMemcpy3DAsync(t, plain(p), stream);
}
