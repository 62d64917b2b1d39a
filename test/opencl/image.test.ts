import { describe, expect, test } from "vitest";
import { out } from "../../src/api/out.ts";
import { openclToIr } from "../../src/compiler/llvm/opencl.ts";
import * as C from "../../src/opencl/abi/constants.ts";
import type { cl_image_desc, cl_image_format, cl_kernel, cl_mem, cl_sampler } from "../../src/opencl/abi/types.ts";
import { irOf } from "../compiler/clang/fixtures.ts";
import { Bench } from "./harness.ts";

const RGBA8: cl_image_format = { image_channel_order: C.CL_RGBA, image_channel_data_type: C.CL_UNORM_INT8 };
const R32F: cl_image_format = { image_channel_order: C.CL_R, image_channel_data_type: C.CL_FLOAT };
const describeImage = (image_type: number, change: Partial<cl_image_desc> = {}): cl_image_desc => ({
  image_type, image_width: 1, image_height: 1, image_depth: 1, image_array_size: 1, image_row_pitch: 0, image_slice_pitch: 0, num_mip_levels: 0, num_samples: 0, mem_object: null, ...change,
});
const plane = (image_width: number, image_height: number, change: Partial<cl_image_desc> = {}): cl_image_desc => describeImage(C.CL_MEM_OBJECT_IMAGE2D, { image_width, image_height, ...change });

const b = new Bench();
const { cl } = b;
const ctx = b.context();
const q = b.queue(ctx);
const program = b.program(ctx, openclToIr(irOf("images"), "images"), { argInfo: true });
const image = (format: cl_image_format, desc: cl_image_desc, flags = 0, pointer: ArrayBufferView | number | null = null): cl_mem => b.make((e) => cl.clCreateImage(ctx, flags, format, desc, pointer, e));
const sampler = (normalized: number, addressing: number, filter: number): cl_sampler => b.make((e) => cl.clCreateSampler(ctx, normalized, addressing, filter, e));
const kernel = (name: string, args: readonly (cl_mem | cl_sampler)[]): cl_kernel => {
  const made = b.kernelOf(program, name);
  args.forEach((arg, i) => b.ok(cl.clSetKernelArg(made, i, 8, arg)));
  return made;
};
const run = (k: cl_kernel, size: readonly number[]): void => b.ok(cl.clEnqueueNDRangeKernel(q, k, size.length, null, size, null, 0, null, null));
const read = (mem: cl_mem, region: readonly number[], bytes: number, origin: readonly number[] = [0, 0, 0]): Uint8Array => {
  const data = new Uint8Array(bytes);
  b.ok(cl.clEnqueueReadImage(q, mem, 1, origin, region, 0, 0, data, 0, null, null));
  return data;
};
const floats = (mem: cl_mem, count: number): number[] => [...new Float32Array(b.read32(q, mem, count).buffer)];

