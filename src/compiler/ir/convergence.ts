import { callGraph } from "./layout.ts";
import type { Module } from "./module.ts";
import type { Instr } from "./ops.ts";

/*
 * Where lanes that come to an activemask stand: the calls that led there and the activemask itself, each as a number that grows in the order of the text. Lanes are together when
 * all numbers are equal, and who stands first in the order of the numbers goes on first: lanes that are behind catch up with those ahead, so that lanes that parted meet again behind the
 * branch, as they do on hardware, where the compiler makes them converge there.
 */

const numbers = new WeakMap<Instr, number>();
const numbered = new WeakSet<Module>();

/** Functions from which an activemask may be reached. */
export function masking(module: Module): Set<string> {
  const callers = new Map<string, string[]>();
  for (const [caller, callees] of callGraph(module)) {
    for (const callee of callees) {
      const known = callers.get(callee);
      if (known === undefined) callers.set(callee, [caller]);
      else known.push(caller);
    }
  }
  const found = new Set<string>();
  for (const fn of module.functions.values()) if (fn.blocks.some((block) => block.instrs.some(({ op }) => op === "activemask"))) found.add(fn.name);
  for (const name of found) for (const caller of callers.get(name) ?? []) found.add(caller);
  return found;
}

/** Numbers the calls and activemasks of a module, which must not change afterwards. */
export function numberPlaces(module: Module): void {
  if (numbered.has(module)) return;
  numbered.add(module);
  let next = 0;
  for (const fn of module.functions.values()) {
    for (const block of fn.blocks) for (const instr of block.instrs) if (instr.op === "activemask" || instr.op === "call" || instr.op === "calli") numbers.set(instr, next++);
  }
}

/** The number of a call or an activemask of a module that has been numbered. */
export function placeOf(instr: Instr): number {
  return numbers.get(instr)!;
}

/** Which of two places comes first, outermost calls first: negative, 0 (together), positive. */
export function comparePlaces(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length && i < b.length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}
