import { describe, expect, test } from "vitest";
import * as cu from "../../../src/cuda/abi/driver/constants.ts";
import type { In } from "../../../src/cuda/abi/common.ts";
import type { CUarray, CUDA_ARRAY3D_DESCRIPTOR, CUDA_RESOURCE_DESC, CUDA_TEXTURE_DESC, CUtexObject } from "../../../src/cuda/abi/driver/types.ts";
import { hostWithContext } from "../support/host.ts";

/** Cube maps, levels of detail, address modes by dimension, border colours, sRGB, and formatted stores. */
const F32 = cu.CU_AD_FORMAT_FLOAT;
const NORMALIZED = cu.CU_TRSF_NORMALIZED_COORDINATES;

/** A kernel that samples at six floats for each thread: `body` has them in %f1 to %f6 and leaves its result in %f11 to %f14. */
const kernel = (name: string, body: string): string => `
.visible .entry ${name}(.param .u64 tex, .param .u64 at, .param .u64 result)
{
  .reg .f32 %f<20>; .reg .b64 %d<8>; .reg .b32 %r<4>;
  ld.param.u64 %d1, [tex]; ld.param.u64 %d2, [at]; ld.param.u64 %d3, [result];
  mov.u32 %r1, %tid.x; mul.wide.u32 %d4, %r1, 32; add.s64 %d2, %d2, %d4; mul.wide.u32 %d5, %r1, 16; add.s64 %d3, %d3, %d5;
  ld.global.v4.f32 {%f1, %f2, %f3, %f4}, [%d2]; ld.global.v2.f32 {%f5, %f6}, [%d2+16]; cvt.rzi.s32.f32 %r2, %f5;
  ${body}
  st.global.v4.f32 [%d3], {%f11, %f12, %f13, %f14};
  ret;
}`;
const OUT = "{%f11, %f12, %f13, %f14}";
const source = `.version 8.0\n.target sm_80\n.address_size 64\n${[
  kernel("cube", `tex.cube.v4.f32.f32 ${OUT}, [%d1, {%f1, %f2, %f3, %f3}];`),
  kernel("acube", `tex.acube.v4.f32.f32 ${OUT}, [%d1, {%r2, %f1, %f2, %f3}];`),
  kernel("cubelevel", `tex.level.cube.v4.f32.f32 ${OUT}, [%d1, {%f1, %f2, %f3, %f3}], %f6;`),
  kernel("gathercube", `tld4.r.cube.v4.f32.f32 ${OUT}, [%d1, {%f1, %f2, %f3, %f3}];`),
  kernel("gatheracube", `tld4.r.acube.v4.f32.f32 ${OUT}, [%d1, {%r2, %f1, %f2, %f3}];`),
  kernel("gradcube", `mov.f32 %f7, 0f00000000; tex.grad.cube.v4.f32.f32 ${OUT}, [%d1, {%f1, %f2, %f3, %f3}], {%f7, %f4, %f7, %f7}, {%f7, %f7, %f5, %f7};`),
  kernel("plain", `tex.2d.v4.f32.f32 ${OUT}, [%d1, {%f1, %f2}];`),
  kernel("level", `tex.level.2d.v4.f32.f32 ${OUT}, [%d1, {%f1, %f2}], %f6;`),
  kernel("whole", `.reg .b32 %x, %y, %l; cvt.rzi.s32.f32 %x, %f1; cvt.rzi.s32.f32 %y, %f2; cvt.rzi.s32.f32 %l, %f6; tex.level.2d.v4.f32.s32 ${OUT}, [%d1, {%x, %y}], %l;`),
  kernel("layerlevel", `tex.level.a2d.v4.f32.f32 ${OUT}, [%d1, {%r2, %f1, %f2, %f2}], %f6;`),
  kernel("grad", `tex.grad.2d.v4.f32.f32 ${OUT}, [%d1, {%f1, %f2}], {%f3, %f4}, {%f5, %f6};`),
  kernel("volume", `tex.3d.v4.f32.f32 ${OUT}, [%d1, {%f1, %f2, %f3, %f3}];`),
  kernel("levels", `txq.num_mipmap_levels.b32 %r1, [%d1]; cvt.rn.f32.u32 %f11, %r1; mov.f32 %f12, %f11; mov.f32 %f13, %f11; mov.f32 %f14, %f11;`),
].join("")}
.visible .entry store(.param .u64 surf)
{
  .reg .f32 %f<8>; .reg .b64 %d<4>; .reg .b32 %r<8>;
  ld.param.u64 %d1, [surf];
  mov.b32 %r1, 0f3F000000; mov.b32 %r2, 0f3F800000; mov.b32 %r3, 0f40000000; mov.b32 %r4, 0fBF800000; mov.u32 %r5, 70000; mov.u32 %r6, -5;
  sust.p.2d.v4.b32.trap [%d1, {1, 0}], {%r1, %r2, %r3, %r4};
  sust.p.2d.v4.b32.zero [%d1, {9, 0}], {%r1, %r2, %r3, %r4};
  sust.p.2d.v4.b32.clamp [%d1, {9, %r6}], {%r2, %r1, %r1, %r2};
  sust.p.2d.v2.b32.trap [%d1, {0, 1}], {%r2, %r1};
  ret;
}
.visible .entry integers(.param .u64 surf)
{
  .reg .b64 %d<4>; .reg .b32 %r<8>;
  ld.param.u64 %d1, [surf]; mov.u32 %r5, 70000; mov.u32 %r6, -5;
  sust.p.2d.v2.b32.trap [%d1, {1, 1}], {%r5, %r6};
  ret;
}
.visible .entry outside(.param .u64 surf)
{
  .reg .b64 %d<4>; .reg .b32 %r<8>;
  ld.param.u64 %d1, [surf]; mov.u32 %r5, 1;
  sust.p.2d.b32.trap [%d1, {3, 0}], {%r5};
  ret;
}`;

