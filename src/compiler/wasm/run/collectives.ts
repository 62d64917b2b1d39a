import type { IntBinary } from "../../ir/ops.ts";
import { intBinary } from "../../interp/integer.ts";
import { maskOfLanes, names } from "../../interp/lanes.ts";
import type { Node } from "../graph/node.ts";
import { record, RECORD_SHIFT, RECORDS } from "../lower/layout.ts";
import type { Views } from "./views.ts";

/** Warp collectives of work-items that stopped at them: operands and results are in their records. */

export interface Lane {
  /** Linear number in the group, and in the warp. */
  readonly item: number;
  readonly lane: number;
  readonly node: Node;
}

/** Index of the record's word at `offset`. */
export function word(slot: number, item: number, offset: number): number {
  return (slot + RECORDS + (item << RECORD_SHIFT) + offset) >> 2;
}

/** Lanes meet when this text is equal: operation, mode, mask. */
export function keyOf(node: Node, masked: boolean, mask: number): string {
  return `${node.op} ${node.attr} ${masked ? mask : "all"}`;
}

/** Writes the results of a complete collective. */
export function resolveCollective(views: Views, slot: number, members: readonly Lane[], warpSize: number): void {
  const { i32 } = views;
  const at = (lane: Lane, offset: number): number => i32[word(slot, lane.item, offset)]!;
  const values = members.map((member) => (isWide(member.node) ? views.data.getBigUint64(word(slot, member.item, record.a) * 4, true) : at(member, record.a)));
  members.forEach((member, i) => {
    const set = (value: number): void => void (i32[word(slot, member.item, record.a)] = value);
    const ok = (value: boolean): void => void (i32[word(slot, member.item, record.b)] = value ? 1 : 0);
    switch (member.node.op) {
      case "shfl": {
        const { lane, inRange } = shuffleSource(member.lane, member.node.attr, at(member, record.b), at(member, record.c), warpSize);
        const from = members.findIndex((other) => other.lane === lane);
        set(values[from < 0 ? i : from] as number);
        ok(inRange);
        break;
      }
      case "vote": {
        const yes = members.filter((_, n) => values[n] === 1);
        if (member.node.attr === "ballot") set(maskOfLanes(yes.map((other) => other.lane)));
        else if (member.node.attr === "all") set(yes.length === members.length ? 1 : 0);
        else if (member.node.attr === "any") set(yes.length > 0 ? 1 : 0);
        else set(yes.length === 0 || yes.length === members.length ? 1 : 0);
        break;
      }
      case "match": {
        const same = members.filter((_, n) => values[n] === values[i]);
        const agree = same.length === members.length;
        set(member.node.attr === "any" || agree ? maskOfLanes(same.map((other) => other.lane)) : 0);
        ok(agree);
        break;
      }
      case "redux": {
        const combine = intBinary(member.node.attr as IntBinary, "i32") as (a: number, b: number) => number;
        set((values as number[]).map((value) => value >>> 0).reduce((a, b) => combine(a, b)));
        break;
      }
      default:
    }
  });
}

function isWide(node: Node): boolean {
  return node.op === "match" && node.args[0]!.type === "i64";
}

/** The lane that shfl reads from, and whether it is in range (else the own lane). PTX ISA, shfl.sync. */
export function shuffleSource(own: number, mode: string, b: number, c: number, warpSize: number): { readonly lane: number; readonly inRange: boolean } {
  const bits = warpSize > 32 ? 63 : 31;
  const delta = b & bits;
  const segment = (c >> 8) & bits;
  const last = (own & segment) | (c & bits & ~segment);
  const inside = (lane: number, yes: boolean): { lane: number; inRange: boolean } => ({ lane: yes ? lane : own, inRange: yes });
  switch (mode) {
    case "up": return inside(own - delta, own - delta >= last);
    case "down": return inside(own + delta, own + delta <= last);
    case "bfly": return inside(own ^ delta, (own ^ delta) <= last);
    default: {
      const lane = (own & segment) | (delta & ~segment);
      return inside(lane, lane <= last);
    }
  }
}

/** Whether the mask leaves the lane out: it then acts alone. */
export function actsAlone(masked: boolean, mask: number, lane: number): boolean {
  return masked && !names(mask, lane);
}
