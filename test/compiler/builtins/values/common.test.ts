import { expect, test } from "vitest";
import { declarations } from "../declarations.ts";
import { faultsOf, namesOf, type Options, type Reference } from "./batch.ts";
import { rounded, type Element, type Value } from "./elements.ts";

/** Common functions (OpenCL C 3.0 section 6.15.4) with every float type and width; sections 7.4 and 6.15.4 say how exact they are. */
type One = (e: Element, ...args: number[]) => number | null;

const undefinedOnNaN = (f: One): One => (e, ...args) => (args.some(Number.isNaN) ? null : f(e, ...args));
/** As the specification writes them. */
const min = (x: number, y: number): number => (y < x ? y : x);
const max = (x: number, y: number): number => (x < y ? y : x);

const FUNCTIONS: Readonly<Record<string, One>> = {
  min: undefinedOnNaN((_, x, y) => min(x!, y!)),
  max: undefinedOnNaN((_, x, y) => max(x!, y!)),
  clamp: undefinedOnNaN((_, x, low, high) => (low! > high! ? null : min(max(x!, low!), high!))),
  degrees: (e, x) => rounded(e, x! * (180 / Math.PI)),
  radians: (e, x) => rounded(e, x! * (Math.PI / 180)),
  step: undefinedOnNaN((_, edge, x) => (x! < edge! ? 0 : 1)),
  sign: (_, x) => (Number.isNaN(x) ? 0 : x === 0 ? x : x! > 0 ? 1 : -1),
  // Only where nothing overflows on the way: the error is relative to the largest of the terms.
  mix: (e, x, y, a) => ([x, y, a].every((v) => Math.abs(v!) < 1e3) ? rounded(e, x! + (y! - x!) * a!) : null),
  // Undefined with edges out of order or NaN. Kept to edges whose distance is a number of the type.
  smoothstep: (e, low, high, x) => {
    if (!(low! < high!) || ![low, high, x].every((v) => Math.abs(v!) < 1e3)) return null;
    const t = Math.min(Math.max((x! - low!) / (high! - low!), 0), 1);
    return rounded(e, t * t * (3 - 2 * t));
  },
};

/** Allowed differences, in units of the type's precision. */
const CLOSE: Readonly<Record<string, number>> = { degrees: 2, radians: 2, mix: 8, smoothstep: 16 };

function options(name: string): Options {
  const units = CLOSE[name];
  // Zeros compare equal where two arguments are: either may be chosen.
  if (units === undefined) return { close: (_call, _lane, got, want) => name !== "sign" && got === want };
  return {
    close: ({ args, result }, _lane, got: Value, want: Value) => {
      const e = result.element;
      const unit = 2 ** -(e.bits === 16 ? 10 : e.bits === 32 ? 23 : 52);
      const terms = name === "mix" ? Math.max(...args.flat().map((v) => Math.abs(Number(v)))) ** 2 : name === "smoothstep" ? 1 : 0;
      const least = e.bits === 16 ? 2 ** -24 : e.bits === 32 ? 2 ** -149 : 2 ** -1074;
      return Math.abs(Number(got) - Number(want)) <= units * Math.max(unit * Math.max(Math.abs(Number(want)), terms), least);
    },
  };
}

const names = namesOf(declarations());

test.each(Object.keys(FUNCTIONS))("%s of every float type", (name) => {
  const f = FUNCTIONS[name]!;
  const reference: Reference = ({ params, result, args }) => ({
    result: Array.from({ length: result.lanes }, (_, lane) => f(params[0]!.element, ...args.map((values) => Number(values[values.length === 1 ? 0 : lane])))),
  });
  const list = (names.get(name) ?? []).filter(({ params }) => /(^|_)([fd]|Dh)$/.test(params[0]!.mangled));
  if (names.size > 0) expect(list.length).toBeGreaterThan(0);
  if (list.length > 0) expect(faultsOf(list, reference, options(name))).toEqual([]);
});
