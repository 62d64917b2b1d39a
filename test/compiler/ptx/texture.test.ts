import { describe, expect, test } from "vitest";
import { DeviceFault } from "../../../src/compiler/abi.ts";
import { textureDescriptor, type TextureSampling } from "../../../src/compiler/ptx/texture.ts";
import { packParams } from "../wasm/harness.ts";
import { fixture, HEAD, PtxBench } from "./bench.ts";

const [R, RGBA, FLOAT, UNORM8, UINT8, UINT32] = [0x10b0, 0x10b5, 0x10de, 0x10d2, 0x10da, 0x10dc];

interface Pixels {
  readonly data: ArrayBufferView;
  readonly size: readonly [width: number, height: number, depth: number];
  readonly layers?: number;
  readonly bytes: number;
  readonly order?: number;
  readonly type?: number;
}

/** A texture (or surface) object; its handle, and where the pixels are. */
function object(bench: PtxBench, p: Pixels, sampling: Partial<TextureSampling> = {}): { readonly handle: bigint; readonly pixels: bigint } {
  const pixels = bench.machine.upload(p.data);
  const [width, height, depth] = p.size;
  const bytes = textureDescriptor({
    address: pixels, width, height, depth, layers: p.layers ?? 1, rowPitch: width * p.bytes, slicePitch: width * height * p.bytes, order: p.order ?? R, dataType: p.type ?? FLOAT,
  }, { normalized: false, linear: false, address: "clamp", ...sampling })!;
  return { handle: bench.machine.upload(bytes), pixels };
}

/** Runs a body with the handle in `%t`; the first `n` floats of the output. */
function floats(pixels: Pixels, sampling: Partial<TextureSampling>, body: string, n: number): number[] {
  const bench = new PtxBench(`${HEAD}.visible .entry k(.param .u64 pt, .param .u64 pout) { .reg .b64 %t, %out; .reg .f32 %f<20>; .reg .b32 %r<20>; ld.param.u64 %t, [pt]; ld.param.u64 %out, [pout]; ${body} ret; }`);
  const out = bench.machine.map(256);
  bench.launch("k", packParams(object(bench, pixels, sampling).handle, out));
  return [...bench.machine.f32(out, n)];
}

const hex = (x: number): string => {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, x);
  return `0f${view.getUint32(0).toString(16).padStart(8, "0")}`;
};
const row: Pixels = { data: Float32Array.of(10, 20, 30, 40), size: [4, 1, 1], bytes: 4 };
const square: Pixels = { data: Float32Array.from({ length: 16 }, (_, i) => i), size: [4, 4, 1], bytes: 4 };

