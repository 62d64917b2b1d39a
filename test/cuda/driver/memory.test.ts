import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { out } from "../../../src/api/out.ts";
import * as cu from "../../../src/cuda/abi/driver/constants.ts";
import { hostWithContext, makeMachine, ptx } from "../support/host.ts";

const bytes = (n: number, seed = 0): Uint8Array => Uint8Array.from({ length: n }, (_, i) => (i * 31 + seed) & 255);

describe("allocation", () => {
  test("small ones share a block, all begin at multiples of 256, ranges are exact", () => {
    const { easy } = hostWithContext();
    const before = easy.cuMemGetInfo();
    const all = [1, 100, 256, 257, 4096].map((n) => [easy.cuMemAlloc(n), n] as const);
    expect(all.every(([p]) => p % 256 === 0)).toBe(true);
    for (const [p, n] of all) expect(easy.cuMemGetAddressRange(p + n - 1)).toEqual([p, n]);
    expect(before[0] - easy.cuMemGetInfo()[0]).toBe(2 * 1024 * 1024);
    for (const [p] of all) easy.cuMemFree(p);
  });

  test("never two at one place (random programs)", () => {
    const { easy } = hostWithContext();
    fc.assert(fc.property(fc.array(fc.oneof(fc.record({ alloc: fc.integer({ min: 1, max: 3_000_000 }) }), fc.record({ free: fc.nat() })), { maxLength: 60 }), (program) => {
      const live: [number, number][] = [];
      for (const step of program) {
        if ("alloc" in step) {
          const p = easy.cuMemAlloc(step.alloc);
          expect(live.every(([q, n]) => p >= q + n || p + step.alloc <= q)).toBe(true);
          live.push([p, step.alloc]);
        } else if (live.length > 0) easy.cuMemFree(live.splice(step.free % live.length, 1)[0]![0]);
      }
      for (const [p] of live) easy.cuMemFree(p);
    }), { seed: 7, numRuns: 30 });
    expect(easy.cuMemGetInfo()[1] - easy.cuMemGetInfo()[0]).toBeLessThanOrEqual(2 * 1024 * 1024);
  });

  test("large freed memory faults; the page after a large allocation too", () => {
    const kernel = (address: (p: number) => number, free: boolean): number => {
      const { easy, cuda } = hostWithContext();
      const fn = easy.cuModuleGetFunction(easy.cuModuleLoadData(ptx.bad), "fault");
      const p = easy.cuMemAlloc(3 << 20);
      if (free) easy.cuMemFree(p);
      easy.cuLaunchKernel(fn, 1, 1, 1, 1, 1, 1, 0, 0, [address(p)], null);
      return cuda.cuCtxSynchronize();
    };
    expect(kernel((p) => p, false)).toBe(0);
    expect(kernel((p) => p, true)).toBe(cu.CUDA_ERROR_ILLEGAL_ADDRESS);
    expect(kernel((p) => p + (3 << 20), false)).toBe(cu.CUDA_ERROR_ILLEGAL_ADDRESS);
  });

  test("pitch", () => {
    const { easy } = hostWithContext();
    const [p, pitch] = easy.cuMemAllocPitch(513, 10, 4);
    expect(pitch).toBe(1024);
    expect(easy.cuMemGetAddressRange(p)).toEqual([p, 10240]);
  });

  test("everything goes with the process, also by kill -9 in the middle of work", () => {
    const machine = makeMachine();
    const host = machine.process();
    host.easy.cuInit(0);
    host.easy.cuCtxCreate(null, 0, 0);
    host.easy.cuMemAllocHost(1 << 20);
    const d = host.easy.cuMemAlloc(1 << 24);
    host.easy.cuMemAllocManaged(1 << 20, 1);
    host.easy.cuMemsetD8Async(d, 1, 1 << 24, 0);
    machine.kernel.kill(host.process);
    machine.kernel.runUntilIdle();
    const counts = machine.kernel.objectCounts();
    expect(counts["0000:01:00.0"]).toMatchObject({ contexts: 0, files: 0, objects: 0, vms: 0, queues: 0, vramBytes: 0 });
    machine.kernel.checkInvariants();
  });
});

