/** Milliseconds of each of `runs` calls of `run`, `before` not counted. At least 3 runs, at most `seconds` in all. */
export function times(run: () => void, runs: number, seconds: number, before: () => void = () => {}): number[] {
  const taken: number[] = [];
  const end = performance.now() + seconds * 1000;
  while (taken.length < runs && (taken.length < 3 || performance.now() < end)) {
    before();
    const start = performance.now();
    run();
    taken.push(performance.now() - start);
  }
  return taken;
}

/** Milliseconds of processor time of each of `runs` calls of `run`, with what V8 does beside them. At least 3 runs, at most `seconds` of processor time in all. */
export function processorTimes(run: () => void, runs: number, seconds: number): number[] {
  const taken: number[] = [];
  const since = (start: NodeJS.CpuUsage): number => {
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  };
  const begin = process.cpuUsage();
  while (taken.length < runs && (taken.length < 3 || since(begin) < seconds * 1000)) {
    const start = process.cpuUsage();
    run();
    taken.push(since(start));
  }
  return taken;
}

/** The middle value. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** exp of the mean logarithm. */
export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

/** Three significant digits. */
export function short(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value >= 1 ? value.toFixed(2) : value.toFixed(3);
}

/** Rows of text as an aligned table; the first column to the left, the others to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows.map((row) => row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join("  ")).join("\n");
}
