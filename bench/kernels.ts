import { readFileSync } from "node:fs";
import { ClHost } from "./cl-host.ts";
import { computing } from "./cases-computing.ts";
import { cooperating } from "./cases-cooperating.ts";
import { streaming } from "./cases-streaming.ts";
import { geometricMean, median, short, table, times } from "./clock.ts";

interface Timing {
  readonly median: number;
  readonly best: number;
}

/** What recorded.json holds of one kernel. */
interface Recorded {
  readonly size: string;
  readonly pocl1: Timing;
  readonly pocl2: Timing;
  readonly oclgrind: { readonly size: string; readonly ms: number; readonly timesPocl1: number };
}

const recorded = (JSON.parse(readFileSync(new URL("recorded.json", import.meta.url), "utf8")) as { kernels: Record<string, Recorded> }).kernels;

/** What was measured of one kernel. Times are milliseconds. */
export interface KernelResult {
  readonly name: string;
  readonly size: string;
  readonly first: number;
  readonly median: number;
  readonly best: number;
  readonly runs: number;
  /** Our median by PoCL's one-thread median: below 1 is faster. */
  readonly timesPocl1: number;
  /** How many times slower Oclgrind is, by its recorded time for each work-item. */
  readonly oclgrindTimesUs: number;
  readonly wrong: string | null;
}

/** Runs the kernels named (all when none is), each on a machine of its own. */
export function benchKernels(only: readonly string[], quick: boolean): KernelResult[] {
  const cases = [...streaming, ...computing, ...cooperating].filter(({ name }) => only.length === 0 || only.includes(name));
  return cases.map(({ name, prepare }) => {
    const host = new ClHost();
    const { run, reset, check } = prepare(host);
    reset?.();
    const [first] = times(run, 1, 0) as [number];
    const wrong = check();
    const taken = times(run, quick ? 3 : 15, quick ? 0 : 3, reset);
    host.machine.dispose();
    const { size, pocl1, oclgrind } = recorded[name]!;
    const ours = median(taken);
    const ratio = ours / pocl1.median;
    return { name, size, first, median: ours, best: Math.min(...taken), runs: taken.length, timesPocl1: ratio, oclgrindTimesUs: oclgrind.timesPocl1 / ratio, wrong };
  });
}

/** The results beside the recorded ones. */
export function kernelTable(results: readonly KernelResult[]): string {
  const rows = results.map((r) => [
    r.name, r.size, short(r.first), short(r.median), short(r.best), short(recorded[r.name]!.pocl1.median), `${r.timesPocl1.toFixed(2)} x`, `${Math.round(r.oclgrindTimesUs).toLocaleString("en")} x`, r.wrong === null ? "ok" : "WRONG",
  ]);
  const mean = results.length === 0 ? [] : [["geometric mean", "", "", "", "", "", `${geometricMean(results.map((r) => r.timesPocl1)).toFixed(2)} x`, `${Math.round(geometricMean(results.map((r) => r.oclgrindTimesUs))).toLocaleString("en")} x`, ""]];
  const text = table([["kernel", "size", "first ms", "median ms", "best ms", "PoCL 1 thread ms", "ours/PoCL", "Oclgrind/ours", "result"], ...rows, ...mean]);
  return [text, ...results.filter((r) => r.wrong !== null).map((r) => `${r.name}: ${r.wrong}`)].join("\n");
}
