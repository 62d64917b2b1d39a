import type { MemoryOrder, Scope, ValueId } from "../../../ir/ops.ts";
import type { Space, Type } from "../../../ir/types.ts";
import { Reg, type Mem, type Operand, type Variable } from "../../ast.ts";
import type { Mnemonic } from "../../mnemonic.ts";
import { ptxType, type PtxType } from "../../types.ts";
import type { Ordering } from "../emitter.ts";
import type { FnLowering } from "../function.ts";
import type { Lower, Row } from "../rows.ts";

/** ld, st and their kin (PTX ISA 9.7.9). */

const spaces: Readonly<Record<string, Space>> = {
  global: "global", const: "const", shared: "shared", "shared::cta": "shared", "shared::cluster": "shared", local: "local",
};

/** Names of the state spaces as modifiers. */
export const SPACE_MODS = "global const shared local shared::cta shared::cluster";

/** The space a mnemonic names; generic without one. */
export function spaceOf(m: Mnemonic): Space {
  for (const mod of m.mods) {
    const space = spaces[mod];
    if (space !== undefined) return space;
  }
  return "generic";
}

const scopes: Readonly<Record<string, Scope>> = { cta: "workgroup", cluster: "device", gpu: "device", sys: "system" };

/** The scope a mnemonic names. NON-SPEC: a cluster counts as the whole device. */
export function scopeOf(m: Mnemonic, fallback: Scope): Scope {
  for (const mod of m.mods) {
    const scope = scopes[mod];
    if (scope !== undefined) return scope;
  }
  return fallback;
}

const orders: Readonly<Record<string, MemoryOrder>> = { relaxed: "relaxed", acquire: "acquire", release: "release", acq_rel: "acq_rel", mmio: "relaxed" };

/** Memory order and scope of a mnemonic; null for weak accesses. */
export function orderingOf(m: Mnemonic): Ordering | null {
  for (const mod of m.mods) {
    const order = orders[mod];
    if (order !== undefined) return { order, scope: mod === "mmio" ? "system" : scopeOf(m, "device") };
  }
  return null;
}

/** Components of a vector access. */
export function vectorOf(m: Mnemonic): number {
  return m.mods.includes("v2") ? 2 : m.mods.includes("v4") ? 4 : m.mods.includes("v8") ? 8 : 1;
}

/** The `.param` variable a memory operand names; null for others. */
function paramVariable(op: Mem): Variable | null {
  const { base } = op;
  return base !== null && !(base instanceof Reg) && base.variable !== null && base.variable.space === "param" ? base.variable : null;
}

/** What to load for a destination: floats where untyped bits go to a float register. */
function loadType(type: PtxType, op: Operand | undefined): Type {
  const register = op instanceof Reg ? op.type : null;
  if (type.kind === "b" && register !== null && register.kind === "f" && register.bits === type.bits) return register.ir!;
  return type.ir!;
}

/** Components of the vector operand (which may also be a vector register). */
function components(c: FnLowering, op: Operand | undefined, n: number): readonly Operand[] {
  const items = n === 1 && op !== undefined && op.kind !== "vec" ? [op] : c.items(op, n);
  const widths = new Set(items.flatMap((item) => (item instanceof Reg ? [item.type.bits] : [])));
  if (widths.size > 1) c.fail("the components of a vector have one width");
  if (items.every((item) => item.kind === "sink")) c.fail("a register is wanted");
  return items;
}

function elementBytes(c: FnLowering, type: PtxType): number {
  if (type.ir === null) c.unsupported(`type .${type.name} is not supported`);
  return type.bits / 8;
}

/** ld.param: from the function's parameters, or a call's results; through a register, from where its address was taken. */
function loadParam(c: FnLowering, type: PtxType, items: readonly Operand[], op: Mem): void {
  const bytes = elementBytes(c, type);
  const variable = paramVariable(op);
  if (variable === null && !(op.base instanceof Reg)) c.fail("a parameter, or a register with its address, is wanted");
  if (variable === null) return loadFrom(c, type, items, op, c.params.spaceOf(), false, null);
  const values = items.map((item, i) => (item.kind === "sink" ? -1 : c.params.load(variable, op.offset + i * bytes, loadType(type, item))));
  items.forEach((item, i) => { if (values[i]! >= 0) c.wide(item, type, values[i]!); });
}

function loadFrom(c: FnLowering, type: PtxType, items: readonly Operand[], op: Mem, wanted: Space, volatile: boolean, ordering: Ordering | null): void {
  const bytes = elementBytes(c, type);
  const { addr, offset, space } = c.address(op, wanted);
  const first = loadType(type, items.find((item) => item.kind !== "sink"));
  const values = c.em.load(items.map(() => first), space, addr, offset, bytes * items.length, volatile, ordering);
  items.forEach((item, i) => { if (item.kind !== "sink") c.wide(item, type, values[i]!); });
}

