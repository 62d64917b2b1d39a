import type { ValueId } from "../../ir/ops.ts";
import type { Kit } from "../kit.ts";
import { enter, leave, workingType } from "./half.ts";
import { codeOf, isFloatCode, isSignedCode } from "./mangle.ts";
import { addSat } from "./saturate.ts";
import type { Lowering, Lowerings, Site } from "./site.ts";

/** Geometric functions (OpenCL C 3.0 section 6.15.5) and the integer dot product of cl_khr_integer_dot_product. */

function vectors(s: Site): { code: string; args: ValueId[][] } {
  const code = codeOf(s.params[0]);
  return { code, args: s.args.map((values) => values.map((v) => enter(s.k, code, v))) };
}

function sumOfProducts(k: Kit, a: readonly ValueId[], b: readonly ValueId[]): ValueId {
  return a.map((x, n) => k.mul(x, b[n]!)).reduce((x, y) => k.add(x, y));
}

/** Elements whose squares neither overflow nor vanish. */
interface Scaled {
  readonly elements: readonly ValueId[];
  /** The power of two that brings them back, and whether they were too large (i1); null: they are as they were, in double. */
  readonly by: { readonly back: ValueId; readonly huge: ValueId } | null;
}

function scaledElements(k: Kit, v: readonly ValueId[]): Scaled {
  if (k.type(v[0]!) === "f32") return { elements: v.map((x) => k.widen(x)), by: null };
  const largest = v.map((x) => k.abs(x)).reduce((a, b) => k.select(k.fcmp("olt", a, b), b, a));
  const huge = k.fcmp("ogt", largest, k.d(2 ** 500));
  const tiny = k.fcmp("olt", largest, k.d(2 ** -500));
  const scale = k.select(huge, k.d(2 ** -600), k.select(tiny, k.d(2 ** 600), k.d(1)));
  const back = k.select(huge, k.d(2 ** 600), k.select(tiny, k.d(2 ** -600), k.d(1)));
  return { elements: v.map((x) => k.mul(x, scale)), by: { back, huge } };
}

/** The root of the sum of squares. In single precision computed in double; in double, scaled when the largest element is very large or small. */
function norm(k: Kit, v: readonly ValueId[]): ValueId {
  if (v.length === 1) return k.abs(v[0]!);
  const { elements, by } = scaledElements(k, v);
  const root = k.sqrt(sumOfProducts(k, elements, elements));
  return by === null ? k.narrow(root) : k.mul(root, by.back);
}

function difference(k: Kit, a: readonly ValueId[], b: readonly ValueId[]): ValueId[] {
  return a.map((x, n) => k.sub(x, b[n]!));
}

/** v over its length; zero stays zero. Infinite elements count as 1, others beside them as what 0 times them is: NaN for NaN, which makes all of them NaN. */
function unit(k: Kit, v: readonly ValueId[]): ValueId[] {
  if (v.length === 1) {
    const [x] = v;
    return [k.select(k.fcmp("one", x!, k.like(x!, 0)), k.copysign(k.like(x!, 1), x!), x!)];
  }
  const infinite = v.map((x) => k.fcmp("oeq", k.abs(x), k.like(x, Infinity)));
  const any = infinite.reduce((a, b) => k.or(a, b));
  const tamed = v.map((x, n) => k.select(any, k.select(infinite[n]!, k.copysign(k.like(x, 1), x), k.mul(x, k.like(x, 0))), x));
  const { elements, by } = scaledElements(k, tamed);
  const length = k.sqrt(sumOfProducts(k, elements, elements));
  const zero = k.fcmp("oeq", length, k.d(0));
  if (by === null) return elements.map((x, n) => k.select(zero, v[n]!, k.narrow(k.div(x, length))));
  // The length itself may overflow, and small elements beside huge ones vanish when scaled: those are divided by a quarter of it.
  const divisor = k.select(by.huge, k.mul(length, k.d(2 ** 598)), length);
  const rest = k.select(by.huge, k.d(0.25), k.d(1));
  return elements.map((x, n) => k.select(zero, v[n]!, k.mul(k.div(k.select(by.huge, tamed[n]!, x), divisor), rest)));
}

