import { family, reg, type Family } from "./grammar.ts";

/** Components of coordinates by geometry, the layer or sample among them; there are none of three. */
const counts: Readonly<Record<string, number>> = { "1d": 1, "2d": 2, "3d": 4, a1d: 2, a2d: 4, cube: 4, acube: 4, "2dms": 4, a2dms: 4 };
const dimensions: Readonly<Record<string, number>> = { "1d": 1, "2d": 2, "3d": 4, a1d: 1, a2d: 2, cube: 4, acube: 4, "2dms": 2, a2dms: 2 };
const GEOMETRIES = "1d 2d 3d a1d a2d cube acube 2dms a2dms";

const geometryOf = (parts: readonly string[]): string => parts.find((part) => counts[part] !== undefined)!;
const list = (items: readonly string[]): string => `{${items.join(", ")}}`;
const registers = (type: string, count: number, from: number): string[] => Array.from({ length: count }, (_, i) => (type === "f32" ? `f${(from + i) % 12}` : reg(type, from + i)));

/** What is written: as many registers as the vector says. */
function target(type: string, parts: readonly string[], from = 40): string {
  const count = parts.includes("v4") ? 4 : parts.includes("v2") ? 2 : 1;
  const items = registers(type === "f32" ? "b32" : type, count, from);
  return count === 1 ? items[0]! : list(items);
}

function place(parts: readonly string[], type: string): string {
  const g = geometryOf(parts);
  const first = g.startsWith("a") || g.endsWith("ms") ? (g === "a2dms" ? 2 : 1) : 0;
  return `[d30, ${list([...registers("b32", first, 30), ...registers(type, counts[g]! - first, 0)])}]`;
}

interface Extra {
  readonly predicate?: boolean;
  readonly offset?: boolean;
  readonly depth?: boolean;
}

/** Operands of tex: level or gradients, then what there is more. */
const tex = (extra: Extra = {}) => (types: readonly string[], parts: readonly string[]): string => {
  const [to = "f32", by = "f32"] = types;
  const n = dimensions[geometryOf(parts)]!;
  const gradient = (from: number): string => list(registers(by, Math.max(n, 1), from));
  return [
    `${target(to, parts)}${extra.predicate === true ? "|p1" : ""}`, place(parts, by), ...(parts.includes("level") ? [registers(by, 1, 4)[0]!] : []), ...(parts.includes("grad") ? [gradient(4), gradient(8)] : []),
    ...(extra.offset === true ? [n === 1 ? "r20" : list(registers("b32", n, 20))] : []), ...(extra.depth === true ? ["f11"] : []),
  ].join(", ");
};

const surface = (types: readonly string[], parts: readonly string[]): string => {
  const g = geometryOf(parts);
  return `[d30, ${list(registers("b32", counts[g]!, 0))}]${parts[0] === "suld" ? "" : `, ${target(types.at(-1) ?? "b32", parts)}`}`;
};
const load = (types: readonly string[], parts: readonly string[]): string => `${target(types.at(-1) ?? "b32", parts)}, ${surface(types, parts)}`;

const LEVELS = "- base level grad";
const SURFACES = "1d 2d 3d a1d a2d cube";
const CLAMPS = "- trap clamp zero";
const QUERIES = "width height depth channel_data_type channel_order normalized_coords force_unnormalized_coords filter_mode addr_mode_0 addr_mode_1 addr_mode_2 addr_mode_3 num_mipmap_levels num_samples array_size memory_layout";

/** PTX ISA 9.7.10 and 11: textures and surfaces. */
export const textureForms: readonly Family[] = [
  family("tex, types", ["tex", "2d", "- v2 v4 v8", "f32 s32 u32 f16 f16x2 b32 f64 u64 u16 bf16", "f32 s32 u32 f16 f64 b32"], tex()),
  family("tex, geometries", ["tex", LEVELS, GEOMETRIES, "v4", "f32 s32 u32 f16", "f32 s32"], tex()),
  family("tex, pairs of halves", ["tex", LEVELS, GEOMETRIES, "v2", "f16x2", "f32 s32"], tex()),
  family("tex with offsets", ["tex", LEVELS, GEOMETRIES, "v4", "f32", "f32 s32"], tex({ offset: true })),
  family("tex with depth", ["tex", LEVELS, GEOMETRIES, "v4", "f32 s32", "f32 s32"], tex({ depth: true })),
  family("tex with offsets and depth", ["tex", LEVELS, GEOMETRIES, "v4", "f32", "f32 s32"], tex({ offset: true, depth: true })),
  family("tex with predicate", ["tex", LEVELS, GEOMETRIES, "v4", "f32 u32", "f32 s32"], tex({ predicate: true })),
  family("tld4", ["tld4", "- r g b a", GEOMETRIES, "v4", "f32 s32 u32 f16", "f32 s32"], tex()),
  family("tld4, vectors", ["tld4", "r", "2d", "- v2 v4", "f32 s32 u32 f16x2 b32 f64", "f32 s32 f16"], tex()),
  family("tld4 with offsets", ["tld4", "r a", GEOMETRIES, "v4", "f32 u32", "f32"], tex({ offset: true })),
  family("tld4 with depth", ["tld4", "r a", GEOMETRIES, "v4", "f32 u32", "f32"], tex({ depth: true })),
  family("tld4 with predicate", ["tld4", "r a", GEOMETRIES, "v4", "f32 u32", "f32"], tex({ predicate: true })),
  family("txq", ["txq", QUERIES, "b32 b64 u32 s32 b16"], (types) => `${reg(types[0]!, 1)}, [d30]`),
  family("txq of levels", ["txq", "level", QUERIES, "b32 b64"], (types) => `${reg(types[0]!, 1)}, [d30], r2`),
  family("suq", ["suq", QUERIES, "b32 b64 u32 s32 b16"], (types) => `${reg(types[0]!, 1)}, [d30]`),
  family("istypep", ["istypep", "texref samplerref surfref global u32"], "p1, d30"),
  family("suld, geometries", ["suld", "b p -", SURFACES, "- v2 v4", "b8 b16 b32 b64 b128 u32 f32", CLAMPS], load),
  family("suld, caches", ["suld", "b", "2d a2d", "- ca cg cs cv lu wb wt nc", "- v4", "b32", "trap zero"], load),
  family("sust, geometries", ["sust", "b p -", SURFACES, "- v2 v4", "b8 b16 b32 b64 b128 u32 f32", CLAMPS], surface),
  family("sust, caches", ["sust", "b p", "2d a2d", "- wb cg cs wt ca cv", "- v4", "b32", "trap zero"], surface),
  family("sured", ["sured", "b p -", "add min max and or xor inc exch", "1d 2d 3d a1d a2d", "u32 s32 u64 s64 b32 b64 f32", "trap"], surface),
  family("sured, clamps", ["sured", "b p", "add", "2d 3d", "- ca", "u32 b32", CLAMPS], surface),
];
