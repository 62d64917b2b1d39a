import { extensionArguments } from "./extensions.ts";
import type { BuildOptions } from "./options.ts";

/** What the source is called in diagnostics and debug information. */
export const SOURCE_NAME = "program.cl";

/** Switches that mean nothing to Clang's front end: denormals are always kept, sub-groups always make progress. */
const IGNORED = new Set(["-cl-denorms-are-zero", "-cl-no-subgroup-ifp"]);

/**
 * Arguments of `clang -cc1`, behind it. The language is OpenCL C 3.0 unless the program asks for another (see
 * docs/decisions: the specification's own default is 1.2).
 */
export function compilerArguments(options: BuildOptions, extensions: readonly string[]): string[] {
  const std = options.std ?? "CL3.0";
  return [
    "-triple", "spir64", "-x", "cl", `-cl-std=${std}`, "-emit-llvm",
    // Declares builtins on demand; the full header costs 400 ms a program.
    "-fdeclare-opencl-builtins", "-finclude-default-header",
    ...(options.optimise ? ["-O2"] : ["-O0", "-cl-opt-disable"]),
    // Lines for faults and checkers: nearly free, and no other debug information is of use.
    "-debug-info-kind=line-tables-only", "-dwarf-version=5", "-main-file-name", SOURCE_NAME,
    "-cl-kernel-arg-info",
    ...extensionArguments(extensions),
    ...(options.warnings === "none" ? ["-w"] : options.warnings === "errors" ? ["-Werror"] : []),
    ...options.switches.filter((name) => !IGNORED.has(name)),
    ...options.defines.map((define) => `-D${define}`),
    // Embedded headers of clCompileProgram answer to <name> as well, and before those of folders.
    "-I", ".",
    ...options.includes.flatMap((folder) => ["-I", folder]),
  ];
}
