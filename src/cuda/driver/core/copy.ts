import type { Caller } from "../../../api/caller.ts";
import type { HostPtr } from "../../../api/out.ts";
import type { Blocking } from "../../../kernel/process/wait.ts";
import type { CopyJob } from "../../../kernel/sys/uapi.ts";
import * as cu from "../../abi/driver/constants.ts";
import type { CUresult } from "../../abi/driver/enums.ts";
import type { Queue } from "./device.ts";
import { captureNode, checkLegacy, checkSynchronous, refuseCapturing } from "./capture.ts";
import { fail } from "./fail.ts";
import { stridedOf } from "./graph-copy.ts";
import { errnoCode, errnoRule } from "./fault.ts";
import { isHostAccessible, type Allocation } from "./memory.ts";
import type { Mapping } from "./space.ts";
import { LARGE_STAGE, type Stage } from "./staging.ts";
import type { DriverState } from "./state.ts";
import type { Stream } from "./stream.ts";
import { submit, submitOn } from "./submit.ts";
import { stickyOf } from "./enter.ts";
import { waitPoints, waitStream } from "./wait.ts";

/** CPU time of copying between host buffers: 10 GB/s on one core. MODEL. */
const NS_PER_BYTE = 0.1;

/**
 * One side of a copy.
 * - `device`: GPU memory. `pinned`: host memory that GPUs reach too. `pageable`: host memory that only the CPU reaches: an address,
 *   or (`view`) bytes of the JavaScript program.
 */
export interface Place {
  readonly kind: "device" | "pinned" | "pageable";
  readonly address: number;
  readonly view: Uint8Array | null;
  readonly allocation: Allocation | null;
}

/** Rows of `width` bytes, `height` of them in each of `depth` slices; where the next row and slice begin on each side. */
export interface Shape {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly dstPitch: number;
  readonly dstSlice: number;
  readonly srcPitch: number;
  readonly srcSlice: number;
}

/** The shape of a plain run of bytes. */
export function linear(bytes: number): Shape {
  return { width: bytes, height: 1, depth: 1, dstPitch: bytes, dstSlice: bytes, srcPitch: bytes, srcSlice: bytes };
}

/** Bytes from the first to behind the last of a shape with these pitches. */
export function span(shape: Shape, pitch: number, slice: number): number {
  if (shape.width === 0 || shape.height === 0 || shape.depth === 0) return 0;
  return (shape.depth - 1) * slice + (shape.height - 1) * pitch + shape.width;
}

/** Whether the whole range is memory that GPUs reach. Virtual ranges may be pieced together from several mappings. */
function covers(driver: DriverState, allocation: Allocation, address: number, bytes: number): boolean {
  if (address + bytes > allocation.address + allocation.size) return false;
  if (allocation.kind !== "virtual") return true;
  let at = address;
  for (const mapping of allocation.mappings) {
    if (mapping.address <= at && at < mapping.address + mapping.bytes && mapping.spaces.size > 0) at = mapping.address + mapping.bytes;
  }
  return at >= address + bytes;
}

/** The place that a CUdeviceptr names, or null when the range is not inside one live allocation. */
export function devicePlace(driver: DriverState, address: number, bytes: number): Place | null {
  const allocation = driver.memory.find(address);
  if (allocation === undefined || !covers(driver, allocation, address, bytes)) return null;
  return { kind: isHostAccessible(allocation.kind) ? "pinned" : "device", address, view: null, allocation };
}

/** The place that a host pointer names, or null when the program could not access that range. */
export function hostPlace(t: Caller, driver: DriverState, ptr: HostPtr, bytes: number, write: boolean): Place | null {
  if (typeof ptr !== "number") {
    if (ptr.byteLength < bytes) return null;
    return { kind: "pageable", address: 0, view: new Uint8Array(ptr.buffer, ptr.byteOffset, ptr.byteLength), allocation: null };
  }
  const allocation = driver.memory.find(ptr);
  if (allocation !== undefined) {
    if (!isHostAccessible(allocation.kind) || ptr + bytes > allocation.address + allocation.size) return null;
    return { kind: "pinned", address: ptr, view: null, allocation };
  }
  if (bytes > 0 && t.sys.memory(ptr, bytes, write) === null) return null;
  return { kind: "pageable", address: ptr, view: null, allocation: null };
}

/** The place that an address of unified memory names: any kind. */
export function unifiedPlace(t: Caller, driver: DriverState, address: number, bytes: number, write: boolean): Place | null {
  return devicePlace(driver, address, bytes) ?? (driver.memory.find(address) === undefined ? hostPlace(t, driver, address, bytes, write) : null);
}

/** Bytes of host memory, as the CPU sees them now. */
export function hostBytes(t: Caller, place: Place, offset: number, length: number, write: boolean): Uint8Array | null {
  if (place.view !== null) return place.view.subarray(offset, offset + length);
  t.sys.watch?.touched(place.address + offset, length, write);
  return t.sys.memory(place.address + offset, length, write);
}

