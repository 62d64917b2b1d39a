import { cacheFolder } from "./cache.ts";
import { environment, nodeModule } from "./host.ts";

/** The V8 whose natives were tried: Node 20's. What another would do with them is not known, and a mistake there ends the process. */
const TRIED = /^11\.3\./;

/** Flags that V8's compilers know: without optimised code there is nothing to write, which ends the process as well. */
const FLAGS = /--(?:no-)?(?:wasm|liftoff|turbo|jitless|opt\b|always-opt|predictable|single-threaded|interpreted)/;

/** Threads in which Node's V8 compiles. */
const THREADS = 4;

/** Whether this V8 is one whose ways with WebAssembly are known here, and nobody has told it others: then it may be told some for Clang. */
function usual(): boolean {
  return TRIED.test(process.versions.v8) && !FLAGS.test([...process.execArgv, environment("NODE_OPTIONS") ?? ""].join(" "));
}

/** How many threads V8 may use to optimise Clang while Clang runs: one processor is Clang's. 0: as V8 likes, because it is another V8, or was told how to compile, or has plenty. */
export function compilingThreads(): number {
  const processors = nodeModule("node:os")?.availableParallelism() ?? 0;
  return !usual() || processors > THREADS ? 0 : Math.max(1, processors - 1);
}

/** Takes back what threads of compilers tell V8 for a while: its own numbers. The flags are the whole process's, and so part of V8's tag. */
export function usualFlags(): void {
  if (!usual()) return;
  const v8 = nodeModule("node:v8");
  v8?.setFlagsFromString("--wasm-num-compilation-tasks=128");
  v8?.setFlagsFromString("--wasm-tiering-budget=1800000");
}

/**
 * Where the optimised machine code of this Clang for this V8 is kept (docs/decisions/0043); null where none is: no cache, another V8, or V8 was told how to compile. GLASSGPU_CLANG_CODE=off says so too.
 * @param url of the package's main file
 */
export function machineCodeFile(url: string, version: string): string | null {
  const [fs, path, v8, urls] = [nodeModule("node:fs"), nodeModule("node:path"), nodeModule("node:v8"), nodeModule("node:url")];
  const folder = cacheFolder();
  if (fs === null || path === null || v8 === null || urls === null || folder === null || environment("GLASSGPU_CLANG_CODE") === "off") return null;
  if (!usual()) return null;
  usualFlags();
  try {
    const { size, mtimeMs } = fs.statSync(path.join(path.dirname(urls.fileURLToPath(url)), "llvm.core.wasm"));
    const name = [version, size, Math.round(mtimeMs), v8.cachedDataVersionTag().toString(16)].join("-");
    return path.join(folder, "machine-code", `${name.replaceAll(/[^\w.-]/g, "_")}.bin`);
  } catch {
    return null; // the package is put together otherwise
  }
}