describe("tex", () => {
  const sample1 = (xs: readonly number[]): string => xs.map((x, i) => `tex.1d.v4.f32.f32 {%f1, %f2, %f3, %f4}, [%t, {${hex(x)}}]; st.global.f32 [%out+${4 * i}], %f1;`).join(" ");

  test("nearest pixels, and address modes", () => {
    expect(floats(row, {}, sample1([0.5, 1.9, 3.5, -5, 99]), 5)).toEqual([10, 20, 40, 10, 40]);
    expect(floats(row, { address: "border" }, sample1([0.5, -0.5, 4.5]), 3)).toEqual([10, 0, 0]);
    expect(floats(row, { normalized: true, address: "wrap" }, sample1([0.125, 1.125, -0.125, 2.4]), 4)).toEqual([10, 10, 40, 20]);
    expect(floats(row, { normalized: true, address: "mirror" }, sample1([0.125, 1.125, 1.9]), 3)).toEqual([10, 40, 10]);
  });

  test("samples: every number's is the pixel, in the layer that stands in front of it", () => {
    const layers: Pixels = { data: Float32Array.from({ length: 32 }, (_, i) => i), size: [4, 4, 1], layers: 2, bytes: 4 };
    expect(floats(square, {}, `mov.u32 %r1, 3; mov.u32 %r2, 1; mov.u32 %r3, 2;
      tex.2dms.v4.f32.s32 {%f1, _, _, %f4}, [%t, {%r1, %r2, %r3, %r3}]; st.global.v2.f32 [%out], {%f1, %f4};
      tex.base.2dms.v4.f32.s32 {%f1, _, _, _}, [%t, {%r1, %r2, %r3, %r3}], {%r2, %r2}; st.global.f32 [%out+8], %f1;`, 3)).toEqual([9, 1, 14]);
    expect(floats(layers, {}, `mov.u32 %r0, 1; mov.u32 %r1, 7; mov.u32 %r2, 3; mov.u32 %r3, 2;
      tex.a2dms.v4.f32.s32 {%f1, _, _, _}, [%t, {%r0, %r1, %r2, %r3}]; st.global.f32 [%out], %f1;`, 1)).toEqual([16 + 4 * 2 + 3]);
  });

  test("linear filters in one and two dimensions", () => {
    expect(floats(row, { linear: true }, sample1([1, 1.25, 0.5, 0]), 4)).toEqual([15, 17.5, 10, 10]);
    const body = `tex.2d.v4.f32.f32 {%f1, _, _, %f4}, [%t, {${hex(2)}, ${hex(2)}}]; st.global.v2.f32 [%out], {%f1, %f4};
      tex.level.2d.v4.f32.f32 {%f1, %f2, %f3, %f4}, [%t, {${hex(1.5)}, ${hex(2.5)}}], ${hex(1)}; st.global.f32 [%out+8], %f1;
      tex.grad.2d.v4.f32.f32 {%f1, %f2, %f3, %f4}, [%t, {${hex(0.5)}, ${hex(1)}}], {${hex(0)}, ${hex(0)}}, {${hex(0)}, ${hex(0)}}; st.global.f32 [%out+12], %f1;`;
    expect(floats(square, { linear: true }, body, 4)).toEqual([7.5, 1, 9, 2]);
  });

  test("whole-number coordinates, three dimensions, arrays", () => {
    expect(floats(square, {}, "mov.u32 %r1, 3; tex.2d.v4.f32.s32 {%f1, %f2, %f3, %f4}, [%t, {%r1, 2}]; st.global.f32 [%out], %f1;", 1)).toEqual([11]);
    const cube: Pixels = { data: Float32Array.from({ length: 8 }, (_, i) => i), size: [2, 2, 2], bytes: 4 };
    expect(floats(cube, {}, `tex.3d.v4.f32.f32 {%f1, %f2, %f3, %f4}, [%t, {${hex(1.5)}, ${hex(0.5)}, ${hex(1.5)}, ${hex(0)}}]; st.global.f32 [%out], %f1;`, 1)).toEqual([5]);
    const layered: Pixels = { data: Float32Array.from({ length: 8 }, (_, i) => i), size: [2, 2, 1], layers: 2, bytes: 4 };
    expect(floats(layered, {}, `tex.a2d.v4.f32.f32 {%f1, %f2, %f3, %f4}, [%t, {1, ${hex(0.5)}, ${hex(1.5)}, ${hex(0)}}]; st.global.f32 [%out], %f1; tex.a2d.v4.f32.s32 {%f1, %f2, %f3, %f4}, [%t, {9, 1, 1, 1}]; st.global.f32 [%out+4], %f1;`, 2)).toEqual([6, 7]);
  });

  test("normalised bytes, integers, channels", () => {
    const rgba: Pixels = { data: Uint8Array.of(255, 0, 51, 255, 1, 2, 3, 4), size: [2, 1, 1], bytes: 4, order: RGBA, type: UNORM8 };
    expect(floats(rgba, {}, `tex.1d.v4.f32.f32 {%f1, %f2, %f3, %f4}, [%t, {${hex(0.5)}}]; st.global.v4.f32 [%out], {%f1, %f2, %f3, %f4};`, 4)).toEqual([1, 0, Math.fround(0.2), 1]);
    const bench = new PtxBench(`${HEAD}.visible .entry k(.param .u64 pt, .param .u64 pout) { .reg .b64 %t, %out; .reg .b32 %r<20>; ld.param.u64 %t, [pt]; ld.param.u64 %out, [pout];
      tex.1d.v4.u32.f32 {%r1, %r2, %r3, %r4}, [%t, {${hex(1.5)}}]; st.global.v4.u32 [%out], {%r1, %r2, %r3, %r4};
      txq.width.b32 %r1, [%t]; txq.height.b32 %r2, [%t]; txq.channel_order.b32 %r3, [%t]; suq.depth.b32 %r4, [%t]; st.global.v4.u32 [%out+16], {%r1, %r2, %r3, %r4}; ret; }`);
    const out = bench.machine.map(64);
    bench.launch("k", packParams(object(bench, { ...rgba, type: UINT8 }).handle, out));
    expect([...bench.machine.u32(out, 8)]).toEqual([1, 2, 3, 4, 2, 1, RGBA, 1]);
  });

  test("tld4 gathers counter-clockwise", () => {
    for (const normalized of [false, true]) {
      const at = normalized ? 0.5 : 2;
      expect(floats(square, { normalized }, `tld4.r.2d.v4.f32.f32 {%f1, %f2, %f3, %f4}, [%t, {${hex(at)}, ${hex(at)}}]; st.global.v4.f32 [%out], {%f1, %f2, %f3, %f4};`, 4)).toEqual([9, 10, 6, 5]);
    }
  });
});

