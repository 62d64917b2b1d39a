import type { ValueId } from "../../../ir/ops.ts";
import { Field, SamplerBit } from "../../../builtins/opencl/images/descriptor.ts";
import type { Operand } from "../../ast.ts";
import type { Mnemonic } from "../../mnemonic.ts";
import { SAMPLER_OFFSET } from "../../texture.ts";
import { ptxType, type PtxType } from "../../types.ts";
import type { FnLowering } from "../function.ts";
import type { Lower, Row } from "../rows.ts";

/**
 * Textures (PTX ISA 9.7.10) by the library's image functions; handles are descriptor addresses (`texture.ts`).
 * NON-SPEC: filters use full single-precision weights, where hardware has nine bits; a texture has one level, so that a level of
 * detail or gradients change nothing.
 */

export interface Geometry {
  readonly dimensions: 1 | 2 | 3;
  readonly array: boolean;
}

/** Geometries by their modifier. */
export const geometries: Readonly<Record<string, Geometry>> = {
  "1d": { dimensions: 1, array: false }, "2d": { dimensions: 2, array: false }, "3d": { dimensions: 3, array: false }, a1d: { dimensions: 1, array: true }, a2d: { dimensions: 2, array: true },
};

/** The geometry a mnemonic names. */
export function geometryOf(m: Mnemonic): Geometry {
  return geometries[m.mods.find((mod) => geometries[mod] !== undefined)!]!;
}

/** A 32-bit field of the descriptor. */
export function field(c: FnLowering, image: ValueId, offset: number): ValueId {
  return c.em.load(["i32"], "global", image, offset, 4, false, null)[0]!;
}

/** Handle and coordinates of `[handle, {coordinates}]`; for arrays the layer comes first. */
export function addressed(c: FnLowering, op: Operand | undefined, { dimensions, array }: Geometry): { readonly image: ValueId; readonly layer: Operand | null; readonly coordinates: readonly Operand[] } {
  if (op === undefined || op.kind !== "texture") return c.fail("an operand [handle, {coordinates}] is wanted");
  if (op.items.length !== 2) return c.unsupported("separate samplers are not supported");
  const [handle, where] = op.items as [Operand, Operand];
  const items = where.kind === "vec" ? where.items : [where];
  const first = array ? 1 : 0;
  if (items.length < first + dimensions) c.fail(`${first + dimensions} coordinates are wanted, ${items.length} are given`);
  return { image: c.src(handle, ptxType("u64")), layer: array ? items[0]! : null, coordinates: items.slice(first, first + dimensions) };
}

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

const tex = (m: Mnemonic): Lower => {
  const g = geometryOf(m);
  const [to, by] = [m.types[0]!, m.types[1]!];
  const type = to.kind === "f" ? "f32" : "i32";
  const extras = m.mods.includes("grad") ? 2 : m.mods.includes("level") ? 1 : 0;
  return (c, ops) => {
    if (ops.length > 2 + extras) c.unsupported("offsets and depth comparison are not supported");
    const { image, layer, coordinates } = addressed(c, ops[1], g);
    const at = layerOf(c, image, layer);
    const values = by.kind === "f"
      ? call(c, `__gg_image_sample${g.dimensions}_${type}`, [image, field(c, image, SAMPLER_OFFSET), ...coordinates.map((x) => c.src(x, by)), at], type)
      : fetch(c, image, coordinates.map((x) => c.u32(x)), g, at, type);
    deliver(c, to, ops[0], values);
  };
};

function deliver(c: FnLowering, type: PtxType, op: Operand | undefined, values: readonly ValueId[]): void {
  c.items(op, 4).forEach((item, i) => { if (item.kind !== "sink") c.dst(item, type, values[i]!); });
}

const components = ["r", "g", "b", "a"] as const;

/** tld4: one component of the four pixels that a linear filter would mix, counter-clockwise from the lower left. */
const tld4 = (component: number) => (m: Mnemonic): Lower => {
  const g = geometryOf(m);
  const to = m.types[0]!;
  const f32 = ptxType("f32");
  const type = to.kind === "f" ? "f32" : "i32";
  return (c, ops) => {
    const { em } = c;
    if (ops.length > 2) c.unsupported("offsets and depth comparison are not supported");
    const { image, layer, coordinates } = addressed(c, ops[1], g);
    const sampler = field(c, image, SAMPLER_OFFSET);
    const nearest = em.bin("and", "i32", sampler, em.i32(~SamplerBit.linear));
    const normalized = em.icmp("ne", em.bin("and", "i32", sampler, em.i32(SamplerBit.normalized)), em.i32(0));
    // Centres of the two pixels of each dimension, in the coordinates that the sampler takes.
    const centres = coordinates.map((x, d) => {
      const v = c.src(x, f32);
      const size = em.cast("uitofp", "f32", field(c, image, d === 0 ? Field.width : Field.height));
      const texels = em.select(normalized, em.fbin("fmul", "f32", v, size), v);
      const first = em.un("ffloor", "f32", em.fbin("fsub", "f32", texels, em.float("f32", 0.5)));
      return [0.5, 1.5].map((step) => {
        const centre = em.fbin("fadd", "f32", first, em.float("f32", step));
        return em.select(normalized, em.fbin("fdiv", "f32", centre, size), centre);
      });
    });
    const at = layerOf(c, image, layer);
    const pick = (i: number, j: number): ValueId => call(c, `__gg_image_sample2_${type}`, [image, nearest, centres[0]![i]!, centres[1]![j]!, at], type)[component]!;
    deliver(c, to, ops[0], [pick(0, 1), pick(1, 1), pick(1, 0), pick(0, 0)]);
  };
};

const queries: Readonly<Record<string, (c: FnLowering, image: ValueId) => ValueId>> = {
  width: (c, image) => field(c, image, Field.width),
  height: (c, image) => field(c, image, Field.height),
  depth: (c, image) => field(c, image, Field.depth),
  array_size: (c, image) => field(c, image, Field.layers),
  channel_data_type: (c, image) => field(c, image, Field.dataType),
  channel_order: (c, image) => field(c, image, Field.order),
  num_mipmap_levels: (c) => c.em.i32(1),
  num_samples: (c) => c.em.i32(1),
  normalized_coords: (c, image) => c.em.bin("and", "i32", field(c, image, SAMPLER_OFFSET), c.em.i32(SamplerBit.normalized)),
};

const query = (name: string): Lower => (c, ops) => {
  const mem = c.mem(ops[1]);
  const { addr } = c.address(mem, "global");
  c.dst(ops[0], ptxType("b32"), queries[name]!(c, addr));
};

const RESULTS = "f32 s32 u32";

/** Rows of textures. */
export const textureRows: readonly Row[] = [
  ...Object.keys(geometries).map((g): Row => ({ op: "tex", types: [RESULTS, "f32 s32"], needs: `${g} v4`, mods: "base level grad", operands: [2, 6], mode: "effect", make: tex })),
  ...["2d", "a2d"].flatMap((g) => components.map((name, i): Row => ({ op: "tld4", types: [RESULTS, "f32"], needs: `${name} ${g} v4`, operands: [2, 4], mode: "effect", make: tld4(i) }))),
  ...Object.keys(queries).flatMap((name) => ["txq", "suq"].map((op): Row => ({ op, types: ["b32"], needs: name, operands: 2, mode: "effect", make: () => query(name) }))),
];
