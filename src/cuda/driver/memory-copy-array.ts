import type { Caller } from "../../api/caller.ts";
import type { HostPtr } from "../../api/out.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import type { CUarray, CUdeviceptr, CUstream } from "../abi/driver/types.ts";
import { ownStream } from "./core/arguments.ts";
import { arrayArgument } from "./core/array.ts";
import { copyRun, type RunSide } from "./array-run.ts";
import { enter } from "./core/enter.ts";
import { fail } from "./core/fail.ts";

/** Memory Management: copies between memory and one-dimensional arrays. */

interface Part {
  readonly array: CUarray | null;
  readonly offset: number;
}

type Memory = Extract<RunSide, { readonly memory: HostPtr | null }>;

const host = (memory: HostPtr | null): Memory => ({ memory, type: cu.CU_MEMORYTYPE_HOST });
const device = (memory: CUdeviceptr): Memory => ({ memory, type: cu.CU_MEMORYTYPE_DEVICE });

/** An array side with its array looked up. */
function side(t: Caller, name: string, given: Part | Memory): RunSide | CUresult {
  if ("memory" in given) return given;
  const array = arrayArgument(t, given.array, name);
  if (typeof array === "number") return array;
  if (array.descriptor.Height > 0 || array.slices > 1) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, `${name} must be one-dimensional: cuMemcpy2D and cuMemcpy3D copy from and to the others`, { [name]: given.array });
  return { array, offset: given.offset };
}

function* run(t: Caller, hStream: CUstream | null | undefined, dst: Part | Memory, src: Part | Memory, count: number): Blocking<CUresult> {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (hStream !== undefined) {
    const stream = ownStream(t, context, hStream);
    if (typeof stream === "number") return stream;
  }
  const to = side(t, "dstArray", dst);
  if (typeof to === "number") return to;
  const from = side(t, "srcArray", src);
  return typeof from === "number" ? from : yield* copyRun(t, hStream, to, from, count);
}

/**
 * Copies device memory to an array of one dimension.
 * @param dstOffset bytes
 * @returns INVALID_HANDLE: not an array. INVALID_VALUE: an array of more dimensions, bytes outside it or no whole elements, a range that is not memory.
 */
export function* cuMemcpyDtoA_v2(t: Caller, dstArray: CUarray | null, dstOffset: number, srcDevice: CUdeviceptr, ByteCount: number): Blocking<CUresult> {
  return yield* run(t, undefined, { array: dstArray, offset: dstOffset }, device(srcDevice), ByteCount);
}

/** Copies from an array of one dimension to device memory. @returns as cuMemcpyDtoA */
export function* cuMemcpyAtoD_v2(t: Caller, dstDevice: CUdeviceptr, srcArray: CUarray | null, srcOffset: number, ByteCount: number): Blocking<CUresult> {
  return yield* run(t, undefined, device(dstDevice), { array: srcArray, offset: srcOffset }, ByteCount);
}

/** Copies host memory to an array of one dimension. Blocks. @returns as cuMemcpyDtoA */
export function* cuMemcpyHtoA_v2(t: Caller, dstArray: CUarray | null, dstOffset: number, srcHost: HostPtr | null, ByteCount: number): Blocking<CUresult> {
  return yield* run(t, undefined, { array: dstArray, offset: dstOffset }, host(srcHost), ByteCount);
}

/** Copies from an array of one dimension to host memory. Blocks. @returns as cuMemcpyDtoA */
export function* cuMemcpyAtoH_v2(t: Caller, dstHost: HostPtr | null, srcArray: CUarray | null, srcOffset: number, ByteCount: number): Blocking<CUresult> {
  return yield* run(t, undefined, host(dstHost), { array: srcArray, offset: srcOffset }, ByteCount);
}

/** Copies between arrays of one dimension. @returns as cuMemcpyDtoA; INVALID_VALUE also: elements of different sizes. */
export function* cuMemcpyAtoA_v2(t: Caller, dstArray: CUarray | null, dstOffset: number, srcArray: CUarray | null, srcOffset: number, ByteCount: number): Blocking<CUresult> {
  const context = enter(t);
  if (typeof context === "number") return context;
  const to = side(t, "dstArray", { array: dstArray, offset: dstOffset });
  if (typeof to === "number") return to;
  const from = side(t, "srcArray", { array: srcArray, offset: srcOffset });
  if (typeof from === "number") return from;
  if ("array" in to && "array" in from && to.array.element !== from.array.element) {
    return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "both arrays must have elements of the same size", { dst: to.array.element, src: from.array.element });
  }
  return yield* copyRun(t, undefined, to, from, ByteCount);
}

/** cuMemcpyHtoA in a stream. Blocks only for pageable memory. @returns as there; INVALID_HANDLE also: not a stream of the current context. */
export function* cuMemcpyHtoAAsync_v2(t: Caller, dstArray: CUarray | null, dstOffset: number, srcHost: HostPtr | null, ByteCount: number, hStream: CUstream | null): Blocking<CUresult> {
  return yield* run(t, hStream, { array: dstArray, offset: dstOffset }, host(srcHost), ByteCount);
}

/** cuMemcpyAtoH in a stream. Blocks only for pageable memory. @returns as there; INVALID_HANDLE also: not a stream of the current context. */
export function* cuMemcpyAtoHAsync_v2(t: Caller, dstHost: HostPtr | null, srcArray: CUarray | null, srcOffset: number, ByteCount: number, hStream: CUstream | null): Blocking<CUresult> {
  return yield* run(t, hStream, host(dstHost), { array: srcArray, offset: srcOffset }, ByteCount);
}
