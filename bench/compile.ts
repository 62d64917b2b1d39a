import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createMachine } from "glassgpu";
import { median, short, table } from "./clock.ts";

/** How long device code takes from text to ready. Milliseconds. */
export interface CompileResult {
  readonly name: string;
  readonly bytes: number;
  readonly first: number;
  readonly later: number;
}

const kernels = fileURLToPath(new URL("../examples/kernels/", import.meta.url));

/** Loads PTX on a new machine. @returns milliseconds */
export function timePtx(image: string): number {
  const machine = createMachine();
  const cu = machine.process("bench").throwing.cuda;
  cu.cuInit(0);
  cu.cuCtxSetCurrent(cu.cuDevicePrimaryCtxRetain(cu.cuDeviceGet(0)));
  const start = performance.now();
  cu.cuModuleLoadData(image);
  const ms = performance.now() - start;
  machine.dispose();
  return ms;
}

/** PTX files, each in new processes: the first load of a process (with V8's code cache: the first two processes fill it), and the median of loads on new machines after it. */
export function benchPtx(run: (script: string, env: Readonly<Record<string, string>>) => string): CompileResult[] {
  const script = fileURLToPath(new URL("ptx-once.ts", import.meta.url));
  const times = (name: string): number[] => JSON.parse(run(script, { BENCH_PTX: name })) as number[];
  return readdirSync(kernels).filter((file) => file.endsWith(".ptx")).sort().map((name) => {
    const runs = Array.from({ length: 7 }, () => times(name)).slice(2);
    return { name, bytes: statSync(join(kernels, name)).size, first: median(runs.map((taken) => taken[0]!)), later: median(runs.flatMap((taken) => taken.slice(1))) };
  });
}

/** What bench/build-once.ts prints: the first build of the process, and each new source after it. Milliseconds. */
export interface BuildTimes {
  readonly first: number;
  readonly later: readonly number[];
}

/** The middle and the best of several times, milliseconds: on a machine that does much else the middle is about that. */
export interface Spread {
  readonly median: number;
  readonly best: number;
}

/** How long OpenCL C takes from source to ready program, by what was there before. */
export interface OpenClTimes {
  /** The first source of the very first process of an installation: nothing is on disk. */
  readonly cold: Spread;
  /** The second to sixth source of that process. */
  readonly warmAtFirst: Spread;
  /** The first new source of a later process. */
  readonly first: Spread;
  /** The second to sixth new source of a later process. */
  readonly warm: Spread;
  /** A source that an earlier process has built, as the first of a process. */
  readonly cached: Spread;
}

const spread = (values: readonly number[]): Spread => ({ median: median(values), best: Math.min(...values) });

/** Later processes that are not counted: V8's caches of our code and of Clang's fill with the first few. */
const SETTLING = 2;
const COUNTED = 5;

/** OpenCL C in an installation of its own, an empty cache folder: one process after the other builds six sources that are new to the folder, then others build one that it knows. Of all but the first few processes. */
export function benchOpenCl(run: (script: string, env: Readonly<Record<string, string>>) => string): OpenClTimes {
  const cache = mkdtempSync(join(tmpdir(), "glassgpu-bench-"));
  try {
    const script = fileURLToPath(new URL("build-once.ts", import.meta.url));
    const times = (sources: "new" | "known"): BuildTimes => JSON.parse(run(script, { GLASSGPU_CACHE_DIR: cache, BENCH_SOURCES: sources })) as BuildTimes;
    const settled = (sources: "new" | "known"): BuildTimes[] => Array.from({ length: SETTLING + COUNTED }, () => times(sources)).slice(SETTLING);
    const empty = times("new");
    const fresh = settled("new");
    const known = settled("known");
    return {
      cold: spread([empty.first]), warmAtFirst: spread(empty.later), first: spread(fresh.map(({ first }) => first)), warm: spread(fresh.flatMap(({ later }) => later)), cached: spread(known.map(({ first }) => first)),
    };
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
}

/** Runs a script as `glassgpu run` does, in a process of its own; gives its output. */
export function inNewProcess(script: string, env: Readonly<Record<string, string>>): string {
  const cli = fileURLToPath(new URL("../dist/tools/cli/main.js", import.meta.url));
  const done = spawnSync(process.execPath, [cli, "run", script], { encoding: "utf8", env: { ...process.env, ...env } });
  if (done.status !== 0) throw new Error(`${script}: ${done.stderr}`);
  return done.stdout;
}

/** The results as a table. */
export function compileTable(results: readonly CompileResult[]): string {
  return table([["file", "bytes", "first ms", "later ms"], ...results.map((r) => [r.name, String(r.bytes), short(r.first), short(r.later)])]);
}

/** The same for OpenCL C: which source of which process. */
export function openClTable({ cold, warmAtFirst, first, warm, cached }: OpenClTimes): string {
  const rows: readonly (readonly [string, Spread])[] = [
    ["known source, first of a process", cached], ["new source, second to sixth of a process", warm], ["new source, first of a process", first],
    ["new source, second to sixth of an installation's very first process", warmAtFirst], ["new source, first of an installation's very first process", cold],
  ];
  return table([["source", "ms", "best"], ...rows.map(([name, { median: middle, best }]) => [name, short(middle), short(best)])]);
}
