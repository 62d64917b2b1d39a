import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CompileError } from "../../../src/compiler/abi.ts";
import { ptxToIr } from "../../../src/compiler/ptx/index.ts";
import { packParams } from "../wasm/harness.ts";
import { engines, f32, HEAD, PtxBench } from "./bench.ts";
import { expand, layouts, type Layout } from "./sparse-layouts.ts";

/** mma.sp against dense products of an A that is expanded by its metadata, in plain loops; the layouts are sparse-layouts.ts. */

/** Each run has some hundred numbers and every selector; GLASSGPU_RUNS=all makes more of them. A failure is not shrunk: hundreds of numbers take minutes, and the first one shows as much. */
const numRuns = process.env["GLASSGPU_RUNS"] === "all" ? 16 : 1;

/** Bits of small whole numbers. */
function small(x: number, mantissa: number, bias: number, width: number): number {
  if (x === 0) return 0;
  const e = Math.floor(Math.log2(Math.abs(x)));
  return (x < 0 ? 2 ** (width - 1) : 0) + (e + bias) * 2 ** mantissa + (Math.abs(x) / 2 ** e - 1) * 2 ** mantissa;
}
const encode: Readonly<Record<string, (x: number) => number>> = {
  f16: (x) => small(x, 10, 15, 16), bf16: (x) => small(x, 7, 127, 16), tf32: (x) => Number(f32(x)), f32: (x) => Number(f32(x)), e4m3: (x) => small(x, 3, 7, 8), e5m2: (x) => small(x, 2, 15, 8),
  s8: (x) => x & 255, u8: (x) => x, s4: (x) => x & 15, u4: (x) => x, s32: (x) => x >>> 0,
};
const ranges: Readonly<Record<string, readonly [number, number]>> = { e5m2: [-4, 4], s8: [-128, 127], u8: [0, 255], s4: [-8, 7], u4: [0, 15] };

/** Registers of patterns, lowest first. */
function pack(values: readonly number[], bits: number): number[] {
  const per = 32 / bits;
  return Array.from({ length: values.length / per }, (_, r) => values.slice(r * per, (r + 1) * per).reduce((word, v, i) => word + v * 2 ** (i * bits), 0));
}

interface Form {
  readonly layout: Layout;
  readonly d: string;
  readonly a: string;
  readonly b: string;
  readonly mods: string;
  readonly variant: "sp" | "sp::ordered_metadata";
}

const shapes = ["16 k16 f16 f16 f16", "16 k32 f16 f16 f16", "16 k16 f32 f16 f16", "16 k32 f32 f16 f16", "16 k16 f32 bf16 bf16", "16 k32 f32 bf16 bf16", "32 k8 f32 tf32 tf32", "32 k16 f32 tf32 tf32",
  ...["e4m3", "e5m2"].flatMap((a) => ["e4m3", "e5m2"].map((b) => `8 k64 f32 ${a} ${b}`)),
  ...["u", "s"].flatMap((a) => ["u", "s"].flatMap((b) => ["8 k32", "8 k64", "4 k64", "4 k128"].flatMap((shape) => ["", " .satfinite"].map((mods) => `${shape} s32 ${a}${shape[0]} ${b}${shape[0]}${mods}`))))];
const forms = shapes.flatMap((text) => (["sp", "sp::ordered_metadata"] as const).map((variant): readonly [string, Form] => {
  const [bits, k, d, a, b, mods] = text.split(" ") as [string, string, string, string, string, string | undefined];
  return [`mma.${variant}.m16n8${k}${mods ?? ""}.${d}.${a}.${b}`, { layout: layouts[`${bits} ${k}`]!, d, a, b, mods: mods ?? "", variant }];
}));

