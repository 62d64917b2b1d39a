import type { ValueId } from "../../ir/ops.ts";
import type { Kit } from "../kit.ts";
import type { Recipe } from "../recipe.ts";

/**
 * Reduction of an angle to [-pi/4, pi/4] and a quadrant.
 * Up to 6400 by Cody and Waite: pi/2 in four parts of 12 bits, so that every product but the last is exact and the
 * remainder keeps full relative precision even next to multiples of pi. Above that by Payne and Hanek on integers.
 */
export interface Reduced {
  /** The remainder, f32. */
  readonly r: ValueId;
  /** The quadrant, i32; only its low two bits count. */
  readonly n: ValueId;
}

const PIO2 = [1.5703125, 0.0004837512969970703, 7.549533620476723e-8, 2.5633440682570896e-12];
/** Largest magnitude for which every n * PIO2[i] but the last is exact (n below 2^12). */
const CODY_WAITE_LIMIT = 6400;

/** Straight-line; exact to an ULP up to 6400 and meaningless far above (where r can be of any size). */
export function reduceSmall(k: Kit, x: ValueId): Reduced {
  // Adding 0 makes n +0, never -0: then -0 less n * part stays -0.
  const n = k.add(k.rint(k.mul(x, k.f(2 / Math.PI))), k.f(0));
  const r = PIO2.reduce((rest, part) => k.sub(rest, k.mul(n, k.f(part))), x);
  return { r, n: k.toInt("i32", n) };
}

/** For every angle; the far ones in a branch. NaN and infinities give NaN. */
export function reduce(k: Kit, x: ValueId): Reduced {
  const far = k.fcmp("ogt", k.abs(x), k.f(CODY_WAITE_LIMIT));
  const [r, n] = k.if(far, () => k.call("__gg_rem_pio2_far_f32", x), () => {
    const near = reduceSmall(k, x);
    return [near.r, near.n];
  });
  return { r: r!, n: n! };
}

/** 2/pi after the binary point, after one word of zeros (which makes room for small exponents). */
const TWO_OVER_PI = [0, 0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0, 0xdb629599, 0x3c439041, 0xfe5163ab];

/**
 * Payne and Hanek: x = m * 2^e with a 24-bit m, so x * 2/pi mod 4 needs only the 96 bits of 2/pi whose weight, times
 * 2^e, is from 2 down. What is cut off is below 2^-70, and no float is nearer to a multiple of pi/2 than 2^-31.
 */
export const remPio2Far: Recipe = {
  params: ["f32"], results: ["f32", "i32"], inline: false,
  build(k, [x]) {
    const bits = k.bits(x!);
    const exponent = k.and(k.lshr(bits, 23), k.i(0xff));
    const m = k.conv("zext", "i64", k.or(k.and(bits, k.i(0x7f_ffff)), k.i(0x80_0000)));
    // Bit j of the table has weight 2^(31-j); the window starts where that times 2^(exponent-150) is 2.
    const start = k.sub(exponent, k.i(120));
    const word = k.lshr(start, 5);
    const within = k.conv("zext", "i64", k.and(start, k.i(31)));
    const pick = (ahead: number): ValueId => {
      let value = k.l(TWO_OVER_PI[4 + ahead] ?? 0);
      for (let w = 3; w >= 0; w--) value = k.select(k.icmp("eq", word, k.i(w)), k.l(TWO_OVER_PI[w + ahead]!), value);
      return value;
    };
    const words = [pick(0), pick(1), pick(2), pick(3)];
    const mask = k.l(0xffff_ffffn);
    const windowed = [0, 1, 2].map((w) => {
      const pair = k.or(k.shl(words[w]!, 32), words[w + 1]!);
      return k.and(k.lshr(k.int("shl", pair, within), 32), mask);
    });
    const t0 = k.mul(m, windowed[2]!);
    const t1 = k.add(k.mul(m, windowed[1]!), k.lshr(t0, 32));
    const t2 = k.add(k.mul(m, windowed[0]!), k.lshr(t1, 32));
    const turns = k.or(k.shl(t2, 32), k.and(t1, mask));
    const quadrant = k.lshr(k.add(turns, k.l(1n << 61n)), 62);
    const part = k.sub(turns, k.shl(quadrant, 62));
    const r = k.narrow(k.mul(k.toFloat("f64", part), k.d(Math.PI / 2 * 2 ** -62)));
    const n = k.conv("trunc", "i32", quadrant);
    const negative = k.fcmp("olt", x!, k.f(0));
    const finite = k.fcmp("olt", k.abs(x!), k.f(Infinity));
    return [k.select(finite, k.select(negative, k.neg(r), r), k.nan("f32")), k.select(negative, k.neg(n), n)];
  },
};
