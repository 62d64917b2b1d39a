import { Code } from "../asm/code.ts";
import { F64, I64, op } from "../asm/opcodes.ts";
import type { Helpers } from "./emitter.ts";

/**
 * fma in f64 in software, as a function of three numbers: exact product by Veltkamp's and Dekker's splitting, exact sums, the small parts added to odd, one
 * rounding at the end (Boldo and Melquiond 2008). Outside the exponents where every step is exact an imported function does it.
 */
export function fusedDouble(helpers: Helpers): Code {
  const code = new Code(3);
  const [a, b, c] = [0, 1, 2];
  const l = Array.from({ length: 10 }, () => code.local(F64));
  const [ph, pl, ah, al, bh, bl, uh, ul, th, tl] = l as [number, number, number, number, number, number, number, number, number, number];
  const t = code.local(F64);
  const bits = code.local(I64);
  code.get(a).get(b).op(op.f64_mul).tee(ph).op(op.f64_abs).f64(2 ** -900).op(op.f64_gt);
  code.get(ph).op(op.f64_abs).f64(2 ** 900).op(op.f64_lt, op.i32_and);
  for (const x of [a, b, c]) code.get(x).op(op.f64_abs).f64(2 ** 900).op(op.f64_lt, op.i32_and);
  code.op(op.i32_eqz).if();
  code.get(a).get(b).get(c).call(helpers.import("exact.fma.f64.rn", [F64, F64, F64], [F64])).op(op.return);
  code.end();
  const split = (x: number, high: number, low: number): void => {
    // t = x * (2^27 + 1); high = t - (t - x); low = x - high.
    code.get(x).f64(134217729).op(op.f64_mul).tee(t).get(t).get(x).op(op.f64_sub, op.f64_sub).set(high);
    code.get(x).get(high).op(op.f64_sub).set(low);
  };
  split(a, ah, al);
  split(b, bh, bl);
  // pl = ((ah*bh - ph) + ah*bl + al*bh) + al*bl.
  code.get(ah).get(bh).op(op.f64_mul).get(ph).op(op.f64_sub).get(ah).get(bl).op(op.f64_mul, op.f64_add).get(al).get(bh).op(op.f64_mul, op.f64_add).get(al).get(bl).op(op.f64_mul, op.f64_add).set(pl);
  const twoSum = (x: number, y: number, sum: number, rest: number): void => {
    code.get(x).get(y).op(op.f64_add).set(sum);
    code.get(sum).get(x).op(op.f64_sub).set(t);
    code.get(x).get(sum).get(t).op(op.f64_sub, op.f64_sub).get(y).get(t).op(op.f64_sub, op.f64_add).set(rest);
  };
  twoSum(c, pl, uh, ul);
  twoSum(ph, uh, th, tl);
  // ah + al := tl + ul exactly; made odd where something is left over.
  twoSum(tl, ul, ah, al);
  code.get(al).f64(0).op(op.f64_ne).get(ah).op(op.i64_reinterpret_f64).tee(bits).i64(1n).op(op.i64_and, op.i64_eqz, op.i32_and).if();
  code.get(bits).i64(1n).i64(-1n).get(bits).get(al).op(op.i64_reinterpret_f64, op.i64_xor).i64(0n).op(op.i64_ge_s, op.select, op.i64_add, op.f64_reinterpret_i64).set(ah);
  code.end();
  return code.get(th).get(ah).op(op.f64_add);
}
