import type { TraceEvent } from "../../kernel/trace/tracer.ts";
import { pageData } from "./data.ts";
import { formatTime } from "./viewer/time.ts";
import type { Kind, PageData, Warp } from "./viewer/types.ts";
import { makeWarp } from "./viewer/warp.ts";

/** How wide and how much. */
export interface TextTimelineOptions {
  /** Columns of the picture, without labels. Default 72. */
  readonly columns?: number;
  /** Draw the threads of the programs too. Default true. */
  readonly threads?: boolean;
}

const letters: Readonly<Record<Kind, string>> = { kernel: "█", copy: "▓", fill: "▒", marker: "│", api: "─", wait: "·" };
/** Of two things in one column the one further right here is drawn. */
const rank = " ─·│▒▓█";
/** A column that stands for a cut stretch. */
const CUT = "≈";

interface Line {
  readonly label: string;
  readonly cells: string[];
}

function fill(cells: string[], from: number, to: number, letter: string): void {
  for (let i = from; i <= to; i++) if (rank.indexOf(letter) > rank.indexOf(cells[i] ?? " ")) cells[i] = letter;
}

/** One line for each engine and process that used it, one for each thread; empty lines are left out. */
function lines(data: PageData, warp: Warp, columns: number, threads: boolean): Line[] {
  const made = new Map<string, Line>();
  const column = (time: number): number => Math.min(columns - 1, Math.floor((warp.toU(time) / warp.length) * columns));
  const { slices } = data;
  // Engines first, by name; then threads as they appeared.
  const order = data.tracks.map((_, index) => index).sort((a, b) => {
    const [x, y] = [data.tracks[a]!, data.tracks[b]!];
    if (x.kind !== y.kind) return x.kind === "engine" ? -1 : 1;
    return x.kind === "engine" ? `${x.group} ${x.name}`.localeCompare(`${y.group} ${y.name}`) : a - b;
  });
  for (const index of order) {
    const track = data.tracks[index]!;
    if (track.kind === "thread" && !threads) continue;
    slices.track.forEach((owner, i) => {
      if (owner !== index) return;
      const process = data.processes[slices.process[i]!]?.name ?? "-";
      const label = track.kind === "engine" ? `${track.group} ${track.name}  ${process}` : `${process} ${track.name}`;
      const line = made.get(label) ?? { label, cells: Array.from({ length: columns }, () => " ") };
      made.set(label, line);
      const start = slices.start[i]!;
      const end = start + slices.length[i]!;
      const first = column(start);
      fill(line.cells, first, Math.max(first, column(Math.max(start, end - 1))), letters[data.kinds[slices.kind[i]!]!]);
    });
  }
  return [...made.values()];
}

/**
 * A trace as a small text picture: who ran on which engine when, in virtual time. Stretches in which no engine works are cut (≈) when they are most of it.
 * @param events as `machine.trace()` gives them.
 */
export function textTimeline(events: readonly TraceEvent[], options: TextTimelineOptions = {}): string {
  const columns = Math.max(10, Math.floor(options.columns ?? 72));
  const data = pageData(events, "");
  const squeezed = makeWarp(data, true);
  const warp = squeezed.length < data.length / 2 ? squeezed : makeWarp(data, false);
  const drawn = lines(data, warp, columns, options.threads ?? true);
  if (drawn.length === 0) return "nothing happened";
  for (const gap of warp.gaps) {
    const at = Math.floor((((gap.uFrom + gap.uTo) / 2) / warp.length) * columns);
    for (const { cells } of drawn) if (cells[at] === " ") cells[at] = CUT;
  }
  const width = Math.max(...drawn.map(({ label }) => label.length));
  const cut = warp.gaps.reduce((sum, gap) => sum + gap.to - gap.from - (gap.uTo - gap.uFrom), 0);
  const scale = `from ${formatTime(data.start, 6)} to ${formatTime(data.start + data.length, 6)}, a column is ${formatTime(warp.length / columns, 3)}${cut > 0 ? `, ${CUT} is time cut out (${formatTime(cut, 3)} in all)` : ""}`;
  const used = new Set(drawn.flatMap(({ cells }) => cells));
  const key = (Object.entries(letters) as [Kind, string][]).filter(([, letter]) => used.has(letter)).map(([kind, letter]) => `${letter} ${kind === "wait" ? "asleep" : kind === "api" ? "API call" : kind}`).join("   ");
  return [scale, ...drawn.map(({ label, cells }) => `${label.padEnd(width)} |${cells.join("")}|`), key].join("\n");
}
