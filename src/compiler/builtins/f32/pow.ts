import type { ValueId } from "../../ir/ops.ts";
import { powAtTheEnds, powrAtTheEnds, rootAtTheEnds } from "../f64/power.ts";
import type { Kit } from "../kit.ts";
import { pure, shaped, type Recipes } from "../recipe.ts";

/**
 * Powers in single precision, computed as 2^(y log2 x) in double: the product may be as large as 150 and still has to keep its
 * fraction. log2 is good to 2^-45, 2^x to 2^-34: less than 1 ULP together; OpenCL allows 16.
 */
const LOG2 = [2.8853900817778495, 0.9617966941142614, 0.5770779420743573, 0.41220928389955613, 0.31990432151844334, 0.282920913261309];
const EXP2 = [
  0.9999999999613804, 0.6931471807298208, 0.24022651201140338, 0.055504103502950417, 0.009618026848756643, 0.0013333924064464684, 0.0001546942213163674,
  1.5201812973895278e-5,
];
const SQRT_HALF_BITS = 0x3fe6_a09e_667f_3bcdn;

/** log2 of a positive finite f32 (as f64, where none is denormal). */
function log2(k: Kit, x: ValueId): ValueId {
  const bits = k.bits(x);
  const exponent = k.ashr(k.sub(bits, k.l(SQRT_HALF_BITS)), 52);
  const m = k.unbits(k.sub(bits, k.shl(exponent, 52)));
  const s = k.div(k.sub(m, k.d(1)), k.add(m, k.d(1)));
  const e = k.toFloat("f64", k.conv("trunc", "i32", exponent));
  return k.add(e, k.mul(s, k.poly(k.mul(s, s), LOG2)));
}

/** 2^t, far out of range limited to where f32 over- and underflows. */
function exp2(k: Kit, t: ValueId): ValueId {
  const below = k.select(k.fcmp("olt", t, k.d(-200)), k.d(-200), t);
  const v = k.select(k.fcmp("ogt", below, k.d(200)), k.d(200), below);
  const n = k.rint(v);
  const power = k.unbits(k.shl(k.conv("sext", "i64", k.add(k.toInt("i32", n), k.i(1023))), 52));
  return k.mul(k.poly(k.sub(v, n), EXP2), power);
}

/** |x|^y for finite nonzero x. */
function core(k: Kit, x: ValueId, y: ValueId): ValueId {
  return k.narrow(exp2(k, k.mul(y, log2(k, k.widen(k.abs(x))))));
}

/** Powers and roots of single precision, by name. */
export const powers: Recipes = {
  __gg_pow_f32: pure("f32", 2, true, (k, x, y) => powAtTheEnds(k, x, y, core(k, x, k.widen(y)))),
  __gg_powr_f32: pure("f32", 2, true, (k, x, y) => powrAtTheEnds(k, x, y, core(k, x, k.widen(y)))),
  __gg_pown_f32: shaped(["f32", "i32"], "f32", true, (k, x, n) => pown(k, x!, n!)),
  __gg_rootn_f32: shaped(["f32", "i32"], "f32", true, (k, x, n) =>
    rootAtTheEnds(k, x!, n!, k.narrow(exp2(k, k.div(log2(k, k.widen(k.abs(x!))), k.toFloat("f64", n!)))))),
};

/** x^n: as pow, but n may not fit single precision, so that the exceptions are decided in double. */
function pown(k: Kit, x: ValueId, n: ValueId): ValueId {
  const y = k.toFloat("f64", n);
  const inside = exp2(k, k.mul(y, log2(k, k.widen(k.abs(x)))));
  return k.narrow(powAtTheEnds(k, k.widen(x), y, inside));
}
