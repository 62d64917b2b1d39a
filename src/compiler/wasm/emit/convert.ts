import { bitsOf } from "../../ir/types.ts";
import { Code } from "../asm/code.ts";
import { F32, F64, I32, I64, op, sat } from "../asm/opcodes.ts";
import type { Node } from "../graph/node.ts";
import type { Emitter } from "./emitter.ts";
import { canonicalise, CANONICAL_OPERAND, CANONICAL_RESULT } from "./float.ts";

/** Pushes the result of a conversion; false when the node is none. */
export function writeConversion(e: Emitter, node: Node): boolean {
  if (!write(e, node)) return false;
  if ((node.mark & CANONICAL_RESULT) !== 0) canonicalise(e, node.type === "f64");
  return true;
}

function write(e: Emitter, node: Node): boolean {
  const { code } = e;
  const a = node.args[0]!;
  const round = node.instr !== null && "round" in node.instr ? node.instr.round : undefined;
  switch (node.op) {
    case "trunc":
      e.value(a);
      if (a.type === "i64") code.op(op.i32_wrap_i64);
      if (node.type !== "i64") e.maskTo(node.type!);
      return true;
    case "zext":
      e.value(a);
      if (node.type === "i64" && a.type !== "i64") code.op(op.i64_extend_i32_u);
      return true;
    case "sext":
      e.signedValue(a);
      if (node.type === "i64" && a.type !== "i64") code.op(op.i64_extend_i32_s);
      else if (node.type !== "i64") e.maskTo(node.type!);
      return true;
    case "bitcast": {
      e.value(a);
      if ((node.mark & CANONICAL_OPERAND) !== 0) canonicalise(e, a.type === "f64");
      const to = { i32: op.i32_reinterpret_f32, i64: op.i64_reinterpret_f64, f32: op.f32_reinterpret_i32, f64: op.f64_reinterpret_i64 } as Readonly<Record<string, number>>;
      code.op(to[node.type!]!);
      return true;
    }
    case "fptosi": case "fptoui":
      toInteger(e, node, a, round ?? "rz");
      return true;
    case "sitofp": case "uitofp":
      fromInteger(e, node, a, round ?? "rn");
      return true;
    case "fptrunc":
      e.value(a);
      if ((round ?? "rn") === "rn") code.op(op.f32_demote_f64);
      else e.callImport(`exact.narrow.f32.${round}`, [F64], [F32]);
      return true;
    case "fpext":
      e.value(a);
      code.op(op.f64_promote_f32);
      return true;
    case "f16tof32":
      e.value(a);
      code.call(e.helpers.get("f16tof32", [I32], [F32], halfToFloat));
      return true;
    case "bf16tof32":
      e.value(a);
      code.i32(16).op(op.i32_shl, op.f32_reinterpret_i32);
      return true;
    case "f32tof16":
      e.value(a);
      if ((round ?? "rn") === "rn") code.call(e.helpers.get("f32tof16", [F32], [I32], floatToHalf));
      else {
        code.op(op.f64_promote_f32);
        e.callImport(`exact.half.f16.${round}`, [F64], [I32]);
      }
      return true;
    case "f64tof16":
      e.value(a);
      e.callImport(`exact.half.f16.${round ?? "rn"}`, [F64], [I32]);
      return true;
    case "f32tobf16":
      e.value(a);
      if ((round ?? "rn") === "rn") code.call(e.helpers.get("f32tobf16", [F32], [I32], floatToBrain));
      else {
        code.op(op.f64_promote_f32);
        e.callImport(`exact.half.bf16.${round}`, [F64], [I32]);
      }
      return true;
    default:
      return false;
  }
}

function toInteger(e: Emitter, node: Node, a: Node, round: string): void {
  const { code } = e;
  const wide = a.type === "f64";
  const signed = node.op === "fptosi";
  e.value(a);
  if (round === "rn") code.op(wide ? op.f64_nearest : op.f32_nearest);
  else if (round === "rm") code.op(wide ? op.f64_floor : op.f32_floor);
  else if (round === "rp") code.op(wide ? op.f64_ceil : op.f32_ceil);
  const base = node.type === "i64" ? sat.i64_f32_s : sat.i32_f32_s;
  code.sat(base + (wide ? 2 : 0) + (signed ? 0 : 1));
  const bits = bitsOf[node.type!];
  if (bits >= 32) return;
  const high = signed ? 2 ** (bits - 1) - 1 : 2 ** bits - 1;
  const low = signed ? -(2 ** (bits - 1)) : 0;
  e.temp(I32, (x) => {
    code.tee(x).i32(high).get(x).i32(high).op(signed ? op.i32_lt_s : op.i32_lt_u, op.select);
    if (signed) code.tee(x).i32(low).get(x).i32(low).op(op.i32_gt_s, op.select);
    e.maskTo(node.type!);
  });
}

