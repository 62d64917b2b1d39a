import type { ValueId } from "../../ir/ops.ts";
import type { Kit } from "../kit.ts";
import { amongActive, ballot, shuffle, subGroupSize, type Active } from "./lanes.ts";
import { collective, exclusiveScan, fold, inclusiveScan, OPERATIONS, reduce, type Collective } from "./reduction.ts";
import type { Lowering, Lowerings, Site } from "./site.ts";

/** Sub-groups are warps (OpenCL C 3.0 section 6.15.19, and the cl_khr_subgroup_* extensions). */

function truth(k: Kit, value: ValueId): ValueId {
  return k.icmp("ne", value, k.like(value, 0));
}

function vote(mode: "all" | "any", everybody: boolean): Lowering {
  return (s) => {
    const { k } = s;
    const a = truth(k, s.args[0]![0]!);
    const emit = (mask: Active): ValueId[] => [k.b.def("i1", { op: "vote", mode, a, mask })];
    const [dst] = everybody ? emit(null) : amongActive(k, emit);
    return [k.conv("zext", s.result[0]!, dst!)];
  };
}

/** Are all values equal to that of the first active lane? */
const allEqual: Lowering = (s) => {
  const { k } = s;
  const [value] = s.args[0]!;
  const [same] = amongActive(k, (mask) => {
    const first = shuffle(k, "idx", value!, firstLane(k, mask), mask);
    const float = k.type(value!) === "f32" || k.type(value!) === "f64";
    const equal = float ? k.fcmp("oeq", first, value!) : k.icmp("eq", first, value!);
    return [k.b.def("i1", { op: "vote", mode: "all", a: equal, mask })];
  });
  return [k.conv("zext", s.result[0]!, same!)];
};

function firstLane(k: Kit, active: Active): ValueId {
  return active === null ? k.i(0) : k.int1("ctz", active);
}

function lane(s: Site, n: number): ValueId {
  const [value] = s.args[n]!;
  return s.k.type(value!) === "i32" ? value! : s.k.conv("trunc", "i32", value!);
}

/** Moves values between lanes; only the broadcast of the core functions demands that all come. */
function exchange(mode: "up" | "down" | "bfly" | "idx", everybody = false): Lowering {
  return (s) => {
    const by = lane(s, 1);
    const move = (mask: Active): ValueId[] => s.args[0]!.map((value) => shuffle(s.k, mode, value, by, mask));
    return everybody ? move(null) : amongActive(s.k, move);
  };
}

/** Lane + delta within the sub-group, or within clusters of a constant power of two. */
function rotate(clustered: boolean): Lowering {
  return (s) => {
    const { k } = s;
    const size = clustered ? lane(s, 2) : k.sreg("warpsize");
    const own = k.sreg("lane");
    const mask = k.sub(size, k.i(1));
    const from = k.or(k.and(own, k.not(mask)), k.and(k.add(own, lane(s, 1)), mask));
    return amongActive(k, (active) => s.args[0]!.map((value) => shuffle(k, "idx", value, from, active)));
  };
}

/** Reductions for work-items that did not all come, and over clusters. */
function partial(name: string, end: "all" | "below" | "own" | "cluster"): Lowering {
  return collective(name, (s, k, value, reduction) => {
    const own = k.sreg("lane");
    const [result] = amongActive(k, (active) => {
      if (end === "cluster") {
        const size = lane(s, 1);
        const first = k.and(own, k.neg(size));
        return [fold(k, value, reduction, first, k.add(first, size), active)];
      }
      // Everyone has to take part in every shuffle, so scans go over all lanes as well and mask what is above.
      return [end === "all" ? fold(k, value, reduction, k.i(0), k.sreg("warpsize"), active) : scanActive(k, value, reduction, end === "own", active)];
    });
    return result!;
  });
}

function scanActive(k: Kit, value: ValueId, reduction: Parameters<Collective>[2], inclusive: boolean, active: Active): ValueId {
  const own = k.sreg("lane");
  return k.loop([k.i(0), reduction.identity], ([at]) => k.icmp("lt.u", at!, k.sreg("warpsize")), ([at, sum]) => {
    const other = shuffle(k, "idx", value, at!, active);
    const counts = k.and(k.icmp(inclusive ? "le.u" : "lt.u", at!, own), active === null ? k.c("i1", 1) : truth(k, k.and(k.int("lshr", active, at!), k.i(1))));
    return [k.add(at!, k.i(1)), k.select(counts, reduction.join(sum!, other), sum!)];
  })[1]!;
}

/** uint4 of lanes: two words are in use. */
function mask4(k: Kit, [x, y]: readonly ValueId[]): ValueId[] {
  return [x!, y!, k.i(0), k.i(0)];
}

/** Bits of a ballot below lane `n` (i32, up to 64), as two words. */
function lanesBelow(k: Kit, n: ValueId): [ValueId, ValueId] {
  const bits = k.sub(k.int("shl", k.l(1), k.conv("zext", "i64", n)), k.l(1));
  // A shift by 64 would be one by 0.
  const all = k.select(k.icmp("ge.u", n, k.i(64)), k.l(-1n), bits);
  return [k.conv("trunc", "i32", all), k.conv("trunc", "i32", k.lshr(all, 32))];
}

