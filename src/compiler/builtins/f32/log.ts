import type { ValueId } from "../../ir/ops.ts";
import type { Kit } from "../kit.ts";
import { pure, type Recipes } from "../recipe.ts";

/**
 * Logarithms in single precision, straight-line. x = 2^e * (1 + f) with 1 + f in [sqrt(1/2), sqrt 2);
 * log(1 + f) = f - f*f/2 + f^3 * Q(f), Q minimax (relative error of the whole below 2^-27).
 * Errors stay below 2 ULP; OpenCL allows 3.
 */
const Q = [
  0.3333333134651184, -0.2500081956386566, 0.20001226663589478, -0.16623356938362122,
  0.14201757311820984, -0.13160182535648346, 0.1276157796382904, -0.07634498178958893,
];

const SQRT_HALF_BITS = 0x3f35_04f3;

/** e as a float, f, and log(1 + f) - f. Garbage unless x is positive and finite. */
function split(k: Kit, x: ValueId): { e: ValueId; f: ValueId; rest: ValueId } {
  const tiny = k.fcmp("olt", x, k.f(2 ** -126));
  const normal = k.select(tiny, k.mul(x, k.f(2 ** 23)), x);
  const bits = k.bits(normal);
  const exponent = k.ashr(k.sub(bits, k.i(SQRT_HALF_BITS)), 23);
  const f = k.sub(k.unbits(k.sub(bits, k.shl(exponent, 23))), k.f(1));
  const e = k.toFloat("f32", k.sub(exponent, k.select(tiny, k.i(23), k.i(0))));
  const f2 = k.mul(f, f);
  const rest = k.sub(k.mul(k.mul(f2, f), k.poly(f, Q)), k.mul(f2, k.f(0.5)));
  return { e, f, rest };
}

/** Puts in the values at 0, at infinity, below zero and at NaN. */
function atTheEnds(k: Kit, x: ValueId, inside: ValueId): ValueId {
  const top = k.select(k.fcmp("oeq", x, k.f(Infinity)), x, inside);
  const bottom = k.select(k.fcmp("oeq", x, k.f(0)), k.f(-Infinity), top);
  return k.select(k.fcmp("ult", x, k.f(0)), k.nan("f32"), bottom);
}

/** Natural logarithm. */
export function logF32(k: Kit, x: ValueId): ValueId {
  const { e, f, rest } = split(k, x);
  const low = k.add(k.mul(e, k.f(1.428606765330187e-6)), rest);
  return atTheEnds(k, x, k.add(k.mul(e, k.f(0.693145751953125)), k.add(f, low)));
}

/** Binary logarithm; exact at powers of two. */
export function log2F32(k: Kit, x: ValueId): ValueId {
  const { e, f, rest } = split(k, x);
  // log2(e) is 1.4375 and a small part, so that the larger product loses little.
  const part = k.add(k.add(k.mul(rest, k.f(Math.LOG2E)), k.mul(f, k.f(Math.LOG2E - 1.4375))), k.mul(f, k.f(0.4375)));
  return atTheEnds(k, x, k.add(e, k.add(f, part)));
}

/** Decimal logarithm. */
function log10F32(k: Kit, x: ValueId): ValueId {
  const { e, f, rest } = split(k, x);
  // log10(e) is 0.4375 less a small part; log10(2) is in two parts, e times the first exact.
  const small = k.add(k.mul(rest, k.f(Math.LOG10E)), k.mul(f, k.f(Math.LOG10E - 0.4375)));
  const low = k.add(k.mul(e, k.f(4.605039066518657e-6)), small);
  return atTheEnds(k, x, k.add(k.mul(e, k.f(0.301025390625)), k.add(k.mul(f, k.f(0.4375)), low)));
}

/** Logarithms of single precision, by name. */
export const logarithms: Recipes = {
  __gg_log_f32: pure("f32", 1, true, logF32),
  __gg_log2_f32: pure("f32", 1, true, log2F32),
  __gg_log10_f32: pure("f32", 1, true, log10F32),
};
