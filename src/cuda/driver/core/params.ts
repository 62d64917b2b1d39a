import type { KernelInfo } from "../../../compiler/abi.ts";
import type { KernelValue } from "../../abi/common.ts";

/** Turns argument values into a kernel's parameter block; a string says what is wrong with them. */
export type Packer = (values: readonly KernelValue[]) => Uint8Array | string;

const NONE = new Uint8Array(0);
const scratch = new DataView(new ArrayBuffer(8));

/** How a value becomes bytes. */
type Kind = "int" | "f32" | "f64" | "bytes";

/**
 * Makes the packer of a kernel. Integers and pointers are numbers or bigints and wrap to the parameter's size, as a C cast does; booleans are 0 and 1;
 * struct parameters, and any other if one likes, are given as their bytes.
 */
export function makePacker(info: KernelInfo): Packer {
  const { params, paramBytes } = info;
  const kinds = params.map((p): Kind => (p.kind === "bytes" ? "bytes" : p.type === "f32" ? "f32" : p.type === "f64" ? "f64" : "int"));
  // A kernel without parameters needs no bytes of its own: a typed array is among the dearest things of an empty launch.
  if (paramBytes === 0) return () => NONE;
  return (values) => {
    const block = new Uint8Array(paramBytes);
    for (let i = 0; i < params.length; i++) {
      const { offset, size } = params[i]!;
      const value = values[i];
      if (typeof value === "number") {
        const kind = kinds[i]!;
        if (kind === "int") writeNumber(block, offset, size, value);
        else if (kind === "f32") {
          scratch.setFloat32(0, value, true);
          for (let k = 0; k < 4; k++) block[offset + k] = scratch.getUint8(k);
        } else if (kind === "f64") {
          scratch.setFloat64(0, value, true);
          for (let k = 0; k < 8; k++) block[offset + k] = scratch.getUint8(k);
        } else if (size <= 8) writeNumber(block, offset, size, value);
        else return `parameter ${i} is a struct of ${size} bytes: give its bytes, not a number`;
      } else if (typeof value === "bigint") {
        if (kinds[i] === "f32" || kinds[i] === "f64") return `parameter ${i} is a floating-point number, not a bigint`;
        if (size > 8) return `parameter ${i} is a struct of ${size} bytes: give its bytes, not a bigint`;
        scratch.setBigUint64(0, BigInt.asUintN(64, value), true);
        for (let k = 0; k < size; k++) block[offset + k] = scratch.getUint8(k);
      } else if (typeof value === "boolean") {
        block[offset] = value ? 1 : 0;
      } else if (ArrayBuffer.isView(value)) {
        if (value.byteLength < size) return `parameter ${i} has ${size} bytes, the view given for it only ${value.byteLength}`;
        block.set(new Uint8Array(value.buffer, value.byteOffset, size), offset);
      } else return `parameter ${i} of ${params.length} is missing`;
    }
    return block;
  };
}

/** Little-endian two's complement of an integer below 2^53 in size. */
function writeNumber(block: Uint8Array, offset: number, size: number, value: number): void {
  let low = value >>> 0;
  if (value < 0 || value > 0xffff_ffff) low = (value - Math.floor(value / 2 ** 32) * 2 ** 32) >>> 0;
  block[offset] = low;
  if (size === 1) return;
  block[offset + 1] = low >>> 8;
  if (size === 2) return;
  block[offset + 2] = low >>> 16;
  block[offset + 3] = low >>> 24;
  if (size === 4) return;
  const high = Math.floor(value / 2 ** 32);
  block[offset + 4] = high;
  block[offset + 5] = high >>> 8;
  block[offset + 6] = high >>> 16;
  block[offset + 7] = high >>> 24;
}
