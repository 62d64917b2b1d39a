import type { ValueId } from "../../ir/ops.ts";
import type { Kit } from "../kit.ts";
import { pure, type Recipes } from "../recipe.ts";

/** Inverse trigonometry in double precision. Errors stay below 2 ULP; OpenCL allows 4 to 6. */
const ASIN = [
  0.16666666666666766, 0.07499999999969412, 0.044642857175974465, 0.030381942640739977, 0.022372216918821967, 0.017351576635202592, 0.01398125226690379,
  0.011395321629057306, 0.010800688058784147, 0.003628092923929415, 0.02190065797158629, -0.021276165361111342, 0.03280417361632717,
];
const ATAN = [
  -0.33333333333333326, 0.19999999999997647, -0.1428571428538518, 0.11111111087999992, -0.09090908138068679, 0.07692282611736118, -0.06666224576415104,
  0.05877000338638406, -0.052182656176106915, 0.04502982637435058, -0.03346120345238692, 0.015181634005647366,
];
const PIO2_LO = 6.123233995736766e-17;

/** asin of t for |t| at most 1/2. */
function asinSmall(k: Kit, t: ValueId): ValueId {
  const z = k.mul(t, t);
  return k.add(t, k.mul(k.mul(t, z), k.poly(z, ASIN)));
}

/** Above 1/2, asin x = pi/2 - 2 asin(sqrt((1 - x) / 2)). */
function halfAngle(k: Kit, v: ValueId): ValueId {
  return asinSmall(k, k.sqrt(k.mul(k.sub(k.d(1), v), k.d(0.5))));
}

function asin(k: Kit, x: ValueId): ValueId {
  const v = k.abs(x);
  const large = k.sub(k.d(Math.PI / 2), k.sub(k.mul(halfAngle(k, v), k.d(2)), k.d(PIO2_LO)));
  return k.copysign(k.select(k.fcmp("ogt", v, k.d(0.5)), large, asinSmall(k, v)), x);
}

function acos(k: Kit, x: ValueId): ValueId {
  const v = k.abs(x);
  const near = k.sub(k.d(Math.PI / 2), k.sub(asinSmall(k, x), k.d(PIO2_LO)));
  const twice = k.mul(halfAngle(k, v), k.d(2));
  const far = k.select(k.fcmp("olt", x, k.d(0)), k.sub(k.d(Math.PI), k.sub(twice, k.d(2 * PIO2_LO))), twice);
  return k.select(k.fcmp("ogt", v, k.d(0.5)), far, near);
}

/**
 * atan of v >= 0: for v above tan(3pi/8) from -1/v, above tan(pi/8) from (v - 1)/(v + 1). One division serves both.
 */
function atanPositive(k: Kit, v: ValueId): ValueId {
  const high = k.fcmp("ogt", v, k.d(2.414213562373095));
  const middle = k.fcmp("ogt", v, k.d(0.41421356237309503));
  const top = k.select(high, k.d(-1), k.select(middle, k.sub(v, k.d(1)), v));
  const bottom = k.select(high, v, k.select(middle, k.add(v, k.d(1)), k.d(1)));
  const t = k.div(top, bottom);
  const z = k.mul(t, t);
  const tail = k.mul(k.mul(t, z), k.poly(z, ATAN));
  const low = k.select(high, k.d(PIO2_LO), k.select(middle, k.d(PIO2_LO / 2), k.d(0)));
  const base = k.select(high, k.d(Math.PI / 2), k.select(middle, k.d(Math.PI / 4), k.d(0)));
  return k.add(base, k.add(t, k.add(tail, low)));
}

function atan(k: Kit, x: ValueId): ValueId {
  return k.copysign(atanPositive(k, k.abs(x)), x);
}

/** Angle of the point (x, y), with C's values at zeros and infinities (C11 section F.10.1.4). */
function atan2(k: Kit, y: ValueId, x: ValueId): ValueId {
  const a = k.abs(y);
  const b = k.abs(x);
  const bothInfinite = k.and(k.fcmp("oeq", a, k.d(Infinity)), k.fcmp("oeq", b, k.d(Infinity)));
  const zero = k.fcmp("oeq", a, k.d(0));
  const ratio = k.select(bothInfinite, k.d(1), k.select(zero, k.d(0), k.div(a, b)));
  const angle = atanPositive(k, ratio);
  // On the axis itself the quarter turn is exact already, unless the point is the origin.
  const axis = k.and(k.fcmp("oeq", b, k.d(0)), k.not(zero));
  const left = k.and(k.icmp("lt.s", k.bits(x), k.l(0)), k.not(axis));
  const whole = k.select(left, k.sub(k.d(Math.PI), k.sub(angle, k.d(2 * PIO2_LO))), angle);
  const value = k.copysign(whole, y);
  return k.select(k.fcmp("uno", x, y), k.nan("f64"), value);
}

/** value / pi; the divisor is pi rounded, so its error (3.9e-17 of it) is taken off. The rounded pi itself gives 1. */
function overPi(k: Kit, value: ValueId): ValueId {
  const q = k.div(value, k.d(Math.PI));
  return k.copysign(k.sub(q, k.mul(q, k.d(3.8981718325193755e-17))), value);
}

/** Inverse trigonometry of double precision, by name. */
export const inverses64: Recipes = {
  __gg_asin_f64: pure("f64", 1, false, asin),
  __gg_acos_f64: pure("f64", 1, false, acos),
  __gg_atan_f64: pure("f64", 1, false, atan),
  __gg_atan2_f64: pure("f64", 2, false, atan2),
  __gg_asinpi_f64: pure("f64", 1, false, (k, x) => overPi(k, asin(k, x))),
  __gg_acospi_f64: pure("f64", 1, false, (k, x) => overPi(k, acos(k, x))),
  __gg_atanpi_f64: pure("f64", 1, false, (k, x) => overPi(k, atan(k, x))),
  __gg_atan2pi_f64: pure("f64", 2, false, (k, y, x) => overPi(k, atan2(k, y, x))),
};
