import type { CheckedFacts } from "../../abi.ts";
import { isCollective, type Node } from "../graph/node.ts";
import { launch, slot } from "../lower/layout.ts";
import type { KernelProgram } from "../slow/program.ts";
import type { Run } from "./context.ts";

/** Checked mode, on the side that runs in JavaScript: carries what checked code meets to the launch's checker. */

/** Import `check`: an access that the code could not settle by itself. */
export function checkAccess(run: Run, linear: number, size: number, what: number, line: number, s: number, item: number): void {
  run.slot = s;
  run.checked!.access(linear >>> 0, size, what, ((run.views.i32[(s + slot.interval) >> 2]! | item) >>> 0), s, line, () => run.site(line, item));
}

/** Import `checkGroup`: a work-group begins in the slot. Does nothing on a launch that nobody checks. */
export function beginGroup(run: Run, s: number): void {
  if (run.checked === null) return;
  const { i32 } = run.views;
  const at = (offset: number): number => i32[(s + offset) >> 2]!;
  const localBytes = at(slot.items) * i32[(run.launch + launch.localBytes) >> 2]!;
  const tag = run.checked.group(s, [at(slot.ctaid), at(slot.ctaid + 4), at(slot.ctaid + 8)], [at(slot.shared), i32[(run.launch + launch.sharedBytes) >> 2]!], [at(slot.local), localBytes]);
  i32[(s + slot.interval) >> 2] = tag;
  i32[(s + slot.groupBase) >> 2] = tag;
}

/** Import `checkBarrier`: the slot's group is past a barrier. */
export function passBarrier(run: Run, s: number): void {
  if (run.checked !== null) run.views.i32[(s + slot.interval) >> 2] = run.checked.barrier(s);
}

/** Tells the checker of a barrier that not all come to, when barriers are checked. */
export function reportDivergence(run: Run, line: number | null, item: number, detail: string): void {
  run.checked?.diverged(run.site(line ?? 0, item), detail);
}

/** What a checker must know of a kernel. */
export function factsOf(program: KernelProgram): CheckedFacts {
  const routines = [program.kernel, ...program.functions.map(({ routine }) => routine)];
  const some = (what: (node: Node) => boolean): boolean => routines.some((routine) => routine?.graph.blocks.some((block) => block.nodes.some(what)) === true);
  const wide = (node: Node): boolean => {
    const instr = node.instr;
    return instr !== null && "scope" in instr && (instr.scope === "device" || instr.scope === "system");
  };
  const ordered = (node: Node): boolean => node.access !== null && node.access.order !== null && node.access.order !== "relaxed" && wide(node);
  const atomic = some((node) => node.op === "atomic" || node.op === "cmpxchg" || (node.access !== null && (node.access.volatile || node.access.order !== null)));
  return { ordersGroups: atomic && some((node) => (node.op === "fence" && wide(node)) || ordered(node)), ordersWarps: some(isCollective) };
}
