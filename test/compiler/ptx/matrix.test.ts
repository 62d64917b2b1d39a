import { describe, expect, test } from "vitest";
import { packParams } from "../wasm/harness.ts";
import { f32, fixture, HEAD, PtxBench } from "./bench.ts";

/** Small integers, so that every format holds them and every order of summing gives the same. */
const entries = (n: number, seed: number, low: number, high: number): number[] => Array.from({ length: n }, (_, i) => low + ((Math.imul(i + seed, 2654435761) >>> 8) % (high - low + 1)));

/** Patterns of small integers in each format. */
const encode: Record<string, (x: number) => bigint> = {
  f16: (x) => half(x), bf16: (x) => f32(x) >> 16n, tf32: f32, f32,
  s8: (x) => BigInt.asUintN(8, BigInt(x)), u8: (x) => BigInt(x), s4: (x) => BigInt.asUintN(4, BigInt(x)), u4: (x) => BigInt(x),
  e4m3: (x) => fp8(x, 3, 7), e5m2: (x) => fp8(x, 2, 15), b1: (x) => BigInt(x), s32: (x) => BigInt.asUintN(32, BigInt(x)),
};
function small(x: number, mantissaBits: number, bias: number): bigint {
  if (x === 0) return 0n;
  const e = Math.floor(Math.log2(Math.abs(x)));
  const m = (Math.abs(x) / 2 ** e - 1) * 2 ** mantissaBits;
  return (BigInt(e + bias) << BigInt(mantissaBits)) | BigInt(m);
}
const half = (x: number): bigint => small(x, 10, 15) | (x < 0 ? 0x8000n : 0n);
const fp8 = (x: number, mantissaBits: number, bias: number): bigint => small(x, mantissaBits, bias) | (x < 0 ? 0x80n : 0n);
const widthOf = (type: string): number => ({ f16: 16, bf16: 16, tf32: 32, s8: 8, u8: 8, s4: 4, u4: 4, e4m3: 8, e5m2: 8, b1: 1, f64: 64 })[type]!;

/** Registers of one lane from the elements it holds, lowest first. */
function packWords(values: readonly bigint[], width: number): bigint[] {
  const per = Math.max(1, 32 / width);
  return Array.from({ length: values.length / per }, (_, r) => values.slice(r * per, (r + 1) * per).reduce((w, v, i) => w | (v << BigInt(i * width)), 0n));
}

interface Config {
  readonly shape: readonly [m: number, k: number];
  readonly a: string;
  readonly b: string;
  readonly d: string;
  readonly mods?: string;
  readonly range?: readonly [number, number];
}

const configs: Config[] = [
  { shape: [16, 8], a: "f16", b: "f16", d: "f32" }, { shape: [16, 16], a: "f16", b: "f16", d: "f32" }, { shape: [16, 16], a: "f16", b: "f16", d: "f16" }, { shape: [16, 8], a: "f16", b: "f16", d: "f16" },
  { shape: [16, 8], a: "bf16", b: "bf16", d: "f32" }, { shape: [16, 16], a: "bf16", b: "bf16", d: "f32" },
  { shape: [16, 4], a: "tf32", b: "tf32", d: "f32" }, { shape: [16, 8], a: "tf32", b: "tf32", d: "f32" },
  { shape: [16, 16], a: "e4m3", b: "e5m2", d: "f32" }, { shape: [16, 32], a: "e5m2", b: "e4m3", d: "f32" },
  { shape: [16, 16], a: "e4m3", b: "e5m2", d: "f16" }, { shape: [16, 32], a: "e5m2", b: "e4m3", d: "f16" },
  { shape: [8, 16], a: "s8", b: "s8", d: "s32" }, { shape: [16, 16], a: "s8", b: "u8", d: "s32", range: [0, 7] }, { shape: [16, 32], a: "s8", b: "s8", d: "s32" }, { shape: [16, 32], a: "u8", b: "u8", d: "s32", mods: ".satfinite", range: [0, 200] },
  { shape: [8, 32], a: "s4", b: "s4", d: "s32" }, { shape: [16, 32], a: "u4", b: "u4", d: "s32", range: [0, 15] }, { shape: [16, 64], a: "s4", b: "s4", d: "s32" },
  { shape: [8, 128], a: "b1", b: "b1", d: "s32", mods: ".xor.popc", range: [0, 1] }, { shape: [16, 256], a: "b1", b: "b1", d: "s32", mods: ".and.popc", range: [0, 1] },
];

