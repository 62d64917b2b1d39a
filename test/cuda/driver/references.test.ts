import { describe, expect, test } from "vitest";
import { out } from "../../../src/api/out.ts";
import * as cu from "../../../src/cuda/abi/driver/constants.ts";
import type { CUdeviceptr } from "../../../src/cuda/abi/driver/types.ts";
import { referenceHost } from "./references-host.ts";

/** Texture and surface references: PTX names that the host binds memory to. */
const OVERRIDE = cu.CU_TRSA_OVERRIDE_FORMAT;
const NORMALIZED = cu.CU_TRSF_NORMALIZED_COORDINATES;
const first = (rows: readonly (readonly number[])[]): number[] => rows.map(([v]) => v!);

function world() {
  const host = referenceHost();
  const module = host.load("unified");
  const { easy } = host;
  const [row, image, prepared] = ["row", "image", "prepared"].map((name) => easy.cuModuleGetTexRef(module, name));
  return { ...host, module, row: row!, image: image!, prepared: prepared!, target: easy.cuModuleGetSurfRef(module, "target") };
}

const steps = (count: number): Float32Array => Float32Array.from({ length: count }, (_, n) => n);

describe("linear memory", () => {
  const w = world();
  const { easy } = w;
  const fetch = (places: readonly number[]): number[][] => {
    w.write(Int32Array.from(places));
    expect(w.run(w.module, "fetch", places.length, [w.input, w.output])).toBe(0);
    const back = w.read(new Float32Array(4 * places.length));
    return places.map((_, n) => [...back.slice(4 * n, 4 * n + 4)]);
  };
  const memory = easy.cuMemAlloc(4096);

  test("nothing bound: black", () => {
    expect(fetch([0, 5, -1])).toEqual([0, 1, 2].map(() => [0, 0, 0, 1]));
  });

  test("single floats by default; what lies outside is zero", () => {
    w.write(steps(64), memory);
    expect(easy.cuTexRefSetAddress_v2(w.row, memory, 40)).toBe(0);
    expect(first(fetch([0, 3, 9, 10, -1]))).toEqual([0, 3, 9, 0, 0]);
    expect(easy.cuTexRefGetAddress_v2(w.row)).toBe(memory);
  });

  test("an address that is not aligned: the offset is told, and the texture begins before it", () => {
    w.write(steps(256), memory);
    expect(easy.cuTexRefSetAddress_v2(w.row, (memory + 24) as CUdeviceptr, 40)).toBe(24);
    expect(first(fetch([0, 6, 15, 16]))).toEqual([0, 6, 15, 0]);
    expect(easy.cuTexRefGetAddress_v2(w.row)).toBe(memory + 24);
    const offset = out<number>(7);
    expect(w.cuda.cuTexRefSetAddress_v2(offset, w.row, memory, 8)).toBe(0);
    expect(offset.value).toBe(0);
    expect(w.cuda.cuTexRefSetAddress_v2(null, w.row, memory, 8)).toBe(0);
    expect(w.cuda.cuTexRefSetAddress_v2(null, w.row, (memory + 4) as CUdeviceptr, 8)).toBe(cu.CUDA_ERROR_INVALID_VALUE);
  });

  test("the format says what the bytes are, before and after binding", () => {
    w.write(Uint8Array.of(0, 255, 51, 102, 1, 2, 3, 4), memory);
    easy.cuTexRefSetFormat(w.row, cu.CU_AD_FORMAT_UNSIGNED_INT8, 4);
    easy.cuTexRefSetAddress_v2(w.row, memory, 8);
    expect(fetch([0])).toEqual([[0, 1, Math.fround(51 / 255), Math.fround(102 / 255)]]);
    // Twice as many elements of half the size.
    easy.cuTexRefSetFormat(w.row, cu.CU_AD_FORMAT_UNSIGNED_INT8, 2);
    expect(fetch([1, 3])).toEqual([[Math.fround(51 / 255), Math.fround(102 / 255), 0, 1], [Math.fround(3 / 255), Math.fround(4 / 255), 0, 1]]);
    easy.cuTexRefSetFlags(w.row, cu.CU_TRSF_READ_AS_INTEGER);
    w.write(Int32Array.of(1, 3, 4));
    expect(w.run(w.module, "fetchint", 3, [w.input, w.output])).toBe(0);
    expect([...w.read(new Int32Array(12))]).toEqual([51, 102, 0, 1, 3, 4, 0, 1, 0, 0, 0, 1]);
    expect(easy.cuTexRefGetFormat(w.row)).toEqual([cu.CU_AD_FORMAT_UNSIGNED_INT8, 2]);
    easy.cuTexRefSetFlags(w.row, 0);
  });

  test("address modes and filters have no effect", () => {
    easy.cuTexRefSetFormat(w.row, cu.CU_AD_FORMAT_FLOAT, 1);
    w.write(steps(4), memory);
    easy.cuTexRefSetAddress_v2(w.row, memory, 16);
    easy.cuTexRefSetAddressMode(w.row, 0, cu.CU_TR_ADDRESS_MODE_CLAMP);
    easy.cuTexRefSetFilterMode(w.row, cu.CU_TR_FILTER_MODE_LINEAR);
    expect(first(fetch([3, 4]))).toEqual([3, 0]);
  });
});

