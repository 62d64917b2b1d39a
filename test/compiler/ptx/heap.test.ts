import { expect, test } from "vitest";
import { HEAP, HEAP_BYTES, HEAP_HEADER } from "../../../src/compiler/ptx/system/heap.ts";
import { packParams } from "../wasm/harness.ts";
import { HEAD, PtxBench } from "./bench.ts";

const externs = ".extern .func (.param .b64 func_retval0) malloc(.param .b64 p0);\n.extern .func free(.param .b64 p0);\n";
const malloc = (size: string, into: string): string => `{ .param .b64 a; .param .b64 r; st.param.b64 [a], ${size}; call.uni (r), malloc, (a); ld.param.b64 ${into}, [r]; }`;
const free = (address: string): string => `{ .param .b64 a; st.param.b64 [a], ${address}; call.uni free, (a); }`;

/** Runs a body with one work-item; 64-bit words that it stores to %out. */
function run(body: string, n: number): bigint[] {
  const bench = new PtxBench(`${HEAD}${externs}.visible .entry k(.param .u64 pout) { .reg .b64 %out, %a<20>; .reg .b32 %r<9>; .reg .pred %p<4>; ld.param.u64 %out, [pout]; ${body} ret; }`);
  const out = bench.machine.map(8 * n);
  bench.launch("k", packParams(out));
  return [...bench.machine.u64(out, n)];
}

test("a freed block is handed out again, to requests of its size only", () => {
  const [a, b, c, d] = run(`
    ${malloc("100", "%a1")} ${malloc("100", "%a2")} ${free("%a1")} ${malloc("10", "%a3")} ${malloc("90", "%a4")}
    st.global.u64 [%out], %a1; st.global.u64 [%out+8], %a2; st.global.u64 [%out+16], %a3; st.global.u64 [%out+24], %a4;`, 4);
  expect(d).toBe(a);
  expect(new Set([a, b, c]).size).toBe(3);
  expect(b! - a!).toBe(128n);
});

test("blocks do not overlap: each can be filled to its size", () => {
  const sizes = [1, 16, 17, 48, 100, 1000];
  const addresses = run(sizes.map((s, i) => `${malloc(String(s), "%a1")} st.global.u64 [%out+${8 * i}], %a1;`).join(" "), sizes.length);
  const sorted = addresses.map((a, i) => [a, a + BigInt(sizes[i]!)] as const).sort((x, y) => (x[0] < y[0] ? -1 : 1));
  for (let i = 1; i < sorted.length; i++) expect(sorted[i]![0]).toBeGreaterThanOrEqual(sorted[i - 1]![1]);
});

test("null for zero, for too much, and when the heap is full; what failed is given back", () => {
  const half = HEAP_BYTES / 2 - 16;
  const got = run(`
    ${malloc("0", "%a1")} ${malloc("0x7fffffffffffffff", "%a2")} ${malloc(String(HEAP_BYTES), "%a3")} ${malloc(String(half), "%a4")} ${malloc(String(half), "%a5")} ${malloc("1", "%a6")} ${free("%a4")} ${malloc(String(half), "%a7")} ${free("0")}
    ${[1, 2, 3, 4, 5, 6, 7].map((i) => `st.global.u64 [%out+${8 * i - 8}], %a${i};`).join(" ")}`, 7);
  expect(got.slice(0, 3)).toEqual([0n, 0n, 0n]);
  expect(got[3]).not.toBe(0n);
  expect(got[4]).not.toBe(0n);
  expect(got[5]).toBe(0n);
  expect(got[6]).toBe(got[3]);
});

test("a driver can set the limit in the heap's second word", () => {
  const bench = new PtxBench(`${HEAD}${externs}.visible .entry k(.param .u64 pout) { .reg .b64 %out, %a1; ld.param.u64 %out, [pout]; ${malloc("64", "%a1")} st.global.u64 [%out], %a1; ret; }`);
  const out = bench.machine.map(8);
  bench.machine.write(bench.symbols.get(HEAP)! + 8n, new Uint8Array(BigUint64Array.of(100n).buffer));
  bench.launch("k", packParams(out));
  expect(bench.machine.u64(out, 1)[0]).toBe(0n);
  expect(bench.module.globals.get(HEAP)).toMatchObject({ size: HEAP_BYTES + HEAP_HEADER, linkage: "weak", init: null });
});

test("many work-items allocate and free at once", () => {
  const bench = new PtxBench(`${HEAD}${externs}.visible .entry k(.param .u64 pout) { .reg .b64 %out, %a1, %o; .reg .b32 %r<9>; .reg .pred %p1;
    ld.param.u64 %out, [pout]; mov.u32 %r1, %tid.x; mov.u32 %r4, %ctaid.x; mad.lo.u32 %r1, %r4, 64, %r1; mov.u32 %r2, 0;
    L: ${malloc("24", "%a1")} st.u32 [%a1], %r1; st.u32 [%a1+20], %r1; ld.u32 %r3, [%a1]; ld.u32 %r4, [%a1+20]; ${free("%a1")} setp.ne.u32 %p1, %r3, %r4; @%p1 trap; add.u32 %r2, %r2, 1; setp.lt.u32 %p1, %r2, 5; @%p1 bra L;
    ${malloc("24", "%a1")} mul.wide.u32 %o, %r1, 8; add.u64 %o, %o, %out; st.global.u64 [%o], %a1; ret; }`);
  const out = bench.machine.map(8 * 256);
  bench.launch("k", packParams(out), { block: [64, 1, 1], grid: [4, 1, 1] });
  expect(new Set(bench.machine.u64(out, 256)).size).toBe(256);
});

test("a program's own malloc is its own", () => {
  const bench = new PtxBench(`${HEAD}.func (.param .b64 r) malloc(.param .b64 n) { st.param.b64 [r], 77; ret; }
    .visible .entry k(.param .u64 pout) { .reg .b64 %out, %a1; ld.param.u64 %out, [pout]; ${malloc("8", "%a1")} st.global.u64 [%out], %a1; ret; }`);
  const out = bench.machine.map(8);
  bench.launch("k", packParams(out));
  expect(bench.machine.u64(out, 1)[0]).toBe(77n);
  expect(bench.module.globals.has(HEAP)).toBe(false);
});
