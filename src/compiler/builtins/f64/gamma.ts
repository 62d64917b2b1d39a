import type { ValueId } from "../../ir/ops.ts";
import type { Kit } from "../kit.ts";
import { pure, type Recipe, type Recipes } from "../recipe.ts";
import { scalePair, twoSum } from "./dd.ts";

/**
 * Gamma functions in double precision: polynomials around 2, recurrence up to 10 or 12, Stirling's series above, reflection for
 * negative arguments. tgamma's error stays below 12 ULP (OpenCL allows 16); lgamma's is unspecified.
 */

/** gamma(2 + z), |z| at most 1/2. */
const GAMMA = [
  1, 0.42278433509846713, 0.41184033042643964, 0.08157691924708446, 0.07424901075352243, -0.00026698206858868223, 0.011154045717659537,
  -0.0028526458273698124, 0.0021039333540756205, -0.0009195737034440564, 0.0004903882292087458, -0.00024094320259264478, 0.00012167609313412914,
  -6.077850497685384e-5, 3.0438451464912898e-5, -1.5308389985214965e-5, 7.685454958622112e-6, -3.5851384131508393e-6, 1.7422129302952548e-6,
  -1.3336345926487516e-6, 7.075412316164233e-7,
];
/** lgamma(2 + z) / z, |z| at most 1/2. */
const LGAMMA = [
  0.42278433509846713, 0.3224670334241132, -0.06735230105319809, 0.02058080842778463, -0.007385551028674535, 0.0028905103307345654,
  -0.0011927539116737581, 0.0005096695250193963, -0.00022315475926600604, 9.945750676504087e-5, -4.4926223708716234e-5, 2.0507291271746745e-5,
  -9.439618031737035e-6, 4.3742275698303506e-6, -2.0383916730282037e-6, 9.584071038024926e-7, -4.525696591045139e-7, 2.0196286357848928e-7,
  -9.22860202766258e-8, 6.470731787176395e-8, -3.349347403070677e-8,
];
/** Stirling's series: B(2n) / (2n (2n - 1)), in odd powers of 1/x. */
const STIRLING = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156, -3617 / 122400];
const LOG_ROOT_2PI = 0.9189385332046728;

/** The correction of Stirling's formula for log gamma. */
function series(k: Kit, x: ValueId): ValueId {
  const r = k.div(k.d(1), x);
  return k.mul(r, k.poly(k.mul(r, r), STIRLING));
}

/** The square root of gamma(x), for x from 12 to 200: in two halves neither over- nor underflows. */
function rootOfGamma(k: Kit, x: ValueId): ValueId {
  const [hi, lo] = k.call("__gg_log_pair_f64", x);
  const product = scalePair(k, { hi: hi!, lo: lo! }, k.sub(x, k.d(0.5)));
  const sum = twoSum(k, product.hi, k.neg(x));
  const rest = k.add(k.add(sum.lo, product.lo), k.add(series(k, x), k.d(LOG_ROOT_2PI)));
  const half = twoSum(k, k.mul(sum.hi, k.d(0.5)), k.mul(rest, k.d(0.5)));
  return k.call1("__gg_exp_pair_f64", half.hi, half.lo);
}

/** Recurrence from |x| below 12 to [1.5, 2.5]: gamma(x) = gamma(y) * up / down. */
function recurrence(k: Kit, x: ValueId): ValueId {
  const [high, up] = k.loop([x, k.d(1)], ([y]) => k.fcmp("oge", y!, k.d(2.5)), ([y, p]) => {
    const next = k.sub(y!, k.d(1));
    return [next, k.mul(p!, next)];
  });
  const [y, down] = k.loop([high!, k.d(1)], ([v]) => k.fcmp("olt", v!, k.d(1.5)), ([v, p]) => [k.add(v!, k.d(1)), k.mul(p!, v!)]);
  const value = k.poly(k.sub(y!, k.d(2)), GAMMA);
  return k.div(k.mul(value, up!), down!);
}

