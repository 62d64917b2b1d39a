import { describe, expect, test } from "vitest";
import { CompileError } from "../../../src/compiler/abi.ts";
import { ptxToIr } from "../../../src/compiler/ptx/index.ts";
import { packParams } from "../wasm/harness.ts";
import { evaluate, f32, fixture, HEAD, PtxBench } from "./bench.ts";

/** Runs kernel `k(in, out)` with shared memory `tile` and objects `bar`, `bar2`; the first `n` words of the output. */
function run(body: string, n: number, block = 1, data: ArrayBufferView = new Uint32Array(64)): number[] {
  const bench = new PtxBench(`${HEAD}.visible .entry k(.param .u64 pin, .param .u64 pout) { .reg .b32 %r<20>; .reg .b64 %rd<20>; .reg .pred %p<10>; .reg .b16 %h<4>;
    .shared .align 16 .b8 tile[1024]; .shared .align 8 .b64 bar; .shared .align 8 .b64 bar2;
    ld.param.u64 %rd1, [pin]; ld.param.u64 %rd2, [pout]; mov.u32 %r1, %tid.x; ${body} ret; }`);
  const out = bench.machine.map(Math.max(4 * n, 64));
  bench.launch("k", packParams(bench.machine.upload(data), out), { block: [block, 1, 1] });
  return [...bench.machine.u32(out, n)];
}

describe("cp.async", () => {
  const source = Uint32Array.from({ length: 64 }, (_, i) => 100 + i);
  test("copies 4, 8 and 16 bytes, with zero fill by size and by predicate", () => {
    expect(run(`
      st.shared.v4.u32 [tile+16], {9, 9, 9, 9}; st.shared.v4.u32 [tile+32], {9, 9, 9, 9}; st.shared.v4.u32 [tile+48], {9, 9, 9, 9};
      cp.async.ca.shared.global [tile], [%rd1], 4; cp.async.ca.shared::cta.global.L2::128B [tile+8], [%rd1+8], 8;
      cp.async.cg.shared.global [tile+16], [%rd1+16], 16, 16; mov.u32 %r2, 8; cp.async.cg.shared.global [tile+32], [%rd1+32], 16, %r2;
      setp.eq.u32 %p1, %r1, 0; cp.async.ca.shared.global [tile+48], [%rd1+48], 8, %p1; cp.async.ca.shared.global [tile+56], [%rd1+56], 8, !%p1;
      cp.async.commit_group; cp.async.wait_group 0; cp.async.wait_all;
      ld.shared.v4.u32 {%r4, %r5, %r6, %r7}, [tile]; st.global.v4.u32 [%rd2], {%r4, %r5, %r6, %r7}; ld.shared.v4.u32 {%r4, %r5, %r6, %r7}, [tile+16]; st.global.v4.u32 [%rd2+16], {%r4, %r5, %r6, %r7};
      ld.shared.v4.u32 {%r4, %r5, %r6, %r7}, [tile+32]; st.global.v4.u32 [%rd2+32], {%r4, %r5, %r6, %r7}; ld.shared.v4.u32 {%r4, %r5, %r6, %r7}, [tile+48]; st.global.v4.u32 [%rd2+48], {%r4, %r5, %r6, %r7};`,
    16, 1, source)).toEqual([100, 0, 102, 103, 104, 105, 106, 107, 108, 109, 0, 0, 0, 0, 114, 115]);
  });

  test("bulk copies complete their transaction on the barrier", () => {
    expect(run(`
      mov.u32 %r2, bar; mbarrier.init.shared::cta.b64 [%r2], 1;
      mbarrier.arrive.expect_tx.shared::cta.b64 %rd4, [%r2], 64;
      mbarrier.test_wait.shared.b64 %p1, [%r2], %rd4; selp.u32 %r3, 1, 0, %p1; st.global.u32 [%rd2], %r3;
      mov.u32 %r4, tile; mov.u32 %r5, 64; cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r4], [%rd1], %r5, [%r2];
      mbarrier.test_wait.shared.b64 %p2, [%r2], %rd4; selp.u32 %r3, 1, 0, %p2; st.global.u32 [%rd2+4], %r3;
      ld.shared.u32 %r6, [tile+60]; st.global.u32 [%rd2+8], %r6;
      cp.async.bulk.global.shared::cta.bulk_group [%rd2+16], [%r4], 32; cp.async.bulk.commit_group; cp.async.bulk.wait_group.read 0;`, 12, 1, source))
      .toEqual([0, 1, 115, 0, 100, 101, 102, 103, 104, 105, 106, 107]);
  });
});

