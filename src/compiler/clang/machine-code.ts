import { cacheFolder } from "./cache.ts";
import { environment, nodeModule } from "./host.ts";

/** The V8 whose natives were tried: Node 20's. What another would do with them is not known, and a mistake there ends the process. */
const TRIED = /^11\.3\./;

/** Flags that V8's compilers know: without optimised code there is nothing to write, which ends the process as well. */
const FLAGS = /--(?:no-)?(?:wasm|liftoff|turbo|jitless|opt\b|always-opt|predictable|single-threaded|interpreted)/;

/**
 * Where the optimised machine code of this Clang for this V8 is kept (docs/decisions/0043); null where none is: no cache, another V8, or V8 was told how to compile. GLASSGPU_CLANG_CODE=off says so too.
 * @param url of the package's main file
 */
export function machineCodeFile(url: string, version: string): string | null {
  const [fs, path, v8, urls] = [nodeModule("node:fs"), nodeModule("node:path"), nodeModule("node:v8"), nodeModule("node:url")];
  const folder = cacheFolder();
  if (fs === null || path === null || v8 === null || urls === null || folder === null || environment("GLASSGPU_CLANG_CODE") === "off") return null;
  if (!TRIED.test(process.versions.v8) || FLAGS.test([...process.execArgv, environment("NODE_OPTIONS") ?? ""].join(" "))) return null;
  try {
    const { size, mtimeMs } = fs.statSync(path.join(path.dirname(urls.fileURLToPath(url)), "llvm.core.wasm"));
    const name = [version, size, Math.round(mtimeMs), v8.cachedDataVersionTag().toString(16)].join("-");
    return path.join(folder, "machine-code", `${name.replaceAll(/[^\w.-]/g, "_")}.bin`);
  } catch {
    return null; // the package is put together otherwise
  }
}
