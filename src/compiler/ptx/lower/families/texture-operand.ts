import type { ValueId } from "../../../ir/ops.ts";
import { SamplerBit } from "../../../builtins/opencl/images/descriptor.ts";
import { Reg, type Operand } from "../../ast.ts";
import type { Mnemonic } from "../../mnemonic.ts";
import { ShapeBit, TextureField } from "../../texture.ts";
import { ptxType, type PtxType } from "../../types.ts";
import type { FnLowering } from "../function.ts";

/** Operands of texture and surface instructions: what a name, a register or a parameter stands for is always the address of a descriptor (`../../texture.ts`). */

export interface Geometry {
  /** Coordinates, without the layer. */
  readonly dimensions: 1 | 2 | 3;
  readonly array: boolean;
  /** The coordinates are a direction: six layers for each cube. */
  readonly cube?: true;
  /** The number of a sample stands in front of the coordinates, behind the layer. */
  readonly samples?: true;
}

/** Geometries by their modifier. */
export const geometries: Readonly<Record<string, Geometry>> = {
  "1d": { dimensions: 1, array: false }, "2d": { dimensions: 2, array: false }, "3d": { dimensions: 3, array: false }, a1d: { dimensions: 1, array: true }, a2d: { dimensions: 2, array: true },
};

/** Those of cube maps. */
export const cubes: Readonly<Record<string, Geometry>> = { cube: { dimensions: 3, array: false, cube: true }, acube: { dimensions: 3, array: true, cube: true } };

/** Those of textures with several samples for each pixel. */
export const multisampled: Readonly<Record<string, Geometry>> = { "2dms": { dimensions: 2, array: false, samples: true }, a2dms: { dimensions: 2, array: true, samples: true } };
const all: Readonly<Record<string, Geometry>> = { ...geometries, ...cubes, ...multisampled };

/** The geometry a mnemonic names. */
export function geometryOf(m: Mnemonic): Geometry {
  return all[m.mods.find((mod) => all[mod] !== undefined)!]!;
}

/** A 32-bit field of the descriptor. */
export function field(c: FnLowering, image: ValueId, offset: number): ValueId {
  return c.em.load(["i32"], "global", image, offset, 4, false, null)[0]!;
}

/** Types that a reference may have, by the word for them in messages. */
export type OpaqueName = "texref" | "samplerref" | "surfref";

/** The descriptor that an operand means: a variable or kernel parameter of one of the types, or a register with its address. */
export function reference(c: FnLowering, op: Operand | undefined, ...types: readonly OpaqueName[]): ValueId {
  if (op?.kind === "sym") {
    const type = c.symbols.resolve(op).variable?.type;
    const wanted = types.map((name) => `.${name}`).join(" or ");
    if (type?.kind === "opaque" && !types.includes(type.name as OpaqueName)) c.fail(`'${op.name}' is of type .${type.name}, ${wanted} is wanted`);
    if (type?.kind !== "opaque") c.fail(`'${op.name}' is no variable or kernel parameter of type ${wanted}`);
    if (op.offset !== 0) c.fail(`'${op.name}' is one piece: there are no offsets in it`);
    return c.symbols.address(op);
  }
  return c.src(op, ptxType("u64"));
}

/** The same for an operand in brackets without coordinates, as queries have. */
export function bracketed(c: FnLowering, op: Operand | undefined, ...types: readonly OpaqueName[]): ValueId {
  const mem = c.mem(op);
  if (mem.base !== null && !(mem.base instanceof Reg)) return reference(c, mem.base, ...types);
  return c.address(mem, "global").addr;
}

/** Components that stand for so many: there are no vectors of three. */
export function padded(count: number): number {
  return count === 3 ? 4 : count;
}

/** What `[handle, {coordinates}]` and `[handle, sampler, {coordinates}]` hold. */
export interface Addressed {
  readonly image: ValueId;
  /** A sampler of its own. */
  readonly sampler: ValueId | null;
  readonly layer: Operand | null;
  readonly coordinates: readonly Operand[];
}

/** Takes such an operand apart; for arrays the layer comes first. */
export function addressed(c: FnLowering, op: Operand | undefined, { dimensions, array, samples }: Geometry, type: "texref" | "surfref"): Addressed {
  if (op === undefined || op.kind !== "texture") return c.fail("an operand [handle, {coordinates}] is wanted");
  const { items } = op;
  const separate = items.length === 3 && type === "texref";
  if (items.length !== 2 && !separate) return c.fail("an operand [handle, {coordinates}] is wanted");
  // Handles in registers may be either's.
  if (separate && !c.module.independent && !items.slice(0, 2).every((item) => item instanceof Reg)) c.fail("a separate sampler is for modules with .target texmode_independent");
  if (!separate && type === "texref" && c.module.independent) c.fail("a module with .target texmode_independent wants a sampler: [handle, sampler, {coordinates}]");
  const image = reference(c, items[0], type);
  const sampler = separate ? reference(c, items[1], "samplerref") : null;
  const where = items[items.length - 1]!;
  const given = where.kind === "vec" ? where.items : [where];
  const first = (array ? 1 : 0) + (samples === true ? 1 : 0);
  const wanted = padded(first + dimensions);
  if (given.length !== wanted) c.fail(`${wanted} coordinates are wanted, ${given.length} are given`);
  return { image, sampler, layer: array ? given[0]! : null, coordinates: given.slice(first, first + dimensions) };
}

/** The sampler's bits: the texture's own, or those of a separate one, by which coordinates are normalised where the texture has them so and the sampler does not forbid it. */
export function samplerBitsOf(c: FnLowering, image: ValueId, separate: ValueId | null): ValueId {
  const { em } = c;
  const own = field(c, image, TextureField.sampler);
  if (separate === null) return own;
  const normalized = em.icmp("ne", em.bin("and", "i32", own, em.i32(SamplerBit.normalized)), em.i32(0));
  const allowed = em.icmp("eq", em.bin("and", "i32", field(c, separate, TextureField.shape), em.i32(ShapeBit.plain)), em.i32(0));
  const bits = em.bin("or", "i32", field(c, separate, TextureField.sampler), em.i32(SamplerBit.normalized));
  return em.select(em.bin("and", "i1", normalized, allowed), bits, field(c, separate, TextureField.plain));
}

/** Gives four components to a destination `{a, b, c, d}`, as `.v4`, or two of f16x2; `|p` is whether the data is there, which it always is. */
export function deliver(c: FnLowering, type: PtxType, op: Operand | undefined, values: readonly ValueId[]): void {
  const { em } = c;
  const [target, resident] = op?.kind === "pair" ? [op.a, op.b] : [op, null];
  if (resident !== null) c.needs("the predicate of a texture instruction", 60, 71);
  if (resident !== null) c.dstPred(resident, em.int("i1", 1));
  const half = (v: ValueId): ValueId => em.cast("f32tof16", "i16", v, null);
  if (type.name === "f16x2") {
    const wide = (v: ValueId): ValueId => em.zext(half(v), "i32");
    const both = [0, 2].map((n) => em.bin("or", "i32", wide(values[n]!), em.bin("shl", "i32", wide(values[n + 1]!), em.i32(16))));
    c.items(target, 2).forEach((item, n) => { if (item.kind !== "sink") c.dst(item, type, both[n]!); });
    return;
  }
  c.items(target, 4).forEach((item, n) => { if (item.kind !== "sink") c.dst(item, type, type.name === "f16" ? half(values[n]!) : values[n]!); });
}
