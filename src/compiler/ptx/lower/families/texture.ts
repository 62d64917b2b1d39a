import type { ValueId } from "../../../ir/ops.ts";
import { Field, SamplerBit } from "../../../builtins/opencl/images/descriptor.ts";
import { Reg, type Operand } from "../../ast.ts";
import type { Mnemonic } from "../../mnemonic.ts";
import { MAX_LEVELS, TEXTURE_DESCRIPTOR_BYTES, TextureField } from "../../texture.ts";
import { ptxType } from "../../types.ts";
import type { FnLowering } from "../function.ts";
import type { Lower, Row } from "../rows.ts";
import { addressed, cubes, deliver, field, geometries, geometryOf, multisampled, padded, samplerBitsOf, type Geometry } from "./texture-operand.ts";

/**
 * Textures (PTX ISA 9.7.10) by the library's image functions; handles are descriptor addresses (`texture.ts`).
 * NON-SPEC: filters use full single-precision weights, where hardware has nine bits; gradients are measured by their longer side, without anisotropy; a cube's faces are
 * filtered each by itself, so that its edges have seams; clamp_ogl is clamp_to_edge; textures have one sample for each pixel, which is what every sample number of .2dms and .a2dms reads.
 */

/** The layer, kept in the array. */
function layerOf(c: FnLowering, image: ValueId, layer: Operand | null): ValueId {
  const { em } = c;
  if (layer === null) return em.i32(0);
  return em.bin("min.u", "i32", c.u32(layer), em.bin("sub", "i32", field(c, image, Field.layers), em.i32(1)));
}

function call(c: FnLowering, name: string, args: readonly ValueId[], type: "f32" | "i32"): ValueId[] {
  return c.em.call(c.module.builtin(name, c.line), args, [type, type, type, type]);
}

/** One pixel by whole numbers. */
function fetch(c: FnLowering, image: ValueId, at: readonly ValueId[], g: Geometry, layer: ValueId, type: "f32" | "i32"): ValueId[] {
  const zero = c.em.i32(0);
  const place = [0, 1, 2].map((d) => (d < g.dimensions ? at[d]! : zero));
  if (g.array) place[2] = layer;
  return call(c, `__gg_image_fetch_${type}`, [image, ...place], type);
}

/** A float of the texture's descriptor. */
function setting(c: FnLowering, image: ValueId, offset: number): ValueId {
  return c.em.load(["f32"], "global", image, offset, 4, false, null)[0]!;
}

/** The descriptor of a level of detail. */
function levelAt(c: FnLowering, image: ValueId, level: ValueId): ValueId {
  const { em } = c;
  return em.bin("add", "i64", image, em.bin("mul", "i64", em.zext(level, "i64"), em.int("i64", BigInt(TEXTURE_DESCRIPTOR_BYTES))));
}

/** Where directions meet the cube: the face of the first one, and their places in its plane, from 0 to 1 on the face (CUDA C++ Programming Guide, "Cubemap Textures"). */
function faceOf(c: FnLowering, direction: readonly ValueId[], ...more: readonly (readonly ValueId[])[]): { face: ValueId; at: ValueId[][] } {
  const { em } = c;
  const size = (v: ValueId): ValueId => em.un("fabs", "f32", v);
  const minus = (v: ValueId): ValueId => em.un("fneg", "f32", v);
  const [ax, ay, az] = direction.map(size) as [ValueId, ValueId, ValueId];
  const alongX = em.bin("and", "i1", em.fcmp("oge", ax, ay), em.fcmp("oge", ax, az));
  const alongY = em.fcmp("oge", ay, az);
  const pick = (a: ValueId, b: ValueId, d: ValueId): ValueId => em.select(alongX, a, em.select(alongY, b, d));
  const below = em.fcmp("olt", pick(...(direction as readonly [ValueId, ValueId, ValueId])), em.float("f32", 0));
  const turned = (v: ValueId): ValueId => em.select(below, minus(v), v);
  const half = em.float("f32", 0.5);
  const place = ([x, y, z]: readonly ValueId[]): ValueId[] => {
    const main = turned(pick(x!, y!, z!));
    const s = pick(minus(turned(z!)), x!, turned(x!));
    const t = pick(minus(y!), turned(z!), minus(y!));
    return [s, t].map((v) => em.fbin("fadd", "f32", em.fbin("fmul", "f32", em.fbin("fdiv", "f32", v, main), half), half));
  };
  const axis = pick(em.i32(0), em.i32(2), em.i32(4));
  return { face: em.bin("add", "i32", axis, em.zext(below, "i32")), at: [direction, ...more].map(place) };
}

