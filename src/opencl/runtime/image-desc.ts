import type { Caller } from "../../api/caller.ts";
import { CL_MEM_OBJECT_IMAGE1D_BUFFER, CL_MEM_OBJECT_IMAGE2D } from "../abi/constants.ts";
import type { cl_image_desc, cl_image_format } from "../abi/types.ts";
import { IMAGE_BASE_ALIGN, IMAGE_PITCH_ALIGN, imageLimits } from "./capabilities.ts";
import type { ContextObject } from "./context-object.ts";
import { elementBytes, formatsAgree } from "./image-format.ts";
import { imageTypes, type ImageShape } from "./image-shape.ts";
import type { MemObject } from "./mem-object.ts";
import { stateOf } from "./state.ts";
import type { Layout } from "./transfer.ts";

/** Image descriptors (API specification, "Image Descriptor"): which make sense, and what they mean. */

/** The memory object that the pixels are to come from; null when the description names none, or none of the context. */
export function sourceOf(t: Caller, context: ContextObject, desc: cl_image_desc | null): MemObject | null {
  if (desc === null || desc.mem_object === null || desc.mem_object === 0) return null;
  const mem = stateOf(t).mems.get(desc.mem_object);
  return mem === undefined || mem.context !== context ? null : mem;
}

/** Bytes of a pixel; at least 1, so that sizes of formats that the devices lack can be checked first. */
function pixelOf(format: cl_image_format): number {
  return Math.max(1, elementBytes(format));
}

/** Why a format does not go with the memory object the pixels come from, or null. */
export function badDerivedFormat(desc: cl_image_desc | null, format: cl_image_format, source: MemObject | null): string | null {
  if (desc === null || source === null || desc.image_type !== CL_MEM_OBJECT_IMAGE2D) return null;
  if (source.image !== null) return formatsAgree(format, source.image.format) ? null : "an image made of another must have its data type, and the order that goes with that one's";
  const pixel = pixelOf(format);
  const pitch = desc.image_row_pitch === 0 ? desc.image_width * pixel : desc.image_row_pitch;
  if (pitch % (IMAGE_PITCH_ALIGN * pixel) !== 0) return "the row pitch of a 2D image made of a buffer must be a multiple of CL_DEVICE_IMAGE_PITCH_ALIGNMENT pixels";
  if (typeof source.hostPtr === "number" && source.address % (IMAGE_BASE_ALIGN * pixel) !== 0) return "host memory of the buffer must be aligned to CL_DEVICE_IMAGE_BASE_ADDRESS_ALIGNMENT pixels";
  return null;
}

/** Why the sizes of an image make no sense, or null. */
function badSizes(desc: cl_image_desc, old: boolean): string | null {
  const type = imageTypes.get(desc.image_type);
  if (type === undefined) return "image_type must be the type of an image";
  if (!(desc.image_width > 0)) return "image_width must not be 0";
  if (type.dimensions > 1 && !(desc.image_height > 0)) return "image_height must not be 0";
  if (type.dimensions > 2 && !(desc.image_depth > (old ? 1 : 0))) return old ? "image_depth must be greater than 1" : "image_depth must not be 0";
  if (type.array && !(desc.image_array_size > 0)) return "image_array_size must not be 0";
  return null;
}

/** Why pitches are wrong, or null. */
function badPitches(desc: cl_image_desc, pixel: number, host: boolean, pitched: boolean): string | null {
  const { image_row_pitch: row, image_slice_pitch: slice } = desc;
  const { dimensions, array } = imageTypes.get(desc.image_type)!;
  const width = desc.image_width * pixel;
  if (row !== 0 && !host && !pitched) return "image_row_pitch must be 0 when host_ptr is NULL";
  if (row !== 0 && (row < width || row % pixel !== 0)) return "image_row_pitch must be 0, or at least a row of pixels and a multiple of the pixel's size";
  if (slice === 0) return null;
  if (!host) return "image_slice_pitch must be 0 when host_ptr is NULL";
  if (!array && dimensions < 3) return "image_slice_pitch must be 0 for images of one or two dimensions";
  const pitch = row === 0 ? width : row;
  const least = pitch * (dimensions > 1 ? desc.image_height : 1);
  return slice < least || slice % pitch !== 0 ? "image_slice_pitch must be 0, or at least a slice of rows and a multiple of the row pitch" : null;
}

