import { ALL, family, reg, typed, vector, type Family } from "./grammar.ts";

const SEMANTICS = "- weak volatile relaxed acquire release acq_rel sc mmio";
const SCOPES = "- cta cluster gpu sys";
const SPACES = "- global const local param shared shared::cta shared::cluster param::entry param::func";

const where = (parts: readonly string[]): string => {
  const space = parts.find((part) => /^(?:global|const|local|param|shared)/.test(part)) ?? "";
  return space.startsWith("param") ? "[pv]" : space.startsWith("const") ? "[cv]" : space.startsWith("shared") ? "[sv]" : space === "local" ? "[lv]" : space === "global" ? "[gv]" : "[d30]";
};
const width = (parts: readonly string[]): number => Number(/^v(\d)$/.exec(parts.find((part) => /^v\d$/.test(part)) ?? "v1")![1]);
const load = (types: readonly string[], parts: readonly string[]): string => `${vector(types.at(-1) ?? "b32", width(parts))}, ${where(parts)}`;
const store = (types: readonly string[], parts: readonly string[]): string => `${where(parts)}, ${vector(types.at(-1) ?? "b32", width(parts))}`;

/** PTX ISA 9.7.9: data movement. */
export const memoryForms: readonly Family[] = [
  family("mov", ["mov", ALL], (types) => `${reg(types[0]!, 0)}, ${reg(types[0]!, 1)}`),
  family("mov of an address", ["mov", ALL], (types) => `${reg(types[0]!, 0)}, gv`),
  family("mov, packing 2", ["mov", "b16 b32 b64 b128 u32 f32 f64"], (types) => `${reg(types[0]!, 0)}, ${vector(`b${Number(/\d+/.exec(types[0]!)![0]) / 2}`, 2, 1)}`),
  family("mov, unpacking 2", ["mov", "b16 b32 b64 b128 u32 f32 f64"], (types) => `${vector(`b${Number(/\d+/.exec(types[0]!)![0]) / 2}`, 2, 1)}, ${reg(types[0]!, 0)}`),
  family("mov, 4", ["mov", "b32 b64 b128"], (types) => `${reg(types[0]!, 0)}, ${vector(`b${Number(/\d+/.exec(types[0]!)![0]) / 4}`, 4, 1)}`),
  family("ld, order and space", ["ld", SEMANTICS, SCOPES, SPACES, "b32 f64"], load),
  family("ld, order and cache", ["ld", "weak volatile relaxed.gpu acquire.sys mmio.relaxed.sys mmio.relaxed.gpu", "- global", "- ca cg cs lu cv nc L1::evict_first", "- v2", "u32"], load),
  family("ld.nc and cache", ["ld", "- weak relaxed.cta", "global const", "- ca cg cs lu cv", "nc", "- L1::no_allocate", "f32"], load),
  family("ld, cache and vectors", ["ld", "- global shared local const", "- ca cg cs lu cv nc", "- v2 v4", ALL], load),
  family("ld, st of vectors of eight", ["ld st", "- global", "v8", "b32 f32 u64"], (types, parts) => (parts[0] === "ld" ? load : store)(types, parts)),
  family("ld of parameters", ["ld", "param", "- v2 v4", ALL], load),
  family("ld.nc", ["ld", "global", "- ca cg cs", "- nc", "- L1::evict_normal L1::evict_unchanged L1::evict_first L1::evict_last L1::no_allocate", "- L2::64B L2::128B L2::256B", "- v4", "b32 f32 u8 b128"], load),
  family("ld with cache hints", ["ld", "- weak relaxed.gpu", "global shared -", "- nc", "- L1::evict_last", "- L2::evict_first", "L2::cache_hint", "- v2", "b32 b64"], (types, parts) => `${load(types, parts)}, d31`),
  family("ldu", ["ldu", "- global shared", "- v2 v4", ALL], load),
  family("st, order and space", ["st", SEMANTICS, SCOPES, SPACES, "b32 f64"], store),
  family("st, order and cache", ["st", "weak volatile relaxed.gpu release.sys mmio.relaxed.sys mmio.relaxed.gpu", "- global", "- wb cg cs wt L1::evict_first", "- v2", "u32"], store),
  family("st, cache and vectors", ["st", "- global shared local const", "- wb cg cs wt", "- v2 v4", ALL], store),
  family("st, hints", ["st", "- global", "- L1::evict_normal L1::evict_unchanged L1::evict_first L1::evict_last L1::no_allocate", "- L2::64B", "- v4", "b32 u8"], store),
  family("st with cache hints", ["st", "- weak relaxed.gpu", "global shared -", "- L1::evict_last", "L2::cache_hint", "- v2", "b32 b64"], (types, parts) => `${store(types, parts)}, d31`),
  family("prefetch", ["prefetch prefetchu", "- global local shared const param tensormap", "L1 L2 L3 L2::evict_last L2::evict_normal"], (_, parts) => where(parts)),
  family("prefetch.tensormap", ["prefetch", "- const param global", "tensormap"], (_, parts) => where(parts)),
  family("applypriority", ["applypriority", "- global shared", "L2::evict_normal L2::evict_last"], "[d30], 128"),
  family("discard", ["discard", "- global shared", "L2 L1"], "[d30], 128"),
  family("createpolicy, fraction", ["createpolicy", "fractional", "L2::evict_last L2::evict_normal L2::evict_first L2::evict_unchanged", "- L2::evict_first L2::evict_unchanged", "b64 b32"], "d0, 1.0"),
  family("createpolicy, range", ["createpolicy", "range", "- global", "L2::evict_last L2::evict_normal L2::evict_first L2::evict_unchanged", "- L2::evict_first L2::evict_unchanged", "b64"], "d0, [d30], r1, r2"),
  family("createpolicy, conversion", ["createpolicy", "cvt", "L2", "b64 b32"], "d0, d1"),
  family("isspacep", ["isspacep", "global const local shared shared::cta shared::cluster param param::entry generic"], "p0, d0"),
  family("cvta", ["cvta", "- to", "global const local shared shared::cta shared::cluster param param::entry", "u64 b64 u16"], typed(0, 0)),
  family("cvta of a variable", ["cvta", "- to", "global shared", "u64"], (_, parts) => `d0, ${parts.includes("global") ? "gv" : "sv"}`),
  family("mapa", ["mapa", "- shared::cluster shared", "u32 u64 b32"], (types) => `${reg(types[0]!, 0)}, ${reg(types[0]!, 1)}, r2`),
  family("getctarank", ["getctarank", "- shared::cluster", "u32 u64"], (types) => `r0, ${reg(types[0]!, 1)}`),
  family("stack", ["stacksave stackrestore", "u32 u64 b64"], (types) => reg(types[0]!, 0)),
  family("alloca", ["alloca", "u32 u64"], (types) => `${reg(types[0]!, 0)}, ${reg(types[0]!, 1)}, 16`),
];

