import type { Mnemonic } from "../mnemonic.ts";
import { has, hasLike } from "./rules/rule.ts";

/** What an instruction wants of the module it stands in: the least `.target`, the least `.version` (8.3 is 83). */
export interface Needs {
  readonly sm: number;
  readonly version: number;
}

/** Sets of modifiers and types that came with an architecture or a version of the ISA. The higher need counts, of those that apply. */
type Need = readonly [applies: (m: Mnemonic) => boolean, sm: number, version: number];

const type = (m: Mnemonic, ...names: readonly string[]): boolean => m.types.some(({ name }) => names.includes(name));
const bf16 = (m: Mnemonic): boolean => type(m, "bf16", "bf16x2");
const f16 = (m: Mnemonic): boolean => type(m, "f16", "f16x2");
const strong = (m: Mnemonic): boolean => has(m, "relaxed", "acquire", "release", "acq_rel");
const scope = (m: Mnemonic): boolean => has(m, "cta", "gpu", "sys", "cluster");
const always = (): boolean => true;
const mod = (...mods: readonly string[]) => (m: Mnemonic): boolean => has(m, ...mods);

/** Pairs of 16-bit integers, and brain floats where arithmetic on them came late. */
const sums: readonly Need[] = [[f16, 53, 42], [bf16, 90, 78], [(m) => type(m, "u16x2", "s16x2"), 90, 80], [(m) => type(m, "f32x2"), 100, 86]];
const signs: readonly Need[] = [[f16, 53, 60], [bf16, 80, 70]];
const extremes: readonly Need[] = [[f16, 80, 70], [bf16, 80, 70], [mod("NaN"), 80, 70], [mod("xorsign"), 86, 72], [mod("relu"), 90, 80], [(m) => type(m, "u16x2", "s16x2"), 90, 80]];
const comparisons: readonly Need[] = [[f16, 53, 42], [bf16, 90, 78]];

/** Spaces, scopes, types and hints that several kinds of access have. */
const access: readonly Need[] = [
  [mod("shared::cta"), 30, 78], [mod("shared::cluster", "cluster"), 90, 78], [mod("param::entry", "param::func"), 20, 83],
  [(m) => type(m, "b128"), 70, 83], [mod("L2::64B", "L2::128B"), 75, 74], [mod("L2::256B", "L2::cache_hint"), 80, 74], [(m) => hasLike(m, "L1::"), 70, 74],
  [strong, 70, 60], [mod("mmio"), 70, 82],
];
const wide: readonly Need[] = [[(m) => m.types[0] !== undefined && m.types[0].bits * (has(m, "v8") ? 8 : has(m, "v4") ? 4 : 1) > 128, 100, 88]];
const atomics: readonly Need[] = [
  ...access, [scope, 60, 50], [(m) => type(m, "f64"), 60, 50], [(m) => type(m, "f16x2"), 60, 62], [(m) => type(m, "f16"), 70, 63], [bf16, 90, 78],
  [(m) => type(m, "b16"), 70, 63], [(m) => type(m, "b128"), 90, 83], [(m) => type(m, "b128") && has(m, "sys"), 90, 84], [mod("v2", "v4", "v8"), 90, 81], [mod("async"), 90, 81],
];
const matrices: readonly Need[] = [
  [always, 70, 60], [mod("m16n16k8"), 80, 70], [(m) => type(m, "s8", "u8"), 72, 63], [(m) => type(m, "s4", "u4", "b1"), 75, 63], [(m) => type(m, "bf16", "tf32", "f64"), 80, 70], [mod("and.popc", "and"), 80, 71],
];

const shape = (...shapes: readonly string[]) => (m: Mnemonic): boolean => has(m, ...shapes);
/** The small shapes of Volta and Turing; everything else came with Ampere and later. */
const early = (m: Mnemonic): boolean => (has(m, "m8n8k4") && type(m, "f16")) || (has(m, "m16n8k8") && type(m, "f16")) || has(m, "m8n8k16", "m8n8k32", "m8n8k128");
const products: readonly Need[] = [
  [always, 70, 64], [(m) => early(m) && !has(m, "m8n8k4"), 75, 65], [shape("m8n8k128"), 75, 70], [(m) => !early(m), 80, 70], [mod("and"), 80, 71],
  [(m) => type(m, "f64") && !has(m, "m8n8k4"), 90, 78], [(m) => type(m, "e4m3", "e5m2"), 89, 84], [(m) => type(m, "e4m3", "e5m2") && (has(m, "m16n8k16") || type(m, "f16")), 89, 87],
  [mod("sp", "sp::ordered_metadata"), 80, 71], [mod("sp::ordered_metadata"), 80, 85],
];

const conversions: readonly Need[] = [
  [mod("pack"), 72, 65], [(m) => has(m, "pack") && type(m, "u4", "s4"), 75, 65], [f16, 53, 42],
  [(m) => bf16(m) && !(type(m, "f32") && m.types[0]!.bits === 16) && !(m.types[0]!.name === "f32" && !has(m, "ftz")) && m.types[0]!.kind !== "p", 90, 78],
  [(m) => bf16(m), 80, 70], [(m) => bf16(m) && m.types[0]!.name === "f32", 80, 71],
  [mod("relu"), 80, 70], [(m) => has(m, "satfinite"), 75, 81], [(m) => has(m, "satfinite") && !type(m, "f16"), 80, 81],
  [(m) => m.types[0]?.kind === "p", 80, 70], [(m) => type(m, "tf32"), 80, 70], [(m) => type(m, "tf32") && has(m, "rn", "rz"), 90, 78], [(m) => type(m, "tf32") && has(m, "rn", "rz") && has(m, "satfinite"), 100, 86],
  [(m) => type(m, "e4m3x2", "e5m2x2"), 89, 81],
];

