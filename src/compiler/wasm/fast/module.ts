import { WasmModule, type MemoryImport } from "../asm/module.ts";
import { I32 } from "../asm/opcodes.ts";
import { Helpers } from "../emit/emitter.ts";
import type { SlotLayout } from "../lower/layout.ts";
import type { KernelProgram } from "../slow/program.ts";
import { FastEmitter } from "./emitter.ts";
import type { Regions } from "./regions.ts";

/** The module of the fast path: exports `run(launch block, slot) -> outcome`. */
export function fastModule(program: KernelProgram, regions: Regions, layout: SlotLayout, memory: MemoryImport): { bytes: Uint8Array<ArrayBuffer>; imports: string[] } {
  const module = new WasmModule();
  const helpers = new Helpers(module);
  const run = module.declare([I32, I32], [I32], "run");
  module.define(run, new FastEmitter(helpers, program, regions, layout).function());
  return { bytes: module.finish(memory), imports: module.importNames };
}
