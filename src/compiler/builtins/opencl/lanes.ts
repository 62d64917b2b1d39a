import type { ValueId } from "../../ir/ops.ts";
import type { Kit } from "../kit.ts";
import { localLinearSize } from "./workitem.ts";

/** Moving values between the lanes of a warp: what all sub-group functions are made of. */

/** Lanes that take part: null for all of the sub-group, else those in the mask. */
export type Active = ValueId | null;

/** Widest warp of any device. */
export const MAX_WARP = 64;
/** Lanes that a mask can name. */
const MASK_LANES = 32;

/** Moves a value of any type, 32 bits at a time. */
export function shuffle(k: Kit, mode: "up" | "down" | "bfly" | "idx", value: ValueId, lane: ValueId, active: Active = null): ValueId {
  // The clamp is the first lane for "up", the last one for the others; no segments.
  const clamp = mode === "up" ? k.i(0) : k.sub(k.sreg("warpsize"), k.i(1));
  const move = (word: ValueId): ValueId => k.b.def("i32", { op: "shfl", mode, ok: -1, a: word, b: lane, c: clamp, mask: active });
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

/**
 * Runs `emit` for the work-items that come here together, which need not be all of the sub-group. NON-SPEC: in warps wider than 32,
 * whose lanes no mask can name, it has to be all.
 */
export function amongActive(k: Kit, emit: (active: Active) => ValueId[]): ValueId[] {
  return k.if(k.icmp("gt.u", k.sreg("warpsize"), k.i(MASK_LANES)), () => emit(null), () => emit(k.b.def("i32", { op: "activemask" })));
}

/** Whether a lane takes part. */
export function takesPart(k: Kit, lane: ValueId, active: Active): ValueId {
  if (active === null) return k.icmp("lt.u", lane, subGroupSize(k));
  return k.icmp("ne", k.and(k.int("lshr", active, lane), k.i(1)), k.i(0));
}

/** A bit for each lane (two words) whose predicate (i1) holds. */
export function ballot(k: Kit, predicate: ValueId, active: Active): [ValueId, ValueId] {
  if (active !== null) return [k.b.def("i32", { op: "vote", mode: "ballot", a: predicate, mask: active }), k.i(0)];
  const lane = k.sreg("lane");
  const bit = k.select(predicate, k.int("shl", k.i(1), lane), k.i(0));
  const upper = k.icmp("ge.u", lane, k.i(32));
  const word = (own: ValueId): ValueId => k.b.def("i32", { op: "redux", red: "or", a: own, mask: null });
  return [word(k.select(upper, k.i(0), bit)), word(k.select(upper, bit, k.i(0)))];
}
