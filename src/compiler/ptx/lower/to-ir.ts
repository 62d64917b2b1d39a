import type { Module } from "../../ir/module.ts";
import { parsePtx, type ParseOptions } from "../parser.ts";
import { instructionTable } from "./instruction-table.ts";
import { ModuleLowering, type Linking } from "./module.ts";

/** Options of `ptxToIr`. */
export interface PtxOptions extends ParseOptions {
  /**
   * What becomes of external symbols (ptxas: whole program, `-c`). `whole`: the text is all there is: external variables are its own, external functions that it calls an error.
   * `unit`: it is to be linked with others. Absent: they stay external, and cannot be run.
   */
  readonly linking?: Linking;
}

/**
 * Compiles PTX text to the IR.
 *
 * @param text PTX, as nvcc, Triton or a person writes it; a NUL ends it
 * @param name the module's name, for messages
 * @throws CompileError with the line at fault; nothing else, whatever the text
 */
export function ptxToIr(text: string, name = "ptx", options: PtxOptions = {}): Module {
  const ptx = parsePtx(text, options);
  return new ModuleLowering(ptx, name, instructionTable, options.linking ?? null).run();
}
