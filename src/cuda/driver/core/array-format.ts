import * as cu from "../../abi/driver/constants.ts";

/** Formats of CUDA arrays and textures, and the image formats (cl_channel_order, cl_channel_type) that device code knows them by. */

/** How the channels of a format are meant. */
export interface ArrayFormat {
  /** Bytes of a channel. */
  readonly bytes: number;
  readonly kind: "uint" | "sint" | "float" | "unorm" | "snorm";
  /** Channels that the format itself says; 0: NumChannels says. */
  readonly channels: number;
}

const plain = (bytes: number, kind: ArrayFormat["kind"]): ArrayFormat => ({ bytes, kind, channels: 0 });
const packed = (first: number, bytes: number, kind: ArrayFormat["kind"]): (readonly [number, ArrayFormat])[] => [1, 2, 4].map((channels, i) => [first + i, { bytes, kind, channels }] as const);

const formats: ReadonlyMap<number, ArrayFormat> = new Map<number, ArrayFormat>([
  [cu.CU_AD_FORMAT_UNSIGNED_INT8, plain(1, "uint")], [cu.CU_AD_FORMAT_UNSIGNED_INT16, plain(2, "uint")], [cu.CU_AD_FORMAT_UNSIGNED_INT32, plain(4, "uint")],
  [cu.CU_AD_FORMAT_SIGNED_INT8, plain(1, "sint")], [cu.CU_AD_FORMAT_SIGNED_INT16, plain(2, "sint")], [cu.CU_AD_FORMAT_SIGNED_INT32, plain(4, "sint")],
  [cu.CU_AD_FORMAT_HALF, plain(2, "float")], [cu.CU_AD_FORMAT_FLOAT, plain(4, "float")],
  ...packed(cu.CU_AD_FORMAT_UNORM_INT8X1, 1, "unorm"), ...packed(cu.CU_AD_FORMAT_UNORM_INT16X1, 2, "unorm"),
  ...packed(cu.CU_AD_FORMAT_SNORM_INT8X1, 1, "snorm"), ...packed(cu.CU_AD_FORMAT_SNORM_INT16X1, 2, "snorm"),
]);

/** A format that arrays can have; undefined for the others (block-compressed, planar). */
export function arrayFormat(format: number): ArrayFormat | undefined {
  return formats.get(format);
}

/** Whether a format and a number of channels go together. */
export function channelsFit(format: ArrayFormat, channels: number): boolean {
  return (channels === 1 || channels === 2 || channels === 4) && (format.channels === 0 || format.channels === channels);
}

const SRGBA = 0x10c1;
const ORDER: Readonly<Record<number, number>> = { 1: 0x10b0, 2: 0x10b2, 4: 0x10b5 };
const TYPE: Readonly<Record<ArrayFormat["kind"], readonly number[]>> = {
  snorm: [0x10d0, 0x10d1], unorm: [0x10d2, 0x10d3], sint: [0x10d7, 0x10d8, 0x10d9], uint: [0x10da, 0x10db, 0x10dc], float: [0, 0x10dd, 0x10de],
};

/**
 * The image format of a texture or surface.
 * @param normalised integers of 8 and 16 bits are read as floats from 0 (or -1) to 1
 * @param srgb colours of four bytes are stored as the sRGB standard says
 */
export function imageFormat({ bytes, kind }: ArrayFormat, channels: number, normalised: boolean, srgb: boolean = false): { readonly order: number; readonly dataType: number } {
  const meant = normalised && bytes < 4 ? (kind === "uint" ? "unorm" : kind === "sint" ? "snorm" : kind) : kind;
  return { order: srgb ? SRGBA : ORDER[channels]!, dataType: TYPE[meant][Math.log2(bytes)]! };
}
