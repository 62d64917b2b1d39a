import type { PageData, Row } from "./types.ts";

/** Rows from top to bottom: a heading for each group of tracks, its tracks unless folded away, and the counters last. */
export function layoutRows(data: PageData, collapsed: ReadonlySet<string>, laneHeight: number): Row[] {
  const rows: Row[] = [];
  const groups = [...new Set(data.tracks.map((track) => track.group))];
  // GPUs first: who had them when is what most people come for.
  groups.sort((a, b) => Number(b.startsWith("GPU ")) - Number(a.startsWith("GPU ")));
  if (data.counters.length > 0) groups.push("counters");
  let y = 0;
  const add = (row: Omit<Row, "y">): void => {
    rows.push({ ...row, y });
    y += row.height;
  };
  for (const group of groups) {
    add({ type: "group", label: group, height: 24, group, index: -1 });
    if (collapsed.has(group)) continue;
    if (group === "counters") data.counters.forEach((counter, index) => add({ type: "counter", label: counter.name, height: 38, group, index }));
    const tracks = data.tracks.map((track, index) => ({ ...track, index })).filter((track) => track.group === group);
    // Engines by name: compute, copy0, copy1. Threads as they appeared.
    if (tracks[0]?.kind === "engine") tracks.sort((a, b) => a.name.localeCompare(b.name));
    for (const track of tracks) add({ type: "track", label: track.name, height: track.lanes * laneHeight + 6, group, index: track.index });
  }
  return rows;
}
