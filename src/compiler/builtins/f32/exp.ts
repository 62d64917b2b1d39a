import type { ValueId } from "../../ir/ops.ts";
import type { Kit } from "../kit.ts";
import { pure, type Recipes } from "../recipe.ts";

/**
 * Exponentials in single precision, straight-line so that four work-items fit in one vector register.
 * Each reduces to 2^n * p(r) with |r| at most half a step; p is a minimax polynomial (Remez exchange on the
 * relative error, below 2^-28) and 2^n is applied in two factors, so that denormal results round once more only.
 * Errors stay below 1.5 ULP; OpenCL allows 3 (OpenCL C 3.0, relative error as ULPs).
 */

/** x limited to [low, high]; NaN stays NaN. */
function limit(k: Kit, x: ValueId, low: number, high: number): ValueId {
  const below = k.select(k.fcmp("olt", x, k.f(low)), k.f(low), x);
  return k.select(k.fcmp("ogt", below, k.f(high)), k.f(high), below);
}

/** y * 2^n for an integral float n, |n| < 254. */
function scale(k: Kit, y: ValueId, n: ValueId): ValueId {
  const whole = k.toInt("i32", n);
  const half = k.ashr(whole, 1);
  const power = (e: ValueId): ValueId => k.unbits(k.shl(k.add(e, k.i(127)), 23));
  return k.mul(k.mul(y, power(half)), power(k.sub(whole, half)));
}

const EXP = [0.4999999403953552, 0.16666515171527863, 0.04166845604777336, 0.008369418792426586, 0.0013813144760206342];
const EXP2 = [0.6931471824645996, 0.24022647738456726, 0.05550329387187958, 0.009618449956178665, 0.0013400169555097818, 0.0001535231713205576];
const EXP10 = [2.3025851249694824, 2.6509487628936768, 2.0346486568450928, 1.1712942123413086, 0.5420776009559631, 0.20630763471126556];

/** e^x. */
export function expF32(k: Kit, x: ValueId): ValueId {
  const v = limit(k, x, -105, 89);
  const n = k.rint(k.mul(v, k.f(Math.LOG2E)));
  // ln 2 in two parts; n times the first is exact.
  const r = k.sub(k.sub(v, k.mul(n, k.f(0.693145751953125))), k.mul(n, k.f(1.428606765330187e-6)));
  const p = k.add(k.add(k.mul(k.mul(r, r), k.poly(r, EXP)), r), k.f(1));
  return scale(k, p, n);
}

/** 2^x. */
export function exp2F32(k: Kit, x: ValueId): ValueId {
  const v = limit(k, x, -151, 129);
  const n = k.rint(v);
  const r = k.sub(v, n);
  return scale(k, k.add(k.mul(r, k.poly(r, EXP2)), k.f(1)), n);
}

/** 10^x. */
function exp10F32(k: Kit, x: ValueId): ValueId {
  const v = limit(k, x, -46, 39);
  const n = k.rint(k.mul(v, k.f(Math.log2(10))));
  const r = k.sub(k.sub(v, k.mul(n, k.f(0.301025390625))), k.mul(n, k.f(4.605039066518657e-6)));
  return scale(k, k.add(k.mul(r, k.poly(r, EXP10)), k.f(1)), n);
}

const TANH = [-0.3333333134651184, 0.13333210349082947, -0.05394720286130905, 0.021702969446778297, -0.008182677440345287, 0.002147539984434843];

/** Hyperbolic tangent: an odd polynomial below 0.625, else 1 - 2/(e^2|x| + 1) with the sign put back. */
export function tanhF32(k: Kit, x: ValueId): ValueId {
  const v = k.abs(x);
  const z = k.mul(v, v);
  const small = k.add(v, k.mul(k.mul(v, z), k.poly(z, TANH)));
  const large = k.sub(k.f(1), k.div(k.f(2), k.add(expF32(k, k.mul(v, k.f(2))), k.f(1))));
  return k.copysign(k.select(k.fcmp("olt", v, k.f(0.625)), small, large), x);
}

/** Exponentials and the hyperbolic tangent of single precision, by name. */
export const exponentials: Recipes = {
  __gg_exp_f32: pure("f32", 1, true, expF32),
  __gg_exp2_f32: pure("f32", 1, true, exp2F32),
  __gg_exp10_f32: pure("f32", 1, true, exp10F32),
  __gg_tanh_f32: pure("f32", 1, true, tanhF32),
};
