import type { Caller } from "../../../api/caller.ts";
import type { HostPtr } from "../../../api/out.ts";
import * as cu from "../../abi/driver/constants.ts";
import type { CUDA_MEMCPY3D } from "../../abi/driver/types.ts";
import type { Side, Strided } from "../memory-copy-strided.ts";
import { arraysOf } from "./array.ts";
import type { Place, Shape } from "./copy.ts";

/** One side of a copy whose memory is known, as a CUDA_MEMCPY3D would name it. */
function sideOf(t: Caller, name: "src" | "dst", place: Place, pitch: number, slice: number): Side {
  const side = { name, type: cu.CU_MEMORYTYPE_DEVICE, host: null as HostPtr | null, device: 0, array: null, x: 0, y: 0, z: 0, pitch, height: pitch === 0 ? 0 : Math.floor(slice / pitch) };
  if (place.view !== null) return { ...side, type: cu.CU_MEMORYTYPE_HOST, host: place.view };
  if (place.kind === "pageable") return { ...side, type: cu.CU_MEMORYTYPE_HOST, host: place.address };
  // Memory of an array has no address that a program could name.
  for (const [, array] of arraysOf(t).arrays.entries()) {
    if (array.allocation !== place.allocation) continue;
    const offset = place.address - array.address;
    const z = Math.floor(offset / array.slice);
    const y = Math.floor((offset - z * array.slice) / array.row);
    return { ...side, type: cu.CU_MEMORYTYPE_ARRAY, array: array.handle, z, y, x: offset - z * array.slice - y * array.row };
  }
  return { ...side, device: place.address };
}

/** A copy that was checked already, in the form that a node keeps. */
export function stridedOf(t: Caller, dst: Place, src: Place, shape: Shape): Strided {
  return {
    dst: sideOf(t, "dst", dst, shape.dstPitch, shape.dstSlice), src: sideOf(t, "src", src, shape.srcPitch, shape.srcSlice),
    width: shape.width, height: shape.height, depth: shape.depth,
  };
}

/** A node's copy as the program reads it. */
export function memcpyParams({ src, dst, width, height, depth }: Strided): CUDA_MEMCPY3D {
  return {
    srcXInBytes: src.x, srcY: src.y, srcZ: src.z, srcLOD: 0, srcMemoryType: src.type as 1, srcHost: src.host ?? 0, srcDevice: src.device, srcArray: src.array ?? 0, reserved0: null, srcPitch: src.pitch, srcHeight: src.height,
    dstXInBytes: dst.x, dstY: dst.y, dstZ: dst.z, dstLOD: 0, dstMemoryType: dst.type as 1, dstHost: dst.host ?? 0, dstDevice: dst.device, dstArray: dst.array ?? 0, reserved1: null, dstPitch: dst.pitch, dstHeight: dst.height,
    WidthInBytes: width, Height: height, Depth: depth,
  };
}
