import { expect, test } from "vitest";
import { packParams } from "../wasm/harness.ts";
import { evaluate, HEAD, lowered, PtxBench, type Outcome } from "./bench.ts";

/** Runs kernel `k(out)` of a module; the first `n` words of the output. */
function run(text: string, n: number, block = 1): number[] {
  const bench = new PtxBench(`${HEAD}${text}`);
  const out = bench.machine.map(Math.max(4 * n, 64));
  bench.launch("k", packParams(out), { block: [block, 1, 1] });
  return [...bench.machine.u32(out, n)];
}

const entry = (body: string, before = ""): string => `${before}
.visible .entry k(.param .u64 pout) { .reg .b32 %r<20>; .reg .b64 %rd<10>; .reg .b64 %out; .reg .pred %p<10>; .reg .f32 %f<10>;
ld.param.u64 %out, [pout];
${body}
}`;

test("every kind of instruction may be guarded, also negated", () => {
  const body = `
    mov.u32 %r1, %tid.x; mul.wide.u32 %rd1, %r1, 16; add.s64 %rd1, %out, %rd1; setp.eq.u32 %p1, %r1, 0;
    mov.u32 %r2, 1; @%p1 mov.u32 %r2, 2; @!%p1 add.u32 %r2, %r2, 10;
    mov.u32 %r3, 5; @%p1 st.global.u32 [%rd1], %r2; @!%p1 st.global.u32 [%rd1+4], %r2;
    @%p1 ld.global.u32 %r3, [%rd1]; st.global.u32 [%rd1+8], %r3;
    @%p1 bra DONE; st.global.u32 [%rd1+12], 99;
  DONE: ret;`;
  expect(run(entry(body), 8, 2)).toEqual([2, 0, 2, 0, 0, 11, 5, 99]);
});

test("guarded selects of floats, predicates and double results", () => {
  expect(evaluate({ code: "mov.f32 d, 0f40000000; @c mul.f32 d, d, a; .reg .pred q; setp.lt.f32 q, a, b; @!c setp.gt.f32 q, a, b; selp.u32 e, 1, 0, q;", inputs: ["f32", "f32", "pred"], outputs: ["f32", "u32"] },
    [[0x3f800000n, 0x40000000n, 1n], [0x3f800000n, 0x40000000n, 0n]])).toEqual([[0x40000000n, 1n], [0x40000000n, 0n]]);
});

test("a register that was never written is zero, on every path", () => {
  expect(run(entry("st.global.u32 [%out], %r5; setp.ne.u32 %p1, %r5, 0; @%p1 mov.u32 %r6, 4; @%p1 bra L; mov.f32 %f1, %f2; L: st.global.u32 [%out+4], %r6; st.global.f32 [%out+8], %f1; ret;"), 3)).toEqual([0, 0, 0]);
});

test("loops carry values, also where the definition follows the use in the text", () => {
  const body = `
    mov.u32 %r1, 0; mov.u32 %r2, 0; bra TEST;
  BODY: add.u32 %r2, %r2, %r3; add.u32 %r1, %r1, 1;
  TEST: mul.lo.u32 %r3, %r1, %r1; setp.lt.u32 %p1, %r1, 5; @%p1 bra BODY;
    st.global.v2.u32 [%out], {%r2, %r1}; ret;`;
  expect(run(entry(body), 2)).toEqual([30, 5]);
});

test("values swapped in a loop do not overwrite one another", () => {
  const body = `
    mov.u32 %r1, 1; mov.u32 %r2, 2; mov.u32 %r3, 0;
  L: mov.u32 %r4, %r1; mov.u32 %r1, %r2; mov.u32 %r2, %r4; add.u32 %r3, %r3, 1; setp.lt.u32 %p1, %r3, 3; @%p1 bra L;
    st.global.v2.u32 [%out], {%r1, %r2}; ret;`;
  expect(run(entry(body), 2)).toEqual([2, 1]);
});

