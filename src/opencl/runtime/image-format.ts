import { pixelBytes } from "../../compiler/builtins/opencl/images/descriptor.ts";
import * as cl from "../abi/constants.ts";
import type { cl_image_format } from "../abi/types.ts";

/** Formats of images (API specification, "Image Format Descriptor" and "Supported Image Formats"). */

const NORM = [cl.CL_SNORM_INT8, cl.CL_SNORM_INT16, cl.CL_UNORM_INT8, cl.CL_UNORM_INT16];
const INTEGER = [cl.CL_SIGNED_INT8, cl.CL_SIGNED_INT16, cl.CL_SIGNED_INT32, cl.CL_UNSIGNED_INT8, cl.CL_UNSIGNED_INT16, cl.CL_UNSIGNED_INT32];
const FLOATS = [cl.CL_HALF_FLOAT, cl.CL_FLOAT];
const ANY = [...NORM, ...INTEGER, ...FLOATS];
const BYTES = [cl.CL_SNORM_INT8, cl.CL_UNORM_INT8, cl.CL_SIGNED_INT8, cl.CL_UNSIGNED_INT8];
const PACKED = [cl.CL_UNORM_SHORT_565, cl.CL_UNORM_SHORT_555, cl.CL_UNORM_INT_101010];
const SRGB = [cl.CL_UNORM_INT8];

/** Channel data types that each channel order can have. */
const combinations: ReadonlyMap<number, readonly number[]> = new Map([
  [cl.CL_R, ANY], [cl.CL_Rx, ANY], [cl.CL_A, ANY], [cl.CL_RG, ANY], [cl.CL_RGx, ANY], [cl.CL_RA, ANY], [cl.CL_RGBA, [...ANY, cl.CL_UNORM_INT_101010_2]],
  [cl.CL_RGB, PACKED], [cl.CL_RGBx, PACKED], [cl.CL_BGRA, BYTES], [cl.CL_ARGB, BYTES], [cl.CL_ABGR, BYTES],
  [cl.CL_INTENSITY, [...NORM, ...FLOATS]], [cl.CL_LUMINANCE, [...NORM, ...FLOATS]], [cl.CL_DEPTH, [cl.CL_UNORM_INT16, cl.CL_FLOAT]],
  [cl.CL_sRGB, SRGB], [cl.CL_sRGBx, SRGB], [cl.CL_sRGBA, SRGB], [cl.CL_sBGRA, SRGB],
]);

/** Whether OpenCL knows the format: the order, the data type, and the two together. */
export function isFormat(format: cl_image_format): boolean {
  return combinations.get(format.image_channel_order)?.includes(format.image_channel_data_type) === true;
}

/** Bytes of a pixel in memory, or 0 when the devices do not have the format (packed formats, sRGB without alpha). */
export function elementBytes(format: cl_image_format): number {
  return isFormat(format) ? pixelBytes(format.image_channel_order, format.image_channel_data_type) : 0;
}

/** Whether images of the type can have the format: depth images have two dimensions. */
export function formatFits(format: cl_image_format, type: number): boolean {
  return format.image_channel_order !== cl.CL_DEPTH || type === cl.CL_MEM_OBJECT_IMAGE2D || type === cl.CL_MEM_OBJECT_IMAGE2D_ARRAY;
}

/** All formats that images of a type can have: the same for reading and writing. */
export function formatsOf(type: number): cl_image_format[] {
  const all: cl_image_format[] = [];
  for (const [order, types] of combinations) for (const data of types) all.push({ image_channel_order: order, image_channel_data_type: data });
  return all.filter((format) => elementBytes(format) > 0 && formatFits(format, type));
}

/** Orders that an image made of another image may have: the order there that it goes with (API specification, "Creating Image Objects from Other Image Objects"). */
const compatible: ReadonlyMap<number, number> = new Map([
  [cl.CL_sBGRA, cl.CL_BGRA], [cl.CL_BGRA, cl.CL_sBGRA], [cl.CL_sRGBA, cl.CL_RGBA], [cl.CL_RGBA, cl.CL_sRGBA], [cl.CL_sRGB, cl.CL_RGB], [cl.CL_RGB, cl.CL_sRGB],
  [cl.CL_sRGBx, cl.CL_RGBx], [cl.CL_RGBx, cl.CL_sRGBx], [cl.CL_DEPTH, cl.CL_R],
]);

/** Whether an image of format `made` can be made of the pixels of an image of format `from`. */
export function formatsAgree(made: cl_image_format, from: cl_image_format): boolean {
  return made.image_channel_data_type === from.image_channel_data_type && compatible.get(made.image_channel_order) === from.image_channel_order;
}

/** Components of an order as they lie in memory: indices into r, g, b, a. */
const memoryOrder: ReadonlyMap<number, readonly number[]> = new Map([
  [cl.CL_R, [0]], [cl.CL_A, [3]], [cl.CL_RG, [0, 1]], [cl.CL_RA, [0, 3]], [cl.CL_RGBA, [0, 1, 2, 3]], [cl.CL_BGRA, [2, 1, 0, 3]], [cl.CL_ARGB, [3, 0, 1, 2]], [cl.CL_ABGR, [3, 2, 1, 0]],
  [cl.CL_INTENSITY, [0]], [cl.CL_LUMINANCE, [0]], [cl.CL_DEPTH, [0]], [cl.CL_sRGBA, [0, 1, 2, 3]], [cl.CL_sBGRA, [2, 1, 0, 3]],
]);

