import type { Model, PageData } from "./types.ts";

/** Indexes the page's data once, so that drawing and searching touch only what is on the screen. */
export function makeModel(data: PageData): Model {
  const { slices } = data;
  const lanes: number[][][] = data.tracks.map((track) => Array.from({ length: track.lanes }, () => []));
  const busy = new Map<number, Map<number, number>>();
  const order = slices.start.map((_, i) => i).sort((a, b) => slices.start[a]! - slices.start[b]!);
  for (const i of order) {
    const track = slices.track[i]!;
    lanes[track]![slices.lane[i]!]!.push(i);
    if (data.tracks[track]!.kind !== "engine") continue;
    const shares = busy.get(track) ?? new Map<number, number>();
    busy.set(track, shares);
    shares.set(slices.process[i]!, (shares.get(slices.process[i]!) ?? 0) + slices.length[i]!);
  }
  const flows = new Map<number, number[]>();
  data.flows.forEach(([from, , to], index) => {
    for (const end of [from, to]) {
      const list = flows.get(end);
      if (list === undefined) flows.set(end, [index]);
      else list.push(index);
    }
  });
  const text = (index: number): string => data.strings[index]!;
  const lower = data.strings.map((string) => string.toLowerCase());
  return {
    lanes,
    busy,
    text,
    flowsOf: (slice) => flows.get(slice) ?? [],
    detailsOf(index) {
      const flat = data.details[index] ?? [];
      const pairs: [string, string][] = [];
      for (let i = 0; i + 1 < flat.length; i += 2) pairs.push([text(flat[i]!), text(flat[i + 1]!)]);
      return pairs;
    },
    matches: (slice, query) => query === "" || lower[slices.name[slice]!]!.includes(query),
  };
}
