import { callGraph, frameAlign, sharedLayout } from "../../../src/compiler/ir/layout.ts";
import type { Module } from "../../../src/compiler/ir/module.ts";
import { buildProgram, type KernelProgram } from "../../../src/compiler/wasm/slow/program.ts";

/** What the back end makes of a kernel before it writes WebAssembly: for tests of its form. For modules without functions and module variables. */
export function programOf(module: Module, kernel: string, warpSize = 32): KernelProgram {
  const shared = sharedLayout(module, callGraph(module)).offsets;
  return buildProgram({ module, recursive: new Set(), masking: new Set(), functions: new Map(), shared, symbols: new Map(), frameAlign: frameAlign(module) }, kernel, false, true, warpSize);
}
