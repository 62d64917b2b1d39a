import type { ValueId } from "../../ir/ops.ts";
import type { Kit } from "../kit.ts";
import { pure, type Recipes } from "../recipe.ts";
import { addPairs, divPairs, mulPairs, pair, quickTwoSum, twoSum, type Pair } from "./dd.ts";

/**
 * Logarithms in double precision. x = 2^e * (1 + f), 1 + f in [sqrt(1/2), sqrt 2); with s = f / (2 + f),
 * log(1 + f) = 2s + s^3 P(s^2), P minimax (relative error below 2^-59). Errors stay below 1 ULP (log), 2 (log1p, log2, log10).
 */
const P = [0.6666666666666735, 0.3999999999941109, 0.2857142874326251, 0.22222198476009952, 0.18183569738561328, 0.1531390327564232, 0.147975074591232];
/** P(z) = 2/3 + z R(z), for the pair form. */
const R = [0.3999999999999998, 0.2857142857144522, 0.22222222217510557, 0.1818181887349682, 0.15384556653642373, 0.1333632579225645, 0.11674648300071157, 0.11990432733901586];

const LN2_HI = 0.6931471803691238;
const LN2_LO = 1.9082149292705877e-10;
const SQRT_HALF_BITS = 0x3fe6_a09e_667f_3bcdn;

/** e as f64 and m in [sqrt(1/2), sqrt 2) of a positive finite x. */
function decompose(k: Kit, x: ValueId): { e: ValueId; m: ValueId } {
  const tiny = k.fcmp("olt", x, k.d(2 ** -1022));
  const bits = k.bits(k.select(tiny, k.mul(x, k.d(2 ** 54)), x));
  const exponent = k.ashr(k.sub(bits, k.l(SQRT_HALF_BITS)), 52);
  const m = k.unbits(k.sub(bits, k.shl(exponent, 52)));
  return { e: k.toFloat("f64", k.sub(exponent, k.select(tiny, k.l(54), k.l(0)))), m };
}

/** log(1 + f) - f, to the precision that the sum with f needs. */
function rest(k: Kit, f: ValueId): ValueId {
  const s = k.div(f, k.add(f, k.d(2)));
  const z = k.mul(s, s);
  const half = k.mul(k.mul(f, f), k.d(0.5));
  return k.sub(k.mul(s, k.add(half, k.mul(z, k.poly(z, P)))), half);
}

function atTheEnds(k: Kit, x: ValueId, inside: ValueId): ValueId {
  const top = k.select(k.fcmp("oeq", x, k.d(Infinity)), x, inside);
  const bottom = k.select(k.fcmp("oeq", x, k.d(0)), k.d(-Infinity), top);
  return k.select(k.fcmp("ult", x, k.d(0)), k.nan("f64"), bottom);
}

function log(k: Kit, x: ValueId): ValueId {
  const { e, m } = decompose(k, x);
  const f = k.sub(m, k.d(1));
  const low = k.add(k.mul(e, k.d(LN2_LO)), rest(k, f));
  return atTheEnds(k, x, k.add(k.mul(e, k.d(LN2_HI)), k.add(f, low)));
}

/** e + log(1 + f) * factor, where factor is given as a short part and the rest. */
function scaled(k: Kit, whole: ValueId, wholeLow: ValueId | null, f: ValueId, short: number, factor: number): ValueId {
  const tail = rest(k, f);
  const small = k.add(k.mul(tail, k.d(factor)), k.mul(f, k.d(factor - short)));
  const low = wholeLow === null ? small : k.add(small, wholeLow);
  const main = twoSum(k, whole, k.mul(f, k.d(short)));
  return k.add(main.hi, k.add(main.lo, low));
}

function log2(k: Kit, x: ValueId): ValueId {
  const { e, m } = decompose(k, x);
  return atTheEnds(k, x, scaled(k, e, null, k.sub(m, k.d(1)), 1.4375, Math.LOG2E));
}

function log10(k: Kit, x: ValueId): ValueId {
  const { e, m } = decompose(k, x);
  const whole = k.mul(e, k.d(0.30102999566361177));
  return atTheEnds(k, x, scaled(k, whole, k.mul(e, k.d(3.694239077158931e-13)), k.sub(m, k.d(1)), 0.4375, Math.LOG10E));
}

/** log(1 + x): 1 + x is rounded, and what that lost is put back as lost / (1 + x). */
function log1p(k: Kit, x: ValueId): ValueId {
  const sum = twoSum(k, k.d(1), x);
  const { e, m } = decompose(k, sum.hi);
  const near = k.fcmp("olt", k.abs(x), k.d(0.25));
  const f = k.select(near, x, k.sub(m, k.d(1)));
  const exponent = k.select(near, k.d(0), e);
  const lost = k.select(near, k.d(0), k.div(sum.lo, sum.hi));
  const low = k.add(k.add(k.mul(exponent, k.d(LN2_LO)), lost), rest(k, f));
  const value = k.add(k.mul(exponent, k.d(LN2_HI)), k.add(f, low));
  const inside = k.select(k.fcmp("oeq", x, k.d(Infinity)), x, value);
  const pole = k.select(k.fcmp("oeq", x, k.d(-1)), k.d(-Infinity), inside);
  const domain = k.select(k.fcmp("ult", x, k.d(-1)), k.nan("f64"), pole);
  return k.select(k.fcmp("oeq", x, k.d(0)), x, domain);
}

/** log x for a positive finite x, with about 68 bits. */
export function logPair(k: Kit, x: ValueId): Pair {
  const { e, m } = decompose(k, x);
  const f = k.sub(m, k.d(1));
  const s = divPairs(k, { hi: f, lo: k.d(0) }, twoSum(k, m, k.d(1)));
  const z = mulPairs(k, s, s);
  const third = pair(k, 0.6666666666666666, 3.700743415417188e-17);
  const p = quickTwoSum(k, third.hi, k.add(third.lo, k.mul(z.hi, k.poly(z.hi, R))));
  const cubic = mulPairs(k, mulPairs(k, s, z), p);
  const double = { hi: k.mul(s.hi, k.d(2)), lo: k.mul(s.lo, k.d(2)) };
  // ln 2 in three parts: e times each of the first two is exact.
  const whole = twoSum(k, k.mul(e, k.d(LN2_HI)), k.mul(e, k.d(1.9082149288430703e-10)));
  const exponent = { hi: whole.hi, lo: k.add(whole.lo, k.mul(e, k.d(4.275175589747649e-20))) };
  return addPairs(k, exponent, addPairs(k, double, cubic));
}

/** Logarithms of double precision, by name; `pair` gives its result as two doubles. */
export const logarithms64: Recipes = {
  __gg_log_f64: pure("f64", 1, true, log),
  __gg_log2_f64: pure("f64", 1, false, log2),
  __gg_log10_f64: pure("f64", 1, false, log10),
  __gg_log1p_f64: pure("f64", 1, false, log1p),
  __gg_log_pair_f64: {
    params: ["f64"], results: ["f64", "f64"], inline: false,
    build: (k, [x]) => {
      const { hi, lo } = logPair(k, x!);
      return [hi, lo];
    },
  },
};
