import { callGraph } from "./layout.ts";
import type { Module } from "./module.ts";
import type { Instr } from "./ops.ts";

const places = new WeakMap<Instr, number>();
const known = new WeakSet<Module>();

/**
 * Numbers the activemasks of a module in the order in which lanes that wait at them go on: those of callees before those of their callers, and within a function as
 * written. Lanes that are behind catch up with those that are ahead, so that divergent lanes meet again behind the branch, as they do on hardware, whose compiler makes them
 * converge there. (Which of two functions that call each other comes first means nothing, but is always the same.)
 */
export function numberActiveMasks(module: Module): void {
  if (known.has(module)) return;
  known.add(module);
  const graph = callGraph(module);
  const seen = new Set<string>();
  let place = 0;
  // A stack of our own: chains of calls can be long.
  for (const root of module.functions.keys()) {
    const stack = [{ name: root, callees: [...(graph.get(root) ?? [])] }];
    if (seen.has(root)) continue;
    seen.add(root);
    while (stack.length > 0) {
      const { name, callees } = stack.at(-1)!;
      const callee = callees.pop();
      if (callee === undefined) {
        stack.pop();
        for (const block of module.functions.get(name)!.blocks) for (const instr of block.instrs) if (instr.op === "activemask") places.set(instr, place++);
      } else if (!seen.has(callee)) {
        seen.add(callee);
        stack.push({ name: callee, callees: [...(graph.get(callee) ?? [])] });
      }
    }
  }
}

/** The number of an activemask of a module that has been numbered. */
export function activeMaskPlace(instr: Instr): number {
  return places.get(instr) ?? 0;
}