const ATOMIC_OPS = "and or xor exch add inc dec min max cas sub";
const atomic = (types: readonly string[], parts: readonly string[]): string => {
  const type = types.at(-1) ?? "b32";
  return `${vector(type, width(parts))}, ${where(parts)}, ${vector(type, width(parts), 8)}${parts.includes("cas") ? `, ${reg(type, 5)}` : ""}`;
};
const reduction = (types: readonly string[], parts: readonly string[]): string => `${where(parts)}, ${vector(types.at(-1) ?? "b32", width(parts), 8)}`;

/** PTX ISA 9.7.13.5 and 6: atomics. */
export const atomicForms: readonly Family[] = [
  family("atom, operation and type", ["atom", "- global shared local", ATOMIC_OPS, "- noftz", ALL], atomic),
  family("atom, order", ["atom", SEMANTICS, SCOPES, "- global shared shared::cta shared::cluster const", "add", "u32 f64"], atomic),
  family("atom, order of cas", ["atom", SEMANTICS, SCOPES, "- global shared", "cas exch", "b16 b32 b64 b128"], atomic),
  family("atom, vectors", ["atom", "- relaxed", "- global shared", "add min max exch", "- noftz", "v2 v4 v8", "f32 f16 f16x2 bf16 bf16x2 u32"], atomic),
  family("atom with cache hints", ["atom", "- global shared", "add min cas", "L2::cache_hint", "u32 b32"], (types, parts) => `${atomic(types, parts)}, d31`),
  family("red, operation and type", ["red", "- global shared local", ATOMIC_OPS, "- noftz", ALL], reduction),
  family("red, order", ["red", SEMANTICS, SCOPES, "- global shared shared::cta shared::cluster const", "add", "u32 f64"], reduction),
  family("red, vectors", ["red", "- relaxed", "- global shared", "add min max", "- noftz", "v2 v4 v8", "f32 f16 f16x2 bf16 bf16x2 u32"], reduction),
  family("red with cache hints", ["red", "- global shared", "add min", "L2::cache_hint", "u32 b32"], (types, parts) => `${reduction(types, parts)}, d31`),
  family("red.async", ["red", "async", "- relaxed", "- cluster", "- shared::cluster global", "- mbarrier::complete_tx::bytes", "inc dec min max and or xor add", "u32 s32 b32 u64"], (types) => `[r30], ${reg(types[0]!, 1)}, [r31]`),
  family("membar", ["membar", "- cta gl sys gpu cluster proxy.alias proxy.async"], ""),
  family("fence", ["fence", "- sc acq_rel acquire release relaxed", "- cta cluster gpu sys gl"], ""),
  family("fence.proxy", ["fence", "proxy", "alias async async.global async.shared::cta async.shared::cluster tensormap generic"], ""),
  family("fence.proxy.tensormap", ["fence", "proxy", "tensormap::generic", "release acquire", "cta cluster gpu sys"], (_, parts) => (parts.includes("acquire") ? "[d30], 128" : "")),
  family("fence, others", ["fence", "mbarrier_init acquire release", "release sync_restrict::shared::cluster sync_restrict::shared::cta", "cluster cta"], ""),
];
