import fc from "fast-check";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { out } from "../../../src/api/out.ts";
import * as cu from "../../../src/cuda/abi/driver/constants.ts";
import type { CUaddress_mode } from "../../../src/cuda/abi/driver/enums.ts";
import type { CUarray, CUDA_ARRAY3D_DESCRIPTOR, CUDA_TEXTURE_DESC, CUtexObject } from "../../../src/cuda/abi/driver/types.ts";
import type { In } from "../../../src/cuda/abi/common.ts";
import { hostWithContext } from "../support/host.ts";

const F32 = cu.CU_AD_FORMAT_FLOAT;
const U8 = cu.CU_AD_FORMAT_UNSIGNED_INT8;

const source = `
.version 8.0
.target sm_75
.address_size 64
.visible .entry fetch2d(.param .u64 tex, .param .u64 at, .param .u64 result)
{
  .reg .f32 %f<8>; .reg .b64 %d<8>; .reg .b32 %r<4>;
  ld.param.u64 %d1, [tex]; ld.param.u64 %d2, [at]; ld.param.u64 %d3, [result];
  mov.u32 %r1, %tid.x; mul.wide.u32 %d4, %r1, 8; add.s64 %d2, %d2, %d4; mul.wide.u32 %d5, %r1, 16; add.s64 %d3, %d3, %d5;
  ld.global.v2.f32 {%f1, %f2}, [%d2];
  tex.2d.v4.f32.f32 {%f3, %f4, %f5, %f6}, [%d1, {%f1, %f2}];
  st.global.v4.f32 [%d3], {%f3, %f4, %f5, %f6};
  ret;
}
.visible .entry fetch1d(.param .u64 tex, .param .u64 result)
{
  .reg .b32 %r<8>; .reg .b64 %d<8>;
  ld.param.u64 %d1, [tex]; ld.param.u64 %d3, [result];
  mov.u32 %r1, %tid.x; mul.wide.u32 %d5, %r1, 4; add.s64 %d3, %d3, %d5;
  tex.1d.v4.u32.s32 {%r2, %r3, %r4, %r5}, [%d1, {%r1}];
  st.global.u32 [%d3], %r2;
  ret;
}
.visible .entry layers(.param .u64 tex, .param .u64 result)
{
  .reg .f32 %f<8>; .reg .b64 %d<8>; .reg .b32 %r<4>;
  ld.param.u64 %d1, [tex]; ld.param.u64 %d3, [result];
  mov.u32 %r1, %tid.x; mul.wide.u32 %d5, %r1, 4; add.s64 %d3, %d3, %d5; mov.f32 %f1, 0f3F000000;
  tex.a2d.v4.f32.f32 {%f3, %f4, %f5, %f6}, [%d1, {%r1, %f1, %f1, %f1}];
  st.global.f32 [%d3], %f3;
  ret;
}
.visible .entry gather(.param .u64 tex, .param .u64 result)
{
  .reg .f32 %f<8>; .reg .b64 %d<8>;
  ld.param.u64 %d1, [tex]; ld.param.u64 %d3, [result]; mov.f32 %f1, 0f3F800000;
  tld4.r.2d.v4.f32.f32 {%f3, %f4, %f5, %f6}, [%d1, {%f1, %f1}];
  st.global.v4.f32 [%d3], {%f3, %f4, %f5, %f6};
  ret;
}
.visible .entry turn(.param .u64 surf, .param .u64 size)
{
  .reg .b32 %r<8>; .reg .b64 %d<4>;
  ld.param.u64 %d1, [surf]; ld.param.u64 %d2, [size];
  mov.u32 %r1, %tid.x; mov.u32 %r2, %tid.y; shl.b32 %r3, %r1, 2;
  suld.b.2d.b32.trap {%r4}, [%d1, {%r3, %r2}];
  not.b32 %r4, %r4;
  sust.b.2d.b32.trap [%d1, {%r3, %r2}], {%r4};
  suq.width.b32 %r5, [%d1]; suq.height.b32 %r6, [%d1];
  st.global.v2.u32 [%d2], {%r5, %r6};
  ret;
}
`;

