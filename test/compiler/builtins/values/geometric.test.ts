import { expect, test } from "vitest";
import { declarations } from "../declarations.ts";
import { abs, add, div, exponentOf, fromNumber, isZero, less, mul, real, sign, sqrt, sub, ZERO, type Real } from "../ulp/real.ts";
import { faultsOf, namesOf, type Call, type Options, type Reference } from "./batch.ts";
import { edges, rounded, type Element, type Value } from "./elements.ts";
import { limitsOf } from "./rounding.ts";

/** Geometric functions (OpenCL C 3.0 section 6.15.5), with the errors of section 7.4 and the special values of section 7.5.1. */
const names = namesOf(declarations());

const numbers = (values: readonly Value[]): number[] => values.map(Number);
const finite = (...lists: readonly number[][]): boolean => lists.flat().every(Number.isFinite);
const reals = (values: readonly number[]): Real[] => values.map(fromNumber);

function squares(v: readonly Real[]): Real {
  return v.map((x) => mul(x, x)).reduce(add, ZERO);
}

/** Largest number of the type. */
function largest(e: Element): number {
  const [digits, , most] = limitsOf(e);
  return 2 ** most * (2 - 2 ** (1 - digits));
}

/** Whether `got` is within so many units in the last place of the exact value; beyond the largest number infinity counts as the next one. */
function near(e: Element, got: number, want: Real, ulps: number): boolean {
  const [digits, least, most] = limitsOf(e);
  if (Number.isNaN(got)) return false;
  const unit = Math.max(isZero(want) ? least : exponentOf(want), least) - digits + 1;
  // What lies beyond the largest number is infinite.
  const is = Number.isFinite(got) ? fromNumber(got) : real(got < 0 ? -1 : 1, most + 1);
  if (!Number.isFinite(got) && !isZero(want) && exponentOf(want) > most) return sign(want) === sign(is);
  return !less(real(Math.ceil(ulps * 16), unit - 4), abs(sub(is, want)));
}

/** 7.4: the error of each function, for so many elements. */
function bound(name: string, e: Element, n: number): number {
  const row = {
    length: { 16: 0.25 + 0.5 * n, 32: 2.75 + 0.5 * n, 64: 5.5 + n }, distance: { 16: 2 * n, 32: 2.5 + 2 * n, 64: 5.5 + 2 * n }, normalize: { 16: 1 + n, 32: 2 + n, 64: 4.5 + n },
    fast_length: { 16: 8191.5 + n, 32: 8191.5 + n, 64: 0 }, fast_distance: { 16: 8191.5 + 2 * n, 32: 8191.5 + 2 * n, 64: 0 }, fast_normalize: { 16: 8192 + n, 32: 8192 + n, 64: 0 },
  }[name];
  if (row === undefined) throw new Error(name);
  return row[e.bits as 16 | 32 | 64];
}

const SPECIAL: readonly number[] = [NaN, Infinity, -Infinity, 0, -0, 0, 0, 1];

/** Vectors of several kinds: special and edge values, numbers of one size, numbers of one size that squares of which the type cannot hold. */
const value: Options["value"] = (_call, _n, e, random) => {
  const kind = random() % 8;
  if (kind === 0) return edges(e)[random() % edges(e).length]!;
  if (kind === 1) return SPECIAL[random() % SPECIAL.length]!;
  const [, least, most] = limitsOf(e);
  const size = kind === 2 ? most - random() % 3 : kind === 3 ? least + random() % 3 : random() % 5 - 2;
  return rounded(e, (random() % 2 === 0 ? 1 : -1) * (1 + random() / 2 ** 32) * 2 ** size);
};

/** Some vectors are the same number throughout. */
const row: Options["row"] = (args, { params }) => {
  const first = args[0]!;
  if (Number(first[0]) < -1) first.fill(rounded(params[0]!.element, Number(first[0])));
};

const OPTIONS: Options = { rows: 48, compiled: 2, value, row };