describe("kernels", () => {
  test("read pixels of one image and write another, in eight bits", () => {
    const input = Uint8Array.from({ length: 4 * 30 }, (_x, n) => n * 11 % 256);
    const from = image(RGBA8, plane(6, 5), C.CL_MEM_READ_ONLY | C.CL_MEM_COPY_HOST_PTR, input);
    const to = image(RGBA8, plane(6, 5), C.CL_MEM_WRITE_ONLY);
    run(kernel("invert", [from, to]), [6, 5]);
    expect([...read(to, [6, 5, 1], 120)]).toEqual([...input].map((v, n) => (n % 4 === 3 ? v : 255 - v)));
  });

  test("sample with the samplers of the host: addressing modes and filters", () => {
    const line = image(R32F, describeImage(C.CL_MEM_OBJECT_IMAGE1D, { image_width: 4 }), C.CL_MEM_COPY_HOST_PTR, Float32Array.of(10, 20, 30, 40));
    const sample = (s: cl_sampler, at: readonly number[]): number[] => {
      const places = b.buffer(ctx, 4 * at.length, C.CL_MEM_COPY_HOST_PTR, Float32Array.from(at));
      const result = b.buffer(ctx, 16 * at.length);
      run(kernel("sample1d", [line, s, places, result]), [at.length]);
      return floats(result, 4 * at.length).filter((_x, i) => i % 4 === 0);
    };
    expect(sample(sampler(0, C.CL_ADDRESS_CLAMP_TO_EDGE, C.CL_FILTER_NEAREST), [-5, 0, 3.9, 4, 100])).toEqual([10, 10, 40, 40, 40]);
    expect(sample(sampler(0, C.CL_ADDRESS_CLAMP, C.CL_FILTER_NEAREST), [-0.1, 0, 3.9, 4])).toEqual([0, 10, 40, 0]);
    expect(sample(sampler(1, C.CL_ADDRESS_REPEAT, C.CL_FILTER_NEAREST), [-0.25, 0.75, 1.25])).toEqual([40, 40, 20]);
    expect(sample(sampler(1, C.CL_ADDRESS_MIRRORED_REPEAT, C.CL_FILTER_NEAREST), [-0.1, 1.1, 1.9])).toEqual([10, 40, 10]);
    expect(sample(sampler(0, C.CL_ADDRESS_CLAMP_TO_EDGE, C.CL_FILTER_LINEAR), [0, 0.5, 1, 1.25])).toEqual([10, 10, 15, 17.5]);
    const listed = b.make((e) => cl.clCreateSamplerWithProperties(ctx, [C.CL_SAMPLER_FILTER_MODE, C.CL_FILTER_LINEAR, C.CL_SAMPLER_NORMALIZED_COORDS, 0, 0], e));
    // The default address mode is CL_ADDRESS_CLAMP: half of the border.
    expect(sample(listed, [0, 4])).toEqual([5, 20]);
  });

  test("layers of arrays, volumes, and what the kernel asks of its images", () => {
    const volume = image({ image_channel_order: C.CL_RGBA, image_channel_data_type: C.CL_FLOAT }, describeImage(C.CL_MEM_OBJECT_IMAGE3D, { image_width: 4, image_height: 3, image_depth: 2 }));
    const layers = image(R32F, describeImage(C.CL_MEM_OBJECT_IMAGE2D_ARRAY, { image_width: 2, image_height: 2, image_array_size: 3 }), C.CL_MEM_COPY_HOST_PTR, Float32Array.from({ length: 12 }, (_x, n) => n));
    const lines = image(R32F, describeImage(C.CL_MEM_OBJECT_IMAGE1D_ARRAY, { image_width: 1, image_array_size: 3 }), C.CL_MEM_COPY_HOST_PTR, Float32Array.of(7, 8, 9));
    const answers = b.buffer(ctx, 32);
    run(kernel("queries", [volume, layers, answers]), [1]);
    expect([...new Int32Array(b.read32(q, answers, 8).buffer)]).toEqual([4, 3, 2, 3, 1, 1, 20304, 202]);
    const at = b.buffer(ctx, 48, C.CL_MEM_COPY_HOST_PTR, Float32Array.of(0, 0, 1, 0, 1, 1, 2, 0, 0, 0, 99, 0));
    const result = b.buffer(ctx, 96);
    run(kernel("layers", [layers, sampler(0, C.CL_ADDRESS_CLAMP_TO_EDGE, C.CL_FILTER_NEAREST), at, result, lines]), [3]);
    const values = floats(result, 24);
    expect([0, 1, 2].map((n) => [values[8 * n], values[8 * n + 4]])).toEqual([[4, 7], [11, 8], [8, 9]]);
  });

  test("an image over a buffer shows the buffer's bytes, with its own distance between rows", () => {
    const bytes = Uint8Array.from({ length: 16 * 4 * 3 }, (_x, n) => n);
    const buffer = b.buffer(ctx, bytes.length, C.CL_MEM_COPY_HOST_PTR, bytes);
    const over = image(RGBA8, plane(5, 3, { image_row_pitch: 64, mem_object: buffer }));
    const target = image(RGBA8, plane(5, 3));
    run(kernel("invert", [over, target]), [5, 3]);
    const wanted = [0, 1, 2].flatMap((y) => Array.from({ length: 20 }, (_x, n) => (n % 4 === 3 ? 64 * y + n : 255 - (64 * y + n))));
    expect([...read(target, [5, 3, 1], 60)]).toEqual(wanted);
    // The other way round: what a kernel writes to the image is in the buffer.
    run(kernel("invert", [target, over]), [5, 3]);
    const back = new Uint8Array(new Uint32Array(b.read32(q, buffer, 48)).buffer);
    expect([...back]).toEqual([...bytes]);
    const line = image({ image_channel_order: C.CL_R, image_channel_data_type: C.CL_UNSIGNED_INT32 }, describeImage(C.CL_MEM_OBJECT_IMAGE1D_BUFFER, { image_width: 48, mem_object: buffer }));
    expect([...read(line, [2, 1, 1], 8, [5, 0, 0])]).toEqual([...bytes.slice(20, 28)]);
    expect([...new Set([over, line].map((made) => {
      const box = out<cl_mem>();
      b.ok(cl.clGetImageInfo(made, C.CL_IMAGE_BUFFER, 8, box, null));
      return box.value;
    }))]).toEqual([buffer]);
    // A part of the buffer, and the buffer's own life: it stays while images stand on it.
    const part = b.make((e) => cl.clCreateSubBuffer(buffer, 0, C.CL_BUFFER_CREATE_TYPE_REGION, { origin: 128, size: 64 }, e));
    const tail = image({ image_channel_order: C.CL_R, image_channel_data_type: C.CL_UNSIGNED_INT8 }, describeImage(C.CL_MEM_OBJECT_IMAGE1D_BUFFER, { image_width: 64, mem_object: part }));
    for (const mem of [part, buffer]) b.ok(cl.clReleaseMemObject(mem));
    expect([...read(tail, [4, 1, 1], 4)]).toEqual([...bytes.slice(128, 132)]);
    for (const mem of [tail, line, over]) b.ok(cl.clReleaseMemObject(mem));
    expect(cl.clRetainMemObject(buffer)).toBe(-38);
    b.checkInvariants();
  });

  test("depth images over images of one channel share their pixels", () => {
    const one = image(R32F, plane(4, 1), C.CL_MEM_COPY_HOST_PTR, Float32Array.of(0.5, 0.25, 1, 2));
    const depth = image({ image_channel_order: C.CL_DEPTH, image_channel_data_type: C.CL_FLOAT }, plane(4, 1, { mem_object: one }));
    const volume = image({ image_channel_order: C.CL_RGBA, image_channel_data_type: C.CL_FLOAT }, describeImage(C.CL_MEM_OBJECT_IMAGE3D, { image_width: 4, image_height: 3, image_depth: 2 }));
    const result = b.buffer(ctx, 16);
    run(kernel("volumes", [volume, depth, result]), [4]);
    expect(floats(result, 4)).toEqual([0.5, 0.25, 1, 2]);
    expect([...new Float32Array(read(depth, [4, 1, 1], 16).buffer)]).toEqual([0.5, 0.25, 1, 2]);
  });

  test("memory of the program as an image, rows and slices apart, used by the GPU itself", () => {
    const address = b.malloc(4096);
    b.view(address, 4096).fill(0xee);
    const mem = image(RGBA8, plane(3, 2, { image_row_pitch: 20 }), C.CL_MEM_USE_HOST_PTR, address);
    const from = image(RGBA8, plane(3, 2), C.CL_MEM_COPY_HOST_PTR, new Uint8Array(24).fill(5));
    run(kernel("invert", [from, mem]), [3, 2]);
    b.ok(cl.clFinish(q));
    const row = Array.from({ length: 12 }, (_x, n) => (n % 4 === 3 ? 5 : 250));
    expect([...b.view(address, 36)]).toEqual([...row, ...Array.from({ length: 8 }, () => 0xee), ...row.slice(0, 12), ...Array.from({ length: 4 }, () => 0xee)]);
    b.ok(cl.clReleaseMemObject(mem));
  });

  test("arguments are what the kernel declares: access and type", () => {
    const readOnly = image(RGBA8, plane(2, 2), C.CL_MEM_READ_ONLY);
    const writeOnly = image(RGBA8, plane(2, 2), C.CL_MEM_WRITE_ONLY);
    const line = image(R32F, describeImage(C.CL_MEM_OBJECT_IMAGE1D, { image_width: 4 }));
    const buffer = b.buffer(ctx, 64);
    const k = b.kernelOf(program, "invert");
    const set = (index: number, value: cl_mem, size = 8): number => cl.clSetKernelArg(k, index, size, value);
    expect([set(0, readOnly), set(0, writeOnly), set(1, writeOnly), set(1, readOnly), set(0, line), set(0, buffer), set(0, readOnly, 4)]).toEqual([0, -50, 0, -50, -50, -38, -51]);
    expect(cl.clSetKernelArg(b.kernelOf(program, "sample1d"), 3, 8, line)).toBe(-38);
    const info = <T>(index: number, name: number): T => {
      const box = out<T>();
      b.ok(cl.clGetKernelArgInfo(k, index, name, Infinity, box, null));
      return box.value;
    };
    expect([0, 1].map((i) => [info(i, C.CL_KERNEL_ARG_ACCESS_QUALIFIER), info(i, C.CL_KERNEL_ARG_TYPE_NAME), info(i, C.CL_KERNEL_ARG_ADDRESS_QUALIFIER)])).toEqual([
      [C.CL_KERNEL_ARG_ACCESS_READ_ONLY, "image2d_t", C.CL_KERNEL_ARG_ADDRESS_GLOBAL], [C.CL_KERNEL_ARG_ACCESS_WRITE_ONLY, "image2d_t", C.CL_KERNEL_ARG_ADDRESS_GLOBAL],
    ]);
    // Released before the kernel is enqueued: the program's mistake.
    b.ok(cl.clReleaseMemObject(readOnly));
    expect(cl.clEnqueueNDRangeKernel(q, k, 2, null, [2, 2], null, 0, null, null)).toBe(-52);
  });
});

