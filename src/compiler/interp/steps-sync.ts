import { BARRIERS } from "../ir/limits.ts";
import type { Instr, ValueId } from "../ir/ops.ts";
import type { Step } from "./code.ts";
import { resolveAlone } from "./collectives.ts";
import { names } from "./lanes.ts";
import type { Collective, CollectiveWait } from "./waits.ts";
import type { Frame } from "./work-item.ts";

type Of<Op extends Instr["op"]> = Extract<Instr, { readonly op: Op }>;

/** Waits for the work-group, or for part of it at a named barrier. */
export function barrierStep(instr: Of<"barrier" | "barred">): Step {
  return (item, frame) => {
    const { launch } = item.group;
    const id = instr.id === null ? 0 : (frame.values[instr.id] as number);
    const count = instr.count === null ? null : (frame.values[instr.count] as number);
    if (id >= BARRIERS) launch.fault(item, "illegal-instruction", `barrier ${id} does not exist`);
    if (count !== null && (count === 0 || count % launch.config.warpSize !== 0)) {
      launch.fault(item, "illegal-instruction", `a barrier for ${count} work-items, no multiple of the warp size ${launch.config.warpSize}`);
    }
    if (instr.op === "barrier" && instr.kind === "arrive") {
      item.group.barriers.arrive(item, id, count!);
      return;
    }
    item.block({
      kind: "barrier", id, count,
      reduction: instr.op === "barred" ? instr : null,
      predicate: instr.op === "barred" && frame.values[instr.a] === 1,
    });
    item.group.barriers.wait(item);
  };
}

function modeOf(instr: Collective): string {
  switch (instr.op) {
    case "warpsync": return "";
    case "redux": return instr.red;
    default: return instr.mode;
  }
}

/** Exchange within a sub-group: shuffles, votes, matches, reductions. */
export function collectiveStep(instr: Collective): Step {
  const mode = modeOf(instr);
  const operand = (frame: Frame, value: ValueId): number => frame.values[value] as number;
  return (item, frame) => {
    const mask = instr.mask === null ? null : operand(frame, instr.mask);
    const wait: CollectiveWait = {
      kind: "collective", instr, mask,
      key: `${instr.op} ${mode} ${mask}`,
      a: instr.op === "warpsync" ? 0 : frame.values[instr.a]!,
      b: instr.op === "shfl" ? operand(frame, instr.b) : 0,
      c: instr.op === "shfl" ? operand(frame, instr.c) : 0,
    };
    if (mask !== null && !names(mask, item.lane)) resolveAlone(item, wait);
    else item.block(wait);
  };
}

/** Which work-items of the sub-group are here too. */
export function activeMaskStep(instr: Of<"activemask">): Step {
  return (item) => item.block({ kind: "activemask", instr });
}
