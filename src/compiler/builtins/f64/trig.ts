import type { ValueId } from "../../ir/ops.ts";
import type { Kit } from "../kit.ts";
import { pure, type Recipes } from "../recipe.ts";
import type { Pair } from "./dd.ts";
import { halfTurns, reduce, remPio2Far64, type Reduced } from "./reduce.ts";

/** Sine, cosine, tangent in double precision. Errors stay below 1 ULP (tangent 2); OpenCL allows 4 (5). */
const SIN = [-0.1666666666666663, 0.008333333333321776, -0.00019841269829305432, 2.7557313519583513e-6, -2.5050731349718507e-8, 1.5895252984664364e-10];
const COS = [0.04166666666666659, -0.0013888888888872568, 2.4801587288538932e-5, -2.755731408680753e-7, 2.0875687994514987e-9, -1.1357857721140159e-11];

/** Sine and cosine of hi + lo. */
function kernels(k: Kit, { hi, lo }: Pair): { sin: ValueId; cos: ValueId } {
  const z = k.mul(hi, hi);
  const half = k.mul(z, k.d(0.5));
  const sin = k.add(hi, k.add(k.mul(k.mul(hi, z), k.poly(z, SIN)), k.sub(lo, k.mul(half, lo))));
  const rough = k.sub(k.d(1), half);
  const cos = k.add(rough, k.add(k.sub(k.sub(k.d(1), rough), half), k.sub(k.mul(k.mul(z, z), k.poly(z, COS)), k.mul(hi, lo))));
  return { sin, cos };
}

function flip(k: Kit, value: ValueId, n: ValueId): ValueId {
  return k.select(k.icmp("ne", k.and(n, k.i(2)), k.i(0)), k.neg(value), value);
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

function tanOf(k: Kit, { r, n }: Reduced): ValueId {
  const { sin, cos } = kernels(k, r);
  const swap = odd(k, n);
  return k.div(k.select(swap, k.neg(cos), sin), k.select(swap, sin, cos));
}

/** Keeps zeros' signs, and denormals, which the kernels round. */
function orTiny(k: Kit, x: ValueId, value: ValueId): ValueId {
  return k.select(k.fcmp("olt", k.abs(x), k.d(2 ** -28)), x, value);
}

function sinPi(k: Kit, x: ValueId): ValueId {
  const value = sinOf(k, halfTurns(k, x));
  return k.select(k.fcmp("oeq", value, k.d(0)), k.copysign(k.d(0), x), value);
}

function cosPi(k: Kit, x: ValueId): ValueId {
  const value = cosOf(k, halfTurns(k, x));
  return k.select(k.fcmp("oeq", value, k.d(0)), k.d(0), value);
}

function tanPi(k: Kit, x: ValueId): ValueId {
  const turns = halfTurns(k, x);
  const secondHalf = k.icmp("ne", k.and(turns.n, k.i(2)), k.i(0));
  const atZero = k.copysign(k.d(0), k.select(secondHalf, k.neg(x), x));
  const atPole = k.select(secondHalf, k.d(-Infinity), k.d(Infinity));
  return k.select(turns.whole, k.select(odd(k, turns.n), atPole, atZero), tanOf(k, turns));
}

/** Trigonometry of double precision, by name. */
export const trigonometry64: Recipes = {
  __gg_rem_pio2_far_f64: remPio2Far64,
  __gg_sin_f64: pure("f64", 1, false, (k, x) => orTiny(k, x, sinOf(k, reduce(k, x)))),
  __gg_cos_f64: pure("f64", 1, false, (k, x) => cosOf(k, reduce(k, x))),
  __gg_tan_f64: pure("f64", 1, false, (k, x) => orTiny(k, x, tanOf(k, reduce(k, x)))),
  __gg_sincos_f64: {
    params: ["f64"], results: ["f64", "f64"], inline: false,
    build: (k, [x]) => {
      const reduced = reduce(k, x!);
      return [orTiny(k, x!, sinOf(k, reduced)), cosOf(k, reduced)];
    },
  },
  __gg_sinpi_f64: pure("f64", 1, false, sinPi),
  __gg_cospi_f64: pure("f64", 1, false, cosPi),
  __gg_tanpi_f64: pure("f64", 1, false, tanPi),
};
