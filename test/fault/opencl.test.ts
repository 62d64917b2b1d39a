import { expect, test } from "vitest";
import { out, type Out } from "../../src/api/out.ts";
import * as C from "../../src/opencl/abi/constants.ts";
import { errorNames } from "../../src/opencl/abi/errors.ts";
import type { cl_event } from "../../src/opencl/abi/types.ts";
import { Bench } from "../opencl/harness.ts";
import { testModule } from "../opencl/kernels.ts";
import { encodeBinary } from "../../src/opencl/runtime/binary.ts";
import { documentedCodes } from "./opencl-documented.ts";
import { failNth, leftAfterExit, tally, watched, type Walked } from "./walk.ts";

const B = 2 ** 20;
const documented = documentedCodes();
const counts = tally();
let walks = 0;

/** Functions that give their code by errcode_ret. */
const givesObject = /^cl(Create(?!KernelsInProgram|SubDevices)|LinkProgram|EnqueueMap|CloneKernel)/;

function world() {
  const f = new Bench({ gpus: ["tiny"] });
  const ctx = f.context();
  const q = f.queue(ctx);
  const mem = f.buffer(ctx, B);
  const prog = f.program(ctx, testModule());
  const kernel = f.kernelOf(prog, "groups");
  f.ok(f.cl.clSetKernelArg(kernel, 0, 8, mem));
  const user = f.userEvent(ctx);
  const walked: Walked = {
    kernel: f.kernel, process: f.host.process,
    state: () => ({ kernel: f.kernel.objectCounts() }),
    code: (name, args, result) => (name === "clSVMAlloc" ? (result === 0 ? f.last()!.code as number : 0) : givesObject.test(name) ? (args.at(-1) as Out<number>).value : typeof result === "number" ? result : 0),
    allowed: (name, code) => name === "clSVMAlloc" || ["CL_OUT_OF_RESOURCES", "CL_OUT_OF_HOST_MEMORY"].includes(errorNames.get(code)!) || documented.get(name)?.has(errorNames.get(code)!) === true,
    named: (code) => errorNames.get(code) ?? String(code),
  };
  return { f, cl: f.cl, ctx, q, mem, prog, kernel, user, walked, address: f.malloc(B), data: new Uint8Array(B) };
}

type World = ReturnType<typeof world>;

const made = <T>(w: World, call: (e: Out<number>) => T): T => {
  const e = out<number>();
  const object = call(e);
  w.f.ok(e.value);
  return object;
};
const event = (): Out<cl_event> => out<cl_event>();

