import type { KernelInfo } from "../abi.ts";
import type { Fn, Module } from "./module.ts";
import { defaultAttributes } from "./builder.ts";
import { callGraph, frameAlign, localBytes, reachableFrom, sharedLayout } from "./layout.ts";

/** Module variables that need device memory: those that the module defines. The order of `DeviceCode.symbols` and `LaunchConfig.symbols`. */
export function deviceSymbols(module: Module): string[] {
  return [...module.globals.values()].filter((variable) => variable.linkage !== "extern").map((variable) => variable.name);
}

/** What a function does itself. */
interface Facts {
  readonly barrier: boolean;
  readonly printf: boolean;
}

function factsOf(fn: Fn): Facts {
  let [barrier, printf] = [false, false];
  for (const block of fn.blocks) {
    for (const { op } of block.instrs) {
      barrier ||= op === "barrier" || op === "barred";
      printf ||= op === "printf";
    }
  }
  return { barrier, printf };
}

/** Of modules that were kept with what a host may know of them. */
const known = new WeakMap<Module, ReadonlyMap<string, KernelInfo>>();

/** Says what `kernelInfos` would find, so that nobody has to look into the functions. The module must not change afterwards. */
export function knowKernelInfos(module: Module, infos: ReadonlyMap<string, KernelInfo>): void {
  known.set(module, infos);
}

/** What a host may know of each kernel of the module, by name. */
export function kernelInfos(module: Module): ReadonlyMap<string, KernelInfo> {
  return known.get(module) ?? findKernelInfos(module);
}

function findKernelInfos(module: Module): Map<string, KernelInfo> {
  const graph = callGraph(module);
  const align = frameAlign(module);
  const shared = sharedLayout(module, graph);
  const facts = new Map<string, Facts>();
  for (const fn of module.functions.values()) facts.set(fn.name, factsOf(fn));
  let constBytes = 0;
  for (const variable of module.globals.values()) if (variable.space === "const") constBytes += variable.size;
  const infos = new Map<string, KernelInfo>();
  for (const fn of module.functions.values()) {
    if (fn.kind !== "kernel" || fn.blocks.length === 0) continue;
    let usesBarrier = false;
    let usesPrintf = false;
    for (const name of reachableFrom(graph, fn.name)) {
      const { barrier, printf } = facts.get(name)!;
      usesBarrier ||= barrier;
      usesPrintf ||= printf;
    }
    infos.set(fn.name, {
      name: fn.name,
      params: fn.kernelParams,
      paramBytes: fn.paramBytes,
      attributes: fn.attributes ?? defaultAttributes,
      sharedBytes: shared.bytes.get(fn.name) ?? 0,
      localBytes: localBytes(module, fn.name, graph, align),
      constBytes,
      usesBarrier,
      usesPrintf,
    });
  }
  return infos;
}
