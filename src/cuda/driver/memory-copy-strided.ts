import type { Caller } from "../../api/caller.ts";
import type { HostPtr } from "../../api/out.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import type { In } from "../abi/common.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import type { CUarray, CUDA_MEMCPY2D, CUDA_MEMCPY3D, CUstream } from "../abi/driver/types.ts";
import { defaultStream, isSize, ownStream } from "./core/arguments.ts";
import { arrayArgument, type CudaArray } from "./core/array.ts";
import type { Context } from "./core/context.ts";
import { copy, devicePlace, hostPlace, span, unifiedPlace, type Place, type Shape } from "./core/copy.ts";
import { enter } from "./core/enter.ts";
import { fail } from "./core/fail.ts";
import { deviceAttribute } from "./device-attributes.ts";

/** Memory Management: copies of rows and slices. */

/** One side of a strided copy. */
export interface Side {
  readonly name: "src" | "dst";
  readonly type: number;
  readonly host: HostPtr | null;
  readonly device: number;
  readonly array: CUarray | null;
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly pitch: number;
  /** Rows from one slice to the next. */
  readonly height: number;
}

/** Both sides and the size of what is copied. */
export interface Strided {
  readonly src: Side;
  readonly dst: Side;
  readonly width: number;
  readonly height: number;
  readonly depth: number;
}

/** A side with how its memory lies: pitches as given, or those of its array. */
interface Laid {
  readonly side: Side;
  readonly array: CudaArray | null;
  /** Bytes from row to row and slice to slice. */
  readonly pitch: number;
  readonly slice: number;
}

/** Checks a side's pitches, or that the box lies inside its array. */
function lay(t: Caller, context: Context, side: Side, { width, height, depth }: Strided): Laid | CUresult {
  if (side.type === cu.CU_MEMORYTYPE_ARRAY) {
    const array = arrayArgument(t, side.array, `${side.name}Array`);
    if (typeof array === "number") return array;
    const values = { x: side.x, y: side.y, z: side.z, width, height, depth, element: array.element };
    if (side.x % array.element !== 0 || width % array.element !== 0) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, `${side.name}XInBytes and WidthInBytes must be multiples of the array's element size`, values);
    if (side.x + width > array.width * array.element || side.y + height > array.height || side.z + depth > array.slices) {
      return fail(t, cu.CUDA_ERROR_INVALID_VALUE, `the box must lie inside ${side.name}Array`, { ...values, array: `${array.width}x${array.height}x${array.slices}` });
    }
    return { side, array, pitch: array.row, slice: array.slice };
  }
  const maxPitch = deviceAttribute(context.device, cu.CU_DEVICE_ATTRIBUTE_MAX_PITCH)!;
  const pitchUsed = height > 1 || depth > 1 || side.y > 0 || side.z > 0;
  if (pitchUsed && side.pitch < width + side.x) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, `${side.name}Pitch must not be smaller than WidthInBytes + ${side.name}XInBytes`, { pitch: side.pitch, width, x: side.x });
  if (side.pitch > maxPitch) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, `${side.name}Pitch must not exceed CU_DEVICE_ATTRIBUTE_MAX_PITCH`, { pitch: side.pitch, maxPitch });
  if ((depth > 1 || side.z > 0) && side.height < height + side.y) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, `${side.name}Height must not be smaller than Height + ${side.name}Y`, { sliceHeight: side.height, height, y: side.y });
  return { side, array: null, pitch: side.pitch, slice: side.pitch * side.height };
}

