import type { ValueId } from "../ir/ops.ts";
import type { Type } from "../ir/types.ts";
import type { Kit } from "./kit.ts";

/** How to build one library function. */
export interface Recipe {
  readonly params: readonly Type[];
  readonly results: readonly Type[];
  /** Small enough that a call costs more than the body. */
  readonly inline: boolean;
  /** Emits the body; gives the results. */
  build(k: Kit, args: readonly ValueId[]): readonly ValueId[];
}

/** Library functions by name. */
export type Recipes = Readonly<Record<string, Recipe>>;

/** A function of one float type with one result, by far the most common shape. */
export function pure(type: Type, arity: number, inline: boolean, build: (k: Kit, ...args: ValueId[]) => ValueId): Recipe {
  return {
    params: new Array<Type>(arity).fill(type), results: [type], inline, build: (k, args) => [build(k, ...args)],
  };
}

/** Any shape of parameters, one result. */
export function shaped(params: readonly Type[], result: Type, inline: boolean, build: (k: Kit, ...args: ValueId[]) => ValueId): Recipe {
  return { params, results: [result], inline, build: (k, args) => [build(k, ...args)] };
}
