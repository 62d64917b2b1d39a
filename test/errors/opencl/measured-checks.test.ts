import { expect, test } from "vitest";
import type { cl_event } from "../../../src/opencl/abi/types.ts";
import * as E from "../../../src/opencl/abi/errors.ts";
import { C, Fixture, named, out } from "./fixture.ts";

// The checks that were measured on other implementations (reference, OpenCL section 3), by their names. Each breaks exactly one rule.
const f = new Fixture();
const { cl } = f;

/** The call fails with the code, a diagnostic says why, and a control call succeeds. */
function check(name: string, expected: number, call: () => number): void {
  test(name, () => {
    f.diagnostics.clear();
    expect(named(call())).toBe(named(expected));
    if (expected < 0) expect(f.last()).toMatchObject({ kind: "api-error", api: "opencl", code: expected });
    else expect(f.diagnostics.all()).toEqual([]);
  });
}
const createBuffer = (flags: number, size: number, pointer: ArrayBufferView | null = null): number => f.code((e) => cl.clCreateBuffer(f.ctx, flags, size, pointer, e));
const RW = C.CL_MEM_READ_WRITE;

check("CreateBuffer size 0", E.CL_INVALID_BUFFER_SIZE, () => createBuffer(RW, 0));
check("CreateBuffer COPY_HOST_PTR+NULL", E.CL_INVALID_HOST_PTR, () => createBuffer(C.CL_MEM_COPY_HOST_PTR, 16));
check("CreateBuffer host_ptr w/o flag", E.CL_INVALID_HOST_PTR, () => createBuffer(RW, 16, new Uint8Array(16)));
check("CreateBuffer RO|WO", E.CL_INVALID_VALUE, () => createBuffer(C.CL_MEM_READ_ONLY | C.CL_MEM_WRITE_ONLY, 16));
check("SubBuffer size 0", E.CL_INVALID_BUFFER_SIZE, () => f.code((e) => f.sub(f.buf, RW, 0, 0, e)));
check("SubBuffer origin misaligned", E.CL_MISALIGNED_SUB_BUFFER_OFFSET, () => f.code((e) => f.sub(f.buf, RW, 4, 16, e)));
check("SubBuffer OOB", E.CL_INVALID_VALUE, () => f.code((e) => f.sub(f.buf, RW, 2048, 4096, e)));
check("SubBuffer of sub-buffer", E.CL_INVALID_MEM_OBJECT, () => f.code((e) => f.sub(f.make((x) => f.sub(f.buf, RW, 0, 1024, x)), RW, 0, 16, e)));
check("SubBuffer RO parent + WO", E.CL_INVALID_VALUE, () => f.code((e) => f.sub(f.buffer(f.ctx, 256, C.CL_MEM_READ_ONLY), C.CL_MEM_WRITE_ONLY, 0, 16, e)));
check("Read HOST_NO_ACCESS", E.CL_INVALID_OPERATION, () => cl.clEnqueueReadBuffer(f.q, f.buffer(f.ctx, 16, C.CL_MEM_HOST_NO_ACCESS), 1, 0, 16, f.data, 0, null, null));
check("Map WRITE on HOST_READ_ONLY", E.CL_INVALID_OPERATION, () => f.code((e) => cl.clEnqueueMapBuffer(f.q, f.buffer(f.ctx, 16, C.CL_MEM_HOST_READ_ONLY), 1, C.CL_MAP_WRITE, 0, 16, 0, null, null, e)));
check("Read OOB", E.CL_INVALID_VALUE, () => cl.clEnqueueReadBuffer(f.q, f.buf, 1, 4090, 16, f.data, 0, null, null));
check("Read ptr NULL", E.CL_INVALID_VALUE, () => cl.clEnqueueReadBuffer(f.q, f.buf, 1, 0, 16, null, 0, null, null));
check("Read other-context queue", E.CL_INVALID_CONTEXT, () => cl.clEnqueueReadBuffer(f.q2, f.buf, 1, 0, 16, f.data, 0, null, null));
check("wait NULL,num 1", E.CL_INVALID_EVENT_WAIT_LIST, () => cl.clEnqueueReadBuffer(f.q, f.buf, 1, 0, 16, f.data, 1, null, null));
check("wait non-NULL,num 0", E.CL_INVALID_EVENT_WAIT_LIST, () => cl.clEnqueueReadBuffer(f.q, f.buf, 1, 0, 16, f.data, 0, [f.userEvent(f.ctx)], null));
check("wait event other context", E.CL_INVALID_CONTEXT, () => cl.clEnqueueReadBuffer(f.q, f.buf, 0, 0, 16, f.data, 1, [f.userEvent(f.ctx2)], null));
check("blocking read w/ failed event", E.CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST, () => cl.clEnqueueReadBuffer(f.q, f.buf, 1, 0, 16, f.data, 1, [f.failed()], null));
check("Copy overlap", E.CL_MEM_COPY_OVERLAP, () => cl.clEnqueueCopyBuffer(f.q, f.buf, f.buf, 0, 8, 16, 0, null, null));
check("Fill pattern 3", E.CL_INVALID_VALUE, () => cl.clEnqueueFillBuffer(f.q, f.buf, f.data, 3, 0, 12, 0, null, null));
check("Fill offset not multiple", E.CL_INVALID_VALUE, () => cl.clEnqueueFillBuffer(f.q, f.buf, f.data, 4, 2, 12, 0, null, null));
check("Fill pattern 256", E.CL_INVALID_VALUE, () => cl.clEnqueueFillBuffer(f.q, f.buf, f.data, 256, 0, 256, 0, null, null));
const map = (flags: number, size = 16, offset = 0, mem = f.buf2): number => f.code((e) => cl.clEnqueueMapBuffer(f.q, mem, 1, flags, offset, size, 0, null, null, e));
check("Map WRITE|INVALIDATE", E.CL_INVALID_VALUE, () => map(C.CL_MAP_WRITE | C.CL_MAP_WRITE_INVALIDATE_REGION));
check("Map size 0", E.CL_INVALID_VALUE, () => map(C.CL_MAP_READ, 0));
check("Map overlapping writes", E.CL_INVALID_OPERATION, () => {
  const mem = f.buffer(f.ctx, 256);
  expect(map(C.CL_MAP_WRITE, 64, 0, mem)).toBe(0);
  return map(C.CL_MAP_WRITE, 64, 32, mem);
});
check("Unmap bad ptr", E.CL_INVALID_VALUE, () => cl.clEnqueueUnmapMemObject(f.q, f.buf, 0x1234, 0, null, null));
const run = (kernel = f.fill(), dim = 1, global: number[] | null = [16], local: number[] | null = [4], offset: number[] | null = null): number => cl.clEnqueueNDRangeKernel(f.q, kernel, dim, offset, global, local, 0, null, null);
check("NDR args unset", E.CL_INVALID_KERNEL_ARGS, () => run(f.kernelOf(f.prog, "fill")));
check("NDR work_dim 4", E.CL_INVALID_WORK_DIMENSION, () => run(f.fill(), 4, [1, 1, 1, 1], [1, 1, 1, 1]));
check("NDR 10/4 (CL1.2 program)", E.CL_INVALID_WORK_GROUP_SIZE, () => run(f.fill("fill", f.uniform), 1, [10], [4]));
check("NDR local 0", E.CL_INVALID_WORK_GROUP_SIZE, () => run(f.fill(), 1, [16], [0]));
check("NDR global 0 (2.1+: success; 1.x INVALID_GLOBAL_WORK_SIZE)", E.CL_SUCCESS, () => run(f.fill(), 1, [0], null));
check("NDR reqd_wg mismatch", E.CL_INVALID_WORK_GROUP_SIZE, () => run(f.fill("fixed"), 1, [16], [8]));
check("NDR offset overflow", E.CL_INVALID_GLOBAL_OFFSET, () => run(f.fill(), 1, [16], [4], [2 ** 64 - 1]));
check("NDR local too big", E.CL_INVALID_WORK_GROUP_SIZE, () => run(f.fill(), 1, [4096], [4096]));
check("SetArg bad index", E.CL_INVALID_ARG_INDEX, () => cl.clSetKernelArg(f.fill(), 9, 4, new Uint32Array(1)));
check("SetArg bad size", E.CL_INVALID_ARG_SIZE, () => cl.clSetKernelArg(f.fill(), 1, 8, new Uint32Array(2)));
check("SetArg local size 0 (<3.1)", E.CL_INVALID_ARG_SIZE, () => cl.clSetKernelArg(f.kernelOf(f.prog, "locals"), 1, 0, null));
check("SetArg buffer ptr-to-NULL ok", E.CL_SUCCESS, () => cl.clSetKernelArg(f.fill(), 0, 8, new BigUint64Array(1)));
const source = () => f.make((e) => cl.clCreateProgramWithSource(f.ctx, 1, ["kernel void k() {}"], null, e));
check("CreateKernel unbuilt", E.CL_INVALID_PROGRAM_EXECUTABLE, () => f.code((e) => cl.clCreateKernel(source(), "k", e)));
check("CreateKernel bad name", E.CL_INVALID_KERNEL_NAME, () => f.code((e) => cl.clCreateKernel(f.prog, "nothing", e)));
check("Build w/ kernels attached", E.CL_INVALID_OPERATION, () => {
  f.fill();
  return cl.clBuildProgram(f.prog, 0, null, null, null, null);
});
check("Build bad option", E.CL_INVALID_BUILD_OPTIONS, () => cl.clBuildProgram(source(), 0, null, "-cl-frobnicate", null, null));
check("SetUserEventStatus twice", E.CL_INVALID_OPERATION, () => cl.clSetUserEventStatus(f.failed(), 0));
check("SetUserEventStatus RUNNING", E.CL_INVALID_VALUE, () => cl.clSetUserEventStatus(f.userEvent(f.ctx), C.CL_RUNNING));
function marker(queue = f.q): cl_event {
  const event = out<cl_event>();
  f.ok(cl.clEnqueueMarkerWithWaitList(queue, 0, null, event));
  return event.value;
}
check("SetUserEventStatus on non-user", E.CL_INVALID_EVENT, () => cl.clSetUserEventStatus(marker(), 0));
check("SetEventCallback QUEUED", E.CL_INVALID_VALUE, () => cl.clSetEventCallback(marker(), C.CL_QUEUED, () => {}, null));
const profile = (event: cl_event): number => cl.clGetEventProfilingInfo(event, C.CL_PROFILING_COMMAND_END, 8, out<bigint>(), null);
check("Profiling user event", E.CL_PROFILING_INFO_NOT_AVAILABLE, () => {
  const event = f.userEvent(f.ctx);
  f.ok(cl.clSetUserEventStatus(event, 0));
  return profile(event);
});
check("Profiling no-profiling queue", E.CL_PROFILING_INFO_NOT_AVAILABLE, () => {
  const event = marker();
  f.ok(cl.clFinish(f.q));
  return profile(event);
});
check("WaitForEvents 2 contexts", E.CL_INVALID_CONTEXT, () => cl.clWaitForEvents(2, [marker(), marker(f.q2)]));
check("WaitForEvents failed event", E.CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST, () => cl.clWaitForEvents(1, [f.failed()]));
check("WaitForEvents 0", E.CL_INVALID_VALUE, () => cl.clWaitForEvents(0, null));