function placeOf(t: Caller, context: Context, { side, array, pitch, slice }: Laid, bytes: number): Place | CUresult {
  // Bytes from the beginning of the side's memory to its first byte.
  const offset = side.z * slice + side.y * pitch + side.x;
  const write = side.name === "dst";
  const bad = (rule: string): CUresult => fail(t, cu.CUDA_ERROR_INVALID_VALUE, rule, { side: side.name, offset, bytes });
  // The range must lie in the allocation that the pointer itself names, not in a neighbour.
  const shifted = (place: Place | null): Place | null => (place === null ? null : { ...place, address: place.address + offset });
  if (array !== null) return { kind: "device", address: array.address + offset, view: null, allocation: array.allocation };
  if (side.type === cu.CU_MEMORYTYPE_HOST) {
    if (side.host === null || side.host === 0) return bad(`${side.name}Host must not be NULL`);
    if (typeof side.host === "number") return shifted(hostPlace(t, context.driver, side.host, offset + bytes, write)) ?? bad(`${side.name}Host: the program must be able to access the whole range`);
    const view = new Uint8Array(side.host.buffer, side.host.byteOffset, side.host.byteLength);
    return hostPlace(t, context.driver, view.subarray(offset), bytes, write) ?? bad(`${side.name}Host: the buffer must be as long as the range`);
  }
  if (side.type === cu.CU_MEMORYTYPE_DEVICE) return shifted(devicePlace(context.driver, side.device, offset + bytes)) ?? bad(`${side.name}Device: the whole range must be inside one live allocation`);
  if (side.type === cu.CU_MEMORYTYPE_UNIFIED) return shifted(unifiedPlace(t, context.driver, side.device, offset + bytes, write)) ?? bad(`${side.name}Device: the whole range must be memory`);
  return bad(`${side.name}MemoryType must be of CUmemorytype`);
}

/** The memory of a strided copy, as it is now. */
export interface Resolved {
  readonly to: Place;
  readonly from: Place;
  readonly shape: Shape;
}

/** Checks a strided copy. @returns its memory (null: nothing is to be copied), or the error */
export function resolveStrided(t: Caller, context: Context, what: Strided): Resolved | null | CUresult {
  const { src, dst, width, height, depth } = what;
  for (const size of [width, height, depth, src.x, src.y, src.z, dst.x, dst.y, dst.z]) {
    if (!isSize(size)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "sizes and positions must be whole numbers and not negative", { value: size });
  }
  if (width === 0 || height === 0 || depth === 0) return null;
  const source = lay(t, context, src, what);
  if (typeof source === "number") return source;
  const target = lay(t, context, dst, what);
  if (typeof target === "number") return target;
  const pitchOf = (laid: Laid): number => (height > 1 || depth > 1 ? laid.pitch : width);
  const sliceOf = (laid: Laid): number => (depth > 1 ? laid.slice : pitchOf(laid) * height);
  const shape: Shape = { width, height, depth, dstPitch: pitchOf(target), dstSlice: sliceOf(target), srcPitch: pitchOf(source), srcSlice: sliceOf(source) };
  const from = placeOf(t, context, source, span(shape, shape.srcPitch, shape.srcSlice));
  if (typeof from === "number") return from;
  const to = placeOf(t, context, target, span(shape, shape.dstPitch, shape.dstSlice));
  return typeof to === "number" ? to : { to, from, shape };
}

