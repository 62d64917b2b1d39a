import type { ValueId } from "../../ir/ops.ts";
import type { Kit } from "../kit.ts";
import { pure, shaped, type Recipe, type Recipes } from "../recipe.ts";

/**
 * Single-precision functions that are the double-precision ones rounded: half an ULP and a trace, at the price of double
 * arithmetic. The ones that kernels use most have single-precision code of their own instead.
 */
const UNARY = [
  "expm1", "log1p", "asin", "acos", "atan", "asinpi", "acospi", "atanpi", "sinh", "cosh", "asinh", "acosh", "atanh", "cbrt", "erf", "erfc", "tgamma", "lgamma", "logb",
];
const BINARY = ["atan2", "atan2pi", "remainder"];

function widened(name: string, arity: number): Recipe {
  return pure("f32", arity, false, (k, ...args) => k.narrow(k.call1(`__gg_${name}_f64`, ...args.map((x) => k.widen(x)))));
}

/** Functions with an integer for a second result. */
function withInteger(name: string, arity: number): Recipe {
  return {
    params: new Array<"f32">(arity).fill("f32"), results: ["f32", "i32"], inline: false,
    build(k, args) {
      const [value, integer] = k.call(`__gg_${name}_f64`, ...args.map((x) => k.widen(x)));
      return [k.narrow(value!), integer!];
    },
  };
}

/** In double neither squares nor their sum overflow or vanish. */
function hypot(k: Kit, x: ValueId, y: ValueId): ValueId {
  const a = k.widen(x);
  const b = k.widen(y);
  const value = k.narrow(k.sqrt(k.add(k.mul(a, a), k.mul(b, b))));
  const infinite = k.or(k.fcmp("oeq", k.abs(x), k.f(Infinity)), k.fcmp("oeq", k.abs(y), k.f(Infinity)));
  return k.select(infinite, k.f(Infinity), value);
}

/** x * 2^n: exact in double, rounded once. */
function ldexp(k: Kit, x: ValueId, n: ValueId): ValueId {
  const bounded = k.int("min.s", k.int("max.s", n, k.i(-400)), k.i(400));
  const power = k.unbits(k.shl(k.conv("sext", "i64", k.add(bounded, k.i(1023))), 52));
  return k.narrow(k.mul(k.widen(x), power));
}

/** Single-precision functions that go through double precision, by name. */
export const widenedFunctions: Recipes = {
  ...Object.fromEntries(UNARY.map((name) => [`__gg_${name}_f32`, widened(name, 1)])),
  ...Object.fromEntries(BINARY.map((name) => [`__gg_${name}_f32`, widened(name, 2)])),
  __gg_frexp_f32: withInteger("frexp", 1),
  __gg_lgamma_r_f32: withInteger("lgamma_r", 1),
  __gg_remquo_f32: withInteger("remquo", 2),
  __gg_hypot_f32: pure("f32", 2, true, hypot),
  __gg_ldexp_f32: shaped(["f32", "i32"], "f32", true, (k, x, n) => ldexp(k, x!, n!)),
  __gg_ilogb_f32: shaped(["f32"], "i32", true, (k, x) => k.call1("__gg_ilogb_f64", k.widen(x!))),
};
