import type { Rounding } from "../../ir/ops.ts";
import { Code } from "../asm/code.ts";
import { F32, F64, I32, op } from "../asm/opcodes.ts";

/**
 * Directed roundings in f32, by way of f64: the exact result is s + t, where s is a sum of f64 (of an exact product, for fma) and t what it
 * lost, far below s. The f32 nearest to s is the wanted one or its neighbour, and which is seen by comparing. CUDA's expf is made of such fmas.
 */

/** The operations that have this form. */
export type DirectedOp = "fadd" | "fsub" | "fmul" | "fma";

/** Whether the node's operation, in f32, can be rounded so. */
export function isDirected(operation: string): operation is DirectedOp {
  return operation === "fadd" || operation === "fsub" || operation === "fmul" || operation === "fma";
}

/** A function of two numbers (fma: three) in f32. @param mode not to nearest */
export function directedSingle(operation: DirectedOp, mode: Rounding): Code {
  const code = new Code(operation === "fma" ? 3 : 2);
  const [p, z, s, t] = [code.local(F64), code.local(F64), code.local(F64), code.local(F64)];
  const [near, bits] = [code.local(F32), code.local(I32)];
  const wide = (x: number): Code => code.get(x).op(op.f64_promote_f32);
  wide(0);
  if (operation === "fma" || operation === "fmul") wide(1).op(op.f64_mul);
  code.tee(p);
  if (operation === "fmul") code.set(s);
  else {
    wide(operation === "fma" ? 2 : 1);
    if (operation === "fsub") code.op(op.f64_neg);
    code.tee(z).op(op.f64_add).tee(s);
    // Rounding down, a sum that cancels is -0; so is one of zeros, unless both are +0.
    if (mode === "rm") {
      code.f64(0).op(op.f64_eq).if();
      code.get(p).op(op.i64_reinterpret_f64).get(z).op(op.i64_reinterpret_f64, op.i64_or).i64(-(2n ** 63n)).op(op.i64_and, op.f64_reinterpret_i64).set(s).end();
      code.get(s);
    }
    code.get(p).op(op.f64_sub).set(t);
    code.get(p).get(s).get(t).op(op.f64_sub, op.f64_sub).get(z).get(t).op(op.f64_sub, op.f64_add).set(t);
  }
  code.get(s).op(op.f32_demote_f64).tee(near).op(op.i32_reinterpret_f32).tee(bits);
  // The neighbour in the direction of rounding (a zero has none on the wrong side: its sign is that of s).
  const away = (): void => void code.get(bits).i32(31).op(op.i32_shr_s).i32(1).op(op.i32_or);
  if (mode === "rz") code.i32(1).op(op.i32_sub);
  else {
    away();
    code.op(mode === "rp" ? op.i32_add : op.i32_sub);
  }
  code.op(op.f32_reinterpret_i32).get(near);
  // near - s is exact.
  const beyond = (compare: number): void => void code.get(near).op(op.f64_promote_f32).get(s).op(op.f64_sub).get(t).op(compare);
  if (mode !== "rz") beyond(mode === "rm" ? op.f64_gt : op.f64_lt);
  else {
    beyond(op.f64_gt);
    beyond(op.f64_lt);
    code.get(bits).i32(0).op(op.i32_ge_s, op.select);
  }
  return code.op(op.select);
}