type Place = readonly number[];

function world() {
  const host = hostWithContext();
  const { easy, cuda } = host;
  const module = easy.cuModuleLoadData(source);
  const input = easy.cuMemAlloc(4096);
  const output = easy.cuMemAlloc(4096);
  return {
    ...host,
    array: (change: In<CUDA_ARRAY3D_DESCRIPTOR>): CUarray => easy.cuArray3DCreate({ Width: 1, Height: 1, Depth: 0, Format: F32, NumChannels: 1, Flags: 0, ...change }),
    fill(array: CUarray, data: ArrayBufferView, rowBytes: number, height: number, depth = 1): void {
      easy.cuMemcpy3D({ srcMemoryType: cu.CU_MEMORYTYPE_HOST, srcHost: data, srcPitch: rowBytes, srcHeight: height, dstMemoryType: cu.CU_MEMORYTYPE_ARRAY, dstArray: array, WidthInBytes: rowBytes, Height: height, Depth: depth });
    },
    texture: (resource: In<CUDA_RESOURCE_DESC>, desc: In<CUDA_TEXTURE_DESC>): CUtexObject => easy.cuTexObjectCreate(resource, desc, null),
    sample(name: string, tex: CUtexObject, places: readonly Place[]): number[][] {
      easy.cuMemcpyHtoD(input, Float32Array.from(places.flatMap((p) => Array.from({ length: 8 }, (_, n) => p[n] ?? 0))), 32 * places.length);
      easy.cuLaunchKernel(easy.cuModuleGetFunction(module, name), 1, 1, 1, places.length, 1, 1, 0, null, [BigInt(tex), input, output], null);
      const back = new Float32Array(4 * places.length);
      easy.cuMemcpyDtoH(back, output, back.byteLength);
      return places.map((_, n) => [...back.slice(4 * n, 4 * n + 4)]);
    },
    launch(name: string, object: number): number {
      easy.cuLaunchKernel(easy.cuModuleGetFunction(module, name), 1, 1, 1, 1, 1, 1, 0, null, [BigInt(object)], null);
      return cuda.cuCtxSynchronize();
    },
  };
}

