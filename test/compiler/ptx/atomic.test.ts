import { expect, test } from "vitest";
import { packParams } from "../wasm/harness.ts";
import { HEAD, PtxBench } from "./bench.ts";

/** Runs one atomic instruction on a value; gives [old value, new value] as raw bits. */
function once(code: string, type: string, initial: bigint, space: "global" | "shared" | "generic" = "global"): [bigint, bigint] {
  const bits = Number(/\d+/.exec(type)![0]) * (type.endsWith("x2") ? 2 : 1);
  const reg = type.startsWith("f") && bits >= 32 ? type : `b${bits}`;
  const store = `b${bits}`;
  const address = space === "shared" ? "cell" : space === "global" ? "%out+8" : "%gen";
  const text = `${HEAD}.visible .entry k(.param .u64 pout) { .reg .b64 %out, %gen; .reg .${reg} d, v; .shared .align 8 .b8 cell[8];
  ld.param.u64 %out, [pout]; add.u64 %gen, %out, 8;
  ld.global.${store} v, [%out]; ${space === "shared" ? `st.shared.${store} [cell], v;` : `st.global.${store} [%out+8], v;`}
  ${code.replace("ADDR", address)}
  st.global.${store} [%out+16], d; ${space === "shared" ? `ld.shared.${store} v, [cell]; st.global.${store} [%out+8], v;` : ""} ret; }`;
  const bench = new PtxBench(text);
  const out = bench.machine.upload(BigUint64Array.of(initial, 0n, 0n));
  bench.launch("k", packParams(out));
  const words = bench.machine.u64(out, 3);
  return [words[2]!, words[1]!];
}

const M = (1n << 32n) - 1n;

test.each([
  ["atom.global.add.u32 d, [ADDR], 5;", "u32", M, [M, 4n]],
  ["atom.global.add.s32 d, [ADDR], -5;", "s32", 3n, [3n, M - 1n]],
  ["atom.global.add.u64 d, [ADDR], 5;", "u64", 1n << 40n, [1n << 40n, (1n << 40n) + 5n]],
  ["atom.global.and.b32 d, [ADDR], 0xF0;", "b32", 0xffn, [0xffn, 0xf0n]],
  ["atom.global.or.b64 d, [ADDR], 1;", "b64", 6n, [6n, 7n]],
  ["atom.global.xor.b32 d, [ADDR], 3;", "b32", 5n, [5n, 6n]],
  ["atom.global.exch.b32 d, [ADDR], 9;", "b32", 5n, [5n, 9n]],
  ["atom.global.exch.b64 d, [ADDR], 9;", "b64", 5n, [5n, 9n]],
  ["atom.global.min.s32 d, [ADDR], -1;", "s32", 5n, [5n, M]],
  ["atom.global.min.u32 d, [ADDR], -1;", "u32", 5n, [5n, 5n]],
  ["atom.global.max.s64 d, [ADDR], -1;", "s64", 5n, [5n, 5n]],
  ["atom.global.max.u64 d, [ADDR], 8;", "u64", 5n, [5n, 8n]],
  ["atom.global.inc.u32 d, [ADDR], 7;", "u32", 7n, [7n, 0n]],
  ["atom.global.inc.u32 d, [ADDR], 7;", "u32", 6n, [6n, 7n]],
  ["atom.global.dec.u32 d, [ADDR], 7;", "u32", 0n, [0n, 7n]],
  ["atom.global.dec.u32 d, [ADDR], 7;", "u32", 9n, [9n, 7n]],
  ["atom.global.cas.b32 d, [ADDR], 5, 6;", "b32", 5n, [5n, 6n]],
  ["atom.global.cas.b32 d, [ADDR], 5, 6;", "b32", 4n, [4n, 4n]],
  ["atom.acq_rel.sys.global.cas.b64 d, [ADDR], 5, 6;", "b64", 5n, [5n, 6n]],
  ["atom.global.add.f32 d, [ADDR], 0f3F800000;", "f32", 0x3f800000n, [0x3f800000n, 0x40000000n]],
  ["atom.global.add.f64 d, [ADDR], 0d3FF0000000000000;", "f64", 0n, [0n, 0x3ff0000000000000n]],
  ["{ .reg .b16 h; mov.b16 h, 0x3c00; atom.global.add.noftz.f16 d, [ADDR], h; }", "f16", 0x3c00n, [0x3c00n, 0x4000n]],
  ["{ .reg .b32 h; mov.b32 h, 0x40003c00; atom.global.add.noftz.f16x2 d, [ADDR], h; }", "f16x2", 0x3c003c00n, [0x3c003c00n, 0x42004000n]],
  ["{ .reg .b16 h; mov.b16 h, 0x3f80; atom.global.add.noftz.bf16 d, [ADDR], h; }", "b16", 0x3f80n, [0x3f80n, 0x4000n]],
  ["{ .reg .b16 x, y; mov.b16 x, 5; mov.b16 y, 6; atom.global.cas.b16 d, [ADDR], x, y; }", "b16", 5n, [5n, 6n]],
  ["{ .reg .b16 x, y; mov.b16 x, 4; mov.b16 y, 6; atom.global.cas.b16 d, [ADDR], x, y; }", "b16", 5n, [5n, 5n]],
] as const)("%s on %s", (code, type, initial, expected) => {
  expect(once(code, type, initial)).toEqual(expected);
  expect(once(code.replace("global", "shared"), type, initial, "shared")).toEqual(expected);
  expect(once(code.replace("global.", ""), type, initial, "generic")).toEqual(expected);
});

