import type { FloatUnary, ValueId } from "../../ir/ops.ts";
import type { Kit } from "../kit.ts";
import { enter, floats, leave, workingType } from "./half.ts";
import { codeOf } from "./mangle.ts";
import { perLane, storeLanes, type Lowering, type Lowerings, type Site } from "./site.ts";
import { sizeOf } from "../../ir/types.ts";

/**
 * Math functions (OpenCL C 3.0 section 6.15.2). What is one IR operation is that; the rest are library functions
 * `__gg_<name>_<type>`. The accuracy asked for is in section 7.4 (relative error as ULPs).
 */

function library(name: string): Lowering {
  return floats((k, type, ...args) => k.call1(`__gg_${name}_${type}`, ...args));
}

function operation(op: FloatUnary): Lowering {
  return floats((k, _, x) => k.float1(op, x!));
}

const LIBRARY = [
  "exp", "exp2", "exp10", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "sinpi", "cospi", "tanpi",
  "asin", "acos", "atan", "asinpi", "acospi", "atanpi", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "cbrt", "erf", "erfc", "tgamma", "lgamma",
  "atan2", "atan2pi", "hypot", "pow", "powr", "remainder", "logb", "pown", "rootn", "ldexp",
];

/** Library function with a second result that goes through the last argument, a pointer. */
function withPointer(name: string): Lowering {
  return (s) => {
    const { k } = s;
    const code = codeOf(s.params[0]);
    const type = workingType(code);
    const stored: ValueId[] = [];
    const values = perLane(s, (...lane) => {
      const [first, second] = k.call(`__gg_${name}_${type}`, ...lane.map((v) => enter(k, code, v)));
      stored.push(k.type(second!) === type ? leave(k, code, second!) : second!);
      return leave(k, code, first!);
    }, s.args.slice(0, -1));
    storeResults(s, stored);
    return values;
  };
}

function storeResults(s: Site, values: readonly ValueId[]): void {
  // As the vector type is aligned: three elements take the room of four.
  const size = sizeOf[s.k.type(values[0]!)];
  storeLanes(s.k, s.place(s.args.length - 1), values, size * (values.length === 3 ? 4 : values.length));
}

/** x - floor(x), below 1; floor(x) goes through the pointer. */
const fract: Lowering = (s) => {
  const { k } = s;
  const code = codeOf(s.params[0]);
  const largest = code === "Dh" ? 1 - 2 ** -11 : code === "f" ? 1 - 2 ** -24 : 1 - 2 ** -53;
  const whole: ValueId[] = [];
  const values = perLane(s, (x) => {
    const v = enter(k, code, x!);
    const floor = k.float1("ffloor", v);
    whole.push(leave(k, code, floor));
    const rest = k.sub(v, floor);
    const limited = k.select(k.fcmp("ogt", rest, k.like(v, largest)), k.like(v, largest), rest);
    // Zeros and infinities give a zero of their own sign.
    const ends = k.or(k.fcmp("oeq", k.abs(v), k.like(v, Infinity)), k.fcmp("oeq", v, k.like(v, 0)));
    return leave(k, code, k.select(ends, k.copysign(k.like(v, 0), v), limited));
  }, s.args.slice(0, 1));
  storeResults(s, whole);
  return values;
};

const modf: Lowering = (s) => {
  const { k } = s;
  const code = codeOf(s.params[0]);
  const whole: ValueId[] = [];
  const values = perLane(s, (x) => {
    const v = enter(k, code, x!);
    const integral = k.float1("ftrunc", v);
    whole.push(leave(k, code, integral));
    const infinite = k.fcmp("oeq", k.abs(v), k.like(v, Infinity));
    return leave(k, code, k.copysign(k.select(infinite, k.like(v, 0), k.sub(v, integral)), v));
  }, s.args.slice(0, 1));
  storeResults(s, whole);
  return values;
};

/** The pattern of a quiet NaN with the given payload. */
const nan: Lowering = (s) => perLane(s, (payload) => {
  const { k } = s;
  const type = s.result[0]!;
  if (type === "i16") return k.or(payload!, k.c("i16", 0x7e00));
  return k.unbits(k.or(payload!, type === "f32" ? k.i(0x7fc0_0000) : k.l(0x7ff8_0000_0000_0000n)));
});

/** Exponent as an integer; the smallest int for 0 and the largest for NaN and infinity (FP_ILOGB0 and FP_ILOGBNAN). */
const ilogb: Lowering = (s) => {
  const code = codeOf(s.params[0]);
  return perLane(s, (x) => s.k.call1(`__gg_ilogb_${workingType(code)}`, enter(s.k, code, x!)));
};

