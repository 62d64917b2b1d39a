import type { Fn, Module } from "./module.ts";
import { DYNAMIC_SHARED_ALIGN, LOCAL_START, RECURSION_BYTES } from "./limits.ts";

/**
 * Where a module's shared and local variables lie, and what number a function's address is. Programs can see
 * these numbers, so the interpreter and every back end must take them from here.
 */

/** `value` rounded up to a multiple of `align` (a power of two, or at least 1). */
export function alignUp(value: number, align: number): number {
  return Math.ceil(value / align) * align;
}

/** Functions that `funcaddr` or a variable's initial bytes refer to: those that a `calli` may reach. */
export function addressTaken(module: Module): Set<string> {
  const taken = new Set<string>();
  for (const fn of module.functions.values()) {
    for (const block of fn.blocks) for (const instr of block.instrs) if (instr.op === "funcaddr") taken.add(instr.symbol);
  }
  for (const variable of module.globals.values()) {
    for (const reloc of variable.relocs) if (module.functions.has(reloc.symbol)) taken.add(reloc.symbol);
  }
  return taken;
}

/** Functions that each function may call directly or, by `calli`, through an address. Names without a function in the module are left out. */
export function callGraph(module: Module): Map<string, Set<string>> {
  const taken = [...addressTaken(module)].filter((name) => module.functions.get(name)?.kind === "func");
  const graph = new Map<string, Set<string>>();
  for (const fn of module.functions.values()) {
    const callees = new Set<string>();
    for (const block of fn.blocks) {
      for (const instr of block.instrs) {
        if (instr.op === "call" && module.functions.has(instr.callee)) callees.add(instr.callee);
        else if (instr.op === "calli") for (const name of taken) callees.add(name);
      }
    }
    graph.set(fn.name, callees);
  }
  return graph;
}

/** The function itself and everything it may call, in order of first discovery. */
export function reachableFrom(graph: ReadonlyMap<string, ReadonlySet<string>>, root: string): Set<string> {
  const seen = new Set<string>([root]);
  for (const name of seen) for (const callee of graph.get(name) ?? []) seen.add(callee);
  return seen;
}

/** The number that `funcaddr` gives and `calli` takes, by function name: 1 and up in the order of `module.functions`, so that 0 stays null. */
export function functionAddresses(module: Module): Map<string, bigint> {
  return new Map([...module.functions.keys()].map((name, i) => [name, BigInt(i + 1)]));
}

/** Where the shared variables of a module stand. */
export interface SharedLayout {
  /** Byte offset of every shared variable of the module; the same in all kernels, because functions are compiled once. */
  readonly offsets: ReadonlyMap<string, number>;
  /** Static shared bytes of each kernel: the end of its last variable. */
  readonly bytes: ReadonlyMap<string, number>;
}

/** Variables used by disjoint sets of kernels may overlap; a variable lies behind everything else that its kernels use before it. */
export function sharedLayout(module: Module): SharedLayout {
  const graph = callGraph(module);
  const users = new Map<string, string[]>();
  const bytes = new Map<string, number>();
  for (const kernel of module.functions.values()) {
    if (kernel.kind !== "kernel") continue;
    bytes.set(kernel.name, 0);
    const used = new Set<string>();
    for (const name of reachableFrom(graph, kernel.name)) {
      for (const block of module.functions.get(name)!.blocks) {
        for (const instr of block.instrs) if (instr.op === "sharedaddr") used.add(instr.symbol);
      }
    }
    for (const name of used) users.set(name, [...(users.get(name) ?? []), kernel.name]);
  }
  const offsets = new Map<string, number>();
  for (const variable of module.shared.values()) {
    const kernels = users.get(variable.name) ?? [];
    const offset = alignUp(Math.max(0, ...kernels.map((kernel) => bytes.get(kernel)!)), variable.align);
    offsets.set(variable.name, offset);
    for (const kernel of kernels) bytes.set(kernel, offset + variable.size);
  }
  return { offsets, bytes };
}

/** Where the dynamic shared memory begins behind `staticBytes`. */
export function dynamicSharedStart(staticBytes: number): number {
  return alignUp(staticBytes, DYNAMIC_SHARED_ALIGN);
}

/** All shared memory of a launch, bytes: accesses end before it. */
export function sharedSize(staticBytes: number, dynamicBytes: number): number {
  return dynamicBytes > 0 ? dynamicSharedStart(staticBytes) + dynamicBytes : staticBytes;
}

/** Alignment of every function's frame in a work-item's local memory: enough for any local of the module. */
export function frameAlign(module: Module): number {
  let align = 16;
  for (const fn of module.functions.values()) for (const local of fn.locals) align = Math.max(align, local.align);
  return align;
}

/** Where the local variables of a function stand in its frame. */
export interface FrameLayout {
  /** Byte offset of each of `fn.locals` from the frame's start. */
  readonly offsets: readonly number[];
  /** Bytes of the whole frame, a multiple of the frame alignment. */
  readonly bytes: number;
}

/** @param align the module's `frameAlign` */
export function frameLayout(fn: Fn, align: number): FrameLayout {
  let end = 0;
  const offsets = fn.locals.map((local) => {
    const offset = alignUp(end, local.align);
    end = offset + local.size;
    return offset;
  });
  return { offsets, bytes: alignUp(end, align) };
}

/**
 * Local memory of a work-item in the kernel, bytes. The kernel's frame begins at `LOCAL_START` (rounded up to the frame alignment), so that no local
 * variable has address 0; a callee's frame follows its caller's. Without recursion this is the deepest
 * path; with it the sum of all reachable frames and `RECURSION_BYTES`. 0 when no reachable function has locals.
 */
export function localBytes(module: Module, kernel: string): number {
  const graph = callGraph(module);
  const align = frameAlign(module);
  const frames = new Map<string, number>();
  for (const name of reachableFrom(graph, kernel)) frames.set(name, frameLayout(module.functions.get(name)!, align).bytes);
  const sum = [...frames.values()].reduce((total, bytes) => total + bytes, 0);
  if (sum === 0) return 0;
  const depth = new Map<string, number>();
  const active = new Set<string>();
  let recursive = false;
  const deepest = (name: string): number => {
    if (active.has(name)) {
      recursive = true;
      return 0;
    }
    const known = depth.get(name);
    if (known !== undefined) return known;
    active.add(name);
    let below = 0;
    for (const callee of graph.get(name)!) below = Math.max(below, deepest(callee));
    active.delete(name);
    depth.set(name, frames.get(name)! + below);
    return frames.get(name)! + below;
  };
  const path = deepest(kernel);
  return alignUp(LOCAL_START, align) + (recursive ? sum + RECURSION_BYTES : path);
}

