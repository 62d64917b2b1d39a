import { expect, test } from "vitest";
import { DeviceFault } from "../../../src/compiler/abi.ts";
import { packParams } from "../wasm/harness.ts";
import { evaluate, f32, HEAD, lowered, PtxBench } from "./bench.ts";

/** A kernel `k(out)` with the body; `%out` holds the address. */
function kernel(body: string, before = ""): string {
  return `${HEAD}${before}
.visible .entry k(.param .u64 pout) {
  .reg .b16 %rs<20>; .reg .b32 %r<20>; .reg .b64 %rd<20>; .reg .f32 %f<10>; .reg .f64 %fd<10>; .reg .pred %p<10>; .reg .b64 %out;
  ld.param.u64 %out, [pout];
  ${body}
  ret;
}`;
}

/** Runs it with one work-item; the first `n` words of the output. */
function run(body: string, n: number, before = "", block = 1): number[] {
  const bench = new PtxBench(kernel(body, before));
  const out = bench.machine.map(Math.max(4 * n, 64));
  bench.launch("k", packParams(out), { block: [block, 1, 1], dynamicShared: 256 });
  return [...bench.machine.u32(out, n)];
}

test("narrow loads extend by the instruction's sign to the register's width, narrow stores cut", () => {
  expect(run(`
    mov.u32 %r1, 0x8081fffe; st.global.u32 [%out+16], %r1;
    ld.global.u8 %r2, [%out+16]; st.global.u32 [%out], %r2;
    ld.global.s8 %r3, [%out+17]; st.global.u32 [%out+4], %r3;
    ld.global.s8 %rs1, [%out+19]; cvt.s32.s16 %r4, %rs1; st.global.u32 [%out+8], %r4;
    ld.global.s16 %rd1, [%out+18]; shr.s64 %rd1, %rd1, 32; st.global.u32 [%out+12], %rd1;
    st.global.u8 [%out+20], %r1; st.global.u16 [%out+22], %r1;`, 6)).toEqual([0xfe, 0xffffffff, 0xffffff80, 0xffffffff, 0x8081fffe, 0xfffe00fe]);
});

test("vector loads and stores of every kind, with sinks", () => {
  expect(run(`
    mov.u32 %r1, 1; mov.u32 %r2, 2; mov.f32 %f1, 0f40400000; mov.u32 %r4, 4;
    st.global.v4.b32 [%out], {%r1, %r2, %f1, %r4};
    ld.global.v2.u64 {%rd1, %rd2}, [%out];
    st.global.v2.b64 [%out+16], {%rd2, %rd1};
    ld.global.v4.u8 {%rs1, %rs2, %rs3, _}, [%out];
    ld.global.v4.f32 {_, _, %f2, _}, [%out];
    st.global.v2.f32 [%out+32], {%f2, 0f3F800000};
    st.global.v4.u8 [%out+40], {%rs1, %rs2, 7, 255};`, 11)).toEqual([1, 2, 0x40400000, 4, 0x40400000, 4, 1, 2, 0x40400000, 0x3f800000, 0xff070001]);
});

test("vector registers are loaded whole and used by component", () => {
  expect(run(`
    .reg .v4 .u32 v; .reg .v2 .f32 w;
    mov.u32 %r1, 5; st.global.v4.u32 [%out], {%r1, 6, 7, 8};
    ld.global.v4.u32 v, [%out];
    add.u32 %r2, v.x, v.w; st.global.u32 [%out], %r2; mov.u32 v.y, v.b; st.global.v4.u32 [%out+16], v;
    mov.f32 w.x, 0f3F800000; st.global.f32 [%out+4], w.r;`, 8)).toEqual([13, 0x3f800000, 7, 8, 5, 7, 7, 8]);
});

