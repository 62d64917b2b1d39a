import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Programs in test/fixtures/opencl that have their LLVM IR beside them, as the Clang of the optional package makes it. */
export const PROGRAMS: readonly string[] = ["bench", "build-time", "features", "groups", "subgroups", "images", "progress"];

function path(name: string): string {
  return fileURLToPath(new URL(`../../fixtures/opencl/${name}`, import.meta.url));
}

/** OpenCL C of a program. */
export function sourceOf(name: string): string {
  return readFileSync(path(`${name}.cl`), "utf8");
}

/** LLVM IR of a program, kept so that tests do not need Clang. */
export function irOf(name: string): string {
  return readFileSync(path(`${name}.ll`), "utf8");
}

/** Where the LLVM IR of a program is kept. */
export function irPath(name: string): string {
  return path(`${name}.ll`);
}