describe("copies", () => {
  const n = 9000;
  type Side = "device" | "pinned" | "registered" | "pageable" | "managed" | "view";
  const sides: readonly Side[] = ["device", "pinned", "registered", "pageable", "managed", "view"];

  test.each(sides.flatMap((dst) => sides.map((src) => [src, dst] as const)))("unified cuMemcpy and its async form: %s to %s", (src, dst) => {
    const host = hostWithContext();
    const { easy } = host;
    const place = (side: Side): number => {
      if (side === "device") return easy.cuMemAlloc(n);
      if (side === "pinned") return easy.cuMemAllocHost(n);
      if (side === "managed") return easy.cuMemAllocManaged(n, 1);
      const p = host.malloc(n);
      if (side === "registered") easy.cuMemHostRegister(p, n, cu.CU_MEMHOSTREGISTER_DEVICEMAP);
      return p;
    };
    const stream = easy.cuStreamCreate(0);
    for (const [seed, async] of [[1, false], [2, true]] as const) {
      const data = bytes(n, seed);
      const result = new Uint8Array(n);
      const s = place(src);
      if (src === "device") easy.cuMemcpyHtoD(s, data, n);
      else host.view(s, n).set(data);
      if (dst === "view") {
        if (src === "device") { if (async) easy.cuMemcpyDtoHAsync(result, s, n, stream); else easy.cuMemcpyDtoH(result, s, n); }
        else result.set(host.view(s, n));
      } else {
        const d = place(dst);
        if (async) { easy.cuMemcpyAsync(d, s, n, stream); easy.cuStreamSynchronize(stream); } else easy.cuMemcpy(d, s, n);
        easy.cuCtxSynchronize();
        if (dst === "device") easy.cuMemcpyDtoH(result, d, n);
        else result.set(host.view(d, n));
      }
      expect(result).toEqual(data);
    }
  });

  test("more than the bounce buffers hold", () => {
    const { easy } = hostWithContext();
    const data = bytes(11 * 1024 * 1024 + 77);
    const d = easy.cuMemAlloc(data.length);
    easy.cuMemcpyHtoD(d, data, data.length);
    const back = new Uint8Array(data.length);
    easy.cuMemcpyDtoH(back, d, data.length);
    expect(Buffer.compare(back, data)).toBe(0);
  });

  test("pageable memory is read at once: what the program does to it afterwards is not seen", () => {
    const { easy } = hostWithContext();
    const stream = easy.cuStreamCreate(0);
    const d = easy.cuMemAlloc(1024);
    const data = bytes(1024);
    easy.cuMemcpyHtoDAsync(d, data, 1024, stream);
    data.fill(0);
    const back = new Uint8Array(1024);
    easy.cuMemcpyDtoHAsync(back, d, 1024, stream);
    expect(back).toEqual(bytes(1024));
  });

  test("page-locked copies are asynchronous; the synchronous form is not", () => {
    const host = hostWithContext();
    const { easy, cuda } = host;
    const stream = easy.cuStreamCreate(0);
    const [p, d] = [easy.cuMemAllocHost(1 << 22), easy.cuMemAlloc(1 << 22)];
    easy.cuMemcpyHtoDAsync(d, p, 1 << 22, stream);
    expect(cuda.cuStreamQuery(stream)).toBe(cu.CUDA_ERROR_NOT_READY);
    easy.cuStreamSynchronize(stream);
    easy.cuMemcpyHtoD(d, p, 1 << 22);
    expect(cuda.cuStreamQuery(0)).toBe(0);
    easy.cuMemcpyDtoD(d, easy.cuMemAlloc(1 << 22), 1 << 22);
    expect(cuda.cuStreamQuery(0)).toBe(cu.CUDA_ERROR_NOT_READY);
    easy.cuPointerSetAttribute(1, cu.CU_POINTER_ATTRIBUTE_SYNC_MEMOPS, d);
    easy.cuMemcpyHtoDAsync(d, p, 1 << 22, stream);
    expect(cuda.cuStreamQuery(stream)).toBe(0);
  });

  test("rows and slices are what a plain loop copies (random shapes)", () => {
    const host = hostWithContext();
    const { easy } = host;
    const room = 1 << 14;
    const [p, d] = [easy.cuMemAllocHost(room), easy.cuMemAlloc(room)];
    const shape = fc.record({ width: fc.integer({ min: 1, max: 40 }), height: fc.integer({ min: 1, max: 6 }), depth: fc.integer({ min: 1, max: 4 }), sx: fc.nat(7), sy: fc.nat(3), sz: fc.nat(2), dx: fc.nat(7), dy: fc.nat(3), dz: fc.nat(2), extra: fc.nat(9), kind: fc.constantFrom("HtoD", "DtoH", "VtoD", "DtoV") });
    fc.assert(fc.property(shape, (s) => {
      const [sp, dp, sh, dh] = [s.sx + s.width + s.extra, s.dx + s.width + 3, s.sy + s.height + 1, s.dy + s.height];
      const source = bytes(room, s.width);
      const expected = new Uint8Array(room);
      for (let z = 0; z < s.depth; z++) for (let y = 0; y < s.height; y++) for (let x = 0; x < s.width; x++) {
        expected[((s.dz + z) * dh + s.dy + y) * dp + s.dx + x] = source[((s.sz + z) * sh + s.sy + y) * sp + s.sx + x]!;
      }
      const common = { srcXInBytes: s.sx, srcY: s.sy, srcZ: s.sz, srcPitch: sp, srcHeight: sh, dstXInBytes: s.dx, dstY: s.dy, dstZ: s.dz, dstPitch: dp, dstHeight: dh, WidthInBytes: s.width, Height: s.height, Depth: s.depth };
      const toDevice = s.kind.endsWith("toD");
      const buffer = s.kind.includes("V") ? (toDevice ? source : new Uint8Array(room)) : p;
      if (toDevice) { if (buffer === p) host.view(p, room).set(source); easy.cuMemsetD8(d, 0, room); } else { easy.cuMemcpyHtoD(d, source, room); if (buffer === p) host.view(p, room).fill(0); }
      easy.cuCtxSynchronize();
      easy.cuMemcpy3D(toDevice ? { ...common, srcMemoryType: 1, srcHost: buffer, dstMemoryType: 2, dstDevice: d } : { ...common, srcMemoryType: 2, srcDevice: d, dstMemoryType: 1, dstHost: buffer });
      const got = new Uint8Array(room);
      if (toDevice) easy.cuMemcpyDtoH(got, d, room);
      else got.set(buffer === p ? host.view(p, room) : (buffer as Uint8Array));
      expect(Buffer.compare(got, expected)).toBe(0);
    }), { seed: 3, numRuns: 60 });
  });

  test("memset of every width, plain and in rows", () => {
    const { easy } = hostWithContext();
    const d = easy.cuMemAlloc(4096);
    const back = (): Uint8Array => { const b = new Uint8Array(32); easy.cuMemcpyDtoH(b, d, 32); return b; };
    easy.cuMemsetD8(d, 0x1ff, 32);
    expect([...back()]).toEqual(Array(32).fill(255));
    easy.cuMemsetD16(d, 0x0102, 16);
    expect([...back().subarray(0, 4)]).toEqual([2, 1, 2, 1]);
    easy.cuMemsetD32(d, 0x01020304, 8);
    expect([...back().subarray(0, 5)]).toEqual([4, 3, 2, 1, 4]);
    easy.cuMemsetD8(d, 0, 32);
    easy.cuMemsetD2D16(d, 8, 0xffff, 2, 4);
    expect([...back()]).toEqual([1, 2, 3, 4].flatMap(() => [255, 255, 255, 255, 0, 0, 0, 0]));
  });
});

