import type { ValueId } from "../../ir/ops.ts";
import type { Kit } from "../kit.ts";
import { pure, type Recipes } from "../recipe.ts";

/** Error functions in double precision. Errors stay below 4 ULP; OpenCL allows 16. */

/** erf x / x in x squared, below 0.86. */
const NEAR = [
  1.1283791670955126, -0.37612638903183204, 0.11283791670925897, -0.026866170639017122, 0.005223977559668064, -0.0008548322883850592, 0.00012055170024741126,
  -1.4921512462910023e-5, 1.63941510005611e-6, -1.5663721448755977e-7, 1.0580525696129015e-8,
];
/** (1 + 2x) e^(x^2) erfc x in (x - 4) / (x + 4), from 0.84 to 28: nearly constant, so that no terms cancel. */
const FAR = [
  1.2329951186255526, -0.13962111684056247, 0.015379652102621693, 0.06809705425468375, -0.10103906603644831, 0.09373283499877104, -0.06633036580810098,
  0.03716751552817259, -0.016197734117502992, 0.005031970093235361, -0.0007577727923101464, -0.00019925756688129377, 0.0001506191761401403, -2.4395012813080376e-5,
  -1.1214313211465464e-5, 5.696765949655501e-6, 2.797276764469469e-7, -8.004928639657036e-7, 8.799022123517231e-8, 8.252387563388474e-8, -2.1676174581353e-8,
];
const SPLIT = 0.85;

function near(k: Kit, v: ValueId): ValueId {
  return k.mul(v, k.poly(k.mul(v, v), NEAR));
}

/** erfc of v >= 0.84. The square in the exponent is made exact by splitting v. */
function far(k: Kit, v: ValueId): ValueId {
  const limited = k.select(k.fcmp("ogt", v, k.d(28)), k.d(28), v);
  const t = k.div(k.sub(limited, k.d(4)), k.add(limited, k.d(4)));
  const high = k.unbits(k.and(k.bits(limited), k.l(~((1n << 27n) - 1n))));
  const rest = k.mul(k.sub(limited, high), k.add(limited, high));
  const power = k.call1("__gg_exp_pair_f64", k.neg(k.mul(high, high)), k.neg(rest));
  return k.mul(power, k.div(k.poly(t, FAR), k.add(k.add(limited, limited), k.d(1))));
}

function erf(k: Kit, x: ValueId): ValueId {
  const v = k.abs(x);
  const [value] = k.if(k.fcmp("olt", v, k.d(SPLIT)), () => [near(k, v)], () => [k.sub(k.d(1), far(k, v))]);
  return k.copysign(k.select(k.fcmp("uno", x, x), x, value!), x);
}

function erfc(k: Kit, x: ValueId): ValueId {
  const v = k.abs(x);
  const [value] = k.if(k.fcmp("olt", v, k.d(SPLIT)), () => [k.sub(k.d(1), near(k, x))], () => {
    const tail = far(k, v);
    return [k.select(k.fcmp("olt", x, k.d(0)), k.sub(k.d(2), tail), tail)];
  });
  return k.select(k.fcmp("uno", x, x), x, value!);
}

/** Error functions of double precision, by name. */
export const errorFunctions64: Recipes = {
  __gg_erf_f64: pure("f64", 1, false, erf),
  __gg_erfc_f64: pure("f64", 1, false, erfc),
};