/** Where a copy of this stream runs: in its context when that reaches all the memory, else in the device's transfer space. */
export function route(t: Caller, stream: Stream, needed: readonly Mapping[]): Queue | null | number {
  const own = stream.context.space;
  if (needed.every((mapping) => mapping.spaces.has(own))) return null;
  const transfer = own.device.transfer(t);
  if (typeof transfer === "number") return transfer;
  for (const mapping of needed) {
    if (mapping.spaces.has(transfer.space)) continue;
    const error = mapping.bind(t, transfer.space);
    if (error < 0) return error;
  }
  return transfer.queue;
}

/** Mappings behind a place. */
export function mappingsOf(place: Place, bytes: number): readonly Mapping[] {
  const all = place.allocation?.mappings ?? [];
  return all.length <= 1 ? all : all.filter((m) => m.address < place.address + bytes && m.address + m.bytes > place.address);
}

function enqueue(t: Caller, stream: Stream, job: CopyJob, needed: readonly Mapping[], label: string): number {
  const queue = route(t, stream, needed);
  if (typeof queue === "number") return queue;
  return queue === null ? submit(t, stream, "copy", job, label) : submitOn(t, stream, queue, job, label, null);
}

/** Pieces of a shape that fit a bounce buffer: offsets on both sides, and the rows they hold. */
function* pieces(shape: Shape): Generator<{ readonly dst: number; readonly src: number; readonly width: number; readonly rows: number }> {
  const rows = Math.max(1, Math.floor(LARGE_STAGE / shape.width));
  for (let z = 0; z < shape.depth; z++) {
    for (let y = 0; y < shape.height; y += rows) {
      const count = Math.min(rows, shape.height - y);
      for (let x = 0; x < shape.width; x += LARGE_STAGE) {
        const width = Math.min(LARGE_STAGE, shape.width - x);
        yield { dst: z * shape.dstSlice + y * shape.dstPitch + x, src: z * shape.srcSlice + y * shape.srcPitch + x, width, rows: count };
      }
    }
  }
}

/** Copies by the CPU: both sides are host memory. @returns whether it is there */
export function copyOnHost(t: Caller, dst: Place, src: Place, shape: Shape): boolean {
  t.sys.spend(shape.width * shape.height * shape.depth * NS_PER_BYTE);
  for (let z = 0; z < shape.depth; z++) {
    for (let y = 0; y < shape.height; y++) {
      const from = hostBytes(t, src, z * shape.srcSlice + y * shape.srcPitch, shape.width, false);
      const to = hostBytes(t, dst, z * shape.dstSlice + y * shape.dstPitch, shape.width, true);
      if (from === null || to === null) return false;
      to.set(from);
    }
  }
  return true;
}

/** Between host memory and a bounce buffer (rows close together there). */
function moveStage(t: Caller, stage: Stage, host: Place, offset: number, pitch: number, width: number, rows: number, toStage: boolean): boolean {
  const bounce = t.sys.memory(stage.address, width * rows, toStage);
  if (bounce === null) return false;
  t.sys.spend(width * rows * NS_PER_BYTE);
  for (let y = 0; y < rows; y++) {
    const bytes = hostBytes(t, host, offset + y * pitch, width, !toStage);
    if (bytes === null) return false;
    if (toStage) bounce.set(bytes, y * width);
    else bytes.set(bounce.subarray(y * width, (y + 1) * width));
  }
  return true;
}

/**
 * Copies, with the manual's rules of when the call returns ("API synchronization behavior"). The synchronous form: pageable to device waits for the
 * stream, and returns once everything is in bounce buffers; page-locked to device, and device to any host memory, return when it is done; device to
 * device does not wait. The asynchronous form waits only where pageable memory is on one side. Host to host is always done by the CPU.
 * Blocks as said.
 */
