import type { Module } from "../../ir/module.ts";
import { parsePtx, type ParseOptions } from "../parser.ts";
import { instructionTable } from "./instruction-table.ts";
import { ModuleLowering } from "./module.ts";

/**
 * Compiles PTX text to the IR.
 *
 * @param text PTX, as nvcc, Triton or a person writes it; a NUL ends it
 * @param name the module's name, for messages
 * @throws CompileError with the line at fault; nothing else, whatever the text
 */
export function ptxToIr(text: string, name = "ptx", options: ParseOptions = {}): Module {
  const ptx = parsePtx(text, options);
  return new ModuleLowering(ptx, name, instructionTable).run();
}
