import type { App, PageData, Parts, State } from "./types.ts";

/** Starts the page: puts the parts together and draws. */
export function startViewer(data: PageData, parts: Parts): void {
  const canvas = document.getElementById("picture") as HTMLCanvasElement;
  const overview = document.getElementById("overview") as HTMLCanvasElement;
  const model = parts.makeModel(data);
  const { slices } = data;
  const state: State = {
    from: 0, to: 1, scroll: 0, selected: -1, hover: -1, query: "", only: -1, arrows: data.flows.length <= 60, collapsed: new Set(),
    dark: matchMedia("(prefers-color-scheme: dark)").matches,
    // Squeeze idle time when it is most of the trace.
    squeeze: parts.makeWarp(data, true).length < data.length / 2,
  };
  let pending = false;

  const app: App = {
    data, model, state, canvas, overview,
    warp: parts.makeWarp(data, state.squeeze), rows: [], colors: parts.palette(state.dark),
    width: 0, height: 0, gutter: 190, ruler: 26, laneHeight: 20,
    x: (u) => app.gutter + ((u - state.from) / (state.to - state.from)) * (app.width - app.gutter),
    u: (x) => state.from + ((x - app.gutter) / (app.width - app.gutter)) * (state.to - state.from),
    sliceAt(x, y) {
      const at = y - app.ruler + state.scroll;
      const row = app.rows.find((candidate) => candidate.type === "track" && at >= candidate.y && at < candidate.y + candidate.height);
      if (row === undefined || x < app.gutter || y < app.ruler) return -1;
      const lane = model.lanes[row.index]![Math.floor((at - row.y - 3) / app.laneHeight)] ?? [];
      let best = -1;
      let distance = 3; // pixels: bars thinner than the pointer can be hit
      const time = app.warp.toTime(app.u(x));
      let low = 0;
      let high = lane.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (slices.start[lane[middle]!]! <= time) low = middle + 1;
        else high = middle;
      }
      for (const i of [lane[low - 1], lane[low]]) {
        if (i === undefined) continue;
        const x0 = app.x(app.warp.toU(slices.start[i]!));
        const x1 = Math.max(x0 + 1, app.x(app.warp.toU(slices.start[i]! + slices.length[i]!)));
        const off = x < x0 ? x0 - x : x > x1 ? x - x1 : 0;
        if (off < distance) [best, distance] = [i, off];
      }
      return best;
    },
    select(slice, reveal) {
      state.selected = slice;
      if (slice >= 0 && reveal) {
        const from = app.warp.toU(slices.start[slice]!);
        const to = app.warp.toU(slices.start[slice]! + slices.length[slice]!);
        const margin = Math.max(10, (to - from) * 1.5);
        const row = app.rows.find((candidate) => candidate.type === "track" && candidate.index === slices.track[slice]);
        if (row !== undefined && (row.y < state.scroll || row.y + row.height > state.scroll + app.height - app.ruler)) state.scroll = Math.max(0, row.y - 40);
        app.show(from - margin, to + margin);
      }
      panel.details();
      app.redraw();
    },
    zoom(factor, around) {
      app.show(around - (around - state.from) * factor, around + (state.to - around) * factor);
    },
    pan(du) {
      app.show(state.from + du, state.to + du);
    },
    show(from, to) {
      const width = Math.min(app.warp.length * 1.04, Math.max(5, to - from));
      const middle = (from + to) / 2;
      const margin = app.warp.length * 0.02;
      state.from = Math.min(Math.max(middle - width / 2, -margin), app.warp.length + margin - width);
      state.to = state.from + width;
      app.redraw();
    },
    fit() {
      app.show(-app.warp.length * 0.02, app.warp.length * 1.02);
    },
    relayout() {
      document.documentElement.dataset["theme"] = state.dark ? "dark" : "light";
      app.colors = parts.palette(state.dark);
      const [from, to] = [app.warp.toTime(state.from), app.warp.toTime(state.to)];
      app.warp = parts.makeWarp(data, state.squeeze);
      app.rows = parts.layoutRows(data, state.collapsed, app.laneHeight);
      const bottom = app.rows.at(-1);
      const ratio = window.devicePixelRatio || 1;
      for (const one of [canvas, overview]) {
        const width = Math.round(one.clientWidth * ratio);
        const height = Math.round(one.clientHeight * ratio);
        if (one.width === width && one.height === height) continue; // setting them clears the canvas
        one.width = width;
        one.height = height;
      }
      app.width = canvas.clientWidth;
      app.height = canvas.clientHeight;
      state.scroll = Math.max(0, Math.min(state.scroll, (bottom?.y ?? 0) + (bottom?.height ?? 0) - (app.height - app.ruler)));
      legend();
      panel.details();
      app.show(app.warp.toU(from), app.warp.toU(to));
      paint();
    },
    redraw() {
      if (pending) return;
      pending = true;
      requestAnimationFrame(() => {
        pending = false;
        paint();
      });
    },
  };

  /** One button for each process: its colour, and all others dimmed when it is pressed. */
  function legend(): void {
    const box = document.getElementById("legend")!;
    box.replaceChildren(...data.processes.map((process, index) => {
      const button = document.createElement("button");
      const chip = document.createElement("i");
      chip.className = "chip";
      chip.style.background = app.colors.process[index % app.colors.process.length]!;
      button.append(chip, `${process.name} (pid ${process.pid})`);
      button.title = "Show only this process";
      button.setAttribute("aria-pressed", String(state.only === index));
      button.addEventListener("click", () => {
        state.only = state.only === index ? -1 : index;
        legend();
        app.redraw();
      });
      return button;
    }));
  }

  const panel = parts.makePanel(app, parts);
  const paint = parts.makePainter(app, parts);
  parts.connectInput(app, panel.tip);
  for (const key of ["arrows", "squeeze"] as const) document.getElementById(key)!.setAttribute("aria-pressed", String(state[key]));
  document.getElementById("theme")!.setAttribute("aria-pressed", String(state.dark));
  new ResizeObserver(() => app.relayout()).observe(canvas);
  app.relayout();
  app.fit();
  paint();
  document.documentElement.dataset["ready"] = String(slices.start.length);
}