test("shared variables at module and function level, by 32-bit and 64-bit addresses, with offsets", () => {
  expect(run(`
    .shared .align 8 .b8 mine[16];
    mov.u32 %r1, mine; mov.u64 %rd1, common; mov.u32 %r2, common;
    mov.u32 %r3, 77; st.shared.u32 [%r1+4], %r3; st.shared.u32 [%rd1], 78; st.shared.u32 [mine+8], 79; st.shared.u32 [common+4], 80;
    ld.shared.u32 %r4, [mine+4]; ld.shared.u32 %r5, [%r2]; ld.shared.u32 %r6, [%r1+8]; ld.shared.u32 %r7, [%rd1+4];
    st.global.v4.u32 [%out], {%r4, %r5, %r6, %r7};
    sub.u32 %r8, %r1, 4; ld.shared.u32 %r9, [%r8+8]; st.global.u32 [%out+16], %r9;`, 5, ".shared .align 8 .b32 common[2];")).toEqual([77, 78, 79, 80, 77]);
});

test("functions may use the same name for different shared variables; open arrays all mean the dynamic memory", () => {
  const text = `${HEAD}.extern .shared .align 16 .b8 dyn[];
.func f(.param .b64 p) { .reg .b64 %a; .reg .b32 %r1; .shared .b32 buf[4]; ld.param.u64 %a, [p];
  st.shared.u32 [buf], 5; ld.shared.u32 %r1, [dyn]; st.global.u32 [%a], %r1; ret; }
.visible .entry k(.param .u64 pout) { .reg .b64 %out; .reg .b32 %r<4>; .shared .b32 buf[4]; .extern .shared .b32 other[];
  ld.param.u64 %out, [pout]; st.shared.u32 [buf], 9; st.shared.u32 [other], 11;
  { .param .b64 p0; st.param.b64 [p0], %out; call f, (p0); }
  ld.shared.u32 %r1, [buf]; st.global.u32 [%out+4], %r1; ret; }`;
  const bench = new PtxBench(text);
  const out = bench.machine.map(64);
  bench.launch("k", packParams(out), { dynamicShared: 64 });
  expect([...bench.machine.u32(out, 2)]).toEqual([11, 9]);
});

test("generic addressing: cvta, cvta.to, isspacep, and generic loads and stores of each space", () => {
  expect(run(`
    .shared .b32 s; .local .b32 l;
    mov.u64 %rd1, s; cvta.shared.u64 %rd2, %rd1; mov.u64 %rd3, l; cvta.local.u64 %rd4, %rd3; cvta.global.u64 %rd5, %out;
    st.u32 [%rd2], 1; st.u32 [%rd4], 2; st.u32 [%rd5], 3;
    ld.shared.u32 %r1, [s]; ld.local.u32 %r2, [l];
    cvta.to.shared.u64 %rd6, %rd2; ld.shared.u32 %r3, [%rd6];
    cvta.to.local.u64 %rd7, %rd4; ld.local.u32 %r4, [%rd7];
    st.global.v4.u32 [%out+16], {%r1, %r2, %r3, %r4};
    isspacep.shared %p1, %rd2; isspacep.local %p2, %rd4; isspacep.global %p3, %rd5; isspacep.shared %p4, %rd4; isspacep.global %p5, %rd2; isspacep.local %p6, %rd5;
    selp.u32 %r5, 1, 0, %p1; selp.u32 %r6, 1, 0, %p2; selp.u32 %r7, 1, 0, %p3; selp.u32 %r8, 1, 0, %p4; selp.u32 %r9, 1, 0, %p5; selp.u32 %r10, 1, 0, %p6;
    st.global.v4.u32 [%out+32], {%r5, %r6, %r7, %r8}; st.global.v2.u32 [%out+48], {%r9, %r10};
    cvta.shared.u64 %rd8, s; ld.u32 %r11, [%rd8]; st.global.u32 [%out+4], %r11;`, 14)).toEqual([3, 1, 0, 0, 1, 2, 1, 2, 1, 1, 1, 0, 0, 0]);
});