const dot: Lowering = (s) => {
  const code = codeOf(s.params[0]);
  if (!isFloatCode(code)) return [integerDot(s, null)];
  const { args } = vectors(s);
  return [leave(s.k, code, sumOfProducts(s.k, args[0]!, args[1]!))];
};

/** Products of 8- or 16-bit elements, summed in 32 bits; with `add`, saturated to it at the end. */
function integerDot(s: Site, add: ValueId | null): ValueId {
  const { k } = s;
  const wide = (values: readonly ValueId[], code: string): ValueId[] => values.map((v) => k.conv(isSignedCode(code) ? "sext" : "zext", "i64", v));
  const a = wide(s.args[0]!, codeOf(s.params[0]));
  const b = wide(s.args[1]!, codeOf(s.params[1]));
  const sum = sumOfProducts(k, a, b);
  if (add === null) return k.conv("trunc", "i32", sum);
  const signed = isSignedCode(codeOf(s.params[2]));
  const total = k.add(sum, k.conv(signed ? "sext" : "zext", "i64", add));
  const low = signed ? -(2n ** 31n) : 0n;
  const high = signed ? 2n ** 31n - 1n : 2n ** 32n - 1n;
  return k.conv("trunc", "i32", k.int("min.s", k.int("max.s", total, k.l(low)), k.l(high)));
}

/** Bytes of two words, multiplied and summed; saturated to the accumulator's range when there is one. */
function packed(signs: string, accumulate = false): Lowering {
  return (s) => {
    const { k } = s;
    const bytes = (word: ValueId, signed: boolean): ValueId[] => [0, 8, 16, 24].map((at) => (signed ? k.ashr(k.shl(word, 24 - at), 24) : k.and(k.lshr(word, at), k.i(0xff))));
    const sum = sumOfProducts(k, bytes(s.args[0]![0]!, signs[0] === "s"), bytes(s.args[1]![0]!, signs[1] === "s"));
    if (!accumulate) return [sum];
    return [addSat(k, signs !== "uu", sum, s.args[2]![0]!)];
  };
}

function scalar(op: (k: Kit, args: ValueId[][]) => ValueId): Lowering {
  return (s) => {
    const { code, args } = vectors(s);
    return [leave(s.k, code, op(s.k, args))];
  };
}

const length = scalar((k, [v]) => norm(k, v!));
const distance = scalar((k, [a, b]) => norm(k, difference(k, a!, b!)));
const normalize: Lowering = (s) => {
  const { code, args } = vectors(s);
  return unit(s.k, args[0]!).map((x) => leave(s.k, code, x));
};

const cross: Lowering = (s) => {
  const { code, args } = vectors(s);
  const { k } = s;
  const [a, b] = args;
  const part = (i: number, j: number): ValueId => leave(k, code, k.sub(k.mul(a![i]!, b![j]!), k.mul(a![j]!, b![i]!)));
  const result = [part(1, 2), part(2, 0), part(0, 1)];
  if (a!.length === 4) result.push(leave(k, code, k.c(workingType(code), 0)));
  return result;
};

/** The fast forms square in the type itself. */
function fastNorm(k: Kit, v: readonly ValueId[]): ValueId {
  return k.sqrt(sumOfProducts(k, v, v));
}

/** Lowerings of the geometric functions and integer dot products, by name. */
export const geometric: Lowerings = {
  dot, length, distance, normalize, cross,
  fast_length: scalar((k, [v]) => fastNorm(k, v!)),
  fast_distance: scalar((k, [a, b]) => fastNorm(k, difference(k, a!, b!))),
  fast_normalize: (s) => {
    const { k } = s;
    const v = s.args[0]!;
    const size = fastNorm(k, v);
    const zero = k.fcmp("oeq", size, k.like(size, 0));
    return v.map((x) => k.select(zero, x, k.div(x, size)));
  },
  dot_acc_sat: (s) => [integerDot(s, s.args[2]![0]!)],
  dot_4x8packed_ss_int: packed("ss"), dot_4x8packed_uu_uint: packed("uu"), dot_4x8packed_su_int: packed("su"), dot_4x8packed_us_int: packed("us"),
  dot_acc_sat_4x8packed_ss_int: packed("ss", true), dot_acc_sat_4x8packed_uu_uint: packed("uu", true),
  dot_acc_sat_4x8packed_su_int: packed("su", true), dot_acc_sat_4x8packed_us_int: packed("us", true),
};

