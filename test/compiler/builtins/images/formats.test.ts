import { describe, expect, test } from "vitest";
import { interpretModule } from "../../../../src/compiler/interp/index.ts";
import { openclToIr } from "../../../../src/compiler/llvm/opencl.ts";
import { compileModule } from "../../../../src/compiler/wasm/index.ts";
import * as C from "../../../../src/opencl/abi/constants.ts";
import { formatsOf } from "../../../../src/opencl/runtime/image-format.ts";
import { Program } from "../support.ts";
import { halfValue } from "../ulp/formats.ts";
import { CHANNELS, decode, encode, ORDERS } from "./formats.ts";
import { imageOf, KINDS, moduleOf, packed, places, reader, writer, type Kind } from "./kernels.ts";

/** Reading and writing pixels of every image type in every format that clGetSupportedImageFormats names, with kernels that have the image read-only, write-only and both. */
const HOWS = ["f", "i", "ui"] as const;

function partsOf(k: Kind): { text: string; declare: string[] }[] {
  const hows = k.depth ? (["f"] as const) : HOWS;
  return [
    ...hows.flatMap((how) => [reader(`read_${how}`, k, "ro", how, null), reader(`reread_${how}`, k, "rw", how, null), writer(`write_${how}`, k, "wo", how), writer(`rewrite_${how}`, k, "rw", how)]),
    ...(k.depth ? [] : [reader("read_h", k, "ro", "h", null)]),
  ];
}

/** Bytes with every sort of value in them; floats that are no NaNs. */
function pixelsOf(count: number, channels: number, dataType: number): Uint8Array {
  const { bytes } = CHANNELS.get(dataType)!;
  const view = new DataView(new ArrayBuffer(count * channels * bytes));
  for (let n = 0; n < count * channels; n++) {
    const random = Math.imul(n * 7 + 3, 0x9e3779b1) >>> 0;
    if (dataType === C.CL_FLOAT) view.setFloat32(4 * n, (random / 2 ** 31 - 1) * 2 ** (random % 40 - 20), true);
    else if (dataType === C.CL_HALF_FLOAT) view.setUint16(2 * n, (random >>> 16) % 0x7c00 | (random & 1) << 15, true);
    else if (bytes === 1) view.setUint8(n, n < 4 ? [0x80, 0xff, 0, 0x7f][n]! : random >>> 24);
    else if (bytes === 2) view.setUint16(2 * n, n < 4 ? [0x8000, 0xffff, 0, 0x7fff][n]! : random >>> 16, true);
    else view.setUint32(4 * n, random, true);
  }
  return new Uint8Array(view.buffer);
}

/** Components to be written: inside and outside the range of each data type. */
function colors(kind: "f" | "i" | "ui", count: number): number[] {
  const pool = kind === "f" ? [0, 1, -1, 0.5, 0.25, -0.3, 2, -2, 0.001, 0.0031, 0.7, 1e-5, 65504, -1e6, Infinity, -Infinity] : kind === "i" ? [0, 1, -1, 127, 128, -128, -129, 32767, 32768, -32768, -32769, 2 ** 31 - 1, -(2 ** 31), 5] : [0, 1, 255, 256, 65535, 65536, 2 ** 32 - 1, 7];
  return Array.from({ length: 4 * count }, (_, n) => pool[n * 5 % pool.length]!);
}

describe.each([["interpreter", interpretModule], ["WebAssembly", compileModule]] as const)("on the %s", (engine, compile) => {
  test.each(KINDS)("$name", (k) => {
    const module = moduleOf(partsOf(k));
    const all = formatsOf(k.type).filter(({ image_channel_order: order }) => (order === C.CL_DEPTH) === k.depth);
    expect(all.length).toBeGreaterThan(k.depth ? 1 : 70);
    const faults: string[] = [];
    const at = places(k);
    const coordinates = Int32Array.from(packed(k, at));
    const program = new Program(openclToIr(module, k.name), compile);
    for (const [n, { image_channel_order: order, image_channel_data_type: dataType }] of all.entries()) {
      // What is compiled is the same for all formats and nearly so for all types.
      const every = k.depth ? 1 : engine === "WebAssembly" ? 8 : k.name === "image2d" ? 1 : 3;
      if (n % every !== KINDS.indexOf(k) % every) continue;
      const how = ORDERS.get(order)!;
      const channel = CHANNELS.get(dataType)!;
      const srgb = order === C.CL_sRGBA || order === C.CL_sBGRA;
      const label = `${order.toString(16)} ${dataType.toString(16)}`;
      const pixels = pixelsOf(at.length, how.memory.length, dataType);
      const view = new DataView(pixels.buffer);
      const size = how.memory.length * channel.bytes;
      const lanes = k.depth ? 1 : 4;
      const kernels = channel.kind === "f" && !k.depth ? ["read_f", "reread_f", "read_h"] : [`read_${channel.kind}`, `reread_${channel.kind}`];
      for (const kernel of kernels) {
        const out = new Uint32Array(4 * at.length);
        program.run(kernel, [imageOf(k, pixels, order, dataType), coordinates, out], at.length, 5);
        const result = new DataView(out.buffer);
        at.forEach((_place, n) => decode(order, dataType, view, n * size).slice(0, lanes).forEach((want, c) => {
          const got = kernel === "read_h" ? halfValue(result.getUint16(16 * n + 2 * c, true)) : channel.kind === "f" ? result.getFloat32(16 * n + 4 * c, true) : channel.kind === "i" ? result.getInt32(16 * n + 4 * c, true) : result.getUint32(16 * n + 4 * c, true);
          // The curve of sRGB is good to half of a step of eight bits; what does not fit a half is infinite.
          const slack = kernel === "read_h" ? Math.max(Math.abs(want) * 2 ** -11, 2 ** -25) : srgb ? 1e-6 : 0;
          const fine = kernel === "read_h" && Math.abs(want) >= 65520 ? Math.abs(got) === Infinity : Math.abs(got - want) <= slack;
          if (!fine) faults.push(`${label} ${kernel} pixel ${n} component ${c}: ${got}, not ${want}`);
        }));
      }
      for (const kernel of [`write_${channel.kind}`, `rewrite_${channel.kind}`]) {
        const given = colors(channel.kind, at.length);
        const written = pixelsOf(at.length, how.memory.length, dataType);
        const source = channel.kind === "f" ? Float32Array.from(given) : channel.kind === "i" ? Int32Array.from(given) : Uint32Array.from(given);
        program.run(kernel, [imageOf(k, written, order, dataType), coordinates, source], at.length, 5);
        const after = new DataView(written.buffer);
        at.forEach((_place, n) => encode(order, dataType, [...source.slice(4 * n, 4 * n + 4)]).forEach((want, c) => {
          const place = n * size + c * channel.bytes;
          const got = channel.bytes === 1 ? after.getUint8(place) : channel.bytes === 2 ? after.getUint16(place, true) : after.getUint32(place, true);
          // A value in the middle of two may go either way.
          if (got !== want && !(channel.slack > 0 && Math.abs(got - want) <= (srgb ? 1 : 0))) faults.push(`${label} ${kernel} pixel ${n} channel ${c}: ${got}, not ${want} of ${source[4 * n + c]}`);
        }));
      }
    }
    expect(faults.slice(0, 12)).toEqual([]);
  });
});
