import type { AtomicOp, ValueId } from "../../../ir/ops.ts";
import { ChannelKind, Field } from "../../../builtins/opencl/images/descriptor.ts";
import type { Operand } from "../../ast.ts";
import type { Mnemonic } from "../../mnemonic.ts";
import type { FnLowering } from "../function.ts";
import type { Lower, Row } from "../rows.ts";
import { vectorOf } from "./memory.ts";
import { addressed, field, geometries, geometryOf, type Geometry } from "./texture-operand.ts";

/**
 * Surfaces (PTX ISA 9.7.11), mostly unformatted: bits as they lie in memory, the first coordinate in bytes. Outside the surface `.clamp` takes the nearest place,
 * `.zero` reads zero and does not write, `.trap` ends the kernel (by an access to address 0).
 */

type Outside = "trap" | "clamp" | "zero";

interface Place {
  readonly addr: ValueId;
  /** Whether the access is inside; null where that does not matter any more. */
  readonly inside: ValueId | null;
}

/** Address of `bytes` bytes at the coordinates; the first one counts bytes, or elements when they are `samples`. */
function locate(c: FnLowering, op: Operand | undefined, g: Geometry, bytes: number, outside: Outside, samples: boolean = false): Place & { readonly image: ValueId } {
  const { em } = c;
  const { image, layer, coordinates } = addressed(c, op, g, "surfref");
  const wide = (v: ValueId): ValueId => em.zext(v, "i64");
  const rowBytes = em.bin("mul", "i32", field(c, image, Field.width), field(c, image, Field.pixelBytes));
  // One more than the last place of each coordinate. A row that is too short has no place at all.
  const limits = [samples ? field(c, image, Field.width) : em.bin("sub", "i32", rowBytes, em.i32(bytes - 1)), field(c, image, Field.height), field(c, image, layer === null ? Field.depth : Field.layers)];
  const zero = em.i32(0);
  let [x, y, z] = [0, 1, 2].map((d) => (d < g.dimensions ? c.u32(coordinates[d]) : zero)) as [ValueId, ValueId, ValueId];
  if (layer !== null) z = c.u32(layer);
  let inside: ValueId | null = null;
  const used: readonly (readonly [ValueId, ValueId])[] = ([[x, limits[0]!], [y, limits[1]!], [z, limits[2]!]] as const).filter(([v]) => v !== zero);
  if (outside === "clamp") {
    const kept = used.map(([v, limit]) => em.bin("max.s", "i32", em.bin("min.s", "i32", v, em.bin("sub", "i32", limit, em.i32(1))), em.i32(0)));
    let i = 0;
    [x, y, z] = [x, y, z].map((v) => (v === zero ? v : kept[i++]!)) as [ValueId, ValueId, ValueId];
  } else {
    for (const [v, limit] of used) {
      const good = em.bin("and", "i1", em.icmp("ge.s", v, zero), em.icmp("lt.s", v, limit));
      inside = inside === null ? good : em.bin("and", "i1", inside, good);
    }
  }
  const base = em.load(["i64"], "global", image, Field.address, 8, false, null)[0]!;
  const row = em.bin("mul", "i64", wide(y), wide(field(c, image, Field.rowPitch)));
  const slice = em.bin("mul", "i64", wide(z), wide(field(c, image, Field.slicePitch)));
  const column = samples ? em.bin("mul", "i64", wide(x), wide(field(c, image, Field.pixelBytes))) : wide(x);
  const addr = em.bin("add", "i64", em.bin("add", "i64", base, column), em.bin("add", "i64", row, slice));
  if (outside === "trap" && inside !== null) return { addr: em.select(inside, addr, em.int("i64", 0)), inside: null, image };
  return { addr, inside, image };
}

/** Runs `work` where the access is inside. */
function within(c: FnLowering, place: Place, work: () => void): void {
  const { em } = c;
  if (place.inside === null) return work();
  const then = em.newBlock("surface");
  const join = em.newBlock("join");
  em.condbr(place.inside, then, join);
  em.at(then);
  work();
  em.br(join);
  em.at(join);
}

const suld = (outside: Outside) => (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  const ir = type.ir!;
  const n = vectorOf(m);
  const g = geometryOf(m);
  return (c, ops) => {
    const { em } = c;
    const items = c.items(ops[0], n);
    const bytes = (type.bits / 8) * n;
    const place = locate(c, ops[1], g, bytes, outside);
    const before = em.block;
    let loaded: ValueId[] = [];
    let end = before;
    const zero = em.zero(ir);
    within(c, place, () => {
      loaded = em.load(items.map(() => ir), "global", place.addr, 0, bytes, false, null);
      end = em.block;
    });
    const values = place.inside === null ? loaded : loaded.map((v) => em.phi(ir, [[before, zero], [end, v]]));
    items.forEach((item, i) => { if (item.kind !== "sink") c.wide(item, type, values[i]!); });
  };
};

const sust = (outside: Outside) => (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  const n = vectorOf(m);
  const g = geometryOf(m);
  return (c, ops) => {
    const bytes = (type.bits / 8) * n;
    const values = c.items(ops[1], n).map((item) => c.relaxed(item, type));
    const place = locate(c, ops[0], g, bytes, outside);
    within(c, place, () => c.em.store(values, "global", place.addr, 0, bytes, false, null));
  };
};

const sured = (op: "add" | "min" | "max" | "and" | "or", outside: Outside) => (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  const g = geometryOf(m);
  const rmw: AtomicOp = op === "min" || op === "max" ? `${op}.${type.kind === "s" ? "s" : "u"}` : op;
  return (c, ops) => {
    const { em } = c;
    const value = c.src(ops[1], type);
    const place = locate(c, ops[0], g, type.bits / 8, outside);
    within(c, place, () => {
      const dst = em.value(type.ir!);
      em.push({ op: "atomic", dst, rmw, space: "global", addr: place.addr, offset: 0, value, order: "relaxed", scope: "device", line: em.line });
    });
  };
};