describe("host memory", () => {
  test("a kernel reads and writes page-locked, registered and managed memory at its own address", () => {
    const host = hostWithContext();
    const { easy } = host;
    const fn = easy.cuModuleGetFunction(easy.cuModuleLoadData(ptx.add), "add");
    const p = host.malloc(64);
    easy.cuMemHostRegister(p, 64, cu.CU_MEMHOSTREGISTER_DEVICEMAP);
    for (const address of [easy.cuMemAllocHost(64), p, easy.cuMemAllocManaged(64, 1)]) {
      new Uint32Array(host.view(address, 64).buffer, host.view(address, 64).byteOffset, 16).fill(5);
      easy.cuLaunchKernel(fn, 1, 1, 1, 16, 1, 1, 0, 0, [address, 16, 37], null);
      easy.cuCtxSynchronize();
      expect(host.view(address, 64)[0]).toBe(42);
    }
    expect(easy.cuMemHostGetDevicePointer(p + 4, 0)).toBe(p + 4);
    expect(easy.cuMemHostGetFlags(p)).toBe(cu.CU_MEMHOSTREGISTER_DEVICEMAP);
    easy.cuMemHostUnregister(p);
  });

  test("two registrations may share a page; one goes without the other", () => {
    const host = hostWithContext();
    const { easy, cuda } = host;
    const p = host.malloc(300_000);
    easy.cuMemHostRegister(p, 100_000, 2);
    easy.cuMemHostRegister(p + 100_000, 200_000, 2);
    easy.cuMemHostUnregister(p);
    const fn = easy.cuModuleGetFunction(easy.cuModuleLoadData(ptx.add), "add");
    easy.cuLaunchKernel(fn, 1, 1, 1, 1, 1, 1, 0, 0, [p + 100_000, 1, 1], null);
    expect(cuda.cuCtxSynchronize()).toBe(0);
    easy.cuMemHostUnregister(p + 100_000);
    easy.cuLaunchKernel(fn, 1, 1, 1, 1, 1, 1, 0, 0, [p + 200_000, 1, 1], null);
    expect(cuda.cuCtxSynchronize()).toBe(cu.CUDA_ERROR_ILLEGAL_ADDRESS);
  });

  test("pointer attributes", () => {
    const host = hostWithContext();
    const { easy, cuda } = host;
    const [d, p, m] = [easy.cuMemAlloc(100), easy.cuMemAllocHost(100), easy.cuMemAllocManaged(100, 1)];
    const get = (attribute: number, ptr: number): unknown => easy.cuPointerGetAttribute(attribute as 1, ptr);
    expect([d, p, m].map((q) => get(cu.CU_POINTER_ATTRIBUTE_MEMORY_TYPE, q))).toEqual([2, 1, 2]);
    expect([d, p, m].map((q) => get(cu.CU_POINTER_ATTRIBUTE_IS_MANAGED, q))).toEqual([false, false, true]);
    expect(get(cu.CU_POINTER_ATTRIBUTE_CONTEXT, d)).toBe(easy.cuCtxGetCurrent());
    expect([get(cu.CU_POINTER_ATTRIBUTE_RANGE_START_ADDR, d + 9), get(cu.CU_POINTER_ATTRIBUTE_RANGE_SIZE, d + 9)]).toEqual([d, 100]);
    expect(get(cu.CU_POINTER_ATTRIBUTE_HOST_POINTER, p + 1)).toBe(p + 1);
    expect(get(cu.CU_POINTER_ATTRIBUTE_BUFFER_ID, d)).not.toBe(get(cu.CU_POINTER_ATTRIBUTE_BUFFER_ID, p));
    const boxes = [out<unknown>(), out<unknown>()];
    expect(cuda.cuPointerGetAttributes(2, [cu.CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL, cu.CU_POINTER_ATTRIBUTE_IS_MANAGED], boxes, 4096)).toBe(0);
    expect(boxes.map((b) => b.value)).toEqual([cu.CU_DEVICE_INVALID, false]);
  });

  test("managed memory keeps hints", () => {
    const { easy } = hostWithContext();
    const m = easy.cuMemAllocManaged(4096, 1);
    easy.cuMemAdvise(m, 4096, cu.CU_MEM_ADVISE_SET_PREFERRED_LOCATION, { type: cu.CU_MEM_LOCATION_TYPE_HOST });
    easy.cuMemAdvise(m, 4096, cu.CU_MEM_ADVISE_SET_ACCESSED_BY, { type: cu.CU_MEM_LOCATION_TYPE_DEVICE, id: 0 });
    easy.cuMemPrefetchAsync(m, 4096, { type: cu.CU_MEM_LOCATION_TYPE_DEVICE, id: 0 }, 0, 0);
    expect(easy.cuMemRangeGetAttribute(4, cu.CU_MEM_RANGE_ATTRIBUTE_PREFERRED_LOCATION, m, 16)).toBe(cu.CU_DEVICE_CPU);
    expect(easy.cuMemRangeGetAttribute(8, cu.CU_MEM_RANGE_ATTRIBUTE_ACCESSED_BY, m, 16)).toEqual([0, cu.CU_DEVICE_INVALID]);
    expect(easy.cuMemRangeGetAttribute(4, cu.CU_MEM_RANGE_ATTRIBUTE_LAST_PREFETCH_LOCATION, m, 16)).toBe(0);
  });
});
