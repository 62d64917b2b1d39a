import type { FloatUnary, ValueId } from "../ir/ops.ts";
import type { LInstr } from "./ast.ts";
import { constantInt } from "./arith.ts";
import type { FnLowering } from "./context.ts";
import { copyBytes, fillBytes } from "./copy.ts";
import { elementLeaf, isWide, type Leaf } from "./flat.ts";
import { clearSign, copySign, fromWorking, onWorking, toWorking } from "./floats.ts";
import { integerIntrinsic } from "./intrinsics-int.ts";
import { showType } from "./types.ts";
import { vectorIntrinsic } from "./intrinsics-vector.ts";

type Call = LInstr & { op: "call" };

/** Promises to the optimiser, and the like: they do nothing. */
const NOTHING = /^llvm\.(lifetime\.|dbg\.|assume$|invariant\.|experimental\.noalias\.scope\.decl|donothing|sideeffect|var\.annotation|launder|prefetch)/;

const UNARY: Readonly<Record<string, FloatUnary>> = {
  sqrt: "fsqrt", floor: "ffloor", ceil: "fceil", trunc: "ftrunc", rint: "frint", nearbyint: "frint", roundeven: "frint", round: "fround",
};

/** Intrinsics that are library functions here. */
const LIBRARY = new Map([
  ["exp", "exp"], ["exp2", "exp2"], ["exp10", "exp10"], ["log", "log"], ["log2", "log2"], ["log10", "log10"], ["sin", "sin"], ["cos", "cos"], ["tan", "tan"],
  ["pow", "pow"], ["asin", "asin"], ["acos", "acos"], ["atan", "atan"], ["atan2", "atan2"], ["sinh", "sinh"], ["cosh", "cosh"], ["tanh", "tanh"],
]);

/** Lowers a call of an `llvm.` intrinsic. */
export function lowerIntrinsic(fx: FnLowering, name: string, i: Call): readonly ValueId[] {
  if (NOTHING.test(name)) return [];
  // llvm.fmuladd.v4f32 -> fmuladd; llvm.memcpy.p0.p1.i64 -> memcpy; llvm.fptosi.sat.i32.f32 -> fptosi.sat
  const base = name.slice(5).replace(/(\.(v\d+)?(i\d+|f\d+|bf16|p\d+))+$/, "");
  return memory(fx, base, i)
    ?? floating(fx, base, i)
    ?? integerIntrinsic(fx, base, i)
    ?? vectorIntrinsic(fx, base, i)
    ?? control(fx, base, i)
    ?? fx.fail(`intrinsic ${name}`);
}

function memory(fx: FnLowering, base: string, i: Call): readonly ValueId[] | null {
  if (base !== "memcpy" && base !== "memmove" && base !== "memset" && base !== "memcpy.inline" && base !== "memset.inline") return null;
  const [to, from, size] = i.args;
  if (to!.k === "local" && fx.aliased.has(to!.name)) return [];
  const known = size!.k === "int" ? size!.value : null;
  const count = known ?? { value: fx.k.type(fx.one(size!)) === "i64" ? fx.one(size!) : fx.k.conv("zext", "i64", fx.one(size!)) };
  if (base.startsWith("memset")) fillBytes(fx, fx.pointer(to!), fx.one(from!), count, i.aligns[0] || 1);
  else copyBytes(fx, fx.pointer(to!), fx.pointer(from!), count, i.aligns[0] || 1, i.aligns[1] || 1, base === "memmove");
  return [];
}

/** Applies an operation to each element of the arguments. */
export function elementwise(fx: FnLowering, i: Call, count: number, op: (...args: ValueId[]) => ValueId): readonly ValueId[] {
  const args = i.args.slice(0, count).map((arg) => fx.value(arg));
  return args[0]!.map((_, n) => op(...args.map((values) => values[n]!)));
}

