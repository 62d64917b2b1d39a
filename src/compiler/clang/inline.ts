import { SOURCE_NAME } from "./arguments.ts";
import type { Compiled } from "./cache.ts";
import { withoutStubs } from "./stubs.ts";
import type { ClangRun, ClangTool } from "./tool.ts";

/** The part of @yowasp/clang that is used here. */
interface Package {
  readonly version: string;
  readonly Exit: new (...args: never[]) => Error;
  readonly runLLVM: (args: readonly string[] | null, files: object, options: object) => Promise<object> | object | undefined;
}

const decoder = new TextDecoder();

function nest(files: ClangRun["files"]): object {
  const tree: Record<string, unknown> = {};
  for (const [path, text] of Object.entries(files)) {
    const parts = path.split("/").filter((part) => part !== "");
    let folder = tree;
    for (const part of parts.slice(0, -1)) folder = (folder[part] ??= {}) as Record<string, unknown>;
    folder[parts.at(-1)!] = text;
  }
  return tree;
}

/**
 * Loads Clang into this thread, for places without worker threads or where a caller may not sleep (a browser's main thread).
 * Afterwards it runs synchronously: `useOpenClCompiler(compilerOf(await loadClang()))`.
 * @throws what the import throws when @yowasp/clang is not installed
 */
export async function loadClang(): Promise<ClangTool> {
  const name = "@yowasp/clang";
  const clang = await (import(name) as Promise<Package>);
  const quiet = { fetchProgress: (): void => undefined };
  await clang.runLLVM(null, {}, quiet);
  return withoutStubs({
    id: `${name} ${clang.version}`,
    run({ args, files }): Compiled {
      let log = "";
      // The text of a module comes in pieces of a few characters, so standard output, not the package's file system, which copies the file for each.
      const printer = new TextDecoder();
      let ir = "";
      const print = (bytes: Uint8Array | null): void => {
        if (bytes !== null) ir += printer.decode(bytes, { stream: true });
      };
      const collect = (bytes: Uint8Array | null): void => {
        if (bytes !== null) log += decoder.decode(bytes, { stream: true });
      };
      try {
        clang.runLLVM(["clang", "-cc1", ...args, "-o", "-", SOURCE_NAME], nest(files), { ...quiet, synchronously: true, stdout: print, stderr: collect });
        return { ok: true, ir: ir + printer.decode(), log };
      } catch (error) {
        if (error instanceof clang.Exit) return { ok: false, ir: "", log };
        return { ok: false, ir: "", log: `${log}\nthe compiler stopped unexpectedly: ${String(error)}\n` };
      }
    },
  });
}