/** Bytes that a fill colour has: one float for depth images, else four components of 32 bits. */
export function colorBytes(format: cl_image_format): number {
  return format.image_channel_order === cl.CL_DEPTH ? 4 : 16;
}

/** Nearest whole number, ties to even. */
function rint(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  return rest < 0.5 || (rest === 0.5 && below % 2 === 0) ? below : below + 1;
}

function clamp(x: number, low: number, high: number): number {
  return Math.min(Math.max(x, low), high);
}

/** Bits of a binary16 number, rounded to nearest even. */
export function halfBits(x: number): number {
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const a = Math.abs(x);
  if (Number.isNaN(x)) return 0x7e00;
  if (a >= 65520) return sign | 0x7c00;
  // Subnormals are multiples of 2^-24; a carry out of the fraction lands in the exponent, where it belongs.
  if (a < 2 ** -14) return sign | rint(a * 2 ** 24);
  const exponent = Math.floor(Math.log2(a));
  const e = 2 ** exponent > a ? exponent - 1 : 2 ** (exponent + 1) <= a ? exponent + 1 : exponent;
  return sign + ((e + 14) << 10) + rint((a / 2 ** e) * 1024);
}

type Put = (view: DataView, at: number, source: DataView, component: number) => void;

/** A component of the colour as a channel: conversion as for write_image* (OpenCL C, "Conversion Rules": saturated, so that -2 becomes the lowest integer), NaN as 0. */
const norm = (low: number, high: number, put: (view: DataView, at: number, value: number) => void): Put => (view, at, source, i) => {
  const x = source.getFloat32(4 * i, true);
  put(view, at, Number.isNaN(x) ? 0 : clamp(rint(Math.fround(x * high)), low, high));
};
/** Colours of sRGB images are stored by the standard's curve; alpha is not. */
const srgb: Put = (view, at, source, i) => {
  const x = source.getFloat32(4 * i, true);
  const c = Number.isNaN(x) ? 0 : clamp(x, 0, 1);
  view.setUint8(at, rint(255 * (i === 3 ? c : c < 0.0031308 ? 12.92 * c : 1.055 * c ** (1 / 2.4) - 0.055)));
};
const signed = (low: number, high: number, put: (view: DataView, at: number, value: number) => void): Put => (view, at, source, i) => put(view, at, clamp(source.getInt32(4 * i, true), low, high));
const unsigned = (high: number, put: (view: DataView, at: number, value: number) => void): Put => (view, at, source, i) => put(view, at, Math.min(source.getUint32(4 * i, true), high));

const channels: ReadonlyMap<number, readonly [bytes: number, put: Put]> = new Map<number, readonly [number, Put]>([
  [cl.CL_SNORM_INT8, [1, norm(-128, 127, (v, at, x) => v.setInt8(at, x))]],
  [cl.CL_SNORM_INT16, [2, norm(-32768, 32767, (v, at, x) => v.setInt16(at, x, true))]],
  [cl.CL_UNORM_INT8, [1, norm(0, 255, (v, at, x) => v.setUint8(at, x))]],
  [cl.CL_UNORM_INT16, [2, norm(0, 65535, (v, at, x) => v.setUint16(at, x, true))]],
  [cl.CL_SIGNED_INT8, [1, signed(-128, 127, (v, at, x) => v.setInt8(at, x))]],
  [cl.CL_SIGNED_INT16, [2, signed(-32768, 32767, (v, at, x) => v.setInt16(at, x, true))]],
  [cl.CL_SIGNED_INT32, [4, signed(-(2 ** 31), 2 ** 31 - 1, (v, at, x) => v.setInt32(at, x, true))]],
  [cl.CL_UNSIGNED_INT8, [1, unsigned(255, (v, at, x) => v.setUint8(at, x))]],
  [cl.CL_UNSIGNED_INT16, [2, unsigned(65535, (v, at, x) => v.setUint16(at, x, true))]],
  [cl.CL_UNSIGNED_INT32, [4, unsigned(2 ** 32 - 1, (v, at, x) => v.setUint32(at, x, true))]],
  [cl.CL_HALF_FLOAT, [2, (v, at, source, i) => v.setUint16(at, halfBits(source.getFloat32(4 * i, true)), true)]],
  [cl.CL_FLOAT, [4, (v, at, source, i) => v.setUint32(at, source.getUint32(4 * i, true), true)]],
]);

/**
 * A pixel of the format with the colour's components.
 * @param color four floats, ints or unsigned ints as the data type wants them; one float for depth images
 */
export function pixelOf(format: cl_image_format, color: Uint8Array): Uint8Array {
  const order = memoryOrder.get(format.image_channel_order)!;
  const [bytes, plain] = channels.get(format.image_channel_data_type)!;
  const put = format.image_channel_order === cl.CL_sRGBA || format.image_channel_order === cl.CL_sBGRA ? srgb : plain;
  const view = new DataView(new ArrayBuffer(order.length * bytes));
  const source = new DataView(color.buffer, color.byteOffset, color.byteLength);
  order.forEach((component, i) => put(view, i * bytes, source, component));
  return new Uint8Array(view.buffer);
}
