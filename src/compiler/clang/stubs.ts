import type { Compiled } from "./cache.ts";
import type { ClangTool } from "./tool.ts";

/**
 * Clang 21 and later write every `__kernel` twice: the kernel, and a function of the same body for kernels that call it (`__clang_ocl_kern_imp_...`), both optimised and printed. A kernel spelled as the
 * attribute that is common to all languages has no such twin, is checked by the same rules, and becomes the same code in two thirds of the time.
 */
const SPELLING = "__attribute__((device_kernel))";
const MACROS: readonly string[] = [`-D__kernel=${SPELLING}`, `-Dkernel=${SPELLING}`];

/** What a compiler says that met the spelling: a kernel that is called (the callee has the wrong calling convention), or a word about the macros, which the programmer did not write. */
const NOTICED = /Broken module found|calling convention|device_kernel|<command line>|expanded from macro '(?:__)?kernel'|'(?:__)?kernel' macro/;

/** The same compiler, with half the work for kernels. A program in which that is noticed is compiled once more as it stands, so that the log is about what was written. */
export function withoutStubs(tool: ClangTool): ClangTool {
  return {
    id: `${tool.id}, no stubs`,
    release: () => tool.release?.(),
    run({ args, files }): Compiled {
      const once = tool.run({ args: [...MACROS, ...args], files });
      return NOTICED.test(once.log) ? tool.run({ args, files }) : once;
    },
  };
}
