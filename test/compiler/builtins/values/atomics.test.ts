import { expect, test } from "vitest";
import { declarations } from "../declarations.ts";
import { faultsOf, namesOf, type Reference, type Wanted } from "./batch.ts";
import { rounded, wrap, type Element, type Value } from "./elements.ts";

/** Atomic functions (OpenCL C 3.0 section 6.15.12, and those of 1.x) on one work-item's own memory, with every type, address space, order and scope that is declared. */
type Change = (e: Element, old: Value, operand: Value) => Value;

const integers = (f: (a: bigint, b: bigint) => bigint): Change => (e, a, b) => wrap(e, f(BigInt(a), BigInt(b)));
const either = (float: (a: number, b: number) => number, int: (a: bigint, b: bigint) => bigint): Change => (e, a, b) => (e.float ? rounded(e, float(Number(a), Number(b))) : wrap(e, int(BigInt(a), BigInt(b))));

const CHANGES: Readonly<Record<string, Change>> = {
  add: either((a, b) => a + b, (a, b) => a + b), sub: either((a, b) => a - b, (a, b) => a - b),
  inc: integers((a) => a + 1n), dec: integers((a) => a - 1n),
  // A minimum with a NaN is the other number, as fmin has it.
  min: either((a, b) => (Number.isNaN(a) ? b : Number.isNaN(b) ? a : Math.min(a, b)), (a, b) => (a < b ? a : b)),
  max: either((a, b) => (Number.isNaN(a) ? b : Number.isNaN(b) ? a : Math.max(a, b)), (a, b) => (a > b ? a : b)),
  and: integers((a, b) => a & b), or: integers((a, b) => a | b), xor: integers((a, b) => a ^ b),
  xchg: (_, _a, b) => b, exchange: (_, _a, b) => b,
};

const reference: Reference = ({ name, params, args, result }): Wanted => {
  const { element } = params[0]!;
  const [memory, second, third] = args;
  const old = memory![0]!;
  const op = name.replace(/^atom(ic)?_/, "").replace(/_explicit$/, "").replace(/^fetch_/, "");
  const change = CHANGES[op];
  if (change !== undefined) {
    // Some are declared with the operand of the other sign: it counts as the object's type.
    const given = second?.[0] ?? 0n;
    const operand = typeof given === "bigint" ? wrap(element, given) : given;
    const loose = element.float && (op === "min" || op === "max") && old === operand;
    return { result: [old], left: [[loose ? null : change(element, old, operand)]] };
  }
  switch (op) {
    case "init": case "store": return { result: [], left: [[second![0]!]] };
    case "load": return { result: [old], left: [[old]] };
    case "cmpxchg": return { result: [old], left: [[old === second![0] ? third![0]! : old]] };
    case "flag_test_and_set": return { result: [old === 0n ? 0n : 1n], left: [[1n]] };
    case "flag_clear": return { result: [], left: [[0n]] };
    case "compare_exchange_strong": case "compare_exchange_weak": {
      // What is compared are the bits: zeros differ, a NaN equals itself.
      const equal = Object.is(old, second![0]);
      return { result: [equal ? 1n : 0n], left: [[equal ? third![0]! : old], [equal ? second![0]! : old]] };
    }
    default: throw new Error(`${name} gives ${result.lanes}`);
  }
};

const names = namesOf(declarations());
const atomics = [...names.keys()].filter((name) => /^atom(ic)?_/.test(name) && name !== "atomic_work_item_fence");

test.each(atomics)("%s", (name) => {
  const flag = name.includes("flag");
  const faults = faultsOf(names.get(name)!, reference, {
    rows: 16, compiled: name.endsWith("_explicit") ? 5 : 3,
    row: (args) => {
      if (flag) args[0] = [BigInt(args[0]![0]!) & 1n];
      // Half of the comparisons succeed.
      if (/cmpxchg|compare_exchange/.test(name) && BigInt(args[2]![0] === undefined || typeof args[2]![0] === "number" ? 1 : args[2]![0]) % 2n === 0n) args[1] = [args[0]![0]!];
    },
  });
  expect(faults).toEqual([]);
});