const ofArray = (hArray: CUarray): In<CUDA_RESOURCE_DESC> => ({ resType: cu.CU_RESOURCE_TYPE_ARRAY, res: { array: { hArray } } });

describe("cube maps", () => {
  const w = world();
  /** Faces of 2 by 2: 10 times the face, and the place's number. */
  const faces = (count: number): Float32Array => Float32Array.from({ length: 4 * count }, (_, n) => 10 * Math.floor(n / 4) + n % 4);
  const cubeArray = (Depth: number, Flags: number): CUarray => {
    const made = w.array({ Width: 2, Height: 2, Depth, Flags: cu.CUDA_ARRAY3D_CUBEMAP | Flags });
    w.fill(made, faces(Depth), 8, 2, Depth);
    return made;
  };

  test("a direction finds its face and place, whatever its length", () => {
    const tex = w.texture(ofArray(cubeArray(6, 0)), { flags: NORMALIZED });
    // Face, direction and place by the table of the programming guide: (s, t) are from -1 to 1 on the face, rows go with t.
    const wanted = (x: number, y: number, z: number): number => {
      const [ax, ay, az] = [Math.abs(x), Math.abs(y), Math.abs(z)];
      const [face, s, t, m] = ax >= ay && ax >= az ? (x >= 0 ? [0, -z, -y, ax] : [1, z, -y, ax]) : ay >= az ? (y >= 0 ? [2, x, z, ay] : [3, x, -z, ay]) : z >= 0 ? [4, x, -y, az] : [5, -x, -y, az];
      return 10 * face! + (s! / m! >= 0 ? 1 : 0) + (t! / m! >= 0 ? 2 : 0);
    };
    const places: [number, number, number][] = [];
    for (const main of [0, 1, 2]) for (const sign of [1, -3]) for (const a of [0.4, -0.7]) for (const b of [0.2, -0.9]) places.push([0, 1, 2].map((d) => (d === main ? sign : d === (main + 1) % 3 ? a : b)) as [number, number, number]);
    expect(w.sample("cube", tex, places).map(([v]) => v)).toEqual(places.map((p) => wanted(...p)));
    expect(w.sample("cubelevel", tex, places).map(([v]) => v)).toEqual(places.map((p) => wanted(...p)));
  });

  test("four places of a face at once", () => {
    const tex = w.texture(ofArray(cubeArray(12, cu.CUDA_ARRAY3D_LAYERED)), { flags: NORMALIZED });
    // Counter-clockwise from the lower left, as for two dimensions; beyond the face its edge counts.
    expect(w.sample("gatheracube", tex, [[1, 0, 0, 0, 1], [0, 0, -2, 0, 0]])).toEqual([[62, 63, 61, 60], [52, 53, 51, 50]]);
    const single = w.texture(ofArray(cubeArray(6, 0)), { flags: NORMALIZED });
    expect(w.sample("gathercube", single, [[0, 3, 0], [0.9, 1, 0.9], [-0.9, 1, -0.9]])).toEqual([[22, 23, 21, 20], [23, 23, 23, 23], [20, 20, 20, 20]]);
  });

  test("gradients of a direction ask for the level where neighbours on the face are a pixel apart", () => {
    const mipmap = w.easy.cuMipmappedArrayCreate({ Width: 4, Height: 4, Depth: 6, Format: F32, NumChannels: 1, Flags: cu.CUDA_ARRAY3D_CUBEMAP }, 3);
    [4, 2, 1].forEach((size, level) => w.fill(w.easy.cuMipmappedArrayGetLevel(mipmap, level), new Float32Array(6 * size * size).fill(10 * level), 4 * size, size, 6));
    const tex = w.texture({ resType: cu.CU_RESOURCE_TYPE_MIPMAPPED_ARRAY, res: { mipmap: { hMipmappedArray: mipmap } } }, { flags: NORMALIZED, mipmapFilterMode: 1, maxMipmapLevelClamp: 9 });
    // A face is 2 wide: half a unit is a pixel of four, one unit two of them; a direction of twice the length needs twice the change.
    const places: Place[] = [[1, 0, 0, 0.5, 0.5], [1, 0, 0, 1, 0.5], [1, 0, 0, 0.25, 2], [-2, 0, 0, 1, 1], [2, 0, 0, 2, 0]];
    expect(w.sample("gradcube", tex, places).map(([v]) => v)).toEqual([0, 10, 20, 0, 10]);
  });

  test("layers of cubes, and a linear filter inside a face", () => {
    const tex = w.texture(ofArray(cubeArray(12, cu.CUDA_ARRAY3D_LAYERED)), { flags: NORMALIZED, filterMode: 1 });
    // The middle of face 0 is the mean of its four.
    expect(w.sample("acube", tex, [[1, 0, 0, 0, 0], [1, 0, 0, 0, 1], [0, 0, -2, 0, 1], [0, 0, -2, 0, 9]]).map(([v]) => v)).toEqual([1.5, 61.5, 111.5, 111.5]);
  });
});

