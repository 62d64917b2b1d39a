import type { ValueId } from "../../ir/ops.ts";
import type { Kit } from "../kit.ts";
import { pure, type Recipe, type Recipes } from "../recipe.ts";
import { reduce, reduceSmall, remPio2Far, type Reduced } from "./reduce.ts";

/**
 * Sine, cosine and tangent in single precision: reduce, evaluate both minimax polynomials, choose by quadrant.
 * Errors stay below 2 ULP (tan: 4); OpenCL allows 4 (tan: 5).
 */
const SIN = [-0.1666666716337204, 0.008333329111337662, -0.00019839272135868669, 2.7177450192539254e-6];
const COS = [0.0416666679084301, -0.0013888883404433727, 2.4799417587928474e-5, -2.7202202090848004e-7];
const TAN = [0.3333335220813751, 0.13332612812519073, 0.05406578630208969, 0.021251000463962555, 0.010918797925114632, -1.82487528945785e-5, 0.004430657718330622];

/** The sine as a product, r * (1 + ...), not a sum: that keeps -0. */
function kernels(k: Kit, r: ValueId): { sin: ValueId; cos: ValueId } {
  const z = k.mul(r, r);
  const sin = k.mul(r, k.poly(z, [1, ...SIN]));
  const cos = k.add(k.sub(k.f(1), k.mul(z, k.f(0.5))), k.mul(k.mul(z, z), k.poly(z, COS)));
  return { sin, cos };
}

/** Flips the sign of `value` when bit 1 of `n` is set. */
function flip(k: Kit, value: ValueId, n: ValueId): ValueId {
  return k.unbits(k.xor(k.bits(value), k.shl(k.and(n, k.i(2)), 30)));
}

function odd(k: Kit, n: ValueId): ValueId {
  return k.icmp("ne", k.and(n, k.i(1)), k.i(0));
}

function sinOf(k: Kit, { r, n }: Reduced): ValueId {
  const { sin, cos } = kernels(k, r);
  return flip(k, k.select(odd(k, n), cos, sin), n);
}

function cosOf(k: Kit, { r, n }: Reduced): ValueId {
  const { sin, cos } = kernels(k, r);
  return flip(k, k.select(odd(k, n), sin, cos), k.add(n, k.i(1)));
}

/** Tangent of a reduced angle. */
function tanOf(k: Kit, { r, n }: Reduced): ValueId {
  const z = k.mul(r, r);
  const t = k.mul(r, k.poly(z, [1, ...TAN]));
  return k.select(odd(k, n), k.neg(k.div(k.f(1), t)), t);
}

/** Keeps a reduced angle that went astray inside [-1, 1], so that a fast sine of a huge angle stays bounded. NaN stays. */
function bounded(k: Kit, { r, n }: Reduced): Reduced {
  const low = k.select(k.fcmp("olt", r, k.f(-1)), k.f(-1), r);
  return { r: k.select(k.fcmp("ogt", low, k.f(1)), k.f(1), low), n };
}

/** x = n/2 + r with |r| at most 1/4, exactly; then the angle is pi*r. */
function halfTurns(k: Kit, angle: ValueId): Reduced {
  // From 2^24 on all floats are even numbers of half turns; twice the largest would overflow.
  const x = k.select(k.fcmp("olt", k.abs(angle), k.f(2 ** 24)), angle, k.sub(angle, angle));
  const n = k.rint(k.mul(x, k.f(2)));
  const rest = k.sub(x, k.mul(n, k.f(0.5)));
  const low = k.sub(n, k.mul(k.float1("ffloor", k.mul(n, k.f(0.25))), k.f(4)));
  return { r: k.mul(rest, k.f(Math.PI)), n: k.toInt("i32", low) };
}

/** sin(pi x); zeros carry the sign of x. */
function sinPi(k: Kit, x: ValueId): ValueId {
  const value = sinOf(k, halfTurns(k, x));
  return k.select(k.fcmp("oeq", value, k.f(0)), k.copysign(k.f(0), x), value);
}

/** cos(pi x); its zeros are positive. */
function cosPi(k: Kit, x: ValueId): ValueId {
  const value = cosOf(k, halfTurns(k, x));
  return k.select(k.fcmp("oeq", value, k.f(0)), k.f(0), value);
}

/** tan(pi x): at n it is 0 with the sign of n for even n, of -n for odd n; at n + 1/2 it is +inf for even n, -inf for odd n. */
function tanPi(k: Kit, x: ValueId): ValueId {
  const { r, n } = halfTurns(k, x);
  const value = tanOf(k, { r, n });
  const secondHalf = k.icmp("ne", k.and(n, k.i(2)), k.i(0));
  const signed = k.select(secondHalf, k.neg(x), x);
  const atZero = k.copysign(k.f(0), signed);
  const atPole = k.select(secondHalf, k.f(-Infinity), k.f(Infinity));
  const special = k.select(odd(k, n), atPole, atZero);
  return k.select(k.fcmp("oeq", r, k.f(0)), special, value);
}

const both = (reduction: (k: Kit, x: ValueId) => Reduced): Recipe => ({
  params: ["f32"], results: ["f32", "f32"], inline: true,
  build: (k, [x]) => {
    const reduced = reduction(k, x!);
    return [sinOf(k, reduced), cosOf(k, reduced)];
  },
});

const fast = (k: Kit, x: ValueId): Reduced => bounded(k, reduceSmall(k, x));

/** Trigonometry of single precision, by name; the `native` ones are bounded but inaccurate for far angles. */
export const trigonometry: Recipes = {
  __gg_rem_pio2_far_f32: remPio2Far,
  __gg_sin_f32: pure("f32", 1, true, (k, x) => sinOf(k, reduce(k, x))),
  __gg_cos_f32: pure("f32", 1, true, (k, x) => cosOf(k, reduce(k, x))),
  __gg_tan_f32: pure("f32", 1, true, (k, x) => tanOf(k, reduce(k, x))),
  __gg_sincos_f32: both(reduce),
  // Without the branch for far angles: the same values up to 6400, bounded and inaccurate above.
  __gg_native_sin_f32: pure("f32", 1, true, (k, x) => sinOf(k, fast(k, x))),
  __gg_native_cos_f32: pure("f32", 1, true, (k, x) => cosOf(k, fast(k, x))),
  __gg_native_tan_f32: pure("f32", 1, true, (k, x) => tanOf(k, fast(k, x))),
  __gg_sinpi_f32: pure("f32", 1, true, sinPi),
  __gg_cospi_f32: pure("f32", 1, true, cosPi),
  __gg_tanpi_f32: pure("f32", 1, true, tanPi),
};
