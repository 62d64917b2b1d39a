import { describe, expect, test } from "vitest";
import { out } from "../../../src/api/out.ts";
import { DeadlockError } from "../../../src/kernel/errors.ts";
import * as C from "../../../src/opencl/abi/constants.ts";
import * as E from "../../../src/opencl/abi/errors.ts";
import type { cl_event } from "../../../src/opencl/abi/types.ts";
import { Bench } from "../../opencl/harness.ts";
import { testModule } from "../../opencl/kernels.ts";

const module = testModule();
const OOO = C.CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE;

function marker(b: Bench, q: ReturnType<Bench["queue"]>, waits: readonly cl_event[] = []): cl_event {
  const event = out<cl_event>();
  b.ok(b.cl.clEnqueueMarkerWithWaitList(q, waits.length, waits.length === 0 ? null : waits, event));
  return event.value;
}

describe("queues", () => {
  test("Q1: a gated head holds an in-order queue", () => {
    const b = new Bench();
    const ctx = b.context();
    const q = b.queue(ctx);
    const gate = b.userEvent(ctx);
    const first = marker(b, q, [gate]);
    const second = marker(b, q);
    b.run();
    expect([b.status(first), b.status(second)]).toEqual([C.CL_SUBMITTED, C.CL_SUBMITTED]);
    b.ok(b.cl.clSetUserEventStatus(gate, 0));
    b.ok(b.cl.clWaitForEvents(1, [second]));
    expect(b.status(first)).toBe(C.CL_COMPLETE);
  });

  test("Q4: a barrier has no effect on other queues", () => {
    const b = new Bench();
    const ctx = b.context();
    const q = b.queue(ctx, OOO);
    const other = b.queue(ctx, OOO);
    marker(b, q, [b.userEvent(ctx)]);
    b.ok(b.cl.clEnqueueBarrier(q));
    b.ok(b.cl.clWaitForEvents(1, [marker(b, other)]));
  });

  test("Q4: a barrier whose list fails fails itself and lets what comes after go", () => {
    const b = new Bench();
    const ctx = b.context();
    const q = b.queue(ctx, OOO);
    const bad = b.userEvent(ctx);
    const barrier = out<cl_event>();
    b.ok(b.cl.clEnqueueBarrierWithWaitList(q, 1, [bad], barrier));
    const later = marker(b, q);
    const mem = b.buffer(ctx, 4);
    const fill = out<cl_event>();
    b.ok(b.cl.clEnqueueFillBuffer(q, mem, new Uint8Array([1]), 1, 0, 4, 0, null, fill));
    b.ok(b.cl.clSetUserEventStatus(bad, -1));
    b.ok(b.cl.clFinish(q));
    expect([b.status(barrier.value) < 0, b.status(later), b.status(fill.value)]).toEqual([true, 0, 0]);
  });

  test("Q3: a marker without a list completes although a command before it failed", () => {
    const b = new Bench();
    const ctx = b.context();
    for (const properties of [0, OOO]) {
      const q = b.queue(ctx, properties);
      const bad = b.userEvent(ctx);
      const failed = marker(b, q, [bad]);
      const all = marker(b, q);
      b.ok(b.cl.clSetUserEventStatus(bad, -1));
      b.ok(b.cl.clFinish(q));
      expect([b.status(failed) < 0, b.status(all)]).toEqual([true, 0]);
    }
  });

  test("Q5: after clFinish every command before has ended; again it returns at once", () => {
    const b = new Bench();
    const ctx = b.context();
    for (const properties of [0, OOO]) {
      const q = b.queue(ctx, properties);
      const mem = b.buffer(ctx, 1 << 20);
      const events = Array.from({ length: 20 }, () => {
        const event = out<cl_event>();
        b.ok(b.cl.clEnqueueFillBuffer(q, mem, new Uint8Array([1]), 1, 0, 1 << 20, 0, null, event));
        return event.value;
      });
      b.ok(b.cl.clFlush(q));
      b.ok(b.cl.clFinish(q));
      expect(events.map((event) => b.status(event))).toEqual(events.map(() => 0));
      const now = b.kernel.clock.now;
      b.ok(b.cl.clFinish(q));
      expect(b.kernel.clock.now - now).toBeLessThan(1000);
    }
  });

  test("waiting is a futex in the trace", () => {
    const b = new Bench({ trace: true });
    const ctx = b.context();
    const q = b.queue(ctx);
    b.ok(b.cl.clEnqueueFillBuffer(q, b.buffer(ctx, 1 << 26), new Uint8Array([1]), 1, 0, 1 << 26, 0, null, null));
    b.ok(b.cl.clFinish(q));
    const names = b.kernel.trace.events().map((event) => event.name);
    expect(names).toContain("syscalls:sys_enter_futex");
    expect(names.indexOf("syscalls:sys_exit_futex")).toBeGreaterThan(names.lastIndexOf("gpu_scheduler:drm_sched_job_done"));
  });

  test("Q7: strictFlush: a consumer that waits for an unflushed producer can never end, and is told why; a flush sets it free", () => {
    const b = new Bench({ settings: { strictFlush: true } });
    const ctx = b.context();
    const producer = b.queue(ctx);
    const consumer = b.queue(ctx);
    const made = marker(b, producer);
    const used = marker(b, consumer, [made]);
    expect([b.status(made), b.status(used)]).toEqual([C.CL_QUEUED, C.CL_QUEUED]);
    expect(() => b.cl.clFinish(consumer)).toThrow(DeadlockError);
    expect(() => b.cl.clFinish(consumer)).toThrow(/has not been flushed/);
    b.ok(b.cl.clFlush(producer));
    b.ok(b.cl.clFinish(consumer));
    expect([b.status(made), b.status(used)]).toEqual([0, 0]);
  });

  test("Q6: with strictFlush blocking calls, waits and the last release flush", () => {
    const b = new Bench({ settings: { strictFlush: true } });
    const ctx = b.context();
    const mem = b.buffer(ctx, 4);
    const flushers: ((q: ReturnType<Bench["queue"]>, event: cl_event) => void)[] = [
      (q) => b.read32(q, mem, 1),
      (q) => b.write32(q, mem, new Uint32Array(1)),
      (q) => b.make((e) => b.cl.clEnqueueMapBuffer(q, mem, 1, C.CL_MAP_READ, 0, 4, 0, null, null, e)),
      (_q, event) => b.ok(b.cl.clWaitForEvents(1, [event])),
      (q) => b.ok(b.cl.clFinish(q)),
      (q) => b.ok(b.cl.clReleaseCommandQueue(q)),
    ];
    for (const flush of flushers) {
      const q = b.queue(ctx);
      const event = marker(b, q);
      b.run();
      expect(b.status(event)).toBe(C.CL_QUEUED);
      flush(q, event);
      b.run();
      expect(b.status(event)).toBe(C.CL_COMPLETE);
    }
  });

  test("Q8: a released queue goes when its commands have ended", () => {
    const b = new Bench();
    const ctx = b.context();
    const q = b.queue(ctx);
    const gate = b.userEvent(ctx);
    const event = marker(b, q, [gate]);
    const queues = (): number => b.kernel.objectCounts()["gpu 0000:01:00.0"]?.["queues"] ?? Object.values(b.kernel.objectCounts()).find((c) => "queues" in c)!["queues"]!;
    const before = queues();
    b.ok(b.cl.clReleaseCommandQueue(q));
    expect(b.cl.clFinish(q)).toBe(E.CL_INVALID_COMMAND_QUEUE);
    expect(queues()).toBe(before);
    b.ok(b.cl.clSetUserEventStatus(gate, 0));
    b.ok(b.cl.clWaitForEvents(1, [event]));
    b.run();
    expect(queues()).toBe(before - 1);
  });

  test("Q9: an empty range does nothing but honour its wait list", () => {
    const b = new Bench();
    const ctx = b.context();
    const q = b.queue(ctx, OOO);
    const kernel = b.kernelOf(b.program(ctx, module), "mark");
    b.ok(b.cl.clSetKernelArg(kernel, 0, 8, b.buffer(ctx, 64)));
    b.ok(b.cl.clSetKernelArg(kernel, 1, 4, new Uint32Array(1)));
    const gate = b.userEvent(ctx);
    for (const global of [[0], [4, 0], null]) {
      const event = out<cl_event>();
      b.ok(b.cl.clEnqueueNDRangeKernel(q, kernel, global?.length ?? 1, null, global, null, 1, [gate], event));
      b.run();
      expect(b.status(event.value)).toBe(C.CL_SUBMITTED);
    }
    b.ok(b.cl.clSetUserEventStatus(gate, 0));
    b.ok(b.cl.clFinish(q));
  });

  test("Q10, Q11: arguments and wait lists are taken at the enqueue", () => {
    const b = new Bench();
    const ctx = b.context();
    const q = b.queue(ctx);
    const kernel = b.kernelOf(b.program(ctx, module), "fill");
    const one = b.buffer(ctx, 16);
    const two = b.buffer(ctx, 16, C.CL_MEM_COPY_HOST_PTR, new Uint32Array(4));
    const gate = b.userEvent(ctx);
    const value = new Uint32Array([5]);
    const list = [gate];
    b.ok(b.cl.clSetKernelArg(kernel, 0, 8, one));
    b.ok(b.cl.clSetKernelArg(kernel, 1, 4, value));
    b.ok(b.cl.clEnqueueNDRangeKernel(q, kernel, 1, null, [4], [4], 1, list, null));
    value[0] = 9;
    list.length = 0;
    b.ok(b.cl.clSetKernelArg(kernel, 0, 8, two));
    b.ok(b.cl.clSetKernelArg(kernel, 1, 4, new Uint32Array([70])));
    b.ok(b.cl.clSetUserEventStatus(gate, 0));
    expect([...b.read32(q, one, 4)]).toEqual([5, 6, 7, 8]);
    expect([...b.read32(q, two, 4)]).toEqual([0, 0, 0, 0]);
  });

  test("more events than a job can wait for", () => {
    const b = new Bench();
    const ctx = b.context();
    const q = b.queue(ctx, OOO);
    const gates = Array.from({ length: 1500 }, () => b.userEvent(ctx));
    const event = marker(b, q, gates);
    for (const gate of gates.slice(1)) b.ok(b.cl.clSetUserEventStatus(gate, 0));
    b.run();
    expect(b.status(event)).toBe(C.CL_SUBMITTED);
    b.ok(b.cl.clSetUserEventStatus(gates[0]!, 0));
    b.ok(b.cl.clWaitForEvents(1, [event]));
  });

  test("profiling: queued, submitted, started, ended, in this order", () => {
    const b = new Bench();
    const ctx = b.context();
    for (const properties of [0, OOO]) {
      const q = b.queue(ctx, properties | C.CL_QUEUE_PROFILING_ENABLE);
      const gate = b.userEvent(ctx);
      const event = out<cl_event>();
      b.ok(b.cl.clEnqueueFillBuffer(q, b.buffer(ctx, 65536), new Uint8Array([1]), 1, 0, 65536, 1, [gate], event));
      b.run();
      b.ok(b.cl.clSetUserEventStatus(gate, 0));
      b.ok(b.cl.clFinish(q));
      const times = [C.CL_PROFILING_COMMAND_QUEUED, C.CL_PROFILING_COMMAND_SUBMIT, C.CL_PROFILING_COMMAND_START, C.CL_PROFILING_COMMAND_END, C.CL_PROFILING_COMMAND_COMPLETE].map((name) => {
        const box = out<bigint>();
        b.ok(b.cl.clGetEventProfilingInfo(event.value, name, 8, box, null));
        return box.value;
      });
      expect(times).toEqual(times.toSorted((x, y) => (x < y ? -1 : x > y ? 1 : 0)));
      expect(times[3]! - times[2]!).toBeGreaterThan(0n);
    }
  });
});