/** A kernel of one warp: metadata, A, B and C of a lane in, then D for each selector. */
function program({ layout: { k, bits, selectors }, d, a, b, mods, variant }: Form): string {
  const [na, nc] = [(k * bits) / 128, d === "f16" ? 2 : 4];
  const list = (kind: string, n: number, from = 0): string => `{${Array.from({ length: n }, (_, i) => `${kind}${from + i}`).join(", ")}}`;
  const type = d === "f32" ? "f32" : "b32";
  const load = (kind: string, n: number, from: number): string => Array.from({ length: n }, (_, i) => `ld.global.${kind === "c" ? type : "b32"} ${kind}${i}, [%rd1+${4 * (from + i)}];`).join(" ");
  return `${HEAD}.visible .entry k(.param .u64 p, .param .u64 q) { .reg .b64 %rd<4>; .reg .b32 a<4>, b<4>, e<1>, lane; .reg .${type} c<4>, d<4>;
    ld.param.u64 %rd1, [p]; ld.param.u64 %rd2, [q]; mov.u32 lane, %laneid; mul.wide.u32 %rd3, lane, 64; add.u64 %rd1, %rd1, %rd3; add.u64 %rd2, %rd2, %rd3;
    ${load("e", 1, 0)} ${load("a", na, 1)} ${load("b", na, 1 + na)} ${load("c", nc, 1 + 2 * na)}
    ${selectors.map((selector) => `mma.${variant}.sync.aligned.m16n8k${k}.row.col${mods}.${d}.${a}.${b}.${d} ${list("d", nc)}, ${list("a", na)}, ${list("b", na)}, ${list("c", nc)}, e0, ${selector};
    ${Array.from({ length: nc }, (_, i) => `st.global.${type} [%rd2+${4 * (nc * selector + i)}], d${i};`).join(" ")}`).join("\n    ")} ret; }`;
}

interface Case {
  /** 32 words of metadata. */
  readonly words: readonly number[];
  /** Packed A (16 rows), B (k rows), C (16 rows), row-major. */
  readonly a: readonly number[];
  readonly b: readonly number[];
  readonly c: readonly number[];
}

const groups = Array.from({ length: 32 }, (_, lane) => ({ lane, g: lane >> 2, t: lane & 3 }));

/** The fragments of the ISA's formulas: element i of a lane, by row and column. */
function input({ layout: { k, bits }, d, a, b }: Form, data: Case): Uint32Array {
  const out = new Uint32Array(32 * 16);
  // PTX ISA 9.7.14.6.2: what is given of a chunk lies in order in a lane that has two chunks (tf32: one) a register: columns from t times that on; then the same half of the columns higher.
  const per = 32 / bits;
  for (const { lane, g, t } of groups) {
    const fragA = Array.from({ length: (k * 16) / 2 / 32 }, (_, i) => {
      const register = Math.floor(i / per);
      return encode[a]!(data.a[(g + (register % 2 === 1 ? 8 : 0)) * (k / 2) + t * per + (i % per) + (register >= 2 ? 4 * per : 0)]!);
    });
    const fragB = Array.from({ length: (k * 8) / 32 }, (_, i) => encode[b]!(data.b[(t * per + (i % per) + 4 * per * Math.floor(i / per)) * 8 + g]!));
    const fragC = [0, 1, 2, 3].map((i) => encode[d]!(data.c[(i < 2 ? g : g + 8) * 8 + 2 * t + (i & 1)]!));
    out.set([data.words[lane]!, ...pack(fragA, bits), ...pack(fragB, bits), ...pack(fragC, d === "f16" ? 16 : 32)], 16 * lane);
  }
  return out;
}

/** D of a selector as each lane should have it. */
function expected({ layout, d, mods }: Form, data: Case, selector: number): number[][] {
  const { k } = layout;
  const dense = expand(layout, data.words, selector, data.a);
  return groups.map(({ g, t }) => pack([0, 1, 2, 3].map((i) => {
    const [row, column] = [i < 2 ? g : g + 8, 2 * t + (i & 1)];
    let sum = data.c[row * 8 + column]!;
    for (let x = 0; x < k; x++) sum += dense[row * k + x]! * data.b[x * 8 + column]!;
    return encode[d]!(mods === "" ? sum : Math.min(Math.max(sum, -(2 ** 31)), 2 ** 31 - 1));
  }), d === "f16" ? 16 : 32));
}

function run(bench: PtxBench, form: Form, data: Case): number[][][] {
  const nc = form.d === "f16" ? 2 : 4;
  const out = bench.machine.map(32 * 64);
  bench.launch("k", packParams(bench.machine.upload(input(form, data)), out), { block: [32, 1, 1] });
  const words = bench.machine.u32(out, 32 * 16);
  return form.layout.selectors.map((selector) => groups.map(({ lane }) => [...words.slice(16 * lane + nc * selector, 16 * lane + nc * (selector + 1))]));
}

/** Codes that the ISA defines. */
const codes = ({ layout, variant }: Form): number[] => {
  if (layout.chunk === 2) return [0b0100, 0b1110];
  return Array.from({ length: 16 }, (_, code) => code).filter((code) => (variant === "sp" ? (code & 3) !== code >> 2 : (code & 3) < code >> 2));
};
const word = (nibbles: readonly number[]): number => nibbles.reduce((sum, v, i) => sum + v * 16 ** i, 0);