function world(gpu = "a100-pcie-40gb") {
  const host = hostWithContext({ gpus: [gpu] });
  const { easy } = host;
  const module = easy.cuModuleLoadData(source);
  const run = (name: string, threads: readonly [number, number], args: readonly number[]): void => {
    easy.cuLaunchKernel(easy.cuModuleGetFunction(module, name), 1, 1, 1, threads[0], threads[1], 1, 0, 0, args, null);
    easy.cuCtxSynchronize();
  };
  const floats = (address: number, count: number): number[] => {
    const back = new Float32Array(count);
    easy.cuMemcpyDtoH(back, address, 4 * count);
    return [...back];
  };
  const array = (desc: In<CUDA_ARRAY3D_DESCRIPTOR>): CUarray => easy.cuArray3DCreate({ NumChannels: 1, ...desc });
  const fill = (to: CUarray, data: ArrayBufferView, width: number, height = 1, depth = 1): void =>
    easy.cuMemcpy3D({ srcMemoryType: cu.CU_MEMORYTYPE_HOST, srcHost: data, srcPitch: width, srcHeight: height, dstMemoryType: cu.CU_MEMORYTYPE_ARRAY, dstArray: to, WidthInBytes: width, Height: height, Depth: depth });
  const texture = (hArray: CUarray, desc: In<CUDA_TEXTURE_DESC>): CUtexObject => easy.cuTexObjectCreate({ resType: cu.CU_RESOURCE_TYPE_ARRAY, res: { array: { hArray } } }, desc, null);
  const sample = (tex: number, at: readonly (readonly [number, number])[]): number[][] => {
    const places = easy.cuMemAlloc(8 * at.length);
    const result = easy.cuMemAlloc(16 * at.length);
    easy.cuMemcpyHtoD(places, Float32Array.from(at.flat()), 8 * at.length);
    run("fetch2d", [at.length, 1], [tex, places, result]);
    const values = floats(result, 4 * at.length);
    return at.map((_x, i) => values.slice(4 * i, 4 * i + 4));
  };
  return { ...host, run, floats, array, fill, texture, sample };
}

/** What a texture gives at x, y by the programming guide's rules, in plain JavaScript. One channel. */
function reference(data: ArrayLike<number>, w: number, h: number, mode: number, linear: boolean, normalized: boolean, u: number, v: number): number {
  const fold = (x: number): number => (mode === cu.CU_TR_ADDRESS_MODE_WRAP ? x - Math.floor(x) : mode === cu.CU_TR_ADDRESS_MODE_MIRROR ? (Math.floor(x) % 2 === 0 ? x - Math.floor(x) : 1 - (x - Math.floor(x))) : x);
  const [x, y] = normalized ? [fold(u) * w, fold(v) * h] : [u, v];
  const at = (i: number, j: number): number => {
    const place = (n: number, size: number): number | null => {
      if (mode === cu.CU_TR_ADDRESS_MODE_BORDER) return n < 0 || n >= size ? null : n;
      if (mode === cu.CU_TR_ADDRESS_MODE_WRAP && normalized) return ((n % size) + size) % size;
      return Math.min(Math.max(n, 0), size - 1);
    };
    const [a, b] = [place(i, w), place(j, h)];
    return a === null || b === null ? 0 : data[b * w + a]!;
  };
  if (!linear) return at(Math.floor(x), Math.floor(y));
  const [i, j] = [Math.floor(x - 0.5), Math.floor(y - 0.5)];
  const [a, b] = [x - 0.5 - i, y - 0.5 - j];
  return (1 - a) * (1 - b) * at(i, j) + a * (1 - b) * at(i + 1, j) + (1 - a) * b * at(i, j + 1) + a * b * at(i + 1, j + 1);
}