describe("mbarrier", () => {
  test("phases flip when all arrivals are in, by state and by parity; dropped participants count no more", () => {
    const look = (i: number): string => `mbarrier.test_wait.parity.shared.b64 %p1, [bar], 0; mbarrier.test_wait.parity.shared.b64 %p2, [bar], 1; selp.u32 %r3, 1, 0, %p1; selp.u32 %r4, 2, 0, %p2; add.u32 %r3, %r3, %r4; st.global.u32 [%rd2+${4 * i}], %r3;`;
    expect(run(`
      mbarrier.init.shared.b64 [bar], 3; ${look(0)}
      mbarrier.arrive.shared.b64 %rd4, [bar]; mbarrier.pending_count.b64 %r5, %rd4; st.global.u32 [%rd2+4], %r5;
      mbarrier.arrive.noComplete.shared.b64 %rd5, [bar]; mbarrier.pending_count.b64 %r5, %rd5; st.global.u32 [%rd2+8], %r5; ${look(3)}
      mbarrier.arrive_drop.shared.b64 %rd6, [bar]; ${look(4)}
      mbarrier.test_wait.shared.b64 %p3, [bar], %rd6; selp.u32 %r6, 1, 0, %p3; st.global.u32 [%rd2+20], %r6;
      mbarrier.arrive.release.cta.shared::cta.b64 _, [bar], 2; ${look(6)}
      mbarrier.try_wait.parity.shared::cta.b64 %p4, [bar], 0, 100; selp.u32 %r6, 1, 0, %p4; st.global.u32 [%rd2+28], %r6; mbarrier.inval.shared.b64 [bar];`, 8))
      .toEqual([2, 3, 2, 2, 1, 1, 2, 0]);
  });

  test("transactions alone: expect_tx and complete_tx", () => {
    expect(run(`
      mbarrier.init.shared.b64 [bar], 1; mbarrier.expect_tx.relaxed.cta.shared::cta.b64 [bar], 8; mbarrier.arrive.shared.b64 %rd4, [bar];
      mbarrier.test_wait.shared.b64 %p1, [bar], %rd4; selp.u32 %r3, 1, 0, %p1; st.global.u32 [%rd2], %r3;
      mbarrier.complete_tx.shared::cta.b64 [bar], 8; mbarrier.test_wait.shared.b64 %p1, [bar], %rd4; selp.u32 %r3, 1, 0, %p1; st.global.u32 [%rd2+4], %r3;
      cp.async.mbarrier.arrive.shared.b64 [bar]; mbarrier.test_wait.parity.shared.b64 %p1, [bar], 1; selp.u32 %r3, 1, 0, %p1; st.global.u32 [%rd2+8], %r3;
      cp.async.mbarrier.arrive.noinc.shared.b64 [bar]; mbarrier.test_wait.parity.shared.b64 %p1, [bar], 1; selp.u32 %r3, 1, 0, %p1; st.global.u32 [%rd2+12], %r3;`, 4)).toEqual([0, 1, 0, 1]);
  });

  test.each(["sm_75", "sm_90"] as const)("cuda::barrier and pipelines as compiled for %s", (arch) => {
    const bench = new PtxBench(fixture(arch, "13_wmma_async"));
    const n = 64;
    const out = bench.machine.map(n * 4);
    bench.launch("bar", packParams(out), { block: [n, 1, 1] });
    // The sample stores between arriving and waiting, so a neighbour may be seen before or after: the point is that everybody gets through.
    for (const v of bench.machine.i32(out, n)) expect(v).toBeGreaterThanOrEqual(1);
    const data = Uint32Array.from({ length: 512 }, (_, i) => i);
    const turned = bench.machine.map(2048);
    bench.launch("cpa", packParams(bench.machine.upload(data), turned), { block: [128, 1, 1] });
    expect(bench.machine.u32(turned, 512)).toEqual(data.map((_, i) => 4 * (127 - (i >> 2)) + (i & 3)));
  });
});

