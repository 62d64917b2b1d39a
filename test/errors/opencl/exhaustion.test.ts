import { describe, expect, test } from "vitest";
import { callerOf } from "../../../src/api/bind.ts";
import { Errno } from "../../../src/kernel/errors.ts";
import type { Sys } from "../../../src/kernel/sys/sys.ts";
import * as E from "../../../src/opencl/abi/errors.ts";
import type { cl_mem } from "../../../src/opencl/abi/types.ts";
import { Bench } from "../../opencl/harness.ts";
import { testModule } from "../../opencl/kernels.ts";
import { C, named, out } from "./fixture.ts";

const exhausted: readonly number[] = [E.CL_OUT_OF_RESOURCES, E.CL_OUT_OF_HOST_MEMORY, E.CL_MEM_OBJECT_ALLOCATION_FAILURE, E.CL_MAP_FAILURE];
/** Requests that give something back: the kernel never refuses them. */
const giveBack = /CLOSE|DESTROY|UNMAP|VM_BIND_REMOVE|SIGNAL|STATE|QUERY|TIMER/;

/** A process whose system calls can be made to fail. */
class Scarce extends Bench {
  /** Calls that may fail until one does; Infinity: none. */
  left = Infinity;
  /** Calls that could have failed since `left` was set. */
  seen = 0;

  constructor() {
    super({ gpus: ["tiny"] });
    const caller = callerOf(this.host, this.host.process.main);
    const fallible: Partial<Record<keyof Sys, true>> = { open: true, ioctl: true, mmap: true, reserve: true };
    const sys = new Proxy(caller.sys, {
      get: (target, name) => {
        const value = target[name as keyof Sys] as unknown;
        if (typeof value !== "function") return value;
        const call = value.bind(target) as (...args: unknown[]) => unknown;
        if (!fallible[name as keyof Sys]) return call;
        return (...args: unknown[]) => {
          if (name === "ioctl" && giveBack.test(String(args[1]))) return call(...args);
          this.seen++;
          return this.left-- === 0 ? -Errno.ENOMEM : call(...args);
        };
      },
    });
    Object.defineProperty(caller, "sys", { value: sys });
  }
}

type World = ReturnType<typeof world>;

/** Everything that the operations need, with the first use of things over (pools filled by a first call would hide failures: they are empty). */
function world() {
  const f = new Scarce();
  const ctx = f.context();
  const q = f.queue(ctx);
  const mem = f.buffer(ctx, 2 ** 20);
  const prog = f.program(ctx, testModule());
  const kernel = f.kernelOf(prog, "groups");
  f.ok(f.cl.clSetKernelArg(kernel, 0, 8, mem));
  const user = f.userEvent(ctx);
  const image = f.make((e) => f.cl.clCreateImage(ctx, 0, format, desc, null, e));
  return { f, cl: f.cl, ctx, q, mem, image, prog, kernel, user, address: f.malloc(2 ** 20), data: new Uint8Array(2 ** 20) };
}

