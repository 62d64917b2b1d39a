import type { ValueId } from "../../ir/ops.ts";
import type { Kit } from "../kit.ts";
import { pure, type Recipes } from "../recipe.ts";

/** Hyperbolic functions and their inverses in double precision, from expm1 and log1p. Errors stay below 3 ULP; OpenCL allows 4 (5 for tanh and atanh). */

/** e^v / 2 without overflow where the half does not. */
function halfExp(k: Kit, v: ValueId): ValueId {
  const root = k.call1("__gg_exp_f64", k.mul(v, k.d(0.5)));
  return k.mul(k.mul(root, k.d(0.5)), root);
}

function sinh(k: Kit, x: ValueId): ValueId {
  const v = k.abs(x);
  const t = k.call1("__gg_expm1_f64", v);
  const small = k.mul(k.add(t, k.div(t, k.add(t, k.d(1)))), k.d(0.5));
  return k.copysign(k.select(k.fcmp("ogt", v, k.d(22)), halfExp(k, v), small), x);
}

function cosh(k: Kit, x: ValueId): ValueId {
  const v = k.abs(x);
  const t = k.call1("__gg_expm1_f64", v);
  const small = k.add(k.d(1), k.div(k.mul(t, t), k.mul(k.add(t, k.d(1)), k.d(2))));
  return k.select(k.fcmp("ogt", v, k.d(22)), halfExp(k, v), small);
}

function tanh(k: Kit, x: ValueId): ValueId {
  const v = k.abs(x);
  // -2v below 1, where the quotient of two small numbers is wanted; 2v above.
  const small = k.fcmp("olt", v, k.d(1));
  const twice = k.mul(v, k.d(2));
  const t = k.call1("__gg_expm1_f64", k.select(small, k.neg(twice), twice));
  const quotient = k.div(k.select(small, t, k.d(2)), k.add(t, k.d(2)));
  return k.copysign(k.select(small, k.neg(quotient), k.sub(k.d(1), quotient)), x);
}

function asinh(k: Kit, x: ValueId): ValueId {
  const v = k.abs(x);
  const square = k.mul(v, v);
  const near = k.call1("__gg_log1p_f64", k.add(v, k.div(square, k.add(k.sqrt(k.add(square, k.d(1))), k.d(1)))));
  const far = k.add(k.call1("__gg_log_f64", v), k.d(Math.LN2));
  return k.copysign(k.select(k.fcmp("ogt", v, k.d(2 ** 28)), far, near), x);
}

function acosh(k: Kit, x: ValueId): ValueId {
  const t = k.sub(x, k.d(1));
  const near = k.call1("__gg_log1p_f64", k.add(t, k.sqrt(k.add(k.mul(t, k.d(2)), k.mul(t, t)))));
  const far = k.add(k.call1("__gg_log_f64", x), k.d(Math.LN2));
  const value = k.select(k.fcmp("ogt", x, k.d(2 ** 28)), far, near);
  return k.select(k.fcmp("olt", x, k.d(1)), k.nan("f64"), value);
}

function atanh(k: Kit, x: ValueId): ValueId {
  const v = k.abs(x);
  const value = k.mul(k.call1("__gg_log1p_f64", k.div(k.mul(v, k.d(2)), k.sub(k.d(1), v))), k.d(0.5));
  return k.copysign(value, x);
}

/** Hyperbolic functions of double precision, by name. */
export const hyperbolics64: Recipes = {
  __gg_sinh_f64: pure("f64", 1, false, sinh),
  __gg_cosh_f64: pure("f64", 1, false, cosh),
  __gg_tanh_f64: pure("f64", 1, false, tanh),
  __gg_asinh_f64: pure("f64", 1, false, asinh),
  __gg_acosh_f64: pure("f64", 1, false, acosh),
  __gg_atanh_f64: pure("f64", 1, false, atanh),
};
