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

/**
 * Variables used by disjoint sets of kernels may overlap; a variable lies behind everything else that its kernels use before it.
 * @param graph the module's call graph
 */
export function sharedLayout(module: Module, graph: ReadonlyMap<string, ReadonlySet<string>> = callGraph(module)): SharedLayout {
  const variablesOf = new Map<string, Set<string>>();
  if (module.shared.size > 0) {
    for (const fn of module.functions.values()) {
      const own = new Set<string>();
      for (const block of fn.blocks) for (const instr of block.instrs) if (instr.op === "sharedaddr") own.add(instr.symbol);
      variablesOf.set(fn.name, own);
    }
  }
  const users = new Map<string, string[]>();
  const bytes = new Map<string, number>();
  for (const kernel of module.functions.values()) {
    if (kernel.kind !== "kernel") continue;
    bytes.set(kernel.name, 0);
    if (variablesOf.size === 0) continue;
    const used = new Set<string>();
    for (const name of reachableFrom(graph, kernel.name)) for (const variable of variablesOf.get(name)!) used.add(variable);
    for (const name of used) {
      const known = users.get(name);
      if (known === undefined) users.set(name, [kernel.name]);
      else known.push(kernel.name);
    }
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
 * @param graph the module's call graph
 * @param align the module's `frameAlign`
 */
export function localBytes(module: Module, kernel: string, graph: ReadonlyMap<string, ReadonlySet<string>> = callGraph(module), align: number = frameAlign(module)): number {
  const frames = new Map<string, number>();
  for (const name of reachableFrom(graph, kernel)) frames.set(name, frameLayout(module.functions.get(name)!, align).bytes);
  const sum = [...frames.values()].reduce((total, bytes) => total + bytes, 0);
  if (sum === 0) return 0;
  const { path, recursive } = deepest(graph, kernel, frames);
  return alignUp(LOCAL_START, align) + (recursive ? sum + RECURSION_BYTES : path);
}

/** The longest path of frames below a function, and whether a ring of calls was met (each is counted once then). Call chains may be too long for recursion of ours. */
function deepest(graph: ReadonlyMap<string, ReadonlySet<string>>, kernel: string, frames: ReadonlyMap<string, number>): { readonly path: number; readonly recursive: boolean } {
  const depth = new Map<string, number>();
  const active = new Set<string>();
  const stack: { readonly name: string; readonly callees: Iterator<string>; below: number }[] = [];
  let recursive = false;
  const enter = (name: string): void => {
    active.add(name);
    stack.push({ name, callees: graph.get(name)!.values(), below: 0 });
  };
  enter(kernel);
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const next = top.callees.next();
    if (next.done === true) {
      const bytes = frames.get(top.name)! + top.below;
      depth.set(top.name, bytes);
      active.delete(top.name);
      stack.pop();
      const caller = stack.at(-1);
      if (caller !== undefined) caller.below = Math.max(caller.below, bytes);
    } else if (active.has(next.value)) recursive = true;
    else if (depth.has(next.value)) top.below = Math.max(top.below, depth.get(next.value)!);
    else enter(next.value);
  }
  return { path: depth.get(kernel)!, recursive };
}

/** Functions that may call themselves, directly or through others: those on rings of the call graph (Tarjan's components). */
export function recursiveFunctions(graph: ReadonlyMap<string, ReadonlySet<string>>): Set<string> {
  const recursive = new Set<string>();
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const open: string[] = [];
  const isOpen = new Set<string>();
  const stack: { readonly name: string; readonly callees: Iterator<string> }[] = [];
  const enter = (name: string): void => {
    index.set(name, index.size);
    low.set(name, index.get(name)!);
    open.push(name);
    isOpen.add(name);
    stack.push({ name, callees: (graph.get(name) ?? new Set<string>()).values() });
  };
  for (const root of graph.keys()) {
    if (index.has(root)) continue;
    enter(root);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const { name, callees } = top;
      const next = callees.next();
      if (next.done !== true) {
        if (next.value === name) recursive.add(name);
        if (!index.has(next.value)) enter(next.value);
        else if (isOpen.has(next.value)) low.set(name, Math.min(low.get(name)!, index.get(next.value)!));
        continue;
      }
      stack.pop();
      const caller = stack.at(-1);
      if (caller !== undefined) low.set(caller.name, Math.min(low.get(caller.name)!, low.get(name)!));
      if (low.get(name) !== index.get(name)) continue;
      const ring = open.splice(open.lastIndexOf(name));
      for (const member of ring) {
        isOpen.delete(member);
        if (ring.length > 1) recursive.add(member);
      }
    }
  }
  return recursive;
}
