import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { cachedDataVersionTag, getHeapCodeStatistics, setFlagsFromString } from "node:v8";
import { runInThisContext, Script } from "node:vm";
import { codeFolder, forgetOldBuilds, placeHash, readCode, writeCode, writeStanding, type Standing } from "./code-cache.ts";

interface CommonJs {
  exports: Readonly<Record<string, unknown>>;
}
type Wrapper = (exports: unknown, require: (id: string) => unknown, module: CommonJs, filename: string, dirname: string) => void;

/** A script of this process, for its cache. */
interface Loaded {
  readonly script: Script;
  readonly cache: string;
  /** The cache in use; null when there is none. */
  readonly standing: (Standing & { readonly bytes: number }) | null;
}

/** A process looks what it could add to a cache, which takes 20 ms, when it has compiled so much more than any that looked before, or when so many have not looked. */
const MORE = 1.01;
const SELDOM = 8;

// Node 20 has relaxed SIMD behind a flag (docs/decisions/0041). V8's flags are part of what compiled code belongs to: this one is set before any is read, not when the first kernel wants it.
if (process.versions.node.startsWith("20.") && process.env["GLASSGPU_RELAXED_SIMD"] !== "off") setFlagsFromString("--experimental-wasm-relaxed-simd");

/** V8 and its flags as compiled code is read here. */
const tag: number = cachedDataVersionTag();

const modules = new Map<string, CommonJs>();
const loaded: Loaded[] = [];
let folder: string | null | undefined;

/** Whether this is another realm than Node's own, as the contexts of some test runners: a script of Node's would have other Arrays and Errors than its caller. */
const foreign: boolean = runInThisContext("Array") !== Array;

/** At the end the scripts hold the functions that were needed: of this process and, through the cache, of those before it. */
function keep(): void {
  // What somebody with other flags has compiled would be refused by the next.
  if (cachedDataVersionTag() !== tag) return;
  const compiled = getHeapCodeStatistics().bytecode_and_metadata_size;
  let wrote = false;
  for (const { script, cache, standing } of loaded) {
    if (standing !== null && compiled < MORE * standing.compiled && standing.passed < SELDOM) {
      writeStanding(cache, { compiled: standing.compiled, passed: standing.passed + 1 });
      continue;
    }
    const code = script.createCachedData();
    const looked = { compiled: Math.max(compiled, standing?.compiled ?? 0), passed: 0 };
    if (standing !== null && code.length < MORE * standing.bytes) writeStanding(cache, looked);
    else {
      writeCode(cache, { code, ...looked });
      wrote = true;
    }
  }
  if (wrote && folder !== null && folder !== undefined) forgetOldBuilds(folder);
}

/** What is the same for all files of the package. */
interface Package {
  readonly root: string;
  readonly build: string;
}

function compile(file: string, { root, build }: Package): Wrapper {
  const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(file, "latin1")}\n})`; // The build writes ASCII.
  const filename = pathToFileURL(file).href;
  // oxlint-disable-next-line no-new-func -- code of this package, for the realm that asks
  if (foreign) return new Function(`return ${source}\n//# sourceURL=${filename}`)() as Wrapper;
  if (folder === undefined) folder = codeFolder(`${build}-${tag.toString(16)}-${placeHash(root)}`, process.env);
  if (folder === null) return new Script(source, { filename }).runInThisContext() as Wrapper;
  const cache = join(folder, `${file.slice(root.length).replaceAll(/[\\/]/g, "+")}.bin`);
  const known = readCode(cache);
  const script = new Script(source, { filename, ...(known === null ? {} : { cachedData: known.code }) });
  if (loaded.length === 0) process.on("exit", keep);
  loaded.push({ script, cache, standing: known === null || script.cachedDataRejected === true ? null : { compiled: known.compiled, passed: known.passed, bytes: known.code.length } });
  return script.runInThisContext() as Wrapper;
}

function loadFile(file: string, own: Package): CommonJs["exports"] {
  const known = modules.get(file);
  if (known !== undefined) return known.exports;
  const usual = createRequire(file);
  const module: CommonJs = { exports: {} };
  modules.set(file, module);
  const require = (id: string): unknown => (id.startsWith(".") ? loadFile(join(dirname(file), id), own) : usual(id));
  compile(file, own)(module.exports, require, module, file, dirname(file));
  return module.exports;
}

/**
 * Loads a CommonJS file of this package, and what it needs of this package, through V8's code cache.
 * @param root the folder `dist`, a file: URL that ends in a slash
 * @param path of the file, from there
 * @param build hash of all code of the package: a cache of other code is never used
 */
export function load(root: URL, path: string, build: string): CommonJs["exports"] {
  const own = { root: fileURLToPath(root), build };
  return loadFile(join(own.root, path), own);
}
