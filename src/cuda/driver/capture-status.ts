import type { Caller, StateKey } from "../../api/caller.ts";
import { stateKey } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import * as cu from "../abi/driver/constants.ts";
import { CUstreamCaptureMode, type CUresult, type CUstreamCaptureStatus } from "../abi/driver/enums.ts";
import type { CUstream } from "../abi/driver/types.ts";
import { anyStream, isEnumerator } from "./core/arguments.ts";
import { enter, enterDriver } from "./core/enter.ts";
import { fail } from "./core/fail.ts";

/** Stream Management: the part of capture that makes sense while no stream captures. Capture itself is refused. */

const modeKey: StateKey<{ mode: CUstreamCaptureMode }> = stateKey<{ mode: CUstreamCaptureMode }>("cuda capture mode", () => ({ mode: cu.CU_STREAM_CAPTURE_MODE_GLOBAL }));

/**
 * Swaps the calling thread's capture mode.
 * @param mode in: the new mode; out: the old one
 * @returns INVALID_VALUE: mode NULL, or not of CUstreamCaptureMode.
 */
export function cuThreadExchangeStreamCaptureMode(t: Caller, mode: Out<CUstreamCaptureMode> | null): CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  if (mode === null || !mode.isSet || !isEnumerator(CUstreamCaptureMode, mode.value)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "mode must hold a value of CUstreamCaptureMode");
  const own = t.threadState(modeKey);
  const before = own.mode;
  own.mode = mode.value;
  mode.value = before;
  return 0;
}

/**
 * Whether a stream is capturing: no stream ever is.
 * @param captureStatus gets CU_STREAM_CAPTURE_STATUS_NONE
 * @returns INVALID_VALUE: captureStatus NULL. INVALID_HANDLE: not a stream.
 */
export function cuStreamIsCapturing(t: Caller, hStream: CUstream | null, captureStatus: Out<CUstreamCaptureStatus> | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const stream = anyStream(t, context, hStream);
  if (typeof stream === "number") return stream;
  if (captureStatus === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "captureStatus must not be NULL");
  captureStatus.value = cu.CU_STREAM_CAPTURE_STATUS_NONE;
  return 0;
}