test("initialised variables: numbers, nested arrays, floats, addresses, masks", () => {
  const before = `
    .global .align 4 .u32 a = 7;
    .global .u16 b[2][3] = {{1, 2}, {3}};
    .global .f32 c[2] = {1.5, 0f40000000};
    .global .f64 d = 0.25;
    .const .align 8 .s64 e[] = {-1, 0x10, 1 << 40};
    .global .u64 pa = a;
    .global .u64 pb[2] = {b+6, generic(a)};
    .global .align 8 .b8 packed[9] = {0xFF(a), 0xFF00(a), 0xFF0000(a), 0xFF000000(a), 0xFF00000000(a), 0xFF0000000000(a), 0xFF000000000000(a), 0xFF00000000000000(a), 5};
    .global .v2 .u32 v = {8, 9};
    .visible .global .align 16 .b8 z[4];
    .global .s8 neg = -3;`;
  const module = lowered(kernel("", before));
  expect(module.globals.get("b")!.init).toEqual(Uint8Array.of(1, 0, 2, 0, 0, 0, 3, 0));
  expect(module.globals.get("b")!.size).toBe(12);
  expect(module.globals.get("e")!.size).toBe(24);
  expect(module.globals.get("z")).toMatchObject({ init: null, align: 16, linkage: "visible" });
  expect(module.globals.get("neg")!.init).toEqual(Uint8Array.of(0xfd));
  expect(module.globals.get("pb")!.relocs).toEqual([{ offset: 0, size: 8, symbol: "b", addend: 6n, generic: false }, { offset: 8, size: 8, symbol: "a", addend: 0n, generic: true }]);
  expect(run(`
    ld.global.u64 %rd1, [pa]; ld.global.u32 %r1, [%rd1];
    ld.global.u64 %rd2, [pb]; ld.global.u16 %r2, [%rd2];
    ld.global.f32 %f1, [c+4]; cvt.rzi.u32.f32 %r3, %f1;
    ld.const.s64 %rd3, [e+16]; shr.u64 %rd3, %rd3, 38; cvt.u32.u64 %r4, %rd3;
    st.global.v4.u32 [%out], {%r1, %r2, %r3, %r4};
    ld.global.u64 %rd4, [packed]; ld.u32 %r5, [%rd4]; ld.global.u8 %r6, [packed+8];
    ld.global.f64 %fd1, [d]; mul.f64 %fd1, %fd1, 0d4020000000000000; cvt.rzi.u32.f64 %r7, %fd1; ld.global.u32 %r8, [v+4];
    st.global.v4.u32 [%out+16], {%r5, %r6, %r7, %r8};`, 8, before)).toEqual([7, 3, 2, 4, 7, 5, 2, 9]);
});

test("attributes of variables", () => {
  const module = lowered(kernel("", ".global .attribute(.managed) .align 4 .u32 mg = 7; .extern .global .u32 ext; .weak .global .u32 w; .common .global .u32 c; .global .attribute(.unified(1,2)) .u32 u;"));
  expect(module.globals.get("mg")).toMatchObject({ managed: true, size: 4 });
  expect(["ext", "w", "c", "u"].map((name) => module.globals.get(name)!.linkage)).toEqual(["extern", "weak", "common", "local"]);
});

test("kernel parameters: layout, narrow ones, structs, vectors, and their address", () => {
  const text = `${HEAD}.visible .entry k(.param .u8 a, .param .u64 out, .param .align 16 .b8 s[20], .param .f32 f, .param .u64 .ptr .global .align 4 q) {
  .reg .b32 %r<10>; .reg .b64 %rd<10>; .reg .f32 %f1;
  ld.param.u64 %rd1, [out]; ld.param.s8 %r1, [a]; ld.param.v2.u32 {%r2, %r3}, [s+8]; ld.param.f32 %f1, [f];
  mov.b64 %rd2, s; ld.param.u32 %r4, [%rd2+16]; cvta.param.u64 %rd3, s;
  st.global.v4.u32 [%rd1], {%r1, %r2, %r3, %r4}; st.global.f32 [%rd1+16], %f1; ret; }`;
  const bench = new PtxBench(text);
  expect(bench.module.functions.get("k")!.kernelParams.map((p) => [p.offset, p.size, p.kind, p.type])).toEqual([
    [0, 1, "scalar", "i8"], [8, 8, "scalar", "i64"], [16, 20, "bytes", null], [36, 4, "scalar", "f32"], [40, 8, "scalar", "i64"],
  ]);
  expect(bench.module.functions.get("k")!.paramBytes).toBe(48);
  const out = bench.machine.map(64);
  const params = new Uint8Array(48);
  const view = new DataView(params.buffer);
  view.setInt8(0, -2);
  view.setBigUint64(8, out, true);
  for (let i = 0; i < 5; i++) view.setUint32(16 + 4 * i, 100 + i, true);
  view.setFloat32(36, 1.5, true);
  bench.launch("k", params);
  expect([...bench.machine.u32(out, 5)]).toEqual([0xfffffffe, 102, 103, 104, Number(f32(1.5))]);
});

