import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync, writeSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";

/** How good a cache is. */
export interface Standing {
  /** The most compiled code, in bytes, with which a process looked whether it could add to the cache. */
  readonly compiled: number;
  /** How many processes have not looked since. */
  readonly passed: number;
}

/** What V8 made of a script. */
export interface CachedCode extends Standing {
  readonly code: Buffer;
}

/** A cache file: these eight bytes, the length of the code, its standing (two numbers), the code. */
const MAGIC = 0x326463_6373616cn;
const HEADER = 32;
const STANDING = 16;

/** Folders of other builds that stay: what two versions of Node and a few versions of the package need. */
const KEPT_BUILDS = 8;

/**
 * The folder of one build's caches; null when the user wants none (GLASSGPU_CACHE_DIR=off).
 * @param build names the code and the V8 that runs it
 */
export function codeFolder(build: string, env: Readonly<Record<string, string | undefined>>): string | null {
  const given = env["GLASSGPU_CACHE_DIR"];
  if (given === "off") return null;
  // An empty variable is one that is not set.
  const base = given ? given : join(env["XDG_CACHE_HOME"] ? env["XDG_CACHE_HOME"] : join(homedir(), ".cache"), "glassgpu");
  return join(base, "code", build);
}

/** A number for a folder (FNV-1a), in hexadecimal. Compiled code knows the place of its source: it names it in stacks, so that each copy of the package has caches of its own. */
export function placeHash(folder: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < folder.length; i++) hash = Math.imul(hash ^ folder.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16);
}

/** The cache in `file`; null when there is none, or it is cut short or of another kind. */
export function readCode(file: string): CachedCode | null {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch {
    return null;
  }
  if (bytes.length < HEADER || bytes.readBigUInt64LE(0) !== MAGIC || Number(bytes.readBigUInt64LE(8)) !== bytes.length - HEADER) return null;
  return { code: bytes.subarray(HEADER), compiled: bytes.readDoubleLE(STANDING), passed: bytes.readDoubleLE(STANDING + 8) };
}

function standingBytes({ compiled, passed }: Standing): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeDoubleLE(compiled, 0);
  bytes.writeDoubleLE(passed, 8);
  return bytes;
}

/** Writes a cache so that no reader sees half of it. What cannot be written is left alone: the next process is slower, not wrong. */
export function writeCode(file: string, cached: CachedCode): void {
  const start = Buffer.alloc(STANDING);
  start.writeBigUInt64LE(MAGIC, 0);
  start.writeBigUInt64LE(BigInt(cached.code.length), 8);
  const own = `${file}.${process.pid}`;
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(own, Buffer.concat([start, standingBytes(cached), cached.code]));
    renameSync(own, file);
  } catch {
    tryToRemove(own);
  }
}

function tryToRemove(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // Its folder is no folder.
  }
}

/** Writes how good the cache in `file` is, beside the code that it has. */
export function writeStanding(file: string, standing: Standing): void {
  try {
    const fd = openSync(file, "r+");
    writeSync(fd, standingBytes(standing), 0, STANDING, STANDING);
    closeSync(fd);
  } catch {
    // Gone: the next process makes another.
  }
}

/** Removes the caches of old builds beside `folder`. */
export function forgetOldBuilds(folder: string): void {
  try {
    const parent = dirname(folder);
    const others = readdirSync(parent).filter((name) => name !== basename(folder));
    const byAge = others.map((name) => ({ name, at: statSync(join(parent, name)).mtimeMs })).sort((a, b) => b.at - a.at);
    for (const { name } of byAge.slice(KEPT_BUILDS)) rmSync(join(parent, name), { recursive: true, force: true });
  } catch {
    // Another process is doing the same.
  }
}