const B = 2 ** 20;
const format = { image_channel_order: C.CL_RGBA, image_channel_data_type: C.CL_UNORM_INT8 };
const desc = { image_type: C.CL_MEM_OBJECT_IMAGE2D, image_width: 512, image_height: 512, image_depth: 1, image_array_size: 1, image_row_pitch: 0, image_slice_pitch: 0, num_mip_levels: 0, num_samples: 0, mem_object: null };
const operations: Readonly<Record<string, (w: World) => number>> = {
  clCreateContext: (w) => w.f.code((e) => w.cl.clCreateContext(null, 1, [w.f.device], null, null, e)),
  clCreateCommandQueueWithProperties: (w) => w.f.code((e) => w.cl.clCreateCommandQueueWithProperties(w.ctx, w.f.device, null, e)),
  clCreateBuffer: (w) => w.f.code((e) => w.cl.clCreateBuffer(w.ctx, 0, B, null, e)),
  "clCreateBuffer (small)": (w) => w.f.code((e) => w.cl.clCreateBuffer(w.ctx, 0, 64, null, e)),
  "clCreateBuffer (ALLOC_HOST_PTR)": (w) => w.f.code((e) => w.cl.clCreateBuffer(w.ctx, C.CL_MEM_ALLOC_HOST_PTR, B, null, e)),
  "clCreateBuffer (COPY_HOST_PTR)": (w) => w.f.code((e) => w.cl.clCreateBuffer(w.ctx, C.CL_MEM_COPY_HOST_PTR, B, w.data, e)),
  "clCreateBuffer (USE_HOST_PTR, address)": (w) => w.f.code((e) => w.cl.clCreateBuffer(w.ctx, C.CL_MEM_USE_HOST_PTR, B, w.address, e)),
  "clCreateBuffer (USE_HOST_PTR, array)": (w) => w.f.code((e) => w.cl.clCreateBuffer(w.ctx, C.CL_MEM_USE_HOST_PTR, B, w.data, e)),
  "clEnqueueReadBuffer (blocking)": (w) => w.cl.clEnqueueReadBuffer(w.q, w.mem, 1, 0, B, w.data, 0, null, null),
  clEnqueueReadBuffer: (w) => w.cl.clEnqueueReadBuffer(w.q, w.mem, 0, 0, B, w.data, 1, [w.user], out()),
  "clEnqueueReadBuffer (address)": (w) => w.cl.clEnqueueReadBuffer(w.q, w.mem, 0, 0, B, w.address, 1, [w.user], out()),
  "clEnqueueWriteBuffer (blocking)": (w) => w.cl.clEnqueueWriteBuffer(w.q, w.mem, 1, 0, B, w.data, 0, null, null),
  clEnqueueWriteBuffer: (w) => w.cl.clEnqueueWriteBuffer(w.q, w.mem, 0, 0, B, w.data, 1, [w.user], out()),
  "clEnqueueWriteBuffer (address)": (w) => w.cl.clEnqueueWriteBuffer(w.q, w.mem, 0, 0, B, w.address, 1, [w.user], out()),
  clEnqueueReadBufferRect: (w) => w.cl.clEnqueueReadBufferRect(w.q, w.mem, 0, [0, 0, 0], [0, 0, 0], [256, 256, 4], 512, 0, 0, 0, w.data, 0, null, out()),
  clEnqueueWriteBufferRect: (w) => w.cl.clEnqueueWriteBufferRect(w.q, w.mem, 0, [0, 0, 0], [0, 0, 0], [256, 256, 4], 512, 0, 0, 0, w.data, 0, null, out()),
  clEnqueueCopyBuffer: (w) => w.cl.clEnqueueCopyBuffer(w.q, w.mem, w.mem, 0, B / 2, B / 2, 0, null, out()),
  clEnqueueFillBuffer: (w) => w.cl.clEnqueueFillBuffer(w.q, w.mem, w.data, 4, 0, B, 0, null, out()),
  clEnqueueMapBuffer: (w) => w.f.code((e) => w.cl.clEnqueueMapBuffer(w.q, w.mem, 0, C.CL_MAP_READ, 0, B, 1, [w.user], out(), e)),
  clCreateImage: (w) => w.f.code((e) => w.cl.clCreateImage(w.ctx, 0, format, desc, null, e)),
  "clCreateImage (COPY_HOST_PTR)": (w) => w.f.code((e) => w.cl.clCreateImage(w.ctx, C.CL_MEM_COPY_HOST_PTR, format, desc, w.data, e)),
  "clCreateImage (USE_HOST_PTR, address)": (w) => w.f.code((e) => w.cl.clCreateImage(w.ctx, C.CL_MEM_USE_HOST_PTR, format, desc, w.address, e)),
  "clCreateImage (of a buffer)": (w) => w.f.code((e) => w.cl.clCreateImage(w.ctx, 0, format, { ...desc, mem_object: w.mem }, null, e)),
  clEnqueueReadImage: (w) => w.cl.clEnqueueReadImage(w.q, w.image, 0, [0, 0, 0], [512, 512, 1], 0, 0, w.data, 1, [w.user], out()),
  "clEnqueueWriteImage (blocking)": (w) => w.cl.clEnqueueWriteImage(w.q, w.image, 1, [0, 0, 0], [512, 512, 1], 0, 0, w.data, 0, null, null),
  clEnqueueFillImage: (w) => w.cl.clEnqueueFillImage(w.q, w.image, w.data, [0, 0, 0], [512, 512, 1], 0, null, out()),
  clEnqueueCopyImageToBuffer: (w) => w.cl.clEnqueueCopyImageToBuffer(w.q, w.image, w.mem, [0, 0, 0], [512, 512, 1], 0, 0, null, out()),
  clEnqueueMapImage: (w) => w.f.code((e) => w.cl.clEnqueueMapImage(w.q, w.image, 0, C.CL_MAP_READ, [0, 0, 0], [512, 512, 1], out(), null, 1, [w.user], out(), e)),
  clEnqueueMigrateMemObjects: (w) => w.cl.clEnqueueMigrateMemObjects(w.q, 1, [w.mem], 0, 0, null, out()),
  clEnqueueNDRangeKernel: (w) => w.cl.clEnqueueNDRangeKernel(w.q, w.kernel, 1, null, [64], null, 1, [w.user], out()),
  clEnqueueTask: (w) => w.cl.clEnqueueTask(w.q, w.kernel, 1, [w.user], out()),
  clEnqueueMarkerWithWaitList: (w) => w.cl.clEnqueueMarkerWithWaitList(w.q, 1, [w.user], out()),
  clEnqueueBarrierWithWaitList: (w) => w.cl.clEnqueueBarrierWithWaitList(w.q, 1, [w.user], out()),
  clCreateUserEvent: (w) => w.f.code((e) => w.cl.clCreateUserEvent(w.ctx, e)),
};