describe("clusters of one block", () => {
  test("ranks, addresses, barrier", () => {
    expect(run(`
      st.shared.u32 [tile], 5; barrier.cluster.arrive.release.aligned; barrier.cluster.wait.acquire.aligned; barrier.cluster.arrive.relaxed; barrier.cluster.wait;
      mov.u32 %r2, %cluster_ctarank; mov.u32 %r3, tile; mapa.shared::cluster.u32 %r4, %r3, 0; ld.shared::cluster.u32 %r5, [%r4];
      cvta.shared.u64 %rd4, tile; mapa.u64 %rd5, %rd4, %r2; ld.u32 %r6, [%rd5]; getctarank.u64 %r7, %rd5; mov.u32 %r8, %cluster_nctaid.x;
      st.global.v4.u32 [%rd2], {%r2, %r5, %r6, %r7}; st.global.u32 [%rd2+16], %r8;`, 5, 32)).toEqual([0, 5, 5, 0, 1]);
  });
  test("larger clusters are refused by name", () => {
    let error: unknown;
    try {
      ptxToIr(fixture("sm_90", "09_coop"));
    } catch (e) {
      error = e;
    }
    expect(error).toBeInstanceOf(CompileError);
    expect(error).toMatchObject({ kind: "unsupported", line: 240 });
    expect(String(error)).toContain("barrier.cluster.arrive");
  });
});

test("registers of 128 bits", () => {
  const [r] = evaluate({ code: ".reg .b128 o, %o<3>; mov.b128 o, {a, b}; st.global.b128 [%out+16], o; ld.global.b128 %o2, [%out+16]; mov.b128 %o1, %o2; mov.b128 {d, e}, %o1;", inputs: ["u64", "u64"], outputs: ["u64", "u64"] }, [[5n, 6n]]);
  expect(r).toEqual([5n, 6n]);
});

test("cvt.pack limits and joins", () => {
  const v = [[0xffffffffn, 300n], [70000n, 5n]];
  expect(evaluate({ code: "cvt.pack.sat.u16.s32 d, a, b;", inputs: ["s32", "s32"] }, v).map((x) => x[0])).toEqual([300n, 0xffff0005n]);
  expect(evaluate({ code: "cvt.pack.sat.s16.s32 d, a, b;", inputs: ["s32", "s32"] }, v).map((x) => x[0])).toEqual([0xffff012cn, 0x7fff0005n]);
  expect(evaluate({ code: "cvt.pack.sat.u8.s32.b32 d, a, b, 0xABCD;", inputs: ["s32", "s32"] }, v).map((x) => x[0])).toEqual([0xabcd00ffn, 0xabcdff05n]);
  expect(evaluate({ code: "cvt.pack.sat.s8.s32.b32 d, a, b, 0;", inputs: ["s32", "s32"] }, v).map((x) => x[0])).toEqual([0xff7fn, 0x7f05n]);
});

test("vector atomics add element by element", () => {
  expect(run(`
    { .reg .f32 x, y; red.global.v2.f32.add [%rd2], {0f3F800000, 0f40000000}; atom.global.v2.f32.add {x, y}, [%rd2], {0f3F800000, 0f3F800000}; st.global.v2.f32 [%rd2+8], {x, y}; }
    { .reg .b16 h; mov.b16 h, 0x3c00; red.global.v2.f16.add.noftz [%rd2+16], {h, h}; red.global.v2.f16.max.noftz [%rd2+20], {h, h}; }`, 6)).toEqual([...[2, 3, 1, 2].map((x) => Number(f32(x))), 0x3c003c00, 0x3c003c00]);
});

test("fma.oob takes the mark for zero", () => {
  expect(evaluate({ code: "fma.rn.oob.f16 d, a, b, a;", inputs: ["b16", "b16"] }, [[0x3c00n, 0x3c00n], [0x3c00n, 0xffffn]]).map((v) => v[0])).toEqual([0x4000n, 0n]);
});
