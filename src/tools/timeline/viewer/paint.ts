import type { App, Parts, Row } from "./types.ts";

/** Draws rows, bars, marks and arrows on the main canvas. What is off the screen or thinner than a pixel beside a drawn one costs no drawing. */
export function makePainter(app: App, parts: Parts): () => void {
  const { data, model, state } = app;
  const { slices } = data;
  const context = app.canvas.getContext("2d")!;
  const fontOf = (weight: string): string => `${weight}11px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace`;
  context.font = fontOf("");
  const letter = context.measureText("0").width;
  let hatch: CanvasPattern | null = null;
  let hatchFor = "";

  function hatching(color: string): CanvasPattern | string {
    if (hatchFor !== color) {
      const tile = document.createElement("canvas");
      tile.width = tile.height = 6;
      const pen = tile.getContext("2d")!;
      pen.strokeStyle = color;
      pen.beginPath();
      for (const shift of [-6, 0, 6]) {
        pen.moveTo(shift, 6);
        pen.lineTo(shift + 6, 0);
      }
      pen.stroke();
      hatch = context.createPattern(tile, "repeat");
      hatchFor = color;
    }
    return hatch ?? color;
  }

  function clip(text: string, width: number): string {
    const room = Math.floor(width / letter);
    return text.length <= room ? text : room < 2 ? "" : `${text.slice(0, room - 1)}…`;
  }

  /** First slice of a lane that ends after `time`. */
  function firstVisible(lane: readonly number[], time: number): number {
    let low = 0;
    let high = lane.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const i = lane[middle]!;
      if (slices.start[i]! + slices.length[i]! < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  function bar(i: number, x0: number, x1: number, y: number, height: number): void {
    const { colors } = app;
    const kind = data.kinds[slices.kind[i]!]!;
    const process = slices.process[i]!;
    const dim = (state.only >= 0 && process !== state.only) || !model.matches(i, state.query);
    const left = Math.max(x0, app.gutter - 4);
    const width = Math.max(1, Math.min(x1, app.width + 4) - left);
    const hue = process < 0 ? colors.muted : colors.process[process % colors.process.length]!;
    const tint = process < 0 ? colors.line : colors.tint[process % colors.tint.length]!;
    const onEngine = kind !== "api" && kind !== "wait";
    context.globalAlpha = dim ? 0.18 : 1;
    context.fillStyle = kind === "wait" ? colors.background : onEngine ? hue : tint;
    context.fillRect(left, y, width, height);
    if (kind === "wait") {
      context.fillStyle = hatching(colors.line);
      context.fillRect(left, y, width, height);
    } else if ((kind === "copy" || kind === "fill") && width > 3) {
      context.fillStyle = "rgba(255,255,255,0.28)"; // moved bytes carry a light edge, computing has none
      context.fillRect(left, y, width, 3);
    }
    if (slices.ok[i] === 0) {
      context.fillStyle = colors.bad;
      context.fillRect(left, y + height - 3, width, 3);
    }
    if (i === state.selected || i === state.hover) {
      context.strokeStyle = i === state.selected ? colors.accent : colors.text;
      context.lineWidth = i === state.selected ? 2 : 1;
      context.strokeRect(left + 0.5, y + 0.5, Math.max(1, width - 1), height - 1);
    }
    const label = width > 18 ? clip(model.text(slices.name[i]!), width - 8) : "";
    if (label !== "") {
      context.fillStyle = onEngine ? "#ffffff" : kind === "wait" ? colors.muted : colors.text;
      context.fillText(label, left + 4, y + height / 2 + 0.5);
    }
    context.globalAlpha = 1;
  }

  /** Draws bars of one lane that are on the screen. After a bar goes on behind the pixel that it ends in: a lane costs as many steps as it has pixels, however many bars there are. */
  function lane(numbers: readonly number[], y: number, to: number): void {
    let at = firstVisible(numbers, app.warp.toTime(state.from));
    while (at < numbers.length) {
      const i = numbers[at]!;
      if (slices.start[i]! > to) return;
      const x0 = app.x(app.warp.toU(slices.start[i]!));
      const x1 = app.x(app.warp.toU(slices.start[i]! + slices.length[i]!));
      bar(i, x0, x1, y, app.laneHeight - 2);
      at = x1 - x0 > 1 ? at + 1 : Math.max(at + 1, firstVisible(numbers, app.warp.toTime(app.u(Math.floor(x0) + 1))));
    }
  }

  function track(row: Row, top: number): void {
    const from = app.warp.toTime(state.from);
    const to = app.warp.toTime(state.to);
    const lanes = model.lanes[row.index]!;
    for (let number = 0; number < lanes.length; number++) {
      const y = top + 3 + number * app.laneHeight;
      lane(lanes[number]!, y, to);
      lane(model.failed[row.index]![number]!, y, to);
    }
    for (const i of [state.hover, state.selected]) {
      if (i < 0 || slices.track[i] !== row.index) continue;
      bar(i, app.x(app.warp.toU(slices.start[i]!)), app.x(app.warp.toU(slices.start[i]! + slices.length[i]!)), top + 3 + slices.lane[i]! * app.laneHeight, app.laneHeight - 2);
    }
    let free = -1;
    for (const number of model.marks[row.index]!) {
      const mark = data.marks[number]!;
      if (mark.time < from || mark.time > to) continue;
      const x = app.x(app.warp.toU(mark.time));
      if (x < free && !mark.bad) continue;
      free = x + 1;
      context.fillStyle = mark.bad ? app.colors.bad : app.colors.muted;
      context.beginPath();
      context.moveTo(x - 4, top);
      context.lineTo(x + 4, top);
      context.lineTo(x, top + 7);
      context.fill();
      context.fillRect(x - 0.5, top, 1, row.height);
    }
  }

  function counter(row: Row, top: number): void {
    const { times, values } = data.counters[row.index]!;
    const most = model.most[row.index]!;
    const bottom = top + row.height - 3;
    context.fillStyle = app.colors.tint[0]!;
    let low = 0;
    let high = times.length;
    const from = app.warp.toTime(state.from);
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((times[middle + 1] ?? data.length) < from) low = middle + 1;
      else high = middle;
    }
    const to = app.warp.toTime(state.to);
    // Of several values in one pixel the largest is drawn.
    let largest = 0;
    let left = -1;
    for (let i = low; i < times.length && times[i]! <= to; i++) {
      const x0 = Math.max(app.gutter, app.x(app.warp.toU(times[i]!)));
      const x1 = Math.min(app.width, app.x(app.warp.toU(times[i + 1] ?? data.length)));
      if (left < 0) left = x0;
      largest = Math.max(largest, values[i]!);
      if (x1 - left < 1 && i + 1 < times.length) continue;
      const height = (largest / most) * (row.height - 8);
      if (height > 0) context.fillRect(left, bottom - height, Math.max(1, x1 - left), height);
      left = -1;
      largest = 0;
    }
  }

  function label(row: Row, top: number): void {
    const { colors } = app;
    context.fillStyle = row.type === "group" ? colors.band : colors.background;
    context.fillRect(0, top, app.gutter, row.height);
    context.fillStyle = row.type === "group" ? colors.text : colors.muted;
    context.font = fontOf(row.type === "group" ? "600 " : "");
    const fold = row.type === "group" ? (state.collapsed.has(row.group) ? "▸ " : "▾ ") : "  ";
    context.fillText(clip(fold + row.label, app.gutter - 12), 8, top + Math.min(row.height, app.laneHeight + 6) / 2 + 0.5);
    context.font = fontOf("");
    if (row.type !== "counter") return;
    const { unit } = data.counters[row.index]!;
    const most = model.most[row.index]!;
    const shown = unit !== "bytes" ? String(most) : most >= 2 ** 20 ? `${Number((most / 2 ** 20).toFixed(1))} MiB` : `${Number((most / 1024).toFixed(1))} KiB`;
    context.fillText(clip(`  max ${shown}`, app.gutter - 12), 8, top + row.height - 10);
  }

  /** Rows of tracks on the screen or not, by track; made new for each picture. */
  let rowOf: (Row | undefined)[] = [];

  function laneY(slice: number): number | null {
    const row = rowOf[slices.track[slice]!];
    return row === undefined ? null : app.ruler + row.y - state.scroll + 3 + (slices.lane[slice]! + 0.5) * app.laneHeight;
  }

  /** Most arrows of a picture: more are a tangle, and cost time. */
  const MOST_ARROWS = 1500;

  function curve(x0: number, y0: number, x1: number, y1: number, color: string, strong: boolean): void {
    const reach = Math.max(16, Math.min(80, Math.abs(x1 - x0) / 2));
    context.strokeStyle = context.fillStyle = color;
    context.globalAlpha = strong ? 0.95 : 0.3;
    context.lineWidth = strong ? 1.5 : 1;
    context.beginPath();
    context.moveTo(x0, y0);
    context.bezierCurveTo(x0 + reach, y0, x1 - reach, y1, x1 - 5, y1);
    context.stroke();
    context.beginPath();
    context.moveTo(x1, y1);
    context.lineTo(x1 - 6, y1 - 3.5);
    context.lineTo(x1 - 6, y1 + 3.5);
    context.fill();
    context.globalAlpha = 1;
  }

  /** Draws an arrow. @returns whether it was on the screen */
  function arrow(index: number, strong: boolean): boolean {
    const [from, fromTime, to, toTime, kind] = data.flows[index]!;
    const y0 = laneY(from);
    const y1 = laneY(to);
    if (y0 === null || y1 === null) return false;
    const x0 = app.x(app.warp.toU(fromTime));
    const x1 = app.x(app.warp.toU(toTime));
    if (Math.max(x0, x1) < app.gutter || Math.min(x0, x1) > app.width || Math.max(y0, y1) < app.ruler || Math.min(y0, y1) > app.height) return false;
    curve(x0, y0, x1, y1, kind === 0 ? app.colors.muted : kind === 1 ? app.colors.accent : app.colors.depend, strong);
    return true;
  }

  /** A red frame around a bar whose middle is at `y`. */
  function frame(x0: number, x1: number, y: number): void {
    const left = Math.max(app.gutter - 4, x0);
    context.strokeStyle = app.colors.bad;
    context.lineWidth = 2;
    context.strokeRect(left, y - app.laneHeight / 2 + 1, Math.max(3, Math.min(x1, app.width + 4) - left), app.laneHeight - 3);
  }

  function arrows(): void {
    const chosen = new Set([state.selected, state.hover].flatMap((slice) => (slice < 0 ? [] : [...model.flowsOf(slice)])));
    if (state.arrows) {
      let left = MOST_ARROWS;
      const from = app.warp.toTime(state.from);
      const to = app.warp.toTime(state.to);
      for (const index of model.flowOrder) {
        const flow = data.flows[index]!;
        if (flow[3] < from) continue;
        if (flow[1] > to || left === 0) break;
        if (arrow(index, false)) left--;
      }
    }
    for (const index of chosen) arrow(index, true);
    // What a finding is about is framed, and joined in red.
    for (const note of data.notes) {
      let before: readonly [number, number] | null = null;
      for (const slice of note.slices) {
        const y = laneY(slice);
        if (y === null) continue;
        const x0 = app.x(app.warp.toU(slices.start[slice]!));
        const x1 = app.x(app.warp.toU(slices.start[slice]! + slices.length[slice]!));
        frame(x0, x1, y);
        // The work that the call asked for is what does it.
        for (const index of model.flowsOf(slice)) {
          const [from, , work, , kind] = data.flows[index]!;
          const at = laneY(work);
          if (kind !== 0 || from !== slice || at === null) continue;
          frame(app.x(app.warp.toU(slices.start[work]!)), app.x(app.warp.toU(slices.start[work]! + slices.length[work]!)), at);
          arrow(index, true);
        }
        if (before !== null) curve(before[0], before[1], x0, y, app.colors.bad, true);
        before = [x1, y];
      }
    }
  }

  const ruler = parts.makeRuler(app, parts, context);

  return () => {
    const { colors } = app;
    const ratio = window.devicePixelRatio || 1;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = colors.background;
    context.fillRect(0, 0, app.width, app.height);
    context.font = fontOf("");
    context.textBaseline = "middle";
    context.save();
    context.beginPath();
    context.rect(app.gutter, app.ruler, app.width - app.gutter, app.height - app.ruler);
    context.clip();
    ruler.grid();
    rowOf = [];
    for (const row of app.rows) if (row.type === "track") rowOf[row.index] = row;
    const visible = app.rows.filter((row) => row.y + row.height > state.scroll && row.y - state.scroll < app.height - app.ruler);
    for (const row of visible) {
      const top = app.ruler + row.y - state.scroll;
      if (row.type === "track") track(row, top);
      else if (row.type === "counter") counter(row, top);
      else {
        context.fillStyle = colors.band;
        context.fillRect(app.gutter, top, app.width, row.height);
      }
    }
    arrows();
    context.restore();
    context.save();
    context.beginPath();
    context.rect(0, app.ruler, app.width, app.height - app.ruler);
    context.clip();
    for (const row of visible) {
      const top = app.ruler + row.y - state.scroll;
      label(row, top);
      context.fillStyle = colors.line;
      context.fillRect(0, top + row.height - 1, app.width, 1);
    }
    context.fillRect(app.gutter - 1, app.ruler, 1, app.height);
    context.restore();
    ruler.top();
    ruler.overview();
  };
}
