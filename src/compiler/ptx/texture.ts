import { Field, imageDescriptor, OWN_BORDER, samplerBits, SamplerBit, type ImageFields } from "../builtins/opencl/images/descriptor.ts";

/**
 * What the handles of texture and surface objects mean to compiled code: the device address of a descriptor in memory that the kernel may read.
 * It begins with an image descriptor (the same that OpenCL images have); a texture's is followed by its sampler, and by one such record for each further level of detail.
 * Nothing of this is prescribed by CUDA, where handles are opaque.
 */
export const TEXTURE_DESCRIPTOR_BYTES = 128;

/** Most levels of detail that a texture can have: the widest texture has 2^17 elements. */
export const MAX_LEVELS = 18;

/**
 * Byte offsets in a texture's descriptor, behind the image: u32 each, f32 for the bias and the limits of the level. The border's colour lies at `Field.border`.
 * `plain` is the sampler for coordinates that are not normalised, `modes` what the address modes are called (four bits for each dimension: their numbers in the PTX ISA).
 */
export const TextureField = { sampler: 64, levels: 68, blend: 72, samples: 76, bias: 96, least: 100, most: 104, plain: 108, modes: 112, shape: 116, tag: 124 } as const;

/** Bits of a descriptor's `shape`: an array of textures, one with levels of detail, pixels in rows, a sampler that takes coordinates as not normalised. */
export const ShapeBit = { array: 1, levels: 2, rows: 4, plain: 8 } as const;

/** What a descriptor is of; its `tag` is `TAG` and this number. */
export const DescriptorKind = { texref: 1, samplerref: 2, surfref: 3 } as const;
/** Random bits above the kind, so that other memory is not taken for a descriptor. */
export const TAG = 0x5e1f_9c00;

/** What else a descriptor says of its object. Absent: a texture that is no array, without further levels. */
export interface DescriptorShape {
  readonly kind?: keyof typeof DescriptorKind;
  readonly array?: boolean;
  readonly mipmapped?: boolean;
  /** Its pixels lie in rows, as in plain memory. */
  readonly rows?: boolean;
  /** Samples of a pixel, as txq gives them. */
  readonly samples?: number;
  /** A sampler (texmode_independent) for coordinates that are never normalised. */
  readonly forcePlain?: boolean;
  /** Names of the address modes in the PTX ISA, by number, when they are not those that the sampling's modes have there. */
  readonly modes?: readonly number[];
}

/** What coordinates outside the texture mean (CUaddress_mode). */
export type Addressing = "wrap" | "clamp" | "mirror" | "border";

/** How a texture is sampled: cudaTextureDesc in the terms of a sampler. */
export interface TextureSampling {
  readonly normalized: boolean;
  readonly linear: boolean;
  /** One mode for all dimensions, or one for each of three. */
  readonly address: Addressing | readonly [x: Addressing, y: Addressing, z: Addressing];
  /** What lies outside with "border": four components, floats or integers as the texture is read. Without: zeros. */
  readonly border?: { readonly color: readonly number[]; readonly integer: boolean };
  /** Levels of detail: whether two are mixed, what is added to the level asked for, and the ends it is kept to. Without: level 0. */
  readonly mipmap?: { readonly linear: boolean; readonly bias: number; readonly least: number; readonly most: number };
}

const ADDRESSING = { clamp: 0x1131, border: 0x1132, wrap: 0x1133, mirror: 0x1134 } as const;
/** Numbers of the address modes in the PTX ISA (9.7.10.5). */
const MODE_NUMBERS = { wrap: 0, mirror: 1, clamp: 3, border: 4 } as const;

function modesOf({ address }: TextureSampling): readonly Addressing[] {
  return typeof address === "string" ? [address, address, address] : address;
}

/** The sampler's bits: modes of y and z are kept as differences to that of x, which are 0 for OpenCL's samplers. */
function samplerOf(sampling: TextureSampling): number {
  const [x, y, z] = modesOf(sampling).map((mode) => Number(samplerBits(false, ADDRESSING[mode], 0x1140)) & SamplerBit.addressMask);
  return Number(samplerBits(sampling.normalized, 0x1130, sampling.linear ? 0x1141 : 0x1140)) | x! | (x! ^ y!) << SamplerBit.secondShift | (x! ^ z!) << SamplerBit.thirdShift;
}