describe("levels of detail", () => {
  const w = world();
  /** Levels of 8, 4, 2, 1: each has its number times 10 everywhere, plus the layer. */
  const make = (Flags = 0, Depth = 0): In<CUDA_RESOURCE_DESC> => {
    const hMipmappedArray = w.easy.cuMipmappedArrayCreate({ Width: 8, Height: 8, Depth, Format: F32, NumChannels: 1, Flags }, 4);
    for (let level = 0; level < 4; level++) {
      const size = 8 >> level;
      const layers = Math.max(1, Depth);
      w.fill(w.easy.cuMipmappedArrayGetLevel(hMipmappedArray, level), Float32Array.from({ length: size * size * layers }, (_, n) => 10 * level + Math.floor(n / size / size)), 4 * size, size, layers);
    }
    return { resType: cu.CU_RESOURCE_TYPE_MIPMAPPED_ARRAY, res: { mipmap: { hMipmappedArray } } };
  };
  const first = (rows: number[][]): number[] => rows.map(([v]) => v!);

  test("are chosen or mixed, moved by the bias, kept to the limits", () => {
    const resource = make();
    const at = (levels: number[]): Place[] => levels.map((level) => [0.3, 0.6, 0, 0, 0, level]);
    const nearest = w.texture(resource, { flags: NORMALIZED, maxMipmapLevelClamp: 3 });
    expect(first(w.sample("level", nearest, at([0, 0.4, 0.6, 1, 2.2, 3, 9, -5])))).toEqual([0, 0, 10, 10, 20, 30, 30, 0]);
    const mixed = w.texture(resource, { flags: NORMALIZED, mipmapFilterMode: 1, maxMipmapLevelClamp: 3 });
    expect(first(w.sample("level", mixed, at([0, 0.25, 1.5, 2.75, 3, 4])))).toEqual([0, 2.5, 15, 27.5, 30, 30]);
    const moved = w.texture(resource, { flags: NORMALIZED, mipmapFilterMode: 1, mipmapLevelBias: 0.5, minMipmapLevelClamp: 1, maxMipmapLevelClamp: 2 });
    expect(first(w.sample("level", moved, at([0, 0.75, 1.25, 3])))).toEqual([10, 12.5, 17.5, 20]);
    expect(first(w.sample("plain", nearest, at([0])))).toEqual([0]);
    expect(first(w.sample("whole", nearest, [[1, 1, 0, 0, 0, 1], [0, 0, 0, 0, 0, 3], [0, 0, 0, 0, 0, 7]]))).toEqual([10, 30, 30]);
    expect(w.sample("levels", nearest, [[0]])[0]![0]).toBe(4);
  });

  test("gradients ask for the level where neighbours are a pixel apart", () => {
    const tex = w.texture(make(), { flags: NORMALIZED, mipmapFilterMode: 1, maxMipmapLevelClamp: 3 });
    // Of eight pixels: an eighth is level 0, a quarter 1, a half 2; the longer of the two counts, and so does its slope.
    const places = [[0.125, 0, 0, 0.125], [0.25, 0, 0, 0.125], [0, 0.01, 0, 0.5], [0.15, 0.2, 0, 0], [0, 0, 0, 0], [5, 0, 0, 5]].map((g) => [0.5, 0.5, ...g]);
    expect(first(w.sample("grad", tex, places)).map((v) => Math.round(100 * v) / 100)).toEqual([0, 10, 20, 10, 0, 30]);
  });

  test("of layers", () => {
    const tex = w.texture(make(cu.CUDA_ARRAY3D_LAYERED, 3), { flags: NORMALIZED, mipmapFilterMode: 1, maxMipmapLevelClamp: 3 });
    expect(first(w.sample("layerlevel", tex, [[0.1, 0.1, 0, 0, 0, 0], [0.1, 0.1, 0, 0, 2, 1.5], [0.9, 0.9, 0, 0, 7, 3]]))).toEqual([0, 17, 32]);
  });

  test("many objects with levels come and go", () => {
    const resource = make();
    const handles = new Set<number>();
    for (let n = 0; n < 40; n++) {
      const tex = w.texture(resource, { flags: NORMALIZED, maxMipmapLevelClamp: 3 });
      handles.add(Number(tex));
      if (n % 2 === 0) w.easy.cuTexObjectDestroy(tex);
    }
    expect(handles.size).toBeGreaterThan(20);
    w.machine.kernel.checkInvariants();
  });
});

