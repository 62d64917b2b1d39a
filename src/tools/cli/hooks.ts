import { readFile } from "node:fs/promises";
import type { LoadHook, ResolveHook } from "node:module";
import { fileURLToPath } from "node:url";

/** What the program tells its loader hooks. */
export interface HookData {
  /** Where this package's modules are, by the name that programs import them by ("glassgpu/cuda"). */
  readonly modules: Readonly<Record<string, string>>;
  /** Node strips types itself. */
  readonly native: boolean;
}

let data: HookData = { modules: {}, native: true };
let amaro: typeof import("amaro") | null = null;

/** Called once by module.register. */
export function initialize(given: HookData): void {
  data = given;
}

/** The package's own name means this package, from whatever folder. */
export const resolve: ResolveHook = async (specifier, context, next) => {
  const own = Object.hasOwn(data.modules, specifier) ? data.modules[specifier] : undefined;
  return own === undefined ? next(specifier, context) : { url: own, shortCircuit: true };
};

async function stripTypes(source: string, file: string): Promise<string> {
  amaro ??= await import("amaro");
  try {
    // Types become blanks: lines and columns stay what they are in the file.
    return amaro.transformSync(source, { mode: "strip-only", sourceMap: false, filename: file }).code;
  } catch {
    // Enums, namespaces and parameter properties are more than types. What is no TypeScript at all fails here again, with its place.
    const { code, map } = amaro.transformSync(source, { mode: "transform", sourceMap: true, filename: file });
    return map === undefined ? code : `${code}\n//# sourceMappingURL=data:application/json;base64,${Buffer.from(map).toString("base64")}`;
  }
}

/** TypeScript files are modules. */
export const load: LoadHook = async (url, context, next) => {
  // "?schedule=2" behind a name makes a module of its own of the same file.
  if (data.native || !/^file:[^?]*\.m?ts(\?.*)?$/.test(url)) return next(url, context);
  const file = fileURLToPath(url);
  const source = await readFile(file, "utf8");
  try {
    return { format: "module", source: await stripTypes(source, file), shortCircuit: true };
  } catch (error) {
    if (typeof error === "object" && error !== null && (error as { code?: string }).code === "ERR_MODULE_NOT_FOUND") {
      throw new Error(`${file} is TypeScript, and this Node (${process.version}) needs the package "amaro" for it: npm install amaro, or use Node 22.18 or later`, { cause: error });
    }
    throw new SyntaxError(`${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
};
