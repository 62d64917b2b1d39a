import { describe, expect, test } from "vitest";
import { out } from "../../src/api/out.ts";
import * as C from "../../src/opencl/abi/constants.ts";
import * as E from "../../src/opencl/abi/errors.ts";
import type { cl_event, cl_int } from "../../src/opencl/abi/types.ts";
import { Bench } from "./harness.ts";
import { testModule } from "./kernels.ts";

/** One of everything that is counted: how to keep it, let it go and ask how often it is kept. */
function everything(b: Bench) {
  const { cl } = b;
  const ctx = b.context();
  const q = b.queue(ctx);
  const mem = b.buffer(ctx, 4096);
  const prog = b.program(ctx, testModule());
  const kernel = b.kernelOf(prog, "groups");
  const event = b.userEvent(ctx);
  const count = (ask: (box: ReturnType<typeof out<number>>) => cl_int) => (): number => {
    const box = out<number>();
    b.ok(ask(box));
    return box.value;
  };
  return {
    ctx, q, mem, prog, kernel, event,
    rows: [
      ["event", () => cl.clRetainEvent(event), () => cl.clReleaseEvent(event), count((o) => cl.clGetEventInfo(event, C.CL_EVENT_REFERENCE_COUNT, 4, o, null)), E.CL_INVALID_EVENT],
      ["kernel", () => cl.clRetainKernel(kernel), () => cl.clReleaseKernel(kernel), count((o) => cl.clGetKernelInfo(kernel, C.CL_KERNEL_REFERENCE_COUNT, 4, o, null)), E.CL_INVALID_KERNEL],
      ["program", () => cl.clRetainProgram(prog), () => cl.clReleaseProgram(prog), count((o) => cl.clGetProgramInfo(prog, C.CL_PROGRAM_REFERENCE_COUNT, 4, o, null)), E.CL_INVALID_PROGRAM],
      ["buffer", () => cl.clRetainMemObject(mem), () => cl.clReleaseMemObject(mem), count((o) => cl.clGetMemObjectInfo(mem, C.CL_MEM_REFERENCE_COUNT, 4, o, null)), E.CL_INVALID_MEM_OBJECT],
      ["queue", () => cl.clRetainCommandQueue(q), () => cl.clReleaseCommandQueue(q), count((o) => cl.clGetCommandQueueInfo(q, C.CL_QUEUE_REFERENCE_COUNT, 4, o, null)), E.CL_INVALID_COMMAND_QUEUE],
      ["context", () => cl.clRetainContext(ctx), () => cl.clReleaseContext(ctx), count((o) => cl.clGetContextInfo(ctx, C.CL_CONTEXT_REFERENCE_COUNT, 4, o, null)), E.CL_INVALID_CONTEXT],
    ] as const,
  };
}

describe("reference counts", () => {
  test("retain and release count, and the last release ends it", () => {
    const b = new Bench({ gpus: ["tiny"] });
    for (const [name, retain, release, count, gone] of everything(b).rows) {
      expect([name, count()]).toEqual([name, 1]);
      b.ok(retain());
      b.ok(retain());
      expect(count()).toBe(3);
      b.ok(release());
      b.ok(release());
      expect(count()).toBe(1);
      b.ok(release());
      expect([name, release()]).toEqual([name, gone]);
      expect([name, retain()]).toEqual([name, gone]);
    }
    b.checkInvariants();
  });

  test("making and releasing again and again takes nothing from the machine", () => {
    const b = new Bench({ gpus: ["tiny"] });
    const round = (): void => {
      const { ctx, q, mem, kernel, rows } = everything(b);
      const event = out<cl_event>();
      b.ok(b.cl.clSetKernelArg(kernel, 0, 8, mem));
      b.ok(b.cl.clEnqueueNDRangeKernel(q, kernel, 1, null, [32], null, 0, null, event));
      const pointer = b.make((e) => b.cl.clEnqueueMapBuffer(q, mem, 1, C.CL_MAP_READ, 0, 64, 0, null, null, e));
      b.ok(b.cl.clEnqueueUnmapMemObject(q, mem, pointer, 0, null, null));
      b.cl.clSVMFree(ctx, b.cl.clSVMAlloc(ctx, 0, 4096, 0));
      b.ok(b.cl.clReleaseEvent(event.value));
      b.ok(b.cl.clFinish(q));
      for (const [, , release] of rows) b.ok(release());
      b.run();
    };
    for (let i = 0; i < 3; i++) round();
    const before = b.kernel.objectCounts();
    for (let i = 0; i < 5; i++) round();
    expect(b.kernel.objectCounts()).toEqual(before);
    b.host.process.terminate({ code: 0, signal: 0 });
    b.run();
    expect(Object.entries(b.kernel.objectCounts()["drm"]!).filter(([, n]) => n !== 0)).toEqual([]);
  });

  test("a context lives as long as what was made in it", () => {
    const b = new Bench({ gpus: ["tiny"] });
    const ctx = b.context();
    const q = b.queue(ctx);
    const mem = b.buffer(ctx, 64);
    let gone = 0;
    b.ok(b.cl.clSetContextDestructorCallback(ctx, () => gone++, null));
    b.ok(b.cl.clReleaseContext(ctx));
    b.write32(q, mem, new Uint32Array([5]));
    expect([...b.read32(q, mem, 1)]).toEqual([5]);
    b.ok(b.cl.clReleaseMemObject(mem));
    expect(gone).toBe(0);
    b.ok(b.cl.clReleaseCommandQueue(q));
    b.run();
    expect(gone).toBe(1);
  });
});
