import { family, type Family } from "./grammar.ts";

const list = (kind: string, from: number, count: number): string => (count === 1 ? `{${kind}${from}}` : `{${Array.from({ length: count }, (_, i) => `${kind}${from + i}`).join(", ")}}`);
const bits = (type: string): number => ({ b1: 1, u4: 4, s4: 4, u8: 8, s8: 8, e4m3: 8, e5m2: 8, f16: 16, bf16: 16, tf32: 32, f32: 32, s32: 32, f64: 64 })[type] ?? 32;
/** Registers that hold this many elements of the type in each of 32 lanes. */
const fragment = (type: string, elements: number, from: number): string => (bits(type) === 64 ? list("d", from, elements / 32) : list("r", from, Math.max(1, (elements * bits(type)) / 1024)));
const shapeOf = (parts: readonly string[]): [number, number, number] => {
  const found = /^m(\d+)n(\d+)k(\d+)$/.exec(parts.find((part) => /^m\d+n\d+k\d+$/.test(part))!)!;
  return [Number(found[1]), Number(found[2]), Number(found[3])];
};

/** Types of A and B: those that go together, and some that do not. */
const PAIRS = ["b1.b1", "u4.u4", "u4.s4", "s4.u4", "s4.s4", "u8.u8", "u8.s8", "s8.u8", "s8.s8", "e4m3.e4m3", "e4m3.e5m2", "e5m2.e4m3", "e5m2.e5m2", "f16.f16", "bf16.bf16", "tf32.tf32", "f64.f64", "f16.bf16", "s8.s4", "tf32.f16", "b1.u4"];
/** Types of D and C round those of A and B. */
const around = (pairs: readonly string[]): string => ["f16 f16", "f32 f32", "s32 s32", "f64 f64", "f16 f32", "f32 f16", "s32 f32"].flatMap((dc) => { const [d, c] = dc.split(" "); return pairs.map((pair) => `${d}.${pair}.${c}`); }).join(" ");
const mma = (types: readonly string[], parts: readonly string[]): string => {
  const [m, n, k] = shapeOf(parts);
  const [d, a, b, c] = parts.filter((part) => /^(?:[busf]\d+|bf16|tf32|e\dm\d)$/.test(part)) as [string, string, string, string];
  void types;
  return [fragment(d, m * n, 0), fragment(a, m * k, 8), fragment(b, k * n, 16), fragment(c, m * n, 24)].join(", ");
};
const sparse = (parts: readonly string[], metadata = "r63", selector = "0"): string => {
  const [m, n, k] = shapeOf(parts);
  const [d, a, b, c] = parts.filter((part) => /^(?:[busf]\d+|bf16|tf32|e\dm\d)$/.test(part)) as [string, string, string, string];
  return [fragment(d, m * n, 0), fragment(a, (m * k) / 2, 8), fragment(b, k * n, 16), fragment(c, m * n, 24), metadata, selector].join(", ");
};
const fragmentsOfWmma = (which: "a" | "b" | "c", type: string, [m, n, k]: [number, number, number], from: number): string => {
  if (type === "f16") return which === "c" ? list("r", from, 4) : list("r", from, 8);
  if (type === "bf16") return list("r", from, (which === "a" ? m : n) === 8 ? 2 : (which === "a" ? m : n) === 32 ? 8 : 4);
  if (which === "c") return type === "f64" ? list("d", from, 2) : list("r", from, (m * n) / 32);
  if (type === "f64") return list("d", from, 1);
  if (type === "tf32") return list("r", from, 4);
  return list("r", from, Math.max(1, ((which === "a" ? m * k : n * k) * bits(type)) / 1024));
};
const wmmaTypes = (parts: readonly string[]): string[] => parts.filter((part) => /^(?:[busf]\d+|bf16|tf32)$/.test(part));