/** What is exact beside special values; null: a number, compared with `close`. */
function norm(v: readonly number[]): number | null {
  const infinite = v.some((x) => Math.abs(x) === Infinity);
  const nan = v.some(Number.isNaN);
  // A NaN beside an infinity: nobody says which it is.
  return infinite && nan ? null : infinite ? Infinity : nan ? NaN : 0.5;
}

const difference = (a: readonly number[], b: readonly number[]): number[] => a.map((x, i) => x - b[i]!);
const vectorOf = ({ args, name }: Call): number[] => (name.endsWith("distance") ? difference(numbers(args[0]!), numbers(args[1]!)) : numbers(args[0]!));
const exactVector = ({ args, name }: Call): Real[] => (name.endsWith("distance") ? args[0]!.map((x, i) => sub(fromNumber(Number(x)), fromNumber(Number(args[1]![i])))) : reals(numbers(args[0]!)));

/** The fast forms may square in the type: nothing is said where that overflows, and where it is denormal or vanishes. */
function squaresFit(e: Element, v: readonly Real[]): boolean {
  const [, least, most] = limitsOf(e);
  const sum = squares(v);
  return isZero(sum) || (exponentOf(sum) <= most && v.every((x) => isZero(x) || (2 * exponentOf(x) >= least && exponentOf(x) <= most)));
}

/** A difference as large as the type's numbers go overflows, and so may the length. */
const scalar: Reference = (call) => {
  const given = numbers(call.args.flat());
  const special = finite(given) ? 0.5 : norm(vectorOf(call));
  return { result: [special] };
};

test.each(["length", "distance", "fast_length", "fast_distance"])("%s", (name) => {
  const list = names.get(name);
  const close: Options["close"] = (call, _lane, got, want) => {
    if (want !== 0.5 || !finite(numbers(call.args.flat()))) return false;
    const { element: e, lanes } = call.params[0]!;
    const v = exactVector(call);
    return (name.startsWith("fast") && !squaresFit(e, v)) || near(e, Number(got), sqrt(squares(v)), bound(name, e, lanes));
  };
  if (list !== undefined) expect(faultsOf(list, scalar, { ...OPTIONS, close })).toEqual([]);
});

test("distances between numbers that are close are not those of their squares", () => {
  const list = names.get("distance");
  const close: Options["close"] = ({ params, args }, _lane, got) => near(params[0]!.element, Number(got), sqrt(squares(args[0]!.map((x, i) => sub(fromNumber(Number(x)), fromNumber(Number(args[1]![i])))))), 1 + params[0]!.lanes);
  const together: Options["row"] = (args, { params }) => { args[1] = args[0]!.map((x) => rounded(params[0]!.element, Number(x) * (1 + 2 ** -9))); };
  const near1: Options["value"] = (_c, _n, element, random) => rounded(element, 1 + random() / 2 ** 32);
  if (list !== undefined) expect(faultsOf(list, () => ({ result: [0.5] }), { rows: 16, value: near1, row: together, close })).toEqual([]);
});

/** What normalize has to put in the place of a vector with infinite elements. */
function tamed(v: readonly number[]): readonly number[] {
  return v.some((x) => Math.abs(x) === Infinity) ? v.map((x) => (Math.abs(x) === Infinity ? Math.sign(x) : x - x)) : v;
}

test.each(["normalize", "fast_normalize"])("%s", (name) => {
  const list = names.get(name);
  const unit: Reference = ({ args }) => {
    const v = numbers(args[0]!);
    // A vector full of NaNs if any element is one, the vector itself if it is zero.
    if (v.some(Number.isNaN)) return { result: v.map(() => NaN) };
    return { result: v.every((x) => x === 0) ? v : v.map(() => 0.5) };
  };
  const close: Options["close"] = (call, lane, got, want) => {
    const { element: e, lanes } = call.params[0]!;
    const v = numbers(call.args[0]!);
    if (want !== 0.5 || v.every((x) => x === 0)) return false;
    const exact = reals(tamed(v));
    if (name.startsWith("fast") && (!finite(v) || !squaresFit(e, exact))) return true;
    return near(e, Number(got), div(exact[lane]!, sqrt(squares(exact))), bound(name, e, lanes)) && (Number(got) === 0 || Math.sign(Number(got)) === Math.sign(v[lane]!));
  };
  if (list !== undefined) expect(faultsOf(list, unit, { ...OPTIONS, close })).toEqual([]);
});

