import type { In } from "../../abi/common.ts";
import * as cu from "../../abi/driver/constants.ts";
import * as rt from "../../abi/runtime/constants.ts";
import type { cudaChannelFormatDesc } from "../../abi/runtime/types.ts";
import type { CudaArray } from "../../driver/core/array.ts";

/** Formats as the runtime names them: bits of each channel, and what they mean. */

const plain: Readonly<Record<number, Readonly<Record<number, number>>>> = {
  [rt.cudaChannelFormatKindUnsigned]: { 8: cu.CU_AD_FORMAT_UNSIGNED_INT8, 16: cu.CU_AD_FORMAT_UNSIGNED_INT16, 32: cu.CU_AD_FORMAT_UNSIGNED_INT32 },
  [rt.cudaChannelFormatKindSigned]: { 8: cu.CU_AD_FORMAT_SIGNED_INT8, 16: cu.CU_AD_FORMAT_SIGNED_INT16, 32: cu.CU_AD_FORMAT_SIGNED_INT32 },
  [rt.cudaChannelFormatKindFloat]: { 16: cu.CU_AD_FORMAT_HALF, 32: cu.CU_AD_FORMAT_FLOAT },
};

/** A format of the driver and its number of channels; null when arrays cannot have it. */
export function channelFormat(desc: In<cudaChannelFormatDesc>): { readonly format: number; readonly channels: number } | null {
  const bits = [desc.x ?? 0, desc.y ?? 0, desc.z ?? 0, desc.w ?? 0];
  const channels = bits.filter((n) => n > 0).length;
  if ((channels !== 1 && channels !== 2 && channels !== 4) || bits.some((n, i) => n !== (i < channels ? bits[0] : 0))) return null;
  const kind = desc.f ?? rt.cudaChannelFormatKindSigned;
  const normalised = kind - rt.cudaChannelFormatKindUnsignedNormalized8X1;
  if (normalised >= 0 && kind <= rt.cudaChannelFormatKindSignedNormalized16X4) {
    const width = Math.floor(normalised / 3) % 2 === 0 ? 8 : 16;
    return bits[0] === width && channels === [1, 2, 4][normalised % 3] ? { format: cu.CU_AD_FORMAT_UNORM_INT8X1 + normalised, channels } : null;
  }
  const format = plain[kind]?.[bits[0]!];
  return format === undefined ? null : { format, channels };
}

/** The runtime's description of an array's elements. */
export function channelDesc({ descriptor }: CudaArray): cudaChannelFormatDesc {
  return descOf(descriptor.Format, descriptor.NumChannels);
}

/** A format of the driver in the runtime's terms. */
export function descOf(format: number, channels: number): cudaChannelFormatDesc {
  for (const [kind, byBits] of Object.entries(plain)) {
    for (const [width, known] of Object.entries(byBits)) {
      if (known !== format) continue;
      const bits = [0, 1, 2, 3].map((i) => (i < channels ? Number(width) : 0));
      return { x: bits[0]!, y: bits[1]!, z: bits[2]!, w: bits[3]!, f: Number(kind) as cudaChannelFormatDesc["f"] };
    }
  }
  const n = format - cu.CU_AD_FORMAT_UNORM_INT8X1;
  const width = Math.floor(n / 3) % 2 === 0 ? 8 : 16;
  const bits = [0, 1, 2, 3].map((i) => (i < channels ? width : 0));
  return { x: bits[0]!, y: bits[1]!, z: bits[2]!, w: bits[3]!, f: (rt.cudaChannelFormatKindUnsignedNormalized8X1 + n) as cudaChannelFormatDesc["f"] };
}
