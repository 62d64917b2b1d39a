import { MAX_PRINTF_STRING } from "../ir/limits.ts";
import type { PrintfArguments } from "./format.ts";

/** One evaluated argument of an OpenCL printf: an integer's bit pattern, or a float as the pattern of an f64. */
export type ListedArgument = { readonly kind: "int"; readonly bits: bigint } | { readonly kind: "float"; readonly bits: bigint };

/** Reads one byte of device memory at a generic address. */
export type ReadByte = (address: bigint) => number;

/** The bytes from `address` up to a NUL. */
export function readString(readByte: ReadByte, address: bigint, limit: number): Uint8Array {
  const bytes: number[] = [];
  const most = Math.min(limit, MAX_PRINTF_STRING);
  while (bytes.length < most) {
    const byte = readByte(address + BigInt(bytes.length));
    if (byte === 0) break;
    bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}

/** Arguments given as a list (OpenCL). A missing or wrongly typed one reads as zero: the specification leaves it undefined. */
export function listedArguments(list: readonly ListedArgument[], readByte: ReadByte): PrintfArguments {
  let taken = 0;
  const take = (kind: ListedArgument["kind"]): bigint => {
    const argument = list[taken++];
    return argument !== undefined && argument.kind === kind ? argument.bits : 0n;
  };
  return {
    int: () => take("int"),
    float: () => take("float"),
    pointer: () => take("int"),
    string: (limit) => {
      const address = take("int");
      return address === 0n ? null : readString(readByte, address, limit);
    },
    get taken(): number {
      return taken;
    },
  };
}

/** Arguments packed in device memory at a generic address, each at its natural alignment (CUDA's vprintf). Null when there is no buffer. */
export function packedArguments(address: bigint | null, readByte: ReadByte): PrintfArguments {
  let taken = 0;
  let at = 0;
  const take = (size: 4 | 8): bigint => {
    taken++;
    at = Math.ceil(at / size) * size;
    let value = 0n;
    for (let i = 0; i < size && address !== null; i++) value |= BigInt(readByte(address + BigInt(at + i))) << BigInt(8 * i);
    at += size;
    return value;
  };
  return {
    int: (bits) => take(bits === 64 ? 8 : 4),
    float: () => take(8),
    pointer: () => take(8),
    string: (limit) => {
      const text = take(8);
      return text === 0n ? null : readString(readByte, text, limit);
    },
    get taken(): number {
      return taken;
    },
  };
}
