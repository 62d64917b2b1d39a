import type { IntBinary } from "../ir/ops.ts";
import { intBinary } from "./integer.ts";
import { maskOfLanes, names } from "./lanes.ts";
import type { CollectiveWait } from "./waits.ts";
import type { Value } from "./values.ts";
import type { WorkItem } from "./work-item.ts";

/** Warp collectives, as the chapter on parallel synchronisation of the PTX ISA defines them. */

/** A lane that waits at a collective, or acts alone in one. */
interface Member {
  readonly item: WorkItem;
  readonly wait: CollectiveWait;
}

/**
 * Lets the lanes of one warp go on whose collective is complete: every lane that its mask names and that has not
 * exited waits at a collective with the same key.
 * @param lanes the warp's work-items by lane
 * @returns whether any lane went on
 */
export function resolveCollectives(lanes: readonly WorkItem[]): boolean {
  let any = false;
  for (const item of lanes) {
    if (item.status !== "waiting" || item.wait?.kind !== "collective") continue;
    const { mask, key } = item.wait;
    const members: Member[] = [];
    let complete = true;
    for (const other of lanes) {
      if (other.status === "exited" || (mask !== null && !names(mask, other.lane))) continue;
      if (other.status === "waiting" && other.wait?.kind === "collective" && other.wait.key === key) members.push({ item: other, wait: other.wait });
      else complete = false;
    }
    if (!complete) continue;
    resolve(members);
    for (const member of members) member.item.wake();
    any = true;
  }
  return any;
}

/** A lane whose own bit is not in its mask: the collective of that lane alone. */
export function resolveAlone(item: WorkItem, wait: CollectiveWait): void {
  resolve([{ item, wait }]);
}

/** Writes the results of a complete collective. Members have the same operation and mode; operands are each lane's own. */
function resolve(members: readonly Member[]): void {
  for (const { item, wait } of members) {
    const { instr } = wait;
    const { values } = item.frame;
    switch (instr.op) {
      case "warpsync": break;
      case "shfl": {
        const { lane, inRange } = source(item.lane, wait, item.group.launch.config.warpSize);
        const from = members.find((member) => member.item.lane === lane);
        values[instr.dst] = (from?.wait ?? wait).a;
        if (instr.ok !== -1) values[instr.ok] = inRange ? 1 : 0;
        break;
      }
      case "vote": values[instr.dst] = vote(instr.mode, members); break;
      case "match": {
        const same = members.filter((member) => member.wait.a === wait.a);
        const agree = same.length === members.length;
        values[instr.dst] = instr.mode === "any" || agree ? maskOf(same) : 0;
        if (instr.ok !== -1) values[instr.ok] = agree ? 1 : 0;
        break;
      }
      case "redux": {
        const combine = intBinary(instr.red as IntBinary, "i32") as (a: Value, b: Value) => Value;
        values[instr.dst] = members.map((member) => member.wait.a).reduce(combine);
        break;
      }
    }
  }
}

/** The lane that shfl reads from, and whether that lane is in range (else it is the own lane). */
function source(own: number, { instr, b, c }: CollectiveWait, warpSize: number): { readonly lane: number; readonly inRange: boolean } {
  const bits = warpSize > 32 ? 63 : 31;
  const delta = b & bits;
  const segment = (c >> 8) & bits;
  const last = (own & segment) | (c & bits & ~segment);
  const first = own & segment;
  switch (instr.op === "shfl" ? instr.mode : "idx") {
    case "up": return own - delta >= last ? { lane: own - delta, inRange: true } : { lane: own, inRange: false };
    case "down": return own + delta <= last ? { lane: own + delta, inRange: true } : { lane: own, inRange: false };
    case "bfly": return (own ^ delta) <= last ? { lane: own ^ delta, inRange: true } : { lane: own, inRange: false };
    case "idx": {
      const lane = first | (delta & ~segment);
      return lane <= last ? { lane, inRange: true } : { lane: own, inRange: false };
    }
  }
}

function vote(mode: "all" | "any" | "uni" | "ballot", members: readonly Member[]): number {
  const yes = members.filter((member) => member.wait.a === 1);
  switch (mode) {
    case "all": return yes.length === members.length ? 1 : 0;
    case "any": return yes.length > 0 ? 1 : 0;
    case "uni": return yes.length === 0 || yes.length === members.length ? 1 : 0;
    case "ballot": return maskOf(yes);
  }
}

function maskOf(members: readonly Member[]): number {
  return maskOfLanes(members.map(({ item }) => item.lane));
}