export function* copy(t: Caller, stream: Stream, dst: Place, src: Place, shape: Shape, sync: boolean): Blocking<CUresult> {
  const bytes = shape.width * shape.height * shape.depth;
  if (bytes === 0) return 0;
  const { context } = stream;
  if (context.driver.captures.size > 0) {
    const code = sync ? checkSynchronous(t, stream) : checkLegacy(t, stream);
    if (code !== 0) return code;
    if (stream.capture !== null) return captureNode(t, stream, { kind: "memcpy", context, what: stridedOf(t, dst, src, shape) });
  }
  if (dst.kind !== "device" && src.kind !== "device") {
    const sticky = yield* waitStream(t, stream);
    if (sticky !== 0) return fail(t, sticky, "earlier work in the stream failed");
    return copyOnHost(t, dst, src, shape) ? 0 : fail(t, cu.CUDA_ERROR_INVALID_VALUE, "the host memory is no longer mapped");
  }
  const forced = dst.allocation?.syncMemops === true || src.allocation?.syncMemops === true || (context.flags & cu.CU_CTX_SYNC_MEMOPS) !== 0;
  if (src.kind === "pageable") {
    if (sync) {
      const sticky = yield* waitStream(t, stream);
      if (sticky !== 0) return fail(t, sticky, "earlier work in the stream failed");
    }
    const code = yield* copyIn(t, stream, dst, src, shape);
    return code !== 0 || !forced ? code : yield* finish(t, stream);
  }
  if (dst.kind === "pageable") return yield* copyOut(t, stream, dst, src, shape);
  const label = src.kind === "pinned" ? "memcpy HtoD" : dst.kind === "pinned" ? "memcpy DtoH" : "memcpy DtoD";
  const needed = [...mappingsOf(dst, span(shape, shape.dstPitch, shape.dstSlice)), ...mappingsOf(src, span(shape, shape.srcPitch, shape.srcSlice))];
  const error = enqueue(t, stream, {
    kind: "copy", dst: dst.address, src: src.address, extent: shape, dstPitch: shape.dstPitch, dstSlicePitch: shape.dstSlice, srcPitch: shape.srcPitch, srcSlicePitch: shape.srcSlice,
  }, needed, label);
  if (error < 0) return failSubmit(t, stream, error);
  return forced || (sync && (src.kind === "pinned" || dst.kind === "pinned")) ? yield* finish(t, stream) : 0;
}

/** Waits for the stream after the copy was put there. */
function* finish(t: Caller, stream: Stream): Blocking<CUresult> {
  const sticky = yield* waitStream(t, stream);
  return sticky === 0 ? 0 : fail(t, sticky, "the copy, or work before it in the stream, failed");
}

/** The error of a refused submission: a fault that came in between, or what the system answered. */
export function failSubmit(t: Caller, stream: Stream, error: number): CUresult {
  if (stream.capture !== null) return refuseCapturing(t, stream, "this call has no place in a graph");
  const sticky = stickyOf(t, stream.context);
  return sticky !== 0 ? fail(t, sticky, "earlier work of the context failed") : fail(t, errnoCode(error), errnoRule(error, "submitting work"));
}

function* copyIn(t: Caller, stream: Stream, dst: Place, src: Place, shape: Shape): Blocking<CUresult> {
  const { context } = stream;
  const needed = mappingsOf(dst, span(shape, shape.dstPitch, shape.dstSlice));
  for (const piece of pieces(shape)) {
    const stage = yield* context.staging.take(t, piece.width * piece.rows);
    if (typeof stage === "number") return fail(t, errnoCode(stage), errnoRule(stage, "a bounce buffer"));
    if (!moveStage(t, stage, src, piece.src, shape.srcPitch, piece.width, piece.rows, true)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "the host memory is no longer mapped");
    const error = enqueue(t, stream, {
      kind: "copy", dst: dst.address + piece.dst, src: stage.address, extent: { width: piece.width, height: piece.rows, depth: 1 },
      dstPitch: shape.dstPitch, dstSlicePitch: shape.dstSlice, srcPitch: piece.width, srcSlicePitch: piece.width * piece.rows,
    }, [...needed, stage.mapping], "memcpy HtoD");
    if (error < 0) return failSubmit(t, stream, error);
    stage.timeline = stream.tail;
    stage.point = stream.tailPoint;
  }
  return 0;
}

function* copyOut(t: Caller, stream: Stream, dst: Place, src: Place, shape: Shape): Blocking<CUresult> {
  const { context } = stream;
  const needed = mappingsOf(src, span(shape, shape.srcPitch, shape.srcSlice));
  for (const piece of pieces(shape)) {
    const stage = yield* context.staging.take(t, piece.width * piece.rows);
    if (typeof stage === "number") return fail(t, errnoCode(stage), errnoRule(stage, "a bounce buffer"));
    const error = enqueue(t, stream, {
      kind: "copy", dst: stage.address, src: src.address + piece.src, extent: { width: piece.width, height: piece.rows, depth: 1 },
      dstPitch: piece.width, dstSlicePitch: piece.width * piece.rows, srcPitch: shape.srcPitch, srcSlicePitch: shape.srcSlice,
    }, [...needed, stage.mapping], "memcpy DtoH");
    if (error < 0) return failSubmit(t, stream, error);
    stage.timeline = stream.tail;
    stage.point = stream.tailPoint;
    const refused = yield* waitPoints(t, context.device, [{ syncobj: stage.timeline, point: stage.point }]);
    if (refused < 0) return failSubmit(t, stream, refused);
    stage.timeline = 0;
    const sticky = stickyOf(t, context);
    if (sticky !== 0) return fail(t, sticky, "the copy, or work before it in the stream, failed");
    if (!moveStage(t, stage, dst, piece.dst, shape.dstPitch, piece.width, piece.rows, false)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "the host memory is no longer mapped");
  }
  return yield* finish(t, stream);
}