/** Lanes that stand in a relation to this one, among those the sub-group may have. */
function relation(which: "eq" | "ge" | "gt" | "le" | "lt"): Lowering {
  return ({ k }) => {
    const own = k.sreg("lane");
    const below = lanesBelow(k, own);
    const upTo = lanesBelow(k, k.add(own, k.i(1)));
    const all = lanesBelow(k, subGroupSize(k));
    const word = (n: 0 | 1): ValueId => {
      switch (which) {
        case "eq": return k.xor(upTo[n], below[n]);
        case "lt": return below[n];
        case "le": return upTo[n];
        case "ge": return k.and(all[n], k.not(below[n]));
        case "gt": return k.and(all[n], k.not(upTo[n]));
      }
    };
    return mask4(k, [word(0), word(1)]);
  };
}

/** Number of lanes of the ballot in argument 0 that lie below lane `n`. */
function countBelow(s: Site, n: ValueId): ValueId {
  const { k } = s;
  const [x, y] = lanesBelow(k, n);
  return k.add(k.int1("popc", k.and(s.args[0]![0]!, x)), k.int1("popc", k.and(s.args[0]![1]!, y)));
}

/** The bit of `n` in the ballot of argument 0, as an int. */
function bitOf(s: Site, n: ValueId): ValueId {
  const { k } = s;
  const word = k.select(k.icmp("lt.u", n, k.i(32)), s.args[0]![0]!, s.args[0]![1]!);
  return k.and(k.int("lshr", word, n), k.i(1));
}

const ballots: Lowerings = {
  sub_group_ballot: (s) => {
    const predicate = truth(s.k, s.args[0]![0]!);
    return mask4(s.k, amongActive(s.k, (active) => ballot(s.k, predicate, active)));
  },
  sub_group_inverse_ballot: (s) => [bitOf(s, s.k.sreg("lane"))],
  sub_group_ballot_bit_extract: (s) => [bitOf(s, lane(s, 1))],
  sub_group_ballot_bit_count: (s) => [countBelow(s, s.k.sreg("warpsize"))],
  sub_group_ballot_inclusive_scan: (s) => [countBelow(s, s.k.add(s.k.sreg("lane"), s.k.i(1)))],
  sub_group_ballot_exclusive_scan: (s) => [countBelow(s, s.k.sreg("lane"))],
  sub_group_ballot_find_lsb: ({ k, args }) => {
    const [x, y] = args[0]!;
    return [k.select(truth(k, x!), k.int1("ctz", x!), k.add(k.int1("ctz", y!), k.i(32)))];
  },
  sub_group_ballot_find_msb: ({ k, args }) => {
    const [x, y] = args[0]!;
    return [k.select(truth(k, y!), k.sub(k.i(63), k.int1("clz", y!)), k.sub(k.i(31), k.int1("clz", x!)))];
  },
  get_sub_group_eq_mask: relation("eq"), get_sub_group_ge_mask: relation("ge"), get_sub_group_gt_mask: relation("gt"),
  get_sub_group_le_mask: relation("le"), get_sub_group_lt_mask: relation("lt"),
};

/** Lowerings of the sub-group functions, by name. */
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
  sub_group_all: vote("all", true), sub_group_any: vote("any", true), sub_group_broadcast: exchange("idx", true),
  sub_group_non_uniform_all: vote("all", false), sub_group_non_uniform_any: vote("any", false), sub_group_non_uniform_all_equal: allEqual,
  sub_group_elect: ({ k }) => [k.conv("zext", "i32", amongActive(k, (active) => [k.icmp("eq", k.sreg("lane"), firstLane(k, active))])[0]!)],
  sub_group_non_uniform_broadcast: exchange("idx"),
  sub_group_broadcast_first: ({ k, args }) => amongActive(k, (active) => args[0]!.map((value) => shuffle(k, "idx", value, firstLane(k, active), active))),
  sub_group_shuffle: exchange("idx"), sub_group_shuffle_xor: exchange("bfly"), sub_group_shuffle_up: exchange("up"), sub_group_shuffle_down: exchange("down"),
  sub_group_rotate: rotate(false), sub_group_clustered_rotate: rotate(true),
  ...ballots,
  ...Object.fromEntries(OPERATIONS.flatMap((name): [string, Lowering][] => [
    [`sub_group_reduce_${name}`, collective(name, (_, k, value, reduction) => reduce(k, value, reduction))],
    [`sub_group_scan_inclusive_${name}`, collective(name, (_, k, value, reduction) => inclusiveScan(k, value, reduction))],
    [`sub_group_scan_exclusive_${name}`, collective(name, (_, k, value, reduction) => exclusiveScan(k, value, reduction))],
    [`sub_group_non_uniform_reduce_${name}`, partial(name, "all")],
    [`sub_group_non_uniform_scan_inclusive_${name}`, partial(name, "own")],
    [`sub_group_non_uniform_scan_exclusive_${name}`, partial(name, "below")],
    [`sub_group_clustered_reduce_${name}`, partial(name, "cluster")],
  ])),
};
