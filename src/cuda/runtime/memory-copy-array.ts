import type { Caller } from "../../api/caller.ts";
import type { HostPtr } from "../../api/out.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import { CU_MEMORYTYPE_ARRAY, CU_MEMORYTYPE_DEVICE, CU_MEMORYTYPE_HOST, CU_MEMORYTYPE_UNIFIED } from "../abi/driver/constants.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import type { CUarray } from "../abi/driver/types.ts";
import * as rt from "../abi/runtime/constants.ts";
import type { cudaError_t, cudaMemcpyKind } from "../abi/runtime/enums.ts";
import type { cudaArray_const_t, cudaArray_t, cudaStream_t } from "../abi/runtime/types.ts";
import { copyRun, type RunSide } from "../driver/array-run.ts";
import { arrayArgument } from "../driver/core/array.ts";
import { fail } from "../driver/core/fail.ts";
import { copyStrided, type Side as StridedSide } from "../driver/memory-copy-strided.ts";
import { inContextBlocking } from "./core/call.ts";
import { sidesOf, type Side } from "./core/places.ts";

/** Memory Management: copies from and to CUDA arrays. Offsets and widths are bytes. */

type Name = "src" | "dst";
type Stream = cudaStream_t | null | undefined;

/** What memory a side of the copy is, by the kind and the pointer. */
function typeOf(ptr: HostPtr | null, side: Side): number {
  return side === "host" || (side === "any" && typeof ptr !== "number") ? CU_MEMORYTYPE_HOST : side === "device" ? CU_MEMORYTYPE_DEVICE : CU_MEMORYTYPE_UNIFIED;
}

/** The memory side of a copy with an array, whose other side the kind must say is on the device. */
function memoryType(t: Caller, name: Name, ptr: HostPtr | null, kind: cudaMemcpyKind): number {
  const sides = sidesOf(kind);
  if (sides === null || sides[name === "src" ? "dst" : "src"] === "host") return -fail(t, rt.cudaErrorInvalidMemcpyDirection as CUresult, "kind must be of cudaMemcpyKind, with the array on the device's side", { kind });
  return typeOf(ptr, sides[name]);
}

/** An array as a side of a copy of rows. @returns the side, or the error */
function arraySide(t: Caller, name: Name, handle: cudaArray_const_t | null, x: number, y: number): StridedSide | CUresult {
  const array = arrayArgument(t, handle as CUarray | null, name, rt.cudaErrorInvalidValue as CUresult);
  return typeof array === "number" ? array : { name, type: CU_MEMORYTYPE_ARRAY, host: null, device: 0, array: array.handle, x, y, z: 0, pitch: 0, height: 0 };
}

const memorySide = (name: Name, ptr: HostPtr | null, type: number, pitch: number): StridedSide => ({ name, type, host: ptr, device: typeof ptr === "number" ? ptr : 0, array: null, x: 0, y: 0, z: 0, pitch, height: 0 });

function* to2D(t: Caller, dst: cudaArray_t | null, wOffset: number, hOffset: number, src: HostPtr | null, spitch: number, width: number, height: number, kind: cudaMemcpyKind, stream: Stream): Blocking<CUresult> {
  const type = memoryType(t, "src", src, kind);
  if (type < 0) return -type as CUresult;
  if (width > 0 && height > 0 && spitch < width) return fail(t, rt.cudaErrorInvalidPitchValue as CUresult, "spitch must not be smaller than width", { spitch, width });
  const to = arraySide(t, "dst", dst, wOffset, hOffset);
  return typeof to === "number" ? to : yield* copyStrided(t, stream, { src: memorySide("src", src, type, spitch), dst: to, width, height, depth: 1 });
}

