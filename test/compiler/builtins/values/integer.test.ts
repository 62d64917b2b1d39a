import { expect, test } from "vitest";
import { declarations } from "../declarations.ts";
import { faultsOf, namesOf, perElement, type Options, type Reference } from "./batch.ts";
import { clamped, wrap, type Element } from "./elements.ts";

/** Integer functions (OpenCL C 3.0 section 6.15.3) with every type and width, against integers without limits. */
type F = (e: Element, to: Element, ...args: bigint[]) => bigint;

const abs = (v: bigint): bigint => (v < 0n ? -v : v);
const unsigned = (e: Element, v: bigint): bigint => BigInt.asUintN(e.bits, v);
const binary = (e: Element, v: bigint): string => unsigned(e, v).toString(2).padStart(e.bits, "0");
const low24 = (e: Element, v: bigint): bigint => (e.signed ? BigInt.asIntN(24, v) : BigInt.asUintN(24, v));
const mask = (count: bigint): bigint => (1n << count) - 1n;

/** Exact results, wrapped to the result's type afterwards. */
const FUNCTIONS: Readonly<Record<string, F>> = {
  abs: (_, _t, a) => abs(a!),
  abs_diff: (_, _t, a, b) => abs(a! - b!),
  add_sat: (e, _, a, b) => clamped(e, a! + b!),
  sub_sat: (e, _, a, b) => clamped(e, a! - b!),
  hadd: (_, _t, a, b) => (a! + b!) >> 1n,
  rhadd: (_, _t, a, b) => (a! + b! + 1n) >> 1n,
  clz: (e, _, a) => BigInt(`${binary(e, a!)}1`.indexOf("1")),
  ctz: (e, _, a) => BigInt(`${[...binary(e, a!)].reverse().join("")}1`.indexOf("1")),
  popcount: (e, _, a) => BigInt(binary(e, a!).replaceAll("0", "").length),
  bit_reverse: (e, _, a) => BigInt(`0b${[...binary(e, a!)].reverse().join("")}`),
  mul_hi: (e, _, a, b) => (a! * b!) >> BigInt(e.bits),
  mad_hi: (e, _, a, b, c) => ((a! * b!) >> BigInt(e.bits)) + c!,
  mad_sat: (e, _, a, b, c) => clamped(e, a! * b! + c!),
  rotate: (e, _, a, b) => {
    const by = unsigned(e, b!) % BigInt(e.bits);
    return (unsigned(e, a!) << by) | (unsigned(e, a!) >> (BigInt(e.bits) - by));
  },
  mul24: (e, _, a, b) => low24(e, a!) * low24(e, b!),
  mad24: (e, _, a, b, c) => low24(e, a!) * low24(e, b!) + c!,
  upsample: (e, _, a, b) => (a! << BigInt(e.bits)) | b!,
  bitfield_insert: (_, _t, base, put, at, count) => (base! & ~(mask(count!) << at!)) | ((put! & mask(count!)) << at!),
  bitfield_extract_signed: (_, _t, base, at, count) => (count === 0n ? 0n : BigInt.asIntN(Number(count), base! >> at!)),
  bitfield_extract_unsigned: (_, _t, base, at, count) => (base! >> at!) & mask(count!),
  min: (_, _t, a, b) => (a! < b! ? a! : b!),
  max: (_, _t, a, b) => (a! > b! ? a! : b!),
  clamp: (_, _t, a, b, c) => (a! < b! ? b! : a! > c! ? c! : a!),
};

/** Fields lie inside the value; bounds are in order. */
const OPTIONS: Readonly<Record<string, Options>> = {
  clamp: { row: (args) => args[1]!.forEach((v, n) => { if (v > args[2]![n]!) [args[1]![n], args[2]![n]] = [args[2]![n]!, v]; }) },
};
for (const name of ["bitfield_insert", "bitfield_extract_signed", "bitfield_extract_unsigned"]) {
  (OPTIONS as Record<string, Options>)[name] = {
    row: (args, { params }) => {
      const bits = BigInt(params[0]!.element.bits);
      const [at, count] = args.slice(-2);
      at![0] = BigInt(at![0]!) % (bits + 1n);
      count![0] = BigInt(count![0]!) % (bits - at![0] + 1n);
    },
  };
}

const names = namesOf(declarations());

test.each(Object.keys(FUNCTIONS))("%s of every integer type", (name) => {
  const f = FUNCTIONS[name]!;
  const list = (names.get(name) ?? []).filter(({ params }) => !/[fd]$|Dh/.test(params[0]!.mangled));
  const reference = perElement((e, to, ...args) => wrap(to, f(e, to, ...args)));
  if (list.length > 0) expect(faultsOf(list, reference, { compiled: 6, ...OPTIONS[name] })).toEqual([]);
});

/** Sums of products (cl_khr_integer_dot_product): exact, then wrapped, or clamped with an accumulator. */
const dot: Reference = ({ params, result, args, name }) => {
  const packed = /4x8packed_(\w)(\w)/.exec(name);
  const elements = (n: number): bigint[] => {
    if (packed === null) return args[n]!.map(BigInt);
    return [0n, 8n, 16n, 24n].map((at) => (packed[n + 1] === "s" ? BigInt.asIntN(8, BigInt(args[n]![0]!) >> at) : BigInt.asUintN(8, BigInt(args[n]![0]!) >> at)));
  };
  const other = elements(1);
  const sum = elements(0).reduce((total, v, n) => total + v * other[n]!, 0n);
  return { result: [params.length > 2 ? clamped(result.element, sum + BigInt(args[2]![0]!)) : wrap(result.element, sum)] };
};

test("integer dot products", () => {
  const list = [...names].filter(([name]) => name.startsWith("dot")).flatMap(([, each]) => each).filter(({ params }) => !/[fd]$|Dh/.test(params[0]!.mangled));
  const faults = [...new Set(list.map(({ name }) => name))].flatMap((name) => faultsOf(list.filter((d) => d.name === name), dot));
  expect(faults).toEqual([]);
});
