import type { ValueId } from "../../ir/ops.ts";
import type { Kit } from "../kit.ts";
import { pure, shaped, type Recipes } from "../recipe.ts";

/**
 * Exponentials in double precision: reduction to 2^n * e^r with |r| at most half of ln 2, and a minimax polynomial
 * (relative error below 2^-61). Errors stay below 1 ULP (exp, exp2, expm1) and 2 (exp10); OpenCL allows 3.
 */
const Q = [
  0.5, 0.16666666666666677, 0.0416666666666665, 0.008333333333321228, 0.0013888888888965313, 0.00019841269887295538,
  2.4801587168678088e-5, 2.7557242896608416e-6, 2.75574043041957e-7, 2.5109537719974335e-8, 2.0875312187329886e-9,
];
/** ln 2 with 32 bits, so that n times it is exact, and the rest. */
const LN2_HI = 0.6931471803691238;
const LN2_LO = 1.9082149292705877e-10;

function limit(k: Kit, x: ValueId, low: number, high: number): ValueId {
  const below = k.select(k.fcmp("olt", x, k.d(low)), k.d(low), x);
  return k.select(k.fcmp("ogt", below, k.d(high)), k.d(high), below);
}

/** 2^n for a whole f64 n between -1022 and 1023. */
function powerOf2(k: Kit, n: ValueId): ValueId {
  return k.unbits(k.shl(k.add(k.toInt("i64", n), k.l(1023)), 52));
}

/** y * 2^n, |n| < 2046, in two factors. */
function scale(k: Kit, y: ValueId, n: ValueId): ValueId {
  const half = k.float1("ffloor", k.mul(n, k.d(0.5)));
  return k.mul(k.mul(y, powerOf2(k, half)), powerOf2(k, k.sub(n, half)));
}

/** e^r - 1 for a small r, with a correction much smaller than r. */
function expm1Small(k: Kit, r: ValueId): ValueId {
  return k.add(r, k.mul(k.mul(r, r), k.poly(r, Q)));
}

/** n and r of x = n * ln 2 + r. */
function reduce(k: Kit, x: ValueId): { n: ValueId; r: ValueId } {
  const n = k.rint(k.mul(x, k.d(Math.LOG2E)));
  return { n, r: k.sub(k.sub(x, k.mul(n, k.d(LN2_HI))), k.mul(n, k.d(LN2_LO))) };
}

/** e^(hi + lo), where lo is a small correction of hi. */
export function expPair(k: Kit, hi: ValueId, lo: ValueId | null): ValueId {
  const v = limit(k, hi, -750, 712);
  const { n, r } = reduce(k, v);
  const inside = k.fcmp("oeq", v, hi);
  const corrected = lo === null ? r : k.add(r, k.select(inside, lo, k.d(0)));
  return scale(k, k.add(k.d(1), expm1Small(k, corrected)), n);
}

function exp2(k: Kit, x: ValueId): ValueId {
  const v = limit(k, x, -1080, 1025);
  const n = k.rint(v);
  return scale(k, k.add(k.d(1), expm1Small(k, k.mul(k.sub(v, n), k.d(Math.LN2)))), n);
}

function exp10(k: Kit, x: ValueId): ValueId {
  const v = limit(k, x, -326, 309.5);
  const n = k.rint(k.mul(v, k.d(Math.log2(10))));
  const r = k.sub(k.sub(v, k.mul(n, k.d(0.30102999566361177))), k.mul(n, k.d(3.694239077158931e-13)));
  return scale(k, k.add(k.d(1), expm1Small(k, k.mul(r, k.d(Math.LN10)))), n);
}

/** e^x - 1 = 2^n (e^r - 1) + (2^n - 1). Above 2^56 the 1 no longer counts. */
function expm1(k: Kit, x: ValueId): ValueId {
  const v = limit(k, x, -45, 60);
  const { n, r } = reduce(k, v);
  const small = expm1Small(k, r);
  const power = powerOf2(k, n);
  const value = k.select(k.fcmp("oeq", n, k.d(0)), small, k.add(k.mul(power, small), k.sub(power, k.d(1))));
  const large = k.select(k.fcmp("ogt", x, k.d(40)), k.call1("__gg_exp_f64", x), value);
  return k.select(k.fcmp("oeq", x, k.d(0)), x, large);
}

/** Exponentials of double precision, by name; `pair` takes its argument as two doubles. */
export const exponentials64: Recipes = {
  __gg_exp_f64: pure("f64", 1, true, (k, x) => expPair(k, x, null)),
  __gg_exp_pair_f64: shaped(["f64", "f64"], "f64", false, (k, hi, lo) => expPair(k, hi!, lo!)),
  __gg_exp2_f64: pure("f64", 1, true, exp2),
  __gg_exp10_f64: pure("f64", 1, true, exp10),
  __gg_expm1_f64: pure("f64", 1, false, expm1),
};