function floating(fx: FnLowering, base: string, i: Call): readonly ValueId[] | null {
  const { k } = fx;
  const type = i.args[0]?.type;
  const scalar = type?.k === "vec" ? type.elem : type;
  if (type === undefined || scalar?.k !== "float") return null;
  const leaf = elementLeaf(type);
  const working = (count: number, op: (...args: ValueId[]) => ValueId): readonly ValueId[] => elementwise(fx, i, count, (...args) => onWorking(k, leaf, args, op));
  const unary = UNARY[base];
  if (unary !== undefined) return working(1, (a) => k.float1(unary, a!));
  const library = LIBRARY.get(base);
  if (library !== undefined) {
    const arity = base === "pow" || base === "atan2" ? 2 : 1;
    return working(arity, (...args) => k.call1(`__gg_${library}_${leaf.type === "f64" ? "f64" : "f32"}`, ...args));
  }
  switch (base) {
    // `a * b + c` where contraction is allowed: one rounding, as GPUs do it (decision 20).
    case "fmuladd":
    case "fma": return elementwise(fx, i, 3, (a, b, c) => fused(fx, leaf, a!, b!, c!));
    case "fabs": return elementwise(fx, i, 1, (a) => clearSign(k, leaf, a!));
    case "copysign": return elementwise(fx, i, 2, (a, b) => copySign(k, leaf, a!, b!));
    case "minnum": case "minimumnum": return working(2, (a, b) => k.float("fmin", a!, b!));
    case "maxnum": case "maximumnum": return working(2, (a, b) => k.float("fmax", a!, b!));
    case "minimum": case "maximum":
      return working(2, (a, b) => k.select(k.fcmp("uno", a!, b!), k.add(a!, b!), k.float(base === "minimum" ? "fmin" : "fmax", a!, b!)));
    case "canonicalize": return working(1, (a) => k.mul(a!, k.like(a!, 1)));
    case "ldexp": return ldexp(fx, leaf, i);
    case "is.fpclass": return isClass(fx, leaf, i);
    case "fptosi.sat": case "fptoui.sat": {
      const to = elementLeaf(i.type);
      if (to.bits !== { i1: 1, i8: 8, i16: 16, i32: 32, i64: 64, f32: 0, f64: 0 }[to.type] || to.type === "i1") return fx.fail(`${base} to ${showType(i.type)}`);
      return elementwise(fx, i, 1, (a) => k.conv(base === "fptosi.sat" ? "fptosi" : "fptoui", to.type, toWorking(k, leaf, a!)));
    }
    default: return null;
  }
}

/** Fused multiply-add. In half it is exact enough through f64: the sum there is off a half's midpoint only if it is off it exactly. */
export function fused(fx: FnLowering, leaf: Leaf, a: ValueId, b: ValueId, c: ValueId): ValueId {
  const { k } = fx;
  if (leaf.kind === "float") return k.fma(a, b, c);
  const [x, y, z] = [a, b, c].map((v) => k.widen(toWorking(k, leaf, v)));
  return fromWorking(k, leaf, k.add(k.mul(x!, y!), z!));
}

function ldexp(fx: FnLowering, leaf: Leaf, i: Call): readonly ValueId[] {
  const { k } = fx;
  const values = fx.value(i.args[0]!);
  const powers = fx.value(i.args[1]!);
  return values.map((v, n) => onWorking(k, leaf, [v], (x) => k.call1(`__gg_ldexp_${leaf.type === "f64" ? "f64" : "f32"}`, x!, powers[n] ?? powers[0]!)));
}

/** llvm.is.fpclass: bits from 0: signalling NaN, quiet NaN, -inf, -normal, -subnormal, -0, +0, +subnormal, +normal, +inf. */
function isClass(fx: FnLowering, leaf: Leaf, i: Call): readonly ValueId[] {
  const { k } = fx;
  const mask = Number(constantInt(i.args[1]!) ?? fx.fail("is.fpclass of a variable class"));
  if (leaf.kind !== "float") return fx.fail("is.fpclass on half");
  const single = leaf.type === "f32";
  const tiny = single ? 2 ** -126 : 2 ** -1022;
  return elementwise(fx, i, 1, (x) => {
    const magnitude = k.abs(x!);
    const bits = k.bits(x!);
    const negative = k.icmp("lt.s", bits, k.like(bits, 0));
    const quiet = k.icmp("ne", k.and(bits, k.like(bits, single ? 1n << 22n : 1n << 51n)), k.like(bits, 0));
    const nan = k.fcmp("uno", x!, x!);
    const zero = k.fcmp("oeq", x!, k.like(x!, 0));
    const infinite = k.fcmp("oeq", magnitude, k.like(x!, Infinity));
    const small = k.and(k.fcmp("olt", magnitude, k.like(x!, tiny)), k.not(zero));
    const normal = k.and(k.fcmp("oge", magnitude, k.like(x!, tiny)), k.not(infinite));
    const kinds = [
      k.and(nan, k.not(quiet)), k.and(nan, quiet), k.and(infinite, negative), k.and(normal, negative), k.and(small, negative), k.and(zero, negative),
      k.and(zero, k.not(negative)), k.and(small, k.not(negative)), k.and(normal, k.not(negative)), k.and(infinite, k.not(negative)),
    ];
    return kinds.filter((_, bit) => (mask >> bit & 1) === 1).reduce((a, b) => k.or(a, b), k.c("i1", 0));
  });
}

function control(fx: FnLowering, base: string, i: Call): readonly ValueId[] | null {
  switch (base) {
    case "trap": case "debugtrap": case "ubsantrap":
      // What follows is unreachable, but has to stand somewhere.
      fx.b.emit({ op: "trap" });
      fx.b.at(fx.b.block("after.trap"));
      return [];
    case "expect": case "expect.with.probability": case "ssa.copy": case "annotation": return fx.value(i.args[0]!);
    case "is.constant": return [fx.k.c("i1", 0)];
    case "objectsize": return [fx.k.l(constantInt(i.args[1]!) === 1n ? 0n : -1n)];
    case "stacksave": return [fx.k.l(0)];
    case "stackrestore": return [];
    default: return isWide(i.type) ? fx.fail(`intrinsic ${base} on ${showType(i.type)}`) : null;
  }
}
