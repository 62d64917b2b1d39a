import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import type { In } from "../abi/common.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import type { CUarray, CUDA_ARRAY3D_DESCRIPTOR, CUDA_ARRAY_DESCRIPTOR, CUmipmappedArray } from "../abi/driver/types.ts";
import { isSize } from "./core/arguments.ts";
import { arrayArgument, arraysOf, makeArray, mipmapArgument, MipmappedArray, releaseArray } from "./core/array.ts";
import { arrayFormat, channelsFit, type ArrayFormat } from "./core/array-format.ts";
import type { Context } from "./core/context.ts";
import type { Device } from "./core/device.ts";
import { enter, failSticky } from "./core/enter.ts";
import { fail } from "./core/fail.ts";
import { errnoCode, errnoRule } from "./core/fault.ts";
import { deviceAttribute } from "./device-attributes.ts";
import { waitUsers } from "./memory.ts";

/** Memory Management: CUDA arrays. Copies from and to them: memory-copy-array.ts and memory-copy-strided.ts. */

const FLAGS = cu.CUDA_ARRAY3D_LAYERED | cu.CUDA_ARRAY3D_SURFACE_LDST | cu.CUDA_ARRAY3D_CUBEMAP | cu.CUDA_ARRAY3D_TEXTURE_GATHER | cu.CUDA_ARRAY3D_DEPTH_TEXTURE | cu.CUDA_ARRAY3D_COLOR_ATTACHMENT
  | cu.CUDA_ARRAY3D_SPARSE | cu.CUDA_ARRAY3D_DEFERRED_MAPPING | cu.CUDA_ARRAY3D_VIDEO_ENCODE_DECODE;
/** Flags without effect here: a colour attachment is for graphics interoperability. */
const ALLOWED = cu.CUDA_ARRAY3D_LAYERED | cu.CUDA_ARRAY3D_CUBEMAP | cu.CUDA_ARRAY3D_SURFACE_LDST | cu.CUDA_ARRAY3D_TEXTURE_GATHER | cu.CUDA_ARRAY3D_COLOR_ATTACHMENT;

/** Largest sizes of an array, by its dimensions and flags (width, height, depth or layers): attributes of the device. */
function limitsOf(device: Device, desc: CUDA_ARRAY3D_DESCRIPTOR): readonly number[] {
  const surface = (desc.Flags & cu.CUDA_ARRAY3D_SURFACE_LDST) !== 0;
  const layered = (desc.Flags & cu.CUDA_ARRAY3D_LAYERED) !== 0;
  const at = (texture: readonly number[], surfaces: readonly number[]): number[] =>
    texture.map((attribute, i) => Math.min(deviceAttribute(device, attribute)!, surface ? deviceAttribute(device, surfaces[i]!)! : Infinity));
  if ((desc.Flags & cu.CUDA_ARRAY3D_CUBEMAP) !== 0) {
    const [width, layers] = layered
      ? at([cu.CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURECUBEMAP_LAYERED_WIDTH, cu.CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURECUBEMAP_LAYERED_LAYERS], [cu.CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACECUBEMAP_LAYERED_WIDTH, cu.CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACECUBEMAP_LAYERED_LAYERS])
      : [...at([cu.CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURECUBEMAP_WIDTH], [cu.CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACECUBEMAP_WIDTH]), 6];
    return [width!, width!, layers!];
  }
  if (layered) {
    if (desc.Height === 0) {
      const [width, layers] = at([cu.CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE1D_LAYERED_WIDTH, cu.CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE1D_LAYERED_LAYERS], [cu.CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACE1D_LAYERED_WIDTH, cu.CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACE1D_LAYERED_LAYERS]);
      return [width!, 0, layers!];
    }
    return at(
      [cu.CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_LAYERED_WIDTH, cu.CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_LAYERED_HEIGHT, cu.CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_LAYERED_LAYERS],
      [cu.CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACE2D_LAYERED_WIDTH, cu.CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACE2D_LAYERED_HEIGHT, cu.CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACE2D_LAYERED_LAYERS],
    );
  }
  if (desc.Depth > 0) {
    return at(
      [cu.CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE3D_WIDTH, cu.CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE3D_HEIGHT, cu.CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE3D_DEPTH],
      [cu.CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACE3D_WIDTH, cu.CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACE3D_HEIGHT, cu.CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACE3D_DEPTH],
    );
  }
  if (desc.Height > 0) {
    const gather = (desc.Flags & cu.CUDA_ARRAY3D_TEXTURE_GATHER) !== 0;
    const texture = gather
      ? [cu.CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_GATHER_WIDTH, cu.CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_GATHER_HEIGHT]
      : [cu.CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_WIDTH, cu.CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_HEIGHT];
    return [...at(texture, [cu.CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACE2D_WIDTH, cu.CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACE2D_HEIGHT]), 0];
  }
  return [...at([cu.CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE1D_WIDTH], [cu.CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACE1D_WIDTH]), 0, 0];
}

