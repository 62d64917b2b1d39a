import type { Rounding } from "../../ir/ops.ts";
import type { Code } from "../asm/code.ts";
import { F32, F64, I64, op } from "../asm/opcodes.ts";
import type { Node } from "../graph/node.ts";
import type { Emitter } from "./emitter.ts";
import { simd } from "../asm/simd.ts";
import { directedSingle, isDirected, type DirectedOp } from "./directed.ts";
import { fusedDouble } from "./fma.ts";
import { fusedInstruction } from "./fused.ts";

/** Floating-point arithmetic. Directed roundings are computed exactly: in f32 by helper functions, else by imported ones, which are rare and slow. */

const binary: Readonly<Record<string, readonly [f32: number, f64: number, exact: string]>> = {
  fadd: [op.f32_add, op.f64_add, "sum"], fsub: [op.f32_sub, op.f64_sub, "difference"], fmul: [op.f32_mul, op.f64_mul, "product"], fdiv: [op.f32_div, op.f64_div, "quotient"],
};

const unary: Readonly<Record<string, readonly [f32: number, f64: number]>> = {
  fneg: [op.f32_neg, op.f64_neg], fabs: [op.f32_abs, op.f64_abs], ffloor: [op.f32_floor, op.f64_floor], fceil: [op.f32_ceil, op.f64_ceil],
  ftrunc: [op.f32_trunc, op.f64_trunc], frint: [op.f32_nearest, op.f64_nearest], fsqrt: [op.f32_sqrt, op.f64_sqrt],
};

/** Bits of `Node.mark` set by graph/nans.ts. */
export const CANONICAL_RESULT = 1;
export const CANONICAL_OPERAND = 2;

/** Pushes the result of a floating-point operation; false when the node is none. */
export function writeFloat(e: Emitter, node: Node): boolean {
  if (!write(e, node)) return false;
  if ((node.mark & CANONICAL_RESULT) !== 0) canonicalise(e, node.type === "f64");
  return true;
}

/** The float on the stack, with any NaN made the canonical one. */
export function canonicalise(e: Emitter, wide: boolean): void {
  const { code } = e;
  e.temp(wide ? F64 : F32, (x) => {
    code.tee(x);
    if (wide) code.f64bits(0x7ff8_0000_0000_0000n);
    else code.f32bits(0x7fc0_0000);
    code.get(x).get(x).op(wide ? op.f64_eq : op.f32_eq, op.select);
  });
}

function write(e: Emitter, node: Node): boolean {
  const { code } = e;
  const wide = node.type === "f64";
  const type = wide ? F64 : F32;
  const [a, b, c] = node.args as [Node, Node, Node];
  const round = node.instr !== null && "round" in node.instr ? (node.instr.round ?? "rn") : "rn";
  const two = binary[node.op];
  if (two !== undefined) {
    e.value(a);
    e.value(b);
    if (round === "rn") code.op(wide ? two[1] : two[0]);
    else if (!wide && isDirected(node.op)) callDirected(e, node.op, round);
    else e.callImport(`exact.${two[2]}.${node.type}.${round}`, [type, type], [type]);
    return true;
  }
  const one = unary[node.op];
  if (one !== undefined) {
    e.value(a);
    if ((node.mark & CANONICAL_OPERAND) !== 0) canonicalise(e, wide);
    if (node.op === "fsqrt" && round !== "rn") e.callImport(`exact.squareRoot.${node.type}.${round}`, [type], [type]);
    else code.op(wide ? one[1] : one[0]);
    return true;
  }
  switch (node.op) {
    case "copysign":
      e.value(a);
      e.value(b);
      code.op(wide ? op.f64_copysign : op.f32_copysign);
      return true;
    case "fmin": case "fmax":
      e.temp(type, (x) => e.temp(type, (y) => {
        e.value(a);
        code.set(x);
        e.value(b);
        code.set(y);
        const equal = wide ? op.f64_eq : op.f32_eq;
        code.get(x).get(y).op(node.op === "fmin" ? (wide ? op.f64_min : op.f32_min) : wide ? op.f64_max : op.f32_max);
        code.get(x).get(y).get(y).op(equal, op.select).get(y).get(x).get(x).op(equal, op.select);
      }));
      return true;
    case "fround":
      roundHalfAway(e, wide, a);
      return true;
    case "frem":
      e.value(a);
      if (!wide) code.op(op.f64_promote_f32);
      e.value(b);
      if (!wide) code.op(op.f64_promote_f32);
      // The remainder of two f32 values is itself one: no second rounding.
      e.callImport("remainder", [F64, F64], [F64]);
      if (!wide) code.op(op.f32_demote_f64);
      return true;
    case "fcmp":
      compare(e, node, a, b);
      return true;
    case "fma":
      if (round !== "rn") {
        for (const side of [a, b, c]) e.value(side);
        if (wide) e.callImport(`exact.fma.f64.${round}`, [F64, F64, F64], [F64]);
        else callDirected(e, "fma", round);
      } else if (fusedInstruction()) {
        for (const side of [a, b, c]) splat(e, side);
        if (wide) code.simd(simd.f64x2_relaxed_madd).lane(simd.f64x2_extract_lane, 0);
        else code.simd(simd.f32x4_relaxed_madd).lane(simd.f32x4_extract_lane, 0);
      } else if (wide) {
        for (const side of [a, b, c]) e.value(side);
        code.call(e.helpers.get("fma64", [F64, F64, F64], [F64], fusedDouble));
      } else fusedSingle(e, a, b, c);
      return true;
    default:
      return false;
  }
}