describe("from OpenCL C", () => {
  test("programs see that the device has images", () => {
    const source = `
      #if !defined(__IMAGE_SUPPORT__) || !defined(cl_khr_3d_image_writes)
      #error images
      #endif
      kernel void copy(read_only image2d_t a, write_only image3d_t b) {
        const sampler_t s = CLK_NORMALIZED_COORDS_FALSE | CLK_ADDRESS_NONE | CLK_FILTER_NEAREST;
        int x = get_global_id(0), y = get_global_id(1);
        write_imagef(b, (int4)(x, y, 1, 0), read_imagef(a, s, (int2)(y, x)));
      }`;
    const built = b.make((e) => cl.clCreateProgramWithSource(ctx, 1, [source], null, e));
    b.ok(cl.clBuildProgram(built, 0, null, "-cl-std=CL1.2", null, null));
    const a = image(R32F, plane(2, 2), C.CL_MEM_COPY_HOST_PTR, Float32Array.of(1, 2, 3, 4));
    const volume = image(R32F, describeImage(C.CL_MEM_OBJECT_IMAGE3D, { image_width: 2, image_height: 2, image_depth: 2 }));
    const k = b.kernelOf(built, "copy");
    b.ok(cl.clSetKernelArg(k, 0, 8, a));
    b.ok(cl.clSetKernelArg(k, 1, 8, volume));
    run(k, [2, 2]);
    expect([...new Float32Array(read(volume, [2, 2, 1], 16, [0, 0, 1]).buffer)]).toEqual([1, 3, 2, 4]);
  });
});