/** Products of finite numbers, with the largest of them: the error that is allowed is measured by it. */
function products(pairs: readonly (readonly [number, number])[]): { sum: Real; largest: Real } {
  const list = pairs.map(([a, b]) => mul(fromNumber(a), fromNumber(b)));
  return { sum: list.reduce(add, ZERO), largest: list.map(abs).reduce((a, b) => (less(a, b) ? b : a)) };
}

/** Within max * max * times * epsilon, and half of the smallest number, of the exact sum of products; anything where the largest numbers are passed on the way. */
function sumIsClose(e: Element, got: number, pairs: readonly (readonly [number, number])[], times: number): boolean {
  const [digits, least] = limitsOf(e);
  const { sum, largest: most } = products(pairs);
  const top = fromNumber(largest(e));
  if (less(top, mul(most, real(pairs.length)))) return less(mul(most, real(1)), top) ? near(e, got, sum, 2 ** digits) || Math.abs(got) === Infinity : true;
  if (!Number.isFinite(got)) return false;
  const allowed = add(mul(most, real(times, 1 - digits)), real(pairs.length, least - digits + 1));
  return !less(allowed, abs(sub(fromNumber(got), sum)));
}

test("dot", () => {
  const list = names.get("dot")?.filter(({ params }) => /(?:^|_)(?:f|d|Dh)$/.test(params[0]!.mangled));
  const pairsOf = ({ args }: Call): [number, number][] => args[0]!.map((a, i) => [Number(a), Number(args[1]![i])]);
  const reference: Reference = (call) => {
    const pairs = pairsOf(call);
    if (!finite(pairs.flat())) return { result: [rounded(call.result.element, pairs.map(([a, b]) => a * b).reduce((a, b) => a + b))] };
    return { result: [0.5] };
  };
  const close: Options["close"] = (call, _lane, got) => {
    const pairs = pairsOf(call);
    // Where a finite product overflows beside an infinite one the result may be a NaN.
    if (!finite(pairs.flat())) return pairs.some(([a, b]) => Number.isFinite(a) && Number.isFinite(b) && !Number.isFinite(rounded(call.result.element, a * b)));
    return sumIsClose(call.result.element, Number(got), pairs, 2 * pairs.length - 1);
  };
  if (list !== undefined) {
    expect(list.map(({ params }) => params[0]!.mangled).toSorted()).toEqual(["f", "d", "Dh"].flatMap((code) => [code, `Dv2_${code}`, `Dv3_${code}`, `Dv4_${code}`]).toSorted());
    expect(faultsOf(list, reference, { ...OPTIONS, close })).toEqual([]);
  }
});

test("cross", () => {
  const list = names.get("cross");
  const pairsOf = ({ args }: Call, lane: number): [number, number][] => {
    const [a, b] = [numbers(args[0]!), numbers(args[1]!)];
    const [i, j] = [(lane + 1) % 3, (lane + 2) % 3];
    return [[a[i]!, b[j]!], [-a[j]!, b[i]!]];
  };
  const reference: Reference = (call) => ({
    result: [0, 1, 2].map((lane): Value => {
      const pairs = pairsOf(call, lane);
      return finite(pairs.flat()) ? 0.5 : pairs.map(([a, b]) => a * b).reduce((a, b) => a + b);
    }).concat(call.result.lanes === 4 ? [0] : []),
  });
  const close: Options["close"] = (call, lane, got) => {
    const pairs = lane === 3 ? [] : pairsOf(call, lane);
    if (!finite(pairs.flat())) return pairs.some(([a, b]) => Number.isFinite(a) && Number.isFinite(b) && !Number.isFinite(rounded(call.result.element, a * b)));
    return lane < 3 && sumIsClose(call.result.element, Number(got), pairs, 3);
  };
  if (list !== undefined) expect(faultsOf(list, reference, { ...OPTIONS, close })).toEqual([]);
});
