import { describe, expect, test } from "vitest";
import { out } from "../../src/api/out.ts";
import * as C from "../../src/opencl/abi/constants.ts";
import type { cl_event } from "../../src/opencl/abi/types.ts";
import { Bench } from "./harness.ts";
import { testModule } from "./kernels.ts";

describe("shared virtual memory, coarse-grained", () => {
  const b = new Bench({ gpus: ["a100-pcie-40gb", "mi250x"] });
  const { cl } = b;
  const ctx = b.context(b.devices);
  const queues = b.devices.map((device) => b.queue(ctx, 0, device));
  const [q] = queues as [(typeof queues)[number]];
  const prog = b.program(ctx, testModule());
  const words = (address: number, count: number): Uint32Array => new Uint32Array(b.view(address, 4 * count).slice().buffer);

  test("memory is at one address for the host and for every device", () => {
    const p = cl.clSVMAlloc(ctx, C.CL_MEM_READ_WRITE, 256, 0);
    expect(p).toBeGreaterThan(0);
    const kernel = b.kernelOf(prog, "fill");
    b.ok(cl.clSetKernelArgSVMPointer(kernel, 0, p + 16));
    for (const [i, queue] of queues.entries()) {
      b.ok(cl.clSetKernelArg(kernel, 1, 4, new Uint32Array([100 * (i + 1)])));
      b.ok(cl.clEnqueueNDRangeKernel(queue, kernel, 1, null, [8], null, 0, null, null));
      b.ok(cl.clEnqueueSVMMap(queue, 1, C.CL_MAP_READ, p, 256, 0, null, null));
      expect([...words(p + 16, 8)]).toEqual(Array.from({ length: 8 }, (_, k) => 100 * (i + 1) + k));
      b.ok(cl.clEnqueueSVMUnmap(queue, p, 0, null, null));
      b.ok(cl.clFinish(queue));
    }
    cl.clSVMFree(ctx, p);
  });

  test("the host writes, a kernel reads through a pointer inside the data", () => {
    const p = cl.clSVMAlloc(ctx, C.CL_MEM_READ_WRITE, 4096, 256);
    expect(p % 256).toBe(0);
    b.ok(cl.clEnqueueSVMMap(q, 1, C.CL_MAP_WRITE_INVALIDATE_REGION, p, 4096, 0, null, null));
    new Uint32Array(b.view(p, 64).buffer, b.view(p, 64).byteOffset, 16).fill(5);
    b.ok(cl.clEnqueueSVMUnmap(q, p, 0, null, null));
    const mem = b.buffer(ctx, 4096, C.CL_MEM_USE_HOST_PTR, p);
    expect([...b.read32(q, mem, 4)]).toEqual([5, 5, 5, 5]);
    const kernel = b.kernelOf(prog, "groups");
    b.ok(cl.clSetKernelArgSVMPointer(kernel, 0, p));
    b.ok(cl.clSetKernelExecInfo(kernel, C.CL_KERNEL_EXEC_INFO_SVM_PTRS, 8, [p]));
    b.ok(cl.clEnqueueNDRangeKernel(q, kernel, 1, null, [4], [2], 0, null, null));
    b.ok(cl.clFinish(q));
    expect([...words(p, 5)]).toEqual([2, 2, 2, 2, 5]);
    b.ok(cl.clReleaseMemObject(mem));
    cl.clSVMFree(ctx, p);
  });

  test("memcpy between all kinds of memory, blocking and not; memfill; migrate", () => {
    const [p, r] = [cl.clSVMAlloc(ctx, 0, 4096, 0), cl.clSVMAlloc(ctx, 0, 4096, 0)];
    const host = b.malloc(4096);
    b.ok(cl.clEnqueueSVMMemFill(q, p, new Uint16Array([0xabcd]), 2, 64, 0, null, null));
    const event = out<cl_event>();
    b.ok(cl.clEnqueueSVMMigrateMem(q, 2, [p, r], [64, 0], 0, 0, null, event));
    b.ok(cl.clEnqueueSVMMemcpy(q, 0, r, p, 64, 1, [event.value], null));
    b.ok(cl.clEnqueueSVMMemcpy(q, 0, host, r, 64, 0, null, null));
    const data = new Uint16Array(32);
    b.ok(cl.clEnqueueSVMMemcpy(q, 1, data, host, 64, 0, null, null));
    expect([...new Set(data)]).toEqual([0xabcd]);
    data.fill(7);
    b.ok(cl.clEnqueueSVMMemcpy(q, 0, p, data, 32, 0, null, null));
    const back = new Uint16Array(32);
    b.ok(cl.clEnqueueSVMMemcpy(q, 0, back, p, 64, 0, null, null));
    b.ok(cl.clFinish(q));
    expect([...back]).toEqual([...Array<number>(16).fill(7), ...Array<number>(16).fill(0xabcd)]);
    const type = out<number>();
    b.ok(cl.clGetEventInfo(event.value, C.CL_EVENT_COMMAND_TYPE, 4, type, null));
    expect(type.value).toBe(C.CL_COMMAND_SVM_MIGRATE_MEM);
    cl.clSVMFree(ctx, p);
    cl.clSVMFree(ctx, r);
    cl.clSVMFree(ctx, 0);
    cl.clSVMFree(ctx, null);
  });

  test("enqueued free waits its turn; with a callback that frees", () => {
    const [p, r] = [cl.clSVMAlloc(ctx, 0, 4096, 0), cl.clSVMAlloc(ctx, 0, 4096, 0)];
    const gate = b.userEvent(ctx);
    const calls: unknown[] = [];
    b.ok(cl.clEnqueueSVMFree(q, 1, [p], null, null, 1, [gate], null));
    b.ok(cl.clEnqueueSVMFree(q, 1, [r], (queue, count, pointers, data) => {
      calls.push([queue, count, [...pointers], data]);
      cl.clSVMFree(ctx, pointers[0]!);
    }, "data", 0, null, null));
    b.run();
    expect(calls).toEqual([]);
    expect(b.view(p, 4)).toHaveLength(4);
    b.ok(cl.clSetUserEventStatus(gate, 0));
    b.ok(cl.clFinish(q));
    b.run();
    expect(calls).toEqual([[q, 1, [r], "data"]]);
    for (const gone of [p, r]) expect(() => b.view(gone, 4)).toThrow(RangeError);
  });

  test("freeing what is none, unmapping what is not mapped: explained", () => {
    b.diagnostics.clear();
    cl.clSVMFree(ctx, 0x1000);
    expect(b.last()).toMatchObject({ kind: "misuse", call: "clSVMFree" });
    const p = cl.clSVMAlloc(ctx, 0, 64, 0);
    b.ok(cl.clEnqueueSVMUnmap(q, p, 0, null, null));
    expect(b.last()).toMatchObject({ kind: "misuse", call: "clEnqueueSVMUnmap" });
    b.ok(cl.clFinish(q));
    cl.clSVMFree(ctx, p);
  });
});
