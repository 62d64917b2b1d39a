/**
 * What a kernel knows of an image. An image argument is the device address of such a descriptor, in memory the kernel may read; the driver
 * makes it when the image is made. A sampler argument is a number, `samplerBits`. Nothing of this is prescribed by OpenCL.
 */
export const IMAGE_DESCRIPTOR_BYTES = 64;

/** Byte offsets of the fields, all little endian. */
export const Field = {
  /** u64: address of the first pixel. */
  address: 0,
  /** u32 each: size in pixels; 1 where a dimension does not exist. */
  width: 8, height: 12, depth: 16,
  /** u32: layers of an array; 1 otherwise. */
  layers: 20,
  /** u32: bytes from one row, and from one slice or layer, to the next. */
  rowPitch: 24, slicePitch: 28,
  /** u32: as get_image_channel_order and get_image_channel_data_type give them. */
  order: 32, dataType: 36,
  /** u32: bytes of a pixel, of a channel, and how many channels it has in memory. */
  pixelBytes: 40, channelBytes: 44, channels: 48,
  /** u32: how a channel's bits are meant (`ChannelKind`). */
  kind: 52,
  /** u32: for r, g, b, a, four bits each: the channel in memory it is read from; 4 is zero, 5 is one. */
  swizzle: 56,
  /** u32: for each channel in memory, four bits each: the component it is written from. Bit 31: the border colour is opaque. Bit 30: it lies at `border`. */
  unswizzle: 60,
  /** Four components of 32 bits behind the descriptor: the border's colour, of textures that have their own. */
  border: 80,
} as const;

/** Bit of `unswizzle`: the border has a colour of its own. */
export const OWN_BORDER = 0x4000_0000;

/** How the bits of a channel are meant: numbers of the descriptor's `kind`. */
export const ChannelKind = { unorm8: 0, unorm16: 1, snorm8: 2, snorm16: 3, half: 4, float: 5, int8: 6, int16: 7, int32: 8, uint8: 9, uint16: 10, uint32: 11, srgb8: 12 } as const;

/** Channel data types (CL_SNORM_INT8 and so on; cl.h): kind and bytes. */
const DATA_TYPES: ReadonlyMap<number, readonly [number, number]> = new Map([
  [0x10d0, [ChannelKind.snorm8, 1]], [0x10d1, [ChannelKind.snorm16, 2]], [0x10d2, [ChannelKind.unorm8, 1]], [0x10d3, [ChannelKind.unorm16, 2]],
  [0x10d7, [ChannelKind.int8, 1]], [0x10d8, [ChannelKind.int16, 2]], [0x10d9, [ChannelKind.int32, 4]],
  [0x10da, [ChannelKind.uint8, 1]], [0x10db, [ChannelKind.uint16, 2]], [0x10dc, [ChannelKind.uint32, 4]], [0x10dd, [ChannelKind.half, 2]], [0x10de, [ChannelKind.float, 4]],
]);

interface Order {
  /** What each of r, g, b, a is read from: a channel in memory by number, "z" for zero, "o" for one. */
  readonly read: string;
  /** Which component each channel in memory is written from. */
  readonly write: string;
  /** Outside the image alpha is one: the order has none of its own. */
  readonly opaque: boolean;
}

/** Channel orders (CL_R and so on; cl.h). */
const ORDERS: ReadonlyMap<number, Order> = new Map([
  [0x10b0, { read: "0zzo", write: "r", opaque: true }], // R
  [0x10b1, { read: "zzz0", write: "a", opaque: false }], // A
  [0x10b2, { read: "01zo", write: "rg", opaque: true }], // RG
  [0x10b3, { read: "0zz1", write: "ra", opaque: false }], // RA
  [0x10b4, { read: "012o", write: "rgb", opaque: true }], // RGB
  [0x10b5, { read: "0123", write: "rgba", opaque: false }], // RGBA
  [0x10b6, { read: "2103", write: "bgra", opaque: false }], // BGRA
  [0x10b7, { read: "1230", write: "argb", opaque: false }], // ARGB
  [0x10b8, { read: "0000", write: "r", opaque: false }], // INTENSITY
  [0x10b9, { read: "000o", write: "r", opaque: true }], // LUMINANCE
  [0x10bd, { read: "0zzo", write: "r", opaque: true }], // DEPTH
  [0x10c1, { read: "0123", write: "rgba", opaque: false }], // sRGBA
  [0x10c2, { read: "2103", write: "bgra", opaque: false }], // sBGRA
  [0x10c3, { read: "3210", write: "abgr", opaque: false }], // ABGR
]);

