import { expect, test } from "vitest";
import { packParams } from "../wasm/harness.ts";
import { HEAD, PtxBench } from "./bench.ts";

/** Runs a body for each lane of a block; `%r1` is the lane, the results are what `%r10` and `%r11` hold. */
function lanes(body: string, block = 32, head = HEAD): [number[], number[]] {
  const bench = new PtxBench(`${head}.visible .entry k(.param .u64 pout) { .reg .b32 %r<20>; .reg .b64 %rd<10>; .reg .pred %p<10>; .shared .b32 cell[4];
    ld.param.u64 %rd1, [pout]; mov.u32 %r1, %tid.x; mul.wide.u32 %rd2, %r1, 8; add.s64 %rd1, %rd1, %rd2;
    ${body}
    st.global.v2.u32 [%rd1], {%r10, %r11}; ret; }`);
  const out = bench.machine.map(block * 8);
  bench.launch("k", packParams(out), { block: [block, 1, 1] });
  const words = [...bench.machine.u32(out, 2 * block)];
  return [words.filter((_, i) => i % 2 === 0), words.filter((_, i) => i % 2 === 1)];
}

const all = Array.from({ length: 32 }, (_, i) => i);

test("shfl.sync in its four modes, with segments and the predicate", () => {
  const shuffle = (mode: string, b: number, c: number): [number[], number[]] => lanes(`shfl.sync.${mode}.b32 %r10|%p1, %r1, ${b}, ${c}, -1; selp.u32 %r11, 1, 0, %p1;`);
  expect(shuffle("down", 3, 31)).toEqual([all.map((i) => (i + 3 < 32 ? i + 3 : i)), all.map((i) => (i + 3 < 32 ? 1 : 0))]);
  expect(shuffle("up", 3, 0)).toEqual([all.map((i) => (i >= 3 ? i - 3 : i)), all.map((i) => (i >= 3 ? 1 : 0))]);
  expect(shuffle("bfly", 5, 31)).toEqual([all.map((i) => i ^ 5), all.map(() => 1)]);
  expect(shuffle("idx", 7, 0x181f)).toEqual([all.map((i) => (i & 24) + 7), all.map(() => 1)]);
  expect(lanes("shfl.down.b32 %r10, %r1, 1, 31; mov.u32 %r11, 0;", 32, ".version 6.3\n.target sm_70\n")[0]).toEqual(all.map((i) => Math.min(i + 1, 31)));
  expect(lanes("mov.u32 %r11, 0; mov.b32 %r10, %r1; { .reg .f32 %f1; mov.b32 %f1, %r1; shfl.sync.bfly.b32 %f1, %f1, 1, 31, -1; mov.b32 %r10, %f1; }")[0]).toEqual(all.map((i) => i ^ 1));
});

test("vote, match, redux, activemask, elect", () => {
  expect(lanes("setp.lt.u32 %p1, %r1, 5; vote.sync.ballot.b32 %r10, %p1, -1; vote.sync.any.pred %p2, !%p1, -1; selp.u32 %r11, 1, 0, %p2;")).toEqual([all.map(() => 31), all.map(() => 1)]);
  expect(lanes("setp.lt.u32 %p1, %r1, 5; vote.sync.all.pred %p2, %p1, -1; vote.sync.uni.pred %p3, %p1, -1; selp.u32 %r10, 1, 0, %p2; selp.u32 %r11, 1, 0, %p3;")).toEqual([all.map(() => 0), all.map(() => 0)]);
  expect(lanes("and.b32 %r2, %r1, 3; match.any.sync.b32 %r10, %r2, -1; match.all.sync.b32 %r11|%p1, %r2, -1;")).toEqual([all.map((i) => (0x11111111 << (i & 3)) >>> 0), all.map(() => 0)]);
  expect(lanes("cvt.u64.u32 %rd3, %r1; shr.u64 %rd3, %rd3, 4; match.any.sync.b64 %r10, %rd3, -1; mov.u32 %r11, 0;")[0]).toEqual(all.map((i) => (i < 16 ? 0xffff : 0xffff0000)));
  expect(lanes("redux.sync.add.s32 %r10, %r1, -1; redux.sync.max.u32 %r11, %r1, -1;")).toEqual([all.map(() => 496), all.map(() => 31)]);
  expect(lanes("sub.s32 %r2, %r1, 5; redux.sync.min.s32 %r10, %r2, -1; redux.sync.xor.b32 %r11, %r1, -1;")).toEqual([all.map(() => 0xfffffffb), all.map(() => 0)]);
  expect(lanes("activemask.b32 %r10; elect.sync %r11|%p1, 0xfffffff0;")).toEqual([all.map(() => 0xffffffff), all.map(() => 4)]);
});

test("collectives within a guarded half", () => {
  const [sums] = lanes("mov.u32 %r10, 0; mov.u32 %r11, 0; setp.lt.u32 %p1, %r1, 16; @%p1 redux.sync.add.u32 %r10, %r1, 0xffff; bar.warp.sync -1;");
  expect(sums).toEqual(all.map((i) => (i < 16 ? 120 : 0)));
});

test("barriers: plain, numbered with counts, arriving, reducing", () => {
  const [sum, count] = lanes(`
    setp.eq.u32 %p1, %r1, 0; @%p1 st.shared.u32 [cell], 0; bar.sync 0;
    atom.shared.add.u32 %r2, [cell], 1; barrier.sync.aligned 1, 64; ld.shared.u32 %r10, [cell];
    and.b32 %r3, %r1, 1; setp.eq.u32 %p2, %r3, 1; bar.red.popc.u32 %r11, 0, %p2;`, 64);
  expect(sum).toEqual(Array(64).fill(64));
  expect(count).toEqual(Array(64).fill(32));
  const [or, and] = lanes("setp.eq.u32 %p2, %r1, 3; barrier.cta.red.or.aligned.pred %p3, 0, %p2; barrier.red.and.pred %p4, 2, 32, !%p2; selp.u32 %r10, 1, 0, %p3; selp.u32 %r11, 1, 0, %p4;");
  expect([or[0], and[0]]).toEqual([1, 0]);
  // One warp produces, the other waits for it.
  const [seen] = lanes("mov.u32 %r10, 7; mov.u32 %r11, 0; setp.lt.u32 %p1, %r1, 32; @%p1 bra A; bar.sync 3, 64; ld.shared.u32 %r10, [cell]; bra E; A: st.shared.u32 [cell], 42; bar.arrive 3, 64; E:", 64);
  expect([seen[0], seen[40]]).toEqual([7, 42]);
});