function cases(form: Form): fc.Arbitrary<Case> {
  const { k } = form.layout;
  const within = (type: string, n: number): fc.Arbitrary<number[]> => {
    const [min, max] = ranges[type] ?? [-8, 8];
    return fc.array(fc.integer({ min, max }), { minLength: n, maxLength: n, size: "max" });
  };
  const near = form.d === "s32" ? fc.oneof(fc.integer({ min: -1000, max: 1000 }), fc.integer({ min: 2 ** 31 - 5000, max: 2 ** 31 - 1 }), fc.integer({ min: -(2 ** 31), max: 5000 - 2 ** 31 })) : fc.integer({ min: -8, max: 8 });
  return fc.record({
    words: fc.array(fc.array(fc.constantFrom(...codes(form)), { minLength: 8, maxLength: 8 }).map(word), { minLength: 32, maxLength: 32 }),
    a: within(form.a, 8 * k), b: within(form.b, 8 * k), c: fc.array(near, { minLength: 128, maxLength: 128 }),
  });
}

// The interpreter takes every form, the slower back end one of each shape and kind.
const some = forms.filter(([, { layout, a, b, mods, variant }]) => a === b && mods === "" && (variant === "sp") === (layout.selectors.length < 4) && a !== "u8" && a !== "u4");
test.each([...forms.map((form) => ["interpreter", ...form] as const), ...some.map((form) => ["wasm", ...form] as const)])("%s: %s", (engine, _name, form) => {
  const bench = new PtxBench(program(form), engines.find(([name]) => name === engine)![1]);
  fc.assert(fc.property(cases(form), (data) => {
    expect(run(bench, form, data)).toEqual(form.layout.selectors.map((selector) => expected(form, data, selector)));
  }), { numRuns, seed: 9714, endOnFailure: true });
});

const formOf = (name: string): Form => forms.find(([known]) => known === name)![1];

test("a product with a known result: A has i+j+1 in places 0 and 2 of each chunk, B has n-k", () => {
  // The integration test of MLIR's nvgpu.mma.sp.sync (m16n8k32, halves) has this input, these codes (0x8888) and these results, and is for an sm_80.
  const form = formOf("mma.sp.m16n8k32.f16.f16.f16");
  const data: Case = {
    words: Array.from({ length: 32 }, () => 0x88888888), a: Array.from({ length: 256 }, (_, at) => (at >> 4) + (at & 15) + 1), b: Array.from({ length: 256 }, (_, at) => (at & 7) - (at >> 3)), c: Array.from({ length: 128 }, () => 0),
  };
  const result = run(new PtxBench(program(form)), form, data)[0]!;
  const row = (r: number): number[] => [0, 1, 2, 3].flatMap((t) => { const w = result[4 * (r & 7) + t]![r >> 3]!; return [w & 0xffff, w >>> 16]; });
  const halves = (...values: readonly number[]): number[] => values.map(encode["f16"]!);
  expect(row(0)).toEqual(halves(-2720, -2584, -2448, -2312, -2176, -2040, -1904, -1768));
  expect(row(7)).toEqual(halves(-4400, -4152, -3904, -3656, -3408, -3160, -2912, -2664));
  expect(row(15)).toEqual(halves(-6320, -5944, -5568, -5192, -4816, -4440, -4064, -3688));
});

