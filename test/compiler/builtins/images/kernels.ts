import * as C from "../../../../src/opencl/abi/constants.ts";
import type { Image } from "../support.ts";

/** Image types of OpenCL C, and kernels over them, as LLVM IR. */
export interface Kind {
  readonly name: string;
  readonly type: number;
  readonly dimensions: 1 | 2 | 3;
  readonly array: boolean;
  readonly depth: boolean;
  /** Parameters of LLVM's type: dimension, depth, array. */
  readonly spirv: string;
}

const kind = (name: string, type: number, dimensions: 1 | 2 | 3, spirv: string, array = false, depth = false): Kind => ({ name, type, dimensions, array, depth, spirv });

export const KINDS: readonly Kind[] = [
  kind("image1d", C.CL_MEM_OBJECT_IMAGE1D, 1, "0, 0, 0"), kind("image1d_buffer", C.CL_MEM_OBJECT_IMAGE1D_BUFFER, 1, "5, 0, 0"), kind("image1d_array", C.CL_MEM_OBJECT_IMAGE1D_ARRAY, 1, "0, 0, 1", true),
  kind("image2d", C.CL_MEM_OBJECT_IMAGE2D, 2, "1, 0, 0"), kind("image2d_array", C.CL_MEM_OBJECT_IMAGE2D_ARRAY, 2, "1, 0, 1", true), kind("image3d", C.CL_MEM_OBJECT_IMAGE3D, 3, "2, 0, 0"),
  kind("image2d_depth", C.CL_MEM_OBJECT_IMAGE2D, 2, "1, 1, 0", false, true), kind("image2d_array_depth", C.CL_MEM_OBJECT_IMAGE2D_ARRAY, 2, "1, 1, 1", true, true),
];

export const ACCESS = { ro: 0, wo: 1, rw: 2 } as const;
export type Access = keyof typeof ACCESS;

export function imageType({ spirv }: Kind, access: Access): string {
  return `target("spirv.Image", void, ${spirv}, 0, 0, 0, ${ACCESS[access]})`;
}

/** Numbers that a coordinate has: those of a pixel and the layer, three rounded up to four. */
export function coordinateLanes({ dimensions, array }: Kind): 1 | 2 | 4 {
  const count = dimensions + (array ? 1 : 0);
  return count === 3 ? 4 : (count as 1 | 2);
}

const vector = (lanes: number, scalar: string): string => (lanes === 1 ? scalar : `<${lanes} x ${scalar}>`);
const mangledVector = (lanes: number, code: string): string => (lanes === 1 ? code : `Dv${lanes}_${code}`);
const named = (name: string): string => `${name.length}${name}`;

const HEAD = "  %id = call spir_func i64 @_Z13get_global_idj(i32 0)\n  %vo = mul i64 %id, 16\n  %out = getelementptr i8, ptr addrspace(1) %o, i64 %vo";

/** A kernel (image[, sampler], coordinates, result) that reads: `how` is f, i, ui or h; with a sampler, at float or int coordinates. */
export function reader(name: string, k: Kind, access: Access, how: "f" | "i" | "ui" | "h", sampled: "f" | "i" | null): { text: string; declare: string[] } {
  const image = imageType(k, access);
  const lanes = coordinateLanes(k);
  const at = vector(lanes, sampled === "f" ? "float" : "i32");
  const element = how === "f" ? "float" : how === "h" ? "half" : "i32";
  const result = vector(k.depth ? 1 : 4, element);
  const base = `read_image${how}`;
  const mangled = `_Z${named(base)}${named(`ocl_${k.name}_${access}`)}${sampled === null ? "" : "11ocl_sampler"}${mangledVector(lanes, sampled === "f" ? "f" : "i")}`;
  const sampler = sampled === null ? "" : `, target("spirv.Sampler")`;
  return {
    declare: [`declare spir_func ${result} @${mangled}(${image}${sampler}, ${at})`],
    text: `define spir_kernel void @${name}(${image} %image${sampled === null ? "" : `, target("spirv.Sampler") %s`}, ptr addrspace(1) %at, ptr addrspace(1) %o) {
${HEAD}
  %step = mul i64 %id, ${4 * lanes}
  %p = getelementptr i8, ptr addrspace(1) %at, i64 %step
  %c = load ${at}, ptr addrspace(1) %p
  %r = call spir_func ${result} @${mangled}(${image} %image${sampled === null ? "" : `, target("spirv.Sampler") %s`}, ${at} %c)
  store ${result} %r, ptr addrspace(1) %out
  ret void
}
`,
  };
}

/** A kernel (image, coordinates, colours) that writes. */
export function writer(name: string, k: Kind, access: Access, how: "f" | "i" | "ui"): { text: string; declare: string[] } {
  const image = imageType(k, access);
  const lanes = coordinateLanes(k);
  const at = vector(lanes, "i32");
  const color = vector(k.depth ? 1 : 4, how === "f" ? "float" : "i32");
  const base = `write_image${how}`;
  const code = how === "f" ? "f" : how === "i" ? "i" : "j";
  // The second int4 of a name is a substitution; images are none.
  const second = lanes === 4 && code === "i" ? "S_" : mangledVector(k.depth ? 1 : 4, code);
  const mangled = `_Z${named(base)}${named(`ocl_${k.name}_${access}`)}${mangledVector(lanes, "i")}${second}`;
  return {
    declare: [`declare spir_func void @${mangled}(${image}, ${at}, ${color})`],
    text: `define spir_kernel void @${name}(${image} %image, ptr addrspace(1) %at, ptr addrspace(1) %o) {
${HEAD}
  %step = mul i64 %id, ${4 * lanes}
  %p = getelementptr i8, ptr addrspace(1) %at, i64 %step
  %c = load ${at}, ptr addrspace(1) %p
  %v = load ${color}, ptr addrspace(1) %out
  call spir_func void @${mangled}(${image} %image, ${at} %c, ${color} %v)
  ret void
}
`,
  };
}

/** A module of kernels. */
export function moduleOf(parts: readonly { text: string; declare: readonly string[] }[]): string {
  return [...new Set(["declare spir_func i64 @_Z13get_global_idj(i32)", ...parts.flatMap(({ declare }) => declare)]), ...parts.map(({ text }) => text)].join("\n");
}

/** Sizes of the images of a type: odd ones, so that every wrong step shows. */
export function shapeOf({ dimensions, array }: Kind): { width: number; height: number; depth: number; layers: number } {
  return { width: 5, height: dimensions > 1 ? 3 : 1, depth: dimensions > 2 ? 4 : 1, layers: array ? 3 : 1 };
}

/** Every pixel's coordinates, in memory's order. */
export function places(k: Kind): number[][] {
  const { width, height, depth, layers } = shapeOf(k);
  const all: number[][] = [];
  for (let l = 0; l < layers; l++) for (let z = 0; z < depth; z++) for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) all.push([x, y, z].slice(0, k.dimensions).concat(k.array ? [l] : []));
  return all;
}

/** Coordinates as the kernels want them. */
export function packed(k: Kind, at: readonly (readonly number[])[]): number[] {
  const lanes = coordinateLanes(k);
  return at.flatMap((p) => Array.from({ length: lanes }, (_, n) => p[n] ?? 0));
}

export function imageOf(k: Kind, pixels: Uint8Array, order: number, dataType: number): Image {
  return { pixels, order, dataType, ...shapeOf(k) };
}