function fromInteger(e: Emitter, node: Node, a: Node, round: string): void {
  const { code } = e;
  const signed = node.op === "sitofp";
  const wide = node.type === "f64";
  if (signed) e.signedValue(a);
  else e.value(a);
  const long = a.type === "i64";
  // 32 bits fit in f64, 16 in f32: no rounding there.
  const exact = wide ? !long : bitsOf[a.type!] <= 16;
  if (round === "rn" || exact) {
    if (wide) code.op(long ? (signed ? op.f64_convert_i64_s : op.f64_convert_i64_u) : signed ? op.f64_convert_i32_s : op.f64_convert_i32_u);
    else code.op(long ? (signed ? op.f32_convert_i64_s : op.f32_convert_i64_u) : signed ? op.f32_convert_i32_s : op.f32_convert_i32_u);
    return;
  }
  if (!long) code.op(signed ? op.i64_extend_i32_s : op.i64_extend_i32_u);
  e.callImport(`exact.${signed ? "signed" : "unsigned"}.${node.type}.${round}`, [I64], [wide ? F64 : F32]);
}

function halfToFloat(): Code {
  const code = new Code(1);
  const magnitude = code.local(F32);
  // The exponent field moves up by 112 through an exact multiplication, which also normalises subnormals.
  code.get(0).i32(0x7fff).op(op.i32_and).i32(13).op(op.i32_shl, op.f32_reinterpret_i32).f32(2 ** 112).op(op.f32_mul).set(magnitude);
  code.get(magnitude).op(op.i32_reinterpret_f32);
  code.i32(0x7f80_0000).i32(0).get(0).i32(0x7c00).op(op.i32_and).i32(0x7c00).op(op.i32_eq, op.select, op.i32_or);
  return code.get(0).i32(0x8000).op(op.i32_and).i32(16).op(op.i32_shl, op.i32_or, op.f32_reinterpret_i32);
}

function floatToHalf(): Code {
  const code = new Code(1);
  const bits = code.local(I32);
  const x = code.local(I32);
  const sign = (): Code => code.get(bits).i32(16).op(op.i32_shr_u).i32(0x8000).op(op.i32_and);
  code.get(0).op(op.i32_reinterpret_f32).tee(bits).i32(0x7fff_ffff).op(op.i32_and).set(x);
  code.get(x).i32(0x7f80_0000).op(op.i32_gt_u).if();
  code.i32(0x7e00).op(op.return).end();
  // From 65520 on everything rounds to infinity.
  code.get(x).i32(0x477f_f000).op(op.i32_ge_u).if();
  sign().i32(0x7c00).op(op.i32_or, op.return).end();
  code.get(x).i32(0x3880_0000).op(op.i32_lt_u).if();
  // Subnormal: adding a half makes the hardware round at the unit 2^-24.
  sign().get(0).op(op.f32_abs).f32(0.5).op(op.f32_add, op.i32_reinterpret_f32).i32(0x3f00_0000).op(op.i32_sub, op.i32_or, op.return).end();
  return sign().get(x).i32(0xfff).op(op.i32_add).get(x).i32(13).op(op.i32_shr_u).i32(1).op(op.i32_and, op.i32_add).i32(0x3800_0000).op(op.i32_sub).i32(13).op(op.i32_shr_u, op.i32_or);
}

function floatToBrain(): Code {
  const code = new Code(1);
  const bits = code.local(I32);
  code.get(0).get(0).op(op.f32_ne).if();
  code.i32(0x7fc0).op(op.return).end();
  code.get(0).op(op.i32_reinterpret_f32).set(bits);
  return code.get(bits).i32(0x7fff).op(op.i32_add).get(bits).i32(16).op(op.i32_shr_u).i32(1).op(op.i32_and, op.i32_add).i32(16).op(op.i32_shr_u);
}
