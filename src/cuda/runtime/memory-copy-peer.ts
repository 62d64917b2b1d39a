import type { Caller } from "../../api/caller.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import type { In } from "../abi/common.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import * as rt from "../abi/runtime/constants.ts";
import type { cudaError_t } from "../abi/runtime/enums.ts";
import type { cudaMemcpy3DParms, cudaMemcpy3DPeerParms, cudaStream_t } from "../abi/runtime/types.ts";
import type { Context } from "../driver/core/context.ts";
import { fail } from "../driver/core/fail.ts";
import { inContextBlocking } from "./core/call.ts";
import { copy3D } from "./memory-copy-strided.ts";

/** Memory Management: boxes between devices. */

/** The copy as cudaMemcpy3D takes it (the addresses themselves tell the devices), or the error. */
function plain(t: Caller, context: Context, p: In<cudaMemcpy3DPeerParms> | null): In<cudaMemcpy3DParms> | CUresult {
  if (p === null) return fail(t, rt.cudaErrorInvalidValue as CUresult, "p must not be NULL");
  const { srcDevice = 0, dstDevice = 0 } = p;
  const { devices } = context.driver;
  if (devices[srcDevice] === undefined || devices[dstDevice] === undefined) return fail(t, rt.cudaErrorInvalidDevice as CUresult, "srcDevice and dstDevice must be devices", { srcDevice, dstDevice });
  return { srcArray: p.srcArray, srcPos: p.srcPos, srcPtr: p.srcPtr, dstArray: p.dstArray, dstPos: p.dstPos, dstPtr: p.dstPtr, extent: p.extent, kind: rt.cudaMemcpyDefault };
}

/**
 * Copies a box between devices. Peer access need not be enabled.
 * @returns cudaErrorInvalidValue: p NULL, a range that is not memory. cudaErrorInvalidDevice: no such device. cudaErrorInvalidPitchValue: a pitch smaller than a row.
 */
export function* cudaMemcpy3DPeer(t: Caller, p: In<cudaMemcpy3DPeerParms> | null): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, function* (context) {
    const box = plain(t, context, p);
    return typeof box === "number" ? box : yield* copy3D(t, context, box, undefined);
  });
}

/** cudaMemcpy3DPeer in a stream. @returns as there; cudaErrorInvalidResourceHandle: not a stream. */
export function* cudaMemcpy3DPeerAsync(t: Caller, p: In<cudaMemcpy3DPeerParms> | null, stream: cudaStream_t | null): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, function* (context) {
    const box = plain(t, context, p);
    return typeof box === "number" ? box : yield* copy3D(t, context, box, stream);
  });
}
