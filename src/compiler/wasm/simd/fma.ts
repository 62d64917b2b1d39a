import { V128 } from "../asm/opcodes.ts";
import { simd } from "../asm/simd.ts";
import type { Node } from "../graph/node.ts";
import { highHalf, type VectorHost } from "./host.ts";

/** fma of four lanes (of f64: one part of them), by the instruction that `fusedInstruction` speaks of. */
export function fusedTogether(host: VectorHost, args: readonly Node[], part: number, wide: boolean): void {
  for (const arg of args) host.vector(arg, part);
  host.code.simd(wide ? simd.f64x2_relaxed_madd : simd.f32x4_relaxed_madd);
}

/**
 * fma in f32 of four lanes in software, as emit/float.ts does it for one: exact product and sum in f64, and where the second rounding could go wrong
 * the sum made odd in the direction of what was lost.
 */
export function fusedLanes(host: VectorHost, a: Node, b: Node, c: Node): void {
  const { code } = host;
  const half = (write: () => void, high: boolean): void => {
    write();
    if (high) highHalf(host);
    code.simd(simd.f64x2_promote_low_f32x4);
  };
  host.temp(V128, (x) => host.temp(V128, (y) => host.temp(V128, (w) => host.temp(V128, (p) => host.temp(V128, (z) => host.temp(V128, (s) => host.temp(V128, (doubt) => {
    for (const [node, local] of [[a, x], [b, y], [c, w]] as const) {
      host.vector(node, 0);
      code.set(local);
    }
    for (const high of [false, true]) {
      half(() => code.get(x), high);
      half(() => code.get(y), high);
      code.simd(simd.f64x2_mul).set(p);
      half(() => code.get(w), high);
      code.tee(z).get(p).simd(simd.f64x2_add).tee(s);
      // Halfway between two f32, or below the normal ones.
      code.v128([0x1fff_ffff, 0, 0x1fff_ffff, 0]).simd(simd.and).v128([0x1000_0000, 0, 0x1000_0000, 0]).simd(simd.i64x2_eq);
      code.get(s).simd(simd.f64x2_abs).v128([0, 0x3810_0000, 0, 0x3810_0000]).simd(simd.f64x2_lt, simd.or).tee(doubt);
      code.simd(simd.any_true).if();
      host.temp(V128, (t) => {
        code.get(s).get(p).simd(simd.f64x2_sub).set(t);
        code.get(p).get(s).get(t).simd(simd.f64x2_sub, simd.f64x2_sub).get(z).get(t).simd(simd.f64x2_sub, simd.f64x2_add).tee(t);
        code.v128([0, 0, 0, 0]).simd(simd.f64x2_ne).get(doubt).simd(simd.and);
        // Only where the sum is even.
        code.get(s).v128([1, 0, 1, 0]).simd(simd.and).v128([0, 0, 0, 0]).simd(simd.i64x2_eq, simd.and).set(doubt);
        // One unit up in magnitude where the loss has the sum's sign, else one down: the sign of s ^ t is -1 or 0, so 1 | that sign.
        code.get(s);
        code.get(s).get(t).simd(simd.xor).i32(63).simd(simd.i64x2_shr_s).v128([1, 0, 1, 0]).simd(simd.or).get(doubt).simd(simd.and);
        code.simd(simd.i64x2_add).set(s);
      });
      code.end();
      code.get(s).simd(simd.f32x4_demote_f64x2_zero);
    }
    code.shuffle([0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23]);
  })))))));
}