/** What a driver knows of an image, for its descriptor. */
export interface ImageFields {
  /** Device address of the pixels. */
  readonly address: bigint;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  /** Layers of an image array, else 1. */
  readonly layers: number;
  /** Bytes. For arrays of 1D images the slice pitch is that of a layer. */
  readonly rowPitch: number;
  readonly slicePitch: number;
  /** cl_channel_order and cl_channel_type. */
  readonly order: number;
  readonly dataType: number;
}

/** Orders whose colours are stored as the sRGB standard says; alpha is linear. */
const SRGB: ReadonlySet<number> = new Set([0x10c1, 0x10c2]);

/** Order, kind and bytes of a channel; null when kernels cannot read and write the format. */
function formatOf(order: number, dataType: number): { readonly how: Order; readonly kind: number; readonly bytes: number } | null {
  const how = ORDERS.get(order);
  const type = DATA_TYPES.get(dataType);
  if (how === undefined || type === undefined) return null;
  const [kind, bytes] = type;
  if (!SRGB.has(order)) return { how, kind, bytes };
  return kind === ChannelKind.unorm8 ? { how, kind: ChannelKind.srgb8, bytes } : null;
}

/** Whether kernels can read and write pixels of the format. */
export function isImageFormat(order: number, dataType: number): boolean {
  return formatOf(order, dataType) !== null;
}

/** Bytes of a pixel of the format; 0 when it is not supported. */
export function pixelBytes(order: number, dataType: number): number {
  const format = formatOf(order, dataType);
  return format === null ? 0 : format.how.write.length * format.bytes;
}

/** The bytes of a descriptor; null for formats that are not supported (packed ones). */
export function imageDescriptor(image: ImageFields): Uint8Array | null {
  const format = formatOf(image.order, image.dataType);
  if (format === null) return null;
  const { how, kind, bytes } = format;
  const view = new DataView(new ArrayBuffer(IMAGE_DESCRIPTOR_BYTES));
  const put = (offset: number, value: number): void => view.setUint32(offset, value >>> 0, true);
  view.setBigUint64(Field.address, image.address, true);
  put(Field.width, image.width);
  put(Field.height, image.height);
  put(Field.depth, image.depth);
  put(Field.layers, image.layers);
  put(Field.rowPitch, image.rowPitch);
  put(Field.slicePitch, image.slicePitch);
  put(Field.order, image.order);
  put(Field.dataType, image.dataType);
  put(Field.pixelBytes, how.write.length * bytes);
  put(Field.channelBytes, bytes);
  put(Field.channels, how.write.length);
  put(Field.kind, kind);
  const source = (c: string): number => (c === "z" ? 4 : c === "o" ? 5 : Number(c));
  put(Field.swizzle, [...how.read].reduce((bits, c, n) => bits | source(c) << (4 * n), 0));
  put(Field.unswizzle, [...how.write].reduce((bits, c, n) => bits | "rgba".indexOf(c) << (4 * n), 0) | (how.opaque ? 0x8000_0000 : 0));
  return new Uint8Array(view.buffer);
}

/**
 * Parts of a sampler, as `CLK_*` constants of OpenCL C number them. CUDA's have a mode for each dimension: those of the second and third one stand further up, as their difference (exclusive or) to
 * the first one's, so that OpenCL's samplers have the same for all.
 */
export const SamplerBit = { secondShift: 7, thirdShift: 10, normalized: 1, addressMask: 0xe, clampToEdge: 2, clamp: 4, repeat: 6, mirroredRepeat: 8, linear: 0x20 } as const;

/**
 * The number that stands for a sampler argument.
 * @param addressing CL_ADDRESS_NONE (0x1130), CLAMP_TO_EDGE, CLAMP, REPEAT or MIRRORED_REPEAT (0x1134)
 * @param filter CL_FILTER_NEAREST (0x1140) or LINEAR (0x1141)
 */
export function samplerBits(normalized: boolean, addressing: number, filter: number): bigint {
  return BigInt((normalized ? SamplerBit.normalized : 0) | (addressing - 0x1130) * 2 | (filter === 0x1141 ? SamplerBit.linear : 0x10));
}