/** A descriptor with its format, or the error. */
function checkDescriptor(t: Caller, context: Context, desc: CUDA_ARRAY3D_DESCRIPTOR): ArrayFormat | CUresult {
  const { Width, Height, Depth, Format, NumChannels, Flags } = desc;
  const invalid = (rule: string): CUresult => fail(t, cu.CUDA_ERROR_INVALID_VALUE, rule, { ...desc });
  if (!isSize(Width) || !isSize(Height) || !isSize(Depth) || Width === 0) return invalid("Width must be positive, Height and Depth not negative");
  const format = arrayFormat(Format);
  if (format === undefined) {
    const known = Object.values<number>(cu).includes(Format) && Format >= cu.CU_AD_FORMAT_UNORM_INT_101010_2;
    return known ? fail(t, cu.CUDA_ERROR_NOT_SUPPORTED, "block-compressed, packed and planar formats are not supported", { Format }) : invalid("Format must be of CUarray_format");
  }
  if (!channelsFit(format, NumChannels)) return invalid("NumChannels must be 1, 2 or 4, and what the format says");
  if ((Flags & ~FLAGS) !== 0) return invalid("Flags must hold CUDA_ARRAY3D_* bits only");
  if ((Flags & ~ALLOWED) !== 0) return fail(t, cu.CUDA_ERROR_NOT_SUPPORTED, "depth textures, sparse arrays, deferred mapping and video arrays are not supported", { Flags });
  const cube = (Flags & cu.CUDA_ARRAY3D_CUBEMAP) !== 0;
  const layered = (Flags & cu.CUDA_ARRAY3D_LAYERED) !== 0;
  if (cube && (Width !== Height || (layered ? Depth === 0 || Depth % 6 !== 0 : Depth !== 6))) return invalid("a cube map must be square and have 6 faces (several when it is layered, 6 each)");
  if (!cube && (layered ? Depth === 0 : Depth > 0 && Height === 0)) return invalid(layered ? "a layered array must have layers: Depth must not be 0" : "an array with a depth must have a height");
  if ((Flags & cu.CUDA_ARRAY3D_TEXTURE_GATHER) !== 0 && (cube || layered || Depth > 0 || Height === 0)) return invalid("CUDA_ARRAY3D_TEXTURE_GATHER is for two-dimensional arrays");
  const limits = limitsOf(context.device, desc);
  if ([Width, Height, Depth].some((size, i) => size > limits[i]!)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "the array must not be larger than the device allows (CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE* and SURFACE*)", { ...desc, limits: limits.join("x") });
  return format;
}

function complete(p: In<CUDA_ARRAY3D_DESCRIPTOR>): CUDA_ARRAY3D_DESCRIPTOR {
  return { Width: p.Width ?? 0, Height: p.Height ?? 0, Depth: p.Depth ?? 0, Format: p.Format ?? (0 as never), NumChannels: p.NumChannels ?? 0, Flags: p.Flags ?? 0 };
}