function* from2D(t: Caller, dst: HostPtr | null, dpitch: number, src: cudaArray_const_t | null, wOffset: number, hOffset: number, width: number, height: number, kind: cudaMemcpyKind, stream: Stream): Blocking<CUresult> {
  const type = memoryType(t, "dst", dst, kind);
  if (type < 0) return -type as CUresult;
  if (width > 0 && height > 0 && dpitch < width) return fail(t, rt.cudaErrorInvalidPitchValue as CUresult, "dpitch must not be smaller than width", { dpitch, width });
  const from = arraySide(t, "src", src, wOffset, hOffset);
  return typeof from === "number" ? from : yield* copyStrided(t, stream, { src: from, dst: memorySide("dst", dst, type, dpitch), width, height, depth: 1 });
}

/**
 * Copies rows to an array. Blocks as cudaMemcpy.
 * @param wOffset bytes; hOffset rows
 * @returns cudaErrorInvalidValue: not an array, outside the array, or not memory. cudaErrorInvalidPitchValue. cudaErrorInvalidMemcpyDirection.
 */
export function* cudaMemcpy2DToArray(t: Caller, dst: cudaArray_t | null, wOffset: number, hOffset: number, src: HostPtr | null, spitch: number, width: number, height: number, kind: cudaMemcpyKind): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, () => to2D(t, dst, wOffset, hOffset, src, spitch, width, height, kind, undefined));
}

/** cudaMemcpy2DToArray in a stream. @returns as there; cudaErrorInvalidResourceHandle: not a stream. */
export function* cudaMemcpy2DToArrayAsync(
  t: Caller, dst: cudaArray_t | null, wOffset: number, hOffset: number, src: HostPtr | null, spitch: number, width: number, height: number, kind: cudaMemcpyKind, stream: cudaStream_t | null = 0,
): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, () => to2D(t, dst, wOffset, hOffset, src, spitch, width, height, kind, stream));
}

/** Copies rows from an array. Blocks as cudaMemcpy. @returns as cudaMemcpy2DToArray */
export function* cudaMemcpy2DFromArray(t: Caller, dst: HostPtr | null, dpitch: number, src: cudaArray_const_t | null, wOffset: number, hOffset: number, width: number, height: number, kind: cudaMemcpyKind): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, () => from2D(t, dst, dpitch, src, wOffset, hOffset, width, height, kind, undefined));
}

/** cudaMemcpy2DFromArray in a stream. @returns as there; cudaErrorInvalidResourceHandle: not a stream. */
export function* cudaMemcpy2DFromArrayAsync(
  t: Caller, dst: HostPtr | null, dpitch: number, src: cudaArray_const_t | null, wOffset: number, hOffset: number, width: number, height: number, kind: cudaMemcpyKind, stream: cudaStream_t | null = 0,
): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, () => from2D(t, dst, dpitch, src, wOffset, hOffset, width, height, kind, stream));
}

/** Copies rows between arrays. @returns cudaErrorInvalidValue: not an array, outside an array. cudaErrorInvalidMemcpyDirection: a kind that names the host. */
export function* cudaMemcpy2DArrayToArray(
  t: Caller, dst: cudaArray_t | null, wOffsetDst: number, hOffsetDst: number, src: cudaArray_const_t | null, wOffsetSrc: number, hOffsetSrc: number, width: number, height: number, kind: cudaMemcpyKind = rt.cudaMemcpyDeviceToDevice,
): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, function* (): Blocking<CUresult> {
    const bad = notOnDevice(t, kind);
    if (bad !== 0) return bad;
    const to = arraySide(t, "dst", dst, wOffsetDst, hOffsetDst);
    if (typeof to === "number") return to;
    const from = arraySide(t, "src", src, wOffsetSrc, hOffsetSrc);
    return typeof from === "number" ? from : yield* copyStrided(t, undefined, { src: from, dst: to, width, height, depth: 1 });
  });
}

function notOnDevice(t: Caller, kind: cudaMemcpyKind): CUresult {
  return kind === rt.cudaMemcpyDeviceToDevice || kind === rt.cudaMemcpyDefault ? 0 : fail(t, rt.cudaErrorInvalidMemcpyDirection as CUresult, "kind must be cudaMemcpyDeviceToDevice or cudaMemcpyDefault", { kind });
}