/** The same for coordinates that are not normalised: hardware neither wraps nor mirrors them. */
function plainSampler(sampling: TextureSampling): number {
  const [x, y, z] = modesOf(sampling).map((mode) => (mode === "border" ? mode : "clamp"));
  return samplerOf({ ...sampling, normalized: false, address: [x!, y!, z!] });
}

/** Writes what stands behind the image, the same for all levels. */
function putSampling(view: DataView, at: number, levels: number, sampling: TextureSampling, shape: DescriptorShape): void {
  const { border, mipmap } = sampling;
  const put = (offset: number, value: number): void => view.setUint32(at + offset, value >>> 0, true);
  put(TextureField.sampler, samplerOf(sampling));
  put(TextureField.plain, plainSampler(sampling));
  put(TextureField.modes, (shape.modes ?? modesOf(sampling).map((mode) => MODE_NUMBERS[mode])).reduce((bits, mode, n) => bits | mode << (4 * n), 0));
  put(TextureField.levels, levels);
  put(TextureField.blend, mipmap?.linear === true ? 1 : 0);
  put(TextureField.samples, shape.samples ?? 0);
  put(TextureField.shape, (shape.array === true ? ShapeBit.array : 0) | (shape.mipmapped === true ? ShapeBit.levels : 0) | (shape.rows === true ? ShapeBit.rows : 0) | (shape.forcePlain === true ? ShapeBit.plain : 0));
  put(TextureField.tag, TAG | DescriptorKind[shape.kind ?? "texref"]);
  [mipmap?.bias ?? 0, mipmap?.least ?? 0, mipmap?.most ?? 0].forEach((v, i) => view.setFloat32(at + TextureField.bias + 4 * i, v, true));
  if (border === undefined) return;
  put(Field.unswizzle, view.getUint32(at + Field.unswizzle, true) | OWN_BORDER);
  border.color.forEach((v, i) => {
    if (border.integer) view.setInt32(at + Field.border + 4 * i, v, true);
    else view.setFloat32(at + Field.border + 4 * i, v, true);
  });
}

/**
 * The bytes of a texture object's descriptor; for a surface object the image descriptor alone will do, but this serves too.
 *
 * @param image pixels and format; the format is named as OpenCL names it (a texture that reads integers as floats takes a NORM type)
 * @param further smaller levels of detail, the largest first
 * @returns null for formats that are not supported
 */
export function textureDescriptor(image: ImageFields, sampling: TextureSampling, further: readonly ImageFields[] = [], shape: DescriptorShape = {}): Uint8Array | null {
  const levels = [image, ...further].map(imageDescriptor);
  const out = new Uint8Array(TEXTURE_DESCRIPTOR_BYTES * levels.length);
  const view = new DataView(out.buffer);
  for (const [n, head] of levels.entries()) {
    if (head === null) return null;
    out.set(head, n * TEXTURE_DESCRIPTOR_BYTES);
    putSampling(view, n * TEXTURE_DESCRIPTOR_BYTES, levels.length, sampling, shape);
  }
  return out;
}

/**
 * The descriptor of a reference that nothing is bound to: its sizes and formats are as declared, zero when they are not. Such a texture reads as what lies outside, where it has no size; where it has one, and for
 * surfaces, accesses go to address 0.
 *
 * @param declared sizes, and format as OpenCL numbers it
 */
export function unboundDescriptor(declared: Partial<ImageFields>, sampling: TextureSampling, shape: DescriptorShape): Uint8Array {
  const { width = 0, height = 0, depth = 0, layers = 0, order = 0, dataType = 0 } = declared;
  const out = new Uint8Array(TEXTURE_DESCRIPTOR_BYTES);
  const view = new DataView(out.buffer);
  // A format that is not known: one channel of 32 bits.
  const head = imageDescriptor({ address: 0n, width, height, depth, layers, rowPitch: 0, slicePitch: 0, order, dataType }) ?? imageDescriptor({ address: 0n, width, height, depth, layers, rowPitch: 0, slicePitch: 0, order: 0x10b0, dataType: 0x10de })!;
  out.set(head);
  view.setUint32(Field.order, order, true);
  view.setUint32(Field.dataType, dataType, true);
  putSampling(view, 0, 1, sampling, shape);
  return out;
}
