import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as C from "../../src/opencl/abi/constants.ts";
import { out } from "../../src/api/out.ts";
import type { cl_event } from "../../src/opencl/abi/types.ts";
import { Bench } from "./harness.ts";

/** toEqual on typed arrays compares element by element, slowly. */
const same = (a: Uint8Array, b: Uint8Array): void => expect(Buffer.compare(a, b)).toBe(0);
const bytes = (n: number, seed = 0): Uint8Array => Uint8Array.from({ length: n }, (_, i) => (i * 7 + seed) & 255);

describe("reading and writing buffers", () => {
  const b = new Bench();
  const { cl } = b;
  const ctx = b.context();
  const q = b.queue(ctx);

  test("a JavaScript array goes there and back", () => {
    for (const size of [1, 3, 256, 65536, 65537, 300_000]) {
      const mem = b.buffer(ctx, size);
      b.ok(cl.clEnqueueWriteBuffer(q, mem, 1, 0, size, bytes(size), 0, null, null));
      const back = new Uint8Array(size);
      b.ok(cl.clEnqueueReadBuffer(q, mem, 1, 0, size, back, 0, null, null));
      same(back, bytes(size));
      b.ok(cl.clReleaseMemObject(mem));
    }
    b.checkInvariants();
  });

  test("memory of the process goes there and back by the GPU itself", () => {
    const address = b.malloc(1000);
    b.view(address, 1000).set(bytes(1000));
    const mem = b.buffer(ctx, 1000);
    b.ok(cl.clEnqueueWriteBuffer(q, mem, 1, 100, 500, address + 3, 0, null, null));
    const other = b.malloc(1000);
    b.ok(cl.clEnqueueReadBuffer(q, mem, 1, 100, 500, other + 1, 0, null, null));
    expect(b.view(other + 1, 500)).toEqual(bytes(1000).subarray(3, 503));
    b.checkInvariants();
  });

  test("a size of 0 moves nothing and completes", () => {
    const mem = b.buffer(ctx, 16);
    const event = out<cl_event>();
    b.ok(cl.clEnqueueReadBuffer(q, mem, 0, 0, 0, new Uint8Array(1), 0, null, event));
    b.ok(cl.clWaitForEvents(1, [event.value]));
    expect(b.status(event.value)).toBe(C.CL_COMPLETE);
  });

  test("non-blocking: in an in-order queue a write sees what a read before it wrote into the same array", () => {
    const one = b.buffer(ctx, 64, C.CL_MEM_COPY_HOST_PTR, bytes(64, 9));
    const two = b.buffer(ctx, 64);
    const data = new Uint8Array(64);
    b.ok(cl.clEnqueueReadBuffer(q, one, 0, 0, 64, data, 0, null, null));
    b.ok(cl.clEnqueueWriteBuffer(q, two, 0, 0, 64, data, 0, null, null));
    b.ok(cl.clFinish(q));
    const back = new Uint8Array(64);
    b.ok(cl.clEnqueueReadBuffer(q, two, 1, 0, 64, back, 0, null, null));
    expect(back).toEqual(bytes(64, 9));
  });

  test("a write that a user event holds back reads the array when it may go, not before", () => {
    const mem = b.buffer(ctx, 16);
    const gate = b.userEvent(ctx);
    const data = new Uint8Array(16);
    b.ok(cl.clEnqueueWriteBuffer(q, mem, 0, 0, 16, data, 1, [gate], null));
    data.fill(5);
    b.ok(cl.clSetUserEventStatus(gate, 0));
    const back = new Uint8Array(16);
    b.ok(cl.clEnqueueReadBuffer(q, mem, 1, 0, 16, back, 0, null, null));
    expect([...back]).toEqual(Array.from({ length: 16 }, () => 5));
  });

  test("an array that is too short is refused", () => {
    const mem = b.buffer(ctx, 64);
    expect(cl.clEnqueueReadBuffer(q, mem, 1, 0, 64, new Uint8Array(63), 0, null, null)).toBe(-30);
    expect(cl.clEnqueueReadBuffer(q, mem, 1, 0, 64, 0x10, 0, null, null)).toBe(-30);
  });
});