/** An array with a position in it, rows counted without gaps. @returns the side, or the error */
function runSide(t: Caller, name: Name, handle: cudaArray_const_t | null, wOffset: number, hOffset: number): RunSide | CUresult {
  const array = arrayArgument(t, handle as CUarray | null, name, rt.cudaErrorInvalidValue as CUresult);
  return typeof array === "number" ? array : { array, offset: hOffset * array.width * array.element + wOffset };
}

function* runTo(t: Caller, dst: cudaArray_t | null, wOffset: number, hOffset: number, src: HostPtr | null, count: number, kind: cudaMemcpyKind, stream: Stream): Blocking<CUresult> {
  const type = memoryType(t, "src", src, kind);
  if (type < 0) return -type as CUresult;
  const to = runSide(t, "dst", dst, wOffset, hOffset);
  return typeof to === "number" ? to : yield* copyRun(t, stream, to, { memory: src, type }, count);
}

function* runFrom(t: Caller, dst: HostPtr | null, src: cudaArray_const_t | null, wOffset: number, hOffset: number, count: number, kind: cudaMemcpyKind, stream: Stream): Blocking<CUresult> {
  const type = memoryType(t, "dst", dst, kind);
  if (type < 0) return -type as CUresult;
  const from = runSide(t, "src", src, wOffset, hOffset);
  return typeof from === "number" ? from : yield* copyRun(t, stream, { memory: dst, type }, from, count);
}

/** Copies bytes to an array, on through its rows. Blocks as cudaMemcpy. @returns as cudaMemcpy2DToArray, but for pitches */
export function* cudaMemcpyToArray(t: Caller, dst: cudaArray_t | null, wOffset: number, hOffset: number, src: HostPtr | null, count: number, kind: cudaMemcpyKind): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, () => runTo(t, dst, wOffset, hOffset, src, count, kind, undefined));
}

/** cudaMemcpyToArray in a stream. @returns as there; cudaErrorInvalidResourceHandle: not a stream. */
export function* cudaMemcpyToArrayAsync(t: Caller, dst: cudaArray_t | null, wOffset: number, hOffset: number, src: HostPtr | null, count: number, kind: cudaMemcpyKind, stream: cudaStream_t | null = 0): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, () => runTo(t, dst, wOffset, hOffset, src, count, kind, stream));
}

/** Copies bytes from an array, on through its rows. Blocks as cudaMemcpy. @returns as cudaMemcpyToArray */
export function* cudaMemcpyFromArray(t: Caller, dst: HostPtr | null, src: cudaArray_const_t | null, wOffset: number, hOffset: number, count: number, kind: cudaMemcpyKind): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, () => runFrom(t, dst, src, wOffset, hOffset, count, kind, undefined));
}

/** cudaMemcpyFromArray in a stream. @returns as there; cudaErrorInvalidResourceHandle: not a stream. */
export function* cudaMemcpyFromArrayAsync(t: Caller, dst: HostPtr | null, src: cudaArray_const_t | null, wOffset: number, hOffset: number, count: number, kind: cudaMemcpyKind, stream: cudaStream_t | null = 0): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, () => runFrom(t, dst, src, wOffset, hOffset, count, kind, stream));
}

/** Copies bytes between arrays, on through their rows. @returns as cudaMemcpy2DArrayToArray */
export function* cudaMemcpyArrayToArray(t: Caller, dst: cudaArray_t | null, wOffsetDst: number, hOffsetDst: number, src: cudaArray_const_t | null, wOffsetSrc: number, hOffsetSrc: number, count: number, kind: cudaMemcpyKind = rt.cudaMemcpyDeviceToDevice): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, function* (): Blocking<CUresult> {
    const bad = notOnDevice(t, kind);
    if (bad !== 0) return bad;
    const to = runSide(t, "dst", dst, wOffsetDst, hOffsetDst);
    if (typeof to === "number") return to;
    const from = runSide(t, "src", src, wOffsetSrc, hOffsetSrc);
    return typeof from === "number" ? from : yield* copyRun(t, undefined, to, from, count);
  });
}