/** Where the ISA puts element (row, col) of a fragment: by lane, position among the lane's elements. */
function fragment(rows: number, k: number, perRegister: number, value: (row: number, col: number) => bigint, width: number): bigint[][] {
  return Array.from({ length: 32 }, (_, lane) => {
    const [g, t] = [lane >> 2, lane & 3];
    const values: bigint[] = [];
    const halves = rows / 8;
    for (let r = 0; r < (rows * k) / 32 / perRegister; r++) {
      for (let e = 0; e < perRegister; e++) values.push(value(g + 8 * (r % halves), t * perRegister + e + 4 * perRegister * Math.floor(r / halves)));
    }
    return packWords(values, width);
  });
}

test.each(configs.map((c) => [`mma.m${c.shape[0]}n8k${c.shape[1]}.${c.d}.${c.a}.${c.b}${c.mods ?? ""}`, c] as const))("%s", (_name, c) => {
  const [m, k] = c.shape;
  const [low, high] = c.range ?? [-4, 3];
  const [a, b, start] = [entries(m * k, 1, low, high), entries(k * 8, 2, low, high), entries(m * 8, 3, -8, 8)];
  const width = widthOf(c.a);
  const per = Math.max(1, 32 / width);
  const aWords = fragment(m, k, per, (row, col) => encode[c.a]!(a[row * k + col]!), width);
  const bWords = fragment(8, k, per, (col, row) => encode[c.b]!(b[row * 8 + col]!), width);
  const count = m / 4;
  const place = (lane: number, i: number): number => ((lane >> 2) + 8 * (i >> 1)) * 8 + (lane & 3) * 2 + (i & 1);
  const cWords = Array.from({ length: 32 }, (_, lane) => packWords(Array.from({ length: count }, (_u, i) => encode[c.d]!(start[place(lane, i)]!)), c.d === "f16" ? 16 : 32));
  const [na, nb, nc] = [aWords[0]!.length, bWords[0]!.length, cWords[0]!.length];
  const data = new Uint32Array(32 * 16);
  for (let lane = 0; lane < 32; lane++) [...aWords[lane]!, ...bWords[lane]!, ...cWords[lane]!].forEach((w, i) => { data[16 * lane + i] = Number(w); });
  const list = (prefix: string, n: number): string => `{${Array.from({ length: n }, (_, i) => `${prefix}${i}`).join(", ")}}`;
  const loads = [["a", na, 0], ["b", nb, na], ["c", nc, na + nb]].flatMap(([p, n, at]) => Array.from({ length: n as number }, (_, i) => `ld.global.b32 ${p}${i}, [%rd1+${4 * ((at as number) + i)}];`));
  const popc = c.mods?.includes("popc") ?? false;
  const instruction = popc
    ? `mma.sync.aligned.m${m}n8k${k}.row.col.${c.d}.${c.a}.${c.b}.${c.d}${c.mods}`
    : `mma.sync.aligned.m${m}n8k${k}.row.col${c.mods ?? ""}.${c.d}.${c.a}.${c.b}.${c.d}`;
  const bench = new PtxBench(`${HEAD}.visible .entry k(.param .u64 p, .param .u64 q) { .reg .b64 %rd<4>; .reg .b32 a<8>, b<8>, lane; .reg .${c.d === "f32" ? "f32" : "b32"} c<8>, d<8>;
    ld.param.u64 %rd1, [p]; ld.param.u64 %rd2, [q]; mov.u32 lane, %laneid; mul.wide.u32 %rd3, lane, 64; add.u64 %rd1, %rd1, %rd3; add.u64 %rd2, %rd2, %rd3;
    ${loads.join(" ")} ${instruction} ${list("d", nc)}, ${list("a", na)}, ${list("b", nb)}, ${list("c", nc)};
    ${Array.from({ length: nc }, (_, i) => `st.global.b32 [%rd2+${4 * i}], d${i};`).join(" ")} ret; }`);
  const out = bench.machine.map(32 * 64);
  bench.launch("k", packParams(bench.machine.upload(data), out), { block: [32, 1, 1] });
  const words = bench.machine.u32(out, 32 * 16);
  for (let lane = 0; lane < 32; lane++) {
    const expected = packWords(Array.from({ length: count }, (_, i) => {
      const at = place(lane, i);
      const [row, col] = [Math.floor(at / 8), at % 8];
      let sum = start[at]!;
      for (let x = 0; x < k; x++) {
        const [p, q] = [a[row * k + x]!, b[x * 8 + col]!];
        sum += c.a === "b1" ? (c.mods!.includes("xor") ? p ^ q : p & q) : p * q;
      }
      return encode[c.d]!(sum);
    }), c.d === "f16" ? 16 : 32);
    expect([...words.slice(16 * lane, 16 * lane + nc)].map(BigInt), `lane ${lane}`).toEqual(expected);
  }
});