test("each dimension has its own address mode", () => {
  const w = world();
  const data = Float32Array.from({ length: 16 }, (_, n) => n + 1);
  const array = w.array({ Width: 4, Height: 4 });
  w.fill(array, data, 16, 4);
  const [wrap, clamp, mirror, border] = [cu.CU_TR_ADDRESS_MODE_WRAP, cu.CU_TR_ADDRESS_MODE_CLAMP, cu.CU_TR_ADDRESS_MODE_MIRROR, cu.CU_TR_ADDRESS_MODE_BORDER] as const;
  const at: Place[] = [[1.125, 1.375], [-0.125, 0.125], [0.125, -0.375]];
  const results = ([[wrap, clamp], [clamp, mirror], [border, wrap], [mirror, border]] as const).map(([x, y]) => w.sample("plain", w.texture(ofArray(array), { addressMode: [x, y, clamp], flags: NORMALIZED }), at).map(([v]) => v));
  const pixel = (x: number, y: number): number => data[4 * y + x]!;
  expect(results).toEqual([[pixel(0, 3), pixel(3, 0), pixel(0, 0)], [pixel(3, 2), pixel(0, 0), pixel(0, 1)], [0, 0, pixel(0, 2)], [0, pixel(0, 0), 0]]);
  const volume = w.array({ Width: 2, Height: 2, Depth: 2 });
  w.fill(volume, data.subarray(0, 8), 8, 2, 2);
  const tex = w.texture(ofArray(volume), { addressMode: [clamp, wrap, border], flags: NORMALIZED });
  expect(w.sample("volume", tex, [[9, 1.25, 0.25], [0.25, -0.25, 0.75], [0.25, 0.25, 1.25]]).map(([v]) => v)).toEqual([2, 7, 0]);
});

