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
  const failed = lanes.map((track) => track.map((lane) => lane.filter((i) => slices.ok[i] === 0)));
  const marks: number[][] = data.tracks.map(() => []);
  for (const i of data.marks.map((_, index) => index).sort((a, b) => data.marks[a]!.time - data.marks[b]!.time)) marks[data.marks[i]!.track]!.push(i);
  const noted = new Set(data.notes.flatMap((note) => note.slices));
  const text = (index: number): string => data.strings[index]!;
  const lower = data.strings.map((string) => string.toLowerCase());
  return {
    most: data.counters.map(({ values }) => values.reduce((a, b) => Math.max(a, b), 1)),
    flowOrder: data.flows.map((_, index) => index).sort((a, b) => data.flows[a]![1] - data.flows[b]![1]),
    lanes,
    failed,
    marks,
    busy,
    text,
    noted: (slice) => noted.has(slice),
    asleep(slice) {
      const from = slices.start[slice]!;
      const to = from + slices.length[slice]!;
      let total = 0;
      for (const lane of lanes[slices.track[slice]!]!.slice(slices.lane[slice]! + 1)) {
        let low = 0;
        let high = lane.length;
        while (low < high) {
          const middle = (low + high) >> 1;
          if (slices.start[lane[middle]!]! < from) low = middle + 1;
          else high = middle;
        }
        for (; low < lane.length && slices.start[lane[low]!]! < to; low++) if (data.kinds[slices.kind[lane[low]!]!] === "wait") total += slices.length[lane[low]!]!;
      }
      return Math.min(total, to - from);
    },
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