/** Checks and does a strided copy. `hStream` undefined: the synchronous form. `order` runs when all is known to be right, before the copy. */
export function* copyStrided(t: Caller, hStream: CUstream | null | undefined, what: Strided | null, order: (() => CUresult) | null = null): Blocking<CUresult> {
  const context = enter(t);
  if (typeof context === "number") return context;
  const stream = hStream === undefined ? defaultStream(t, context) : ownStream(t, context, hStream);
  if (typeof stream === "number") return stream;
  if (what === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pCopy must not be NULL");
  const found = resolveStrided(t, context, what);
  if (typeof found === "number") return found;
  if (found === null) return 0;
  const ordered = order === null ? 0 : order();
  return ordered === 0 ? yield* copy(t, stream, found.to, found.from, found.shape, hStream === undefined) : ordered;
}

function strided2D(p: In<CUDA_MEMCPY2D> | null): Strided | null {
  if (p === null) return null;
  return {
    src: { name: "src", type: p.srcMemoryType ?? 0, host: p.srcHost ?? null, device: p.srcDevice ?? 0, array: p.srcArray ?? null, x: p.srcXInBytes ?? 0, y: p.srcY ?? 0, z: 0, pitch: p.srcPitch ?? 0, height: 0 },
    dst: { name: "dst", type: p.dstMemoryType ?? 0, host: p.dstHost ?? null, device: p.dstDevice ?? 0, array: p.dstArray ?? null, x: p.dstXInBytes ?? 0, y: p.dstY ?? 0, z: 0, pitch: p.dstPitch ?? 0, height: 0 },
    width: p.WidthInBytes ?? 0, height: p.Height ?? 0, depth: 1,
  };
}

/** Both sides of a CUDA_MEMCPY3D, or of its peer form. */
export function strided3D(p: In<CUDA_MEMCPY3D>): Strided {
  return {
    src: { name: "src", type: p.srcMemoryType ?? 0, host: p.srcHost ?? null, device: p.srcDevice ?? 0, array: p.srcArray ?? null, x: p.srcXInBytes ?? 0, y: p.srcY ?? 0, z: p.srcZ ?? 0, pitch: p.srcPitch ?? 0, height: p.srcHeight ?? 0 },
    dst: { name: "dst", type: p.dstMemoryType ?? 0, host: p.dstHost ?? null, device: p.dstDevice ?? 0, array: p.dstArray ?? null, x: p.dstXInBytes ?? 0, y: p.dstY ?? 0, z: p.dstZ ?? 0, pitch: p.dstPitch ?? 0, height: p.dstHeight ?? 0 },
    width: p.WidthInBytes ?? 0, height: p.Height ?? 0, depth: p.Depth ?? 0,
  };
}

/** Members that must be zero in the three-dimensional forms. */
export function reservedRule(p: In<CUDA_MEMCPY3D>): string | null {
  if ((p.srcLOD ?? 0) !== 0 || (p.dstLOD ?? 0) !== 0) return "srcLOD and dstLOD must be 0";
  if ((p.reserved0 ?? null) !== null || (p.reserved1 ?? null) !== null) return "reserved members must be NULL";
  return null;
}

function* copy3D(t: Caller, hStream: CUstream | null | undefined, p: In<CUDA_MEMCPY3D> | null): Blocking<CUresult> {
  if (p === null) return yield* copyStrided(t, hStream, null);
  const context = enter(t);
  if (typeof context === "number") return context;
  const bad = reservedRule(p);
  if (bad !== null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, bad);
  return yield* copyStrided(t, hStream, strided3D(p));
}

/**
 * Copies rows between any kinds of memory, in the default stream. Blocks as the synchronous copy of those kinds does.
 * @param pCopy both sides, pitches in bytes, WidthInBytes and Height of what is copied
 * @returns INVALID_VALUE: pCopy NULL, a pitch smaller than a row or beyond CU_DEVICE_ATTRIBUTE_MAX_PITCH, unknown memory type, a range that is not memory, a box outside its array. INVALID_HANDLE: not an array.
 */
export function* cuMemcpy2D_v2(t: Caller, pCopy: In<CUDA_MEMCPY2D> | null): Blocking<CUresult> {
  return yield* copyStrided(t, undefined, strided2D(pCopy));
}

/** cuMemcpy2D without demands on pitches; the model's copy engines have none anyway. @returns as there. */
export function* cuMemcpy2DUnaligned_v2(t: Caller, pCopy: In<CUDA_MEMCPY2D> | null): Blocking<CUresult> {
  return yield* copyStrided(t, undefined, strided2D(pCopy));
}

/**
 * Copies rows and slices between any kinds of memory, in the default stream. Blocks as the synchronous copy of those kinds does.
 * @param pCopy both sides; heights are rows from one slice to the next
 * @returns INVALID_VALUE: as cuMemcpy2D; a height smaller than the rows copied, a level of detail, reserved members set. INVALID_HANDLE: not an array.
 */
export function* cuMemcpy3D_v2(t: Caller, pCopy: In<CUDA_MEMCPY3D> | null): Blocking<CUresult> {
  return yield* copy3D(t, undefined, pCopy);
}

/** cuMemcpy2D in a stream. Blocks only where pageable memory is involved. @returns as there; INVALID_HANDLE: not a stream of the current context. */
export function* cuMemcpy2DAsync_v2(t: Caller, pCopy: In<CUDA_MEMCPY2D> | null, hStream: CUstream | null): Blocking<CUresult> {
  return yield* copyStrided(t, hStream, strided2D(pCopy));
}

/** cuMemcpy3D in a stream. Blocks only where pageable memory is involved. @returns as there; INVALID_HANDLE: not a stream of the current context. */
export function* cuMemcpy3DAsync_v2(t: Caller, pCopy: In<CUDA_MEMCPY3D> | null, hStream: CUstream | null): Blocking<CUresult> {
  return yield* copy3D(t, hStream, pCopy);
}