test("misaligned and unmapped accesses fault, with the line", () => {
  const fault = (body: string): DeviceFault => {
    const bench = new PtxBench(kernel(body));
    const out = bench.machine.map(64);
    try {
      bench.launch("k", packParams(out));
    } catch (error) {
      if (error instanceof DeviceFault) return error;
      throw error;
    }
    throw new Error("no fault");
  };
  const misaligned = fault("ld.global.v4.u32 {%r1, %r2, %r3, %r4}, [%out+8]; st.global.u32 [%out], %r1;");
  expect([misaligned.kind, misaligned.site.line]).toEqual(["misaligned", 8]);
  expect(fault("mov.u64 %rd1, 16; st.global.u32 [%rd1], 1;").kind).toBe("illegal-address");
  expect(fault("mov.u64 %rd1, 0x800000000; ld.global.u32 %r1, [%rd1]; st.global.u32 [%out], %r1;").kind).toBe("illegal-address");
});

test("memory orders and scopes reach the IR", () => {
  const module = lowered(kernel(`
    ld.acquire.gpu.global.u32 %r1, [%out]; ld.relaxed.cta.u32 %r2, [%out]; ld.volatile.global.u32 %r3, [%out]; ld.mmio.relaxed.sys.global.u32 %r4, [%out];
    st.release.sys.global.u32 [%out], %r1; st.weak.global.u32 [%out], %r2; ld.global.nc.L1::evict_last.L2::128B.u32 %r5, [%out]; ld.global.ca.u32 %r6, [%out];
    fence.sc.gpu; fence.acq_rel.cta; fence.sys; membar.gl; fence.proxy.async;`));
  const found = module.functions.get("k")!.blocks[0]!.instrs.filter((i) => i.op === "load" || i.op === "store" || i.op === "fence")
    .map((i) => [i.op, ("order" in i ? i.order : undefined) ?? null, ("scope" in i ? i.scope : undefined) ?? null, "volatile" in i ? i.volatile : false]);
  expect(found).toEqual([
    ["load", "acquire", "device", false], ["load", "relaxed", "workgroup", false], ["load", null, null, true], ["load", "relaxed", "system", true],
    ["store", "release", "system", false], ["store", null, null, false], ["load", null, null, false], ["load", null, null, false],
    ["fence", "seq_cst", "device", false], ["fence", "acq_rel", "workgroup", false], ["fence", "acq_rel", "system", false], ["fence", "seq_cst", "device", false], ["fence", "acq_rel", "device", false],
  ]);
});

test("untyped registers hold floats and integers alike", () => {
  const [r] = evaluate({ code: ".reg .b32 t, u; add.f32 t, a, a; mov.b32 u, t; add.s32 u, u, 1; mov.b32 d, u;", inputs: ["f32"], outputs: ["u32"] }, [[f32(1.5)]]);
  expect(r![0]).toBe(f32(3) + 1n);
  expect(evaluate({ code: "mov.b64 {d, e}, a;", inputs: ["f64"], outputs: ["u32", "u32"] }, [[0x0123456789abcdefn]])[0]).toEqual([0x89abcdefn, 0x01234567n]);
  expect(evaluate({ code: "mov.b32 d, {a, b};", inputs: ["b16", "b16"], outputs: ["f32"] }, [[0x1234n, 0x3f80n]])[0]).toEqual([0x3f801234n]);
  expect(evaluate({ code: "mov.b64 d, {0, b};", inputs: ["u32", "u32"], outputs: ["f64"] }, [[1n, 2n]])[0]).toEqual([2n << 32n]);
  expect(evaluate({ code: "mov.b64 {_, d}, a; mov.b64 {e, _}, a;", inputs: ["u64"], outputs: ["u32", "u32"] }, [[0x500000007n]])[0]).toEqual([5n, 7n]);
});