const operations: Readonly<Record<string, (w: World) => number | void>> = {
  clCreateContext: (w) => void made(w, (e) => w.cl.clCreateContext(null, 1, [w.f.device], null, null, e)),
  clCreateContextFromType: (w) => void made(w, (e) => w.cl.clCreateContextFromType(null, C.CL_DEVICE_TYPE_ALL, null, null, e)),
  "context, queue, buffer, work, release": (w) => {
    const ctx = made(w, (e) => w.cl.clCreateContext(null, 1, [w.f.device], null, null, e));
    const q = made(w, (e) => w.cl.clCreateCommandQueueWithProperties(ctx, w.f.device, null, e));
    const mem = made(w, (e) => w.cl.clCreateBuffer(ctx, 0, B, null, e));
    w.f.ok(w.cl.clEnqueueFillBuffer(q, mem, new Uint8Array(4), 4, 0, B, 0, null, null));
    w.f.ok(w.cl.clFinish(q));
    w.f.ok(w.cl.clReleaseMemObject(mem));
    w.f.ok(w.cl.clReleaseCommandQueue(q));
    w.f.ok(w.cl.clReleaseContext(ctx));
  },
  clCreateCommandQueue: (w) => void made(w, (e) => w.cl.clCreateCommandQueue(w.ctx, w.f.device, C.CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE, e)),
  clCreateCommandQueueWithProperties: (w) => void made(w, (e) => w.cl.clCreateCommandQueueWithProperties(w.ctx, w.f.device, null, e)),
  clCreateBuffer: (w) => void made(w, (e) => w.cl.clCreateBuffer(w.ctx, 0, B, null, e)),
  "clCreateBuffer (small)": (w) => void made(w, (e) => w.cl.clCreateBuffer(w.ctx, 0, 64, null, e)),
  "clCreateBuffer (ALLOC_HOST_PTR)": (w) => void made(w, (e) => w.cl.clCreateBuffer(w.ctx, C.CL_MEM_ALLOC_HOST_PTR, B, null, e)),
  "clCreateBuffer (COPY_HOST_PTR)": (w) => void made(w, (e) => w.cl.clCreateBuffer(w.ctx, C.CL_MEM_COPY_HOST_PTR, B, w.data, e)),
  "clCreateBuffer (USE_HOST_PTR, address)": (w) => void made(w, (e) => w.cl.clCreateBuffer(w.ctx, C.CL_MEM_USE_HOST_PTR, B, w.address, e)),
  "clCreateBuffer (USE_HOST_PTR, array)": (w) => void made(w, (e) => w.cl.clCreateBuffer(w.ctx, C.CL_MEM_USE_HOST_PTR, B, w.data, e)),
  clCreateBufferWithProperties: (w) => void made(w, (e) => w.cl.clCreateBufferWithProperties(w.ctx, null, 0, B, null, e)),
  clCreateSubBuffer: (w) => void made(w, (e) => w.cl.clCreateSubBuffer(w.mem, 0, C.CL_BUFFER_CREATE_TYPE_REGION, { origin: 0, size: 4096 }, e)),
  clSVMAlloc: (w) => w.cl.clSVMFree(w.ctx, w.cl.clSVMAlloc(w.ctx, C.CL_MEM_READ_WRITE, B, 0)),
  "clEnqueueSVM*": (w) => {
    const p = w.cl.clSVMAlloc(w.ctx, C.CL_MEM_READ_WRITE, B, 0);
    w.f.ok(w.cl.clEnqueueSVMMap(w.q, 1, C.CL_MAP_WRITE, p, B, 0, null, null));
    w.f.ok(w.cl.clEnqueueSVMUnmap(w.q, p, 0, null, event()));
    w.f.ok(w.cl.clEnqueueSVMMemFill(w.q, p, new Uint8Array(4), 4, B, 0, null, event()));
    w.f.ok(w.cl.clEnqueueSVMMemcpy(w.q, 1, p, w.data, B, 0, null, null));
    w.f.ok(w.cl.clEnqueueSVMMigrateMem(w.q, 1, [p], null, 0, 0, null, event()));
    w.f.ok(w.cl.clEnqueueSVMFree(w.q, 1, [p], null, null, 0, null, event()));
    return w.cl.clFinish(w.q);
  },
  "clEnqueueReadBuffer (blocking)": (w) => w.cl.clEnqueueReadBuffer(w.q, w.mem, 1, 0, B, w.data, 0, null, null),
  clEnqueueReadBuffer: (w) => w.cl.clEnqueueReadBuffer(w.q, w.mem, 0, 0, B, w.data, 1, [w.user], event()),
  "clEnqueueReadBuffer (address)": (w) => w.cl.clEnqueueReadBuffer(w.q, w.mem, 0, 0, B, w.address, 1, [w.user], event()),
  "clEnqueueWriteBuffer (blocking)": (w) => w.cl.clEnqueueWriteBuffer(w.q, w.mem, 1, 0, B, w.data, 0, null, null),
  clEnqueueWriteBuffer: (w) => w.cl.clEnqueueWriteBuffer(w.q, w.mem, 0, 0, B, w.data, 1, [w.user], event()),
  "clEnqueueWriteBuffer (address)": (w) => w.cl.clEnqueueWriteBuffer(w.q, w.mem, 0, 0, B, w.address, 1, [w.user], event()),
  clEnqueueReadBufferRect: (w) => w.cl.clEnqueueReadBufferRect(w.q, w.mem, 0, [0, 0, 0], [0, 0, 0], [256, 256, 4], 512, 0, 0, 0, w.data, 0, null, event()),
  clEnqueueWriteBufferRect: (w) => w.cl.clEnqueueWriteBufferRect(w.q, w.mem, 0, [0, 0, 0], [0, 0, 0], [256, 256, 4], 512, 0, 0, 0, w.data, 0, null, event()),
  clEnqueueCopyBufferRect: (w) => w.cl.clEnqueueCopyBufferRect(w.q, w.mem, w.mem, [0, 0, 0], [0, 0, 2], [256, 256, 2], 512, 0, 512, 0, 0, null, event()),
  clEnqueueCopyBuffer: (w) => w.cl.clEnqueueCopyBuffer(w.q, w.mem, w.mem, 0, B / 2, B / 2, 0, null, event()),
  clEnqueueFillBuffer: (w) => w.cl.clEnqueueFillBuffer(w.q, w.mem, w.data, 4, 0, B, 0, null, event()),
  clEnqueueMapBuffer: (w) => void made(w, (e) => w.cl.clEnqueueMapBuffer(w.q, w.mem, 0, C.CL_MAP_READ, 0, B, 1, [w.user], event(), e)),
  clEnqueueUnmapMemObject: (w) => {
    const p = made(w, (e) => w.cl.clEnqueueMapBuffer(w.q, w.mem, 1, C.CL_MAP_WRITE, 0, B, 0, null, null, e));
    w.f.ok(w.cl.clEnqueueUnmapMemObject(w.q, w.mem, p, 0, null, event()));
    return w.cl.clFinish(w.q);
  },
  clEnqueueMigrateMemObjects: (w) => w.cl.clEnqueueMigrateMemObjects(w.q, 1, [w.mem], 0, 0, null, event()),
  clEnqueueNDRangeKernel: (w) => w.cl.clEnqueueNDRangeKernel(w.q, w.kernel, 1, null, [64], null, 1, [w.user], event()),
  "clEnqueueNDRangeKernel and clWaitForEvents": (w) => {
    const e = event();
    w.f.ok(w.cl.clEnqueueNDRangeKernel(w.q, w.kernel, 1, null, [64], null, 0, null, e));
    return w.cl.clWaitForEvents(1, [e.value]);
  },
  clEnqueueTask: (w) => w.cl.clEnqueueTask(w.q, w.kernel, 1, [w.user], event()),
  clEnqueueMarkerWithWaitList: (w) => w.cl.clEnqueueMarkerWithWaitList(w.q, 1, [w.user], event()),
  clEnqueueBarrierWithWaitList: (w) => w.cl.clEnqueueBarrierWithWaitList(w.q, 1, [w.user], event()),
  clCreateUserEvent: (w) => w.cl.clSetUserEventStatus(made(w, (e) => w.cl.clCreateUserEvent(w.ctx, e)), 0),
  clSetEventCallback: (w) => {
    const e = made(w, (code) => w.cl.clCreateUserEvent(w.ctx, code));
    w.f.ok(w.cl.clSetEventCallback(e, C.CL_COMPLETE, () => {}, null));
    return w.cl.clSetUserEventStatus(e, 0);
  },
  "program and kernel": (w) => {
    const binary = encodeBinary({ type: C.CL_PROGRAM_BINARY_TYPE_EXECUTABLE, options: "", nonUniform: true, argInfo: false, module: testModule() });
    const program = made(w, (e) => w.cl.clCreateProgramWithBinary(w.ctx, 1, [w.f.device], [binary.length], [binary], null, e));
    w.f.ok(w.cl.clBuildProgram(program, 0, null, null, null, null));
    const kernel = made(w, (e) => w.cl.clCreateKernel(program, "groups", e));
    const copy = made(w, (e) => w.cl.clCloneKernel(kernel, e));
    w.f.ok(w.cl.clReleaseKernel(copy));
    w.f.ok(w.cl.clReleaseKernel(kernel));
    return w.cl.clReleaseProgram(program);
  },
  clCreateSampler: (w) => void made(w, (e) => w.cl.clCreateSampler(w.ctx, 1, C.CL_ADDRESS_CLAMP, C.CL_FILTER_NEAREST, e)),
  clGetMemObjectInfo: (w) => w.cl.clGetMemObjectInfo(w.mem, C.CL_MEM_SIZE, 8, out(), null),
  clGetDeviceInfo: (w) => w.cl.clGetDeviceInfo(w.f.device, C.CL_DEVICE_GLOBAL_MEM_SIZE, 8, out(), null),
  clGetDeviceAndHostTimer: (w) => w.cl.clGetDeviceAndHostTimer(w.f.device, out(), out()),
};

function walk(operation: (w: World) => number | void): string[] {
  const problems: string[] = [];
  for (let n = 1; n < 200; n++) {
    const w = world();
    const cl = watched(w.cl, w.walked, counts, problems);
    failNth(w.walked, n);
    try {
      w.f.ok(operation({ ...w, cl }) ?? 0);
    } catch (error) {
      problems.push(`point ${n} throws: ${(error as Error).message}`);
    }
    const over = w.f.host.process.main.failNth > 0;
    failNth(w.walked, 0);
    w.f.ok(w.cl.clSetUserEventStatus(w.user, 0));
    w.f.ok(w.cl.clFinish(w.q));
    walks++;
    const left = leftAfterExit(w.f.kernel);
    if (Object.keys(left).length > 0) problems.push(`point ${n} leaves ${JSON.stringify(left)} after exit`);
    if (over) return problems;
  }
  return [...problems, "no end"];
}

test.each(Object.entries(operations))("%s", (_name, operation) => {
  expect(walk(operation)).toEqual([]);
});

test("the walk reached enough", () => {
  expect(walks).toBeGreaterThan(counts.faults / 2);
  expect(counts.faults).toBeGreaterThan(390);
  expect(counts.functions.size).toBeGreaterThan(25);
});
