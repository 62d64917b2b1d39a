import type { Caller } from "../../api/caller.ts";
import type { HostPtr } from "../../api/out.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import type { CUstream } from "../abi/driver/types.ts";
import { copyStrided, type Side } from "./memory-copy-strided.ts";
import type { CudaArray } from "./core/array.ts";
import { fail } from "./core/fail.ts";

/** One side of a run of bytes: an array from `offset` on, counted through its rows without the gaps between them, or memory. */
export type RunSide = { readonly array: CudaArray; readonly offset: number } | { readonly memory: HostPtr | null; readonly type: number };

function rowBytes(array: CudaArray): number {
  return array.width * array.element;
}

/** The side of one box, `done` bytes into the run. */
function sideAt(name: "src" | "dst", side: RunSide, done: number, pitch: number): Side {
  if ("array" in side) {
    const bytes = rowBytes(side.array);
    const at = side.offset + done;
    const row = Math.floor(at / bytes);
    return { name, type: cu.CU_MEMORYTYPE_ARRAY, host: null, device: 0, array: side.array.handle, x: at % bytes, y: row % side.array.height, z: Math.floor(row / side.array.height), pitch: 0, height: 0 };
  }
  const { memory, type } = side;
  const host = memory === null || done === 0 ? memory : typeof memory === "number" ? memory + done : new Uint8Array(memory.buffer, memory.byteOffset + done, memory.byteLength - done);
  return { name, type, host, device: typeof host === "number" ? host : 0, array: null, x: 0, y: 0, z: 0, pitch, height: 0 };
}

/** Bytes up to the end of the array's row, `done` bytes into the run; Infinity for memory. */
function restOfRow(side: RunSide, done: number): number {
  if (!("array" in side)) return Infinity;
  const bytes = rowBytes(side.array);
  return bytes - ((side.offset + done) % bytes);
}

/** Rows from there to the end of the slice. */
function restOfSlice(side: RunSide, done: number): number {
  if (!("array" in side)) return Infinity;
  return side.array.height - (Math.floor((side.offset + done) / rowBytes(side.array)) % side.array.height);
}

/**
 * Copies a run of bytes from or to an array (or two): at most a few boxes, where memory is the other side. `hStream` undefined: the synchronous form.
 * @returns INVALID_VALUE: the run does not lie inside an array, or is not whole elements. Else as cuMemcpy2D.
 */
export function* copyRun(t: Caller, hStream: CUstream | null | undefined, dst: RunSide, src: RunSide, count: number): Blocking<CUresult> {
  for (const [name, side] of [["dst", dst], ["src", src]] as const) {
    if (!("array" in side)) continue;
    const { array, offset } = side;
    const size = rowBytes(array) * array.height * array.slices;
    if (offset < 0 || count < 0 || offset + count > size) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, `the bytes copied must lie inside ${name}Array`, { offset, count, size });
    if (offset % array.element !== 0 || count % array.element !== 0) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, `offset and size must be multiples of the element size of ${name}Array`, { offset, count, element: array.element });
  }
  for (let done = 0; done < count; ) {
    const left = count - done;
    const width = Math.min(left, restOfRow(dst, done), restOfRow(src, done));
    // Whole rows go as one box where both sides go on alike.
    const whole = [dst, src].every((side) => !("array" in side) || rowBytes(side.array) === width);
    const height = whole ? Math.max(1, Math.min(Math.floor(left / width), restOfSlice(dst, done), restOfSlice(src, done))) : 1;
    const code = yield* copyStrided(t, hStream, { dst: sideAt("dst", dst, done, width), src: sideAt("src", src, done, width), width, height, depth: 1 });
    if (code !== 0) return code;
    done += width * height;
  }
  return 0;
}