test.each([[8, 4], [16, 4], [16, 8], [16, 16]])("mma.m%in8k%i.f64", (m, k) => {
  const [a, b] = [entries(m * k, 1, -4, 4), entries(k * 8, 2, -4, 4)];
  const [na, nb, nc] = [(m * k) / 32, (k * 8) / 32, m / 4];
  const list = (prefix: string, n: number): string => `{${Array.from({ length: n }, (_, i) => `${prefix}${i}`).join(", ")}}`;
  const data = new Float64Array(32 * 16);
  for (let lane = 0; lane < 32; lane++) {
    const [g, t] = [lane >> 2, lane & 3];
    for (let r = 0; r < na; r++) data[16 * lane + r] = a[(g + 8 * (r % (m / 8))) * k + t + 4 * Math.floor(r / (m / 8))]!;
    for (let r = 0; r < nb; r++) data[16 * lane + na + r] = b[(t + 4 * r) * 8 + g]!;
  }
  const bench = new PtxBench(`${HEAD}.visible .entry k(.param .u64 p, .param .u64 q) { .reg .b64 %rd<4>; .reg .b32 lane; .reg .f64 a<8>, b<4>, d<4>;
    ld.param.u64 %rd1, [p]; ld.param.u64 %rd2, [q]; mov.u32 lane, %laneid; mul.wide.u32 %rd3, lane, 128; add.u64 %rd1, %rd1, %rd3; add.u64 %rd2, %rd2, %rd3;
    ${Array.from({ length: na }, (_, i) => `ld.global.f64 a${i}, [%rd1+${8 * i}];`).join("")} ${Array.from({ length: nb }, (_, i) => `ld.global.f64 b${i}, [%rd1+${8 * (na + i)}];`).join("")}
    mma.sync.aligned.m${m}n8k${k}.row.col.f64.f64.f64.f64 ${list("d", nc)}, ${list("a", na)}, ${list("b", nb)}, ${list("d", nc)};
    ${Array.from({ length: nc }, (_, i) => `st.global.f64 [%rd2+${8 * i}], d${i};`).join("")} ret; }`);
  const out = bench.machine.map(32 * 128);
  bench.launch("k", packParams(bench.machine.upload(data), out), { block: [32, 1, 1] });
  const got = bench.machine.f64(out, 32 * 16);
  for (let lane = 0; lane < 32; lane++) {
    for (let i = 0; i < nc; i++) {
      const [row, col] = [(lane >> 2) + 8 * (i >> 1), (lane & 3) * 2 + (i & 1)];
      let sum = 0;
      for (let x = 0; x < k; x++) sum += a[row * k + x]! * b[x * 8 + col]!;
      expect(got[16 * lane + i]! + 0).toBe(sum + 0);
    }
  }
});

