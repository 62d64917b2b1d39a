import type { Caller } from "../../api/caller.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import type { FillJob } from "../../kernel/sys/uapi.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import type { CUdeviceptr, CUstream } from "../abi/driver/types.ts";
import { defaultStream, isSize, ownStream } from "./core/arguments.ts";
import { captureNode, checkLegacy, checkSynchronous } from "./core/capture.ts";
import type { Context } from "./core/context.ts";
import { devicePlace, failSubmit, route, span, type Place } from "./core/copy.ts";
import { enter, failSticky } from "./core/enter.ts";
import { fail } from "./core/fail.ts";
import { submit, submitOn } from "./core/submit.ts";
import { waitStream } from "./core/wait.ts";

/** Memory Management: setting memory. Returns before the work is done, except when the target is page-locked host memory. */

/** What is to be set, checked. */
export interface Filling {
  readonly job: FillJob;
  readonly place: Place;
}

/** Checks rows of `width` elements of `size` bytes. @returns the job (null: nothing is to be set), or the error */
export function checkFill(t: Caller, context: Context, dst: number, value: number, size: 1 | 2 | 4, pitch: number, width: number, height: number): Filling | null | CUresult {
  if (!isSize(width) || !isSize(height)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "sizes must be whole numbers and not negative", { width, height });
  if (width === 0 || height === 0) return null;
  const bytes = width * size;
  if (height > 1 && pitch < bytes) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "dstPitch must not be smaller than a row", { dstPitch: pitch, row: bytes });
  if (dst % size !== 0 || (height > 1 && pitch % size !== 0)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "dstDevice and dstPitch must be multiples of the element's size", { dstDevice: dst, dstPitch: pitch, size });
  const shape = { width: bytes, height, depth: 1, dstPitch: pitch, dstSlice: pitch * height, srcPitch: 0, srcSlice: 0 };
  const total = span(shape, pitch, shape.dstSlice);
  const place = devicePlace(context.driver, dst, total);
  if (place === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "the whole range must be inside one allocation", { dstDevice: dst, bytes: total });
  const pattern = new Uint8Array(size);
  for (let i = 0; i < size; i++) pattern[i] = value >>> (8 * i);
  return { job: { kind: "fill", dst, extent: { width: bytes, height, depth: 1 }, pitch, slicePitch: shape.dstSlice, pattern }, place };
}

/** All twelve: rows of `width` elements of `size` bytes. */
function* set(t: Caller, hStream: CUstream | null | undefined, dst: number, value: number, size: 1 | 2 | 4, pitch: number, width: number, height: number): Blocking<CUresult> {
  const context = enter(t);
  if (typeof context === "number") return context;
  const stream = hStream === undefined ? defaultStream(t, context) : ownStream(t, context, hStream);
  if (typeof stream === "number") return stream;
  const found = checkFill(t, context, dst, value, size, pitch, width, height);
  if (typeof found === "number") return found;
  if (found === null) return 0;
  const { job, place } = found;
  if (context.driver.captures.size > 0) {
    const code = hStream === undefined ? checkSynchronous(t, stream) : checkLegacy(t, stream);
    if (code !== 0) return code;
    if (stream.capture !== null) return captureNode(t, stream, { kind: "memset", context, dst, pitch, value, elementSize: size, width, height });
  }
  const queue = route(t, stream, place.allocation!.mappings);
  if (typeof queue === "number") return failSubmit(t, stream, queue);
  const error = queue === null ? submit(t, stream, "copy", job, "memset") : submitOn(t, stream, queue, job, "memset", null);
  if (error < 0) return failSubmit(t, stream, error);
  if (place.kind !== "pinned") return 0;
  const sticky = yield* waitStream(t, stream);
  return sticky === 0 ? 0 : failSticky(t, sticky);
}

/**
 * Sets bytes of device memory, in the default stream. Blocks only for page-locked host memory.
 * @param uc the value; its low 8 bits count
 * @param N number of elements
 * @returns INVALID_VALUE: a range not inside one allocation, negative N.
 */
export function* cuMemsetD8_v2(t: Caller, dstDevice: CUdeviceptr, uc: number, N: number): Blocking<CUresult> {
  return yield* set(t, undefined, dstDevice, uc, 1, N * 1, N, 1);
}

/**
 * Sets 16-bit values of device memory, in the default stream. Blocks only for page-locked host memory.
 * @param us the value; its low 16 bits count
 * @param N number of elements
 * @returns INVALID_VALUE: a range not inside one allocation, negative N, dstDevice not a multiple of 2.
 */
export function* cuMemsetD16_v2(t: Caller, dstDevice: CUdeviceptr, us: number, N: number): Blocking<CUresult> {
  return yield* set(t, undefined, dstDevice, us, 2, N * 2, N, 1);
}

