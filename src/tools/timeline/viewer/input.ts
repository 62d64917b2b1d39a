import type { App } from "./types.ts";

/** Connects pointer, wheel, keyboard and buttons. `tip` shows a bar's tip, or none for -1. */
export function connectInput(app: App, tip: (slice: number, x: number, y: number) => void): void {
  const { canvas, overview, state, data, model } = app;
  const { slices } = data;
  const byId = (id: string): HTMLElement => document.getElementById(id)!;
  const search = byId("search") as HTMLInputElement;
  let drag: { x: number; y: number; from: number; to: number; scroll: number; moved: boolean } | null = null;

  const local = (event: MouseEvent): [number, number] => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const most = (): number => Math.max(0, (app.rows.at(-1)?.y ?? 0) + (app.rows.at(-1)?.height ?? 0) - (app.height - app.ruler));
  const scrollTo = (y: number): void => {
    state.scroll = Math.max(0, Math.min(most(), y));
    app.redraw();
  };

  canvas.addEventListener("pointerdown", (event) => {
    const [x, y] = local(event);
    canvas.setPointerCapture(event.pointerId);
    drag = { x, y, from: state.from, to: state.to, scroll: state.scroll, moved: false };
  });
  canvas.addEventListener("pointermove", (event) => {
    const [x, y] = local(event);
    if (drag !== null) {
      if (Math.abs(x - drag.x) + Math.abs(y - drag.y) > 3) drag.moved = true;
      if (!drag.moved) return;
      const du = ((drag.x - x) * (drag.to - drag.from)) / (app.width - app.gutter);
      state.scroll = Math.max(0, Math.min(most(), drag.scroll + drag.y - y));
      app.show(drag.from + du, drag.to + du);
      return;
    }
    const slice = app.sliceAt(x, y);
    if (slice !== state.hover) {
      state.hover = slice;
      app.redraw();
    }
    canvas.style.cursor = slice >= 0 || x < app.gutter ? "pointer" : "default";
    tip(slice, event.clientX, event.clientY);
  });
  canvas.addEventListener("pointerup", (event) => {
    const moved = drag?.moved ?? true;
    drag = null;
    if (moved) return;
    const [x, y] = local(event);
    if (x < app.gutter || app.sliceAt(x, y) < 0) {
      const row = app.rows.find((candidate) => candidate.type === "group" && y > app.ruler && y - app.ruler + state.scroll >= candidate.y && y - app.ruler + state.scroll < candidate.y + candidate.height);
      if (row !== undefined) {
        if (!state.collapsed.delete(row.group)) state.collapsed.add(row.group);
        app.relayout();
        return;
      }
    }
    app.select(app.sliceAt(x, y), false);
  });
  canvas.addEventListener("pointerleave", () => {
    state.hover = -1;
    tip(-1, 0, 0);
    app.redraw();
  });
  canvas.addEventListener("dblclick", (event) => {
    const slice = app.sliceAt(...local(event));
    if (slice >= 0) app.select(slice, true);
  });
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const [x] = local(event);
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) app.pan(((event.deltaX || event.deltaY) / app.width) * (state.to - state.from));
    else if (event.ctrlKey || event.metaKey || most() === 0 || x > app.gutter) app.zoom(Math.exp(event.deltaY / 400), app.u(Math.max(x, app.gutter)));
    else scrollTo(state.scroll + event.deltaY);
  }, { passive: false });

  const overviewTo = (event: PointerEvent): void => {
    const box = overview.getBoundingClientRect();
    const middle = ((event.clientX - box.left) / box.width) * app.warp.length;
    const half = (state.to - state.from) / 2;
    app.show(middle - half, middle + half);
  };
  overview.addEventListener("pointerdown", (event) => {
    overview.setPointerCapture(event.pointerId);
    overviewTo(event);
  });
  overview.addEventListener("pointermove", (event) => {
    if (event.buttons === 1) overviewTo(event);
  });

  /** The bar beside the chosen one on its lane, or the first of the picture. */
  const step = (by: 1 | -1): void => {
    if (state.selected < 0) return app.select(model.lanes.find((track) => track[0]!.length > 0)?.[0]?.[0] ?? -1, true);
    const lane = model.lanes[slices.track[state.selected]!]![slices.lane[state.selected]!]!;
    const next = lane[lane.indexOf(state.selected) + by];
    if (next !== undefined) app.select(next, true);
  };
  /** The next bar whose name holds the search text, in time order. */
  const find = (): void => {
    const found = slices.start.map((_, i) => i).filter((i) => model.matches(i, state.query)).sort((a, b) => slices.start[a]! - slices.start[b]!);
    if (state.query !== "" && found.length > 0) app.select(found[(found.indexOf(state.selected) + 1) % found.length]!, true);
  };
  const toggle = (id: string, key: "arrows" | "squeeze" | "dark"): void => {
    state[key] = !state[key];
    byId(id).setAttribute("aria-pressed", String(state[key]));
    app.relayout();
  };
  const help = byId("help");
  const actions: Readonly<Record<string, () => void>> = {
    w: () => app.zoom(1 / 1.5, (state.from + state.to) / 2), "+": () => app.zoom(1 / 1.5, (state.from + state.to) / 2), "=": () => app.zoom(1 / 1.5, (state.from + state.to) / 2),
    s: () => app.zoom(1.5, (state.from + state.to) / 2), "-": () => app.zoom(1.5, (state.from + state.to) / 2),
    a: () => app.pan((state.from - state.to) / 6), ArrowLeft: () => app.pan((state.from - state.to) / 6),
    d: () => app.pan((state.to - state.from) / 6), ArrowRight: () => app.pan((state.to - state.from) / 6),
    ArrowUp: () => scrollTo(state.scroll - 40), ArrowDown: () => scrollTo(state.scroll + 40),
    "0": () => app.fit(), Home: () => app.fit(),
    n: () => step(1), p: () => step(-1),
    Enter: () => state.selected >= 0 && app.select(state.selected, true),
    Escape: () => (help.hidden ? app.select(-1, false) : (help.hidden = true)),
    "/": () => search.focus(),
    f: () => toggle("arrows", "arrows"), i: () => toggle("squeeze", "squeeze"), t: () => toggle("theme", "dark"),
    "?": () => (help.hidden = !help.hidden),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target === search) {
      if (event.key === "Enter") find();
      else if (event.key === "Escape") canvas.focus();
      return;
    }
    if (event.target instanceof HTMLButtonElement && (event.key === "Enter" || event.key === " ")) return;
    const action = actions[event.key];
    if (action === undefined) return;
    event.preventDefault();
    action();
  });
  search.addEventListener("input", () => {
    state.query = search.value.toLowerCase();
    app.redraw();
  });
  byId("fit").addEventListener("click", () => app.fit());
  byId("in").addEventListener("click", () => actions["w"]!());
  byId("out").addEventListener("click", () => actions["s"]!());
  byId("arrows").addEventListener("click", () => toggle("arrows", "arrows"));
  byId("squeeze").addEventListener("click", () => toggle("squeeze", "squeeze"));
  byId("theme").addEventListener("click", () => toggle("theme", "dark"));
  byId("keys").addEventListener("click", () => (help.hidden = !help.hidden));
}
