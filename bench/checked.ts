import { readFileSync } from "node:fs";
import { ClHost } from "./cl-host.ts";
import { computing } from "./cases-computing.ts";
import { cooperating } from "./cases-cooperating.ts";
import { streaming } from "./cases-streaming.ts";
import { geometricMean, short, table } from "./clock.ts";
import type { Prepared } from "./case.ts";

/** What recorded.json holds of one kernel, as far as it is needed here. */
interface Recorded {
  readonly size: string;
  readonly pocl1: { readonly median: number };
  readonly oclgrind: { readonly timesPocl1: number };
}

const recorded = (JSON.parse(readFileSync(new URL("recorded.json", import.meta.url), "utf8")) as { kernels: Record<string, Recorded> }).kernels;

/** One kernel with all checks on. Times are milliseconds of processor time with one thread, best of the runs. */
export interface CheckedResult {
  readonly name: string;
  readonly size: string;
  readonly plain: number;
  readonly checked: number;
  /** How many times slower Oclgrind is for each work-item (or inner iteration), by its recorded time. Wanted: at least 300. */
  readonly oclgrindTimesUs: number;
  /** What is wrong with the result, or what the checkers found in it. */
  readonly wrong: string | null;
}

function spent({ reset, run }: Prepared): number {
  reset?.();
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** Runs the kernels named (all when none is) with and without all checks, in turns. */
export function benchChecked(only: readonly string[], quick: boolean): CheckedResult[] {
  return [...streaming, ...computing, ...cooperating].filter(({ name }) => only.length === 0 || only.includes(name)).map(({ name, prepare }) => {
    const sides = [false, true].map((check) => {
      const host = new ClHost(1, check);
      const prepared = prepare(host);
      // Twice, so that the code is the final one.
      spent(prepared);
      const wrong = prepared.check() ?? host.machine.diagnostics()[0]?.message ?? null;
      spent(prepared);
      return { host, prepared, wrong, taken: [] as number[] };
    });
    for (let round = 0; round < (quick ? 2 : 7); round++) for (const { prepared, taken } of sides) taken.push(spent(prepared));
    const late = sides[1]!.host.machine.diagnostics()[0]?.message ?? null;
    for (const { host } of sides) host.machine.dispose();
    const { size, pocl1, oclgrind } = recorded[name]!;
    const [plain, checked] = sides.map(({ taken }) => Math.min(...taken)) as [number, number];
    return { name, size, plain, checked, oclgrindTimesUs: oclgrind.timesPocl1 / (checked / pocl1.median), wrong: sides[0]!.wrong ?? sides[1]!.wrong ?? late };
  });
}

/** The results as a table. */
export function checkedTable(results: readonly CheckedResult[]): string {
  const rows = results.map((r) => [r.name, r.size, short(r.plain), short(r.checked), `${(r.checked / r.plain).toFixed(1)} x`, `${Math.round(r.oclgrindTimesUs).toLocaleString("en")} x`, r.wrong ?? "ok"]);
  const mean = (of: (r: CheckedResult) => number): number => geometricMean(results.map(of));
  const last = results.length === 0 ? [] : [["geometric mean", "", "", "", `${mean((r) => r.checked / r.plain).toFixed(1)} x`, `${Math.round(mean((r) => r.oclgrindTimesUs)).toLocaleString("en")} x`, ""]];
  return table([["kernel", "size", "unchecked ms", "all checks ms", "cost", "Oclgrind/ours", "result"], ...rows, ...last]);
}
