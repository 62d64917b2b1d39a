import type { layoutRows } from "./layout.ts";
import type { makeModel } from "./model.ts";
import type { makePainter } from "./paint.ts";
import type { makePanel } from "./panel.ts";
import type { connectInput } from "./input.ts";
import type { makeRuler } from "./ruler.ts";
import type { palette } from "./palette.ts";
import type { makeWarp } from "./warp.ts";
import type { formatTime, timeStep } from "./time.ts";

/** Kinds of bars, by number in `PageData.slices.kind`. */
export type Kind = "api" | "wait" | "kernel" | "copy" | "fill" | "marker";

/** A trace as the page carries it: columns and a table of strings, so that tens of thousands of bars stay small. Times are ns after `start`. */
export interface PageData {
  readonly title: string;
  readonly subtitle: string;
  /** Virtual nanoseconds of the trace's first event. */
  readonly start: number;
  /** Length of the trace in nanoseconds. */
  readonly length: number;
  readonly strings: readonly string[];
  readonly kinds: readonly Kind[];
  readonly processes: readonly { readonly pid: number; readonly name: string }[];
  readonly tracks: readonly { readonly kind: "thread" | "engine"; readonly group: string; readonly name: string; readonly lanes: number }[];
  readonly slices: {
    readonly track: readonly number[];
    readonly lane: readonly number[];
    readonly kind: readonly number[];
    readonly name: readonly number[];
    /** Index in `processes`, -1 for none. */
    readonly process: readonly number[];
    readonly start: readonly number[];
    readonly length: readonly number[];
    readonly ok: readonly number[];
    /** Index in `details`. */
    readonly details: readonly number[];
  };
  /** Names and values in turn, as indexes in `strings`. */
  readonly details: readonly (readonly number[])[];
  readonly marks: readonly { readonly track: number; readonly time: number; readonly name: string; readonly bad: boolean; readonly process: number; readonly details: number }[];
  /** From slice, at, to slice, at, kind (0 submit, 1 signal, 2 depend). */
  readonly flows: readonly (readonly [from: number, fromTime: number, to: number, toTime: number, kind: number])[];
  /** Mistakes that were found, with the bars that they are about. */
  readonly notes: readonly { readonly kind: string; readonly message: string; readonly slices: readonly number[]; readonly time: number }[];
  readonly counters: readonly { readonly name: string; readonly unit: string; readonly times: readonly number[]; readonly values: readonly number[] }[];
}

/** One row of the picture. Positions are CSS pixels from the top of the rows. */
export interface Row {
  readonly type: "group" | "track" | "counter";
  readonly label: string;
  readonly y: number;
  readonly height: number;
  readonly group: string;
  /** Index of the track or counter; -1 for a group. */
  readonly index: number;
}

/** Time as drawn: idle stretches may be shown shorter than they were. `u` is the drawn time. */
export interface Warp {
  readonly length: number;
  /** Stretches that are shown shorter, in trace time and in drawn time. */
  readonly gaps: readonly { readonly from: number; readonly to: number; readonly uFrom: number; readonly uTo: number }[];
  toU(time: number): number;
  toTime(u: number): number;
}

/** What the page knows about its data, computed once. */
export interface Model {
  /** Slice numbers by track and lane, in time order: `lanes[track][lane]`. */
  readonly lanes: readonly (readonly (readonly number[])[])[];
  /** Numbers of failed slices, as `lanes`: drawn whatever else is drawn at their pixel. */
  readonly failed: readonly (readonly (readonly number[])[])[];
  /** Numbers of marks by track, in time order. */
  readonly marks: readonly (readonly number[])[];
  /** Nanoseconds of a call that its thread slept in it. */
  asleep(slice: number): number;
  /** Whether a finding is about the slice. */
  noted(slice: number): boolean;
  /** Largest value of each counter, at least 1. */
  readonly most: readonly number[];
  /** Flow numbers by the time that they begin. */
  readonly flowOrder: readonly number[];
  /** Flow numbers that touch a slice. */
  flowsOf(slice: number): readonly number[];
  /** Busy nanoseconds by engine track and process: `busy[track][process]`. */
  readonly busy: ReadonlyMap<number, ReadonlyMap<number, number>>;
  text(index: number): string;
  detailsOf(index: number): readonly (readonly [string, string])[];
  matches(slice: number, query: string): boolean;
}

/** Colours of the canvas. */
export interface Colors {
  readonly background: string;
  readonly band: string;
  readonly line: string;
  readonly text: string;
  readonly muted: string;
  readonly accent: string;
  readonly bad: string;
  /** Arrows between pieces of work. */
  readonly depend: string;
  readonly process: readonly string[];
  /** The same, mixed with the background: calls of the program. */
  readonly tint: readonly string[];
}

/** What the page shows at the moment. */
export interface State {
  /** Left and right edge in drawn time. */
  from: number;
  to: number;
  scroll: number;
  selected: number;
  hover: number;
  query: string;
  dark: boolean;
  arrows: boolean;
  squeeze: boolean;
  /** Process that the others are dimmed for, or -1. */
  only: number;
  readonly collapsed: Set<string>;
}

/** Everything the parts of the page share. */
export interface App {
  readonly data: PageData;
  readonly model: Model;
  readonly state: State;
  readonly canvas: HTMLCanvasElement;
  readonly overview: HTMLCanvasElement;
  warp: Warp;
  rows: readonly Row[];
  colors: Colors;
  /** Width and height of the canvas, of its label column and its ruler, CSS pixels. */
  width: number;
  height: number;
  readonly gutter: number;
  readonly ruler: number;
  readonly laneHeight: number;
  x(u: number): number;
  u(x: number): number;
  /** Number of the slice under a point, or -1. */
  sliceAt(x: number, y: number): number;
  select(slice: number, reveal: boolean): void;
  zoom(factor: number, aroundU: number): void;
  pan(du: number): void;
  show(from: number, to: number): void;
  fit(): void;
  relayout(): void;
  redraw(): void;
}

/**
 * The functions that make up the page. Each is written to stand alone: it uses what it is given and the browser, nothing of its module,
 * because the page is made of their source text.
 */
export interface Parts {
  readonly formatTime: typeof formatTime;
  readonly timeStep: typeof timeStep;
  readonly palette: typeof palette;
  readonly makeWarp: typeof makeWarp;
  readonly makeModel: typeof makeModel;
  readonly layoutRows: typeof layoutRows;
  readonly makePainter: typeof makePainter;
  readonly makeRuler: typeof makeRuler;
  readonly makePanel: typeof makePanel;
  readonly connectInput: typeof connectInput;
}