describe("arrays and rows", () => {
  test("a reference reads what is bound at the launch, as it was set then", () => {
    const w = world();
    const { easy } = w;
    const array = w.array({ Width: 4, Height: 2 }, steps(8));
    easy.cuTexRefSetArray(w.image, array, OVERRIDE);
    expect(easy.cuTexRefGetArray(w.image)).toBe(array);
    expect(first(w.at(w.module, "sample", [[0.5, 0.5], [3.9, 1.1], [9, -3]]))).toEqual([0, 7, 3]);
    easy.cuTexRefSetFilterMode(w.image, cu.CU_TR_FILTER_MODE_LINEAR);
    expect(first(w.at(w.module, "sample", [[1, 1]]))).toEqual([2.5]);
    easy.cuTexRefSetFlags(w.image, NORMALIZED);
    easy.cuTexRefSetFilterMode(w.image, cu.CU_TR_FILTER_MODE_POINT);
    easy.cuTexRefSetAddressMode(w.image, 0, cu.CU_TR_ADDRESS_MODE_WRAP);
    easy.cuTexRefSetAddressMode(w.image, 1, cu.CU_TR_ADDRESS_MODE_MIRROR);
    expect(first(w.at(w.module, "sample", [[1.125, 0.25], [0.125, 1.25], [-0.125, 0.75]]))).toEqual([0, 4, 7]);
    easy.cuTexRefSetAddressMode(w.image, 0, cu.CU_TR_ADDRESS_MODE_BORDER);
    easy.cuTexRefSetBorderColor(w.image, [0.5, 1, 2, 3]);
    expect(w.at(w.module, "sample", [[1.5, 0.25], [0.375, 0.25]])).toEqual([[0.5, 1, 2, 3], [1, 0, 0, 1]]);
    // Other memory takes the array's place.
    const { pitch, ptr } = { pitch: 512, ptr: easy.cuMemAlloc(1024) };
    w.write(Float32Array.of(5, 6), ptr);
    w.write(Float32Array.of(7, 8), ptr + pitch);
    easy.cuTexRefSetAddress2D_v3(w.image, { Width: 2, Height: 2, Format: cu.CU_AD_FORMAT_FLOAT, NumChannels: 1 }, ptr, pitch);
    expect(w.cuda.cuTexRefGetArray(out(), w.image)).toBe(cu.CUDA_ERROR_INVALID_VALUE);
    expect(first(w.at(w.module, "sample", [[0.25, 0.25], [0.75, 0.75]]))).toEqual([5, 8]);
    easy.cuTexRefSetArray(w.image, array, OVERRIDE);
    expect(first(w.at(w.module, "sample", [[0.875, 0.75]]))).toEqual([7]);
  });

  test("an array brings its format; another one of the same size may be set", () => {
    const w = world();
    const { easy } = w;
    const array = w.array({ Width: 2, Height: 1, Format: cu.CU_AD_FORMAT_UNSIGNED_INT8, NumChannels: 4 }, Uint8Array.of(0, 255, 0, 255, 255, 0, 51, 0));
    easy.cuTexRefSetFormat(w.image, cu.CU_AD_FORMAT_HALF, 2);
    easy.cuTexRefSetArray(w.image, array, OVERRIDE);
    expect(easy.cuTexRefGetFormat(w.image)).toEqual([cu.CU_AD_FORMAT_UNSIGNED_INT8, 4]);
    expect(w.at(w.module, "sample", [[0.5, 0.5], [1.5, 0.5]])).toEqual([[0, 1, 0, 1], [1, 0, Math.fround(0.2), 0]]);
    easy.cuTexRefSetFlags(w.image, cu.CU_TRSF_SRGB);
    expect(w.at(w.module, "sample", [[1.5, 0.5]])[0]![2]).toBeCloseTo(0.0331, 4);
    easy.cuTexRefSetFormat(w.image, cu.CU_AD_FORMAT_UNSIGNED_INT16, 2);
    expect(w.at(w.module, "sample", [[0.5, 0.5]])).toEqual([[Math.fround(0xff00 / 0xffff), Math.fround(0xff00 / 0xffff), 0, 1]]);
  });

  test("levels of detail", () => {
    const w = world();
    const { easy } = w;
    const mipmap = easy.cuMipmappedArrayCreate({ Width: 4, Height: 4, Depth: 0, Format: cu.CU_AD_FORMAT_FLOAT, NumChannels: 1, Flags: 0 }, 3);
    [4, 2, 1].forEach((size, level) => w.fill(easy.cuMipmappedArrayGetLevel(mipmap, level), new Float32Array(size * size).fill(10 * level), size));
    easy.cuTexRefSetMipmappedArray(w.image, mipmap, OVERRIDE);
    expect(easy.cuTexRefGetMipmappedArray(w.image)).toBe(mipmap);
    expect(w.cuda.cuTexRefGetArray(out(), w.image)).toBe(cu.CUDA_ERROR_INVALID_VALUE);
    easy.cuTexRefSetFlags(w.image, NORMALIZED);
    const levels = (): number[] => first(w.at(w.module, "level", [[0.5, 0.5, 0], [0.5, 0.5, 1], [0.5, 0.5, 1.25], [0.5, 0.5, 7]]));
    expect(levels()).toEqual([0, 0, 0, 0]);
    easy.cuTexRefSetMipmapLevelClamp(w.image, 0, 5);
    expect(levels()).toEqual([0, 10, 10, 20]);
    easy.cuTexRefSetMipmapFilterMode(w.image, cu.CU_TR_FILTER_MODE_LINEAR);
    expect(levels()).toEqual([0, 10, 12.5, 20]);
    easy.cuTexRefSetMipmapLevelBias(w.image, 0.5);
    expect(levels()).toEqual([5, 15, 17.5, 20]);
    easy.cuTexRefSetMipmapLevelClamp(w.image, 1, 1.5);
    expect(levels()).toEqual([10, 15, 15, 15]);
    expect(w.run(w.module, "queries", 1, [w.output])).toBe(0);
    expect([...w.read(new Uint32Array(24)).slice(12, 16)]).toEqual([3, 2, 2, 1]);
    // An array has no levels, and its place is a smaller one.
    easy.cuTexRefSetArray(w.image, w.array({ Width: 1, Height: 1 }, Float32Array.of(3)), OVERRIDE);
    expect(levels()).toEqual([3, 3, 3, 3]);
  });

  test("integer borders are given by their bits; half floats, offsets, residency", () => {
    const w = world();
    const { easy } = w;
    easy.cuTexRefSetArray(w.image, w.array({ Width: 2, Height: 2 }, Float32Array.of(1, 2, 4, 8)), OVERRIDE);
    expect(w.run(w.module, "forms", 1, [w.output])).toBe(0);
    const half = w.read(new Uint16Array(8));
    expect([...half]).toEqual([0x3c00, 0, 0, 0x3c00, 0x4000, 0, 0, 0x3c00]);
    expect(w.read(new Uint32Array(1), w.output + 16)[0]).toBe(1);
    expect([...w.read(new Float32Array(3), w.output + 20)]).toEqual([2, 1, 2]);
  });
});

