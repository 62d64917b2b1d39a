import * as C from "../../../../src/opencl/abi/constants.ts";
import { halfPattern, halfValue } from "../ulp/formats.ts";

/** What the bytes of pixels mean, written down plainly from the tables of the specification (OpenCL API, "Image Format Descriptor"; OpenCL C 8.3), for tests of the functions that read and write them. */
export interface Channel {
  readonly bytes: number;
  readonly kind: "f" | "i" | "ui";
  readonly read: (view: DataView, at: number) => number;
  /** The bits for a component, as an unsigned number. */
  readonly write: (v: number) => number;
  /** Differences that are allowed when writing, in units of the channel. */
  readonly slack: number;
}

const clamp = (v: number, low: number, high: number): number => Math.min(Math.max(v, low), high);
const rint = (v: number): number => (Math.abs(v % 1) === 0.5 ? 2 * Math.round(v / 2) : Math.round(v));
const norm = (bytes: 1 | 2, low: number, high: number): Channel => ({
  bytes, kind: "f", slack: 1,
  read: (view, at) => {
    const raw = bytes === 1 ? (low < 0 ? view.getInt8(at) : view.getUint8(at)) : low < 0 ? view.getInt16(at, true) : view.getUint16(at, true);
    return Math.max(Math.fround(raw / high), -1);
  },
  write: (v) => (Number.isNaN(v) ? 0 : clamp(rint(v * high), low, high)) & (2 ** (8 * bytes) - 1),
});
const integer = (bytes: 1 | 2 | 4, signed: boolean): Channel => {
  const bits = 8 * bytes;
  const [low, high] = signed ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1];
  return {
    bytes, kind: signed ? "i" : "ui", slack: 0,
    read: (view, at) => {
      const raw = bytes === 1 ? view.getUint8(at) : bytes === 2 ? view.getUint16(at, true) : view.getUint32(at, true);
      return signed && raw > high ? raw - 2 ** bits : raw;
    },
    write: (v) => { const w = clamp(v, low, high); return w < 0 ? w + 2 ** bits : w; },
  };
};
const floatBits = (v: number): number => new Uint32Array(Float32Array.of(v).buffer)[0]!;

export const CHANNELS: ReadonlyMap<number, Channel> = new Map([
  [C.CL_UNORM_INT8, norm(1, 0, 255)], [C.CL_UNORM_INT16, norm(2, 0, 65535)], [C.CL_SNORM_INT8, norm(1, -128, 127)], [C.CL_SNORM_INT16, norm(2, -32768, 32767)],
  [C.CL_SIGNED_INT8, integer(1, true)], [C.CL_SIGNED_INT16, integer(2, true)], [C.CL_SIGNED_INT32, integer(4, true)],
  [C.CL_UNSIGNED_INT8, integer(1, false)], [C.CL_UNSIGNED_INT16, integer(2, false)], [C.CL_UNSIGNED_INT32, integer(4, false)],
  [C.CL_HALF_FLOAT, { bytes: 2, kind: "f", slack: 0, read: (view, at) => halfValue(view.getUint16(at, true)), write: halfPattern }],
  [C.CL_FLOAT, { bytes: 4, kind: "f", slack: 0, read: (view, at) => view.getFloat32(at, true), write: floatBits }],
]);

/** The components that an order has, as they lie in memory, and alpha outside the image. */
export const ORDERS: ReadonlyMap<number, { readonly memory: string; readonly border: 0 | 1 }> = new Map([
  [C.CL_R, { memory: "r", border: 1 }], [C.CL_A, { memory: "a", border: 0 }], [C.CL_RG, { memory: "rg", border: 1 }], [C.CL_RA, { memory: "ra", border: 0 }], [C.CL_RGBA, { memory: "rgba", border: 0 }],
  [C.CL_BGRA, { memory: "bgra", border: 0 }], [C.CL_ARGB, { memory: "argb", border: 0 }], [C.CL_ABGR, { memory: "abgr", border: 0 }], [C.CL_INTENSITY, { memory: "I", border: 0 }], [C.CL_LUMINANCE, { memory: "L", border: 1 }],
  [C.CL_DEPTH, { memory: "r", border: 1 }], [C.CL_sRGBA, { memory: "rgba", border: 0 }], [C.CL_sBGRA, { memory: "bgra", border: 0 }],
]);

const isSrgb = (order: number): boolean => order === C.CL_sRGBA || order === C.CL_sBGRA;

/** The four components of the pixel at `at`. */
export function decode(order: number, dataType: number, view: DataView, at: number): number[] {
  const { memory } = ORDERS.get(order)!;
  const { bytes, read } = CHANNELS.get(dataType)!;
  const given = new Map([...memory].map((c, n) => {
    const v = read(view, at + n * bytes);
    return [c, isSrgb(order) && c !== "a" ? (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4) : v];
  }));
  if (memory === "I" || memory === "L") {
    const v = given.get(memory)!;
    return [v, v, v, memory === "I" ? v : 1];
  }
  return [..."rgba"].map((c) => given.get(c) ?? (c === "a" ? 1 : 0));
}

/** The channels of a pixel that four components are written to. */
export function encode(order: number, dataType: number, color: readonly number[]): number[] {
  const { write } = CHANNELS.get(dataType)!;
  return [...ORDERS.get(order)!.memory].map((c) => {
    const v = color[c === "I" || c === "L" ? 0 : "rgba".indexOf(c)]!;
    if (!isSrgb(order) || c === "a") return write(v);
    const inside = Number.isNaN(v) ? 0 : clamp(v, 0, 1);
    return write(inside < 0.0031308 ? 12.92 * inside : 1.055 * inside ** (1 / 2.4) - 0.055);
  });
}

export const border = (order: number): number[] => [0, 0, 0, ORDERS.get(order)!.border];
