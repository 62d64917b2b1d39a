import type { ValueId } from "../../ir/ops.ts";
import type { Kit } from "../kit.ts";
import type { Recipe } from "../recipe.ts";
import { mulPairs, pair, quickTwoSum, twoSum, type Pair } from "./dd.ts";

/** An angle as quadrant n (i32, its low two bits count) and a remainder of about 70 bits in [-pi/4, pi/4]. */
export interface Reduced {
  readonly r: Pair;
  readonly n: ValueId;
}

/** pi/2 in parts of 33 bits: n times each of the first three is exact for n below 2^20. */
const PIO2 = [1.5707963267341256, 6.077100506303966e-11, 2.0222662487111665e-21, 8.4784276603689e-32];
const CODY_WAITE_LIMIT = 823_549;

function reduceNear(k: Kit, x: ValueId): Reduced {
  const n = k.rint(k.mul(x, k.d(2 / Math.PI)));
  const first = k.sub(x, k.mul(n, k.d(PIO2[0]!)));
  const second = twoSum(k, first, k.neg(k.mul(n, k.d(PIO2[1]!))));
  const third = twoSum(k, second.hi, k.sub(second.lo, k.mul(n, k.d(PIO2[2]!))));
  return { r: quickTwoSum(k, third.hi, k.sub(third.lo, k.mul(n, k.d(PIO2[3]!)))), n: k.toInt("i32", n) };
}

/** For every angle; NaN and infinities give NaN. */
export function reduce(k: Kit, x: ValueId): Reduced {
  const far = k.fcmp("ogt", k.abs(x), k.d(CODY_WAITE_LIMIT));
  const [hi, lo, n] = k.if(far, () => k.call("__gg_rem_pio2_far_f64", x), () => {
    const near = reduceNear(k, x);
    return [near.r.hi, near.r.lo, near.n];
  });
  return { r: { hi: hi!, lo: lo! }, n: n! };
}

/** 2/pi after the binary point, 64 bits a word, after a word of zeros. */
const TWO_OVER_PI = [
  0n, 0xa2f9836e4e441529n, 0xfc2757d1f534ddc0n, 0xdb6295993c439041n, 0xfe5163abdebbc561n, 0xb7246e3a424dd2e0n, 0x06492eea09d1921cn,
  0xfe1deb1cb129a73en, 0xe88235f52ebb4484n, 0xe99c7026b45f7e41n, 0x3991d639835339f4n, 0x9c845f8bbdf9283bn, 0x1ff897ffde05980fn,
  0xef2f118b5a0a6d1fn, 0x6d367ecf27cb09b7n, 0x4f463f669e5fea2dn, 0x7527bac7ebe5f17bn, 0x3d0739f78a5292ean, 0x6bfb5fb11f8d5d08n,
  0x56033046fc7b6babn, 0xf0cfbc209af4361dn,
];

/** Payne and Hanek with a window of 192 bits: x = m * 2^e, and only the bits of 2/pi that weigh 2 or less count. */
export const remPio2Far64: Recipe = {
  params: ["f64"], results: ["f64", "f64", "i32"], inline: false,
  build(k, [x]) {
    const bits = k.bits(x!);
    const exponent = k.and(k.lshr(bits, 52), k.l(0x7ff));
    const m = k.or(k.and(bits, k.l((1n << 52n) - 1n)), k.l(1n << 52n));
    // Bit j of the table weighs 2^(63-j); times 2^(exponent-1075) that is 2 at the window's first bit.
    const start = k.sub(exponent, k.l(1013));
    const within = k.and(start, k.l(63));
    const address = k.add(table(k), k.shl(k.lshr(start, 6), 3));
    const words = [0, 1, 2, 3].map((w) => {
      const word = k.b.value("i64");
      k.b.emit({ op: "load", dst: [word], space: "const", addr: address, offset: 8 * w, align: 8 });
      return word;
    });
    const rest = k.sub(k.l(63), within);
    const shifted = [0, 1, 2].map((w) => k.or(k.int("shl", words[w]!, within), k.int("lshr", k.lshr(words[w + 1]!, 1), rest)));
    const low = k.int("mulhi.u", m, shifted[2]!);
    const middle = k.mul(m, shifted[1]!);
    const second = k.add(middle, low);
    const carry = k.conv("zext", "i64", k.icmp("lt.u", second, middle));
    const top = k.add(k.add(k.mul(m, shifted[0]!), k.int("mulhi.u", m, shifted[1]!)), carry);
    const quadrant = k.lshr(k.add(top, k.l(1n << 61n)), 62);
    const part = k.sub(top, k.shl(quadrant, 62));
    // The upper 53 bits of the fraction convert exactly; the next 64 make the second double.
    const upper = k.and(part, k.l(~2047n));
    const lower = k.or(k.shl(k.and(part, k.l(2047)), 53), k.lshr(second, 11));
    const fraction = quickTwoSum(k, k.mul(k.toFloat("f64", upper), k.d(2 ** -62)), k.mul(k.conv("uitofp", "f64", lower), k.d(2 ** -115)));
    const r = mulPairs(k, fraction, pair(k, Math.PI / 2, 6.123233995736766e-17));
    const negative = k.fcmp("olt", x!, k.d(0));
    const finite = k.fcmp("olt", k.abs(x!), k.d(Infinity));
    const n = k.conv("trunc", "i32", quadrant);
    const signed = (v: ValueId): ValueId => k.select(finite, k.select(negative, k.neg(v), v), k.nan("f64"));
    return [signed(r.hi), signed(r.lo), k.select(negative, k.neg(n), n)];
  },
};

const TABLE = "__gg_two_over_pi";

function table(k: Kit): ValueId {
  if (!k.module.globals.has(TABLE)) {
    const init = new Uint8Array(TWO_OVER_PI.length * 8);
    const view = new DataView(init.buffer);
    TWO_OVER_PI.forEach((word, n) => view.setBigUint64(8 * n, word, true));
    k.module.globals.set(TABLE, { name: TABLE, space: "const", size: init.length, align: 8, init, relocs: [], linkage: "local", managed: false });
  }
  return k.pool.def(`global ${TABLE}`, "i64", { op: "globaladdr", symbol: TABLE });
}

/** x = n/2 + r with |r| at most 1/4, exactly; the angle is pi * r, as a pair. */
export function halfTurns(k: Kit, angle: ValueId): Reduced & { readonly whole: ValueId } {
  // From 2^53 on all doubles are even numbers of half turns; twice the largest would overflow.
  const x = k.select(k.fcmp("olt", k.abs(angle), k.d(2 ** 53)), angle, k.sub(angle, angle));
  const n = k.rint(k.mul(x, k.d(2)));
  const rest = k.sub(x, k.mul(n, k.d(0.5)));
  const low = k.sub(n, k.mul(k.float1("ffloor", k.mul(n, k.d(0.25))), k.d(4)));
  const r = mulPairs(k, { hi: rest, lo: k.d(0) }, pair(k, Math.PI, 1.2246467991473532e-16));
  return { r, n: k.toInt("i32", low), whole: k.fcmp("oeq", rest, k.d(0)) };
}