describe("surfaces", () => {
  const grid: Pixels = { data: Uint32Array.from({ length: 16 }, (_, i) => i), size: [4, 4, 1], bytes: 4, type: UINT32 };
  function run(body: string, n: number, pixels = grid): { readonly out: number[]; readonly pixels: number[] } {
    const bench = new PtxBench(`${HEAD}.visible .entry k(.param .u64 pt, .param .u64 pout) { .reg .b64 %t, %out; .reg .b32 %r<20>; .reg .b16 %h<4>; ld.param.u64 %t, [pt]; ld.param.u64 %out, [pout]; ${body} ret; }`);
    const made = object(bench, pixels);
    const out = bench.machine.map(256);
    bench.launch("k", packParams(made.handle, out));
    return { out: [...bench.machine.u32(out, n)], pixels: [...bench.machine.u32(made.pixels, 16)] };
  }

  test("reads by byte offsets, vectors, narrow elements, three ways outside", () => {
    const { out } = run(`
      suld.b.2d.b32.trap {%r1}, [%t, {8, 1}]; suld.b.2d.v2.b32.trap {%r2, %r3}, [%t, {8, 3}]; suld.b.2d.b8.zero {%h1}, [%t, {4, 2}]; cvt.u32.u16 %r4, %h1; st.global.v4.u32 [%out], {%r1, %r2, %r3, %r4};
      mov.u32 %r9, -4; suld.b.2d.b32.zero {%r1}, [%t, {%r9, 1}]; suld.b.2d.b32.clamp {%r2}, [%t, {400, 1}]; suld.b.2d.b32.clamp {%r3}, [%t, {%r9, 9}]; suld.b.2d.b32.zero {%r4}, [%t, {0, 4}]; st.global.v4.u32 [%out+16], {%r1, %r2, %r3, %r4};`, 8);
    expect(out).toEqual([6, 14, 15, 9, 0, 7, 12, 0]);
  });

  test("writes and reductions", () => {
    const { pixels } = run(`
      sust.b.2d.b32.trap [%t, {4, 0}], {100}; sust.b.2d.v2.b32.zero [%t, {8, 3}], {101, 102}; sust.b.2d.b32.zero [%t, {16, 3}], {55}; mov.u16 %h1, 7; sust.b.2d.b8.clamp [%t, {900, 1}], {%h1};
      sured.b.add.2d.u32.trap [%t, {0, 2}], 50; sured.b.max.2d.s32.clamp [%t, {0, 99}], 200; sured.b.and.2d.b32.zero [%t, {4, 99}], 0;`, 0);
    expect(pixels).toEqual([0, 100, 2, 3, 4, 5, 6, 7 | (7 << 24), 58, 9, 10, 11, 200, 13, 101, 102]);
  });

  test("layers and volumes; .trap outside ends the kernel", () => {
    const layered: Pixels = { data: Uint32Array.from({ length: 16 }, (_, i) => i), size: [2, 2, 1], layers: 4, bytes: 4, type: UINT32 };
    expect(run("suld.b.a2d.b32.trap {%r1}, [%t, {3, 4, 1, 0}]; st.global.u32 [%out], %r1;", 1, layered).out).toEqual([15]);
    const volume: Pixels = { data: Uint32Array.from({ length: 16 }, (_, i) => i), size: [2, 2, 4], bytes: 4, type: UINT32 };
    expect(run("suld.b.3d.b32.trap {%r1}, [%t, {0, 1, 2, 0}]; st.global.u32 [%out], %r1;", 1, volume).out).toEqual([10]);
    expect(() => run("suld.b.2d.b32.trap {%r1}, [%t, {16, 1}];", 1)).toThrow(DeviceFault);
    expect(() => run("sust.b.2d.b32.trap [%t, {0, 4}], {1};", 1)).toThrow(DeviceFault);
  });
});