/** sured.p: the first coordinate counts elements, and whether they have a sign the surface's format says. */
const suredSamples = (op: "add" | "min" | "max" | "and" | "or", outside: Outside) => (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  const g = geometryOf(m);
  return (c, ops) => {
    const { em } = c;
    const value = c.src(ops[1], type);
    const place = locate(c, ops[0], g, type.bits / 8, outside, true);
    within(c, place, () => {
      const reduce = (rmw: AtomicOp): void => {
        const dst = em.value(type.ir!);
        em.push({ op: "atomic", dst, rmw, space: "global", addr: place.addr, offset: 0, value, order: "relaxed", scope: "device", line: em.line });
      };
      if (op !== "min" && op !== "max") return reduce(op);
      const kind = field(c, place.image, Field.kind);
      const unsigned = em.icmp("ge.u", kind, em.i32(ChannelKind.uint8));
      const [then, otherwise, join] = [em.newBlock("unsigned"), em.newBlock("signed"), em.newBlock("join")];
      em.condbr(unsigned, then, otherwise);
      for (const [block, sign] of [[then, "u"], [otherwise, "s"]] as const) {
        em.at(block);
        reduce(`${op}.${sign}`);
        em.br(join);
      }
      em.at(join);
    });
  };
};

/**
 * sust.p: components are converted to the surface's format, and the first coordinate counts elements. NON-SPEC: components that the instruction does not have are 0 (undefined in PTX).
 */
const formatted = (outside: Outside) => (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  const n = vectorOf(m);
  const g = geometryOf(m);
  return (c, ops) => {
    const { em } = c;
    const { image, layer, coordinates } = addressed(c, ops[0], g, "surfref");
    const given = c.items(ops[1], n).map((item) => em.bits(c.relaxed(item, type)));
    const zero = em.i32(0);
    const limits = [field(c, image, Field.width), field(c, image, Field.height), field(c, image, layer === null ? Field.depth : Field.layers)];
    const used = [0, 1, 2].map((d) => (d < g.dimensions ? c.u32(coordinates[d]) : d === 2 && layer !== null ? c.u32(layer) : null));
    const at = used.map((v, d) => (v === null ? zero : outside === "clamp" ? em.bin("max.s", "i32", em.bin("min.s", "i32", v, em.bin("sub", "i32", limits[d]!, em.i32(1))), zero) : v));
    const inside = used.flatMap((v, d) => (v === null ? [] : [em.icmp("lt.u", v, limits[d]!)])).reduce((a, b) => em.bin("and", "i1", a, b));
    // Elsewhere the library's function writes nothing.
    const target = outside === "trap" ? em.select(inside, image, em.int("i64", 0)) : image;
    const floats = em.icmp("lt.u", field(c, target, Field.kind), em.i32(ChannelKind.int8));
    const components = [0, 1, 2, 3].map((i) => given[i] ?? zero);
    const [then, otherwise, join] = [em.newBlock("floats"), em.newBlock("integers"), em.newBlock("join")];
    em.condbr(floats, then, otherwise);
    em.at(then);
    em.call(c.module.builtin("__gg_image_store_f32", c.line), [target, ...at, ...components.map((v) => em.bitcast(v, "f32"))], []);
    em.br(join);
    em.at(otherwise);
    em.call(c.module.builtin("__gg_image_store_i32", c.line), [target, ...at, ...components], []);
    em.br(join);
    em.at(join);
  };
};

const MODES: readonly Outside[] = ["trap", "clamp", "zero"];

const REDUCTIONS = [["add", "u32 s32 u64", "b32"], ["min", "u32 s32 u64 s64", "b32 b64"], ["max", "u32 s32 u64 s64", "b32 b64"], ["and", "b32", "b32"], ["or", "b32", "b32"]] as const;

/** Rows of surfaces. */
export const surfaceRows: readonly Row[] = MODES.flatMap((outside): Row[] => [
  ...Object.keys(geometries).flatMap((g): Row[] => [
    { op: "suld", types: ["b8 b16 b32 b64"], needs: `b ${g} ${outside}`, mods: "v2 ca cg cs cv", operands: 2, mode: "effect", make: suld(outside) },
    { op: "suld", types: ["b8 b16 b32"], needs: `b v4 ${g} ${outside}`, mods: "ca cg cs cv", operands: 2, mode: "effect", make: suld(outside) },
    { op: "sust", types: ["b8 b16 b32 b64"], needs: `b ${g} ${outside}`, mods: "v2 wb cg cs wt", operands: 2, mode: "effect", make: sust(outside) },
    { op: "sust", types: ["b8 b16 b32"], needs: `b v4 ${g} ${outside}`, mods: "wb cg cs wt", operands: 2, mode: "effect", make: sust(outside) },
    { op: "sust", types: ["b32"], needs: `p ${g} ${outside}`, mods: "v2 v4 wb cg cs wt", operands: 2, mode: "effect", make: formatted(outside) },
  ]),
  ...["1d", "2d", "3d"].flatMap((g) => REDUCTIONS.flatMap(([op, bytes, samples]): Row[] => [
    { op: "sured", types: [bytes], needs: `b ${op} ${g} ${outside}`, operands: 2, mode: "effect", make: sured(op, outside) },
    { op: "sured", types: [samples], needs: `p ${op} ${g} ${outside}`, operands: 2, mode: "effect", make: suredSamples(op, outside) },
  ])),
]);