/** Next number of the type itself: half steps over its own patterns. */
const nextafter: Lowering = (s) => perLane(s, (x, y) => {
  const { k } = s;
  const code = codeOf(s.params[0]);
  const half = code === "Dh";
  const bits = (v: ValueId): ValueId => (half ? v : k.bits(v));
  const from = enter(k, code, x!);
  const to = enter(k, code, y!);
  const pattern = bits(x!);
  const zero = k.fcmp("oeq", from, k.like(from, 0));
  const away = k.icmp("eq", k.fcmp("olt", from, to), k.icmp("ge.s", pattern, k.like(pattern, 0)));
  const stepped = k.select(away, k.add(pattern, k.like(pattern, 1)), k.sub(pattern, k.like(pattern, 1)));
  const sign = half ? 0x8000n : code === "f" ? 1n << 31n : 1n << 63n;
  const smallest = k.or(k.and(bits(y!), k.like(pattern, sign)), k.like(pattern, 1));
  const moved = k.select(zero, smallest, stepped);
  const value = half ? moved : k.unbits(moved);
  const unordered = k.fcmp("uno", from, to);
  const bad = half ? k.c("i16", 0x7e00) : k.nan(code === "f" ? "f32" : "f64");
  return k.select(unordered, bad, k.select(k.fcmp("oeq", from, to), y!, value));
});

function fdim(k: Kit, x: ValueId, y: ValueId): ValueId {
  const positive = k.select(k.fcmp("ogt", x, y), k.sub(x, y), k.like(x, 0));
  return k.select(k.fcmp("uno", x, y), k.nan(k.type(x) as "f32" | "f64"), positive);
}

/** The one of larger (smaller) magnitude; fmax (fmin) when they are equal or NaN. */
function magnitude(larger: boolean): Lowering {
  return floats((k, _, x, y) => {
    const a = k.abs(x!);
    const b = k.abs(y!);
    const first = larger ? k.fcmp("ogt", a, b) : k.fcmp("olt", a, b);
    const second = larger ? k.fcmp("ogt", b, a) : k.fcmp("olt", b, a);
    return k.select(first, x!, k.select(second, y!, k.float(larger ? "fmax" : "fmin", x!, y!)));
  });
}

function rsqrt(k: Kit, x: ValueId): ValueId {
  return k.div(k.like(x, 1), k.sqrt(x));
}

/** fma of half goes through f64, where the product is exact and the sum is off a half's midpoint only if it should be. */
const fma: Lowering = (s) => {
  const { k } = s;
  if (codeOf(s.params[0]) !== "Dh") return perLane(s, (a, b, c) => k.fma(a!, b!, c!));
  const wide = (v: ValueId): ValueId => k.widen(k.conv("f16tof32", "f32", v));
  return perLane(s, (a, b, c) => k.conv("f64tof16", "i16", k.add(k.mul(wide(a!), wide(b!)), wide(c!))));
};

const absolute: Lowering = (s) => perLane(s, (x) => (codeOf(s.params[0]) === "Dh" ? s.k.and(x!, s.k.c("i16", 0x7fff)) : s.k.abs(x!)));

const copysign: Lowering = (s) => perLane(s, (x, y) => {
  const { k } = s;
  if (codeOf(s.params[0]) !== "Dh") return k.copysign(x!, y!);
  return k.or(k.and(x!, k.c("i16", 0x7fff)), k.and(y!, k.c("i16", 0x8000)));
});

/** The fast forms: precision is up to the implementation, so branches for far arguments are left out. */
function fast(prefix: string): Lowerings {
  const forms: Record<string, Lowering> = {
    sin: library("native_sin"), cos: library("native_cos"), tan: library("native_tan"),
    recip: floats((k, _, x) => k.div(k.like(x!, 1), x!)), divide: floats((k, _, x, y) => k.div(x!, y!)),
    sqrt: operation("fsqrt"), rsqrt: floats((k, _, x) => rsqrt(k, x!)),
    powr: floats((k, _, x, y) => k.call1("__gg_exp2_f32", k.mul(y!, k.call1("__gg_log2_f32", x!)))),
    tanh: library("tanh"),
  };
  for (const name of ["exp", "exp2", "exp10", "log", "log2", "log10"]) forms[name] = library(name);
  return Object.fromEntries(Object.entries(forms).map(([name, f]) => [`${prefix}_${name}`, f]));
}

/** half_powr must stay within 8192 ULP for all arguments, so it is the full one. */
const halfForms: Lowerings = { ...fast("half"), half_sin: library("sin"), half_cos: library("cos"), half_tan: library("tan"), half_powr: library("powr") };

/** Lowerings of the math functions, by name. */
export const math: Lowerings = {
  ...Object.fromEntries(LIBRARY.map((name) => [name, library(name)])),
  ...fast("native"),
  ...halfForms,
  fabs: absolute, copysign, sqrt: operation("fsqrt"), ceil: operation("fceil"), floor: operation("ffloor"), trunc: operation("ftrunc"),
  rint: operation("frint"), round: operation("fround"),
  rsqrt: floats((k, _, x) => rsqrt(k, x!)),
  fmin: floats((k, _, x, y) => k.float("fmin", x!, y!)), fmax: floats((k, _, x, y) => k.float("fmax", x!, y!)),
  fmod: floats((k, _, x, y) => k.float("frem", x!, y!)),
  fdim: floats((k, _, x, y) => fdim(k, x!, y!)),
  maxmag: magnitude(true), minmag: magnitude(false),
  fma,
  // mad may round as it likes: once, as what the compiler contracts (decision 20).
  mad: fma,
  fract, modf, nan, ilogb, nextafter,
  frexp: withPointer("frexp"), lgamma_r: withPointer("lgamma_r"), remquo: withPointer("remquo"), sincos: withPointer("sincos"),
};