describe("the sample", () => {
  test.each(["sm_75", "sm_90"] as const)("compiled for %s", (arch) => {
    const bench = new PtxBench(fixture(arch, "12_tex_const"));
    const { machine } = bench;
    const w = 4;
    const image: Pixels = { data: Float32Array.from({ length: 16 }, (_, i) => i + 1), size: [4, 4, 1], bytes: 4 };
    const line: Pixels = { data: Float32Array.from({ length: 4 }, (_, i) => 100 * i), size: [4, 1, 1], bytes: 4 };
    const bytes: Pixels = { data: Uint8Array.from({ length: 16 }, (_, i) => 10 * i), size: [4, 4, 1], bytes: 1, type: UINT8 };
    const [t, t1, s] = [object(bench, image), object(bench, line), object(bench, bytes)];
    const coefficients = Float32Array.from({ length: 64 }, (_, i) => i / 2);
    machine.write(bench.symbols.get("coef")!, new Uint8Array(coefficients.buffer));
    const out = machine.map(w * 4 * 4);
    bench.launch("tex", packParams(t.handle, t1.handle, s.handle, out, w), { block: [1, 1, 1] });
    const texel = (x: number, y: number): number => (image.data as Float32Array)[4 * Math.min(3, Math.max(0, y)) + Math.min(3, Math.max(0, x))]!;
    // The sample's last store to o[x] is 1.0.
    expect(machine.f32(out, 1)[0]).toBe(1);
    expect([...machine.read(s.pixels, 4)]).toEqual([1, 10, 20, 30]);
    bench.launch("tex", packParams(t.handle, t1.handle, s.handle, out, w), { block: [4, 1, 1], grid: [4, 1, 1] });
    expect([...machine.read(s.pixels, 16)]).toEqual(Array.from({ length: 16 }, (_, i) => 10 * i + 1 + (i === 0 ? 1 : 0)));
    // Rows 1 to 3 are written once and not touched again.
    const values = machine.f32(out, 16);
    for (let y = 1; y < 4; y++) {
      for (let x = 0; x < 4; x++) {
        const expected = texel(x, y) * coefficients[x]! + 100 * x + texel(x, y) + texel(x, y) + (x + 1) + 7 + 5;
        expect(values[4 * y + x]).toBe(expected);
      }
    }
  });
});
