import { LOCAL_WINDOW, SHARED_WINDOW, WINDOW_SIZE } from "../../../ir/types.ts";
import type { ValueId } from "../../../ir/ops.ts";
import type { Operand } from "../../ast.ts";
import type { Mnemonic } from "../../mnemonic.ts";
import { ptxType, type PtxType } from "../../types.ts";
import type { FnLowering } from "../function.ts";
import type { Lower, Row } from "../rows.ts";

/** mov, and conversions between address spaces (PTX ISA 9.7.9). */

const bitTypes: Readonly<Record<number, PtxType>> = { 8: ptxType("b8"), 16: ptxType("b16"), 32: ptxType("b32"), 64: ptxType("b64") };

/** The type of one of `n` components that make up `type`. */
function component(c: FnLowering, type: PtxType, n: number): PtxType {
  return bitTypes[type.bits / n] ?? c.fail(`.${type.name} cannot be made of ${n} components`);
}

/** Components joined, the first one lowest. */
function pack(c: FnLowering, type: PtxType, items: readonly Operand[]): ValueId {
  const { em } = c;
  const part = component(c, type, items.length);
  const ir = type.ir ?? c.unsupported(`type .${type.name} is not supported`);
  const whole = ir === "f32" ? "i32" : ir === "f64" ? "i64" : ir;
  let result: ValueId | null = null;
  items.forEach((item, i) => {
    if (item.kind === "sym") c.fail(`'${item.name}' must be moved to a register first`);
    const bits = em.bits(c.any(item, part));
    const known = em.known(bits);
    if (known !== undefined && BigInt(known) === 0n && (result !== null || i < items.length - 1)) return;
    const wide = em.zext(bits, whole);
    const moved = i === 0 ? wide : em.bin("shl", whole, wide, em.int(whole, i * part.bits));
    result = result === null ? moved : em.bin("or", whole, result, moved);
  });
  return result ?? em.int(whole, 0);
}

function unpack(c: FnLowering, type: PtxType, items: readonly Operand[], v: ValueId): void {
  const { em } = c;
  const part = component(c, type, items.length);
  const bits = em.bits(v);
  const whole = em.types[bits]!;
  items.forEach((item, i) => {
    if (item.kind === "sink") return;
    const moved = i === 0 ? bits : em.bin("lshr", whole, bits, em.int(whole, i * part.bits));
    c.dst(item, part, em.trunc(moved, part.ir!));
  });
}

const mov = (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  return (c, ops) => {
    const [d, a] = ops;
    if (type.kind !== "b" && (d?.kind === "vec" || a?.kind === "vec")) c.fail(`what is made of components has an untyped type, .b${type.bits}`);
    if (d !== undefined && d.kind === "vec") unpack(c, type, d.items, c.any(a, type));
    else if (a !== undefined && a.kind === "vec") c.dst(d, type, pack(c, type, a.items));
    else c.dst(d, type, type.kind === "pred" ? c.pred(a) : c.any(a, type));
  };
};

/** mov.b128: registers of 128 bits are pairs already. */
const mov128: Lower = (c, ops) => {
  const b64 = bitTypes[64]!;
  const [d, a] = ops;
  if (a !== undefined && a.kind === "vec" && a.items.length === 4) {
    const halves = [pack(c, b64, a.items.slice(0, 2)), pack(c, b64, a.items.slice(2))];
    return c.items(d, 2).forEach((item, i) => c.dst(item, b64, halves[i]!));
  }
  const values = c.items(ops[1], 2).map((item) => c.any(item, b64));
  if (d !== undefined && d.kind === "vec" && d.items.length === 4) return values.forEach((v, i) => unpack(c, b64, d.items.slice(2 * i, 2 * i + 2), v));
  c.items(ops[0], 2).forEach((item, i) => c.dst(item, b64, values[i]!));
};

const u64 = ptxType("u64");

const windows: Readonly<Record<string, bigint>> = { shared: SHARED_WINDOW, "shared::cta": SHARED_WINDOW, "shared::cluster": SHARED_WINDOW, local: LOCAL_WINDOW };

/** cvta: a window's offset is added; cvta.to takes it off. Global and constant addresses are generic ones as they are. */
const cvta = (m: Mnemonic): Lower => {
  const to = m.mods[0] === "to";
  const window = windows[m.mods[to ? 1 : 0]!];
  return (c, ops) => {
    const a = c.src(ops[1], u64);
    c.dst(ops[0], u64, window === undefined ? a : c.em.bin(to ? "sub" : "add", "i64", a, c.em.int("i64", window)));
  };
};

const isspacep = (m: Mnemonic): Lower => {
  const space = m.mods[0]!;
  const window = windows[space];
  return (c, ops) => {
    const { em } = c;
    const a = c.src(ops[1], u64);
    const from = (base: bigint): ValueId => em.bin("sub", "i64", a, em.int("i64", base));
    if (window !== undefined) return c.dstPred(ops[0], em.icmp("lt.u", from(window), em.int("i64", WINDOW_SIZE)));
    // The windows lie side by side: everything outside both is global.
    if (space === "global") return c.dstPred(ops[0], em.icmp("ge.u", from(SHARED_WINDOW), em.int("i64", 2n * WINDOW_SIZE)));
    // NON-SPEC: constants and kernel parameters live among global addresses; the question is always answered no.
    c.dstPred(ops[0], em.int("i1", 0));
  };
};

const SPACES = ["global", "shared", "local", "const", "param", "shared::cta", "shared::cluster", "param::entry"];

/** Rows of moves and address conversions. */
export const moveRows: readonly Row[] = [
  { op: "mov", types: ["pred b16 b32 b64 u16 u32 u64 s16 s32 s64 f32 f64 f16 bf16 f16x2 bf16x2"], operands: 2, mode: "pure", make: mov },
  { op: "mov", types: ["b128"], operands: 2, mode: "pure", make: () => mov128 },
  ...SPACES.flatMap((space): Row[] => [
    { op: "cvta", types: ["u64"], needs: space, operands: 2, mode: "pure", make: cvta },
    { op: "cvta", types: ["u64"], needs: `to ${space}`, operands: 2, mode: "pure", make: cvta },
    { op: "isspacep", types: [], needs: space, operands: 2, mode: "pure", make: isspacep },
  ]),
];