describe("addresses and parameters", () => {
  test("the address of a reference is a handle", () => {
    const w = world();
    w.easy.cuTexRefSetArray(w.image, w.array({ Width: 4, Height: 1 }, steps(4)), OVERRIDE);
    w.easy.cuTexRefSetAddressMode(w.image, 1, cu.CU_TR_ADDRESS_MODE_CLAMP);
    expect(w.run(w.module, "indirect", 1, [1.5, w.output])).toBe(0);
    // tld4 has the next one beside it in its second component.
    expect([...w.read(new Float32Array(2))]).toEqual([1, 2]);
  });

  test("kernels take references and objects as parameters", () => {
    const w = world();
    const { easy } = w;
    const made = easy.cuTexRefCreate();
    const array = w.array({ Width: 3, Height: 5, Flags: cu.CUDA_ARRAY3D_SURFACE_LDST }, Float32Array.from({ length: 15 }, (_, n) => n + 21));
    easy.cuTexRefSetArray(made, array, OVERRIDE);
    easy.cuSurfRefSetArray(w.target, array, 0);
    const passed = (tex: number, surf: number): number[] => {
      expect(w.run(w.module, "passed", 1, [tex, surf, w.output])).toBe(0);
      return [w.read(new Float32Array(1))[0]!, ...w.read(new Uint32Array(2), w.output + 8)];
    };
    expect(passed(made, w.target)).toEqual([21, 3, 5]);
    expect(w.contents(array, new Uint32Array(15), 5)[1]).toBe(3);
    const [desc] = [{ resType: cu.CU_RESOURCE_TYPE_ARRAY, res: { array: { hArray: w.array({ Width: 1, Height: 1 }, Float32Array.of(9)) } } }] as const;
    const object = easy.cuTexObjectCreate(desc, {}, null);
    const surface = easy.cuSurfObjectCreate({ resType: cu.CU_RESOURCE_TYPE_ARRAY, res: { array: { hArray: array } } });
    expect(passed(object, surface)).toEqual([9, 1, 5]);
    easy.cuTexRefDestroy(made);
    expect(w.cuda.cuTexRefDestroy(made)).toBe(cu.CUDA_ERROR_INVALID_VALUE);
  });

  test("istypep tells what a pointer leads to", () => {
    const w = world();
    const surface = w.easy.cuSurfObjectCreate({ resType: cu.CU_RESOURCE_TYPE_ARRAY, res: { array: { hArray: w.array({ Width: 1, Height: 1, Flags: cu.CUDA_ARRAY3D_SURFACE_LDST }) } } });
    expect(w.run(w.module, "types", 1, [surface, w.output])).toBe(0);
    expect([...w.read(new Uint32Array(6))]).toEqual([1, 4, 4, 0, 0, 4]);
  });
});