function create(t: Caller, pHandle: Out<CUarray> | null, p: In<CUDA_ARRAY3D_DESCRIPTOR> | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (pHandle === null || p === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pHandle and pAllocateArray must not be NULL");
  const desc = complete(p);
  const format = checkDescriptor(t, context, desc);
  if (typeof format === "number") return format;
  const array = makeArray(t, context, desc, format, null);
  if (typeof array === "number") return fail(t, errnoCode(array), errnoRule(array, "allocating the array"), { ...desc });
  pHandle.value = array.handle;
  return 0;
}

/**
 * Makes an array of one or (Height not 0) two dimensions.
 * @param pHandle gets the array
 * @param pAllocateArray sizes in elements, format, 1, 2 or 4 channels
 * @returns INVALID_VALUE: NULL, sizes of zero or beyond the device's limits, an unknown format. NOT_SUPPORTED: block-compressed and planar formats. OUT_OF_MEMORY.
 */
export function cuArrayCreate_v2(t: Caller, pHandle: Out<CUarray> | null, pAllocateArray: In<CUDA_ARRAY_DESCRIPTOR> | null): CUresult {
  return create(t, pHandle, pAllocateArray);
}

/**
 * Makes an array of up to three dimensions, or (CUDA_ARRAY3D_LAYERED) of layers of one or two, or (CUDA_ARRAY3D_CUBEMAP) of the six faces of cubes.
 * @param pAllocateArray sizes in elements; Depth counts layers of layered arrays
 * @returns as cuArrayCreate; INVALID_VALUE also: flags that do not go together. NOT_SUPPORTED also: depth textures, sparse and deferred arrays.
 */
export function cuArray3DCreate_v2(t: Caller, pHandle: Out<CUarray> | null, pAllocateArray: In<CUDA_ARRAY3D_DESCRIPTOR> | null): CUresult {
  return create(t, pHandle, pAllocateArray);
}

/**
 * What an array of one or two dimensions is like.
 * @returns INVALID_VALUE: pArrayDescriptor NULL. INVALID_HANDLE: not an array.
 */
export function cuArrayGetDescriptor_v2(t: Caller, pArrayDescriptor: Out<CUDA_ARRAY_DESCRIPTOR> | null, hArray: CUarray | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (pArrayDescriptor === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pArrayDescriptor must not be NULL");
  const array = arrayArgument(t, hArray, "hArray");
  if (typeof array === "number") return array;
  const { Width, Height, Format, NumChannels } = array.descriptor;
  pArrayDescriptor.value = { Width, Height, Format, NumChannels };
  return 0;
}

/** What an array is like. @returns as cuArrayGetDescriptor */
export function cuArray3DGetDescriptor_v2(t: Caller, pArrayDescriptor: Out<CUDA_ARRAY3D_DESCRIPTOR> | null, hArray: CUarray | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (pArrayDescriptor === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pArrayDescriptor must not be NULL");
  const array = arrayArgument(t, hArray, "hArray");
  if (typeof array === "number") return array;
  pArrayDescriptor.value = { ...array.descriptor };
  return 0;
}

/**
 * The plane of a planar array: no array here is planar.
 * @returns INVALID_VALUE: pPlaneArray NULL, an array without planes. INVALID_HANDLE: not an array.
 */
export function cuArrayGetPlane(t: Caller, pPlaneArray: Out<CUarray> | null, hArray: CUarray | null, planeIdx: number): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (pPlaneArray === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pPlaneArray must not be NULL");
  const array = arrayArgument(t, hArray, "hArray");
  if (typeof array === "number") return array;
  return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "hArray must have a format of several planes", { planeIdx, Format: array.descriptor.Format });
}

/**
 * Destroys an array. Waits for all work that may use it. Blocks.
 * @returns INVALID_HANDLE: not an array, or a level of a mipmapped one. The sticky error of a kernel that failed.
 */
export function* cuArrayDestroy(t: Caller, hArray: CUarray | null): Blocking<CUresult> {
  const context = enter(t);
  if (typeof context === "number") return context;
  const array = arrayArgument(t, hArray, "hArray");
  if (typeof array === "number") return array;
  if (array.level !== null) return fail(t, cu.CUDA_ERROR_INVALID_HANDLE, "hArray must not be a level of a mipmapped array: cuMipmappedArrayDestroy destroys all levels", { hArray });
  const sticky = yield* waitUsers(t, array.context, array.allocation.mappings);
  if (sticky !== 0) return failSticky(t, sticky);
  releaseArray(t, array);
  return 0;
}

/**
 * Makes levels of detail: each has half the width, height and depth of the one before (layers stay).
 * @param numMipmapLevels clamped to 1 and to the levels that there can be
 * @returns as cuArray3DCreate
 */
export function cuMipmappedArrayCreate(t: Caller, pHandle: Out<CUmipmappedArray> | null, pMipmappedArrayDesc: In<CUDA_ARRAY3D_DESCRIPTOR> | null, numMipmapLevels: number): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (pHandle === null || pMipmappedArrayDesc === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pHandle and pMipmappedArrayDesc must not be NULL");
  const desc = complete(pMipmappedArrayDesc);
  const format = checkDescriptor(t, context, desc);
  if (typeof format === "number") return format;
  const layered = (desc.Flags & (cu.CUDA_ARRAY3D_LAYERED | cu.CUDA_ARRAY3D_CUBEMAP)) !== 0;
  const largest = Math.max(desc.Width, desc.Height, layered ? 0 : desc.Depth);
  const count = Math.min(Math.max(1, Math.floor(numMipmapLevels)), 1 + Math.floor(Math.log2(largest)));
  const mipmap = new MipmappedArray(context, desc);
  const half = (size: number, level: number): number => (size === 0 ? 0 : Math.max(1, Math.floor(size / 2 ** level)));
  for (let level = 0; level < count; level++) {
    const array = makeArray(t, context, { ...desc, Width: half(desc.Width, level), Height: half(desc.Height, level), Depth: layered ? desc.Depth : half(desc.Depth, level) }, format, mipmap);
    if (typeof array === "number") {
      for (const made of mipmap.levels) releaseArray(t, made);
      return fail(t, errnoCode(array), errnoRule(array, "allocating the levels"), { ...desc, level });
    }
    mipmap.levels.push(array);
  }
  mipmap.handle = arraysOf(t).mipmaps.add(mipmap) as CUmipmappedArray;
  pHandle.value = mipmap.handle;
  return 0;
}

/**
 * One level of a mipmapped array, as an array.
 * @returns INVALID_VALUE: pLevelArray NULL, no such level. INVALID_HANDLE: not a mipmapped array.
 */
export function cuMipmappedArrayGetLevel(t: Caller, pLevelArray: Out<CUarray> | null, hMipmappedArray: CUmipmappedArray | null, level: number): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (pLevelArray === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pLevelArray must not be NULL");
  const mipmap = mipmapArgument(t, hMipmappedArray, "hMipmappedArray");
  if (typeof mipmap === "number") return mipmap;
  const array = mipmap.levels[level];
  if (array === undefined) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "level must be less than the number of levels", { level, levels: mipmap.levels.length });
  pLevelArray.value = array.handle;
  return 0;
}

/** Destroys a mipmapped array with its levels. Blocks. @returns INVALID_HANDLE: not a mipmapped array. The sticky error of a kernel that failed. */
export function* cuMipmappedArrayDestroy(t: Caller, hMipmappedArray: CUmipmappedArray | null): Blocking<CUresult> {
  const context = enter(t);
  if (typeof context === "number") return context;
  const mipmap = mipmapArgument(t, hMipmappedArray, "hMipmappedArray");
  if (typeof mipmap === "number") return mipmap;
  const sticky = yield* waitUsers(t, mipmap.context, mipmap.levels.flatMap((level) => level.allocation.mappings));
  if (sticky !== 0) return failSticky(t, sticky);
  for (const level of mipmap.levels) releaseArray(t, level);
  arraysOf(t).mipmaps.remove(mipmap.handle);
  return 0;
}
