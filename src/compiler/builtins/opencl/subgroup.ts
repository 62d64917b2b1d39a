import type { ValueId } from "../../ir/ops.ts";
import { bitsOf } from "../../ir/types.ts";
import type { Kit } from "../kit.ts";
import { greater, lesser } from "./common.ts";
import { enter, leave } from "./half.ts";
import { codeOf, isFloatCode, isSignedCode } from "./mangle.ts";
import type { Lowering, Lowerings, Site } from "./site.ts";
import { localLinearSize } from "./workitem.ts";

/** Sub-groups are warps (OpenCL C 3.0 section 6.15.19, and the cl_khr_subgroup_* extensions). */

/** Moves any value between lanes, 32 bits at a time. */
export function shuffle(k: Kit, mode: "up" | "down" | "bfly" | "idx", value: ValueId, lane: ValueId): ValueId {
  // The clamp is the first lane for "up", the last one for the others; no segments.
  const clamp = mode === "up" ? k.i(0) : k.sub(k.sreg("warpsize"), k.i(1));
  const move = (word: ValueId): ValueId => k.b.def("i32", { op: "shfl", mode, ok: -1, a: word, b: lane, c: clamp, mask: null });
  const type = k.type(value);
  switch (type) {
    case "i32": return move(value);
    case "f32": return k.unbits(move(k.bits(value)));
    case "i64": case "f64": {
      const bits = type === "f64" ? k.bits(value) : value;
      const low = move(k.conv("trunc", "i32", bits));
      const high = move(k.conv("trunc", "i32", k.lshr(bits, 32)));
      const joined = k.or(k.shl(k.conv("zext", "i64", high), 32), k.conv("zext", "i64", low));
      return type === "f64" ? k.unbits(joined) : joined;
    }
    default: return k.conv("trunc", type, move(k.conv("zext", "i32", value)));
  }
}

/** Lanes this sub-group has: all but the last one of a group are full. */
export function subGroupSize(k: Kit): ValueId {
  const last = k.icmp("eq", k.sreg("warp"), k.sub(k.sreg("nwarp"), k.i(1)));
  const rest = k.sub(localLinearSize(k), k.mul(k.sreg("warp"), k.sreg("warpsize")));
  return k.select(last, rest, k.sreg("warpsize"));
}

/** Widest warp of any device; scans take log2 of it steps. */
const MAX_WARP = 64;

export interface Reduction {
  /** Combines two partial results. */
  readonly join: (a: ValueId, b: ValueId) => ValueId;
  readonly identity: ValueId;
}

/** The operation that a name like work_group_reduce_add ends in. Float values are in their working type. */
export function reductionOf(s: Site, name: string): Reduction {
  const { k } = s;
  const code = codeOf(s.params[0]);
  const v = enter(k, code, s.args[0]![0]!);
  const float = isFloatCode(code);
  const signed = isSignedCode(code);
  const type = k.type(v);
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
    case "and": case "logical_and": return { join: (a, b) => k.and(a, b), identity: int(-1n) };
    case "or": case "logical_or": return { join: (a, b) => k.or(a, b), identity: int(0n) };
    case "xor": case "logical_xor": return { join: (a, b) => k.xor(a, b), identity: int(0n) };
    default: return s.fail(`builtin ${s.base}`);
  }
}

/** Each lane gets the combination of its own value and those of the lanes below. */
export function inclusiveScan(k: Kit, value: ValueId, { join }: Reduction): ValueId {
  let sum = value;
  for (let step = 1; step < MAX_WARP; step *= 2) {
    // Not the shuffle's own answer: it takes the distance modulo 32 in the usual warps.
    const reaches = k.icmp("ge.u", k.sreg("lane"), k.i(step));
    sum = k.select(reaches, join(shuffle(k, "up", sum, k.i(step)), sum), sum);
  }
  return sum;
}

/** Each lane gets the combination of the lanes below; the first one the identity. */
export function exclusiveScan(k: Kit, value: ValueId, reduction: Reduction): ValueId {
  const below = shuffle(k, "up", inclusiveScan(k, value, reduction), k.i(1));
  return k.select(k.icmp("eq", k.sreg("lane"), k.i(0)), reduction.identity, below);
}

