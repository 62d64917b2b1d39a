import { nodeModule } from "./host.ts";

/** The optional package: Clang as WebAssembly. */
export const PACKAGE = "@yowasp/clang";

/** Where a package is, and its version. */
export interface Found {
  /** Of its main file. */
  readonly url: string;
  readonly version: string;
}

/** What of package.json is of interest here. */
interface Manifest {
  readonly version: string;
  readonly exports?: { readonly default?: unknown };
}

/** The folders that Node looks through for one file's packages; Node's own search takes 2 ms, a third of what it takes to fetch a known program. */
function nearby(folder: string): Found | null {
  const [fs, path, url] = [nodeModule("node:fs")!, nodeModule("node:path")!, nodeModule("node:url")!];
  for (let at = folder, above = ""; at !== above; above = at, at = path.dirname(at)) {
    const root = path.join(at, "node_modules", ...PACKAGE.split("/"));
    const file = path.join(root, "package.json");
    // Asking costs a tenth of an error that is thrown.
    if (!fs.existsSync(file)) continue;
    const { version, exports } = JSON.parse(fs.readFileSync(file, "utf8")) as Manifest;
    return typeof exports?.default === "string" ? { url: url.pathToFileURL(path.join(root, exports.default)).href, version } : null;
  }
  return null;
}

/** As Node finds it: also where packages are not in folders of that name. */
function resolved(from: string): Found | null {
  const [fs, path, url] = [nodeModule("node:fs")!, nodeModule("node:path")!, nodeModule("node:url")!];
  try {
    const entry = nodeModule("node:module")!.createRequire(from).resolve(PACKAGE);
    let folder = path.dirname(entry);
    while (!fs.existsSync(path.join(folder, "package.json")) && folder !== path.dirname(folder)) folder = path.dirname(folder);
    const { version } = JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8")) as Manifest;
    return { url: url.pathToFileURL(entry).href, version };
  } catch {
    return null; // not here
  }
}

/** The installed package, seen from this file or from the folder of the process; null when there is none, or no file system. */
export function findPackage(): Found | null {
  const [module, fs, path, url] = [nodeModule("node:module"), nodeModule("node:fs"), nodeModule("node:path"), nodeModule("node:url")];
  if (module === null || fs === null || path === null || url === null) return null;
  const there = path.join(process.cwd(), "index.js");
  try {
    const found = nearby(path.dirname(url.fileURLToPath(import.meta.url))) ?? nearby(path.dirname(there));
    if (found !== null) return found;
  } catch {
    // no file, or a package.json that cannot be read: Node's to judge
  }
  return resolved(import.meta.url) ?? resolved(url.pathToFileURL(there).href);
}
