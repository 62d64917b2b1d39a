import type { Caller } from "../../api/caller.ts";
import type { ImageFields } from "../../compiler/builtins/opencl/images/descriptor.ts";
import type { In } from "../abi/common.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import type { CUDA_RESOURCE_DESC } from "../abi/driver/types.ts";
import { deviceAttribute } from "./device-attributes.ts";
import { arrayArgument, mipmapArgument, type CudaArray } from "./core/array.ts";
import { arrayFormat, channelsFit, imageFormat, type ArrayFormat } from "./core/array-format.ts";
import type { Context } from "./core/context.ts";
import { devicePlace } from "./core/copy.ts";
import { fail } from "./core/fail.ts";

/** What textures and surfaces stand on: pixels in memory. */
export interface Resource {
  readonly address: number;
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly layers: number;
  readonly row: number;
  readonly slice: number;
  readonly format: ArrayFormat;
  readonly channels: number;
  /** Coordinates that address an element, without the layer. */
  readonly dimensions: 1 | 2 | 3;
  /** Plain memory of one dimension: fetched by whole numbers only. */
  readonly linear: boolean;
  readonly array: CudaArray | null;
  /** Smaller levels of detail, the largest first. */
  readonly further: readonly CudaArray[];
  /** An array of textures, and one with levels of detail (even a single one). */
  readonly layered: boolean;
  readonly mipmapped: boolean;
  readonly desc: CUDA_RESOURCE_DESC;
}

function ofArray(array: CudaArray, desc: CUDA_RESOURCE_DESC, further: readonly CudaArray[] = []): Resource {
  const { address, width, height, depth, layers, row, slice, format, descriptor } = array;
  const layered = (descriptor.Flags & (cu.CUDA_ARRAY3D_LAYERED | cu.CUDA_ARRAY3D_CUBEMAP)) !== 0;
  const dimensions = !layered && descriptor.Depth > 0 ? 3 : descriptor.Height > 0 ? 2 : 1;
  return { address, width, height, depth, layers, row, slice, format, channels: descriptor.NumChannels, dimensions, linear: false, array, further, layered: (descriptor.Flags & cu.CUDA_ARRAY3D_LAYERED) !== 0, mipmapped: desc.resType === cu.CU_RESOURCE_TYPE_MIPMAPPED_ARRAY, desc };
}