test("a border may have a colour, and a filter mixes it", () => {
  const w = world();
  const array = w.array({ Width: 2, Height: 2, NumChannels: 4 });
  w.fill(array, new Float32Array(16).fill(1), 32, 2);
  const border = cu.CU_TR_ADDRESS_MODE_BORDER;
  const desc = { addressMode: [border, border, border] as CUDA_TEXTURE_DESC["addressMode"], borderColor: [3, 5, -7, 0.5] as CUDA_TEXTURE_DESC["borderColor"] };
  expect(w.sample("plain", w.texture(ofArray(array), desc), [[0.5, 0.5], [-1, 0], [0, 2.5]])).toEqual([[1, 1, 1, 1], [3, 5, -7, 0.5], [3, 5, -7, 0.5]]);
  expect(w.sample("plain", w.texture(ofArray(array), { ...desc, filterMode: 1 }), [[0, 1]])).toEqual([[2, 3, -3, 0.75]]);
});

test("sRGB colours come as linear light", () => {
  const w = world();
  const array = w.array({ Width: 2, Height: 1, NumChannels: 4, Format: cu.CU_AD_FORMAT_UNSIGNED_INT8 });
  w.fill(array, Uint8Array.of(0, 128, 255, 128, 10, 11, 200, 255), 8, 1);
  const linear = (v: number): number => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
  const [a, b] = w.sample("plain", w.texture(ofArray(array), { flags: cu.CU_TRSF_SRGB }), [[0.5, 0.5], [1.5, 0.5]]);
  [linear(0), linear(128), linear(255), 128 / 255].forEach((v, n) => expect(a![n]).toBeCloseTo(v, 6));
  [linear(10), linear(11), linear(200), 1].forEach((v, n) => expect(b![n]).toBeCloseTo(v, 6));
});

describe("formatted stores", () => {
  const store = (Format: number, NumChannels: number, name: string): { pixels: DataView; code: number } => {
    const w = world();
    const array = w.array({ Width: 3, Height: 2, Format: Format as never, NumChannels, Flags: cu.CUDA_ARRAY3D_SURFACE_LDST });
    const code = w.launch(name, Number(w.easy.cuSurfObjectCreate(ofArray(array))));
    const bytes = { [cu.CU_AD_FORMAT_FLOAT]: 4, [cu.CU_AD_FORMAT_HALF]: 2, [cu.CU_AD_FORMAT_UNORM_INT8X4]: 1, [cu.CU_AD_FORMAT_SIGNED_INT16]: 2 }[Format]! * NumChannels;
    const back = new Uint8Array(3 * 2 * bytes);
    if (code === 0) w.easy.cuMemcpy2D({ srcMemoryType: cu.CU_MEMORYTYPE_ARRAY, srcArray: array, dstMemoryType: cu.CU_MEMORYTYPE_HOST, dstHost: back, dstPitch: 3 * bytes, WidthInBytes: 3 * bytes, Height: 2 });
    return { pixels: new DataView(back.buffer), code };
  };

  test("convert to floats, halves, bytes from 0 to 1 and integers", () => {
    const floats = store(F32, 4, "store").pixels;
    const four = (pixel: number): number[] => [0, 1, 2, 3].map((c) => floats.getFloat32(16 * pixel + 4 * c, true));
    expect([0, 1, 2, 3, 4].map(four)).toEqual([[0, 0, 0, 0], [0.5, 1, 2, -1], [1, 0.5, 0.5, 1], [1, 0.5, 0, 0], [0, 0, 0, 0]]);
    const bytes = store(cu.CU_AD_FORMAT_UNORM_INT8X4, 4, "store").pixels;
    expect([4, 5, 6, 7, 8, 9].map((at) => bytes.getUint8(at))).toEqual([128, 255, 255, 0, 255, 128]);
    const halves = store(cu.CU_AD_FORMAT_HALF, 4, "store").pixels;
    expect([0, 1, 2, 3].map((c) => halves.getUint16(8 + 2 * c, true))).toEqual([0x3800, 0x3c00, 0x4000, 0xbc00]);
    const shorts = store(cu.CU_AD_FORMAT_SIGNED_INT16, 2, "integers").pixels;
    expect([shorts.getInt16(16, true), shorts.getInt16(18, true)]).toEqual([32767, -5]);
  });

  test("outside, .trap ends the kernel", () => expect(store(F32, 1, "outside").code).not.toBe(0));
});
