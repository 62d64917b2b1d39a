import type { ValueId } from "../../ir/ops.ts";
import type { Kit } from "../kit.ts";
import { pure, shaped, type Recipe, type Recipes } from "../recipe.ts";

/** Exponents, mantissas, remainders of doubles: all exact. */

/** x * 2^n: whatever is lost is lost in the last multiplication, so that denormals are rounded once. */
function ldexp(k: Kit, x: ValueId, n: ValueId): ValueId {
  const clamp = (v: ValueId, low: number, high: number): ValueId => k.int("min.s", k.int("max.s", v, k.i(low)), k.i(high));
  const power = (e: ValueId): ValueId => k.unbits(k.shl(k.conv("sext", "i64", k.add(e, k.i(1023))), 52));
  const bounded = clamp(n, -2200, 2200);
  // Upward in steps of at most 1023; downward in steps that stay 53 bits above the denormals until the last.
  const first = clamp(bounded, -969, 1023);
  const rest = k.sub(bounded, first);
  const second = clamp(rest, -969, 1023);
  const third = clamp(k.sub(rest, second), -1022, 1023);
  return k.mul(k.mul(k.mul(x, power(first)), power(second)), power(third));
}

/** Biased exponent and bits of |x| after denormals are made normal; `shift` is what that took. */
function normalised(k: Kit, x: ValueId): { bits: ValueId; exponent: ValueId } {
  const tiny = k.fcmp("olt", k.abs(x), k.d(2 ** -1022));
  const bits = k.bits(k.select(tiny, k.mul(x, k.d(2 ** 54)), x));
  const field = k.conv("trunc", "i32", k.and(k.lshr(bits, 52), k.l(0x7ff)));
  return { bits, exponent: k.sub(field, k.select(tiny, k.i(1023 + 54), k.i(1023))) };
}

/** FP_ILOGB0 for zero, FP_ILOGBNAN for NaN, the largest int for infinity. */
function ilogb(k: Kit, x: ValueId): ValueId {
  const { exponent } = normalised(k, x);
  const infinite = k.select(k.fcmp("oeq", k.abs(x), k.d(Infinity)), k.i(0x7fff_ffff), exponent);
  const zero = k.select(k.fcmp("oeq", x, k.d(0)), k.i(-0x8000_0000), infinite);
  return k.select(k.fcmp("uno", x, x), k.i(0x7fff_ffff), zero);
}

function logb(k: Kit, x: ValueId): ValueId {
  const exponent = k.toFloat("f64", normalised(k, x).exponent);
  const infinite = k.select(k.fcmp("oeq", k.abs(x), k.d(Infinity)), k.d(Infinity), exponent);
  const zero = k.select(k.fcmp("oeq", x, k.d(0)), k.d(-Infinity), infinite);
  return k.select(k.fcmp("uno", x, x), x, zero);
}

/** x = m * 2^e with |m| in [1/2, 1); zeros, infinities and NaN come back with e = 0. */
const frexp: Recipe = {
  params: ["f64"], results: ["f64", "i32"], inline: true,
  build(k, [x]) {
    const { bits, exponent } = normalised(k, x!);
    const mantissa = k.unbits(k.or(k.and(bits, k.l(~(0x7ffn << 52n))), k.l(1022n << 52n)));
    const a = k.abs(x!);
    const ordinary = k.and(k.fcmp("ogt", a, k.d(0)), k.fcmp("olt", a, k.d(Infinity)));
    return [k.select(ordinary, mantissa, x!), k.select(ordinary, k.add(exponent, k.i(1)), k.i(0))];
  },
};

/** Bits of the quotient that remquo gives. */
const QUOTIENT_BITS = 7;

/**
 * IEEE remainder, and the low bits of the quotient with its sign: x is first taken modulo 2^7 y (exactly), then the quotient is
 * small and the rounding to the nearest is decided by comparing halves.
 */
const remquo: Recipe = {
  params: ["f64", "f64"], results: ["f64", "i32"], inline: false,
  build(k, [x, y]) {
    const a = k.abs(x!);
    const b = k.abs(y!);
    const big = k.fcmp("ogt", b, k.d(2 ** (1023 - QUOTIENT_BITS)));
    const scale = k.select(big, b, k.mul(b, k.d(2 ** QUOTIENT_BITS)));
    const start = k.select(big, a, k.float("frem", a, scale));
    // Binary long division by 64 b, 32 b ... b: all subtractions are exact.
    let rest = start;
    let quotient = k.i(0);
    for (let bit = QUOTIENT_BITS - 1; bit >= 0; bit--) {
      const step = k.mul(b, k.d(2 ** bit));
      const fits = k.fcmp("oge", rest, step);
      rest = k.select(fits, k.sub(rest, step), rest);
      quotient = k.select(fits, k.or(quotient, k.i(1 << bit)), quotient);
    }
    // To the nearest: rest against b - rest, ties to even.
    const other = k.sub(b, rest);
    const odd = k.icmp("ne", k.and(quotient, k.i(1)), k.i(0));
    const up = k.or(k.fcmp("ogt", rest, other), k.and(k.fcmp("oeq", rest, other), odd));
    const nearest = k.select(up, k.neg(other), rest);
    const count = k.and(k.select(up, k.add(quotient, k.i(1)), quotient), k.i((1 << QUOTIENT_BITS) - 1));
    const flipped = k.icmp("lt.s", k.xor(k.bits(x!), k.bits(y!)), k.l(0));
    const negative = k.icmp("lt.s", k.bits(x!), k.l(0));
    const zero = k.fcmp("oeq", nearest, k.d(0));
    const signed = k.select(zero, k.copysign(k.d(0), x!), k.select(negative, k.neg(nearest), nearest));
    const infinite = k.fcmp("oeq", b, k.d(Infinity));
    const bad = k.or(k.or(k.fcmp("oeq", a, k.d(Infinity)), k.fcmp("oeq", b, k.d(0))), k.fcmp("uno", x!, y!));
    const result = k.select(bad, k.nan("f64"), k.select(infinite, x!, signed));
    const q = k.select(k.or(bad, infinite), k.i(0), k.select(flipped, k.neg(count), count));
    return [result, q];
  },
};

/** Exponents, mantissas and remainders of double precision, by name. */
export const parts64: Recipes = {
  __gg_ldexp_f64: shaped(["f64", "i32"], "f64", true, (k, x, n) => ldexp(k, x!, n!)),
  __gg_ilogb_f64: shaped(["f64"], "i32", true, (k, x) => ilogb(k, x!)),
  __gg_logb_f64: pure("f64", 1, true, logb),
  __gg_frexp_f64: frexp,
  __gg_remquo_f64: remquo,
  __gg_remainder_f64: pure("f64", 2, false, (k, x, y) => k.call("__gg_remquo_f64", x, y)[0]!),
};