describe("surfaces", () => {
  const surface = (w: ReturnType<typeof world>, Format: Parameters<typeof w.array>[0]["Format"], data: Int32Array) => {
    const array = w.array({ Width: 4, Height: 2, Format: Format!, Flags: cu.CUDA_ARRAY3D_SURFACE_LDST }, data);
    w.easy.cuSurfRefSetArray(w.target, array, 0);
    expect(w.easy.cuSurfRefGetArray(w.target)).toBe(array);
    expect(w.run(w.module, "surface", 1, [w.output])).toBe(0);
    return [...w.contents(array, new Int32Array(8), 2)];
  };
  const data = Int32Array.of(5, -7, 12, 3, 40, 50, 60, 70);

  test("loads, stores and reductions; the format says whether minima have signs", () => {
    const w = world();
    expect(surface(w, cu.CU_AD_FORMAT_SIGNED_INT32, data)).toEqual([-2, -2, 4, 11, 11, 12, 73, 84]);
    expect([...w.read(new Int32Array(2))]).toEqual([5, -7]);
    expect(surface(w, cu.CU_AD_FORMAT_UNSIGNED_INT32, data)).toEqual([5, -2, 4, 11, 11, 12, 73, 84]);
  });

  test("64-bit minima and maxima", () => {
    const w = world();
    for (const [Format, wanted] of [[cu.CU_AD_FORMAT_SIGNED_INT32, [-3, -1, 9, 0]], [cu.CU_AD_FORMAT_UNSIGNED_INT32, [4, 0, -3, -1]]] as const) {
      const array = w.array({ Width: 2, Format, NumChannels: 2, Flags: cu.CUDA_ARRAY3D_SURFACE_LDST }, Int32Array.of(4, 0, 9, 0));
      w.easy.cuSurfRefSetArray(w.target, array, 0);
      expect(w.run(w.module, "wide", 1, [])).toBe(0);
      expect([...w.contents(array, new Int32Array(4), 1)]).toEqual(wanted);
    }
  });

  test("nothing bound: the kernel dies", () => {
    const w = world();
    expect(w.run(w.module, "surface", 1, [w.output])).toBe(cu.CUDA_ERROR_ILLEGAL_ADDRESS);
  });
});