test("the layouts of full depth are those that CUTLASS reorders metadata to", () => {
  // reorder_meta: by rows first (16 or 32 of them), then in squares of two by two; memory has two columns side by side, and a lane takes 32 bits in turn. An entry is 16 bits (halves, tf32) or 32 of one row.
  for (const name of ["16 k32", "32 k16", "8 k64", "4 k128"]) {
    const layout = layouts[name]!;
    const [narrow, bits] = [layout.bits <= 8, layout.bits <= 8 ? 32 : 16];
    const [group, weave] = narrow ? [16, 2] : [32, 4];
    const columns = (bits / 4) * layout.chunk;
    const random = (row: number, entry: number): number => (Math.imul(row * 2 + entry + 1, 2654435761) >>> 4) % 2 ** bits;
    // Two instructions share what has 16-bit entries: the second has rows from 16 on, and selector 1.
    const memory = new Map<number, number>();
    for (let row = 0; row < group; row++) {
      for (let entry = 0; entry < 2; entry++) {
        const to = (row % 8) * weave + Math.floor(row / 8);
        const [r, c] = to % 2 === 0 && entry === 1 ? [to + 1, 0] : to % 2 === 1 && entry === 0 ? [to - 1, 1] : [to, entry];
        memory.set(2 * r + c, random(row, entry));
      }
    }
    const words = Array.from({ length: 32 }, (_, lane) => (narrow ? memory.get(lane)! : memory.get(2 * lane)! + 65536 * memory.get(2 * lane + 1)!));
    for (const selector of layout.selectors) {
      for (const { half, from, to, lane, low } of layout.cells) {
        expect([columns, to - from]).toEqual([columns, columns]);
        for (let g = 0; g < 8; g++) expect((words[4 * g + lane(selector)]! >>> low) % 2 ** bits, `${name}, selector ${selector}, row ${half + g}, column ${from}`).toBe(random(16 * selector + half + g, from / columns));
      }
    }
  }
});

describe("what the ISA leaves undefined is still the same in every run", () => {
  test("two equal indices take a line of B twice, and ordered indices need no order", () => {
    for (const name of ["mma.sp.m16n8k16.f32.f16.f16", "mma.sp::ordered_metadata.m16n8k32.f32.bf16.bf16", "mma.sp::ordered_metadata.m16n8k64.s32.s8.s8", "mma.sp.m16n8k64.s32.u4.u4"]) {
      const form = formOf(name);
      const bench = new PtxBench(program(form));
      fc.assert(fc.property(cases(form), fc.array(fc.array(fc.integer({ min: 0, max: 15 }), { minLength: 8, maxLength: 8 }).map(word), { minLength: 32, maxLength: 32 }), (base, words) => {
        const data = { ...base, words };
        expect(run(bench, form, data)).toEqual(form.layout.selectors.map((selector) => expected(form, data, selector)));
      }), { numRuns, seed: 9716, endOnFailure: true });
    }
  });

  test("the pairs of .f32.f16.f16.f32 are named by the last bit of the selector", () => {
    const form = formOf("mma.sp.m16n8k32.f32.f16.f16");
    const both = { ...form, layout: { ...form.layout, selectors: [0, 1, 2, 3] } };
    const [data] = fc.sample(cases(form), { numRuns: 1, seed: 9717 });
    const [d0, d1, d2, d3] = run(new PtxBench(program(both)), both, data!);
    expect([d2, d3]).toEqual([d0, d1]);
    expect(d0).not.toEqual(d1);
  });
});

test.each([
  ["m16n8k64.row.col.s32.s8.s8.s32 {d0, d1, d2, d3}, {a0, a1, a2, a3}, {b0, b1, b2, b3}, {d0, d1, d2, d3}, e, 1", "the sparsity selector is 0 with this shape and type"],
  ["m16n8k32.row.col.s32.s8.s8.s32 {d0, d1, d2, d3}, {a0, a1}, {b0, b1}, {d0, d1, d2, d3}, e, 2", "the sparsity selector is 0 to 1 with this shape and type"],
  ["m16n8k16.row.col.f16.f16.f16.f16 {d0, d1}, {a0, a1}, {b0, b1}, {d0, d1}, e, 4", "the sparsity selector is 0 to 3 with this shape and type"],
  ["m16n8k16.row.col.f16.f16.f16.f16 {d0, d1}, {a0, a1}, {b0, b1}, {d0, d1}, e, a0", "the sparsity selector must be a constant"],
  ["m16n8k16.row.col.f16.f16.f16.f16 {d0, d1}, {a0, a1}, {b0, b1}, {d0, d1}, 7, 0", "the metadata must be in a register"],
  ["m16n8k16.row.col.f16.f16.f16.f16 {d0, d1}, {a0, a1, a2, a3}, {b0, b1}, {d0, d1}, e, 0", "2 components are wanted, 4 are given"],
  ["m16n8k16.row.col.f16.f16.f16.f16 {d0, d1}, {a0, a1}, {b0, b1}, {d0, d1}, e", "operands"],
])("refused: %s", (line, message) => {
  const attempt = (): unknown => ptxToIr(`${HEAD}.visible .entry k() { .reg .b32 a<4>, b<4>, d<4>, e; mma.sp.sync.aligned.${line}; ret; }`);
  expect(attempt).toThrow(CompileError);
  expect(attempt).toThrow(message);
});