/** Every lane gets the combination of all. */
export function reduce(k: Kit, value: ValueId, reduction: Reduction): ValueId {
  return shuffle(k, "idx", inclusiveScan(k, value, reduction), k.sub(subGroupSize(k), k.i(1)));
}

function collective(name: string, how: (k: Kit, value: ValueId, reduction: Reduction) => ValueId): Lowering {
  return (s) => {
    const code = codeOf(s.params[0]);
    const logical = name.startsWith("logical_");
    const v = enter(s.k, code, s.args[0]![0]!);
    const truth = logical ? s.k.conv("zext", s.k.type(v), s.k.icmp("ne", v, s.k.like(v, 0))) : v;
    return [leave(s.k, code, how(s.k, truth, reductionOf(s, name)))];
  };
}

function vote(mode: "all" | "any"): Lowering {
  return (s) => {
    const { k } = s;
    const value = s.args[0]![0]!;
    const dst = k.b.def("i1", { op: "vote", mode, a: k.icmp("ne", value, k.like(value, 0)), mask: null });
    return [k.conv("zext", s.result[0]!, dst)];
  };
}

function exchange(mode: "up" | "down" | "bfly" | "idx"): Lowering {
  return (s) => {
    const [lane] = s.args[1]!;
    return s.args[0]!.map((value) => shuffle(s.k, mode, value, s.k.type(lane!) === "i32" ? lane! : s.k.conv("trunc", "i32", lane!)));
  };
}

/** uint4 with a bit for each lane whose predicate holds. */
const ballot: Lowering = (s) => {
  const { k } = s;
  const value = s.args[0]![0]!;
  const mask = k.b.def("i32", { op: "vote", mode: "ballot", a: k.icmp("ne", value, k.like(value, 0)), mask: null });
  return [mask, k.i(0), k.i(0), k.i(0)];
};

const first: Lowering = (s) => s.args[0]!.map((value) => shuffle(s.k, "idx", value, s.k.i(0)));

const OPERATIONS = ["add", "mul", "min", "max", "and", "or", "xor", "logical_and", "logical_or", "logical_xor"];

export const subGroups: Lowerings = {
  get_sub_group_size: (s) => [subGroupSize(s.k)],
  get_max_sub_group_size: (s) => [s.k.sreg("warpsize")],
  get_num_sub_groups: (s) => [s.k.sreg("nwarp")],
  get_enqueued_num_sub_groups: (s) => {
    const { k } = s;
    const size = k.mul(k.mul(k.sreg("entid.x"), k.sreg("entid.y")), k.sreg("entid.z"));
    return [k.int("div.u", k.sub(k.add(size, k.sreg("warpsize")), k.i(1)), k.sreg("warpsize"))];
  },
  get_sub_group_id: (s) => [s.k.sreg("warp")],
  get_sub_group_local_id: (s) => [s.k.sreg("lane")],
  sub_group_all: vote("all"), sub_group_any: vote("any"),
  sub_group_broadcast: exchange("idx"), sub_group_broadcast_first: first,
  sub_group_shuffle: exchange("idx"), sub_group_shuffle_xor: exchange("bfly"), sub_group_shuffle_up: exchange("up"), sub_group_shuffle_down: exchange("down"),
  intel_sub_group_shuffle: exchange("idx"), intel_sub_group_shuffle_xor: exchange("bfly"),
  sub_group_ballot: ballot,
  sub_group_elect: (s) => [s.k.conv("zext", "i32", s.k.icmp("eq", s.k.sreg("lane"), s.k.i(0)))],
  ...Object.fromEntries(OPERATIONS.flatMap((name): [string, Lowering][] => [
    [`sub_group_reduce_${name}`, collective(name, reduce)],
    [`sub_group_scan_inclusive_${name}`, collective(name, inclusiveScan)],
    [`sub_group_scan_exclusive_${name}`, collective(name, exclusiveScan)],
    [`sub_group_non_uniform_reduce_${name}`, collective(name, reduce)],
    [`sub_group_non_uniform_scan_inclusive_${name}`, collective(name, inclusiveScan)],
    [`sub_group_non_uniform_scan_exclusive_${name}`, collective(name, exclusiveScan)],
  ])),
};
