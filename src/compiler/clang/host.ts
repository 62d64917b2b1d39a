/**
 * Node's own modules, reached without an import: this folder is part of programs that also load in a browser, where there are none.
 * `process.getBuiltinModule` exists from Node 20.16.
 */
type Modules = {
  "node:fs": typeof import("node:fs");
  "node:os": typeof import("node:os");
  "node:path": typeof import("node:path");
  "node:child_process": typeof import("node:child_process");
  "node:worker_threads": typeof import("node:worker_threads");
  "node:module": typeof import("node:module");
  "node:url": typeof import("node:url");
  "node:v8": typeof import("node:v8");
};

/** The Node module, or null where there is none. */
export function nodeModule<Name extends keyof Modules>(name: Name): Modules[Name] | null {
  const get = typeof process === "undefined" ? undefined : process.getBuiltinModule;
  return (get?.call(process, name) as Modules[Name] | undefined) ?? null;
}

/** An environment variable; undefined when it is not set or empty, or there is no environment. */
export function environment(name: string): string | undefined {
  const value = typeof process === "undefined" ? undefined : process.env[name];
  return value === "" ? undefined : value;
}