test("a float accumulated in an untyped register through a loop", () => {
  const body = `
    mov.b32 %r1, 0f00000000; mov.u32 %r2, 0;
  L: add.rn.f32 %r1, %r1, 0f3F800000; add.u32 %r2, %r2, 1; setp.lt.u32 %p1, %r2, 4; @%p1 bra L;
    st.global.b32 [%out], %r1; ret;`;
  expect(run(entry(body), 1)).toEqual([0x40800000]);
  const phi = lowered(`${HEAD}${entry(body)}`).functions.get("k")!;
  const types = phi.blocks.flatMap((b) => b.instrs.flatMap((i) => (i.op === "phi" ? [phi.types[i.dst]] : [])));
  expect(types.sort()).toEqual(["f32", "i32"]);
});

test("irreducible loops, a loop at the very start, unreachable code, and code behind the last return", () => {
  const body = `
    ld.global.u32 %r9, [%out+32]; setp.ne.u32 %p1, %r9, 0; @%p1 bra B;
  A: add.u32 %r1, %r1, 1;
  B: add.u32 %r1, %r1, 10; setp.lt.u32 %p2, %r1, 30; @%p2 bra A;
    st.global.u32 [%out], %r1; ret;
    st.global.u32 [%out], 5;
  C: bra C;`;
  expect(run(entry(body), 1)).toEqual([33]);
  expect(run(".visible .entry k(.param .u64 pout) { .reg .b32 %r1; .reg .b64 %rd1; .reg .pred %p1; L: add.u32 %r1, %r1, 1; setp.lt.u32 %p1, %r1, 7; @%p1 bra L; ld.param.u64 %rd1, [pout]; st.global.u32 [%rd1], %r1; }", 1)).toEqual([7]);
});

test("labels are local to their scope, as inline assembly needs", () => {
  const wait = "{ .reg .pred p; .reg .b32 n; mov.u32 n, 0; AGAIN: add.u32 n, n, 1; setp.lt.u32 p, n, 3; @p bra AGAIN; add.u32 %r1, %r1, n; @p bra OUT; bra OUT; OUT: }";
  expect(run(entry(`${wait} ${wait} st.global.u32 [%out], %r1; ret;`), 1)).toEqual([6]);
});

test("brx.idx jumps by index", () => {
  const text = entry(`
    mov.u32 %r1, %tid.x; mul.wide.u32 %rd1, %r1, 4; add.s64 %rd1, %out, %rd1;
    T: .branchtargets L0, L1, L0;
    brx.idx %r1, T;
  L0: st.global.u32 [%rd1], 7; ret;
  L1: st.global.u32 [%rd1], 8; ret;`);
  expect(run(text, 3, 3)).toEqual([7, 8, 7]);
});

test("guarded returns, exits and calls", () => {
  const text = entry(`
    mov.u32 %r1, %tid.x; mul.wide.u32 %rd1, %r1, 4; add.s64 %rd1, %out, %rd1;
    setp.eq.u32 %p1, %r1, 0; @%p1 ret; setp.eq.u32 %p2, %r1, 1; @%p2 exit;
    setp.lt.u32 %p3, %r1, 3;
    { .param .b64 a; .param .b32 r; @%p3 st.param.b64 [a], %rd1; mov.u32 %r5, 9; @%p3 call (r), f, (a); @%p3 ld.param.b32 %r5, [r]; }
    setp.eq.u32 %p4, %r5, 9; @!%p4 bra END; st.global.u32 [%rd1], 3; END: ret;`, `
.func (.param .b32 r) f(.param .b64 a) { .reg .b64 %a; .reg .pred %q; ld.param.b64 %a, [a]; st.global.u32 [%a], 5; st.param.b32 [r], 1; @%q ret; ret; }`);
  expect(run(text, 4, 4)).toEqual([0, 0, 5, 3]);
});