const barriers: readonly Need[] = [[mod("cta"), 30, 78], [mod("cluster"), 90, 78], [(m) => has(m, "cluster") && (strong(m)), 90, 80], [mod("warp"), 30, 60]];
const mbarriers: readonly Need[] = [
  [always, 80, 70], [mod("shared::cta"), 80, 78], [mod("try_wait"), 90, 78], [mod("parity"), 80, 71], [mod("shared::cluster", "cluster", "expect_tx", "complete_tx"), 90, 80],
  [mod("acquire", "release"), 80, 80], [(m) => has(m, "relaxed") && !has(m, "expect_tx", "complete_tx"), 90, 86], [(m) => has(m, "relaxed") && has(m, "arrive", "arrive_drop"), 90, 86],
];

/** By opcode, what came when (PTX ISA, "PTX ISA Notes" and "Target ISA Notes" of each instruction; the assembler of CUDA 13.0 was asked from sm_75 and 6.3 on). */
const needsByOp: ReadonlyMap<string, readonly Need[]> = new Map<string, readonly Need[]>(Object.entries({
  add: sums, sub: sums, mul: sums, mad: [],
  fma: [[f16, 53, 42], [bf16, 80, 70], [mod("relu"), 80, 70], [mod("oob"), 90, 81], [(m) => type(m, "f32x2"), 100, 86]],
  neg: signs, abs: [...signs, [f16, 53, 65]], min: extremes, max: extremes,
  szext: [[always, 70, 76]], bmsk: [[always, 70, 76]], dp4a: [[always, 61, 50]], dp2a: [[always, 61, 50]], lop3: [[mod("or", "and", "xor"), 70, 82], [always, 50, 43]],
  tanh: [[always, 75, 70], [bf16, 90, 78]], ex2: [[f16, 75, 70], [bf16, 90, 78]],
  set: [...comparisons, [(m) => f16(m) && m.types[0]!.kind !== "h" && m.types[0]!.kind !== "p", 53, 65]], setp: comparisons,
  cvt: conversions,
  ld: [...access, ...wide], st: [...access, ...wide, [mod("async"), 90, 81]], ldu: access,
  prefetch: [[(m) => hasLike(m, "L2::"), 80, 74], [mod("tensormap"), 90, 80]],
  applypriority: [[always, 80, 74]], discard: [[always, 80, 74]], createpolicy: [[always, 80, 74]],
  isspacep: [...access, [mod("param"), 70, 77]], cvta: [...access, [mod("param"), 70, 77]], mapa: [[always, 90, 78]], getctarank: [[always, 90, 78]],
  stacksave: [[always, 52, 73]], stackrestore: [[always, 52, 73]], alloca: [[always, 52, 73]],
  atom: atomics, red: atomics,
  membar: [[mod("proxy"), 70, 75]],
  fence: [[always, 70, 60], [mod("cluster"), 90, 78], [(m) => hasLike(m, "async"), 90, 80], [mod("alias"), 70, 75], [(m) => hasLike(m, "tensormap"), 90, 83], [mod("mbarrier_init"), 90, 80], [(m) => hasLike(m, "sync_restrict"), 90, 86]],
  bar: barriers, barrier: [[always, 30, 60], ...barriers],
  vote: [[mod("sync"), 30, 60]], shfl: [[mod("sync"), 30, 60]], match: [[always, 70, 60]], activemask: [[always, 30, 62]], redux: [[always, 80, 70]], elect: [[always, 90, 80]],
  griddepcontrol: [[always, 90, 78]], nanosleep: [[always, 70, 63]], setmaxnreg: [[always, 90, 80]],
  mbarrier: mbarriers,
  cp: [[always, 80, 70], [mod("shared::cta"), 80, 70], [(m) => hasLike(m, "L2::"), 80, 74], [(m) => has(m, "mbarrier") && has(m, "shared::cta"), 80, 78], [mod("bulk"), 90, 80], [(m) => has(m, "bulk") && m.mods.indexOf("shared::cta") >= 0 && m.mods.indexOf("shared::cta") < m.mods.indexOf("global"), 90, 86]],
  sured: [[(m) => has(m, "min", "max") && m.types[0]?.bits === 64, 50, 81]],
  wmma: matrices, mma: products, ldmatrix: [[always, 75, 65], [mod("shared::cta"), 75, 78]], stmatrix: [[always, 90, 78]], movmatrix: [[always, 75, 78]],
} satisfies Record<string, readonly Need[]>));

const nothing: Needs = { sm: 0, version: 0 };

/** What the instruction of this name wants; asked once for each different mnemonic. */
export function needsOf(m: Mnemonic): Needs {
  let { sm, version } = nothing;
  for (const [applies, target, isa] of needsByOp.get(m.op) ?? []) {
    if (!applies(m)) continue;
    sm = Math.max(sm, target);
    version = Math.max(version, isa);
  }
  return { sm, version };
}

/**
 * Forms that went: votes and shuffles of whoever is there, on architectures whose lanes go their own ways, and saturation of halves.
 * @returns the version from which on it is not there; Infinity when it still is
 */
export function goneFrom(m: Mnemonic): number {
  if ((m.op === "vote" || m.op === "shfl") && !has(m, "sync")) return 64;
  return m.op === "wmma" && has(m, "satfinite") && !type(m, "s32") ? 65 : Infinity;
}
