import { CompileError } from "../abi.ts";
import type { Module } from "../ir/module.ts";
import { openclToIr } from "../llvm/opencl.ts";
import { SOURCE_NAME } from "./arguments.ts";
import { buildId } from "./build-id.ts";
import { cachedModule, cacheKey, keepModule } from "./cache.ts";
import { openClCompiler, type CompileRequest, type OpenClCompiler } from "./compiler.ts";
import type { Headers } from "./headers.ts";
import { parseBuildOptions, type BuildOptions } from "./options.ts";

/** How to build a program. */
export interface BuildRequest {
  /** The options string of clBuildProgram or clCompileProgram. */
  readonly options?: string;
  /** "compile" leaves undefined functions for a linker. */
  readonly phase?: "build" | "compile";
  readonly headers?: Headers;
  readonly extensions?: readonly string[];
  /** Name of the module in messages. */
  readonly name?: string;
  /** Instead of the compiler of this process. */
  readonly compiler?: OpenClCompiler | null;
}

/** Why a build failed: which error code the host API has for it. */
export type BuildFailure =
  /** CL_INVALID_BUILD_OPTIONS or CL_INVALID_COMPILER_OPTIONS */
  | "invalid-options"
  /** CL_COMPILER_NOT_AVAILABLE */
  | "no-compiler"
  /** CL_BUILD_PROGRAM_FAILURE or CL_COMPILE_PROGRAM_FAILURE; the log says why */
  | "failed";

/** The module, or why there is none; `log` is the build log in both cases. */
export type BuildResult =
  | { readonly ok: true; readonly module: Module; readonly options: BuildOptions; readonly ir: string; readonly log: string }
  | { readonly ok: false; readonly failure: BuildFailure; readonly error: CompileError | null; readonly log: string };

const NO_COMPILER = "No OpenCL C compiler: install the package @yowasp/clang, or a clang of version 15 or later on PATH.";

/**
 * Builds OpenCL C source: Clang makes LLVM IR of it, which is lowered to the device IR. What the lowering refuses is
 * added to the log in the form of a diagnostic of the compiler.
 */
export function compileOpenCl(source: string, request: BuildRequest = {}): BuildResult {
  const parsed = parseBuildOptions(request.options ?? "", request.phase ?? "build");
  if (!parsed.ok) return { ok: false, failure: "invalid-options", error: null, log: `error: invalid build options: ${parsed.message}\n` };
  const compiler = request.compiler === undefined ? openClCompiler() : request.compiler;
  if (compiler === null) return { ok: false, failure: "no-compiler", error: null, log: `${NO_COMPILER}\n` };
  const asked: CompileRequest = {
    options: parsed.options,
    ...(request.headers === undefined ? {} : { headers: request.headers }),
    ...(request.extensions === undefined ? {} : { extensions: request.extensions }),
  };
  const { options } = parsed;
  const key = buildId === null ? null : compiler.keyOf?.(source, asked) ?? null;
  // What is kept lowered is another file for every state of this compiler.
  const moduleKey = key === null ? null : `${buildId} ${cacheKey([request.name, request.phase])} ${key}`;
  const kept = moduleKey === null ? null : cachedModule(moduleKey);
  if (kept !== null) {
    const text = (): string => {
      const again = compiler.compile(source, asked);
      return again.ok ? again.ir : "";
    };
    return { ok: true, module: kept.module, options, log: kept.log, get ir(): string { return text(); } };
  }
  const result = compiler.compile(source, asked);
  if (!result.ok) return { ok: false, failure: "failed", error: null, log: result.log };
  try {
    const module = openclToIr(result.ir, request.name ?? SOURCE_NAME, { sourceName: SOURCE_NAME, forLinking: request.phase === "compile" });
    if (moduleKey !== null) keepModule(moduleKey, { module, log: result.log });
    return { ok: true, module, options, ir: result.ir, log: result.log };
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    // Syntax errors are of the LLVM IR, whose lines are not the program's.
    const at = error.line > 0 && error.kind !== "syntax" ? `${SOURCE_NAME}:${error.line}: ` : "";
    const what = error.kind === "unsupported" ? "unsupported: " : "";
    return { ok: false, failure: "failed", error, log: `${result.log}${at}error: ${what}${error.message.replace(/^line \d+: /, "")}\n` };
  }
}