/** A marker that waits for a user event, which then fails; what its callback was told. */
function failingDependency(): { statuses: number[]; dependent: cl_event } {
  const user = f.userEvent(f.ctx);
  const event = out<cl_event>();
  f.ok(cl.clEnqueueMarkerWithWaitList(f.q, 1, [user], event));
  const statuses: number[] = [];
  f.ok(cl.clSetEventCallback(event.value, C.CL_COMPLETE, (_e, status) => statuses.push(status), null));
  f.ok(cl.clSetUserEventStatus(user, -5));
  f.ok(cl.clFinish(f.q));
  f.run();
  return { statuses, dependent: event.value };
}
test("callback fires on failed dep", () => {
  expect(failingDependency().statuses).toHaveLength(1);
});
test("callback status negative", () => {
  expect(failingDependency().statuses[0]).toBeLessThan(0);
});
test("dependent event negative", () => {
  expect(f.status(failingDependency().dependent)).toBeLessThan(0);
});
test("cmd with already-failed dep must not run", () => {
  const mem = f.buffer(f.ctx, 16);
  f.write32(f.q, mem, new Uint32Array(4));
  f.ok(cl.clEnqueueFillBuffer(f.q, mem, new Uint32Array([7]), 4, 0, 16, 1, [f.failed()], null));
  expect([...f.read32(f.q, mem, 4)]).toEqual([0, 0, 0, 0]);
});
test("mem destructor LIFO", () => {
  const mem = f.buffer(f.ctx, 16);
  const order: number[] = [];
  for (const n of [1, 2, 3]) f.ok(cl.clSetMemObjectDestructorCallback(mem, () => order.push(n), null));
  f.ok(cl.clReleaseMemObject(mem));
  expect(order).toEqual([3, 2, 1]);
});
test("SetKernelArg does not retain mem", () => {
  const mem = f.buffer(f.ctx, 16);
  const kernel = f.fill();
  f.ok(cl.clSetKernelArg(kernel, 0, 8, mem));
  const count = out<number>();
  f.ok(cl.clGetMemObjectInfo(mem, C.CL_MEM_REFERENCE_COUNT, 4, count, null));
  expect(count.value).toBe(1);
  let gone = false;
  f.ok(cl.clSetMemObjectDestructorCallback(mem, () => (gone = true), null));
  f.ok(cl.clReleaseMemObject(mem));
  expect(gone).toBe(true);
});
check("CQWP bad bits", E.CL_INVALID_VALUE, () => f.code((e) => cl.clCreateCommandQueueWithProperties(f.ctx, f.device, [C.CL_QUEUE_PROPERTIES, 1 << 20, 0], e)));
const platform = [C.CL_CONTEXT_PLATFORM, f.platform];
check("Ctx dup property", E.CL_INVALID_PROPERTY, () => f.code((e) => cl.clCreateContext([...platform, ...platform, 0], 1, [f.device], null, null, e)));
check("Ctx user_data w/o notify", E.CL_INVALID_VALUE, () => f.code((e) => cl.clCreateContext(null, 1, [f.device], null, 1, e)));
check("GetDeviceIDs type 0", E.CL_INVALID_DEVICE_TYPE, () => cl.clGetDeviceIDs(f.platform, 0, 1, out(), null));
check("GetDeviceIDs 0,non-NULL", E.CL_INVALID_VALUE, () => cl.clGetDeviceIDs(f.platform, C.CL_DEVICE_TYPE_ALL, 0, out(), null));
check("GetDeviceInfo short buf", E.CL_INVALID_VALUE, () => cl.clGetDeviceInfo(f.device, C.CL_DEVICE_MAX_COMPUTE_UNITS, 2, new Uint8Array(8), null));
check("EnqueueMarker NULL event", E.CL_INVALID_VALUE, () => cl.clEnqueueMarker(f.q, null));
check("ReleaseMem NULL", E.CL_INVALID_MEM_OBJECT, () => cl.clReleaseMemObject(null));
test("user event queue NULL, SUBMITTED", () => {
  const event = f.userEvent(f.ctx);
  const queue = out<number>();
  f.ok(cl.clGetEventInfo(event, C.CL_EVENT_COMMAND_QUEUE, 8, queue, null));
  expect([queue.value, f.status(event)]).toEqual([0, C.CL_SUBMITTED]);
});
const rect = (region: number[], row: number): number => cl.clEnqueueReadBufferRect(f.q, f.buf, 1, [0, 0, 0], [0, 0, 0], region, row, 0, 0, 0, f.data, 0, null, null);
check("Rect row_pitch<region[0]", E.CL_INVALID_VALUE, () => rect([16, 2, 1], 8));
check("Rect region 0", E.CL_INVALID_VALUE, () => rect([16, 0, 1], 0));

