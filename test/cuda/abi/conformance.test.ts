import { expect, test } from "vitest";
import type { Caller } from "../../../src/api/caller.ts";
import type { Result } from "../../../src/api/styles.ts";
import type { DriverFunctions } from "../../../src/cuda/abi/driver/functions.ts";
import type { RuntimeFunctions } from "../../../src/cuda/abi/runtime/functions.ts";
import { driver, type Driver } from "../../../src/cuda/driver/table.ts";
import { runtime, type Runtime } from "../../../src/cuda/runtime/table.ts";

/** What a function of a table must accept and return: the header's parameters in the header's order. */
type Expected<F> = F extends (...args: infer A) => infer R ? (t: Caller, ...args: A) => R : never;
/** A blocking function with what it returns in the end. */
type Settled<F> = F extends (t: Caller, ...args: infer A) => infer R ? (t: Caller, ...args: A) => Result<R> : never;
/** Names of functions whose implementation does not fit the header's declaration. */
type Misfits<Table, Header> = { readonly [K in keyof Header]: K extends keyof Table ? (Settled<Table[K]> extends Expected<Header[K]> ? never : K) : K }[keyof Header];

/** These compile only when every function fits. */
const driverFits: [Misfits<Driver, DriverFunctions>] extends [never] ? true : Misfits<Driver, DriverFunctions> = true;
const runtimeFits: [Misfits<Runtime, RuntimeFunctions>] extends [never] ? true : Misfits<Runtime, RuntimeFunctions> = true;

test("every function of the headers is there, in the header's shape", () => {
  expect([driverFits, runtimeFits]).toEqual([true, true]);
  expect(Object.values(driver).every((fn) => typeof fn === "function")).toBe(true);
  expect(Object.values(runtime).every((fn) => typeof fn === "function")).toBe(true);
});

test("the check can fail", () => {
  const bad: Misfits<{ f: (t: Caller, a: string) => 0 }, { f: (a: number) => 0 }> = "f";
  expect(bad).toBe("f");
});