/**
 * Sets 32-bit values of device memory, in the default stream. Blocks only for page-locked host memory.
 * @param ui the value; its low 32 bits count
 * @param N number of elements
 * @returns INVALID_VALUE: a range not inside one allocation, negative N, dstDevice not a multiple of 4.
 */
export function* cuMemsetD32_v2(t: Caller, dstDevice: CUdeviceptr, ui: number, N: number): Blocking<CUresult> {
  return yield* set(t, undefined, dstDevice, ui, 4, N * 4, N, 1);
}

/**
 * Sets bytes in rows of device memory, in the default stream. Blocks only for page-locked host memory.
 * @param dstPitch bytes from one row to the next
 * @param Width elements of a row
 * @param Height rows
 * @returns INVALID_VALUE: a range not inside one allocation, dstPitch smaller than a row.
 */
export function* cuMemsetD2D8_v2(t: Caller, dstDevice: CUdeviceptr, dstPitch: number, uc: number, Width: number, Height: number): Blocking<CUresult> {
  return yield* set(t, undefined, dstDevice, uc, 1, dstPitch, Width, Height);
}

/**
 * Sets 16-bit values in rows of device memory, in the default stream. Blocks only for page-locked host memory.
 * @param dstPitch bytes from one row to the next
 * @param Width elements of a row
 * @param Height rows
 * @returns INVALID_VALUE: a range not inside one allocation, dstPitch smaller than a row, misaligned dstDevice or dstPitch.
 */
export function* cuMemsetD2D16_v2(t: Caller, dstDevice: CUdeviceptr, dstPitch: number, us: number, Width: number, Height: number): Blocking<CUresult> {
  return yield* set(t, undefined, dstDevice, us, 2, dstPitch, Width, Height);
}

/**
 * Sets 32-bit values in rows of device memory, in the default stream. Blocks only for page-locked host memory.
 * @param dstPitch bytes from one row to the next
 * @param Width elements of a row
 * @param Height rows
 * @returns INVALID_VALUE: a range not inside one allocation, dstPitch smaller than a row, misaligned dstDevice or dstPitch.
 */
export function* cuMemsetD2D32_v2(t: Caller, dstDevice: CUdeviceptr, dstPitch: number, ui: number, Width: number, Height: number): Blocking<CUresult> {
  return yield* set(t, undefined, dstDevice, ui, 4, dstPitch, Width, Height);
}

/** cuMemsetD8 in a stream. @returns as there; INVALID_HANDLE: not a stream of the current context. */
export function* cuMemsetD8Async(t: Caller, dstDevice: CUdeviceptr, uc: number, N: number, hStream: CUstream | null): Blocking<CUresult> {
  return yield* set(t, hStream, dstDevice, uc, 1, N * 1, N, 1);
}

/** cuMemsetD16 in a stream. @returns as there; INVALID_HANDLE: not a stream of the current context. */
export function* cuMemsetD16Async(t: Caller, dstDevice: CUdeviceptr, us: number, N: number, hStream: CUstream | null): Blocking<CUresult> {
  return yield* set(t, hStream, dstDevice, us, 2, N * 2, N, 1);
}

/** cuMemsetD32 in a stream. @returns as there; INVALID_HANDLE: not a stream of the current context. */
export function* cuMemsetD32Async(t: Caller, dstDevice: CUdeviceptr, ui: number, N: number, hStream: CUstream | null): Blocking<CUresult> {
  return yield* set(t, hStream, dstDevice, ui, 4, N * 4, N, 1);
}

/** cuMemsetD2D8 in a stream. @returns as there; INVALID_HANDLE: not a stream of the current context. */
export function* cuMemsetD2D8Async(t: Caller, dstDevice: CUdeviceptr, dstPitch: number, uc: number, Width: number, Height: number, hStream: CUstream | null): Blocking<CUresult> {
  return yield* set(t, hStream, dstDevice, uc, 1, dstPitch, Width, Height);
}

/** cuMemsetD2D16 in a stream. @returns as there; INVALID_HANDLE: not a stream of the current context. */
export function* cuMemsetD2D16Async(t: Caller, dstDevice: CUdeviceptr, dstPitch: number, us: number, Width: number, Height: number, hStream: CUstream | null): Blocking<CUresult> {
  return yield* set(t, hStream, dstDevice, us, 2, dstPitch, Width, Height);
}

/** cuMemsetD2D32 in a stream. @returns as there; INVALID_HANDLE: not a stream of the current context. */
export function* cuMemsetD2D32Async(t: Caller, dstDevice: CUdeviceptr, dstPitch: number, ui: number, Width: number, Height: number, hStream: CUstream | null): Blocking<CUresult> {
  return yield* set(t, hStream, dstDevice, ui, 4, dstPitch, Width, Height);
}
