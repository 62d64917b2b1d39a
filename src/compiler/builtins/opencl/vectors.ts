import type { Rounding, ValueId } from "../../ir/ops.ts";
import { sizeOf, type Type } from "../../ir/types.ts";
import type { Kit } from "../kit.ts";
import { codeOf, lanesOf } from "./mangle.ts";
import { indexed, loadLanes, storeLanes, typeOfCode, type Lowering, type Lowerings, type Site } from "./site.ts";

/** Vector data load and store (OpenCL C 3.0 section 6.15.7), and shuffles (6.15.14). */

const ROUNDINGS: Readonly<Record<string, Rounding>> = { "": "rn", _rte: "rn", _rtz: "rz", _rtp: "rp", _rtn: "rm" };

/** vloadn(offset, p): p + offset * n, aligned to an element only. */
function vload(n: number): Lowering {
  return (s) => {
    const type = s.result[0]!;
    const size = sizeOf[type];
    return loadLanes(s.k, indexed(s.k, s.place(1), s.args[0]![0]!, n * size), new Array<Type>(n).fill(type), size);
  };
}

/** vstoren(data, offset, p). */
function vstore(n: number): Lowering {
  return (s) => {
    const size = sizeOf[s.k.type(s.args[0]![0]!)];
    storeLanes(s.k, indexed(s.k, s.place(2), s.args[1]![0]!, n * size), s.args[0]!, size);
    return [];
  };
}

/** Halves as floats. The aligned form (vloada) steps by 4 for 3 elements and promises alignment. */
function vloadHalf(n: number, aligned: boolean): Lowering {
  return (s) => {
    const step = aligned && n === 3 ? 4 : n;
    const patterns = loadLanes(s.k, indexed(s.k, s.place(1), s.args[0]![0]!, 2 * step), new Array<Type>(n).fill("i16"), aligned ? 2 * step : 2);
    return patterns.map((v) => s.k.conv("f16tof32", "f32", v));
  };
}

function vstoreHalf(n: number, aligned: boolean, round: Rounding): Lowering {
  return (s) => {
    const { k } = s;
    const step = aligned && n === 3 ? 4 : n;
    const patterns = s.args[0]!.map((v) => k.conv(k.type(v) === "f64" ? "f64tof16" : "f32tof16", "i16", v, round));
    storeLanes(k, indexed(k, s.place(2), s.args[1]![0]!, 2 * step), patterns, aligned ? 2 * step : 2);
    return [];
  };
}

/** values[index], the index modulo the number of values (a power of two for OpenCL vectors, 3 counting as 4). */
function pick(k: Kit, values: readonly ValueId[], index: ValueId, constant: bigint | null): ValueId {
  const count = values.length === 3 ? 4 : values.length;
  if (constant !== null) return values[Number(BigInt.asUintN(64, constant) % BigInt(count))] ?? values[0]!;
  const at = k.and(index, k.like(index, count - 1));
  return values.reduce((result, v, n) => (n === 0 ? v : k.select(k.icmp("eq", at, k.like(at, n)), v, result)));
}

function shuffle(sources: number): Lowering {
  return (s: Site) => {
    const values = s.args.slice(0, sources).flatMap((v) => (lanesOf(s.params[0]) === 3 ? [...v, v[0]!] : v));
    const constants = s.constants(sources);
    return s.args[sources]!.map((index, n) => pick(s.k, values, index, constants[n] ?? null));
  };
}

const SIZES = [2, 3, 4, 8, 16];
const half: Record<string, Lowering> = {};
for (const n of [1, ...SIZES]) {
  const suffix = n === 1 ? "" : String(n);
  half[`vload_half${suffix}`] = vloadHalf(n, false);
  half[`vloada_half${suffix}`] = vloadHalf(n, true);
  for (const [mode, round] of Object.entries(ROUNDINGS)) {
    half[`vstore_half${suffix}${mode}`] = vstoreHalf(n, false, round);
    half[`vstorea_half${suffix}${mode}`] = vstoreHalf(n, true, round);
  }
}

/** Lowerings of vector loads, stores and shuffles, by name. */
export const vectorMemory: Lowerings = {
  ...Object.fromEntries(SIZES.flatMap((n) => [[`vload${n}`, vload(n)], [`vstore${n}`, vstore(n)]])),
  ...half,
  shuffle: shuffle(1),
  shuffle2: shuffle(2),
  vec_step: (s) => [s.k.i(lanesOf(s.params[0]) === 3 ? 4 : lanesOf(s.params[0]))],
};

/** IR type of the elements behind pointer argument `n`. */
export function pointee(s: Site, n: number): Type {
  return typeOfCode[codeOf(s.params[n])] ?? s.fail(`${s.base} on this type`);
}