/** Type and number of what is moved; a 128-bit element is two of 64. */
function elementsOf(m: Mnemonic): { readonly type: PtxType; readonly n: number } {
  const type = m.types[0]!;
  const n = vectorOf(m);
  return type.bits === 128 ? { type: ptxType("b64"), n: 2 * n } : { type, n };
}

const isParam = (m: Mnemonic): boolean => m.mods.some((mod) => mod === "param" || mod.startsWith("param::"));

const ld = (m: Mnemonic): Lower => {
  const { type, n } = elementsOf(m);
  const param = isParam(m);
  const space = spaceOf(m);
  const volatile = m.mods.includes("volatile") || m.mods.includes("mmio");
  const ordering = orderingOf(m);
  return (c, ops) => {
    const items = components(c, ops[0], n);
    const from = c.mem(ops[1]);
    if (param) loadParam(c, type, items, from);
    else loadFrom(c, type, items, from, space, volatile, ordering);
  };
};

/** Values to store, all of one type: as they were computed if they agree, else by the instruction's type. */
function stored(c: FnLowering, type: PtxType, items: readonly Operand[]): ValueId[] {
  const values = items.map((item) => (item instanceof Reg && item.type.bits > type.bits ? c.relaxed(item, type) : c.any(item, type)));
  const first = c.em.types[values[0]!]!;
  return values.every((v) => c.em.types[v] === first) ? values : values.map((v) => c.em.bitcast(v, type.ir!));
}

const st = (m: Mnemonic): Lower => {
  const { type, n } = elementsOf(m);
  const param = isParam(m);
  const space = spaceOf(m);
  const volatile = m.mods.includes("volatile") || m.mods.includes("mmio");
  const ordering = orderingOf(m);
  return (c, ops) => {
    const bytes = elementBytes(c, type);
    const values = stored(c, type, components(c, ops[1], n));
    const to = c.mem(ops[0]);
    const variable = paramVariable(to);
    if (variable !== null && !param) c.fail(`'${variable.name}' is in .param`);
    if (variable !== null) {
      values.forEach((v, i) => c.params.store(variable, to.offset + i * bytes, v));
      return;
    }
    if (param) c.fail("st.param wants the name of a parameter");
    const target = c.address(to, space);
    if (target.space === "const") c.fail("constants cannot be written");
    c.em.store(values, target.space, target.addr, target.offset, bytes * n, volatile, ordering);
  };
};

const TYPES = "b8 b16 b32 b64 b128 u8 u16 u32 u64 s8 s16 s32 s64 f32 f64 f16 bf16 f16x2 bf16x2";
const COMMON = `weak volatile relaxed mmio cta cluster gpu sys ${SPACE_MODS} param param::func v2 v4 v8`;

/** Cache control without effect on results. */
const hintOnly: Lower = () => undefined;

/** prefetch: no effect either; its address must be one. */
const prefetch: Lower = (c, ops) => {
  const { base } = c.mem(ops[0]);
  if (base instanceof Reg && (base.type.kind === "f" || base.type.kind === "pred")) c.fail(`register ${base.name} of type .${base.type.name} cannot hold an address`);
};

/** createpolicy: policies have no effect; any value will do. */
const createPolicy = (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  return (c, ops) => c.dst(ops[0], type, c.em.int("i64", 0));
};

/** Rows of plain memory access. */
export const memoryRows: readonly Row[] = [
  { op: "ld", types: [TYPES], mods: `${COMMON} acquire param::entry nc ca cg cs lu cv`, hints: true, operands: [2, 3], mode: "effect", make: ld },
  { op: "ldu", types: [TYPES], mods: `${SPACE_MODS} v2 v4`, operands: 2, mode: "effect", make: ld },
  { op: "st", types: [TYPES], mods: `${COMMON} release wb cg cs wt`, hints: true, operands: [2, 3], mode: "effect", make: st },
  { op: "prefetch", types: [], mods: "global local const param tensormap generic L1 L2", hints: true, operands: 1, mode: "effect", make: () => prefetch },
  { op: "prefetchu", types: [], mods: "L1", operands: 1, mode: "effect", make: () => hintOnly },
  { op: "applypriority", types: [], mods: "global", hints: true, operands: 2, mode: "effect", make: () => hintOnly },
  // NON-SPEC: discard may destroy data; here it keeps it, which the ISA allows a reader not to rely on.
  { op: "discard", types: [], mods: "global L2", hints: true, operands: 2, mode: "effect", make: () => hintOnly },
  { op: "createpolicy", types: ["b64"], mods: "fractional range cvt global L2", hints: true, operands: [1, 5], mode: "pure", make: createPolicy },
];