describe("rectangles", () => {
  const b = new Bench();
  const { cl } = b;
  const ctx = b.context();
  const q = b.queue(ctx);

  const triple = (max: number) => fc.tuple(fc.nat({ max }), fc.nat({ max }), fc.nat({ max }));
  const shape = fc.record({
    region: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 3 })),
    bufferOrigin: triple(3), hostOrigin: triple(3), rowExtra: fc.nat({ max: 4 }), sliceExtra: fc.nat({ max: 2 }), hostRowExtra: fc.nat({ max: 4 }), hostSliceExtra: fc.nat({ max: 2 }),
  });

  test("reads and writes move exactly the bytes that the formula names", () => {
    fc.assert(
      fc.property(shape, fc.boolean(), (s, simulated) => {
        const [w, h, d] = s.region;
        const row = w + s.rowExtra;
        const slice = row * (h + s.sliceExtra);
        const hostRow = w + s.hostRowExtra;
        const hostSlice = hostRow * (h + s.hostSliceExtra);
        const size = 4096;
        const device = bytes(size, 1);
        const host = bytes(size, 100);
        const mem = b.buffer(ctx, size, C.CL_MEM_COPY_HOST_PTR, device);
        const address = simulated ? b.malloc(size) : 0;
        if (simulated) b.view(address, size).set(host);
        const pointer = simulated ? address : host.slice();
        b.ok(cl.clEnqueueWriteBufferRect(q, mem, 1, s.bufferOrigin, s.hostOrigin, s.region, row, slice, hostRow, hostSlice, pointer, 0, null, null));
        const expected = device.slice();
        const at = (origin: readonly number[], r: number, sl: number, y: number, z: number): number => (origin[2]! + z) * sl + (origin[1]! + y) * r + origin[0]!;
        for (let z = 0; z < d; z++) for (let y = 0; y < h; y++) for (let x = 0; x < w; x++) expected[at(s.bufferOrigin, row, slice, y, z) + x] = host[at(s.hostOrigin, hostRow, hostSlice, y, z) + x]!;
        const back = new Uint8Array(size);
        b.ok(cl.clEnqueueReadBuffer(q, mem, 1, 0, size, back, 0, null, null));
        same(back, expected);
        // And back to the host, into another place.
        const into = new Uint8Array(size);
        b.ok(cl.clEnqueueReadBufferRect(q, mem, 1, s.bufferOrigin, s.hostOrigin, s.region, row, slice, hostRow, hostSlice, into, 0, null, null));
        const wanted = new Uint8Array(size);
        for (let z = 0; z < d; z++) for (let y = 0; y < h; y++) for (let x = 0; x < w; x++) wanted[at(s.hostOrigin, hostRow, hostSlice, y, z) + x] = expected[at(s.bufferOrigin, row, slice, y, z) + x]!;
        same(into, wanted);
        b.ok(cl.clReleaseMemObject(mem));
      }),
      { numRuns: 60, seed: 7 },
    );
  });

  test("copies inside one buffer: refused exactly when a byte is shared", () => {
    fc.assert(
      fc.property(shape, triple(4), (s, origin2) => {
        const [w, h, d] = s.region;
        const row = w + s.rowExtra;
        const slice = row * (h + s.sliceExtra);
        const size = 4096;
        const touched = (origin: readonly number[]): Set<number> => {
          const set = new Set<number>();
          for (let z = 0; z < d; z++) for (let y = 0; y < h; y++) for (let x = 0; x < w; x++) set.add((origin[2]! + z) * slice + (origin[1]! + y) * row + origin[0]! + x);
          return set;
        };
        const from = touched(s.bufferOrigin);
        const shared = [...touched(origin2)].some((at) => from.has(at));
        const mem = b.buffer(ctx, size);
        const code = cl.clEnqueueCopyBufferRect(q, mem, mem, s.bufferOrigin, origin2, s.region, row, slice, row, slice, 0, null, null);
        expect(code).toBe(shared ? -8 : 0);
        b.ok(cl.clReleaseMemObject(mem));
      }),
      { numRuns: 100, seed: 8 },
    );
  });

  test("a copy between buffers with different pitches", () => {
    const src = b.buffer(ctx, 64, C.CL_MEM_COPY_HOST_PTR, bytes(64));
    const dst = b.buffer(ctx, 64, C.CL_MEM_COPY_HOST_PTR, new Uint8Array(64));
    b.ok(cl.clEnqueueCopyBufferRect(q, src, dst, [1, 1, 0], [0, 0, 0], [2, 3, 1], 8, 0, 4, 0, 0, null, null));
    const back = new Uint8Array(12);
    b.ok(cl.clEnqueueReadBuffer(q, dst, 1, 0, 12, back, 0, null, null));
    const s = bytes(64);
    expect([...back]).toEqual([s[9], s[10], 0, 0, s[17], s[18], 0, 0, s[25], s[26], 0, 0]);
  });
});