test("parameters of every size, results of several words, recursion, indirect calls, tables", () => {
  const text = entry(`
    { .param .b32 a; .param .align 8 .b8 s[20]; .param .b64 c; .param .align 8 .b8 r[16];
      st.param.b8 [a], 300; st.param.v2.f32 [s], {0f3F800000, 0f40000000}; st.param.b64 [s+8], 0x500000006; st.param.u16 [s+16], 7; st.param.u16 [s+18], 8; st.param.f64 [c], 0d4000000000000000;
      call.uni (r), f, (a, s, c);
      ld.param.v2.b32 {%r1, %r2}, [r]; ld.param.u8 %r3, [r+9]; ld.param.b32 %r4, [r+12]; }
    st.global.v4.u32 [%out], {%r1, %r2, %r3, %r4};
    mov.u64 %rd1, fact; { .param .b32 a; .param .b32 r; st.param.b32 [a], 6; P: .callprototype (.param .b32 _) _ (.param .b32 _); call (r), %rd1, (a), P; ld.param.b32 %r5, [r]; }
    ld.global.u64 %rd2, [table+8]; { .param .b32 a; .param .b32 r; st.param.f32 [a], 0f40A00000; Q: .callprototype (.param .b32 _) _ (.param .b32 _); call (r), %rd2, (a), Q; ld.param.b32 %r6, [r]; }
    st.global.v2.u32 [%out+16], {%r5, %r6};
    call (%r7), old, (%r6, 3); st.global.u32 [%out+24], %r7; ret;`, `
.func (.param .b32 r) fact(.param .b32 n) { .reg .b32 %r<5>; .reg .pred %p1;
  ld.param.u32 %r1, [n]; mov.u32 %r2, 1; setp.lt.u32 %p1, %r1, 2; @%p1 bra E;
  sub.u32 %r3, %r1, 1; { .param .b32 a; .param .b32 b; st.param.b32 [a], %r3; call (b), fact, (a); ld.param.b32 %r4, [b]; } mul.lo.u32 %r2, %r1, %r4;
  E: st.param.b32 [r], %r2; ret; }
.func (.param .b32 r) half(.param .b32 x) { .reg .f32 %f1; ld.param.f32 %f1, [x]; mul.f32 %f1, %f1, 0f3F000000; st.param.f32 [r], %f1; ret; }
.func (.param .align 8 .b8 r[16]) f(.param .b32 a, .param .align 8 .b8 s[20], .param .b64 c) { .reg .b32 %r<9>; .reg .f32 %f<4>; .reg .f64 %d<3>; .reg .b64 %rd<4>;
  ld.param.u8 %r1, [a]; ld.param.f32 %f1, [s+4]; cvt.rzi.u32.f32 %r2, %f1; add.u32 %r1, %r1, %r2; ld.param.b32 %r3, [s+12]; add.u32 %r1, %r1, %r3; ld.param.f64 %d1, [c]; cvt.rzi.u32.f64 %r4, %d1; add.u32 %r1, %r1, %r4;
  ld.param.u16 %r5, [s+18]; mov.b64 %rd1, s; ld.param.u32 %r6, [%rd1+8];
  st.param.b32 [r], %r1; st.param.b32 [r+4], %r5; st.param.b32 [r+8], 0xaabbccdd; st.param.b32 [r+12], %r6; ret; }
.func (.reg .u32 rv) old(.reg .f32 x, .reg .u32 y) { cvt.rzi.u32.f32 rv, x; add.u32 rv, rv, y; ret; }
.global .align 8 .u64 table[2] = {fact, half};`);
  expect(run(text, 7)).toEqual([44 + 2 + 5 + 2, 8, 0xcc, 6, 720, 0x40200000, 5]);
});

