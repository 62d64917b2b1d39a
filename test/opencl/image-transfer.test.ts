import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { out } from "../../src/api/out.ts";
import * as C from "../../src/opencl/abi/constants.ts";
import type { cl_image_desc, cl_image_format, cl_mem } from "../../src/opencl/abi/types.ts";
import { Bench } from "./harness.ts";

const b = new Bench();
const { cl } = b;
const ctx = b.context();
const q = b.queue(ctx);
const format = (order: number, data: number): cl_image_format => ({ image_channel_order: order, image_channel_data_type: data });
const describeImage = (image_type: number, [image_width, image_height, image_depth, image_array_size]: readonly number[], change: Partial<cl_image_desc> = {}): cl_image_desc => ({
  image_type, image_width: image_width!, image_height: image_height!, image_depth: image_depth!, image_array_size: image_array_size!, image_row_pitch: 0, image_slice_pitch: 0, num_mip_levels: 0, num_samples: 0,
  mem_object: null, ...change,
});

/** Types with what their three coordinates count in an image of [3, 4, 5] (width, height, depth) with 6 layers. */
const kinds = [
  { type: C.CL_MEM_OBJECT_IMAGE1D, limits: [3, 1, 1], slicing: false },
  { type: C.CL_MEM_OBJECT_IMAGE1D_ARRAY, limits: [3, 6, 1], slicing: true },
  { type: C.CL_MEM_OBJECT_IMAGE2D, limits: [3, 4, 1], slicing: false },
  { type: C.CL_MEM_OBJECT_IMAGE2D_ARRAY, limits: [3, 4, 6], slicing: true },
  { type: C.CL_MEM_OBJECT_IMAGE3D, limits: [3, 4, 5], slicing: true },
];

/** Pixels as a plain array, which everything is compared with. */
class Model {
  readonly pixels: Uint8Array;
  readonly limits: readonly number[];
  readonly pixel: number;

  constructor(limits: readonly number[], pixel: number) {
    this.limits = limits;
    this.pixel = pixel;
    this.pixels = new Uint8Array(limits[0]! * limits[1]! * limits[2]! * pixel);
  }

  /** Visits the pixels of a region: where each lies here, and its number in the region. */
  each(origin: readonly number[], region: readonly number[], visit: (at: number, n: number) => void): void {
    let n = 0;
    for (let z = 0; z < region[2]!; z++) {
      for (let y = 0; y < region[1]!; y++) {
        for (let x = 0; x < region[0]!; x++) visit((((origin[2]! + z) * this.limits[1]! + origin[1]! + y) * this.limits[0]! + origin[0]! + x) * this.pixel, n++);
      }
    }
  }

  get(origin: readonly number[], region: readonly number[]): Uint8Array {
    const data = new Uint8Array(region[0]! * region[1]! * region[2]! * this.pixel);
    this.each(origin, region, (at, n) => data.set(this.pixels.subarray(at, at + this.pixel), n * this.pixel));
    return data;
  }

  set(origin: readonly number[], region: readonly number[], data: Uint8Array): void {
    this.each(origin, region, (at, n) => this.pixels.set(data.subarray(n * this.pixel, (n + 1) * this.pixel), at));
  }
}

/** Rows and slices of packed pixels put apart, as host memory with pitches has them. */
function spread(data: Uint8Array, [w, h, d]: readonly number[], pixel: number, row: number, slice: number): Uint8Array {
  const apart = new Uint8Array(slice * (d! - 1) + row * (h! - 1) + w! * pixel);
  for (let z = 0; z < d!; z++) for (let y = 0; y < h!; y++) apart.set(data.subarray((z * h! + y) * w! * pixel, (z * h! + y + 1) * w! * pixel), z * slice + y * row);
  return apart;
}

const part = (limits: readonly number[]): fc.Arbitrary<{ origin: number[]; region: number[] }> =>
  fc.tuple(...limits.map((limit) => fc.tuple(fc.nat(limit - 1), fc.nat(limit - 1)))).map((pairs) => ({ origin: pairs.map(([a, c]) => Math.min(a, c)), region: pairs.map(([a, c]) => Math.abs(a - c) + 1) }));
