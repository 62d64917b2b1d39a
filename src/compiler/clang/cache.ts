import type { Module } from "../ir/module.ts";
import { nameOf } from "./hash.ts";
import { environment, nodeModule } from "./host.ts";
import { packModule, unpackModule, type KeptModule } from "./kept-module.ts";

/** What a compilation gave, as it is kept. */
export interface Compiled {
  readonly ok: boolean;
  /** LLVM IR; empty when `ok` is false. */
  readonly ir: string;
  readonly log: string;
}

/** Results in memory: this many, the oldest go first. */
const MEMORY_LIMIT = 256;
const memory = new Map<string, Compiled>();

/** The folder of the cache; null when there is none (no file system, or GLASSGPU_CACHE_DIR=off). */
export function cacheFolder(): string | null {
  const path = nodeModule("node:path");
  const os = nodeModule("node:os");
  const given = environment("GLASSGPU_CACHE_DIR");
  if (path === null || os === null || given === "off") return null;
  if (given !== undefined) return given;
  const base = environment("XDG_CACHE_HOME") ?? path.join(os.homedir(), ".cache");
  return path.join(base, "glassgpu", "clang");
}

/** A key for everything that a result depends on: the text of it. Files are named by its hash and hold it, so that no two are ever taken for each other. */
export function cacheKey(parts: unknown): string {
  return JSON.stringify(parts);
}

/** Where the result for a key is kept; null when there is no cache on disk. */
export function fileOf(key: string, extension: "json" | "module"): string | null {
  const folder = cacheFolder();
  if (folder === null) return null;
  const name = nameOf(key);
  return nodeModule("node:path")!.join(folder, name.slice(0, 2), `${name.slice(2)}.${extension}`);
}

function isCompiled(value: unknown): value is Compiled {
  const result = value as Partial<Compiled> | null;
  return typeof result === "object" && result !== null && typeof result.ok === "boolean" && typeof result.ir === "string" && typeof result.log === "string";
}

function remember(key: string, result: Compiled): void {
  if (memory.size >= MEMORY_LIMIT) {
    for (const oldest of memory.keys()) {
      memory.delete(oldest);
      break;
    }
  }
  memory.set(key, result);
}

/** A result of an earlier compilation, from memory or from disk; null when there is none. */
export function cached(key: string): Compiled | null {
  const known = memory.get(key);
  if (known !== undefined) return known;
  const file = fileOf(key, "json");
  if (file === null) return null;
  try {
    const value: unknown = JSON.parse(nodeModule("node:fs")!.readFileSync(file, "utf8"));
    if (!isCompiled(value) || (value as { readonly key?: unknown }).key !== key) return null;
    const result: Compiled = { ok: value.ok, ir: value.ir, log: value.log };
    remember(key, result);
    return result;
  } catch {
    return null; // not there, or damaged: compiled again
  }
}

/** Keeps a result. A cache that cannot be written is no error. */
export function keep(key: string, result: Compiled): void {
  remember(key, result);
  write(fileOf(key, "json"), () => JSON.stringify({ key, ...result }));
}

/** Written under another name first, so that other processes see all of a file or nothing. */
function write(file: string | null, content: () => string | Uint8Array): void {
  if (file === null) return;
  const fs = nodeModule("node:fs")!;
  const path = nodeModule("node:path")!;
  // Threads have the number of their process, and do not all write at one nanosecond.
  const temporary = `${file}.${process.pid}.${process.hrtime.bigint()}`;
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(temporary, content());
    fs.renameSync(temporary, file);
  } catch {
    try {
      fs.rmSync(temporary, { force: true });
    } catch {
      // not even the folder is there
    }
  }
}

/** A program that was compiled and lowered before. */
export interface Lowered {
  readonly module: Module;
  readonly log: string;
}

/**
 * A file's content, which is there twice; null when the two differ. Functions are read when somebody looks at them, which is too late to find damage. (Comparing takes 70 microseconds the first time. A checksum takes 280
 * in a process that has only begun, and loading Node's own ones 1700.)
 */
function undamaged(file: Buffer): Buffer | null {
  const half = file.byteLength / 2;
  const [one, other] = [file.subarray(0, half), file.subarray(half)];
  return one.equals(other) ? one : null;
}

/** A lowered program, from disk; null when there is none. Reading one takes a small part of lowering it again. */
export function cachedModule(key: string): Lowered | null {
  const file = fileOf(key, "module");
  const v8 = nodeModule("node:v8");
  if (file === null || v8 === null) return null;
  try {
    const bytes = undamaged(nodeModule("node:fs")!.readFileSync(file));
    if (bytes === null) return null;
    const value = v8.deserialize(bytes) as { readonly key?: unknown; readonly kept?: KeptModule; readonly log?: string };
    return value.key === key && value.kept !== undefined && value.log !== undefined ? { module: unpackModule(value.kept, v8), log: value.log } : null;
  } catch {
    return null; // not there, or by another version of Node or of ours: lowered again
  }
}

/** Keeps a lowered program. */
export function keepModule(key: string, { module, log }: Lowered): void {
  const v8 = nodeModule("node:v8");
  if (v8 === null) return;
  write(fileOf(key, "module"), () => {
    const bytes = v8.serialize({ key, kept: packModule(module, v8), log });
    const file = new Uint8Array(2 * bytes.byteLength);
    file.set(bytes);
    file.set(bytes, bytes.byteLength);
    return file;
  });
}

/** Forgets what is in memory; what is on disk stays. */
export function forgetMemory(): void {
  memory.clear();
}
