/** Decisions that are not the natural ones. */
export function deviations(decisions: readonly number[]): number {
  let count = 0;
  for (const value of decisions) if (value !== 0) count++;
  return count;
}

/** Without the natural decisions at the end. */
function trim(decisions: readonly number[]): number[] {
  let end = decisions.length;
  while (end > 0 && decisions[end - 1] === 0) end--;
  return decisions.slice(0, end);
}

/** Simpler first: fewer deviations, then smaller ones, then fewer decisions. */
function compare(a: readonly number[], b: readonly number[]): number {
  const sum = (list: readonly number[]): number => list.reduce((x, y) => x + y, 0);
  return deviations(a) - deviations(b) || sum(a) - sum(b) || a.length - b.length;
}

/**
 * Looks for simpler decisions that show the same mistake: ends earlier, then takes the natural alternative in ever smaller blocks, then smaller deviations. Yields a list to run the program
 * with, and is told the decisions really taken when the mistake shows, else null.
 * @param maxRuns lists that it may yield
 * @returns the simplest list found
 */
export function* shrinking(decisions: readonly number[], maxRuns: number): Generator<readonly number[], readonly number[], readonly number[] | null> {
  let left = maxRuns;
  let best = trim(decisions);
  function* attempt(candidate: readonly number[]): Generator<readonly number[], boolean, readonly number[] | null> {
    if (left <= 0 || compare(candidate, best) >= 0) return false;
    left--;
    const taken = yield candidate;
    if (taken === null) return false;
    const taut = trim(taken);
    best = compare(taut, candidate) < 0 ? taut : trim(candidate);
    return true;
  }

  for (let before: readonly number[] | null = null; before !== best && left > 0; ) {
    before = best;
    // Ends earlier: from the boldest cut on.
    for (let keep = 0; keep < best.length && left > 0; keep = keep === 0 ? 1 : keep * 2) if (yield* attempt(best.slice(0, keep))) break;
    for (let size = best.length >> 1; size >= 1 && left > 0; size >>= 1) {
      for (let at = 0; at < best.length && left > 0; at += size) {
        const block = best.slice(at, at + size);
        if (block.some((value) => value !== 0)) yield* attempt([...best.slice(0, at), ...block.map(() => 0), ...best.slice(at + size)]);
      }
    }
    for (let at = 0; at < best.length && left > 0; at++) {
      for (let value = 1; value < (best[at] ?? 0) && left > 0; value++) if (yield* attempt([...best.slice(0, at), value, ...best.slice(at + 1)])) break;
    }
  }
  return best;
}