describe("copy, fill, sub-buffers", () => {
  const b = new Bench();
  const { cl } = b;
  const ctx = b.context();
  const q = b.queue(ctx);

  test("a copy of a region", () => {
    const src = b.buffer(ctx, 64, C.CL_MEM_COPY_HOST_PTR, bytes(64));
    const dst = b.buffer(ctx, 64, C.CL_MEM_COPY_HOST_PTR, new Uint8Array(64));
    b.ok(cl.clEnqueueCopyBuffer(q, src, dst, 8, 16, 24, 0, null, null));
    const back = new Uint8Array(64);
    b.ok(cl.clEnqueueReadBuffer(q, dst, 1, 0, 64, back, 0, null, null));
    const expected = new Uint8Array(64);
    expected.set(bytes(64).subarray(8, 32), 16);
    expect(back).toEqual(expected);
  });

  test("fills of every pattern size; the pattern is copied at once", () => {
    for (const size of [1, 2, 4, 8, 16, 32, 64, 128]) {
      const mem = b.buffer(ctx, 512, C.CL_MEM_COPY_HOST_PTR, new Uint8Array(512));
      const pattern = bytes(size, 3);
      const wanted = new Uint8Array(512);
      for (let at = size; at < 3 * size; at += size) wanted.set(pattern, at);
      b.ok(cl.clEnqueueFillBuffer(q, mem, pattern, size, size, 2 * size, 0, null, null));
      pattern.fill(0);
      const back = new Uint8Array(512);
      b.ok(cl.clEnqueueReadBuffer(q, mem, 1, 0, 512, back, 0, null, null));
      expect(back).toEqual(wanted);
    }
  });

  test("a sub-buffer is a part of its buffer, and keeps it", () => {
    const mem = b.buffer(ctx, 1024, C.CL_MEM_COPY_HOST_PTR, bytes(1024));
    const part = b.make((e) => cl.clCreateSubBuffer(mem, 0, C.CL_BUFFER_CREATE_TYPE_REGION, { origin: 256, size: 128 }, e));
    let gone = 0;
    b.ok(cl.clSetMemObjectDestructorCallback(mem, () => gone++, null));
    b.ok(cl.clReleaseMemObject(mem));
    expect(gone).toBe(0);
    const back = new Uint8Array(128);
    b.ok(cl.clEnqueueReadBuffer(q, part, 1, 0, 128, back, 0, null, null));
    expect(back).toEqual(bytes(1024).slice(256, 384));
    const whole = out<number>();
    const offset = out<number>();
    b.ok(cl.clGetMemObjectInfo(part, C.CL_MEM_ASSOCIATED_MEMOBJECT, 8, whole, null));
    b.ok(cl.clGetMemObjectInfo(part, C.CL_MEM_OFFSET, 8, offset, null));
    expect([whole.value, offset.value]).toEqual([mem, 256]);
    b.ok(cl.clReleaseMemObject(part));
    expect(gone).toBe(1);
  });
});
