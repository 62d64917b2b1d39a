import { describe, expect, test } from "vitest";
import { out } from "../../src/api/out.ts";
import * as C from "../../src/opencl/abi/constants.ts";
import * as E from "../../src/opencl/abi/errors.ts";
import type { cl_context, cl_event } from "../../src/opencl/abi/types.ts";
import { Bench, type BenchOptions } from "./harness.ts";
import { testModule } from "./kernels.ts";

/** A context whose notifications are kept, and in it a kernel that writes where nothing is. */
function world(settings: BenchOptions["settings"] = {}) {
  const b = new Bench({ gpus: ["tiny"], settings });
  const told: string[] = [];
  const ctx: cl_context = b.make((e) => b.cl.clCreateContext(null, 1, [b.device], (message) => told.push(message), null, e));
  const q = b.queue(ctx);
  const prog = b.program(ctx, testModule());
  return { b, cl: b.cl, told, ctx, q, prog, wild: b.kernelOf(prog, "wild") };
}

describe("a kernel that faults", () => {
  test("its event is negative, what waits for it fails, and the program is told why", () => {
    const { b, cl, told, ctx, q, wild } = world();
    const [broken, behind] = [out<cl_event>(), out<cl_event>()];
    const mem = b.buffer(ctx, 64);
    b.write32(q, mem, new Uint32Array(16));
    b.ok(cl.clEnqueueTask(q, wild, 0, null, broken));
    b.ok(cl.clEnqueueFillBuffer(q, mem, new Uint8Array([9]), 1, 0, 64, 1, [broken.value], behind));
    expect(cl.clWaitForEvents(1, [broken.value])).toBe(E.CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST);
    b.ok(cl.clFinish(q));
    expect(b.status(broken.value)).toBe(E.CL_OUT_OF_RESOURCES);
    expect(b.status(behind.value)).toBeLessThan(0);
    expect(told).toHaveLength(1);
    const fault = b.diagnostics.all().filter((d) => d.kind === "fault");
    expect(fault).toHaveLength(1);
    expect(fault[0]).toMatchObject({ api: "opencl", values: { access: "write" } });
    b.checkInvariants();
  });

  test("propagate: the context goes on", () => {
    const { b, cl, ctx, q, prog, wild } = world();
    b.ok(cl.clEnqueueTask(q, wild, 0, null, null));
    b.ok(cl.clFinish(q));
    const mem = b.buffer(ctx, 64);
    const fill = b.kernelOf(prog, "fill");
    b.ok(cl.clSetKernelArg(fill, 0, 8, mem));
    b.ok(cl.clSetKernelArg(fill, 1, 4, new Uint32Array([40])));
    b.ok(cl.clEnqueueNDRangeKernel(q, fill, 1, null, [4], null, 0, null, null));
    expect([...b.read32(q, mem, 4)]).toEqual([40, 41, 42, 43]);
    b.checkInvariants();
  });

  test("poisonContext: every later enqueue in that context fails, another context does not", () => {
    const { b, cl, ctx, q, wild } = world({ onFault: "poisonContext" });
    const mem = b.buffer(ctx, 64);
    b.ok(cl.clEnqueueTask(q, wild, 0, null, null));
    b.ok(cl.clFinish(q));
    const pattern = new Uint8Array([1]);
    const event = out<cl_event>();
    expect(cl.clEnqueueFillBuffer(q, mem, pattern, 1, 0, 64, 0, null, event)).toBe(E.CL_OUT_OF_RESOURCES);
    expect(event.isSet).toBe(false);
    const other = b.context();
    b.ok(cl.clEnqueueFillBuffer(b.queue(other), b.buffer(other, 64), pattern, 1, 0, 64, 0, null, null));
  });
});

test("two devices in one context: a buffer is one, an event of one holds back the other", () => {
  const b = new Bench({ gpus: ["a100-pcie-40gb", "tiny"] });
  const { cl } = b;
  const ctx = b.context(b.devices);
  const [q0, q1] = [b.queue(ctx, 0, b.devices[0]), b.queue(ctx, 0, b.devices.at(-1))];
  const prog = b.program(ctx, testModule());
  const log = b.buffer(ctx, 64);
  b.write32(q0, log, new Uint32Array(16));
  const gate = b.userEvent(ctx);
  const launch = (q: typeof q0, value: number, list: cl_event[]): cl_event => {
    const mark = b.kernelOf(prog, "mark");
    b.ok(cl.clSetKernelArg(mark, 0, 8, log));
    b.ok(cl.clSetKernelArg(mark, 1, 4, new Uint32Array([value])));
    const event = out<cl_event>();
    b.ok(cl.clEnqueueTask(q, mark, list.length, list.length ? list : null, event));
    return event.value;
  };
  const first = launch(q0, 1, [gate]);
  const second = launch(q1, 2, [first]);
  const third = launch(q0, 3, [second]);
  b.run();
  expect(b.status(second)).toBeGreaterThan(C.CL_RUNNING);
  b.ok(cl.clSetUserEventStatus(gate, 0));
  b.ok(cl.clWaitForEvents(1, [third]));
  expect([...b.read32(q1, log, 4)]).toEqual([3, 1, 2, 3]);
  b.ok(cl.clEnqueueMigrateMemObjects(q1, 1, [log], C.CL_MIGRATE_MEM_OBJECT_HOST, 0, null, null));
  expect([...b.read32(q0, log, 4)]).toEqual([3, 1, 2, 3]);
});