/** The layer of a face, and the sampler for places on it: faces are always clamped, and their coordinates are from 0 to 1. */
function onFace(c: FnLowering, image: ValueId, sampler: ValueId, face: ValueId, layer: Operand | null): { layer: ValueId; sampler: ValueId } {
  const { em } = c;
  const own = em.bin("or", "i32", em.bin("and", "i32", sampler, em.i32(SamplerBit.linear)), em.i32(SamplerBit.normalized | SamplerBit.clampToEdge));
  const faces = em.bin("sub", "i32", field(c, image, Field.layers), em.i32(6));
  const first = layer === null ? em.i32(0) : em.bin("min.u", "i32", em.bin("mul", "i32", c.u32(layer), em.i32(6)), faces);
  return { layer: em.bin("add", "i32", first, face), sampler: own };
}

const SIZES = [Field.width, Field.height, Field.depth];

/** Whether a sampler takes normalised coordinates. */
function isNormalized(c: FnLowering, sampler: ValueId): ValueId {
  const { em } = c;
  return em.icmp("ne", em.bin("and", "i32", sampler, em.i32(SamplerBit.normalized)), em.i32(0));
}

/** Coordinates moved by whole pixels of the level (operand e: -8 to 7). */
function moved(c: FnLowering, image: ValueId, sampler: ValueId, coordinates: readonly ValueId[], by: readonly ValueId[] | null): readonly ValueId[] {
  const { em } = c;
  if (by === null) return coordinates;
  const normalized = isNormalized(c, sampler);
  return coordinates.map((v, d) => {
    const pixels = em.cast("sitofp", "f32", by[d]!);
    const part = em.fbin("fdiv", "f32", pixels, em.cast("uitofp", "f32", field(c, image, SIZES[d]!)));
    return em.fbin("fadd", "f32", v, em.select(normalized, part, pixels));
  });
}

/** One sample of a level. */
function sampleLevel(c: FnLowering, image: ValueId, sampler: ValueId, g: Geometry, given: readonly ValueId[], by: readonly ValueId[] | null, layer: Operand | null, type: "f32" | "i32"): ValueId[] {
  const coordinates = moved(c, image, sampler, given, by);
  if (g.cube === undefined) return call(c, `__gg_image_sample${g.dimensions}_${type}`, [image, sampler, ...coordinates, layerOf(c, image, layer)], type);
  const { face, at } = faceOf(c, coordinates);
  const on = onFace(c, image, sampler, face, layer);
  return call(c, `__gg_image_sample2_${type}`, [image, on.sampler, ...at[0]!, on.layer], type);
}

/** Gradients of a direction as gradients of its place on the face. */
function faceGradients(c: FnLowering, direction: readonly ValueId[], gradients: readonly (readonly ValueId[])[]): ValueId[][] {
  const { em } = c;
  const [here, ...there] = faceOf(c, direction, ...gradients.map((gradient) => gradient.map((v, d) => em.fbin("fadd", "f32", direction[d]!, v)))).at;
  return there.map((place) => place.map((v, d) => em.fbin("fsub", "f32", v, here![d]!)));
}

/** The level that gradients ask for: the logarithm of the longer one's length in pixels. */
function levelOf(c: FnLowering, image: ValueId, normalized: ValueId, gradients: readonly (readonly ValueId[])[]): ValueId {
  const { em } = c;
  const sizes = SIZES.map((offset) => em.select(normalized, em.cast("uitofp", "f32", field(c, image, offset)), em.float("f32", 1)));
  const squares = gradients.map((gradient) => gradient.map((v, d) => {
    const pixels = em.fbin("fmul", "f32", v, sizes[d]!);
    return em.fbin("fmul", "f32", pixels, pixels);
  }).reduce((a, b) => em.fbin("fadd", "f32", a, b)));
  const longest = em.fbin("fmax", "f32", squares[0]!, squares[1]!);
  return em.fbin("fmul", "f32", em.call(c.module.builtin("__gg_log2_f32", c.line), [longest], ["f32"])[0]!, em.float("f32", 0.5));
}

