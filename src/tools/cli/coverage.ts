import { coverage as count, type Coverage, type SupportRow } from "../../api/support.ts";
import { driverSupport, runtimeSupport } from "../../cuda/support.ts";
import { openclSupport } from "../../opencl/support.ts";
import { parse } from "./options.ts";
import { UsageError } from "./usage.ts";

/** The support table of each API. */
export const supportTables: Readonly<Record<string, readonly SupportRow[]>> = {
  "CUDA driver": driverSupport,
  "CUDA runtime": runtimeSupport,
  OpenCL: openclSupport,
};

/** How much of each API works. */
export function coverageOf(tables: Readonly<Record<string, readonly SupportRow[]>>): Readonly<Record<string, Coverage>> {
  return Object.fromEntries(Object.entries(tables).map(([api, rows]) => [api, count(rows)]));
}

/** The figures as an aligned table. */
export function coverageTable(figures: Readonly<Record<string, Coverage>>): string {
  const rows = [["API", "full", "partial", "refused", "total"], ...Object.entries(figures).map(([api, c]) => [api, String(c.full), String(c.partial), String(c.refused), String(c.total)])];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) => row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join("  ")).join("\n");
}

/** `glassgpu coverage`: prints the figures, and with --rows every function. */
export function coverage(args: readonly string[]): void {
  const { values, positionals } = parse(args, { json: { type: "boolean" }, rows: { type: "boolean" } });
  if (positionals[0] !== undefined) throw new UsageError(`coverage takes no argument ${JSON.stringify(positionals[0])}`);
  const figures = coverageOf(supportTables);
  if (values.json === true) {
    console.log(JSON.stringify(values.rows === true ? { figures, rows: supportTables } : figures, null, 2));
    return;
  }
  console.log(coverageTable(figures));
  if (values.rows !== true) return;
  for (const [api, rows] of Object.entries(supportTables)) {
    console.log(`\n${api}`);
    for (const row of rows) console.log(`  ${row.support.padEnd(8)} ${row.name}${row.note === "" ? "" : `: ${row.note}`}`);
  }
}