describe("objects tell what they were made of", () => {
  const info = <T>(mem: cl_mem, name: number): T => {
    const box = out<T>();
    b.ok(cl.clGetImageInfo(mem, name, Infinity, box, null));
    return box.value;
  };
  const names = [C.CL_IMAGE_ELEMENT_SIZE, C.CL_IMAGE_ROW_PITCH, C.CL_IMAGE_SLICE_PITCH, C.CL_IMAGE_WIDTH, C.CL_IMAGE_HEIGHT, C.CL_IMAGE_DEPTH, C.CL_IMAGE_ARRAY_SIZE, C.CL_IMAGE_BUFFER, C.CL_IMAGE_NUM_MIP_LEVELS, C.CL_IMAGE_NUM_SAMPLES];

  test("images", () => {
    const sizes = { image_width: 7, image_height: 5, image_depth: 3, image_array_size: 2 };
    const ask = (type: number): number[] => names.map((name) => info(image(RGBA8, describeImage(type, sizes)), name));
    expect(ask(C.CL_MEM_OBJECT_IMAGE1D)).toEqual([4, 28, 0, 7, 0, 0, 0, 0, 0, 0]);
    expect(ask(C.CL_MEM_OBJECT_IMAGE1D_ARRAY)).toEqual([4, 28, 28, 7, 0, 0, 2, 0, 0, 0]);
    expect(ask(C.CL_MEM_OBJECT_IMAGE2D)).toEqual([4, 28, 0, 7, 5, 0, 0, 0, 0, 0]);
    expect(ask(C.CL_MEM_OBJECT_IMAGE2D_ARRAY)).toEqual([4, 28, 140, 7, 5, 0, 2, 0, 0, 0]);
    expect(ask(C.CL_MEM_OBJECT_IMAGE3D)).toEqual([4, 28, 140, 7, 5, 3, 0, 0, 0, 0]);
    const volume = image(RGBA8, describeImage(C.CL_MEM_OBJECT_IMAGE3D, sizes), C.CL_MEM_READ_ONLY);
    expect(info(volume, C.CL_IMAGE_FORMAT)).toEqual(RGBA8);
    const bytes = new Uint8Array(8);
    b.ok(cl.clGetImageInfo(volume, C.CL_IMAGE_FORMAT, 8, bytes, null));
    expect([...new Uint32Array(bytes.buffer)]).toEqual([C.CL_RGBA, C.CL_UNORM_INT8]);
    const box = out<number>();
    expect([C.CL_MEM_TYPE, C.CL_MEM_FLAGS, C.CL_MEM_SIZE, C.CL_MEM_OFFSET, C.CL_MEM_ASSOCIATED_MEMOBJECT].map((name) => {
      b.ok(cl.clGetMemObjectInfo(volume, name, Infinity, box, null));
      return box.value;
    })).toEqual([C.CL_MEM_OBJECT_IMAGE3D, C.CL_MEM_READ_ONLY, 420, 0, 0]);
    const old = b.make((e) => cl.clCreateImage3D(ctx, 0, RGBA8, 4, 4, 4, 0, 0, null, e));
    const older = b.make((e) => cl.clCreateImage2D(ctx, 0, RGBA8, 4, 4, 0, null, e));
    expect([old, older].map((mem) => info(mem, C.CL_IMAGE_SLICE_PITCH))).toEqual([64, 0]);
    const listed = b.make((e) => cl.clCreateImageWithProperties(ctx, [0], 0, RGBA8, plane(4, 4), null, e));
    b.ok(cl.clGetMemObjectInfo(listed, C.CL_MEM_PROPERTIES, Infinity, box, null));
    expect(box.value).toEqual([0]);
  });

  test("samplers", () => {
    const list = [C.CL_SAMPLER_ADDRESSING_MODE, C.CL_ADDRESS_REPEAT, C.CL_SAMPLER_FILTER_MODE, C.CL_FILTER_LINEAR, 0];
    const made = b.make((e) => cl.clCreateSamplerWithProperties(ctx, list, e));
    const ask = <T>(object: cl_sampler, name: number): T => {
      const box = out<T>();
      b.ok(cl.clGetSamplerInfo(object, name, Infinity, box, null));
      return box.value;
    };
    const queries = [C.CL_SAMPLER_REFERENCE_COUNT, C.CL_SAMPLER_CONTEXT, C.CL_SAMPLER_NORMALIZED_COORDS, C.CL_SAMPLER_ADDRESSING_MODE, C.CL_SAMPLER_FILTER_MODE];
    expect(queries.map((name) => ask(made, name))).toEqual([1, ctx, 1, C.CL_ADDRESS_REPEAT, C.CL_FILTER_LINEAR]);
    expect(ask(made, C.CL_SAMPLER_PROPERTIES)).toEqual(list);
    expect(queries.map((name) => ask(sampler(0, C.CL_ADDRESS_NONE, C.CL_FILTER_NEAREST), name))).toEqual([1, ctx, 0, C.CL_ADDRESS_NONE, C.CL_FILTER_NEAREST]);
    b.ok(cl.clRetainSampler(made));
    expect(ask(made, C.CL_SAMPLER_REFERENCE_COUNT)).toBe(2);
    b.ok(cl.clReleaseSampler(made));
    b.ok(cl.clReleaseSampler(made));
    expect(cl.clRetainSampler(made)).toBe(-41);
  });

  test("formats: those that are listed can be made, for every type", () => {
    for (const type of [C.CL_MEM_OBJECT_IMAGE1D, C.CL_MEM_OBJECT_IMAGE1D_ARRAY, C.CL_MEM_OBJECT_IMAGE2D, C.CL_MEM_OBJECT_IMAGE2D_ARRAY, C.CL_MEM_OBJECT_IMAGE3D]) {
      const count = out<number>();
      b.ok(cl.clGetSupportedImageFormats(ctx, C.CL_MEM_READ_WRITE, type, 0, null, count));
      const formats = out<cl_image_format[]>();
      b.ok(cl.clGetSupportedImageFormats(ctx, C.CL_MEM_KERNEL_READ_AND_WRITE, type, 1000, formats, null));
      expect(formats.value.length).toBe(count.value);
      for (const format of formats.value) b.ok(cl.clReleaseMemObject(image(format, describeImage(type, { image_width: 3, image_height: 2 }))));
      expect(formats.value.some((format) => format.image_channel_order === C.CL_DEPTH)).toBe(type === C.CL_MEM_OBJECT_IMAGE2D || type === C.CL_MEM_OBJECT_IMAGE2D_ARRAY);
      const least = [C.CL_UNORM_INT8, C.CL_UNORM_INT16, C.CL_SIGNED_INT8, C.CL_SIGNED_INT16, C.CL_SIGNED_INT32, C.CL_UNSIGNED_INT8, C.CL_UNSIGNED_INT16, C.CL_UNSIGNED_INT32, C.CL_HALF_FLOAT, C.CL_FLOAT];
      for (const data of least) expect(formats.value).toContainEqual({ image_channel_order: C.CL_RGBA, image_channel_data_type: data });
    }
  });
});