/** Samples around a level of detail (CUDA C++ Programming Guide, "Texture Fetching"): the nearest one, or two mixed. */
function sampleAround(c: FnLowering, image: ValueId, wanted: ValueId, type: "f32" | "i32", sample: (level: ValueId) => ValueId[]): ValueId[] {
  const { em } = c;
  const f = (op: "fadd" | "fsub" | "fmul" | "fmin" | "fmax", a: ValueId, b: ValueId): ValueId => em.fbin(op, "f32", a, b);
  const last = em.bin("min.u", "i32", em.bin("sub", "i32", field(c, image, TextureField.levels), em.i32(1)), em.i32(MAX_LEVELS - 1));
  const biased = f("fmin", f("fmax", f("fadd", wanted, setting(c, image, TextureField.bias)), setting(c, image, TextureField.least)), setting(c, image, TextureField.most));
  const level = f("fmin", f("fmax", biased, em.float("f32", 0)), em.cast("uitofp", "f32", last));
  const blends = em.icmp("ne", field(c, image, TextureField.blend), em.i32(0));
  const below = em.un("ffloor", "f32", em.select(blends, level, f("fadd", level, em.float("f32", 0.5))));
  const first = em.cast("fptoui", "i32", below, "rz");
  const near = sample(levelAt(c, image, first));
  if (type === "i32") return near;
  const weight = f("fsub", level, below);
  const mixes = em.bin("and", "i1", blends, em.fcmp("ogt", weight, em.float("f32", 0)));
  const far = sample(levelAt(c, image, em.select(mixes, em.bin("add", "i32", first, em.i32(1)), first)));
  return near.map((v, n) => em.select(mixes, f("fadd", f("fmul", v, f("fsub", em.float("f32", 1), weight)), f("fmul", far[n]!, weight)), v));
}

/** Operand e: an offset in pixels for each coordinate, or null. */
function offsets(c: FnLowering, op: Operand | undefined, g: Geometry): readonly ValueId[] | null {
  if (op === undefined) return null;
  const items = op.kind === "vec" ? op.items : [op];
  // A single value is operand f, but for the offset of one dimension.
  if (op.kind !== "vec" && (g.dimensions > 1 || op.kind === "f32" || op.kind === "f64" || (op instanceof Reg && op.type.kind === "f"))) c.unsupported("depth comparison is not supported");
  if (g.cube !== undefined) c.fail("cube maps take no offset");
  if (items.length < padded(g.dimensions) || items.length !== padded(items.length)) c.fail(`${padded(g.dimensions)} offsets are wanted, ${items.length} are given`);
  return items.slice(0, g.dimensions).map((x) => c.u32(x));
}

const tex = (m: Mnemonic): Lower => {
  const g = geometryOf(m);
  const [to, by] = [m.types[0]!, m.types[1]!];
  const type = to.kind === "u" || to.kind === "s" ? "i32" : "f32";
  const grad = m.mods.includes("grad");
  const level = m.mods.includes("level");
  const extras = grad ? 2 : level ? 1 : 0;
  return (c, ops) => {
    const { em } = c;
    if (ops.length > 3 + extras) c.unsupported("depth comparison is not supported");
    const { image, sampler: separate, layer, coordinates } = addressed(c, ops[1], g, "texref");
    const shift = offsets(c, ops[2 + extras], g);
    if (grad && (ops[2]?.kind !== "vec" || ops[3]?.kind !== "vec")) c.fail("gradients are vectors");
    if (by.kind !== "f") {
      const last = em.bin("sub", "i32", field(c, image, TextureField.levels), em.i32(1));
      const at = level ? levelAt(c, image, em.bin("min.u", "i32", c.u32(ops[2]), last)) : image;
      const place = coordinates.map((x, d) => (shift === null ? c.u32(x) : em.bin("add", "i32", c.u32(x), shift[d]!)));
      return deliver(c, to, ops[0], fetch(c, at, place, g, layerOf(c, image, layer), type));
    }
    const sampler = samplerBitsOf(c, image, separate);
    const places = coordinates.map((x) => c.src(x, by));
    const sample = (at: ValueId): ValueId[] => sampleLevel(c, at, sampler, g, places, shift, layer, type);
    if (!level && !grad) return deliver(c, to, ops[0], sample(image));
    const gradient = (op: Operand | undefined): ValueId[] => c.items(op, padded(g.dimensions)).slice(0, g.dimensions).map((x) => c.src(x, by));
    const asked = (): ValueId => {
      const both = [gradient(ops[2]), gradient(ops[3])];
      return g.cube === undefined ? levelOf(c, image, isNormalized(c, sampler), both) : levelOf(c, image, em.int("i1", 1), faceGradients(c, places, both));
    };
    const wanted = level ? c.src(ops[2], by) : asked();
    return deliver(c, to, ops[0], sampleAround(c, image, wanted, type, sample));
  };
};

