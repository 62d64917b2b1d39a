import { compilerArguments, SOURCE_NAME } from "./arguments.ts";
import { cached, cacheKey, forgetMemory, keep } from "./cache.ts";
import { languageExtensions, languageFeatures } from "./extensions.ts";
import { collectHeaders, type Headers } from "./headers.ts";
import { environment } from "./host.ts";
import { nativeClang } from "./native.ts";
import type { BuildOptions } from "./options.ts";
import type { ClangRun, ClangTool } from "./tool.ts";
import { wasmClang } from "./wasm.ts";

/** What to compile with. */
export interface CompileRequest {
  readonly options: BuildOptions;
  /** Embedded headers of clCompileProgram, by include name. */
  readonly headers?: Headers;
  /** Extensions and features the device has; by default those that every device has. */
  readonly extensions?: readonly string[];
}

/** LLVM IR and warnings, or the errors. */
export type CompileResult =
  | { readonly ok: true; readonly ir: string; readonly log: string }
  | { readonly ok: false; readonly log: string };

/** Compiles OpenCL C to LLVM IR, synchronously. */
export interface OpenClCompiler {
  /** Which compiler, and which version. */
  readonly id: string;
  /** `log` is what the compiler said, warnings included; it goes to the build log as it is. */
  compile(source: string, request: CompileRequest): CompileResult;
  /** A key for everything that the result depends on; absent: nothing that is made of the result may be kept. */
  keyOf?(source: string, request: CompileRequest): string;
  /** Gives back what waits in memory for the next program. */
  release?(): void;
}

/** Makes a compiler of a Clang: arguments, headers and the cache around it. */
export function compilerOf(tool: ClangTool): OpenClCompiler {
  const runOf = (source: string, { options, headers = {}, extensions = [...languageExtensions, ...languageFeatures] }: CompileRequest): ClangRun => ({
    files: { ...collectHeaders(source, headers, options.includes), [SOURCE_NAME]: source }, args: compilerArguments(options, extensions),
  });
  return {
    id: tool.id,
    release: () => tool.release?.(),
    keyOf(source, request) {
      const { args, files } = runOf(source, request);
      return cacheKey([tool.id, args, files]);
    },
    compile(source, request) {
      const { args, files } = runOf(source, request);
      const key = cacheKey([tool.id, args, files]);
      let result = cached(key);
      if (result === null) {
        result = tool.run({ args, files });
        keep(key, result);
      }
      return result.ok ? { ok: true, ir: result.ir, log: result.log } : { ok: false, log: result.log };
    },
  };
}

let chosen: OpenClCompiler | null | undefined;

function choose(): OpenClCompiler | null {
  const wish = environment("GLASSGPU_CLANG") ?? "auto";
  if (wish === "none") return null;
  const tool = wish === "wasm" ? wasmClang()
    : wish === "native" ? nativeClang(null)
      : wish === "auto" ? wasmClang() ?? nativeClang(null)
        : nativeClang(wish);
  return tool === null ? null : compilerOf(tool);
}

/**
 * The compiler of this process; null when there is no Clang (the host API answers CL_COMPILER_NOT_AVAILABLE). It is chosen
 * at the first call: the package @yowasp/clang, then a `clang` on PATH. GLASSGPU_CLANG says otherwise: "wasm", "native", "none" or a path.
 */
export function openClCompiler(): OpenClCompiler | null {
  if (chosen === undefined) chosen = choose();
  return chosen;
}

/**
 * Gives back the memory of this process's compiler (half a gigabyte of Clang) and the results that are kept in memory. What lies on disk stays, and the next program starts a compiler again.
 */
export function unloadOpenClCompiler(): void {
  chosen?.release?.();
  forgetMemory();
}

/** Puts another compiler in the place of the chosen one (null: none); undefined goes back to choosing. */
export function useOpenClCompiler(compiler: OpenClCompiler | null | undefined): void {
  chosen = compiler;
}
