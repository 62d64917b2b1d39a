import { readFileSync } from "node:fs";
import { ClHost } from "./cl-host.ts";
import { computing } from "./cases-computing.ts";
import { cooperating } from "./cases-cooperating.ts";
import { streaming } from "./cases-streaming.ts";
import { geometricMean, median, short, table, times } from "./clock.ts";
import type { Pocl, Timing } from "./pocl.ts";

/** What recorded.json holds of one kernel. */
interface Recorded {
  readonly size: string;
  readonly pocl1: Timing;
  readonly pocl2: Timing;
  readonly oclgrind: { readonly size: string; readonly ms: number; readonly timesPocl1: number };
}

/** Blocks of runs with each number of threads, and milliseconds of running before each. PoCL's times come after as long a warm-up. */
const BLOCKS = 2;
const WARM_UP = 150;

const recorded = (JSON.parse(readFileSync(new URL("recorded.json", import.meta.url), "utf8")) as { kernels: Record<string, Recorded> }).kernels;

/** What was measured of one kernel. Times are milliseconds. */
export interface KernelResult {
  readonly name: string;
  readonly size: string;
  readonly first: number;
  /** With one thread. */
  readonly median: number;
  readonly best: number;
  readonly runs: number;
  /** Our times by number of threads, runs of each in turns. */
  readonly workers: readonly (Timing & { readonly workers: number })[];
  /** PoCL's time with one thread: of the same minute where it is installed, else the recorded one. */
  readonly pocl: Timing & { readonly live: boolean };
  /** Our median with one thread by PoCL's: below 1 is faster. */
  readonly timesPocl1: number;
  /** How many times slower Oclgrind is, by its recorded time for each work-item. */
  readonly oclgrindTimesUs: number;
  readonly wrong: string | null;
}

function timing(taken: readonly number[]): Timing {
  return { median: median(taken), best: Math.min(...taken) };
}

/**
 * Runs the kernels named (all when none is), each on machines of its own.
 * @param threads numbers of threads that run device code, 1 first
 */
export function benchKernels(only: readonly string[], quick: boolean, threads: readonly number[] = [1], pocl: Pocl | null = null): KernelResult[] {
  const cases = [...streaming, ...computing, ...cooperating].filter(({ name }) => only.length === 0 || only.includes(name));
  return cases.map(({ name, prepare }) => {
    let wrong: string | null = null;
    const sides = threads.map((workers) => {
      const host = new ClHost(workers);
      const prepared = prepare(host);
      prepared.reset?.();
      const [first] = times(prepared.run, 1, 0) as [number];
      wrong ??= prepared.check();
      return { workers, host, prepared, first, taken: [] as number[] };
    });
    // In blocks of runs, each warm: in turns one by one, each machine's arrays would push the other's out of the cache, where PoCL's stay.
    for (let block = 0; block < (quick ? 1 : BLOCKS); block++) {
      for (const { prepared: { run, reset }, taken } of sides) {
        const warm = performance.now() + (quick ? 0 : WARM_UP);
        while (performance.now() < warm) times(run, 1, 0, reset);
        taken.push(...times(run, quick ? 3 : 8, 1.5, reset));
      }
    }
    for (const { host } of sides) host.machine.dispose();
    const { size, pocl1, oclgrind } = recorded[name]!;
    const live = pocl?.time(name, quick ? 3 : 15) ?? null;
    const ours = timing(sides[0]!.taken);
    const ratio = ours.median / (live ?? pocl1).median;
    return {
      name, size, first: sides[0]!.first, ...ours, runs: sides[0]!.taken.length, workers: sides.map(({ workers, taken }) => ({ workers, ...timing(taken) })), pocl: { ...(live ?? pocl1), live: live !== null },
      timesPocl1: ratio, oclgrindTimesUs: oclgrind.timesPocl1 / (ours.median / pocl1.median), wrong,
    };
  });
}

/** The results beside PoCL's, live or (marked *) recorded. */
export function kernelTable(results: readonly KernelResult[]): string {
  const more = results[0]?.workers.slice(1).map(({ workers }) => workers) ?? [];
  const gain = (r: KernelResult, i: number): number => r.median / r.workers[i + 1]!.median;
  const rows = results.map((r) => [
    r.name, r.size, short(r.first), short(r.median), short(r.best), ...more.flatMap((_, i) => [short(r.workers[i + 1]!.median), `${gain(r, i).toFixed(2)} x`]),
    `${short(r.pocl.median)}${r.pocl.live ? "" : "*"}`, `${r.timesPocl1.toFixed(2)} x`, `${Math.round(r.oclgrindTimesUs).toLocaleString("en")} x`, r.wrong === null ? "ok" : "WRONG",
  ]);
  const mean = (of: (r: KernelResult) => number): number => geometricMean(results.map(of));
  const last = results.length === 0 ? [] : [["geometric mean", "", "", "", "", ...more.flatMap((_, i) => ["", `${mean((r) => gain(r, i)).toFixed(2)} x`]), "", `${mean((r) => r.timesPocl1).toFixed(2)} x`, `${Math.round(mean((r) => r.oclgrindTimesUs)).toLocaleString("en")} x`, ""]];
  const text = table([["kernel", "size", "first ms", "median ms", "best ms", ...more.flatMap((workers) => [`${workers} threads ms`, "gain"]), "PoCL 1 thread ms", "ours/PoCL", "Oclgrind/ours", "result"], ...rows, ...last]);
  return [text, ...results.filter((r) => r.wrong !== null).map((r) => `${r.name}: ${r.wrong}`)].join("\n");
}
