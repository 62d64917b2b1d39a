import type { ValueId } from "../../ir/ops.ts";
import { Field } from "./images/descriptor.ts";
import { field } from "./images/texel.ts";
import type { Lowering, Lowerings, Site } from "./site.ts";

/** Image functions (OpenCL C 3.0 section 6.15.15). The work is in library functions on the image's descriptor. */

interface ImageType {
  readonly dimensions: 1 | 2 | 3;
  readonly array: boolean;
  readonly depth: boolean;
}

/** The image type of argument 0, from its mangled name: ocl_image2d_array_depth_ro and the like. */
function imageType(s: Site): ImageType {
  const [type] = s.params;
  const match = type?.k === "named" ? /^ocl_image([123])d(_array)?(_buffer)?(_msaa)?(_depth)?_(?:ro|wo|rw)$/.exec(type.name) : null;
  if (match === null || match[4] !== undefined) return s.fail(`${s.base} on ${type?.k === "named" ? type.name : "this type"}`);
  return { dimensions: Number(match[1]) as 1 | 2 | 3, array: match[2] !== undefined, depth: match[5] !== undefined };
}

/** x, y, z of integer coordinates: arrays count their layers in z. */
function pixel(s: Site, { dimensions, array }: ImageType, n: number): ValueId[] {
  const given = s.args[n]!;
  const zero = s.k.i(0);
  const at = [0, 1, 2].map((d) => (d < dimensions ? given[d]! : zero));
  if (array) at[2] = layer(s, given[dimensions]!);
  return at;
}

/** Layers are clamped to those that exist; a float layer is rounded to the nearest. */
function layer(s: Site, value: ValueId): ValueId {
  const { k } = s;
  const whole = k.type(value) === "f32" ? k.toInt("i32", k.rint(value)) : value;
  return k.int("max.s", k.i(0), k.int("min.s", whole, k.sub(field(k, s.args[0]![0]!, Field.layers), k.i(1))));
}

function read(kind: "f" | "i" | "ui" | "h"): Lowering {
  return (s) => {
    const { k } = s;
    const type = imageType(s);
    const image = s.args[0]![0]!;
    const element = kind === "i" || kind === "ui" ? "i32" : "f32";
    const sampled = s.args.length > 2 || (s.args.length === 2 && isSampler(s));
    const values = sampled ? sample(s, type, element) : k.call(`__gg_image_fetch_${element}`, image, ...pixel(s, type, 1));
    if (type.depth) return [values[0]!];
    return kind === "h" ? values.map((v) => k.conv("f32tof16", "i16", v)) : values;
  };
}

function isSampler(s: Site): boolean {
  const type = s.params[1];
  return type?.k === "named" && type.name === "ocl_sampler";
}

function sample(s: Site, type: ImageType, element: "f32" | "i32"): ValueId[] {
  const { k } = s;
  if (s.args.length > 3) return s.fail(`${s.base} with a level of detail`);
  const given = s.args[2]!;
  const sampler = k.conv("trunc", "i32", s.args[1]![0]!);
  // An integer coordinate means the pixel's centre: exact for all sizes an image can have.
  const coordinates = given.slice(0, type.dimensions).map((v) => (k.type(v) === "f32" ? v : k.add(k.toFloat("f32", v), k.f(0.5))));
  const at = type.array ? layer(s, given[type.dimensions]!) : k.i(0);
  return k.call(`__gg_image_sample${type.dimensions}_${element}`, s.args[0]![0]!, sampler, ...coordinates, at);
}

function write(kind: "f" | "i" | "ui" | "h"): Lowering {
  return (s) => {
    const { k } = s;
    const type = imageType(s);
    const values = s.args.at(-1)!;
    const floats = kind === "h" ? values.map((v) => k.conv("f16tof32", "f32", v)) : values;
    if (s.args.length > 3) return s.fail(`${s.base} with a level of detail`);
    // A depth image takes a single number.
    const components = type.depth ? [floats[0]!, k.f(0), k.f(0), k.f(1)] : floats;
    k.call(`__gg_image_store_${kind === "i" || kind === "ui" ? "i32" : "f32"}`, s.args[0]![0]!, ...pixel(s, type, 1), ...components);
    return [];
  };
}

function query(offset: number): Lowering {
  return (s) => {
    imageType(s);
    const value = field(s.k, s.args[0]![0]!, offset);
    return [s.result[0] === "i64" ? s.k.conv("zext", "i64", value) : value];
  };
}

const dim: Lowering = (s) => {
  const { dimensions } = imageType(s);
  const at = [Field.width, Field.height, Field.depth].slice(0, dimensions).map((offset) => field(s.k, s.args[0]![0]!, offset));
  return dimensions === 3 ? [...at, s.k.i(0)] : at;
};

/** Lowerings of the image functions, by name. */
export const images: Lowerings = {
  read_imagef: read("f"), read_imagei: read("i"), read_imageui: read("ui"), read_imageh: read("h"),
  write_imagef: write("f"), write_imagei: write("i"), write_imageui: write("ui"), write_imageh: write("h"),
  get_image_width: query(Field.width), get_image_height: query(Field.height), get_image_depth: query(Field.depth),
  get_image_channel_data_type: query(Field.dataType), get_image_channel_order: query(Field.order),
  get_image_array_size: query(Field.layers), get_image_dim: dim,
  // A sampler in the source is the number that stands for it.
  __translate_sampler_initializer: (s) => [s.k.conv("zext", "i64", s.args[0]![0]!)],
};
