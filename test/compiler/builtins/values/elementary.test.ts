import { expect, test } from "vitest";
import { compileModule } from "../../../../src/compiler/wasm/index.ts";
import { declarations, type Declaration } from "../declarations.ts";
import { callKernel, program } from "../support.ts";
import { faultsOf, namesOf, shapeOf, type Options, type Reference, type Wanted } from "./batch.ts";
import { edges, get, put, type Element, type Value } from "./elements.ts";

/** Elementary functions, whose accuracy ulp.test.ts measures on single numbers: elements of vectors, of every type, get just what a single number gets, on both engines. */
const names = namesOf(declarations());

const ONE = ["acos", "acosh", "acospi", "asin", "asinh", "asinpi", "atan", "atanh", "atanpi", "cbrt", "cos", "cosh", "cospi", "erfc", "erf", "exp", "exp2", "exp10", "expm1", "lgamma", "log", "log2", "log10", "log1p",
  "rsqrt", "sin", "sinh", "sinpi", "tan", "tanh", "tanpi", "tgamma"];
const TWO = ["atan2", "atan2pi", "hypot", "pow", "pown", "powr", "rootn"];
const FAST = ["cos", "exp", "exp2", "exp10", "log", "log2", "log10", "recip", "rsqrt", "sin", "sqrt", "tan"].flatMap((name) => [`half_${name}`, `native_${name}`]);
const FAST2 = ["half_divide", "half_powr", "native_divide", "native_powr"];

/** Results of the single-number form for all combinations of edge values, by their places in the pools. */
function table(scalar: Declaration): (args: readonly Value[]) => Value {
  const shapes = scalar.params.map(shapeOf);
  const pools = shapes.map(({ element }) => edges(element));
  const count = pools.reduce((n, pool) => n * pool.length, 1);
  const padded = Math.ceil(count / 8) * 8;
  const places = (row: number): number[] => pools.map((pool, n) => Math.floor(row / pools.slice(0, n).reduce((m, p) => m * p.length, 1)) % pool.length);
  const column = (element: Element, at: (row: number) => Value): Uint8Array => {
    const view = new DataView(new ArrayBuffer(padded * 8));
    for (let row = 0; row < padded; row++) put(element, view, row * element.bits / 8, at(row));
    return new Uint8Array(view.buffer);
  };
  const inputs = shapes.map(({ element }, n) => column(element, (row) => pools[n]![places(row)[n]!]!));
  const result = shapeOf(scalar.result).element;
  const out = new Uint8Array(padded * 8);
  const type = (e: Element): string => (e.float ? { 16: "half", 32: "float", 64: "double" }[e.bits]! : `i${e.bits}`);
  const mangled = `_Z${scalar.name.length}${scalar.name}${scalar.params.map((p) => p.mangled).join("")}`;
  program(callKernel(mangled, type(result), shapes.map(({ element }) => type(element))), compileModule).run("k", [out, ...inputs], padded, 8);
  const index = shapes.map((_, n) => new Map<Value, number>(pools[n]!.map((v, at) => [Object.is(v, -0) ? "-0" as unknown as Value : v, at])));
  const view = new DataView(out.buffer);
  return (args) => {
    let row = 0;
    for (let n = shapes.length - 1; n >= 0; n--) row = row * pools[n]!.length + index[n]!.get(Object.is(args[n], -0) ? "-0" as unknown as Value : args[n]!)!;
    return get(result, view, row * result.bits / 8);
  };
}

/** The single-number forms of a function, by the element type of the first argument. */
function tables(name: string): Map<string, (args: readonly Value[]) => Value> {
  return new Map((names.get(name) ?? []).filter((d) => d.params.every(({ mangled }) => !/^Dv|^P/.test(mangled))).map((d) => [d.params[0]!.mangled, table(d)]));
}

const OPTIONS: Options = { compiled: 7 };

test.each([...ONE, ...TWO, ...FAST, ...FAST2])("%s", (name) => {
  const single = tables(name);
  const reference: Reference = ({ params, result, args }) => ({
    result: Array.from({ length: result.lanes }, (_, lane) => single.get(params[0]!.element.code)!(args.map((values) => values[values.length === 1 ? 0 : lane]!))),
  });
  const list = names.get(name);
  if (list !== undefined) expect(faultsOf(list, reference, OPTIONS)).toEqual([]);
});

test("sincos is sin and cos", () => {
  const [sin, cos] = [tables("sin"), tables("cos")];
  const reference: Reference = ({ params, args }): Wanted => {
    const { code } = params[0]!.element;
    return { result: args[0]!.map((v) => sin.get(code)!([v])), left: [[...args[0]!.map((v) => cos.get(code)!([v])), ...(args[0]!.length === 3 ? [null] : [])]] };
  };
  const list = names.get("sincos");
  if (list !== undefined) expect(faultsOf(list, reference, OPTIONS)).toEqual([]);
});

test("lgamma_r is lgamma, and the sign of gamma", () => {
  const lgamma = tables("lgamma");
  const sign = (x: number): Value | null => {
    // At its poles and for NaN and -infinity the sign says nothing.
    if (Number.isNaN(x) || x === -Infinity || (x <= 0 && Number.isInteger(x))) return null;
    return x > 0 || Math.floor(x) % 2 === 0 ? 1n : -1n;
  };
  const reference: Reference = ({ params, args }): Wanted => ({
    result: args[0]!.map((v) => lgamma.get(params[0]!.element.code)!([v])), left: [[...args[0]!.map((v) => sign(Number(v))), ...(args[0]!.length === 3 ? [null] : [])]],
  });
  const list = names.get("lgamma_r");
  if (list !== undefined) expect(faultsOf(list, reference, OPTIONS)).toEqual([]);
});
