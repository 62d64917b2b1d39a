import type { Compiled } from "./cache.ts";
import type { Headers } from "./headers.ts";

/** One run of a Clang: `args` go behind `-cc1`; the files are the source (SOURCE_NAME) and its headers. */
export interface ClangRun {
  readonly args: readonly string[];
  readonly files: Headers;
}

/** A Clang that can be run, synchronously. */
export interface ClangTool {
  /** Name and version; results are cached by it. Known without starting the compiler. */
  readonly id: string;
  run(run: ClangRun): Compiled;
  /** Gives back the memory of a compiler that waits for work; the next run starts another. Absent: nothing waits. */
  release?(): void;
}
