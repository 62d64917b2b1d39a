import { findRegions, splitAtHeads, unfoldCommon, type Regions } from "../fast/regions.ts";
import { isCollective, type Graph, type Node } from "../graph/node.ts";
import { analyseFlow } from "../graph/cfg.ts";
import { copyGridLoops } from "../graph/once.ts";
import { importFunction, type ModuleFacts } from "../graph/import.ts";
import { placeCanonical } from "../graph/nans.ts";
import { optimise } from "../graph/optimise.ts";
import { foldSingleUses, removeDead } from "../graph/uses.ts";
import type { CheckClass } from "../../abi.ts";
import { numberPlaces } from "../../ir/convergence.ts";
import { frameLayout, alignUp } from "../../ir/layout.ts";
import { LOCAL_START } from "../../ir/limits.ts";
import type { Module } from "../../ir/module.ts";
import { sizeOf } from "../../ir/types.ts";
import { factsOf } from "../checked/facts.ts";
import { findRoots, rootEntry } from "../checked/roots.ts";
import { prepare } from "../lower/prepare.ts";
import { assignSlots, markFree, type Saved } from "../lower/slots.ts";
import { frame, launch } from "../lower/layout.ts";
import type { ProgramFacts } from "../emit/device.ts";

/** An operation that leaves compiled code: what the scheduler must know of it. */
export interface SiteInfo {
  readonly node: Node;
  readonly line: number | null;
}

/** One function ready to be written: its graph in final form, and where its values are saved. */
export interface Routine {
  readonly graph: Graph;
  readonly saved: Saved;
  /** Bytes of its control frame (device functions). */
  readonly frameBytes: number;
  /** Bytes of its local variables. */
  readonly localBytes: number;
}

/** What a kernel and its functions use, so that the scheduler need not look for the rest: %clock64, votes at barriers, warp collectives, activemask. */
export interface Features {
  readonly clock: boolean;
  readonly votes: boolean;
  /** All barriers are number 0 for the whole group. */
  readonly oneBarrier: boolean;
  readonly collectives: boolean;
  readonly activemask: boolean;
}

/** A kernel with everything it may call, before any WebAssembly is written. */
export interface KernelProgram {
  readonly kernel: Routine;
  /** How the fast path runs it; null when it cannot. */
  readonly regions: Regions | null;
  readonly features: Features;
  /** Functions that are called and not inlined, by number from 1. */
  readonly functions: readonly { readonly name: string; readonly routine: Routine | null }[];
  readonly functionNumber: ReadonlyMap<string, number>;
  /** Names of functions by the address that `funcaddr` gives. */
  readonly functionAt: ReadonlyMap<bigint, string>;
  readonly module: Module;
  readonly facts: ProgramFacts;
  readonly sites: SiteInfo[];
  /** Bytes of the launch block. */
  readonly launchBytes: number;
  /** Whether some function may call itself. */
  readonly recursive: boolean;
}

/** The final graph of a function: optimised, cut at its resume points. */
function build(facts: ModuleFacts, name: string, localStart: number, fast: boolean, warpSize: number): { routine: Routine; regions: Regions | null } {
  const fn = facts.module.functions.get(name)!;
  const graph = importFunction(facts, fn, localStart);
  optimise(graph);
  if (fast && copyGridLoops(graph)) optimise(graph);
  prepare(graph, fast);
  removeDead(graph);
  placeCanonical(graph);
  markFree(graph);
  const heads = fast ? splitAtHeads(graph, warpSize) : null;
  foldSingleUses(graph);
  if (heads !== null) unfoldCommon(graph, heads.levels);
  analyseFlow(graph);
  const saved = assignSlots(graph);
  const regions = heads === null ? null : findRegions(graph, heads, saved);
  const values = Math.max(fn.params.length, fn.results.length);
  return { regions, routine: { graph, saved, frameBytes: alignUp(frame.values + 8 * (values + saved.narrow + saved.wide), 16), localBytes: frameLayout(fn, facts.frameAlign).bytes } };
}

/**
 * Lowers a kernel and everything it may call that is not inlined.
 * @param fast whether to prepare for the fast path, where the kernel allows it
 * @param warpSize of the launches that it is for
 * @param checks what its code is to check; null: nothing
 */
export function buildProgram(facts: ModuleFacts, name: string, concurrent: boolean, fast: boolean, warpSize: number, checks: ReadonlySet<CheckClass> | null = null): KernelProgram {
  const { module } = facts;
  const { routine: kernel, regions } = build(facts, name, alignUp(LOCAL_START, facts.frameAlign), fast, warpSize);
  const functions: { name: string; routine: Routine | null }[] = [];
  const functionNumber = new Map<string, number>();
  const need = (callee: string): void => {
    if (functionNumber.has(callee)) return;
    functionNumber.set(callee, functions.length + 1);
    const fn = module.functions.get(callee);
    functions.push({ name: callee, routine: fn === undefined || fn.blocks.length === 0 ? null : build(facts, callee, 0, false, warpSize).routine });
  };
  let printed = 4;
  const scan = (graph: Graph): void => {
    for (const block of graph.blocks) {
      for (const node of block.nodes) {
        if (node.op === "call") need(node.attr);
        else if (node.op === "calli") for (const fn of module.functions.values()) if (fn.kind === "func") need(fn.name);
        if (node.op === "printf") printed = Math.max(printed, node.args.length);
      }
    }
  };
  scan(kernel.graph);
  for (let i = 0; i < functions.length; i++) {
    const { routine } = functions[i]!;
    if (routine !== null) scan(routine.graph);
  }
  const routines = [kernel, ...functions.map(({ routine }) => routine)];
  const uses = (what: (node: Node) => boolean): boolean => routines.some((routine) => routine?.graph.blocks.some((block) => block.nodes.some(what)));
  const features: Features = {
    clock: uses((node) => node.op === "sreg" && node.attr === "clock64"), votes: uses((node) => node.op === "barred"),
    oneBarrier: !uses((node) => node.op === "barred" || (node.op === "barrier" && (Number(node.imm) !== 0 || node.attr !== "sync"))),
    collectives: uses(isCollective), activemask: uses((node) => node.op === "activemask"),
  };
  if (features.activemask) numberPlaces(module);
  const params = alignUp(launch.symbols + 8 * facts.symbols.size, 16);
  const paramBytes = module.functions.get(name)!.paramBytes;
  const printArgs = alignUp(params + paramBytes, 16);
  const rootTable = alignUp(printArgs + 8 * printed, 16);
  const roots = checks === null ? null : findRoots(routines.flatMap((routine) => (routine === null ? [] : [routine.graph])), rootTable);
  return {
    kernel, regions, features, functions, functionNumber, module, functionAt: new Map([...facts.functions].map(([fn, address]) => [address, fn])), sites: [], launchBytes: alignUp(rootTable + rootEntry.bytes * (roots?.list.length ?? 0), 64), recursive: functions.length > 0,
    facts: { symbols: facts.symbols, params, paramBytes, printArgs, concurrent, checks, roots, order: checks === null ? null : factsOf(uses) },
  };
}

/** Bytes an access moves. */
export function accessSize(node: Node): number {
  return sizeOf[node.access!.type] * node.access!.count;
}
