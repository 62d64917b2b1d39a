import { compileModule } from "../../../../src/compiler/wasm/index.ts";
import { callKernel, program } from "../support.ts";
import { arrayOf, FORMATS, halfPattern, halfValue, numberAt, ulps, type Format } from "./formats.ts";
import { FUNCTIONS, GEOMETRIC, type Measured } from "./functions.ts";
import { fromNumber } from "./real.ts";

/** The largest error found, and where. */
export interface Worst {
  readonly ulps: number;
  readonly args: readonly number[];
  readonly got: number;
}

/** Numbers from 0 to 1, the same for the same seed. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Numbers that functions are weak at, as far as the format has them. */
const CORNERS = [
  0, 0.5, 1, 1.5, 2, 3, 10, Math.PI / 4, Math.PI / 2, Math.PI, 2 * Math.PI, 22, 355, 2 ** -14, 2 ** -24, 1023 * 2 ** -24, 65504, 2 ** -126, 2 ** -149, 8388607 * 2 ** -149, 3.4028234663852886e38, 2 ** -1022, 5e-324,
  2.2250738585072009e-308, Number.MAX_VALUE, 0.46875, 0.625, 0.85, Math.SQRT1_2, Math.SQRT2, Math.E, 88.72283, 709.782712893384, 2 ** 31, 2 ** 24, 1 - 2 ** -11, 1 - 2 ** -24, 1 - 2 ** -53, 1 + 2 ** -10, 1 + 2 ** -23, 1 + 2 ** -52,
];

function rounded(format: Format, x: number): number {
  return format.name === "float" ? Math.fround(x) : format.name === "half" ? halfValue(halfPattern(x)) : x;
}

/** A number with a random pattern: of any size. */
function anyNumber(format: Format, random: () => number): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setUint32(0, Math.floor(random() * 2 ** 32));
  view.setUint32(4, Math.floor(random() * 2 ** 32));
  return format.name === "half" ? halfValue(view.getUint16(0)) : format.name === "float" ? view.getFloat32(0) : view.getFloat64(0);
}

function argument(format: Format, kind: "x" | "n", ranges: readonly (readonly [number, number])[], anywhere: boolean, random: () => number): number {
  const pick = Math.floor(random() * (ranges.length + (kind === "x" && anywhere ? 2 : 0)));
  if (pick === ranges.length) return rounded(format, CORNERS[Math.floor(random() * CORNERS.length)]! * (random() < 0.5 ? -1 : 1));
  if (pick > ranges.length) return anyNumber(format, random);
  const [low, high] = ranges[pick]!;
  const value = low + (high - low) * random();
  return kind === "n" ? Math.round(value) : rounded(format, value);
}

const GROUP = 64;

/** Arguments of one kind of call, the finite ones. */
function samples(format: Format, { args, ranges, rangesOnly }: Measured, count: number, random: () => number): number[][] {
  const rows: number[][] = [];
  // Half has so few numbers that all of them can be tried.
  if (format.name === "half" && args.length === 1 && count >= 65536) {
    for (let pattern = 0; pattern < 65536; pattern++) if (Number.isFinite(halfValue(pattern))) rows.push([halfValue(pattern)]);
  }
  while (rows.length < count) {
    const row = args.map((kind, n) => argument(format, kind, ranges[n]!, rangesOnly !== true, random));
    if (row.every(Number.isFinite)) rows.push(row);
  }
  while (rows.length % GROUP !== 0) rows.push(rows[0]!);
  return rows;
}

/** Calls a builtin with each row of arguments, as compiled code. */
function callAll(name: string, format: Format, kinds: readonly ("x" | "n")[], rows: readonly (readonly number[])[]): number[] {
  const base = `_Z${name.length}${name}${kinds.map((kind) => (kind === "x" ? format.code : "i")).join("")}`;
  const types = kinds.map((kind) => (kind === "x" ? format.name : "i32"));
  const inputs = kinds.map((kind, n) => (kind === "x" ? arrayOf(format, rows.map((row) => row[n]!)) : Int32Array.from(rows, (row) => row[n]!)));
  const out = arrayOf(format, rows.map(() => 0));
  program(callKernel(base, format.name, types), compileModule).run("k", [out, ...inputs], rows.length, GROUP);
  return rows.map((_, n) => numberAt(format, out, n));
}

