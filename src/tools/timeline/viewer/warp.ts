import type { PageData, Warp } from "./types.ts";

/**
 * Drawn time. Plain, it is the trace's time. Squeezed, stretches in which no engine works and nothing begins or ends are cut to a twentieth of
 * all the engines' busy time: making a context takes 150 ms, the kernels that follow microseconds.
 */
export function makeWarp(data: PageData, squeeze: boolean): Warp {
  const { slices, tracks } = data;
  const gaps: { from: number; to: number; uFrom: number; uTo: number }[] = [];
  let saved = 0;
  if (squeeze) {
    const edges = new Set<number>([0, data.length]);
    const busy: [number, number][] = [];
    slices.start.forEach((start, i) => {
      const end = start + slices.length[i]!;
      edges.add(start).add(end);
      if (tracks[slices.track[i]!]!.kind === "engine") busy.push([start, end]);
    });
    for (const mark of data.marks) edges.add(mark.time);
    busy.sort((a, b) => a[0] - b[0]);
    const merged: [number, number][] = [];
    for (const [from, to] of busy) {
      const last = merged.at(-1);
      if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
      else merged.push([from, to]);
    }
    const total = merged.reduce((sum, [from, to]) => sum + to - from, 0);
    const most = Math.max(1000, total / 20);
    const sorted = [...edges].sort((a, b) => a - b);
    let next = 0;
    for (let i = 1; total > 0 && i < sorted.length; i++) {
      const from = sorted[i - 1]!;
      const to = sorted[i]!;
      while (next < merged.length && merged[next]![1] <= from) next++;
      const working = next < merged.length && merged[next]![0] < to;
      if (working || to - from <= most) continue;
      gaps.push({ from, to, uFrom: from - saved, uTo: from - saved + most });
      saved += to - from - most;
    }
  }
  /** Last gap that begins at or before `value`, by time or by drawn time. */
  const before = (value: number, key: "from" | "uFrom"): number => {
    let low = 0;
    let high = gaps.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (gaps[middle]![key] <= value) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  };
  return {
    length: Math.max(1, data.length - saved),
    gaps,
    toU(time) {
      const gap = gaps[before(time, "from")];
      if (gap === undefined) return time;
      if (time >= gap.to) return gap.uTo + time - gap.to;
      return gap.uFrom + ((time - gap.from) / (gap.to - gap.from)) * (gap.uTo - gap.uFrom);
    },
    toTime(u) {
      const gap = gaps[before(u, "uFrom")];
      if (gap === undefined) return u;
      if (u >= gap.uTo) return gap.to + u - gap.uTo;
      return gap.from + ((u - gap.uFrom) / (gap.uTo - gap.uFrom)) * (gap.to - gap.from);
    },
  };
}