describe("when the machine has no more to give, calls fail with a code, change nothing, and work once there is room", () => {
  for (const [name, operation] of Object.entries(operations)) {
    test(name, () => {
      const plain = world();
      plain.f.seen = 0;
      expect(named(operation(plain))).toBe("CL_SUCCESS");
      const steps = plain.f.seen;
      for (let n = 0; n < steps; n++) {
        const w = world();
        const fail = (): number => {
          w.f.left = n;
          const code = operation(w);
          w.f.left = Infinity;
          return code;
        };
        const code = fail();
        if (code !== 0) {
          expect(exhausted.map(named)).toContain(named(code));
          expect(w.f.last()).toMatchObject({ kind: "api-error", code });
          // Nothing is left behind: failing again and again takes nothing more (once pools have what they keep).
          const counts = [];
          while (counts.length < 4 && exhausted.includes(fail())) counts.push(w.f.kernel.objectCounts());
          if (counts.length === 4) expect(counts[3]).toEqual(counts[2]);
        }
        w.f.checkInvariants();
        expect(named(operation(w))).toBe("CL_SUCCESS");
        w.f.ok(w.cl.clSetUserEventStatus(w.user, 0));
        w.f.ok(w.cl.clFinish(w.q));
        w.f.checkInvariants();
        w.f.host.process.terminate({ code: 0, signal: 0 });
        w.f.run();
        expect(Object.values(w.f.kernel.objectCounts()["drm"]!).every((count) => count === 0)).toBe(true);
      }
    });
  }
});

test("CL_MEM_OBJECT_ALLOCATION_FAILURE when the device's memory is full; a release makes room", () => {
  const f = new Bench({ gpus: ["tiny"] });
  const ctx = f.context();
  const mems: cl_mem[] = [];
  const code = out<number>();
  for (let i = 0; i < 20; i++) {
    const mem = f.cl.clCreateBuffer(ctx, 0, 8 << 20, null, code);
    if (code.value !== 0) break;
    mems.push(mem);
  }
  expect(named(code.value)).toBe("CL_MEM_OBJECT_ALLOCATION_FAILURE");
  expect(mems.length).toBeGreaterThan(4);
  f.ok(f.cl.clReleaseMemObject(mems.pop()!));
  f.buffer(ctx, 8 << 20);
});