describe("matrix moves", () => {
  /** Shared memory with word i holding the halves 2i and 2i+1; runs `code` in a warp; the lane's results are r0 to r3. */
  function warp(code: string): number[][] {
    const bench = new PtxBench(`${HEAD}.visible .entry k(.param .u64 q) { .reg .b64 %rd<4>; .reg .b32 r<4>, lane, t, u, row; .shared .align 16 .b8 tile[1024];
      ld.param.u64 %rd2, [q]; mov.u32 lane, %laneid; mul.wide.u32 %rd3, lane, 16; add.u64 %rd2, %rd2, %rd3; mov.u32 row, tile; mad.lo.u32 row, lane, 16, row;
      mul.lo.u32 t, lane, 0x00080008; add.u32 t, t, 0x00010000; st.shared.u32 [row], t; add.u32 t, t, 0x00020002; st.shared.u32 [row+4], t; add.u32 t, t, 0x00020002; st.shared.u32 [row+8], t; add.u32 t, t, 0x00020002; st.shared.u32 [row+12], t;
      bar.warp.sync -1; ${code}
      st.global.v4.u32 [%rd2], {r0, r1, r2, r3}; ret; }`);
    const out = bench.machine.map(512);
    bench.launch("k", packParams(out), { block: [32, 1, 1] });
    const words = bench.machine.u32(out, 128);
    return Array.from({ length: 32 }, (_, lane) => [...words.slice(4 * lane, 4 * lane + 4)]);
  }
  const pair = (low: number, high: number): number => ((high << 16) | low) >>> 0;

  test("ldmatrix", () => {
    // Row j of matrix i is at lane 8i+j: its element e is the half 8(8i+j)+e.
    const got = warp("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {r0, r1, r2, r3}, [row];");
    got.forEach((r, lane) => expect(r).toEqual([0, 1, 2, 3].map((i) => { const first = 8 * (8 * i + (lane >> 2)) + 2 * (lane & 3); return pair(first, first + 1); })));
    const turned = warp("ldmatrix.sync.aligned.m8n8.x2.trans.shared::cta.b16 {r0, r1}, [row];");
    turned.forEach((r, lane) => expect(r.slice(0, 2)).toEqual([0, 1].map((i) => { const first = 8 * (8 * i + 2 * (lane & 3)) + (lane >> 2); return pair(first, first + 8); })));
    const one = warp("add.u32 row, row, -16; ldmatrix.sync.aligned.m8n8.x1.shared.b16 {r0}, [row+16];");
    one.forEach((r, lane) => expect(r[0]).toBe(pair(8 * (lane >> 2) + 2 * (lane & 3), 8 * (lane >> 2) + 2 * (lane & 3) + 1)));
  });

  test("stmatrix puts back what ldmatrix took, also transposed", () => {
    for (const trans of ["", ".trans"]) {
      const got = warp(`ldmatrix.sync.aligned.m8n8.x4${trans}.shared.b16 {r0, r1, r2, r3}, [row]; bar.warp.sync -1;
        stmatrix.sync.aligned.m8n8.x4${trans}.shared.b16 [row], {r0, r1, r2, r3}; ld.shared.v4.u32 {r0, r1, r2, r3}, [row];`);
      got.forEach((r, lane) => expect(r).toEqual([0, 1, 2, 3].map((i) => pair(8 * lane + 2 * i, 8 * lane + 2 * i + 1))));
    }
  });

  test("movmatrix transposes", () => {
    const got = warp("ldmatrix.sync.aligned.m8n8.x1.shared.b16 {r0}, [row]; movmatrix.sync.aligned.m8n8.trans.b16 r1, r0; ldmatrix.sync.aligned.m8n8.x1.trans.shared.b16 {r2}, [row];");
    got.forEach((r) => expect(r[1]).toBe(r[2]));
  });
});

