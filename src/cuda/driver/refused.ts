import type { Caller } from "../../api/caller.ts";
import { CUDA_ERROR_NOT_SUPPORTED } from "../abi/driver/constants.ts";
import type { DriverFunctions } from "../abi/driver/functions.ts";
import { enterDriver } from "./core/enter.ts";
import { fail } from "./core/fail.ts";

/** A function of the header in the shape of an implementation. */
export type Shaped<F> = F extends (...args: infer A) => infer R ? (t: Caller, ...args: A) => R : never;

/**
 * Functions that exist and are not implemented: they check nothing but cuInit and answer NOT_SUPPORTED, never a silent success.
 */
export function refuseDriver<K extends keyof DriverFunctions>(names: readonly K[]): { readonly [N in K]: Shaped<DriverFunctions[N]> } {
  const refuse = (t: Caller): number => {
    const driver = enterDriver(t);
    return typeof driver === "number" ? driver : fail(t, CUDA_ERROR_NOT_SUPPORTED, `${t.call} is not implemented by this emulator`);
  };
  return Object.fromEntries(names.map((name) => [name, refuse])) as unknown as { readonly [N in K]: Shaped<DriverFunctions[N]> };
}