test("sixteen-bit compare-and-swap leaves its neighbour alone", () => {
  const bench = new PtxBench(`${HEAD}.visible .entry k(.param .u64 pout) { .reg .b64 %out; .reg .b16 x, y, d;
    ld.param.u64 %out, [pout]; mov.b16 x, 7; mov.b16 y, 9; atom.cas.b16 d, [%out+2], x, y; ret; }`);
  const out = bench.machine.upload(Uint32Array.of(0x00071234));
  bench.launch("k", packParams(out));
  expect(bench.machine.u32(out, 1)[0]).toBe(0x00091234);
});

test("red has no destination; many work-items add up", () => {
  const bench = new PtxBench(`${HEAD}.visible .entry k(.param .u64 pout) { .reg .b64 %out; .reg .b16 h; .reg .b32 %r1;
    ld.param.u64 %out, [pout]; mov.u32 %r1, %tid.x; red.global.add.u32 [%out], %r1; red.relaxed.gpu.global.max.u32 [%out+4], %r1; red.add.f32 [%out+8], 0f3F800000;
    mov.b16 h, 0x3c00; red.global.add.noftz.f16 [%out+14], h; red.shared.inc.u32 [cell], 100; ret; }`.replace("{ .reg .b64 %out;", "{ .reg .b64 %out; .shared .b32 cell;"));
  const out = bench.machine.map(64);
  bench.launch("k", packParams(out), { block: [64, 1, 1], grid: [2, 1, 1] });
  expect([...bench.machine.u32(out, 4)]).toEqual([2 * 2016, 63, 0x43000000, 0x58000000]);
});

test("a spin lock between blocks makes progress", () => {
  const bench = new PtxBench(`${HEAD}.visible .entry k(.param .u64 pout) { .reg .b64 %out; .reg .b32 %r<4>; .reg .pred %p1;
    ld.param.u64 %out, [pout];
  AGAIN: atom.acquire.gpu.global.cas.b32 %r1, [%out], 0, 1; setp.ne.u32 %p1, %r1, 0; @%p1 bra AGAIN;
    ld.global.u32 %r2, [%out+4]; add.u32 %r2, %r2, 1; st.global.u32 [%out+4], %r2;
    st.release.gpu.global.u32 [%out], 0; ret; }`);
  const out = bench.machine.map(64);
  bench.launch("k", packParams(out), { grid: [8, 1, 1] });
  expect([...bench.machine.u32(out, 2)]).toEqual([0, 8]);
});