/** Checks and resolves a resource descriptor. @returns it, or the error: INVALID_VALUE, INVALID_HANDLE, NOT_SUPPORTED */
export function resourceOf(t: Caller, context: Context, desc: In<CUDA_RESOURCE_DESC>): Resource | CUresult {
  const invalid = (rule: string, values: Readonly<Record<string, unknown>> = {}): CUresult => fail(t, cu.CUDA_ERROR_INVALID_VALUE, rule, values);
  const { resType = cu.CU_RESOURCE_TYPE_ARRAY, res = {}, flags = 0 } = desc;
  if (flags !== 0) return invalid("flags of a resource must be 0", { flags });
  switch (resType) {
    case cu.CU_RESOURCE_TYPE_ARRAY: {
      const hArray = res.array?.hArray ?? 0;
      const array = arrayArgument(t, hArray, "hArray");
      return typeof array === "number" ? array : ofArray(array, { resType, res: { array: { hArray } }, flags });
    }
    case cu.CU_RESOURCE_TYPE_MIPMAPPED_ARRAY: {
      const hMipmappedArray = res.mipmap?.hMipmappedArray ?? 0;
      const mipmap = mipmapArgument(t, hMipmappedArray, "hMipmappedArray");
      if (typeof mipmap === "number") return mipmap;
      return ofArray(mipmap.levels[0]!, { resType, res: { mipmap: { hMipmappedArray } }, flags }, mipmap.levels.slice(1));
    }
    case cu.CU_RESOURCE_TYPE_LINEAR: {
      const { devPtr = 0, format: number = 0, numChannels = 0, sizeInBytes = 0 } = res.linear ?? {};
      const format = arrayFormat(number);
      if (format === undefined || !channelsFit(format, numChannels)) return invalid("format and numChannels must be those of an array", { format: number, numChannels });
      const element = format.bytes * numChannels;
      const width = Math.floor(sizeInBytes / element);
      const limit = deviceAttribute(context.device, cu.CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE1D_LINEAR_WIDTH)!;
      if (!(width > 0) || width > limit) return invalid("sizeInBytes must hold at least one element, and not more than CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE1D_LINEAR_WIDTH", { sizeInBytes, element, limit });
      const aligned = aligning(t, context, devPtr, sizeInBytes);
      if (aligned !== 0) return aligned;
      const full = { resType, res: { linear: { devPtr, format: number as never, numChannels, sizeInBytes } }, flags };
      return { address: devPtr, width, height: 1, depth: 1, layers: 1, row: width * element, slice: width * element, format, channels: numChannels, dimensions: 1, linear: true, array: null, further: [], layered: false, mipmapped: false, desc: full };
    }
    case cu.CU_RESOURCE_TYPE_PITCH2D: {
      const { devPtr = 0, format: number = 0, numChannels = 0, width = 0, height = 0, pitchInBytes = 0 } = res.pitch2D ?? {};
      const format = arrayFormat(number);
      if (format === undefined || !channelsFit(format, numChannels)) return invalid("format and numChannels must be those of an array", { format: number, numChannels });
      const element = format.bytes * numChannels;
      const pitchAlignment = deviceAttribute(context.device, cu.CU_DEVICE_ATTRIBUTE_TEXTURE_PITCH_ALIGNMENT)!;
      const limits = [cu.CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_LINEAR_WIDTH, cu.CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_LINEAR_HEIGHT, cu.CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_LINEAR_PITCH].map((attribute) => deviceAttribute(context.device, attribute)!);
      if (!(width > 0 && height > 0) || width > limits[0]! || height > limits[1]! || pitchInBytes > limits[2]!) return invalid("width and height must be positive and, with the pitch, not beyond CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_LINEAR_*", { width, height, pitchInBytes, limits: limits.join(", ") });
      if (pitchInBytes < width * element || pitchInBytes % pitchAlignment !== 0) return invalid("pitchInBytes must hold a row and be a multiple of CU_DEVICE_ATTRIBUTE_TEXTURE_PITCH_ALIGNMENT", { pitchInBytes, row: width * element, pitchAlignment });
      const aligned = aligning(t, context, devPtr, (height - 1) * pitchInBytes + width * element);
      if (aligned !== 0) return aligned;
      const full = { resType, res: { pitch2D: { devPtr, format: number as never, numChannels, width, height, pitchInBytes } }, flags };
      return { address: devPtr, width, height, depth: 1, layers: 1, row: pitchInBytes, slice: pitchInBytes * height, format, channels: numChannels, dimensions: 2, linear: false, array: null, further: [], layered: false, mipmapped: false, desc: full };
    }
    default: return invalid("resType must be of CUresourcetype", { resType });
  }
}

/** Pixels and format of a resource, for its descriptor. */
export function fieldsOf(resource: Resource, normalised: boolean, srgb: boolean = false, level: Resource | CudaArray = resource): ImageFields {
  const { address, width, height, depth, layers, row, slice } = level;
  return { address: BigInt(address), width, height, depth, layers, rowPitch: row, slicePitch: slice, ...imageFormat(resource.format, resource.channels, normalised, srgb) };
}

/** Whether memory can be under a texture. @returns 0 or the error */
function aligning(t: Caller, context: Context, devPtr: number, bytes: number): CUresult {
  const alignment = deviceAttribute(context.device, cu.CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT)!;
  if (devPtr === 0 || devPtr % alignment !== 0) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "devPtr must not be NULL, and aligned to CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT", { devPtr, alignment });
  return devicePlace(context.driver, devPtr, bytes) === null ? fail(t, cu.CUDA_ERROR_INVALID_VALUE, "devPtr: the whole range must be inside one live allocation", { devPtr, bytes }) : 0;
}
