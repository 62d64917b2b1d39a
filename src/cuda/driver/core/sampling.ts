import type { Addressing, TextureSampling } from "../../../compiler/ptx/texture.ts";
import * as cu from "../../abi/driver/constants.ts";
import type { CUDA_TEXTURE_DESC } from "../../abi/driver/types.ts";
import type { In } from "../../abi/common.ts";
import type { ArrayFormat } from "./array-format.ts";

/** What a sampler must know of the pixels. */
export interface Sampled {
  readonly format: ArrayFormat;
  readonly channels: number;
  /** Plain memory of one dimension: fetched by whole numbers only. */
  readonly linear: boolean;
  /** Whether there are levels of detail below the first. */
  readonly levels: boolean;
}

/** How a texture samples, and how its bits are meant. */
export type Sampling = TextureSampling & { readonly integer: boolean; readonly srgb: boolean };

const MODES = ["wrap", "clamp", "mirror", "border"] as const;

/** Whether components are read as integers: 32-bit ones always, since they are never promoted to floats. */
export function readsIntegers(flags: number, { kind, bytes }: ArrayFormat): boolean {
  return (kind === "uint" || kind === "sint") && (bytes === 4 || (flags & cu.CU_TRSF_READ_AS_INTEGER) !== 0);
}

/** Whether colours can be stored as the sRGB standard says: four channels of 8 bits that are read as floats. */
export function holdsSrgb(flags: number, { format, channels }: Sampled): boolean {
  return !readsIntegers(flags, format) && format.bytes === 1 && (format.kind === "uint" || format.kind === "unorm") && channels === 4;
}

/** How a texture of these pixels samples. What does not go together has no effect: a linear filter of integers, sRGB of other formats. */
export function samplingOf(desc: In<CUDA_TEXTURE_DESC>, pixels: Sampled): Sampling {
  const flags = desc.flags ?? 0;
  const integer = readsIntegers(flags, pixels.format);
  const srgb = (flags & cu.CU_TRSF_SRGB) !== 0 && holdsSrgb(flags, pixels);
  if (pixels.linear) return { normalized: false, linear: false, address: "border", integer, srgb };
  const normalized = (flags & cu.CU_TRSF_NORMALIZED_COORDINATES) !== 0;
  // Wrapping and mirroring need normalised coordinates; hardware clamps otherwise.
  const mode = (d: number): Addressing => {
    const asked = desc.addressMode?.[d] ?? cu.CU_TR_ADDRESS_MODE_WRAP;
    return normalized || asked === cu.CU_TR_ADDRESS_MODE_BORDER ? MODES[asked]! : "clamp";
  };
  const color = [0, 1, 2, 3].map((i) => desc.borderColor?.[i] ?? 0);
  const { mipmapLevelBias: bias = 0, minMipmapLevelClamp: least = 0, maxMipmapLevelClamp: most = 0 } = desc;
  return {
    normalized, linear: desc.filterMode === cu.CU_TR_FILTER_MODE_LINEAR && !integer, address: [mode(0), mode(1), mode(2)], integer, srgb,
    ...(color.some((component) => component !== 0) ? { border: { color, integer } } : {}),
    ...(pixels.levels ? { mipmap: { linear: desc.mipmapFilterMode === cu.CU_TR_FILTER_MODE_LINEAR, bias, least, most } } : {}),
  };
}
