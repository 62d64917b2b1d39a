import type { DeviceCode } from "../../compiler/abi.ts";
import { compileOpenCl } from "../../compiler/clang/build.ts";
import { openClCompiler, unloadOpenClCompiler } from "../../compiler/clang/compiler.ts";
import { parseBuildOptions, type BuildOptions, type Phase } from "../../compiler/clang/options.ts";
import type { Module } from "../../compiler/ir/module.ts";
import { compileModule } from "../../compiler/wasm/index.ts";
import { programExtensions } from "./capabilities.ts";
import { Recent } from "./recent.ts";

/** A program text to compile. */
export interface CompileRequest {
  readonly source: string;
  /** As the program gave them, known to be valid. */
  readonly options: string;
  /** Headers of clCompileProgram, by include name. */
  readonly headers: Readonly<Record<string, string>>;
  /** "compile": it will be linked, undefined functions are allowed. */
  readonly phase: "build" | "compile";
}

/** What the compiler says. */
export interface CompileResult {
  readonly module: Module | null;
  readonly log: string;
}

/** Reads an option string. @returns the options, or what is wrong with them */
export function readOptions(text: string | null, phase: Phase): BuildOptions | string {
  const parsed = parseBuildOptions(text ?? "", phase);
  return parsed.ok ? parsed.options : parsed.message;
}

/** Whether programs of this language version may have work-groups of different sizes. */
export function allowsNonUniform(options: BuildOptions): boolean {
  return (options.std === "CL2.0" || options.std === "CL3.0") && !options.switches.includes("-cl-uniform-work-group-size");
}

/** Whether programs can be built from source: Clang is an optional package. */
export function compilerAvailable(): boolean {
  return openClCompiler() !== null;
}

/** Results are kept for all machines of this JavaScript program: compiling is a pure function, and tests build one source over and over. */
const compilations = new Recent<CompileResult>(32);

/** Compiles OpenCL C. */
export function compileSource(request: CompileRequest): CompileResult {
  const { source, options, headers, phase } = request;
  // Headers of -I are files, which may change.
  const compile = (): CompileResult => {
    const result = compileOpenCl(source, { options, headers, phase, extensions: programExtensions });
    return result.ok ? { module: result.module, log: result.log } : { module: null, log: result.log };
  };
  return options.includes("-I") ? compile() : compilations.get(JSON.stringify([source, options, headers, phase]), compile);
}

/** Gives back the memory of the compiler of this JavaScript program and of what is kept beside it; what lies on disk stays. The next build loads it again. */
export function unloadCompiler(): void {
  compilations.clear();
  unloadOpenClCompiler();
}

const loaded = new WeakMap<Module, DeviceCode>();

/** Executable code of a module, made once. */
export function codeFor(module: Module): DeviceCode {
  let code = loaded.get(module);
  if (code === undefined) loaded.set(module, (code = compileModule(module)));
  return code;
}
