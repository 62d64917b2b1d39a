import { expect, test } from "vitest";
import { declarations } from "../declarations.ts";
import { faultsOf, namesOf, perElement, type Reference } from "./batch.ts";
import { bitsOf, fromBits, type Element, type Value } from "./elements.ts";
import { limitsOf } from "./rounding.ts";

/** Relational functions (OpenCL C 3.0 section 6.15.6) with every type and width. */
const names = namesOf(declarations());

/** Truth is 1 as a scalar, -1 in vectors. */
function truth(f: (args: number[], least: number) => boolean): Reference {
  return ({ params, result, args }) => ({
    result: Array.from({ length: result.lanes }, (_, lane) => (f(args.map((values) => Number(values[lane])), limitsOf(params[0]!.element)[1]) ? (result.lanes > 1 ? -1n : 1n) : 0n)),
  });
}

const negative = (v: Value): boolean => (typeof v === "bigint" ? v < 0n : v < 0 || Object.is(v, -0));
const topBit = (e: Element, v: Value): boolean => bitsOf(e, v) >> BigInt(e.bits - 1) === 1n;

const FUNCTIONS: Readonly<Record<string, Reference>> = {
  isequal: truth(([a, b]) => a === b), isnotequal: truth(([a, b]) => a !== b), isgreater: truth(([a, b]) => a! > b!), isgreaterequal: truth(([a, b]) => a! >= b!),
  isless: truth(([a, b]) => a! < b!), islessequal: truth(([a, b]) => a! <= b!), islessgreater: truth(([a, b]) => a! < b! || a! > b!),
  isordered: truth((args) => !args.some(Number.isNaN)), isunordered: truth((args) => args.some(Number.isNaN)),
  isfinite: truth(([a]) => Number.isFinite(a)), isinf: truth(([a]) => Math.abs(a!) === Infinity), isnan: truth(([a]) => Number.isNaN(a)),
  isnormal: truth(([a], least) => Number.isFinite(a) && Math.abs(a!) >= 2 ** least),
  // A NaN's sign is not kept by the reference's numbers.
  signbit: ({ result, args }) => ({ result: args[0]!.map((v) => (Number.isNaN(v) ? null : negative(v) ? (result.lanes > 1 ? -1n : 1n) : 0n)) }),
  any: ({ args }) => ({ result: [args[0]!.some(negative) ? 1n : 0n] }),
  all: ({ args }) => ({ result: [args[0]!.every(negative) ? 1n : 0n] }),
  bitselect: perElement((e, _to, a: Value, b: Value, c: Value) => {
    const mask = bitsOf(e, c);
    // NaNs other than the canonical one lose their bits on the way.
    return [a, b, c].some((v) => Number.isNaN(v)) ? null : fromBits(e, (bitsOf(e, a) & ~mask) | (bitsOf(e, b) & mask));
  }),
  select: ({ args, params }) => ({ result: args[0]!.map((a, n) => ((params[0]!.lanes > 1 ? topBit(params[2]!.element, args[2]![n]!) : args[2]![n] !== 0n) ? args[1]![n]! : a)) }),
};

test.each(Object.keys(FUNCTIONS))("%s of every type", (name) => {
  const list = names.get(name);
  if (list !== undefined) expect(faultsOf(list, FUNCTIONS[name]!, { compiled: 4 })).toEqual([]);
});