describe("textures", () => {
  test("of arrays: every address mode and filter against plain JavaScript", () => {
    const w = world();
    const data = Float32Array.from({ length: 5 * 3 }, (_x, n) => (n * 7) % 16);
    const array = w.array({ Width: 5, Height: 3, Format: F32 });
    w.fill(array, data, 20, 3);
    const modes: readonly CUaddress_mode[] = [cu.CU_TR_ADDRESS_MODE_WRAP, cu.CU_TR_ADDRESS_MODE_CLAMP, cu.CU_TR_ADDRESS_MODE_MIRROR, cu.CU_TR_ADDRESS_MODE_BORDER];
    const places = [[0.125, 0.25], [0.5, 0.5], [0.9375, 0.0625], [-0.25, 0.375], [1.375, 1.8125], [-1.0625, 2.3125], [0, 0]] as const;
    for (const mode of modes) {
      for (const linear of [false, true]) {
        for (const normalized of [false, true]) {
          const tex: CUtexObject = w.texture(array, { addressMode: [mode, mode, mode], filterMode: linear ? 1 : 0, flags: normalized ? cu.CU_TRSF_NORMALIZED_COORDINATES : 0 });
          const at = places.map(([u, v]) => (normalized ? [u, v] : [u * 8, v * 4]) as [number, number]);
          const real = !normalized && mode !== cu.CU_TR_ADDRESS_MODE_BORDER ? cu.CU_TR_ADDRESS_MODE_CLAMP : mode;
          const got = w.sample(tex, at).map(([r]) => r!);
          at.forEach(([u, v], i) => expect(got[i], `mode ${mode} linear ${linear} normalized ${normalized} at ${u}, ${v}`).toBeCloseTo(reference(data, 5, 3, real, linear, normalized, u, v), 4));
          w.easy.cuTexObjectDestroy(tex);
        }
      }
    }
    w.machine.kernel.checkInvariants();
  });

  test("integers are read as floats from 0 to 1, or as they are", () => {
    const w = world();
    const array = w.easy.cuArrayCreate({ Width: 2, Height: 1, Format: U8, NumChannels: 4 });
    w.fill(array, Uint8Array.of(0, 51, 255, 102, 255, 0, 0, 0), 8, 1);
    const [first] = w.sample(w.texture(array, { filterMode: 0 }), [[0.5, 0.5]]);
    expect(first!.map((x) => Math.fround(x))).toEqual([0, 0.2, 1, 0.4].map(Math.fround));
    const line = w.easy.cuMemAlloc(64);
    w.easy.cuMemcpyHtoD(line, Uint32Array.from({ length: 16 }, (_x, n) => n * n), 64);
    const fetch = w.easy.cuTexObjectCreate({ resType: cu.CU_RESOURCE_TYPE_LINEAR, res: { linear: { devPtr: line, format: cu.CU_AD_FORMAT_UNSIGNED_INT32, numChannels: 1, sizeInBytes: 40 } } }, {}, null);
    const result = w.easy.cuMemAlloc(64);
    w.run("fetch1d", [12, 1], [fetch, result]);
    const back = new Uint32Array(12);
    w.easy.cuMemcpyDtoH(back, result, 48);
    // Ten elements; outside them there is 0.
    expect([...back]).toEqual([...Array.from({ length: 10 }, (_x, n) => n * n), 0, 0]);
  });

  test("of pitched memory, of layers; gathers", () => {
    const w = world();
    const [pitched, pitch] = ((): [number, number] => {
      const [d, p] = [out<number>(), out<number>()];
      expect(w.cuda.cuMemAllocPitch(d, p, 8, 2, 4)).toBe(0);
      return [d.value, p.value];
    })();
    w.easy.cuMemcpy2D({ srcMemoryType: cu.CU_MEMORYTYPE_HOST, srcHost: Float32Array.of(1, 2, 3, 4), srcPitch: 8, dstMemoryType: cu.CU_MEMORYTYPE_DEVICE, dstDevice: pitched, dstPitch: pitch, WidthInBytes: 8, Height: 2 });
    const tex = w.easy.cuTexObjectCreate({ resType: cu.CU_RESOURCE_TYPE_PITCH2D, res: { pitch2D: { devPtr: pitched, format: F32, numChannels: 1, width: 2, height: 2, pitchInBytes: pitch } } }, { addressMode: [1, 1, 1] }, null);
    expect(w.sample(tex, [[0.5, 0.5], [1.5, 0.5], [0.5, 1.5], [1.5, 1.5]]).map(([r]) => r)).toEqual([1, 2, 3, 4]);
    const result = w.easy.cuMemAlloc(64);
    w.run("gather", [1, 1], [tex, result]);
    expect(w.floats(result, 4)).toEqual([3, 4, 2, 1]);
    const layered = w.array({ Width: 1, Height: 1, Depth: 3, Format: F32, Flags: cu.CUDA_ARRAY3D_LAYERED });
    w.fill(layered, Float32Array.of(7, 8, 9), 4, 1, 3);
    w.run("layers", [4, 1], [w.texture(layered, { addressMode: [1, 1, 1] }), result]);
    expect(w.floats(result, 4)).toEqual([7, 8, 9, 9]);
  });

  test("objects tell what they were made of; handles go stale", () => {
    const w = world();
    const array = w.array({ Width: 4, Format: F32 });
    const desc = { addressMode: [1, 1, 1], filterMode: cu.CU_TR_FILTER_MODE_LINEAR, flags: cu.CU_TRSF_NORMALIZED_COORDINATES } as const;
    const tex = w.texture(array, desc);
    expect(w.easy.cuTexObjectGetResourceDesc(tex)).toEqual({ resType: 0, res: { array: { hArray: array } }, flags: 0 });
    expect(w.easy.cuTexObjectGetTextureDesc(tex)).toMatchObject(desc);
    w.easy.cuTexObjectDestroy(tex);
    expect(w.cuda.cuTexObjectDestroy(tex)).toBe(1);
    expect(w.cuda.cuSurfObjectDestroy(tex as never)).toBe(1);
  });

  for (const [arch, gpu] of [["sm_75", "a100-pcie-40gb"], ["sm_90", "h100-sxm-80gb"]] as const) {
    test(`the sample of ${arch} that nvcc compiled runs`, () => {
      const w = world(gpu);
      const path = fileURLToPath(new URL(`../../fixtures/ptx/${arch}/12_tex_const.ptx`, import.meta.url));
      const module = w.easy.cuModuleLoadData(readFileSync(path, "utf8"));
      const plane = w.array({ Width: 8, Height: 4, Format: F32 });
      const image = Float32Array.from({ length: 32 }, (_x, n) => n);
      w.fill(plane, image, 32, 4);
      const surface = w.array({ Width: 8, Height: 4, Format: U8, Flags: cu.CUDA_ARRAY3D_SURFACE_LDST });
      w.fill(surface, Uint8Array.from({ length: 32 }, (_x, n) => 3 * n), 8, 4);
      const line = w.easy.cuMemAlloc(64);
      w.easy.cuMemcpyHtoD(line, Float32Array.from({ length: 8 }, (_x, n) => 100 * n), 32);
      const clamp = { addressMode: [1, 1, 1] } as const;
      const tex = w.texture(plane, clamp);
      const tex1 = w.easy.cuTexObjectCreate({ resType: cu.CU_RESOURCE_TYPE_LINEAR, res: { linear: { devPtr: line, format: F32, numChannels: 1, sizeInBytes: 32 } } }, {}, null);
      const surf = w.easy.cuSurfObjectCreate({ resType: cu.CU_RESOURCE_TYPE_ARRAY, res: { array: { hArray: surface } } });
      const result = w.easy.cuMemAlloc(4 * 32);
      w.easy.cuLaunchKernel(w.easy.cuModuleGetFunction(module, "tex"), 4, 1, 1, 8, 1, 1, 0, 0, [tex, tex1, surf, result, 8], null);
      w.easy.cuCtxSynchronize();
      const back = new Uint8Array(32);
      w.easy.cuMemcpy2D({ srcMemoryType: cu.CU_MEMORYTYPE_ARRAY, srcArray: surface, dstMemoryType: cu.CU_MEMORYTYPE_HOST, dstHost: back, dstPitch: 8, WidthInBytes: 8, Height: 4 });
      expect([...back]).toEqual(Array.from({ length: 32 }, (_x, n) => 3 * n + 1));
      // Rows 1 to 3 are touched by their own blocks only: coefficients are 0, so what is left is the second texture, the levels, the volume, and variables.
      const values = w.floats(result, 32);
      for (let y = 1; y < 4; y++) for (let x = 1; x < 8; x++) expect(values[8 * y + x]).toBe(100 * x + image[8 * y + x]! * 2 + [1, 2, 3, 4][x & 3]! + 7 + 5);
    });
  }
});

