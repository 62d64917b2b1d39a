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

/** What bench/build-once.ts prints. */
export interface BuildTimes {
  /** First build of the process, and of new sources after it. Milliseconds. */
  readonly first: number;
  readonly warm: number;
}

/** OpenCL C: a new process with an empty cache, the same again with what the first left, and new sources in a warm process; the very first process has no machine code of Clang yet. */
export function benchOpenCl(run: (script: string, env: Readonly<Record<string, string>>) => string): { cold: number; warm: number; warmAtFirst: number; cached: number } {
  const cache = mkdtempSync(join(tmpdir(), "glassgpu-bench-"));
  try {
    const script = fileURLToPath(new URL("build-once.ts", import.meta.url));
    const empty = JSON.parse(run(script, { GLASSGPU_CACHE_DIR: cache })) as BuildTimes;
    const again = JSON.parse(run(script, { GLASSGPU_CACHE_DIR: cache })) as BuildTimes;
    return { cold: empty.first, warm: again.warm, warmAtFirst: empty.warm, cached: again.first };
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