function roundHalfAway(e: Emitter, wide: boolean, a: Node): void {
  const { code } = e;
  const type = wide ? F64 : F32;
  const number = (value: number): Code => (wide ? code.f64(value) : code.f32(value));
  e.temp(type, (x) => e.temp(type, (whole) => {
    e.value(a);
    code.tee(x).op(wide ? op.f64_trunc : op.f32_trunc).tee(whole);
    // The part cut off is exact; half and more goes away from zero.
    number(1).get(x).op(wide ? op.f64_copysign : op.f32_copysign, wide ? op.f64_add : op.f32_add).get(whole);
    code.get(x).get(whole).op(wide ? op.f64_sub : op.f32_sub, wide ? op.f64_abs : op.f32_abs);
    number(0.5).op(wide ? op.f64_ge : op.f32_ge, op.select);
  }));
}

const ordered: Readonly<Record<string, readonly [f32: number, f64: number]>> = {
  eq: [op.f32_eq, op.f64_eq], ne: [op.f32_ne, op.f64_ne], lt: [op.f32_lt, op.f64_lt], le: [op.f32_le, op.f64_le], gt: [op.f32_gt, op.f64_gt], ge: [op.f32_ge, op.f64_ge],
};
/** "Unordered or x" is "not the opposite of x". */
const opposite: Readonly<Record<string, string>> = { lt: "ge", le: "gt", gt: "le", ge: "lt" };

function compare(e: Emitter, node: Node, a: Node, b: Node): void {
  const { code } = e;
  const wide = a.type === "f64";
  const pick = (name: string): number => ordered[name]![wide ? 1 : 0]!;
  const predicate = node.attr;
  const rest = predicate.slice(1);
  if (predicate === "oeq" || predicate === "une" || (predicate.startsWith("o") && opposite[rest] !== undefined)) {
    e.value(a);
    e.value(b);
    code.op(pick(rest));
    return;
  }
  if (predicate.startsWith("u") && opposite[rest] !== undefined) {
    e.value(a);
    e.value(b);
    code.op(pick(opposite[rest]!), op.i32_eqz);
    return;
  }
  const type = wide ? F64 : F32;
  e.temp(type, (x) => e.temp(type, (y) => {
    e.value(a);
    code.set(x);
    e.value(b);
    code.set(y);
    if (predicate === "one" || predicate === "ueq") {
      // Less or greater: different and ordered.
      code.get(x).get(y).op(pick("lt")).get(x).get(y).op(pick("gt"), op.i32_or);
      if (predicate === "ueq") code.op(op.i32_eqz);
      return;
    }
    code.get(x).get(x).op(pick("eq")).get(y).get(y).op(pick("eq"), op.i32_and);
    if (predicate === "uno") code.op(op.i32_eqz);
  }));
}

/** Rounds an operation in f32 on what is on the stack in a direction. */
function callDirected(e: Emitter, operation: DirectedOp, round: Rounding): void {
  e.code.call(e.helpers.get(`${operation}.${round}`, operation === "fma" ? [F32, F32, F32] : [F32, F32], [F32], () => directedSingle(operation, round)));
}

/** Pushes a float in all lanes of a vector: there is no fma of scalars. */
function splat(e: Emitter, node: Node): void {
  const wide = node.type === "f64";
  e.value(node);
  e.code.simd(wide ? simd.f64x2_splat : simd.f32x4_splat);
}

/**
 * fma in f32 where no instruction does it: the product is exact in f64 (48 bits), the sum is rounded to 53 bits and then to 24. The second rounding can go wrong only where
 * the first lost something and its result lies halfway between two f32 (or below the normal numbers, where halfway lies elsewhere): there the
 * sum is made odd in the direction of what was lost (S. Boldo and G. Melquiond, "Emulation of FMA and correctly rounded sums", 2008).
 */
function fusedSingle(e: Emitter, a: Node, b: Node, c: Node): void {
  const { code } = e;
  e.temp(F64, (p) => e.temp(F64, (z) => e.temp(F64, (s) => {
    e.value(a);
    code.op(op.f64_promote_f32);
    e.value(b);
    code.op(op.f64_promote_f32, op.f64_mul).set(p);
    e.value(c);
    code.op(op.f64_promote_f32).set(z);
    code.get(p).get(z).op(op.f64_add).tee(s);
    code.op(op.i64_reinterpret_f64, op.i32_wrap_i64).i32(0x1fff_ffff).op(op.i32_and).i32(0x1000_0000).op(op.i32_eq);
    code.get(s).op(op.f64_abs).f64(2 ** -126).op(op.f64_lt, op.i32_or);
    code.if();
    e.temp(F64, (t) => {
      // What the sum lost, exactly (Knuth's TwoSum).
      code.get(s).get(p).op(op.f64_sub).set(t);
      code.get(p).get(s).get(t).op(op.f64_sub, op.f64_sub).get(z).get(t).op(op.f64_sub, op.f64_add).tee(t);
      code.f64(0).op(op.f64_ne);
      code.get(s).op(op.i64_reinterpret_f64).i64(1n).op(op.i64_and, op.i64_eqz, op.i32_and);
      code.if();
      // One unit up in magnitude where the loss has the sum's sign, else one down.
      e.temp(I64, (bits) => {
        code.get(s).op(op.i64_reinterpret_f64).tee(bits).i64(1n).i64(-1n);
        code.get(bits).get(t).op(op.i64_reinterpret_f64, op.i64_xor).i64(0n).op(op.i64_ge_s, op.select, op.i64_add, op.f64_reinterpret_i64).set(s);
      });
      code.end();
    });
    code.end();
    code.get(s).op(op.f32_demote_f64);
  })));
}

