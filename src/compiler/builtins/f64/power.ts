import type { ValueId } from "../../ir/ops.ts";
import type { Kit } from "../kit.ts";
import { pure, shaped, type Recipes } from "../recipe.ts";
import { divPairs, scalePair } from "./dd.ts";

/**
 * Powers and roots in double precision: e^(y log x), the logarithm with 68 bits so that its product with y keeps 2^-57.
 * Errors stay below 2 ULP; OpenCL allows 16 (cbrt 2, hypot 4).
 */

/** |x|^y for finite nonzero x and finite y. */
function core(k: Kit, x: ValueId, y: ValueId): ValueId {
  const [hi, lo] = k.call("__gg_log_pair_f64", k.abs(x));
  // Beyond 2^65 every power but that of 1 has overflowed or vanished, and the exact product would overflow.
  const limited = k.copysign(k.float("fmin", k.abs(y), k.d(2 ** 65)), y);
  const product = scalePair(k, { hi: hi!, lo: lo! }, limited);
  return k.call1("__gg_exp_pair_f64", product.hi, product.lo);
}

/** Whether a float is whole, and whether it is odd. */
export function parity(k: Kit, y: ValueId): { whole: ValueId; odd: ValueId } {
  const whole = k.fcmp("oeq", k.float1("ftrunc", y), y);
  const half = k.mul(y, k.like(y, 0.5));
  const odd = k.and(whole, k.fcmp("one", k.float1("ftrunc", half), half));
  return { whole, odd };
}

/** The values of pow where core is not asked (C11 section F.10.4.4). `inside` is |x|^y. */
export function powAtTheEnds(k: Kit, x: ValueId, y: ValueId, inside: ValueId): ValueId {
  const type = k.type(x) as "f32" | "f64";
  const c = (n: number): ValueId => k.c(type, n);
  const a = k.abs(x);
  const { whole, odd } = parity(k, y);
  const rising = k.fcmp("ogt", y, c(0));
  const atZero = k.select(rising, c(0), c(Infinity));
  const atInfinity = k.select(rising, c(Infinity), c(0));
  let value = k.select(k.fcmp("oeq", a, c(0)), atZero, inside);
  value = k.select(k.fcmp("oeq", a, c(Infinity)), atInfinity, value);
  const far = k.select(k.fcmp("oeq", a, c(1)), c(1), k.select(k.icmp("eq", k.fcmp("ogt", a, c(1)), rising), c(Infinity), c(0)));
  value = k.select(k.fcmp("oeq", k.abs(y), c(Infinity)), far, value);
  // The sign counts for -0 and -infinity too, so it is looked at in the bits.
  const bits = k.bits(x);
  const negative = k.icmp("lt.s", bits, k.like(bits, 0));
  value = k.select(k.and(negative, odd), k.neg(value), value);
  const finite = k.and(k.fcmp("olt", x, c(0)), k.fcmp("ogt", x, c(-Infinity)));
  value = k.select(k.and(finite, k.not(whole)), k.nan(type), value);
  value = k.select(k.fcmp("uno", x, y), k.nan(type), value);
  return k.select(k.or(k.fcmp("oeq", y, c(0)), k.fcmp("oeq", x, c(1))), c(1), value);
}

/** powr: x^y for x >= 0 only, without pow's exceptions for 0 and 1 (OpenCL C 3.0 section 7.5.1). */
export function powrAtTheEnds(k: Kit, x: ValueId, y: ValueId, inside: ValueId): ValueId {
  const type = k.type(x) as "f32" | "f64";
  const c = (n: number): ValueId => k.c(type, n);
  const zeroOrInfinite = k.or(k.fcmp("oeq", x, c(0)), k.fcmp("oeq", x, c(Infinity)));
  const invalid = k.or(k.and(zeroOrInfinite, k.fcmp("oeq", y, c(0))), k.and(k.fcmp("oeq", x, c(1)), k.fcmp("oeq", k.abs(y), c(Infinity))));
  const bad = k.or(k.or(k.fcmp("olt", x, c(0)), k.fcmp("uno", x, y)), invalid);
  return k.select(bad, k.nan(type), powAtTheEnds(k, k.abs(x), y, inside));
}

/** The nth root; n is an i32. */
function rootn(k: Kit, x: ValueId, n: ValueId): ValueId {
  const order = k.toFloat("f64", n);
  const [hi, lo] = k.call("__gg_log_pair_f64", k.abs(x));
  const quotient = divPairs(k, { hi: hi!, lo: lo! }, { hi: order, lo: k.d(0) });
  const inside = k.call1("__gg_exp_pair_f64", quotient.hi, quotient.lo);
  return rootAtTheEnds(k, x, n, inside);
}