/** A user event and, behind it on `queue`, a kernel. */
function gated(queue = f.q): { gate: cl_event; event: cl_event } {
  const gate = f.userEvent(f.ctx);
  const event = out<cl_event>();
  f.ok(cl.clEnqueueNDRangeKernel(queue, f.fill(), 1, null, [16], null, 1, [gate], event));
  return { gate, event: event.value };
}
test("gated kernel not RUNNING", () => {
  const { gate, event } = gated();
  f.run();
  expect(f.status(event)).toBeGreaterThan(C.CL_RUNNING);
  f.ok(cl.clSetUserEventStatus(gate, 0));
  f.ok(cl.clFinish(f.q));
  expect(f.status(event)).toBe(C.CL_COMPLETE);
});
test("OOO queue: ungated cmd overtakes gated", () => {
  const { gate, event } = gated(f.ooo);
  const other = out<cl_event>();
  f.ok(cl.clEnqueueNDRangeKernel(f.ooo, f.fill(), 1, null, [16], null, 0, null, other));
  f.ok(cl.clWaitForEvents(1, [other.value]));
  expect(f.status(event)).toBeGreaterThan(C.CL_RUNNING);
  f.ok(cl.clSetUserEventStatus(gate, 0));
  f.ok(cl.clFinish(f.ooo));
});
test("OOO barrier holds later cmd", () => {
  const { gate } = gated(f.ooo);
  f.ok(cl.clEnqueueBarrierWithWaitList(f.ooo, 0, null, null));
  const later = out<cl_event>();
  f.ok(cl.clEnqueueNDRangeKernel(f.ooo, f.fill(), 1, null, [16], null, 0, null, later));
  f.run();
  expect(f.status(later.value)).toBeGreaterThan(C.CL_RUNNING);
  f.ok(cl.clSetUserEventStatus(gate, 0));
  f.ok(cl.clWaitForEvents(1, [later.value]));
});
test("flush on last release", () => {
  const queue = f.queue(f.ctx);
  const event = out<cl_event>();
  f.ok(cl.clEnqueueNDRangeKernel(queue, f.fill(), 1, null, [16], null, 0, null, event));
  f.ok(cl.clReleaseCommandQueue(queue));
  f.run();
  expect(f.status(event.value)).toBe(C.CL_COMPLETE);
});
const desc = { image_type: C.CL_MEM_OBJECT_IMAGE2D, image_width: 4, image_height: 4, image_depth: 0, image_array_size: 0, image_row_pitch: 0, image_slice_pitch: 0, num_mip_levels: 0, num_samples: 0, mem_object: null };
const format = { image_channel_order: C.CL_RGBA, image_channel_data_type: C.CL_FLOAT };
check("Image width 0", E.CL_INVALID_IMAGE_DESCRIPTOR, () => f.code((e) => cl.clCreateImage(f.ctx, RW, format, { ...desc, image_width: 0 }, null, e)));
check("Image NULL format", E.CL_INVALID_IMAGE_FORMAT_DESCRIPTOR, () => f.code((e) => cl.clCreateImage(f.ctx, RW, null, desc, null, e)));
check("Sampler bad value", E.CL_INVALID_VALUE, () => f.code((e) => cl.clCreateSampler(f.ctx, 1, 0x9999, C.CL_FILTER_NEAREST, e)));
check("Migrate 0 objs", E.CL_INVALID_VALUE, () => cl.clEnqueueMigrateMemObjects(f.q, 0, null, 0, 0, null, null));
check("SubDevices counts>CU", E.CL_INVALID_DEVICE_PARTITION_COUNT, () => cl.clCreateSubDevices(f.device, [C.CL_DEVICE_PARTITION_BY_COUNTS, 100_000, 0, 0], 1, out(), null));
test("SVMAlloc ATOMICS w/o FINE", () => {
  expect(cl.clSVMAlloc(f.ctx, C.CL_MEM_SVM_ATOMICS, 64, 0)).toBe(0);
});
test("SVMAlloc align 3", () => {
  expect(cl.clSVMAlloc(f.ctx, RW, 64, 3)).toBe(0);
});
check("SVMMemcpy overlap", E.CL_MEM_COPY_OVERLAP, () => {
  const svm = cl.clSVMAlloc(f.ctx, RW, 256, 0);
  return cl.clEnqueueSVMMemcpy(f.q, 1, svm + 8, svm, 64, 0, null, null);
});
check("SVMFree 0,non-NULL", E.CL_INVALID_VALUE, () => cl.clEnqueueSVMFree(f.q, 0, [], null, null, 0, null, null));
check("GetKernelInfo bad name", E.CL_INVALID_VALUE, () => cl.clGetKernelInfo(f.fill(), 0x9999, 8, out(), null));
check("NUM_KERNELS unbuilt", E.CL_INVALID_PROGRAM_EXECUTABLE, () => cl.clGetProgramInfo(source(), C.CL_PROGRAM_NUM_KERNELS, 8, out(), null));
check("SetCommandQueueProperty", E.CL_INVALID_OPERATION, () => cl.clSetCommandQueueProperty(f.q, C.CL_QUEUE_PROFILING_ENABLE, 1, null));
check("LinkProgram 0 inputs", E.CL_INVALID_VALUE, () => f.code((e) => cl.clLinkProgram(f.ctx, 0, null, null, 0, null, null, null, e)));
check("NativeKernel NULL func", E.CL_INVALID_VALUE, () => cl.clEnqueueNativeKernel(f.q, null, null, 0, 0, null, null, 0, null, null));