describe("initial values", () => {
  test("queries give what the declaration says", () => {
    const w = world();
    expect(w.run(w.module, "queries", 1, [w.output])).toBe(0);
    const rows = Array.from({ length: 6 }, (_, n) => [...w.read(new Uint32Array(4), w.output + 16 * n)]);
    expect(rows).toEqual([[8, 4, 2, 3], [0x10de, 0x10b5, 1, 2], [1, 4, 1, 2], [0, 0, 0, 0], [6, 5, 4, 1], [0x10da, 0x10b0, 7, 0]]);
  });

  test("the host finds them, and its settings take their place", () => {
    const w = world();
    const { easy } = w;
    expect([0, 1, 2].map((dim) => easy.cuTexRefGetAddressMode(w.prepared, dim))).toEqual([cu.CU_TR_ADDRESS_MODE_BORDER, cu.CU_TR_ADDRESS_MODE_MIRROR, cu.CU_TR_ADDRESS_MODE_CLAMP]);
    expect([easy.cuTexRefGetFilterMode(w.prepared), easy.cuTexRefGetFlags(w.prepared)]).toEqual([cu.CU_TR_FILTER_MODE_LINEAR, NORMALIZED]);
    easy.cuTexRefSetAddressMode(w.prepared, 2, cu.CU_TR_ADDRESS_MODE_WRAP);
    easy.cuTexRefSetFilterMode(w.prepared, cu.CU_TR_FILTER_MODE_POINT);
    easy.cuTexRefSetFlags(w.prepared, 0);
    easy.cuTexRefSetArray(w.prepared, w.array({ Width: 3, Height: 2, NumChannels: 2 }), OVERRIDE);
    expect(w.run(w.module, "queries", 1, [w.output])).toBe(0);
    expect([...w.read(new Uint32Array(12))]).toEqual([3, 2, 1, 0, 0x10de, 0x10b2, 0, 0, 0, 4, 1, 0]);
  });
});