const flagSets = [0, C.CL_MEM_ALLOC_HOST_PTR, C.CL_MEM_USE_HOST_PTR];
const step = fc.record({ op: fc.constantFrom("write", "read", "fill", "copy", "toBuffer", "fromBuffer", "map"), which: fc.nat(1), seed: fc.nat(255), pads: fc.tuple(fc.nat(9), fc.nat(9)), address: fc.boolean() });

test("reading, writing, filling, copying and mapping regions of images of every type does what it does to plain arrays", () => {
  fc.assert(fc.property(
    fc.constantFrom(...kinds).chain((kind) => fc.record({
      kind: fc.constant(kind), data: fc.constantFrom(C.CL_UNSIGNED_INT8, C.CL_UNSIGNED_INT16, C.CL_UNSIGNED_INT32), order: fc.constantFrom(C.CL_R, C.CL_RGBA), flags: fc.constantFrom(...flagSets), steps: fc.array(fc.tuple(step, part(kind.limits), part(kind.limits)), { maxLength: 8 }),
    })), ({ kind, data, order, flags, steps }) => {
      const bytes = data === C.CL_UNSIGNED_INT8 ? 1 : data === C.CL_UNSIGNED_INT16 ? 2 : 4;
      const pixel = bytes * (order === C.CL_R ? 1 : 4);
      const models = [new Model(kind.limits, pixel), new Model(kind.limits, pixel)];
      const size = models[0]!.pixels.length;
      const images = models.map((model) => b.make((e) => {
        const copy = flags === C.CL_MEM_USE_HOST_PTR ? flags : flags | C.CL_MEM_COPY_HOST_PTR;
        return cl.clCreateImage(ctx, copy, format(order, data), describeImage(kind.type, [3, 4, 5, 6]), model.pixels.slice(), e);
      }));
      const buffer = b.buffer(ctx, size);
      const host = b.malloc(65536);
      const value = (seed: number, n: number): Uint8Array => Uint8Array.from({ length: n }, (_x, i) => (seed + 31 * i) & 255);
      for (const [{ op, which, seed, pads, address }, { origin, region }, target] of steps) {
        const image = images[which]!;
        const model = models[which]!;
        const count = region[0]! * region[1]! * region[2]!;
        const random = value(seed, count * pixel);
        // Of an array of lines the layer stands second, and its distance is the slice pitch.
        const lines = kind.type === C.CL_MEM_OBJECT_IMAGE1D_ARRAY;
        const row = region[0]! * pixel + pads[0] * bytes;
        const slice = lines ? row + pads[1] : row * region[1]! + pads[1];
        const box = lines ? [region[0]!, 1, region[1]!] : region;
        const slicePitch = kind.slicing ? slice : 0;
        switch (op) {
          case "write": {
            const apart = spread(random, box, pixel, row, slice);
            if (address) b.view(host, apart.length).set(apart);
            b.ok(cl.clEnqueueWriteImage(q, image, 1, origin, region, row, slicePitch, address ? host : apart, 0, null, null));
            model.set(origin, region, random);
            break;
          }
          case "read": {
            const apart = new Uint8Array(slice * (box[2]! - 1) + row * (box[1]! - 1) + box[0]! * pixel);
            if (address) b.view(host, apart.length).fill(0);
            b.ok(cl.clEnqueueReadImage(q, image, 1, origin, region, row, slicePitch, address ? host : apart, 0, null, null));
            expect([...(address ? b.view(host, apart.length) : apart)]).toEqual([...spread(model.get(origin, region), box, pixel, row, slice)]);
            break;
          }
          case "fill": {
            const color = [seed, seed + 1, seed + 2, 3].slice(0, order === C.CL_R ? 1 : 4);
            b.ok(cl.clEnqueueFillImage(q, image, Uint32Array.of(seed, seed + 1, seed + 2, 3), origin, region, 0, null, null));
            const one = new Uint8Array(pixel);
            const view = new DataView(one.buffer);
            color.forEach((c, i) => (bytes === 1 ? view.setUint8(i, Math.min(c, 255)) : bytes === 2 ? view.setUint16(2 * i, c, true) : view.setUint32(4 * i, c, true)));
            model.each(origin, region, (at) => model.pixels.set(one, at));
            break;
          }
          case "copy": {
            // The target's origin is moved so that the region fits.
            const to = target.origin.map((x, i) => Math.min(x, kind.limits[i]! - region[i]!));
            const contents = model.get(origin, region);
            b.ok(cl.clEnqueueCopyImage(q, image, images[1 - which]!, origin, to, region, 0, null, null));
            models[1 - which]!.set(to, region, contents);
            break;
          }
          case "toBuffer": {
            b.ok(cl.clEnqueueCopyImageToBuffer(q, image, buffer, origin, region, 0, 0, null, null));
            const back = new Uint8Array(count * pixel);
            b.ok(cl.clEnqueueReadBuffer(q, buffer, 1, 0, back.length, back, 0, null, null));
            expect([...back]).toEqual([...model.get(origin, region)]);
            break;
          }
          case "fromBuffer": {
            b.ok(cl.clEnqueueWriteBuffer(q, buffer, 1, 0, random.length, random, 0, null, null));
            b.ok(cl.clEnqueueCopyBufferToImage(q, buffer, image, 0, origin, region, 0, null, null));
            model.set(origin, region, random);
            break;
          }
          case "map": {
            const [rows, slices] = [out<number>(), out<number>()];
            const pointer = b.make((e) => cl.clEnqueueMapImage(q, image, 1, C.CL_MAP_READ | C.CL_MAP_WRITE, origin, region, rows, slices, 0, null, null, e));
            const distance = kind.slicing ? slices.value : 0;
            const seen = typeof pointer === "number" ? b.view(pointer, distance * (box[2]! - 1) + rows.value * (box[1]! - 1) + box[0]! * pixel) : new Uint8Array(pointer.buffer, pointer.byteOffset, pointer.byteLength);
            const contents = model.get(origin, region);
            for (let z = 0; z < box[2]!; z++) {
              for (let y = 0; y < box[1]!; y++) {
                const at = z * distance + y * rows.value;
                const n = (z * box[1]! + y) * box[0]! * pixel;
                expect([...seen.subarray(at, at + box[0]! * pixel)]).toEqual([...contents.subarray(n, n + box[0]! * pixel)]);
                seen.set(random.subarray(n, n + box[0]! * pixel), at);
              }
            }
            b.ok(cl.clEnqueueUnmapMemObject(q, image, pointer, 0, null, null));
            model.set(origin, region, random);
            break;
          }
        }
      }
      models.forEach((model, i) => {
        const all = new Uint8Array(size);
        b.ok(cl.clEnqueueReadImage(q, images[i]!, 1, [0, 0, 0], kind.limits, 0, 0, all, 0, null, null));
        expect([...all]).toEqual([...model.pixels]);
      });
      for (const mem of [...images, buffer]) b.ok(cl.clReleaseMemObject(mem));
      b.checkInvariants();
    },
  ), { numRuns: 150, seed: 20 });
});