const components = ["r", "g", "b", "a"] as const;

/** tld4: one component of the four pixels that a linear filter would mix, counter-clockwise from the lower left. */
const tld4 = (component: number) => (m: Mnemonic): Lower => {
  const g = geometryOf(m);
  const to = m.types[0]!;
  const f32 = ptxType("f32");
  const type = to.kind === "f" ? "f32" : "i32";
  return (c, ops) => {
    const { em } = c;
    if (ops.length > 3) c.unsupported("depth comparison is not supported");
    const { image, sampler: separate, layer, coordinates } = addressed(c, ops[1], g, "texref");
    const own = samplerBitsOf(c, image, separate);
    const shift = offsets(c, ops[2], g);
    const given = coordinates.map((x) => c.src(x, f32));
    const cube = g.cube === undefined ? null : faceOf(c, given);
    const { layer: at, sampler } = cube === null ? { layer: layerOf(c, image, layer), sampler: own } : onFace(c, image, own, cube.face, layer);
    const nearest = em.bin("and", "i32", sampler, em.i32(~SamplerBit.linear));
    const normalized = isNormalized(c, sampler);
    // Centres of the two pixels of each dimension, in the coordinates that the sampler takes.
    const centres = (cube?.at[0] ?? given).map((v, d) => {
      const size = em.cast("uitofp", "f32", field(c, image, SIZES[d]!));
      const texels = em.select(normalized, em.fbin("fmul", "f32", v, size), v);
      const below = em.un("ffloor", "f32", em.fbin("fsub", "f32", texels, em.float("f32", 0.5)));
      const first = shift === null ? below : em.fbin("fadd", "f32", below, em.cast("sitofp", "f32", shift[d]!));
      return [0.5, 1.5].map((step) => {
        const centre = em.fbin("fadd", "f32", first, em.float("f32", step));
        return em.select(normalized, em.fbin("fdiv", "f32", centre, size), centre);
      });
    });
    const pick = (i: number, j: number): ValueId => call(c, `__gg_image_sample2_${type}`, [image, nearest, centres[0]![i]!, centres[1]![j]!, at], type)[component]!;
    deliver(c, to, ops[0], [pick(0, 1), pick(1, 1), pick(1, 0), pick(0, 0)]);
  };
};

const RESULTS = "f32 s32 u32";

/** Rows of textures. */
export const textureRows: readonly Row[] = [
  ...([[RESULTS, "v4"], ["f16", "v4"], ["f16x2", "v2"]] as const).flatMap(([results, vector]): Row[] => [
    ...Object.keys(geometries).map((g): Row => ({ op: "tex", types: [results, "f32 s32"], needs: `${g} ${vector}`, mods: "base level grad", operands: [2, 6], mode: "effect", make: tex })),
    ...Object.keys(cubes).map((g): Row => ({ op: "tex", types: [results, "f32"], needs: `${g} ${vector}`, mods: "base level grad", operands: [2, 5], mode: "effect", make: tex })),
    ...Object.keys(multisampled).map((g): Row => ({ op: "tex", types: [results, "s32"], needs: `${g} ${vector}`, mods: "base", operands: [2, 3], mode: "effect", make: tex })),
  ]),
  ...["2d", "a2d", "cube", "acube"].flatMap((g) => components.map((name, i): Row => ({ op: "tld4", types: [RESULTS, "f32"], needs: `${name} ${g} v4`, operands: [2, 4], mode: "effect", make: tld4(i) }))),
];
