import type { ValueId } from "../../ir/ops.ts";
import { bitsOf } from "../../ir/types.ts";
import type { Kit } from "../kit.ts";
import { greater, lesser } from "./common.ts";
import { enter, leave } from "./half.ts";
import { MAX_WARP, shuffle, subGroupSize, takesPart, type Active } from "./lanes.ts";
import { codeOf, isFloatCode, isSignedCode } from "./mangle.ts";
import type { Lowering, Site } from "./site.ts";

/** Reductions and scans over the lanes of a warp. */
export interface Reduction {
  /** Combines two partial results. */
  readonly join: (a: ValueId, b: ValueId) => ValueId;
  readonly identity: ValueId;
}

/** The operation that a name like work_group_reduce_add ends in, on values of the working type of `like`. */
export function reductionOf(s: Site, name: string, like: ValueId): Reduction {
  const { k } = s;
  const code = codeOf(s.params[0]);
  const float = isFloatCode(code);
  const signed = isSignedCode(code);
  const type = k.type(like);
  const bits = BigInt(bitsOf[type]);
  const int = (value: bigint): ValueId => k.c(type, value);
  switch (name) {
    case "add": return { join: (a, b) => k.add(a, b), identity: k.c(type, float ? 0 : 0n) };
    case "mul": return { join: (a, b) => k.mul(a, b), identity: k.c(type, float ? 1 : 1n) };
    case "min":
      if (float) return { join: (a, b) => lesser(k, a, b), identity: k.c(type, Infinity) };
      return { join: (a, b) => k.int(signed ? "min.s" : "min.u", a, b), identity: int(signed ? (1n << (bits - 1n)) - 1n : (1n << bits) - 1n) };
    case "max":
      if (float) return { join: (a, b) => greater(k, a, b), identity: k.c(type, -Infinity) };
      return { join: (a, b) => k.int(signed ? "max.s" : "max.u", a, b), identity: int(signed ? 1n << (bits - 1n) : 0n) };
    case "and": case "logical_and": return { join: (a, b) => k.and(a, b), identity: int(name === "and" ? -1n : 1n) };
    case "or": case "logical_or": return { join: (a, b) => k.or(a, b), identity: int(0n) };
    case "xor": case "logical_xor": return { join: (a, b) => k.xor(a, b), identity: int(0n) };
    default: return s.fail(`builtin ${s.base}`);
  }
}

/** Names of the operations that reductions and scans come with. */
export const OPERATIONS = ["add", "mul", "min", "max", "and", "or", "xor", "logical_and", "logical_or", "logical_xor"] as const;

/** How a value is combined over lanes or work-items. */
export type Collective = (k: Kit, value: ValueId, reduction: Reduction) => ValueId;

/** A builtin that does `how` with the operation `name`. */
export function collective(name: string, how: (s: Site, k: Kit, value: ValueId, reduction: Reduction) => ValueId): Lowering {
  return (s) => {
    const { k } = s;
    const code = codeOf(s.params[0]);
    const given = enter(k, code, s.args[0]![0]!);
    const value = name.startsWith("logical_") ? k.conv("zext", k.type(given), k.icmp("ne", given, k.like(given, 0))) : given;
    return [leave(k, code, how(s, k, value, reductionOf(s, name, value)))];
  };
}

/** Each lane gets the combination of its own value and those of the lanes below. */
export const inclusiveScan: Collective = (k, value, { join }) => {
  let sum = value;
  for (let step = 1; step < MAX_WARP; step *= 2) {
    // Not the shuffle's own answer: it takes the distance modulo 32 in the usual warps.
    const reaches = k.icmp("ge.u", k.sreg("lane"), k.i(step));
    sum = k.select(reaches, join(shuffle(k, "up", sum, k.i(step)), sum), sum);
  }
  return sum;
};

/** Each lane gets the combination of the lanes below; the first one the identity. */
export const exclusiveScan: Collective = (k, value, reduction) => {
  const below = shuffle(k, "up", inclusiveScan(k, value, reduction), k.i(1));
  return k.select(k.icmp("eq", k.sreg("lane"), k.i(0)), reduction.identity, below);
};

/** Every lane gets the combination of all. */
export const reduce: Collective = (k, value, reduction) => shuffle(k, "idx", inclusiveScan(k, value, reduction), k.sub(subGroupSize(k), k.i(1)));

/**
 * Combines the values of those lanes from `first` up to `end` that take part, in their order, one after the other: for work-items that did not
 * all come here.
 */
export function fold(k: Kit, value: ValueId, { join, identity }: Reduction, first: ValueId, end: ValueId, active: Active): ValueId {
  return k.loop([first, identity], ([lane]) => k.icmp("lt.u", lane!, end), ([lane, sum]) => {
    const other = shuffle(k, "idx", value, lane!, active);
    return [k.add(lane!, k.i(1)), k.select(takesPart(k, lane!, active), join(sum!, other), sum!)];
  })[1]!;
}
