import type { Caller } from "../../api/caller.ts";
import type { HostPtr } from "../../api/out.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import type { HostPitchedPtr, In } from "../abi/common.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import * as rt from "../abi/runtime/constants.ts";
import type { cudaError_t, cudaMemcpyKind } from "../abi/runtime/enums.ts";
import type { cudaMemcpy3DParms, cudaStream_t } from "../abi/runtime/types.ts";
import type { Context } from "../driver/core/context.ts";
import { arrayArgument, type CudaArray } from "../driver/core/array.ts";
import type { Shape } from "../driver/core/copy.ts";
import { copyStrided, type Side as StridedSide, type Strided } from "../driver/memory-copy-strided.ts";
import { deviceAttribute } from "../driver/device-attributes.ts";
import { fail } from "../driver/core/fail.ts";
import { CU_DEVICE_ATTRIBUTE_MAX_PITCH, CU_MEMORYTYPE_ARRAY, CU_MEMORYTYPE_DEVICE, CU_MEMORYTYPE_HOST, CU_MEMORYTYPE_UNIFIED } from "../abi/driver/constants.ts";
import { inContextBlocking } from "./core/call.ts";
import { sidesOf, type Side } from "./core/places.ts";
import { transfer } from "./memory-copy.ts";

/** Memory Management: copies of rows and slices. */

/** Largest pitch of the context's device, bytes. */
function maxPitch(context: Context): number {
  return deviceAttribute(context.device, CU_DEVICE_ATTRIBUTE_MAX_PITCH)!;
}

function* copy2D(
  t: Caller, context: Context, dst: HostPtr | null, dpitch: number, src: HostPtr | null, spitch: number, width: number, height: number, kind: cudaMemcpyKind, stream: cudaStream_t | null | undefined,
): Blocking<CUresult> {
  const limit = maxPitch(context);
  if (width > 0 && height > 0 && (dpitch < width || spitch < width)) return fail(t, rt.cudaErrorInvalidPitchValue as CUresult, "dpitch and spitch must not be smaller than width", { dpitch, spitch, width });
  if (dpitch > limit || spitch > limit) return fail(t, rt.cudaErrorInvalidPitchValue as CUresult, "dpitch and spitch must not exceed cudaDevAttrMaxPitch", { dpitch, spitch, limit });
  const shape: Shape = { width, height, depth: 1, dstPitch: dpitch, dstSlice: dpitch * height, srcPitch: spitch, srcSlice: spitch * height };
  return yield* transfer(t, context, dst, src, shape, kind, stream);
}

/**
 * Copies `height` rows of `width` bytes. Blocks as cudaMemcpy.
 * @param dpitch bytes from one row of dst to the next
 * @param spitch bytes from one row of src to the next
 * @returns cudaErrorInvalidPitchValue: a pitch smaller than width or beyond the device's limit. cudaErrorInvalidMemcpyDirection: no kind. cudaErrorInvalidValue: not memory of that side.
 */
export function* cudaMemcpy2D(t: Caller, dst: HostPtr | null, dpitch: number, src: HostPtr | null, spitch: number, width: number, height: number, kind: cudaMemcpyKind): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, (context) => copy2D(t, context, dst, dpitch, src, spitch, width, height, kind, undefined));
}

/** cudaMemcpy2D in a stream. @returns as there; cudaErrorInvalidResourceHandle: not a stream. */
export function* cudaMemcpy2DAsync(
  t: Caller, dst: HostPtr | null, dpitch: number, src: HostPtr | null, spitch: number, width: number, height: number, kind: cudaMemcpyKind, stream: cudaStream_t | null = 0,
): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, (context) => copy2D(t, context, dst, dpitch, src, spitch, width, height, kind, stream));
}

type Position = { readonly x?: number | undefined; readonly y?: number | undefined; readonly z?: number | undefined };

/** One side of a 3D copy as the driver describes it. */
function sideOf(name: "src" | "dst", at: In<HostPitchedPtr>, pos: Position | undefined, side: Side): StridedSide {
  const ptr = at.ptr ?? 0;
  const type = side === "host" ? CU_MEMORYTYPE_HOST : side === "device" ? CU_MEMORYTYPE_DEVICE : typeof ptr === "number" ? CU_MEMORYTYPE_UNIFIED : CU_MEMORYTYPE_HOST;
  return { name, type, host: ptr, device: typeof ptr === "number" ? ptr : 0, array: null, x: pos?.x ?? 0, y: pos?.y ?? 0, z: pos?.z ?? 0, pitch: at.pitch ?? 0, height: at.ysize ?? 0 };
}