/** The largest error of a function over `count` arguments. */
export function measure(name: string, format: Format, count: number, seed: number): Worst {
  const f = FUNCTIONS[name]!;
  const rows = samples(format, f, count, randomOf(seed));
  let worst: Worst = { ulps: 0, args: rows[0]!, got: 0 };
  callAll(f.call ?? name, format, f.args, rows).forEach((got, n) => {
    const args = rows[n]!;
    const exact = f.exact(...args.map(fromNumber));
    if (exact === null) return;
    const error = typeof exact !== "number" ? ulps(format, got, exact) : Number.isNaN(exact) ? (Number.isNaN(got) ? 0 : Infinity) : ulps(format, got, fromNumber(exact));
    if (error > worst.ulps) worst = { ulps: error, args, got };
  });
  return worst;
}

/** The largest error of a geometric function of vectors of n elements. */
export function measureVector(name: string, n: number, format: Format, count: number, seed: number): Worst {
  const { args, exact } = GEOMETRIC[name]!;
  const fast = name.startsWith("fast_");
  const random = randomOf(seed);
  // Squares of the fast forms may overflow and vanish.
  const ranges = [[-1, 1], [-1000, 1000]] as const;
  const element = (): number => {
    for (;;) {
      const x = argument(format, "x", ranges, !fast, random);
      if (Number.isFinite(x)) return x;
    }
  };
  const rows = Array.from({ length: Math.ceil(count / GROUP) * GROUP }, () => Array.from({ length: args * n }, element));
  const wide = n > 1;
  const type = wide ? `<${n} x ${format.name}>` : format.name;
  const toVector = name.endsWith("normalize") && wide;
  // The second vector is the same type again, which Itanium's names write as a substitution.
  const code = wide ? `Dv${n}_${format.code}${args === 2 ? "S_" : ""}` : format.code.repeat(args);
  const stride = n === 3 ? 4 : n;
  const inputs = Array.from({ length: args }, (_, a) => arrayOf(format, rows.flatMap((row) => Array.from({ length: stride }, (_, i) => (i < n ? row[a * n + i]! : 0)))));
  const out = arrayOf(format, new Array<number>(rows.length * (toVector ? stride : 1)).fill(0));
  program(callKernel(`_Z${name.length}${name}${code}`, toVector ? type : format.name, new Array<string>(args).fill(type)), compileModule).run("k", [out, ...inputs], rows.length, GROUP);
  let worst: Worst = { ulps: 0, args: rows[0]!, got: 0 };
  rows.forEach((row, r) => {
    const wanted = exact(n, row.map(fromNumber));
    if (wanted === null) return;
    ("m" in wanted ? [wanted] : wanted).forEach((value, i) => {
      const got = numberAt(format, out, toVector ? r * stride + i : r);
      const error = ulps(format, got, value);
      if (error > worst.ulps) worst = { ulps: error, args: row, got };
    });
  });
  return worst;
}

/** One line of the table: a function, or a geometric one with its number of elements ("length 3"). */
export interface Row {
  readonly name: string;
  /** ULPs allowed in float, double, half; null: there is no such function. */
  readonly allowed: Measured["allowed"];
  readonly measure: (format: Format, count: number, seed: number) => Worst;
}

/** Every line of the table, in its order. */
export const ROWS: readonly Row[] = [
  ...Object.entries(FUNCTIONS).map(([name, { allowed }]): Row => ({ name, allowed, measure: (format, count, seed) => measure(name, format, count, seed) })),
  ...Object.entries(GEOMETRIC).flatMap(([name, { allowed }]) =>
    [1, 2, 3, 4].map((n): Row => ({ name: `${name} ${n}`, allowed: allowed(n), measure: (format, count, seed) => measureVector(name, n, format, count, seed) }))),
];

/** What a format allows in a row. */
export function allowedIn(row: Row, format: Format): number | null {
  return row.allowed[FORMATS.indexOf(format)]!;
}
