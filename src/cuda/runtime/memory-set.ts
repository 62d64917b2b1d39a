import type { Caller } from "../../api/caller.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import type { In } from "../abi/common.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import * as rt from "../abi/runtime/constants.ts";
import type { cudaError_t } from "../abi/runtime/enums.ts";
import type { cudaExtent, cudaPitchedPtr, cudaStream_t } from "../abi/runtime/types.ts";
import { isSize } from "../driver/core/arguments.ts";
import type { Context } from "../driver/core/context.ts";
import { devicePlace, span } from "../driver/core/copy.ts";
import { fail } from "../driver/core/fail.ts";
import { cuMemsetD2D8Async, cuMemsetD2D8_v2, cuMemsetD8Async, cuMemsetD8_v2 } from "../driver/memory-set.ts";
import { inContextBlocking } from "./core/call.ts";

/** Memory Management: setting bytes. Returns before the work is done, except when the target is page-locked host memory. */

/**
 * Sets `count` bytes to the low 8 bits of `value`, in the default stream.
 * @returns cudaErrorInvalidValue: not a range of one allocation.
 */
export function* cudaMemset(t: Caller, devPtr: number | null, value: number, count: number): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, () => cuMemsetD8_v2(t, devPtr ?? 0, value & 255, count));
}

/** cudaMemset in a stream. @returns as there; cudaErrorInvalidResourceHandle: not a stream. */
export function* cudaMemsetAsync(t: Caller, devPtr: number | null, value: number, count: number, stream: cudaStream_t | null = 0): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, () => cuMemsetD8Async(t, devPtr ?? 0, value & 255, count, stream));
}

/**
 * Sets `height` rows of `width` bytes.
 * @param pitch bytes from one row to the next
 * @returns cudaErrorInvalidValue: not a range of one allocation, a pitch smaller than width.
 */
export function* cudaMemset2D(t: Caller, devPtr: number | null, pitch: number, value: number, width: number, height: number): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, () => cuMemsetD2D8_v2(t, devPtr ?? 0, pitch, value & 255, width, height));
}

/** cudaMemset2D in a stream. @returns as there; cudaErrorInvalidResourceHandle: not a stream. */
export function* cudaMemset2DAsync(t: Caller, devPtr: number | null, pitch: number, value: number, width: number, height: number, stream: cudaStream_t | null = 0): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, () => cuMemsetD2D8Async(t, devPtr ?? 0, pitch, value & 255, width, height, stream));
}

function* set3D(t: Caller, context: Context, target: In<cudaPitchedPtr>, value: number, extent: In<cudaExtent>, stream: cudaStream_t | null | undefined): Blocking<CUresult> {
  const { width = 0, height = 0, depth = 0 } = extent;
  const { ptr = 0, pitch = 0, ysize = 0 } = target;
  if (depth > 1 && ysize < height) return fail(t, rt.cudaErrorInvalidValue as CUresult, "ysize must not be smaller than the extent's height", { ysize, height });
  if (![width, height, depth].every(isSize)) return fail(t, rt.cudaErrorInvalidValue as CUresult, "sizes must be whole numbers and not negative", { width, height, depth });
  if (width === 0 || height === 0 || depth === 0) return 0;
  const shape = { width, height, depth, dstPitch: pitch, dstSlice: pitch * ysize, srcPitch: 0, srcSlice: 0 };
  if (devicePlace(context.driver, ptr, span(shape, pitch, shape.dstSlice)) === null) return fail(t, rt.cudaErrorInvalidValue as CUresult, "the whole box must be inside one allocation", { ptr });
  for (let z = 0; z < depth; z++) {
    const at = ptr + z * shape.dstSlice;
    const code = yield* stream === undefined ? cuMemsetD2D8_v2(t, at, pitch, value & 255, width, height) : cuMemsetD2D8Async(t, at, pitch, value & 255, width, height, stream);
    if (code !== 0) return code;
  }
  return 0;
}

/**
 * Sets a box of bytes.
 * @param pitchedDevPtr address, pitch and rows of a slice (ysize)
 * @param extent width in bytes, height in rows, depth in slices
 * @returns cudaErrorInvalidValue: not a range of one allocation, sizes that do not fit.
 */
export function* cudaMemset3D(t: Caller, pitchedDevPtr: In<cudaPitchedPtr>, value: number, extent: In<cudaExtent>): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, (context) => set3D(t, context, pitchedDevPtr, value, extent, undefined));
}

/** cudaMemset3D in a stream. @returns as there; cudaErrorInvalidResourceHandle: not a stream. */
export function* cudaMemset3DAsync(t: Caller, pitchedDevPtr: In<cudaPitchedPtr>, value: number, extent: In<cudaExtent>, stream: cudaStream_t | null = 0): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, (context) => set3D(t, context, pitchedDevPtr, value, extent, stream));
}