function tgamma(k: Kit, x: ValueId): ValueId {
  const v = k.abs(x);
  const [value] = k.if(k.fcmp("olt", v, k.d(12)), () => [recurrence(k, x)], () => {
    const limited = k.select(k.fcmp("ogt", v, k.d(200)), k.d(200), v);
    const root = rootOfGamma(k, limited);
    const positive = k.mul(root, root);
    // gamma(-v) = -pi / (v sin(pi v) gamma(v)), divided by one half at a time.
    const sine = k.mul(k.call1("__gg_sinpi_f64", v), v);
    const negative = k.neg(k.div(k.div(k.div(k.d(Math.PI), sine), root), root));
    return [k.select(k.fcmp("olt", x, k.d(0)), negative, positive)];
  });
  const whole = k.and(k.fcmp("olt", x, k.d(0)), k.fcmp("oeq", k.float1("ftrunc", x), x));
  const tiny = k.select(k.fcmp("olt", v, k.d(2 ** -60)), k.div(k.d(1), x), value!);
  const top = k.select(k.fcmp("oeq", x, k.d(Infinity)), x, tiny);
  return k.select(k.or(whole, k.fcmp("uno", x, x)), k.nan("f64"), top);
}

/** log gamma(v) for v > 0. */
function lgammaPositive(k: Kit, v: ValueId): ValueId {
  const small = (): ValueId => {
    // lgamma(1 + z) = lgamma(2 + z) - log1p(z), and once more below 1/2.
    const belowHalf = k.fcmp("olt", v, k.d(0.5));
    const z = k.select(belowHalf, v, k.sub(v, k.d(1)));
    const one = k.sub(k.mul(z, k.poly(z, LGAMMA)), k.call1("__gg_log1p_f64", z));
    return k.select(belowHalf, k.sub(one, k.call1("__gg_log_f64", v)), one);
  };
  const middle = (): ValueId => {
    const [y, p] = k.loop([v, k.d(1)], ([w]) => k.fcmp("oge", w!, k.d(2.5)), ([w, product]) => {
      const next = k.sub(w!, k.d(1));
      return [next, k.mul(product!, next)];
    });
    const z = k.sub(y!, k.d(2));
    return k.add(k.mul(z, k.poly(z, LGAMMA)), k.call1("__gg_log_f64", p!));
  };
  const large = (): ValueId => {
    const log = k.call1("__gg_log_f64", v);
    return k.add(k.mul(k.sub(v, k.d(0.5)), k.sub(log, k.d(1))), k.add(series(k, v), k.d(LOG_ROOT_2PI - 0.5)));
  };
  const [value] = k.if(k.fcmp("olt", v, k.d(1.5)), () => [small()], () => k.if(k.fcmp("olt", v, k.d(10)), () => [middle()], () => [large()]));
  return value!;
}

/** lgamma and the sign of gamma. */
const lgammaR: Recipe = {
  params: ["f64"], results: ["f64", "i32"], inline: false,
  build(k, [x]) {
    const v = k.abs(x!);
    const positive = lgammaPositive(k, v);
    const sine = k.call1("__gg_sinpi_f64", v);
    const below = k.fcmp("olt", x!, k.d(0));
    // Close to 0 the product of v and its sine would vanish before the logarithm is infinite.
    const tiny = k.fcmp("olt", v, k.d(2 ** -60));
    const reflected = k.select(tiny, positive, k.sub(k.call1("__gg_log_f64", k.div(k.d(Math.PI), k.abs(k.mul(v, sine)))), positive));
    const value = k.select(below, reflected, positive);
    const pole = k.or(k.fcmp("oeq", x!, k.d(0)), k.and(below, k.fcmp("oeq", sine, k.d(0))));
    const infinite = k.or(pole, k.fcmp("oeq", v, k.d(Infinity)));
    const result = k.select(k.fcmp("uno", x!, x!), x!, k.select(infinite, k.d(Infinity), value));
    // gamma(-v) has the sign of -sin(pi v).
    const negative = k.select(below, k.fcmp("ogt", sine, k.d(0)), k.icmp("lt.s", k.bits(x!), k.l(0)));
    return [result, k.select(negative, k.i(-1), k.i(1))];
  },
};

/** Gamma functions of double precision, by name. */
export const gammas64: Recipes = {
  __gg_tgamma_f64: pure("f64", 1, false, tgamma),
  __gg_lgamma_r_f64: lgammaR,
  __gg_lgamma_f64: pure("f64", 1, false, (k, x) => k.call("__gg_lgamma_r_f64", x)[0]!),
};