describe("fill colours are converted as kernels convert what they write", () => {
  const pixelOf = (order: number, data: number, color: ArrayBufferView, bytes: number): number[] => {
    const mem = b.make((e) => cl.clCreateImage(ctx, 0, format(order, data), describeImage(C.CL_MEM_OBJECT_IMAGE2D, [1, 1, 1, 1]), null, e));
    b.ok(cl.clEnqueueFillImage(q, mem, color, [0, 0, 0], [1, 1, 1], 0, null, null));
    const all = new Uint8Array(bytes);
    b.ok(cl.clEnqueueReadImage(q, mem, 1, [0, 0, 0], [1, 1, 1], 0, 0, all, 0, null, null));
    return [...all];
  };
  const half = (values: readonly number[]): number[] => [...new Uint8Array(Uint16Array.from(values).buffer)];
  const color = Float32Array.of(0.5, -1, 2, 1);

  test("floats", () => {
    expect(pixelOf(C.CL_RGBA, C.CL_UNORM_INT8, color, 4)).toEqual([128, 0, 255, 255]);
    expect(pixelOf(C.CL_BGRA, C.CL_UNORM_INT8, color, 4)).toEqual([255, 0, 128, 255]);
    expect(pixelOf(C.CL_ARGB, C.CL_UNORM_INT8, color, 4)).toEqual([255, 128, 0, 255]);
    expect(pixelOf(C.CL_RGBA, C.CL_SNORM_INT8, color, 4)).toEqual([64, 129, 127, 127]);
    expect(pixelOf(C.CL_RGBA, C.CL_UNORM_INT16, color, 8)).toEqual(half([32768, 0, 65535, 65535]));
    expect(pixelOf(C.CL_RG, C.CL_FLOAT, color, 8)).toEqual([...new Uint8Array(color.buffer, 0, 8)]);
    expect(pixelOf(C.CL_RGBA, C.CL_HALF_FLOAT, Float32Array.of(1, -2.5, 65519, 65520), 8)).toEqual(half([0x3c00, 0xc100, 0x7bff, 0x7c00]));
    expect(pixelOf(C.CL_RGBA, C.CL_HALF_FLOAT, Float32Array.of(2 ** -24, 2 ** -14, 2 ** -15 * 1.5, 0.1), 8)).toEqual(half([1, 0x0400, 0x0300, 0x2e66]));
    expect(pixelOf(C.CL_DEPTH, C.CL_FLOAT, Float32Array.of(0.25), 4)).toEqual([...new Uint8Array(Float32Array.of(0.25).buffer)]);
    expect(pixelOf(C.CL_A, C.CL_UNORM_INT8, color, 1)).toEqual([255]);
  });

  test("integers saturate", () => {
    expect(pixelOf(C.CL_RGBA, C.CL_SIGNED_INT8, Int32Array.of(-1000, 1000, -1, 5), 4)).toEqual([128, 127, 255, 5]);
    expect(pixelOf(C.CL_RGBA, C.CL_UNSIGNED_INT16, Uint32Array.of(70000, 1, 2, 3), 8)).toEqual(half([65535, 1, 2, 3]));
    expect(pixelOf(C.CL_R, C.CL_SIGNED_INT32, Int32Array.of(-7, 0, 0, 0), 4)).toEqual([249, 255, 255, 255]);
  });
});

