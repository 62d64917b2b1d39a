import type { CheckResult } from "../../testing/schedule/check.ts";

function plural(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}

/** The result for people. @param seconds how long it took */
export function report(result: CheckResult, file: string, seconds: number): string {
  const { schedules, redundant, complete, findings } = result;
  const rate = seconds > 0 ? `, ${Math.round(schedules / seconds)} a second` : "";
  const lines: string[] = [];
  findings.forEach((found, i) => {
    lines.push(`${i + 1}. ${found.kind}: ${found.message}`);
    lines.push(`   first in schedule ${found.schedule}; the simplest that shows it has ${plural(found.deviations, "deviation")} from the natural order:`);
    lines.push(`   glassgpu check ${file} --replay ${found.shrunk}`, "");
  });
  const extent = complete ? "; these are all there are" : "";
  lines.push(`${plural(schedules, "schedule")} in ${seconds.toFixed(1)} s${rate}${redundant > 0 ? ` (${redundant} of them cut off as repetitions)` : ""}${extent}: ${findings.length === 0 ? "nothing found" : plural(findings.length, "mistake")}`);
  return lines.join("\n");
}