/** PTX ISA 9.7.14: matrices. */
export const matrixForms: readonly Family[] = [
  family("mma", ["mma", "sync", "aligned", "m8n8k4 m8n8k16 m8n8k32 m8n8k128 m16n8k4 m16n8k8 m16n8k16 m16n8k32 m16n8k64 m16n8k128 m16n8k256", "row", "col", around(PAIRS)], mma),
  family("mma of quads", ["mma", "sync", "aligned", "m8n8k4", "row col", "row col", "f16 f32", "f16 bf16", "f16", "f16 f32"], (_, parts) => {
    const [d, , , c] = parts.slice(6) as [string, string, string, string];
    return [list("r", 0, d === "f16" ? 4 : 8), list("r", 8, 2), list("r", 16, 2), list("r", 24, c === "f16" ? 4 : 8)].join(", ");
  }),
  family("mma, layouts", ["mma", "sync", "aligned", "m16n8k8 m16n8k16", "row col", "row col", "f16 f32", "f16", "f16", "f16 f32"], mma),
  family("mma, saturating", ["mma", "sync", "aligned", "m8n8k16 m16n8k16 m16n8k32 m16n8k64", "row", "col", "satfinite", "s32 f32", "u8 s8 u4 f16", "u8 s8 u4 f16", "s32 f32"], mma),
  family("mma of bits", ["mma", "sync", "aligned", "m8n8k128 m16n8k128 m16n8k256", "row", "col", "s32", "b1", "b1", "s32", "xor.popc and.popc or.popc"], (types, parts) => mma(types, parts)),
  family("mma without sync", ["mma", "- sync", "- aligned", "m16n8k8", "row", "col", "f32", "f16", "f16", "f32"], mma),
  family("wmma.load", ["wmma", "load", "a b c", "sync", "aligned", "row col", "m16n16k16 m8n32k16 m32n8k16 m8n8k32 m8n8k128 m16n16k8 m8n8k4", "- global shared", "f16 bf16 f32 s32 u8 s8 u4 s4 b1 tf32 f64"], (_, parts) =>
    `${fragmentsOfWmma(parts[2] as "a", wmmaTypes(parts).at(-1)!, shapeOf(parts), 0)}, ${parts.includes("shared") ? "[sv]" : "[d30]"}, r63`),
  family("wmma.store", ["wmma", "store", "d", "sync", "aligned", "row col", "m16n16k16 m8n32k16 m32n8k16 m8n8k32 m8n8k128 m16n16k8 m8n8k4", "- global shared", "f16 f32 s32 f64 bf16"], (_, parts) =>
    `${parts.includes("shared") ? "[sv]" : "[d30]"}, ${fragmentsOfWmma("c", wmmaTypes(parts).at(-1)!, shapeOf(parts), 0)}`),
  family("wmma.mma of halves", ["wmma", "mma", "sync", "aligned", "row col", "row col", "m16n16k16 m8n32k16 m32n8k16 m8n8k4", "f16 f32", "f16 f32", "- satfinite"], (_, parts) => {
    const shape = shapeOf(parts);
    const [d, c] = wmmaTypes(parts) as [string, string];
    return [fragmentsOfWmma("c", d, shape, 0), fragmentsOfWmma("a", "f16", shape, 8), fragmentsOfWmma("b", "f16", shape, 16), fragmentsOfWmma("c", c, shape, 24)].join(", ");
  }),
  family("wmma.mma", ["wmma", "mma", "- xor.popc and.popc", "sync", "aligned", "row", "col", "m16n16k16 m8n32k16 m32n8k16 m8n8k32 m8n8k128 m16n16k8 m8n8k4", "- rn rz rp", around(PAIRS.filter((pair) => !pair.startsWith("e"))), "- satfinite"], (_, parts) => {
    const shape = shapeOf(parts);
    const [d, a, b, c] = wmmaTypes(parts) as [string, string, string, string];
    return [fragmentsOfWmma("c", d, shape, 0), fragmentsOfWmma("a", a, shape, 8), fragmentsOfWmma("b", b, shape, 16), fragmentsOfWmma("c", c, shape, 24)].join(", ");
  }),
  family("ldmatrix", ["ldmatrix", "sync", "aligned", "m8n8 m16n16 m8n16", "x1 x2 x4", "- trans", "- shared shared::cta shared::cluster global", "b16 b8 b32"], (_, parts) => `${list("r", 0, Number(parts.find((part) => /^x\d$/.test(part))![1]))}, ${parts.some((part) => part.startsWith("shared")) ? "[sv]" : "[d30]"}`),
  family("stmatrix", ["stmatrix", "sync", "aligned", "m8n8 m16n8", "x1 x2 x4", "- trans", "- shared shared::cta shared::cluster", "b16 b8"], (_, parts) => `${parts.some((part) => part.startsWith("shared")) ? "[sv]" : "[d30]"}, ${list("r", 0, Number(parts.find((part) => /^x\d$/.test(part))![1]))}`),
  family("movmatrix", ["movmatrix", "- sync", "- aligned", "m8n8 m16n16", "- trans", "b16 b8 b32"], "r0, r1"),
  family("mma.sp", ["mma", "sp sp::ordered_metadata", "sync", "aligned", "m16n8k8 m16n8k16 m16n8k32 m16n8k64 m16n8k128", "row", "col", around(PAIRS.slice(1))], (_, parts) => sparse(parts)),
  family("mma.sp, saturating", ["mma", "sp sp::ordered_metadata", "sync", "aligned", "m16n8k16 m16n8k32 m16n8k64 m16n8k128", "row", "col", "satfinite", "s32 f32", "u8 s8 u4 s4 f16", "u8 s8 u4 s4 f16", "s32 f32"], (_, parts) => sparse(parts)),
  family("mma.sp, layouts", ["mma", "sp", "- sync", "- aligned", "m16n8k32", "row col", "row col", "f32", "f16", "f16", "f32"], (_, parts) => sparse(parts)),
  {
    name: "mma.sp, selectors", lines: ["sp", "sp::ordered_metadata"].flatMap((variant) => [
      "m16n8k16.row.col.f32.f16.f16.f32", "m16n8k32.row.col.f32.f16.f16.f32", "m16n8k32.row.col.f16.f16.f16.f16", "m16n8k16.row.col.f32.bf16.bf16.f32", "m16n8k32.row.col.f32.bf16.bf16.f32", "m16n8k8.row.col.f32.tf32.tf32.f32", "m16n8k16.row.col.f32.tf32.tf32.f32",
      "m16n8k64.row.col.f32.e4m3.e5m2.f32", "m16n8k32.row.col.s32.s8.u8.s32", "m16n8k64.row.col.s32.u8.u8.s32", "m16n8k64.row.col.s32.s4.s4.s32", "m16n8k128.row.col.s32.u4.s4.s32",
    ].flatMap((rest) => {
      const parts = `mma.${variant}.sync.aligned.${rest}`.split(".");
      return ["0", "1", "2", "3", "4", "-1", "r62", "0x1", "1U", "1+1"].map((selector) => `${parts.join(".")} ${sparse(parts, "r63", selector)}`).concat(["5", "d1"].map((metadata) => `${parts.join(".")} ${sparse(parts, metadata)}`));
    })),
  },
];