/** A copy of a box as the driver describes it, its pitches checked. @returns it, or the error */
export function stridedOf(t: Caller, context: Context, p: In<cudaMemcpy3DParms> | null): Strided | CUresult {
  if (p === null) return fail(t, rt.cudaErrorInvalidValue as CUresult, "p must not be NULL");
  const { srcPtr, dstPtr, extent } = p;
  const arrays: { src?: CudaArray; dst?: CudaArray } = {};
  for (const name of ["src", "dst"] as const) {
    const handle = p[`${name}Array`] ?? 0;
    if (handle === 0) continue;
    const array = arrayArgument(t, handle, `${name}Array`, rt.cudaErrorInvalidValue as CUresult);
    if (typeof array === "number") return array;
    if ((p[`${name}Ptr`]?.ptr ?? 0) !== 0) return fail(t, rt.cudaErrorInvalidValue as CUresult, `only one of ${name}Array and ${name}Ptr may be given`);
    arrays[name] = array;
  }
  if (extent === undefined || (srcPtr === undefined && arrays.src === undefined) || (dstPtr === undefined && arrays.dst === undefined)) return fail(t, rt.cudaErrorInvalidValue as CUresult, "a source, a destination and extent must be given");
  const element = arrays.src?.element ?? arrays.dst?.element ?? 1;
  if ((arrays.dst?.element ?? element) !== element) return fail(t, rt.cudaErrorInvalidValue as CUresult, "both arrays must have elements of the same size", { src: element, dst: arrays.dst?.element });
  const sides = sidesOf(p.kind ?? 0);
  if (sides === null) return fail(t, rt.cudaErrorInvalidMemcpyDirection as CUresult, "kind must be of cudaMemcpyKind", { kind: p.kind });
  // With an array the width counts its elements, and so do its positions; bytes otherwise.
  const { height = 0, depth = 0 } = extent;
  const width = (extent.width ?? 0) * element;
  const side = (name: "src" | "dst", ptr: In<HostPitchedPtr> | undefined, pos: Position | undefined): StridedSide => {
    const array = arrays[name];
    if (array === undefined) return sideOf(name, ptr!, pos, sides[name]);
    return { name, type: CU_MEMORYTYPE_ARRAY, host: null, device: 0, array: array.handle, x: (pos?.x ?? 0) * array.element, y: pos?.y ?? 0, z: pos?.z ?? 0, pitch: 0, height: 0 };
  };
  const [src, dst] = [side("src", srcPtr, p.srcPos), side("dst", dstPtr, p.dstPos)];
  const limit = maxPitch(context);
  for (const { name, type, pitch, x } of [src, dst]) {
    if (type === CU_MEMORYTYPE_ARRAY) continue;
    if (width > 0 && height * depth > 0 && pitch < width + x) return fail(t, rt.cudaErrorInvalidPitchValue as CUresult, `${name}Ptr.pitch must not be smaller than the extent's width and ${name}Pos.x`, { pitch, width, x });
    if (pitch > limit) return fail(t, rt.cudaErrorInvalidPitchValue as CUresult, "pitches must not exceed cudaDevAttrMaxPitch", { pitch, limit });
  }
  return { src, dst, width, height, depth };
}

/** Checks and does a copy of a box. `stream` undefined: the synchronous form. */
export function* copy3D(t: Caller, context: Context, p: In<cudaMemcpy3DParms> | null, stream: cudaStream_t | null | undefined): Blocking<CUresult> {
  const what = stridedOf(t, context, p);
  return typeof what === "number" ? what : yield* copyStrided(t, stream, what);
}

/**
 * Copies a box. Blocks as cudaMemcpy.
 * @param p pitched pointers or arrays and positions of both sides, extent (bytes, or elements when an array takes part; rows, slices), kind
 * @returns as cudaMemcpy2D; cudaErrorInvalidValue: p NULL, not an array, a box outside its array, an array and a pointer on one side.
 */
export function* cudaMemcpy3D(t: Caller, p: In<cudaMemcpy3DParms> | null): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, (context) => copy3D(t, context, p, undefined));
}

/** cudaMemcpy3D in a stream. @returns as there; cudaErrorInvalidResourceHandle: not a stream. */
export function* cudaMemcpy3DAsync(t: Caller, p: In<cudaMemcpy3DParms> | null, stream: cudaStream_t | null = 0): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, (context) => copy3D(t, context, p, stream));
}
