import { FnBuilder } from "../ir/builder.ts";
import type { Fn, Module } from "../ir/module.ts";
import type { Type } from "../ir/types.ts";
import { EmulatorBug } from "../../kernel/errors.ts";
import { Kit } from "./kit.ts";
import { ConstPool } from "./pool.ts";
import type { Recipe, Recipes } from "./recipe.ts";
import { exponentials } from "./f32/exp.ts";
import { logarithms } from "./f32/log.ts";
import { powers } from "./f32/pow.ts";
import { trigonometry } from "./f32/trig.ts";
import { widenedFunctions } from "./f32/widened.ts";
import { errorFunctions64 } from "./f64/erf.ts";
import { exponentials64 } from "./f64/exp.ts";
import { gammas64 } from "./f64/gamma.ts";
import { hyperbolics64 } from "./f64/hyperbolic.ts";
import { inverses64 } from "./f64/inverse.ts";
import { logarithms64 } from "./f64/log.ts";
import { parts64 } from "./f64/parts.ts";
import { powers64 } from "./f64/power.ts";
import { trigonometry64 } from "./f64/trig.ts";
import { samplers } from "./opencl/images/sample.ts";
import { texels } from "./opencl/images/texel.ts";

const families: readonly Recipes[] = [
  widenedFunctions, exponentials, logarithms, trigonometry, powers,
  exponentials64, logarithms64, trigonometry64, inverses64, hyperbolics64, powers64, errorFunctions64, gammas64, parts64,
  texels, samplers,
];

const recipes = new Map<string, Recipe>();
for (const family of families) {
  for (const [name, recipe] of Object.entries(family)) recipes.set(name, recipe);
}

/** Names of all library functions. */
export function builtinNames(): string[] {
  return [...recipes.keys()];
}

/** Whether the library has a function of that name. */
export function hasBuiltin(name: string): boolean {
  return recipes.has(name);
}

/** Parameter and result types of a library function; null when there is none of that name. */
export function builtinSignature(name: string): { readonly params: readonly Type[]; readonly results: readonly Type[] } | null {
  return recipes.get(name) ?? null;
}

/**
 * Adds the library function `name`, and those that it calls, to the module, each once.
 * @throws EmulatorBug when the library has no such function (front ends decide that before).
 */
export function addBuiltin(module: Module, name: string): Fn {
  const known = module.functions.get(name);
  if (known !== undefined) return known;
  const recipe = recipes.get(name);
  if (recipe === undefined) throw new EmulatorBug(`no builtin ${name}`);
  const b = new FnBuilder(name, {
    kind: "func", params: recipe.params, results: recipe.results, linkage: "local", inline: recipe.inline,
  });
  module.functions.set(name, b.fn);
  const pool = new ConstPool(b);
  const kit = new Kit(b, module, pool, (callee) => addBuiltin(module, callee).results);
  const values = recipe.build(kit, recipe.params.map((_, n) => n));
  b.emit({ op: "ret", values });
  pool.finish();
  return b.fn;
}