test("copies between images of different types, layers as rows", () => {
  const lines = b.make((e) => cl.clCreateImage(ctx, C.CL_MEM_COPY_HOST_PTR, format(C.CL_R, C.CL_UNSIGNED_INT8), describeImage(C.CL_MEM_OBJECT_IMAGE1D_ARRAY, [3, 1, 1, 4]), Uint8Array.from({ length: 12 }, (_x, n) => n), e));
  const plane = b.make((e) => cl.clCreateImage(ctx, 0, format(C.CL_R, C.CL_UNSIGNED_INT8), describeImage(C.CL_MEM_OBJECT_IMAGE2D, [5, 4, 1, 1]), null, e));
  b.ok(cl.clEnqueueFillImage(q, plane, new Uint32Array(4), [0, 0, 0], [5, 4, 1], 0, null, null));
  b.ok(cl.clEnqueueCopyImage(q, lines, plane, [1, 1, 0], [2, 1, 0], [2, 3, 1], 0, null, null));
  const all = new Uint8Array(20);
  b.ok(cl.clEnqueueReadImage(q, plane, 1, [0, 0, 0], [5, 4, 1], 0, 0, all, 0, null, null));
  expect([...all]).toEqual([0, 0, 0, 0, 0, 0, 0, 4, 5, 0, 0, 0, 7, 8, 0, 0, 0, 10, 11, 0]);
});

test("mapped regions: boxes beside each other may be written at once, boxes that meet not", () => {
  const mem: cl_mem = b.make((e) => cl.clCreateImage(ctx, 0, format(C.CL_R, C.CL_UNSIGNED_INT8), describeImage(C.CL_MEM_OBJECT_IMAGE2D, [8, 8, 1, 1]), null, e));
  const map = (origin: readonly number[], region: readonly number[]): number => b.code((e) => cl.clEnqueueMapImage(q, mem, 1, C.CL_MAP_WRITE, origin, region, out(), null, 0, null, null, e));
  expect([map([0, 0, 0], [4, 8, 1]), map([4, 0, 0], [4, 8, 1]), map([3, 3, 0], [1, 1, 1])]).toEqual([0, 0, -59]);
});