/** Why the pixels cannot come from a memory object, or null. */
function badSource(desc: cl_image_desc, pixel: number, source: MemObject | null): string | null {
  const buffer = desc.image_type === CL_MEM_OBJECT_IMAGE1D_BUFFER;
  const named = desc.mem_object !== null && desc.mem_object !== 0;
  if (!named) return buffer ? "mem_object of a 1D image buffer must be a buffer" : null;
  if (!buffer && desc.image_type !== CL_MEM_OBJECT_IMAGE2D) return "mem_object must be NULL but for 1D image buffers and 2D images";
  if (source === null) return "mem_object must be a valid memory object of the context";
  if (source.image !== null) {
    if (buffer) return "mem_object of a 1D image buffer must be a buffer";
    const { image } = source;
    const same = image.type === desc.image_type && image.width === desc.image_width && image.height === desc.image_height && (desc.image_row_pitch === 0 || desc.image_row_pitch === image.row);
    return same ? null : "an image made of another must be described as that one";
  }
  const row = desc.image_row_pitch === 0 ? desc.image_width * pixel : desc.image_row_pitch;
  return row * (buffer ? 1 : desc.image_height) > source.size ? "the buffer given as mem_object must have room for all pixels" : null;
}

/**
 * Why a description makes no sense, or null.
 * @param host there is a host_ptr
 * @param old of clCreateImage2D or clCreateImage3D
 */
export function badDescription(desc: cl_image_desc | null, format: cl_image_format, source: MemObject | null, host: boolean, old: boolean): string | null {
  if (desc === null) return "image_desc must not be NULL";
  const sizes = badSizes(desc, old);
  if (sizes !== null) return sizes;
  const pixel = pixelOf(format);
  const pitches = badPitches(desc, pixel, host, source !== null && desc.image_type === CL_MEM_OBJECT_IMAGE2D);
  if (pitches !== null) return pitches;
  if (desc.num_mip_levels !== 0 || desc.num_samples !== 0) return "num_mip_levels and num_samples must be 0: the devices have no mip levels and no multi-sampling";
  return badSource(desc, pixel, source);
}

/** What a valid description says. */
export interface Measures extends Pick<ImageShape, "type" | "format" | "pixel" | "width" | "height" | "depth" | "layers"> {
  /** In memory of the image's own, or of what it is made of. */
  readonly device: Layout;
  readonly host: Layout;
}

/** The sizes of a valid description. */
export function measure(desc: cl_image_desc, format: cl_image_format, source: MemObject | null): Measures {
  const { dimensions, array } = imageTypes.get(desc.image_type)!;
  const pixel = pixelOf(format);
  const width = desc.image_width;
  const height = dimensions > 1 ? desc.image_height : 1;
  const packed = { row: width * pixel, slice: width * pixel * height };
  const row = source?.image?.row ?? (desc.image_row_pitch === 0 ? packed.row : desc.image_row_pitch);
  const host = { row, slice: desc.image_slice_pitch === 0 ? row * height : desc.image_slice_pitch };
  return {
    type: desc.image_type, format, pixel, width, height, depth: dimensions > 2 ? desc.image_depth : 1, layers: array ? desc.image_array_size : 1, device: source === null ? packed : host, host,
  };
}

/** Which size exceeds the limits of all devices, or null. */
export function tooLarge(size: Measures): string | null {
  const { type, width, height, depth, layers } = size;
  const limits = type === CL_MEM_OBJECT_IMAGE1D_BUFFER ? [imageLimits.buffer, 1, 1] : imageTypes.get(type)!.dimensions === 3 ? imageLimits.volume : [...imageLimits.plane, 1];
  if (width > limits[0]! || height > limits[1]! || depth > limits[2]!) return "no size may exceed the largest image of the devices (CL_DEVICE_IMAGE2D_MAX_WIDTH and the like)";
  return layers > imageLimits.layers ? "image_array_size must not exceed CL_DEVICE_IMAGE_MAX_ARRAY_SIZE" : null;
}
