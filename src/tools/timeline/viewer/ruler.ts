import type { App, Parts } from "./types.ts";

/** Draws what tells the time: grid lines, the scale on top, and the overview of the whole trace. */
export interface Ruler {
  grid(): void;
  top(): void;
  overview(): void;
}

/** Makes the ruler of a page. `context` is the main canvas's. */
export function makeRuler(app: App, parts: Parts, context: CanvasRenderingContext2D): Ruler {
  const { data, state } = app;

  /** Calls `draw` for each tick on the screen; stretches that are shown shorter have none. */
  function ticks(draw: (x: number, time: number, step: number) => void): void {
    const perPixel = (state.to - state.from) / (app.width - app.gutter);
    const step = parts.timeStep(perPixel * 110);
    let from = 0;
    for (const gap of [...app.warp.gaps, { from: data.length, to: data.length, uFrom: app.warp.length, uTo: app.warp.length }]) {
      const visibleFrom = Math.max(from, app.warp.toTime(state.from));
      const visibleTo = Math.min(gap.from, app.warp.toTime(state.to));
      const first = Math.ceil((visibleFrom + data.start) / step) * step - data.start;
      for (let time = first; time <= visibleTo; time += step) draw(app.x(app.warp.toU(time)), time + data.start, step);
      from = gap.to;
    }
  }

  function gaps(draw: (x0: number, x1: number, length: number) => void): void {
    for (const gap of app.warp.gaps) {
      if (gap.uTo < state.from || gap.uFrom > state.to) continue;
      draw(Math.max(app.gutter, app.x(gap.uFrom)), Math.min(app.width, app.x(gap.uTo)), gap.to - gap.from);
    }
  }

  let drawn: { readonly warp: App["warp"]; readonly colors: App["colors"]; readonly canvas: HTMLCanvasElement } | null = null;

  /** All bars, small. */
  function bars(ink: CanvasRenderingContext2D, width: number, height: number, scale: number): void {
    const { colors } = app;
    const { slices } = data;
    ink.fillStyle = colors.band;
    ink.fillRect(0, 0, width, height);
    const rows = Math.max(1, data.tracks.length);
    const painted = new Float64Array(rows).fill(-1);
    for (let i = 0; i < slices.start.length; i++) {
      const kind = data.kinds[slices.kind[i]!];
      if (kind === "wait") continue;
      const x0 = app.warp.toU(slices.start[i]!) * scale;
      const x1 = Math.max(x0 + 1, app.warp.toU(slices.start[i]! + slices.length[i]!) * scale);
      const track = slices.track[i]!;
      if (x1 <= painted[track]! + 0.5) continue;
      painted[track] = x1;
      const process = slices.process[i]!;
      const set = kind === "api" ? colors.tint : colors.process;
      ink.fillStyle = process < 0 ? colors.muted : set[process % set.length]!;
      ink.fillRect(x0, (track / rows) * height + 1, x1 - x0, Math.max(1, height / rows - 1));
    }
  }

  return {
    grid() {
      context.fillStyle = app.colors.line;
      ticks((x) => context.fillRect(Math.round(x), app.ruler, 1, app.height));
      context.fillStyle = app.colors.band;
      gaps((x0, x1) => context.fillRect(x0, app.ruler, x1 - x0, app.height));
    },

    top() {
      const { colors } = app;
      context.fillStyle = colors.background;
      context.fillRect(0, 0, app.width, app.ruler);
      context.fillStyle = colors.muted;
      context.fillText("virtual time", 8, app.ruler / 2);
      context.fillStyle = colors.band;
      gaps((x0, x1) => context.fillRect(x0, 0, x1 - x0, app.ruler));
      let free = app.gutter;
      context.fillStyle = colors.accent;
      gaps((x0, x1, length) => {
        const text = `‹${parts.formatTime(length, 2)}›`;
        const width = context.measureText(text).width;
        if (x1 - x0 < 8 || (x0 + x1 - width) / 2 < free) return;
        context.fillText(text, (x0 + x1 - width) / 2, app.ruler / 2);
        free = (x0 + x1 + width) / 2 + 4;
      });
      free = app.gutter;
      context.fillStyle = colors.text;
      const blocked: [number, number][] = [];
      gaps((x0, x1) => blocked.push([x0 - 8, x1 + 8]));
      ticks((x, time, step) => {
        const digits = Math.max(1, Math.floor(Math.log10(Math.max(1, time))) - Math.floor(Math.log10(step)) + 1);
        const text = parts.formatTime(time, Math.min(12, digits));
        const width = context.measureText(text).width;
        const left = x + 4;
        if (left < free || left + width > app.width || blocked.some(([a, b]) => left < b && left + width > a)) return;
        context.fillRect(Math.round(x), app.ruler - 7, 1, 7);
        context.fillText(text, left, app.ruler / 2);
        free = left + width + 8;
      });
      context.fillStyle = colors.line;
      context.fillRect(0, app.ruler - 1, app.width, 1);
    },

    overview() {
      const { colors, overview } = app;
      const pen = overview.getContext("2d")!;
      const ratio = window.devicePixelRatio || 1;
      const width = overview.clientWidth;
      const height = overview.clientHeight;
      const scale = width / app.warp.length;
      // The bars are drawn once for each size, warp and theme; only the frame moves.
      if (drawn === null || drawn.warp !== app.warp || drawn.colors !== colors || drawn.canvas.width !== overview.width || drawn.canvas.height !== overview.height) {
        const picture = document.createElement("canvas");
        picture.width = overview.width;
        picture.height = overview.height;
        drawn = { warp: app.warp, colors, canvas: picture };
        const ink = picture.getContext("2d")!;
        ink.setTransform(ratio, 0, 0, ratio, 0, 0);
        bars(ink, width, height, scale);
      }
      pen.setTransform(1, 0, 0, 1, 0, 0);
      pen.drawImage(drawn.canvas, 0, 0);
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      pen.fillStyle = state.dark ? "rgba(0,0,0,0.5)" : "rgba(255,255,255,0.62)";
      pen.fillRect(0, 0, state.from * scale, height);
      pen.fillRect(state.to * scale, 0, width, height);
      pen.strokeStyle = colors.accent;
      pen.lineWidth = 1.5;
      pen.strokeRect(state.from * scale + 0.75, 0.75, Math.max(2, (state.to - state.from) * scale - 1.5), height - 1.5);
    },
  };
}
