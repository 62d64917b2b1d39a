import { expect, test } from "vitest";
import { declarations } from "../declarations.ts";
import { faultsOf, namesOf, type Options, type Reference, type Shape } from "./batch.ts";
import { wrap, type Value } from "./elements.ts";
import { narrowed, type Mode } from "./rounding.ts";

/** Vector data load and store (OpenCL C 3.0 section 6.15.7), prefetch, and shuffles (6.15.14), with every type, width and address space. */
const names = namesOf(declarations());

/** Vectors are read and written at the first or second place of 2 to 16 elements each. */
const PLACES = 2n;

function memory(lanes: number): Options {
  return {
    compiled: 8, rows: 8,
    room: ({ space, lanes: own }: Shape) => (space === null ? own : 2 * (lanes === 3 ? 4 : lanes)),
    // The place: the only parameter of type size_t that is no data.
    row: (args, { name, params }) => {
      const at = name.startsWith("vload") ? 0 : 1;
      if (params[at]!.element.code !== "m" || params[at]!.lanes !== 1) throw new Error(`${name} has no place there`);
      args[at] = [BigInt(args[at]![0]!) % PLACES];
    },
  };
}

const shapeOf = (name: string): { lanes: number; half: boolean; aligned: boolean; mode: Mode } => {
  const match = /^v(?:load|store)(a?)(_half)?(\d*)(?:_(rt[ezpn]))?$/.exec(name)!;
  return { lanes: Number(match[3] === "" ? 1 : match[3]), half: match[2] !== undefined, aligned: match[1] === "a", mode: (match[4] ?? "rte") as Mode };
};

const load: Reference = ({ name, args }) => {
  const { lanes, aligned } = shapeOf(name);
  const step = aligned && lanes === 3 ? 4 : lanes;
  const at = Number(args[0]![0]) * step;
  return { result: args[1]!.slice(at, at + lanes) };
};

const store: Reference = ({ name, args, params }) => {
  const { lanes, aligned, half, mode } = shapeOf(name);
  const step = aligned && lanes === 3 ? 4 : lanes;
  const at = Number(args[1]![0]) * step;
  const left = [...args[2]!] as (Value | null)[];
  args[0]!.forEach((v, n) => (left[at + n] = half ? narrowed(params[2]!.element, Number(v), mode) : v));
  // What fills a vector of three up is open.
  if (aligned && lanes === 3) left[at + 3] = null;
  return { result: [], left: [left] };
};

for (const [kind, reference] of [["vload", load], ["vstore", store]] as const) {
  test.each([...names.keys()].filter((name) => name.startsWith(kind)))("%s", (name) => {
    expect(faultsOf(names.get(name)!, reference, memory(shapeOf(name).lanes))).toEqual([]);
  });
}

test("prefetch leaves everything as it was", () => {
  const list = names.get("prefetch");
  if (list !== undefined) expect(faultsOf(list, ({ args }) => ({ result: [], left: [args[0]!] }), { rows: 8, compiled: 8 })).toEqual([]);
});

/** Masks choose by their low bits. */
const shuffled: Reference = ({ params, args, name }) => {
  const sources = name === "shuffle" ? args.slice(0, 1) : args.slice(0, 2);
  const lanes = params[0]!.lanes;
  const all = sources.flatMap((values) => values);
  const count = BigInt(lanes * sources.length);
  return { result: args.at(-1)!.map((index) => all[Number(BigInt.asUintN(64, wrap(params.at(-1)!.element, BigInt(index))) % count)]!) };
};

test.each(["shuffle", "shuffle2"])("%s", (name) => {
  const list = names.get(name);
  if (list !== undefined) expect(faultsOf(list, shuffled, { compiled: 8, rows: 8 })).toEqual([]);
});
