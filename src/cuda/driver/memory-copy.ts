import type { Caller } from "../../api/caller.ts";
import type { HostPtr } from "../../api/out.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import type { CUdeviceptr, CUstream } from "../abi/driver/types.ts";
import { defaultStream, isSize, ownStream } from "./core/arguments.ts";
import type { Context } from "./core/context.ts";
import { copy, devicePlace, hostPlace, linear, unifiedPlace, type Place } from "./core/copy.ts";
import { enter } from "./core/enter.ts";
import { fail } from "./core/fail.ts";

/**
 * Memory Management: copies of plain runs of bytes. When they return is told at `core/copy.ts`. A host pointer is a simulated address or a buffer of the
 * JavaScript program, which counts as pageable memory.
 */

type Find = (t: Caller, context: Context, bytes: number, write: boolean) => Place | CUresult;

/** A side given as a device address. */
function onDevice(address: number, name: string): Find {
  return (t, context, bytes) => devicePlace(context.driver, address, bytes)
    ?? fail(t, cu.CUDA_ERROR_INVALID_VALUE, `${name}: the whole range must be inside one live allocation`, { [name]: address, ByteCount: bytes });
}

/** A side given as a host pointer. */
function onHost(ptr: HostPtr | null, name: string): Find {
  return (t, context, bytes, write) => {
    if (ptr === null || ptr === 0) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, `${name} must not be NULL`);
    return hostPlace(t, context.driver, ptr, bytes, write)
      ?? fail(t, cu.CUDA_ERROR_INVALID_VALUE, `${name}: the program must be able to access ByteCount bytes of host memory there`, { [name]: typeof ptr === "number" ? ptr : `${ptr.byteLength} bytes`, ByteCount: bytes });
  };
}

/** A side given as an address of any kind. */
function anywhere(address: number, name: string): Find {
  return (t, context, bytes, write) => unifiedPlace(t, context.driver, address, bytes, write)
    ?? fail(t, cu.CUDA_ERROR_INVALID_VALUE, `${name}: the whole range must be memory of the process or inside one allocation`, { [name]: address, ByteCount: bytes });
}

const unordered = (): CUresult => 0;

/** All copies of this file: `hStream` undefined is the synchronous form in the default stream; `order` runs when all is known to be right, before the copy. */
function* transfer(t: Caller, hStream: CUstream | null | undefined, dst: Find, src: Find, bytes: number, order: () => CUresult = unordered): Blocking<CUresult> {
  const context = enter(t);
  if (typeof context === "number") return context;
  const stream = hStream === undefined ? defaultStream(t, context) : ownStream(t, context, hStream);
  if (typeof stream === "number") return stream;
  if (!isSize(bytes)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "ByteCount must be a whole number and not negative", { ByteCount: bytes });
  if (bytes === 0) return 0;
  const to = dst(t, context, bytes, true);
  if (typeof to === "number") return to;
  const from = src(t, context, bytes, false);
  if (typeof from === "number") return from;
  const ordered = order();
  return ordered === 0 ? yield* copy(t, stream, to, from, linear(bytes), hStream === undefined) : ordered;
}

/** A copy between any two addresses in the default stream that other contexts' streams are put in order with first; does not wait. */
export function* copyBetween(t: Caller, dst: CUdeviceptr, src: CUdeviceptr, bytes: number, order: () => CUresult): Blocking<CUresult> {
  return yield* transfer(t, null, anywhere(dst, "dst"), anywhere(src, "src"), bytes, order);
}

/**
 * Copies between any two addresses (unified addressing tells where they are). Blocks as the synchronous copy of those places does.
 * @returns INVALID_VALUE: a range that is not memory.
 */
export function* cuMemcpy(t: Caller, dst: CUdeviceptr, src: CUdeviceptr, ByteCount: number): Blocking<CUresult> {
  return yield* transfer(t, undefined, anywhere(dst, "dst"), anywhere(src, "src"), ByteCount);
}

/**
 * Copies from the host to a device. Blocks until pageable memory is in bounce buffers, or the copy from page-locked memory is done.
 * @returns INVALID_VALUE: dstDevice not a range of one allocation; srcHost NULL, too short or not accessible.
 */
export function* cuMemcpyHtoD_v2(t: Caller, dstDevice: CUdeviceptr, srcHost: HostPtr | null, ByteCount: number): Blocking<CUresult> {
  return yield* transfer(t, undefined, onDevice(dstDevice, "dstDevice"), onHost(srcHost, "srcHost"), ByteCount);
}

/**
 * Copies from a device to the host. Blocks until it is done.
 * @returns INVALID_VALUE: srcDevice not a range of one allocation; dstHost NULL, too short or not accessible.
 */
export function* cuMemcpyDtoH_v2(t: Caller, dstHost: HostPtr | null, srcDevice: CUdeviceptr, ByteCount: number): Blocking<CUresult> {
  return yield* transfer(t, undefined, onHost(dstHost, "dstHost"), onDevice(srcDevice, "srcDevice"), ByteCount);
}

/**
 * Copies within and between devices. Does not wait for it.
 * @returns INVALID_VALUE: a range that is not inside one allocation.
 */
export function* cuMemcpyDtoD_v2(t: Caller, dstDevice: CUdeviceptr, srcDevice: CUdeviceptr, ByteCount: number): Blocking<CUresult> {
  return yield* transfer(t, undefined, onDevice(dstDevice, "dstDevice"), onDevice(srcDevice, "srcDevice"), ByteCount);
}

/** cuMemcpy in a stream. Blocks only where pageable memory or two host addresses are involved. @returns as there; INVALID_HANDLE: not a stream of the current context. */
export function* cuMemcpyAsync(t: Caller, dst: CUdeviceptr, src: CUdeviceptr, ByteCount: number, hStream: CUstream | null): Blocking<CUresult> {
  return yield* transfer(t, hStream, anywhere(dst, "dst"), anywhere(src, "src"), ByteCount);
}

/** cuMemcpyHtoD in a stream. Pageable memory has been read when it returns. @returns as there; INVALID_HANDLE: not a stream of the current context. */
export function* cuMemcpyHtoDAsync_v2(t: Caller, dstDevice: CUdeviceptr, srcHost: HostPtr | null, ByteCount: number, hStream: CUstream | null): Blocking<CUresult> {
  return yield* transfer(t, hStream, onDevice(dstDevice, "dstDevice"), onHost(srcHost, "srcHost"), ByteCount);
}

/** cuMemcpyDtoH in a stream. With pageable memory it blocks until the copy is done. @returns as there; INVALID_HANDLE: not a stream of the current context. */
export function* cuMemcpyDtoHAsync_v2(t: Caller, dstHost: HostPtr | null, srcDevice: CUdeviceptr, ByteCount: number, hStream: CUstream | null): Blocking<CUresult> {
  return yield* transfer(t, hStream, onHost(dstHost, "dstHost"), onDevice(srcDevice, "srcDevice"), ByteCount);
}

/** cuMemcpyDtoD in a stream. @returns as there; INVALID_HANDLE: not a stream of the current context. */
export function* cuMemcpyDtoDAsync_v2(t: Caller, dstDevice: CUdeviceptr, srcDevice: CUdeviceptr, ByteCount: number, hStream: CUstream | null): Blocking<CUresult> {
  return yield* transfer(t, hStream, onDevice(dstDevice, "dstDevice"), onDevice(srcDevice, "srcDevice"), ByteCount);
}