test("extern functions become external, aliases are followed", () => {
  const module = lowered(`${HEAD}.extern .func (.param .b32 r) ext(.param .b64 a);
.func (.param .b32 r) real(.param .b32 a) { .reg .b32 %r1; ld.param.b32 %r1, [a]; st.param.b32 [r], %r1; ret; }
.func (.param .b32 r) other(.param .b32 a);
.alias other, real;
${entry("{ .param .b64 a; .param .b32 r; st.param.b64 [a], %out; call (r), ext, (a); } { .param .b32 a; .param .b32 r; st.param.b32 [a], 1; call (r), other, (a); } ret;")}`);
  expect(module.functions.get("ext")).toMatchObject({ linkage: "extern", blocks: [], params: ["i64"], results: ["i32"] });
  const calls = module.functions.get("k")!.blocks.flatMap((b) => b.instrs.flatMap((i) => (i.op === "call" ? [i.callee] : [])));
  expect(calls).toEqual(["ext", "real"]);
});

test("kernel attributes and the register estimate", () => {
  const attributes = (text: string): unknown => lowered(`${HEAD}.visible .entry k() ${text} { .reg .b32 %r1; ret; }`).functions.get("k")!.attributes;
  expect(attributes(".maxntid 256, 2 .minnctapersm 3 .maxnreg 64")).toMatchObject({ maxThreads: 512, minBlocksPerSm: 3, reqdWorkGroupSize: null, registers: 16 });
  expect(attributes(".reqntid 64, 1, 1")).toMatchObject({ reqdWorkGroupSize: [64, 1, 1], maxThreads: null });
  expect(attributes('.pragma "x";')).toMatchObject({ maxThreads: null });
  const many = Array.from({ length: 300 }, (_, i) => `mov.u32 %r${i}, ${i};`).join("") + Array.from({ length: 300 }, (_, i) => `st.global.u32 [%a], %r${i};`).join("");
  const big = (directive: string): number => lowered(`${HEAD}.visible .entry k() ${directive} { .reg .b32 %r<300>; .reg .b64 %a; ${many} ret; }`).functions.get("k")!.attributes!.registers;
  expect([big(""), big(".maxnreg 80")]).toEqual([255, 80]);
});

test("special registers", () => {
  const read = (reg: string, type = "u32"): string => `mov.${type} %r1, ${reg}; st.global.u32 [%rd1], %r1; add.u64 %rd1, %rd1, 4;`;
  const names = ["%tid.x", "%ntid.x", "%ctaid.y", "%nctaid.x", "%laneid", "%warpid", "%nwarpid", "%smid", "%nsmid", "%lanemask_eq", "%lanemask_lt", "%lanemask_le", "%lanemask_gt", "%lanemask_ge",
    "%dynamic_smem_size", "%envreg3", "%pm0", "%cluster_nctarank", "%globaltimer_lo", "WARP_SZ", "%tid.w", "%ntid.w"];
  const text = entry(`
    mov.u32 %r2, %tid.x; setp.ne.u32 %p1, %r2, 37; @%p1 exit; mov.u64 %rd1, %out;
    ${names.map((n) => read(n)).join(" ")}
    mov.u64 %rd2, %clock64; mov.u32 %r3, %clock; mov.u64 %rd3, %gridid; ret;`);
  expect(run(text, names.length, 64)).toEqual([37, 64, 0, 1, 5, 1, 2, 0, 4, 1 << 5, 31, 63, 0xffffffc0, 0xffffffe0, 0, 0, 0, 1, 12345, 32, 0, 1]);
});

test("trap and brkpt end the kernel", () => {
  const launch = (body: string): Outcome => {
    const bench = new PtxBench(`${HEAD}${entry(body)}`);
    return bench.launch("k", packParams(bench.machine.map(64)));
  };
  expect(() => launch("trap;")).toThrow(/trap/);
  expect(() => launch("setp.eq.u32 %p1, %r1, 0; @%p1 brkpt; ret;")).toThrow(/trap/);
  expect(() => launch("setp.eq.u32 %p1, %r1, 0; @!%p1 trap; ret;")).not.toThrow();
});
