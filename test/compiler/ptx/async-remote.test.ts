import { expect, test } from "vitest";
import { packParams } from "../wasm/harness.ts";
import { engines, f32, HEAD, PtxBench } from "./bench.ts";

/** Stores and reductions that complete on an mbarrier, and reductions in bulk, in a cluster of one block. */
const TX = "mbarrier::complete_tx::bytes";

function run(compile: (typeof engines)[number][1], body: string, n: number, data: ArrayBufferView = new Uint32Array(64)): number[] {
  const bench = new PtxBench(`${HEAD}.visible .entry k(.param .u64 pin, .param .u64 pout) { .reg .b32 %r<20>; .reg .b64 %rd<20>; .reg .pred %p<10>;
    .shared .align 16 .b8 tile[256]; .shared .align 16 .b8 other[256]; .shared .align 8 .b64 bar;
    ld.param.u64 %rd1, [pin]; ld.param.u64 %rd2, [pout]; mov.u32 %r2, bar; mov.u32 %r3, tile; mov.u32 %r4, other; mbarrier.init.shared.b64 [bar], 1; ${body} ret; }`, compile);
  const out = bench.machine.upload(data.byteLength === 256 ? data : new Uint32Array(64));
  bench.launch("k", packParams(bench.machine.upload(new Uint32Array(64)), out));
  return [...bench.machine.u32(out, n)];
}

/** Phase 0 of the barrier complete or not, into word `at` of the output. */
const look = (at: number): string => `mbarrier.test_wait.parity.shared.b64 %p1, [bar], 0; selp.u32 %r19, 1, 0, %p1; st.global.u32 [%rd2+${4 * at}], %r19;`;
const show = (from: string, at: number): string => `ld.shared.u32 %r19, [${from}]; st.global.u32 [%rd2+${4 * at}], %r19;`;

test.each(engines)("%s: st.async stores, then tells the mbarrier", (_name, compile) => {
  expect(run(compile, `mbarrier.arrive.expect_tx.shared::cta.b64 _, [bar], 28; mov.u64 %rd3, 0x500000004;
    st.async.${TX}.b32 [%r3], 7, [%r2]; st.async.weak.shared::cluster.${TX}.v4.u32 [%r3+16], {1, 2, 3, 4}, [%r2]; ${look(0)}
    st.async.${TX}.b64 [%r3+8], %rd3, [%r2]; ${look(1)} ${show("tile", 2)} ${show("tile+8", 3)} ${show("tile+12", 4)} ${show("tile+28", 5)}`, 6)).toEqual([0, 1, 7, 4, 5, 4]);
});

test.each(engines)("%s: red.async combines, then tells the mbarrier", (_name, compile) => {
  const reduce = (op: string, at: number, value: number | string): string => `mov.b32 %r5, ${value}; red.async.relaxed.cluster.${TX}.${op} [%r3+${at}], %r5, [%r2];`;
  expect(run(compile, `st.shared.v4.u32 [tile], {12, 12, 12, 12}; st.shared.v4.u32 [tile+16], {12, 12, 5, 0};
    mbarrier.arrive.expect_tx.shared::cta.b64 _, [bar], 40;
    ${reduce("and.b32", 0, 10)} ${reduce("or.b32", 4, 3)} ${reduce("xor.b32", 8, 5)} ${reduce("add.u32", 12, -1)} ${reduce("min.s32", 16, -3)} ${reduce("max.u32", 20, -3)} ${reduce("inc.u32", 24, 5)} ${reduce("dec.u32", 28, 9)} ${look(0)}
    mov.u64 %rd3, 0x100000001; red.async.relaxed.cluster.shared::cluster.${TX}.add.u64 [%r3+32], %rd3, [%r2]; ${look(1)}
    ${[0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((i) => show(`tile+${4 * i}`, 2 + i)).join(" ")}`, 12)).toEqual([0, 1, 8, 15, 9, 11, 0xfffffffd, 0xfffffffd, 0, 9, 1, 1]);
});

test.each(engines)("%s: bulk reductions, within shared memory and to global memory", (_name, compile) => {
  const data = new Uint32Array(64);
  data.set([0, 0, 0, 0, 0x3c003c00, 0x3c003c00, 0x3c003c00, 0x3c003c00, ...[1, 2, 3, 4].map((x) => Number(f32(x)))]);
  expect(run(compile, `st.shared.v4.u32 [tile], {1, 2, 3, 4}; st.shared.v4.u32 [other], {10, 20, 30, 40}; mbarrier.arrive.expect_tx.shared::cta.b64 _, [bar], 32;
    cp.reduce.async.bulk.shared::cluster.shared::cta.${TX}.add.u32 [%r4], [%r3], 16, [%r2]; ${look(0)}
    cp.async.bulk.shared::cluster.shared::cta.${TX} [%r3+64], [%r4], 16, [%r2]; ${look(1)} ${show("other+4", 2)} ${show("tile+76", 3)}
    st.shared.v4.u32 [tile], {0x40003800, 0x40003800, 0x40003800, 0xc000}; cp.reduce.async.bulk.global.shared::cta.bulk_group.max.f16 [%rd2+16], [%r3], 16;
    st.shared.v4.f32 [tile], {1.0, 1.0, 0.5, -4.0}; cp.reduce.async.bulk.global.shared::cta.bulk_group.add.f32 [%rd2+32], [%r3], 16;
    cp.async.bulk.commit_group; cp.async.bulk.wait_group 0;`, 12, data))
    .toEqual([0, 1, 22, 44, 0x40003c00, 0x40003c00, 0x40003c00, 0x3c003c00, ...[2, 3, 3.5, 0].map((x) => Number(f32(x)))]);
});
