import { describe, expect, test } from "vitest";
import { out } from "../../src/api/out.ts";
import * as C from "../../src/opencl/abi/constants.ts";
import type { cl_event } from "../../src/opencl/abi/types.ts";
import { Bench } from "./harness.ts";

const bytes = (n: number, seed = 0): Uint8Array => Uint8Array.from({ length: n }, (_, i) => (i * 7 + seed) & 255);

describe("mapping", () => {
  const b = new Bench();
  const { cl } = b;
  const ctx = b.context();
  const q = b.queue(ctx);
  const map = (mem: ReturnType<Bench["buffer"]>, flags: number, offset: number, size: number) => b.make((e) => cl.clEnqueueMapBuffer(q, mem, 1, flags, offset, size, 0, null, null, e));
  const read = (mem: ReturnType<Bench["buffer"]>, size: number): Uint8Array => {
    const back = new Uint8Array(size);
    b.ok(cl.clEnqueueReadBuffer(q, mem, 1, 0, size, back, 0, null, null));
    return back;
  };
  const count = (mem: ReturnType<Bench["buffer"]>): number => {
    const box = out<number>();
    b.ok(cl.clGetMemObjectInfo(mem, C.CL_MEM_MAP_COUNT, 4, box, null));
    return box.value;
  };

  for (const [name, flags] of [["device memory", 0], ["host-accessible memory", C.CL_MEM_ALLOC_HOST_PTR]] as const) {
    test(`${name}: what is mapped is seen, what is written comes back with unmapping`, () => {
      const mem = b.buffer(ctx, 256, flags | C.CL_MEM_COPY_HOST_PTR, bytes(256));
      const pointer = map(mem, C.CL_MAP_READ | C.CL_MAP_WRITE, 64, 128) as number;
      expect(b.view(pointer, 128)).toEqual(bytes(256).slice(64, 192));
      b.view(pointer, 128).fill(9);
      expect(count(mem)).toBe(1);
      b.ok(cl.clEnqueueUnmapMemObject(q, mem, pointer, 0, null, null));
      expect(count(mem)).toBe(0);
      const expected = bytes(256);
      expected.fill(9, 64, 192);
      expect(read(mem, 256)).toEqual(expected);
    });
  }

  test("the host's memory at a simulated address is the buffer itself", () => {
    const address = b.malloc(4096);
    b.view(address, 4096).set(bytes(4096));
    const mem = b.buffer(ctx, 4000, C.CL_MEM_USE_HOST_PTR, address + 8);
    const pointer = map(mem, C.CL_MAP_WRITE, 100, 50);
    expect(pointer).toBe(address + 108);
    b.view(address + 108, 50).fill(1);
    b.ok(cl.clEnqueueUnmapMemObject(q, mem, pointer, 0, null, null));
    b.ok(cl.clEnqueueFillBuffer(q, mem, new Uint8Array([7]), 1, 0, 10, 0, null, null));
    b.ok(cl.clFinish(q));
    expect([...b.view(address + 8, 10)]).toEqual(Array.from({ length: 10 }, () => 7));
    expect([...read(mem, 110).subarray(98)]).toEqual([...bytes(4096).slice(106, 108), ...Array.from({ length: 10 }, () => 1)]);
    const host = out<number>();
    b.ok(cl.clGetMemObjectInfo(mem, C.CL_MEM_HOST_PTR, 8, host, null));
    expect(host.value).toBe(address + 8);
    b.ok(cl.clReleaseMemObject(mem));
    b.checkInvariants();
  });

  test("a JavaScript array as host pointer is a cached copy, made current by mapping and unmapping", () => {
    const array = bytes(64);
    const mem = b.buffer(ctx, 64, C.CL_MEM_USE_HOST_PTR, array);
    b.ok(cl.clEnqueueFillBuffer(q, mem, new Uint8Array([7]), 1, 0, 16, 0, null, null));
    const pointer = map(mem, C.CL_MAP_READ | C.CL_MAP_WRITE, 8, 16) as Uint8Array;
    expect([pointer.buffer === array.buffer, pointer.byteOffset - array.byteOffset]).toEqual([true, 8]);
    expect([...array.subarray(8, 17)]).toEqual([7, 7, 7, 7, 7, 7, 7, 7, bytes(64)[16]]);
    pointer.fill(3);
    b.ok(cl.clEnqueueUnmapMemObject(q, mem, pointer, 0, null, null));
    expect([...read(mem, 64).subarray(7, 25)]).toEqual([7, ...Array.from({ length: 16 }, () => 3), bytes(64)[24]]);
  });

  test("CL_MAP_WRITE_INVALIDATE_REGION brings nothing in", () => {
    const mem = b.buffer(ctx, 64, C.CL_MEM_COPY_HOST_PTR, bytes(64));
    const pointer = map(mem, C.CL_MAP_WRITE_INVALIDATE_REGION, 0, 64) as number;
    b.view(pointer, 64).fill(4);
    b.ok(cl.clEnqueueUnmapMemObject(q, mem, pointer, 0, null, null));
    expect([...read(mem, 4)]).toEqual([4, 4, 4, 4]);
  });

  test("regions may be mapped for reading more than once; overlapping writes through a sub-buffer are refused", () => {
    const mem = b.buffer(ctx, 512);
    const one = map(mem, C.CL_MAP_READ, 0, 64);
    const two = map(mem, C.CL_MAP_READ, 32, 64);
    expect(count(mem)).toBe(2);
    const part = b.make((e) => cl.clCreateSubBuffer(mem, 0, C.CL_BUFFER_CREATE_TYPE_REGION, { origin: 128, size: 128 }, e));
    const written = map(part, C.CL_MAP_WRITE, 0, 64);
    expect([count(mem), count(part)]).toEqual([2, 1]);
    expect(b.code((e) => cl.clEnqueueMapBuffer(q, mem, 1, C.CL_MAP_WRITE, 160, 8, 0, null, null, e))).toBe(-59);
    expect(b.code((e) => cl.clEnqueueMapBuffer(q, mem, 1, C.CL_MAP_WRITE, 192, 8, 0, null, null, e))).toBe(0);
    for (const pointer of [one, two]) b.ok(cl.clEnqueueUnmapMemObject(q, mem, pointer, 0, null, null));
    expect(cl.clEnqueueUnmapMemObject(q, mem, written, 0, null, null)).toBe(-30);
    b.ok(cl.clEnqueueUnmapMemObject(q, part, written, 0, null, null));
    b.ok(cl.clFinish(q));
  });

  test("a map whose dependency fails leaves nothing mapped", () => {
    const mem = b.buffer(ctx, 64);
    const gate = b.userEvent(ctx);
    const event = out<cl_event>();
    b.make((e) => cl.clEnqueueMapBuffer(q, mem, 0, C.CL_MAP_WRITE, 0, 64, 1, [gate], event, e));
    expect(count(mem)).toBe(1);
    b.ok(cl.clSetUserEventStatus(gate, -1));
    b.ok(cl.clFinish(q));
    expect(b.status(event.value)).toBeLessThan(0);
    expect(count(mem)).toBe(0);
  });
});
