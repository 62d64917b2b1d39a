import type { Rounding } from "../../ir/ops.ts";
import { simd } from "../asm/simd.ts";
import type { DirectedOp } from "../emit/directed.ts";
import type { Node } from "../graph/node.ts";
import { highHalf, vectorTemps, type VectorHost } from "./host.ts";

const SIGN = [0, -0x8000_0000, 0, -0x8000_0000] as const;

/** What emit/directed.ts does, for four lanes: two at a time in f64, their neighbours at once in words. */
export function directedLanes(host: VectorHost, operation: DirectedOp, mode: Rounding, args: readonly Node[]): void {
  vectorTemps(host, args.length + 9, (locals) => write(host, operation, mode, args, locals));
}

function write(host: VectorHost, operation: DirectedOp, mode: Rounding, args: readonly Node[], locals: readonly number[]): void {
  const { code } = host;
  const [p, z, s, t, near, result0, result1, off0, off1] = locals.slice(args.length) as [number, number, number, number, number, number, number, number, number];
  const [result, off] = [[result0, result1] as const, [off0, off1] as const];
  args.forEach((arg, i) => {
    host.vector(arg, 0);
    code.set(locals[i]!);
  });
  for (const half of [0, 1] as const) {
    const wide = (i: number): void => {
      code.get(locals[i]!);
      if (half === 1) highHalf(host);
      code.simd(simd.f64x2_promote_low_f32x4);
    };
    wide(0);
    if (operation === "fma" || operation === "fmul") {
      wide(1);
      code.simd(simd.f64x2_mul);
    }
    code.tee(p);
    if (operation === "fmul") code.set(s).v128([0, 0, 0, 0]).set(t);
    else {
      wide(operation === "fma" ? 2 : 1);
      if (operation === "fsub") code.simd(simd.f64x2_neg);
      code.tee(z).simd(simd.f64x2_add).tee(s);
      if (mode === "rm") {
        code.get(p).get(z).simd(simd.or).v128(SIGN).simd(simd.and).get(s).v128([0, 0, 0, 0]).simd(simd.f64x2_eq, simd.and, simd.or).tee(s);
      }
      code.get(p).simd(simd.f64x2_sub).set(t);
      code.get(p).get(s).get(t).simd(simd.f64x2_sub, simd.f64x2_sub).get(z).get(t).simd(simd.f64x2_sub, simd.f64x2_add).set(t);
    }
    code.get(s).simd(simd.f32x4_demote_f64x2_zero).tee(result[half]).simd(simd.f64x2_promote_low_f32x4).tee(near);
    code.get(s).simd(simd.f64x2_sub);
    if (mode !== "rz") code.get(t).simd(mode === "rm" ? simd.f64x2_gt : simd.f64x2_lt).set(off[half]);
    else {
      // Beyond, away from zero: compared as if the number were positive.
      code.get(near).v128(SIGN).simd(simd.and).tee(near).simd(simd.xor).get(t).get(near).simd(simd.xor, simd.f64x2_gt).set(off[half]);
    }
  }
  code.get(result[0]).get(result[1]).shuffle([0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23]).tee(near);
  if (mode === "rz") code.v128([1, 1, 1, 1]);
  else code.get(near).i32(31).simd(simd.i32x4_shr_s).v128([1, 1, 1, 1]).simd(simd.or);
  code.get(off[0]).get(off[1]).shuffle([0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27]).simd(simd.and);
  code.simd(mode === "rp" ? simd.i32x4_add : simd.i32x4_sub);
}
