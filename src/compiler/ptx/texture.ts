import { IMAGE_DESCRIPTOR_BYTES, imageDescriptor, samplerBits, type ImageFields } from "../builtins/opencl/images/descriptor.ts";

/**
 * What the handles of texture and surface objects mean to compiled code: the device address of a descriptor in memory that the kernel may read.
 * It begins with an image descriptor (the same that OpenCL images have); a texture's is followed by its sampler. Nothing of this is
 * prescribed by CUDA, where handles are opaque.
 */
export const TEXTURE_DESCRIPTOR_BYTES: number = IMAGE_DESCRIPTOR_BYTES + 16;

/** Byte offset of the sampler's bits (u32) in a texture's descriptor. */
export const SAMPLER_OFFSET: number = IMAGE_DESCRIPTOR_BYTES;

/** How a texture is sampled: cudaTextureDesc in the terms of a sampler. */
export interface TextureSampling {
  readonly normalized: boolean;
  readonly linear: boolean;
  /** One mode for all dimensions. */
  readonly address: "wrap" | "clamp" | "mirror" | "border";
}

const ADDRESSING = { clamp: 0x1131, border: 0x1132, wrap: 0x1133, mirror: 0x1134 } as const;

/**
 * The bytes of a texture object's descriptor; for a surface object the image descriptor alone will do, but this serves too.
 *
 * @param image pixels and format; the format is named as OpenCL names it (a texture that reads integers as floats takes a NORM type)
 * @returns null for formats that are not supported
 */
export function textureDescriptor(image: ImageFields, sampling: TextureSampling): Uint8Array | null {
  const head = imageDescriptor(image);
  if (head === null) return null;
  const out = new Uint8Array(TEXTURE_DESCRIPTOR_BYTES);
  out.set(head);
  const bits = samplerBits(sampling.normalized, ADDRESSING[sampling.address], sampling.linear ? 0x1141 : 0x1140);
  new DataView(out.buffer).setUint32(SAMPLER_OFFSET, Number(bits), true);
  return out;
}
