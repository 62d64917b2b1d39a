import type { DeviceCode } from "../../compiler/abi.ts";
import { interpretModule } from "../../compiler/interp/index.ts";
import type { Module } from "../../compiler/ir/module.ts";
import type { BuildOptions } from "./options.ts";

/** A program text to compile. */
export interface CompileRequest {
  readonly source: string;
  readonly options: BuildOptions;
  /** Headers of clCompileProgram, found before those of -I. */
  readonly headers: readonly { readonly name: string; readonly source: string }[];
  /** It will be linked: undefined functions are allowed. */
  readonly forLinking: boolean;
}

/** What the compiler says. */
export interface CompileResult {
  readonly module: Module | null;
  readonly log: string;
}

/** Whether programs can be built from source. */
export function compilerAvailable(): boolean {
  return false;
}

/** Compiles OpenCL C. */
export function compileSource(_request: CompileRequest): CompileResult {
  return { module: null, log: "no compiler" };
}

const loaded = new WeakMap<Module, DeviceCode>();

/** Executable code of a module, made once. */
export function codeFor(module: Module): DeviceCode {
  let code = loaded.get(module);
  if (code === undefined) loaded.set(module, (code = interpretModule(module)));
  return code;
}