describe("surfaces", () => {
  test("are read and written in place, and know their sizes", () => {
    const w = world();
    const array = w.array({ Width: 6, Height: 3, Format: cu.CU_AD_FORMAT_UNSIGNED_INT32, Flags: cu.CUDA_ARRAY3D_SURFACE_LDST });
    const data = Uint32Array.from({ length: 18 }, (_x, n) => n * 1000);
    w.fill(array, data, 24, 3);
    const surf = w.easy.cuSurfObjectCreate({ resType: cu.CU_RESOURCE_TYPE_ARRAY, res: { array: { hArray: array } } });
    const size = w.easy.cuMemAlloc(8);
    w.run("turn", [6, 3], [surf, size]);
    const back = new Uint32Array(18);
    w.easy.cuMemcpy2D({ srcMemoryType: cu.CU_MEMORYTYPE_ARRAY, srcArray: array, dstMemoryType: cu.CU_MEMORYTYPE_HOST, dstHost: back, dstPitch: 24, WidthInBytes: 24, Height: 3 });
    expect([...back]).toEqual([...data].map((v) => ~v >>> 0));
    const sizes = new Uint32Array(2);
    w.easy.cuMemcpyDtoH(sizes, size, 8);
    expect([...sizes]).toEqual([6, 3]);
    // One more column: the kernel is trapped.
    w.easy.cuLaunchKernel(w.easy.cuModuleGetFunction(w.easy.cuModuleLoadData(source), "turn"), 1, 1, 1, 7, 1, 1, 0, 0, [surf, size], null);
    expect(w.cuda.cuCtxSynchronize()).toBe(cu.CUDA_ERROR_ILLEGAL_ADDRESS);
  });
});

