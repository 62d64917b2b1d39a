import type { Caller } from "../../api/caller.ts";
import { cudaErrorNotSupported } from "../abi/runtime/constants.ts";
import type { RuntimeFunctions } from "../abi/runtime/functions.ts";
import { refuse } from "./core/call.ts";

/** A function of the header in the shape of an implementation. */
export type Shaped<F> = F extends (...args: infer A) => infer R ? (t: Caller, ...args: A) => R : never;

/** Functions that exist and are not implemented: they answer cudaErrorNotSupported, never a silent success. */
export function refuseRuntime<K extends keyof RuntimeFunctions>(names: readonly K[]): { readonly [N in K]: Shaped<RuntimeFunctions[N]> } {
  const answer = (t: Caller): number => refuse(t, cudaErrorNotSupported, `${t.call} is not implemented by this emulator`);
  return Object.fromEntries(names.map((name) => [name, answer])) as unknown as { readonly [N in K]: Shaped<RuntimeFunctions[N]> };
}
