import { Field, imageDescriptor, OWN_BORDER, samplerBits, SamplerBit, type ImageFields } from "../builtins/opencl/images/descriptor.ts";

/**
 * What the handles of texture and surface objects mean to compiled code: the device address of a descriptor in memory that the kernel may read.
 * It begins with an image descriptor (the same that OpenCL images have); a texture's is followed by its sampler, and by one such record for each further level of detail.
 * Nothing of this is prescribed by CUDA, where handles are opaque.
 */
export const TEXTURE_DESCRIPTOR_BYTES = 128;

/** Most levels of detail that a texture can have: the widest texture has 2^17 elements. */
export const MAX_LEVELS = 18;

/** Byte offsets in a texture's descriptor, behind the image: u32 each, f32 for the bias and the limits of the level. The border's colour lies at `Field.border`. */
export const TextureField = { sampler: 64, levels: 68, blend: 72, bias: 96, least: 100, most: 104 } as const;

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

/** The sampler's bits: modes of y and z are kept as differences to that of x, which are 0 for OpenCL's samplers. */
function samplerOf({ normalized, linear, address }: TextureSampling): number {
  const [x, y, z] = (typeof address === "string" ? [address, address, address] : address).map((mode) => Number(samplerBits(false, ADDRESSING[mode], 0x1140)) & SamplerBit.addressMask);
  return Number(samplerBits(normalized, 0x1130, linear ? 0x1141 : 0x1140)) | x! | (x! ^ y!) << SamplerBit.secondShift | (x! ^ z!) << SamplerBit.thirdShift;
}

/**
 * The bytes of a texture object's descriptor; for a surface object the image descriptor alone will do, but this serves too.
 *
 * @param image pixels and format; the format is named as OpenCL names it (a texture that reads integers as floats takes a NORM type)
 * @param further smaller levels of detail, the largest first
 * @returns null for formats that are not supported
 */
export function textureDescriptor(image: ImageFields, sampling: TextureSampling, further: readonly ImageFields[] = []): Uint8Array | null {
  const levels = [image, ...further].map(imageDescriptor);
  const out = new Uint8Array(TEXTURE_DESCRIPTOR_BYTES * levels.length);
  const view = new DataView(out.buffer);
  const { border, mipmap } = sampling;
  for (const [n, head] of levels.entries()) {
    if (head === null) return null;
    const at = n * TEXTURE_DESCRIPTOR_BYTES;
    out.set(head, at);
    view.setUint32(at + TextureField.sampler, samplerOf(sampling), true);
    view.setUint32(at + TextureField.levels, levels.length, true);
    view.setUint32(at + TextureField.blend, mipmap?.linear === true ? 1 : 0, true);
    [mipmap?.bias ?? 0, mipmap?.least ?? 0, mipmap?.most ?? 0].forEach((v, i) => view.setFloat32(at + TextureField.bias + 4 * i, v, true));
    if (border === undefined) continue;
    view.setUint32(at + Field.unswizzle, (view.getUint32(at + Field.unswizzle, true) | OWN_BORDER) >>> 0, true);
    border.color.forEach((v, i) => {
      if (border.integer) view.setInt32(at + Field.border + 4 * i, v, true);
      else view.setFloat32(at + Field.border + 4 * i, v, true);
    });
  }
  return out;
}
