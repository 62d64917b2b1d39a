import type { ValueId } from "../../ir/ops.ts";
import { sizeOf, type Type } from "../../ir/types.ts";
import type { Kit } from "../kit.ts";
import { subGroupSize } from "./lanes.ts";
import { collective, exclusiveScan, inclusiveScan, OPERATIONS, type Collective, type Reduction } from "./reduction.ts";
import { loadLanes, storeLanes, type Lowering, type Lowerings, type Place } from "./site.ts";
import { groupBarrier } from "./sync.ts";

/**
 * Work-group collectives (OpenCL C 3.0 section 6.15.16). Each warp combines its own values, puts its total into work-group memory, and
 * after a barrier everyone adds the totals up in the same order: results do not depend on the schedule.
 */

const SCRATCH = "__gg_work_group_scratch";
/** Warps a group may have: 1024 work-items in warps of 8. */
const SLOTS = 128;

/** A slot of work-group memory for each warp. One array serves all collectives: each begins and ends with a barrier. */
function slot(k: Kit, index: ValueId): Place {
  if (!k.module.shared.has(SCRATCH)) k.module.shared.set(SCRATCH, { name: SCRATCH, size: 8 * SLOTS, align: 8 });
  const base = k.pool.def(`shared ${SCRATCH}`, "i64", { op: "sharedaddr", symbol: SCRATCH });
  return { base: k.add(base, k.shl(k.conv("zext", "i64", index), 3)), offset: 0, space: "shared" };
}

function put(k: Kit, index: ValueId, value: ValueId): void {
  storeLanes(k, slot(k, index), [value], sizeOf[k.type(value)]);
}

function get(k: Kit, index: ValueId, type: Type): ValueId {
  return loadLanes(k, slot(k, index), [type], sizeOf[type])[0]!;
}

/** The total of each warp is in its slot from here on; ends with a barrier. */
function shareTotals(k: Kit, inclusive: ValueId): void {
  const last = k.icmp("eq", k.sreg("lane"), k.sub(subGroupSize(k), k.i(1)));
  k.if(last, () => {
    put(k, k.sreg("warp"), inclusive);
    return [];
  });
  groupBarrier(k);
}

/** Combines the totals of the warps below `end`, in their order. */
function totals(k: Kit, end: ValueId, { join, identity }: Reduction): ValueId {
  return k.loop([k.i(0), identity], ([n]) => k.icmp("lt.u", n!, end), ([n, sum]) => [k.add(n!, k.i(1)), join(sum!, get(k, n!, k.type(identity)))])[1]!;
}

const reduceGroup: Collective = (k, value, reduction) => {
  shareTotals(k, inclusiveScan(k, value, reduction));
  return totals(k, k.sreg("nwarp"), reduction);
};

const scanInclusive: Collective = (k, value, reduction) => {
  const own = inclusiveScan(k, value, reduction);
  shareTotals(k, own);
  return reduction.join(totals(k, k.sreg("warp"), reduction), own);
};

const scanExclusive: Collective = (k, value, reduction) => {
  const own = exclusiveScan(k, value, reduction);
  shareTotals(k, reduction.join(own, value));
  return reduction.join(totals(k, k.sreg("warp"), reduction), own);
};

function byGroup(name: string, how: Collective): Lowering {
  return collective(name, (_, k, value, reduction) => {
    const result = how(k, value, reduction);
    // Nobody may write the slots again before everybody has read them.
    groupBarrier(k);
    return result;
  });
}

function vote(red: "and" | "or"): Lowering {
  return (s) => {
    const value = s.args[0]![0]!;
    const dst = s.k.b.def("i1", { op: "barred", red, id: null, count: null, a: s.k.icmp("ne", value, s.k.like(value, 0)) });
    return [s.k.conv("zext", s.result[0]!, dst)];
  };
}

/** work_group_broadcast(value, x[, y[, z]]): the named work-item writes, all read. */
const broadcast: Lowering = (s) => {
  const { k } = s;
  const [value] = s.args[0]!;
  const registers = ["tid.x", "tid.y", "tid.z"] as const;
  const mine = s.args.slice(1).map((id, n) => k.icmp("eq", k.conv("zext", "i64", k.sreg(registers[n]!)), id[0]!)).reduce((a, b) => k.and(a, b));
  k.if(mine, () => {
    put(k, k.i(0), value!);
    return [];
  });
  groupBarrier(k);
  const result = get(k, k.i(0), k.type(value!));
  groupBarrier(k);
  return [result];
};

/** Lowerings of the work-group collectives, by name. */
export const workGroups: Lowerings = {
  work_group_all: vote("and"), work_group_any: vote("or"), work_group_broadcast: broadcast,
  ...Object.fromEntries(OPERATIONS.flatMap((name): [string, Lowering][] => [
    [`work_group_reduce_${name}`, byGroup(name, reduceGroup)],
    [`work_group_scan_inclusive_${name}`, byGroup(name, scanInclusive)],
    [`work_group_scan_exclusive_${name}`, byGroup(name, scanExclusive)],
  ])),
};