describe("wmma", () => {
  test.each(["sm_75", "sm_90"] as const)("the sample compiled for %s", (arch) => {
    const bench = new PtxBench(fixture(arch, "13_wmma_async"));
    const [a, b] = [entries(256, 5, -4, 4), entries(256, 6, -4, 4)];
    const out = bench.machine.map(1024);
    const upload = (x: number[]): bigint => bench.machine.upload(Uint16Array.from(x, (v) => Number(half(v))));
    bench.launch("wm", packParams(upload(a), upload(b), out), { block: [32, 1, 1] });
    // b is stored by columns.
    const expected = Float32Array.from({ length: 256 }, (_, i) => a.slice(16 * (i >> 4), 16 * (i >> 4) + 16).reduce((s, x, k) => s + x * b[16 * (i & 15) + k]!, 0));
    expect(bench.machine.f32(out, 256)).toEqual(expected);
  });

  const regs = (n: number, p: string): string => `{${Array.from({ length: n }, (_, i) => `${p}${i}`).join(",")}}`;
  test.each([
    ["m16n16k16", "f16", "f16", "f32", 8, 8, 8], ["m32n8k16", "f16", "f16", "f16", 8, 8, 4], ["m8n32k16", "f16", "f16", "f32", 8, 8, 8],
    ["m16n16k16", "bf16", "bf16", "f32", 4, 4, 8], ["m32n8k16", "bf16", "bf16", "f32", 8, 2, 8], ["m16n16k16", "s8", "s8", "s32", 2, 2, 8], ["m8n32k16", "u8", "u8", "s32", 1, 4, 8],
    ["m16n16k8", "tf32", "tf32", "f32", 4, 4, 8],
  ] as const)("%s %s %s %s in every layout", (shape, ta, tb, td, na, nb, nd) => {
    const [, M, N, K] = /m(\d+)n(\d+)k(\d+)/.exec(shape)!.map(Number) as [number, number, number, number];
    const [a, b, c] = [entries(M * K, 5, 0, 4), entries(K * N, 6, 0, 4), entries(M * N, 7, -4, 4)];
    for (const [la, lb, ld] of [["row", "col", "row"], ["col", "row", "col"]] as const) {
      const [sa, sb, sd] = [la === "row" ? K + 8 : M + 8, lb === "row" ? N : K, ld === "row" ? N : M];
      const at = (layout: string, stride: number, i: number, j: number): number => (layout === "row" ? i * stride + j : j * stride + i);
      const bytes = (type: string): number => ({ f16: 2, bf16: 2, s8: 1, u8: 1, tf32: 4, f32: 4, s32: 4 })[type]!;
      const image = (type: string, layout: string, stride: number, rows: number, cols: number, x: number[]): Uint8Array => {
        const out = new DataView(new ArrayBuffer(4096));
        for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) for (let k = 0; k < bytes(type); k++) out.setUint8(at(layout, stride, i, j) * bytes(type) + k, Number((encode[type]!(x[i * cols + j]!) >> BigInt(8 * k)) & 255n));
        return new Uint8Array(out.buffer);
      };
      const types = td !== "s32" && ta === "f16" ? `${td}.${td}` : `${td}.${ta}.${tb}.${td}`;
      const bench = new PtxBench(`${HEAD}.visible .entry k(.param .u64 pa, .param .u64 pb, .param .u64 pc) { .reg .b64 %rd<4>; .reg .b32 a<8>, b<8>; .reg .${td === "f32" ? "f32" : "b32"} c<8>, d<8>;
        ld.param.u64 %rd1, [pa]; ld.param.u64 %rd2, [pb]; ld.param.u64 %rd3, [pc];
        wmma.load.a.sync.aligned.${la}.${shape}.global.${ta} ${regs(na, "a")}, [%rd1], ${sa}; wmma.load.b.sync.aligned.${lb}.${shape}.${tb} ${regs(nb, "b")}, [%rd2]; wmma.load.c.sync.aligned.${ld}.${shape}.global.${td} ${regs(nd, "c")}, [%rd3], ${sd};
        wmma.mma.sync.aligned.${la}.${lb}.${shape}.${types} ${regs(nd, "d")}, ${regs(na, "a")}, ${regs(nb, "b")}, ${regs(nd, "c")};
        wmma.store.d.sync.aligned.${ld}.${shape}.global.${td} [%rd3], ${regs(nd, "d")}, ${sd}; ret; }`);
      const pc = bench.machine.upload(image(td, ld, sd, M, N, c));
      bench.launch("k", packParams(bench.machine.upload(image(ta, la, sa, M, K, a)), bench.machine.upload(image(tb, lb, sb, K, N, b)), pc), { block: [32, 1, 1] });
      const product = Array.from({ length: M * N }, (_, i) => { const [r, q] = [Math.floor(i / N), i % N]; let s = c[i]!; for (let k = 0; k < K; k++) s += a[r * K + k]! * b[k * N + q]!; return s; });
      expect(bench.machine.read(pc, 4096)).toEqual(image(td, ld, sd, M, N, product));
    }
  });
});