/** rootn at zeros, infinities, negative numbers (OpenCL C 3.0 section 7.5.1). */
export function rootAtTheEnds(k: Kit, x: ValueId, n: ValueId, inside: ValueId): ValueId {
  const type = k.type(x) as "f32" | "f64";
  const c = (v: number): ValueId => k.c(type, v);
  const odd = k.icmp("ne", k.and(n, k.i(1)), k.i(0));
  const falling = k.icmp("lt.s", n, k.i(0));
  const a = k.abs(x);
  let value = k.select(k.fcmp("oeq", a, c(0)), k.select(falling, c(Infinity), c(0)), inside);
  value = k.select(k.fcmp("oeq", a, c(Infinity)), k.select(falling, c(0), c(Infinity)), value);
  value = k.select(odd, k.copysign(value, x), value);
  const bad = k.or(k.icmp("eq", n, k.i(0)), k.or(k.fcmp("uno", x, x), k.and(k.fcmp("olt", x, c(0)), k.not(odd))));
  return k.select(bad, k.nan(type), value);
}

/** Cube root: a guess from the exponent, Halley's iteration, and a last step whose square is exact. */
function cbrt(k: Kit, x: ValueId): ValueId {
  const a = k.abs(x);
  const tiny = k.fcmp("olt", a, k.d(2 ** -1022));
  const huge = k.fcmp("ogt", a, k.d(2 ** 1000));
  const v = k.select(tiny, k.mul(a, k.d(2 ** 54)), k.select(huge, k.mul(a, k.d(2 ** -54)), a));
  // A third of the bits is a third of the exponent and about a third of the mantissa's logarithm.
  let t = k.unbits(k.add(k.int("div.u", k.bits(v), k.l(3)), k.l(0x2a9f_7893_0000_0000n)));
  for (let n = 0; n < 3; n++) {
    const cube = k.mul(k.mul(t, t), t);
    t = k.mul(t, k.div(k.add(cube, k.add(v, v)), k.add(k.add(cube, cube), v)));
  }
  // With 26 bits of t its square is exact, and Newton's correction is what t lacks.
  t = k.unbits(k.and(k.add(k.bits(t), k.l(1n << 26n)), k.l(~((1n << 27n) - 1n))));
  const quotient = k.div(v, k.mul(t, t));
  t = k.add(t, k.mul(t, k.div(k.sub(quotient, t), k.add(k.add(t, t), quotient))));
  const value = k.mul(t, k.select(tiny, k.d(2 ** -18), k.select(huge, k.d(2 ** 18), k.d(1))));
  const ordinary = k.and(k.fcmp("ogt", a, k.d(0)), k.fcmp("olt", a, k.d(Infinity)));
  return k.select(ordinary, k.copysign(value, x), x);
}

/** sqrt(x*x + y*y); infinite if either is, NaN or not. */
function hypot(k: Kit, x: ValueId, y: ValueId): ValueId {
  const a = k.abs(x);
  const b = k.abs(y);
  const largest = k.select(k.fcmp("olt", a, b), b, a);
  const huge = k.fcmp("ogt", largest, k.d(2 ** 500));
  const tiny = k.fcmp("olt", largest, k.d(2 ** -500));
  const scale = k.select(huge, k.d(2 ** -600), k.select(tiny, k.d(2 ** 600), k.d(1)));
  const back = k.select(huge, k.d(2 ** 600), k.select(tiny, k.d(2 ** -600), k.d(1)));
  const p = k.mul(a, scale);
  const q = k.mul(b, scale);
  const value = k.mul(k.sqrt(k.add(k.mul(p, p), k.mul(q, q))), back);
  const infinite = k.or(k.fcmp("oeq", a, k.d(Infinity)), k.fcmp("oeq", b, k.d(Infinity)));
  return k.select(infinite, k.d(Infinity), value);
}

/** Powers and roots of double precision, by name. */
export const powers64: Recipes = {
  __gg_pow_f64: pure("f64", 2, false, (k, x, y) => powAtTheEnds(k, x, y, core(k, x, y))),
  __gg_powr_f64: pure("f64", 2, false, (k, x, y) => powrAtTheEnds(k, x, y, core(k, x, y))),
  __gg_pown_f64: shaped(["f64", "i32"], "f64", false, (k, x, n) => k.call1("__gg_pow_f64", x!, k.toFloat("f64", n!))),
  __gg_rootn_f64: shaped(["f64", "i32"], "f64", false, (k, x, n) => rootn(k, x!, n!)),
  __gg_cbrt_f64: pure("f64", 1, false, cbrt),
  __gg_hypot_f64: pure("f64", 2, false, hypot),
};