describe("arrays", () => {
  test("boxes copied between arrays, device memory and the host are those of plain arrays", () => {
    const w = world();
    const limits = [4, 3, 5] as const;
    const total = 60 * 2;
    const index = (x: number, y: number, z: number): number => 2 * ((z * 3 + y) * 4 + x);
    const axis = (limit: number): fc.Arbitrary<[number, number]> => fc.tuple(fc.nat(limit - 1), fc.nat(limit - 1)).map(([a, b]) => [Math.min(a, b), Math.abs(a - b) + 1]);
    const step = fc.record({ from: fc.nat(3), to: fc.nat(3), x: axis(4), y: axis(3), z: axis(5), shift: fc.tuple(fc.nat(3), fc.nat(2), fc.nat(4)), layered: fc.boolean() });
    fc.assert(fc.property(fc.array(step, { maxLength: 8 }), fc.boolean(), (steps, layered) => {
      // Four places with the same shape: two arrays, device memory, host memory.
      const make = (seed: number): Uint8Array => Uint8Array.from({ length: total }, (_x, n) => (seed + n * 13) & 255);
      const models = [0, 1, 2, 3].map((i) => make(50 * i));
      const arrays = [0, 1].map(() => w.array({ Width: 4, Height: 3, Depth: 5, Format: cu.CU_AD_FORMAT_UNSIGNED_INT16, Flags: layered ? cu.CUDA_ARRAY3D_LAYERED : 0 }));
      const device = w.easy.cuMemAlloc(total);
      const host = make(150);
      arrays.forEach((array, i) => w.fill(array, models[i]!.slice(), 8, 3, 5));
      w.easy.cuMemcpyHtoD(device, models[2]!, total);
      const side = (name: "src" | "dst", which: number, [x, y, z]: readonly number[]): object => {
        const at = { [`${name}XInBytes`]: 2 * x!, [`${name}Y`]: y, [`${name}Z`]: z };
        if (which < 2) return { ...at, [`${name}MemoryType`]: cu.CU_MEMORYTYPE_ARRAY, [`${name}Array`]: arrays[which] };
        const memory = { [`${name}Pitch`]: 8, [`${name}Height`]: 3 };
        return which === 2 ? { ...at, ...memory, [`${name}MemoryType`]: cu.CU_MEMORYTYPE_DEVICE, [`${name}Device`]: device } : { ...at, ...memory, [`${name}MemoryType`]: cu.CU_MEMORYTYPE_HOST, [`${name}Host`]: host };
      };
      for (const { from, to, x, y, z, shift } of steps) {
        if (from === to) continue;
        const target = [x, y, z].map(([, size], i) => Math.min(shift[i]!, limits[i]! - size));
        w.easy.cuMemcpy3D({ ...side("src", from, [x[0], y[0], z[0]]), ...side("dst", to, target), WidthInBytes: 2 * x[1], Height: y[1], Depth: z[1] });
        const source = models[from]!.slice();
        for (let k = 0; k < z[1]; k++) for (let j = 0; j < y[1]; j++) for (let i = 0; i < x[1]; i++) {
          const [a, b] = [index(target[0]! + i, target[1]! + j, target[2]! + k), index(x[0] + i, y[0] + j, z[0] + k)];
          models[to]!.set(source.subarray(b, b + 2), a);
        }
      }
      arrays.forEach((array, i) => {
        const back = new Uint8Array(total);
        w.easy.cuMemcpy3D({ srcMemoryType: cu.CU_MEMORYTYPE_ARRAY, srcArray: array, dstMemoryType: cu.CU_MEMORYTYPE_HOST, dstHost: back, dstPitch: 8, dstHeight: 3, WidthInBytes: 8, Height: 3, Depth: 5 });
        expect([...back]).toEqual([...models[i]!]);
        w.easy.cuArrayDestroy(array);
      });
      const back = new Uint8Array(total);
      w.easy.cuMemcpyDtoH(back, device, total);
      expect([...back]).toEqual([...models[2]!]);
      expect([...host]).toEqual([...models[3]!]);
      w.easy.cuMemFree(device);
      w.machine.kernel.checkInvariants();
    }), { numRuns: 100, seed: 7 });
  });

  test("runs of bytes of one-dimensional arrays", () => {
    const w = world();
    const a = w.array({ Width: 16, Format: U8 });
    const b = w.array({ Width: 16, Format: U8 });
    const d = w.easy.cuMemAlloc(16);
    const back = new Uint8Array(16);
    w.easy.cuMemcpyHtoA(a, 0, Uint8Array.from({ length: 16 }, (_x, n) => n), 16);
    w.easy.cuMemcpyAtoA(b, 4, a, 0, 12);
    w.easy.cuMemcpyAtoD(d, a, 8, 4);
    w.easy.cuMemcpyDtoA(b, 0, d, 4);
    w.easy.cuMemcpyAtoH(back, b, 0, 16);
    expect([...back]).toEqual([8, 9, 10, 11, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    const stream = w.easy.cuStreamCreate(0);
    w.easy.cuMemcpyHtoAAsync(a, 2, Uint8Array.of(77), 1, stream);
    w.easy.cuMemcpyAtoHAsync(back, a, 0, 4, stream);
    w.easy.cuStreamSynchronize(stream);
    expect([...back.slice(0, 4)]).toEqual([0, 1, 77, 3]);
  });

  test("levels of detail halve", () => {
    const w = world();
    const mipmap = w.easy.cuMipmappedArrayCreate({ Width: 20, Height: 6, Format: F32, NumChannels: 2 }, 99);
    const sizes = [0, 1, 2, 3, 4].map((level) => {
      const { Width, Height } = w.easy.cuArrayGetDescriptor(w.easy.cuMipmappedArrayGetLevel(mipmap, level));
      return [Width, Height];
    });
    expect(sizes).toEqual([[20, 6], [10, 3], [5, 1], [2, 1], [1, 1]]);
    expect(w.cuda.cuMipmappedArrayGetLevel(out(), mipmap, 5)).toBe(1);
    const level = w.easy.cuMipmappedArrayGetLevel(mipmap, 1);
    expect(w.cuda.cuArrayDestroy(level)).toBe(cu.CUDA_ERROR_INVALID_HANDLE);
    w.easy.cuMipmappedArrayDestroy(mipmap);
    expect(w.cuda.cuArrayGetDescriptor(out(), level)).toBe(cu.CUDA_ERROR_INVALID_HANDLE);
  });

  test("memory comes back", () => {
    const w = world();
    const free = (): number => {
      const box = out<number>();
      w.cuda.cuMemGetInfo(box, null);
      return box.value;
    };
    const before = free();
    const array = w.array({ Width: 1024, Height: 1024, Format: F32 });
    expect(free()).toBeLessThan(before);
    w.easy.cuArrayDestroy(array);
    expect(free()).toBe(before);
  });
});
