import { describe, expect, test } from "vitest";
import { callerOf } from "../../src/api/bind.ts";
import { out, type Out } from "../../src/api/out.ts";
import * as C from "../../src/opencl/abi/constants.ts";
import { extensions } from "../../src/opencl/abi/extensions.ts";
import type { cl_device_id, cl_event, cl_int, cl_name_version } from "../../src/opencl/abi/types.ts";
import { deviceQueries } from "../../src/opencl/device-info.ts";
import { Bench } from "./harness.ts";
import { testModule } from "./kernels.ts";

type Query = (size: number, value: Out<unknown> | ArrayBufferView | null, sizeRet: Out<number> | null) => cl_int;

/** Asks in every way C allows; the answers agree. @returns the JavaScript value */
function ask<T>(b: Bench, query: Query): T {
  const size = out<number>();
  b.ok(query(0, null, size));
  const box = out<unknown>();
  const again = out<number>();
  b.ok(query(size.value, box, again));
  expect(again.value).toBe(size.value);
  const bytes = new Uint8Array(size.value + 8).fill(0xee);
  b.ok(query(size.value, bytes, null));
  // Exactly as many bytes as were promised.
  expect([...bytes.slice(size.value)]).toEqual(Array<number>(8).fill(0xee));
  const view = new DataView(bytes.buffer);
  const { value } = box;
  if (typeof value === "string") expect(new TextDecoder().decode(bytes.slice(0, size.value))).toBe(`${value}\0`);
  else if (typeof value === "number" && size.value === 4) expect([view.getUint32(0, true), view.getInt32(0, true)]).toContain(value);
  else if (typeof value === "number") expect(view.getBigUint64(0, true)).toBe(BigInt(value));
  else if (typeof value === "bigint") expect(view.getBigUint64(0, true)).toBe(value);
  else if (value instanceof Uint8Array) expect([...bytes.slice(0, size.value)]).toEqual([...value]);
  else if (Array.isArray(value) && typeof value[0] === "number") expect(value.map((_, i) => Number(view.getBigUint64(8 * i, true)))).toEqual(value);
  if (size.value > 0) {
    const short = out<unknown>("untouched" as unknown);
    expect(query(size.value - 1, short, null)).toBe(-30);
    expect(short.value).toBe("untouched");
  }
  return value as T;
}

describe("platform and devices", () => {
  for (const gpus of [["a100-pcie-40gb"], ["mi250x"], ["tiny"]]) {
    test(`every query of ${gpus[0]} answers, and the answers go together`, () => {
      const b = new Bench({ gpus });
      const caller = callerOf(b.host, b.host.process.main);
      const queries = deviceQueries(caller);
      expect(queries.length).toBeGreaterThan(115);
      const answers = new Map(queries.map((name) => [name, ask(b, (s, v, r) => b.cl.clGetDeviceInfo(b.device, name, s, v, r))]));
      const get = <T>(name: number): T => answers.get(name) as T;
      expect(get(C.CL_DEVICE_PLATFORM)).toBe(b.platform);
      expect(get<string>(C.CL_DEVICE_VERSION)).toMatch(/^OpenCL 3\.0 /);
      expect(get(C.CL_DEVICE_NUMERIC_VERSION)).toBe(3 << 22);
      // Minimum maximums of the specification, FULL_PROFILE.
      expect(get<number>(C.CL_DEVICE_MAX_MEM_ALLOC_SIZE)).toBeGreaterThanOrEqual(Math.min(2 ** 30, Math.max(get<number>(C.CL_DEVICE_GLOBAL_MEM_SIZE) / 4, 32 << 20)));
      expect(get<number>(C.CL_DEVICE_MAX_PARAMETER_SIZE)).toBeGreaterThanOrEqual(1024);
      expect(get<number>(C.CL_DEVICE_MEM_BASE_ADDR_ALIGN)).toBeGreaterThanOrEqual(1024);
      expect(get<number>(C.CL_DEVICE_MAX_CONSTANT_BUFFER_SIZE)).toBeGreaterThanOrEqual(65536);
      expect(get<number>(C.CL_DEVICE_LOCAL_MEM_SIZE)).toBeGreaterThanOrEqual(32768);
      expect(get<number>(C.CL_DEVICE_PRINTF_BUFFER_SIZE)).toBeGreaterThanOrEqual(1 << 20);
      expect(get<number>(C.CL_DEVICE_SINGLE_FP_CONFIG) & (C.CL_FP_ROUND_TO_NEAREST | C.CL_FP_INF_NAN)).toBe(C.CL_FP_ROUND_TO_NEAREST | C.CL_FP_INF_NAN);
      expect(get<number[]>(C.CL_DEVICE_MAX_WORK_ITEM_SIZES)).toHaveLength(get<number>(C.CL_DEVICE_MAX_WORK_ITEM_DIMENSIONS));
      expect(get<string>(C.CL_DEVICE_EXTENSIONS).split(" ")).toEqual(get<cl_name_version[]>(C.CL_DEVICE_EXTENSIONS_WITH_VERSION).map((e) => e.name));
      for (const name of get<string>(C.CL_DEVICE_EXTENSIONS).split(" ")) expect(Object.keys(extensions)).toContain(name);
      expect(get<cl_name_version[]>(C.CL_DEVICE_OPENCL_C_ALL_VERSIONS).map((v) => [v.version >>> 22, (v.version >>> 12) & 1023])).toContainEqual([3, 0]);
      // Images, at least as large and as many as the full profile demands.
      expect(get(C.CL_DEVICE_IMAGE_SUPPORT)).toBe(C.CL_TRUE);
      const least: readonly (readonly [number, number])[] = [
        [C.CL_DEVICE_MAX_READ_IMAGE_ARGS, 128], [C.CL_DEVICE_MAX_WRITE_IMAGE_ARGS, 64], [C.CL_DEVICE_MAX_READ_WRITE_IMAGE_ARGS, 64], [C.CL_DEVICE_IMAGE2D_MAX_WIDTH, 16384], [C.CL_DEVICE_IMAGE2D_MAX_HEIGHT, 16384],
        [C.CL_DEVICE_IMAGE3D_MAX_WIDTH, 2048], [C.CL_DEVICE_IMAGE3D_MAX_HEIGHT, 2048], [C.CL_DEVICE_IMAGE3D_MAX_DEPTH, 2048], [C.CL_DEVICE_IMAGE_MAX_BUFFER_SIZE, 65536], [C.CL_DEVICE_IMAGE_MAX_ARRAY_SIZE, 2048],
        [C.CL_DEVICE_MAX_SAMPLERS, 16],
      ];
      for (const [name, value] of least) expect(get<number>(name)).toBeGreaterThanOrEqual(value);
      for (const name of ["__opencl_c_images", "__opencl_c_3d_image_writes", "__opencl_c_read_write_images"]) expect(get<cl_name_version[]>(C.CL_DEVICE_OPENCL_C_FEATURES).map((feature) => feature.name)).toContain(name);
      // No pipes and device queues: then everything about them is nothing.
      for (const name of [C.CL_DEVICE_PIPE_SUPPORT, C.CL_DEVICE_MAX_PIPE_ARGS, C.CL_DEVICE_MAX_ON_DEVICE_QUEUES]) expect(get(name)).toBe(0);
    });
  }

  test("every CL_DEVICE_* query of the core header is known", () => {
    const b = new Bench();
    const known = new Set(deviceQueries(callerOf(b.host, b.host.process.main)));
    // Enumerations 0x1000..0x107F are core queries of clGetDeviceInfo; the names of values and of extensions are not.
    const core = Object.entries(C).filter(([name, value]) => name.startsWith("CL_DEVICE_") && typeof value === "number" && value >= 0x1000 && value <= 0x107f && !/_(KHR|EXT|INTEL|ARM|AMD|NV|QCOM|IMG|POCL|TERMINATE)\w*$/.test(name));
    expect(core.length).toBeGreaterThan(90);
    expect(core.filter(([, value]) => !known.has(value as number)).map(([name]) => name)).toEqual([]);
  });

  test("3.1 adds its queries and says so", () => {
    const b = new Bench({ settings: { version: "3.1" } });
    const queries = deviceQueries(callerOf(b.host, b.host.process.main));
    for (const name of queries) ask(b, (s, v, r) => b.cl.clGetDeviceInfo(b.device, name, s, v, r));
    expect(ask<string>(b, (s, v, r) => b.cl.clGetDeviceInfo(b.device, C.CL_DEVICE_VERSION, s, v, r))).toMatch(/^OpenCL 3\.1 /);
    expect(ask<string>(b, (s, v, r) => b.cl.clGetPlatformInfo(b.platform, C.CL_PLATFORM_VERSION, s, v, r))).toMatch(/^OpenCL 3\.1 /);
    const plain = new Bench();
    expect(queries.length).toBeGreaterThan(deviceQueries(callerOf(plain.host, plain.host.process.main)).length);
  });

  test("platform queries", () => {
    const b = new Bench();
    const info = <T>(name: number): T => ask<T>(b, (s, v, r) => b.cl.clGetPlatformInfo(b.platform, name, s, v, r));
    expect(info<string>(C.CL_PLATFORM_PROFILE)).toBe("FULL_PROFILE");
    expect(info<string>(C.CL_PLATFORM_VERSION)).toMatch(/^OpenCL 3\.0 /);
    expect(info<number>(C.CL_PLATFORM_NUMERIC_VERSION)).toBe(3 << 22);
    expect(info<string>(C.CL_PLATFORM_NAME)).toBe("glassgpu");
    expect(info<string>(C.CL_PLATFORM_VENDOR)).not.toBe("");
    expect(info<bigint>(C.CL_PLATFORM_HOST_TIMER_RESOLUTION)).toBeGreaterThan(0n);
    expect(info<string>(C.CL_PLATFORM_EXTENSIONS).split(" ")).toEqual(info<cl_name_version[]>(C.CL_PLATFORM_EXTENSIONS_WITH_VERSION).map((e) => e.name));
    expect(info<string>(C.CL_PLATFORM_EXTENSIONS)).toContain("cl_khr_icd");
    expect(info<string>(C.CL_PLATFORM_ICD_SUFFIX_KHR)).not.toBe("");
    // What the platform names, every device names too, but for what is about the platform itself.
    const device = ask<string>(b, (s, v, r) => b.cl.clGetDeviceInfo(b.device, C.CL_DEVICE_EXTENSIONS, s, v, r)).split(" ");
    for (const name of info<string>(C.CL_PLATFORM_EXTENSIONS).split(" ")) if (name !== "cl_khr_icd") expect(device).toContain(name);
  });

  test("platforms and devices are counted and listed as C does", () => {
    const b = new Bench({ gpus: ["a100-pcie-40gb", "mi250x"] });
    const count = out<number>();
    b.ok(b.cl.clGetPlatformIDs(0, null, count));
    expect(count.value).toBe(1);
    b.ok(b.cl.clGetDeviceIDs(b.platform, C.CL_DEVICE_TYPE_GPU, 0, null, count));
    expect(count.value).toBe(b.devices.length);
    const one = out<cl_device_id[]>();
    b.ok(b.cl.clGetDeviceIDs(b.platform, C.CL_DEVICE_TYPE_ALL, 1, one, count));
    expect([one.value, count.value]).toEqual([[b.devices[0]], b.devices.length]);
    b.ok(b.cl.clGetDeviceIDs(null, C.CL_DEVICE_TYPE_DEFAULT, 4, one, count));
    expect([one.value, count.value]).toEqual([[b.devices[0]], 1]);
    const names = b.devices.map((device) => ask<string>(b, (s, v, r) => b.cl.clGetDeviceInfo(device, C.CL_DEVICE_NAME, s, v, r)));
    expect(new Set(names).size).toBeGreaterThan(1);
    b.ok(b.cl.clRetainDevice(b.device));
    b.ok(b.cl.clReleaseDevice(b.device));
    b.ok(b.cl.clUnloadPlatformCompiler(b.platform));
    b.ok(b.cl.clUnloadCompiler());
  });

  test("device and host timers advance together", () => {
    const b = new Bench();
    const device = out<bigint>();
    const host = out<bigint>();
    b.ok(b.cl.clGetDeviceAndHostTimer(b.device, device, host));
    const [d, h] = [device.value, host.value];
    const ctx = b.context();
    const q = b.queue(ctx);
    b.write32(q, b.buffer(ctx, 4096), new Uint32Array(1024));
    b.ok(b.cl.clGetDeviceAndHostTimer(b.device, device, host));
    expect(device.value - d).toBeGreaterThan(0n);
    expect(host.value - h).toBeGreaterThan(0n);
    const only = out<bigint>();
    b.ok(b.cl.clGetHostTimer(b.device, only));
    expect(only.value).toBeGreaterThanOrEqual(host.value);
  });
});

describe("objects tell what they were made of", () => {
  const b = new Bench();
  const { cl } = b;
  const properties = [C.CL_CONTEXT_PLATFORM, b.platform, C.CL_CONTEXT_INTEROP_USER_SYNC, 1, 0];
  const ctx = b.make((e) => cl.clCreateContext(properties, 1, [b.device], () => {}, "data", e));

  test("context", () => {
    const info = <T>(name: number): T => ask<T>(b, (s, v, r) => cl.clGetContextInfo(ctx, name, s, v, r));
    expect([C.CL_CONTEXT_REFERENCE_COUNT, C.CL_CONTEXT_NUM_DEVICES, C.CL_CONTEXT_DEVICES, C.CL_CONTEXT_PROPERTIES].map(info)).toEqual([1, 1, [b.device], properties]);
    b.ok(cl.clRetainContext(ctx));
    expect(info(C.CL_CONTEXT_REFERENCE_COUNT)).toBe(2);
    b.ok(cl.clReleaseContext(ctx));
    const plain = b.make((e) => cl.clCreateContextFromType(null, C.CL_DEVICE_TYPE_GPU, null, null, e));
    expect(ask(b, (s, v, r) => cl.clGetContextInfo(plain, C.CL_CONTEXT_PROPERTIES, s, v, r))).toEqual([]);
    b.ok(cl.clReleaseContext(plain));
  });

  test("command queue", () => {
    const list = [C.CL_QUEUE_PROPERTIES, C.CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE | C.CL_QUEUE_PROFILING_ENABLE, C.CL_QUEUE_PRIORITY_KHR, C.CL_QUEUE_PRIORITY_HIGH_KHR, C.CL_QUEUE_THROTTLE_KHR, C.CL_QUEUE_THROTTLE_LOW_KHR, 0];
    const q = b.make((e) => cl.clCreateCommandQueueWithProperties(ctx, b.device, list, e));
    const info = <T>(name: number): T => ask<T>(b, (s, v, r) => cl.clGetCommandQueueInfo(q, name, s, v, r));
    expect([C.CL_QUEUE_CONTEXT, C.CL_QUEUE_DEVICE, C.CL_QUEUE_REFERENCE_COUNT, C.CL_QUEUE_PROPERTIES, C.CL_QUEUE_PROPERTIES_ARRAY, C.CL_QUEUE_DEVICE_DEFAULT].map(info)).toEqual([ctx, b.device, 1, list[1], list, 0]);
    const old = b.make((e) => cl.clCreateCommandQueue(ctx, b.device, C.CL_QUEUE_PROFILING_ENABLE, e));
    expect(ask(b, (s, v, r) => cl.clGetCommandQueueInfo(old, C.CL_QUEUE_PROPERTIES, s, v, r))).toBe(C.CL_QUEUE_PROFILING_ENABLE);
    // Made without a list: the answer has no bytes.
    const size = out<number>();
    b.ok(cl.clGetCommandQueueInfo(old, C.CL_QUEUE_PROPERTIES_ARRAY, 0, null, size));
    expect(size.value).toBe(0);
  });

  test("buffers and their parts", () => {
    const data = new Uint8Array(4096);
    const mem = b.make((e) => cl.clCreateBufferWithProperties(ctx, [0], C.CL_MEM_READ_ONLY | C.CL_MEM_USE_HOST_PTR, 4096, data, e));
    const part = b.make((e) => cl.clCreateSubBuffer(mem, 0, C.CL_BUFFER_CREATE_TYPE_REGION, { origin: 1024, size: 512 }, e));
    const info = (object: typeof mem, name: number): unknown => {
      const box = out<unknown>();
      b.ok(cl.clGetMemObjectInfo(object, name, Infinity, box, null));
      return box.value;
    };
    const names = [C.CL_MEM_TYPE, C.CL_MEM_FLAGS, C.CL_MEM_SIZE, C.CL_MEM_MAP_COUNT, C.CL_MEM_REFERENCE_COUNT, C.CL_MEM_CONTEXT, C.CL_MEM_ASSOCIATED_MEMOBJECT, C.CL_MEM_OFFSET, C.CL_MEM_USES_SVM_POINTER];
    expect(names.map((name) => info(mem, name))).toEqual([C.CL_MEM_OBJECT_BUFFER, C.CL_MEM_READ_ONLY | C.CL_MEM_USE_HOST_PTR, 4096, 0, 1, ctx, 0, 0, C.CL_FALSE]);
    expect(names.map((name) => info(part, name))).toEqual([C.CL_MEM_OBJECT_BUFFER, C.CL_MEM_READ_ONLY | C.CL_MEM_USE_HOST_PTR, 512, 0, 1, ctx, mem, 1024, C.CL_FALSE]);
    expect(info(mem, C.CL_MEM_PROPERTIES)).toEqual([0]);
    expect(info(mem, C.CL_MEM_HOST_PTR)).toBe(data);
    const address = b.malloc(4096);
    const there = b.buffer(ctx, 4096, C.CL_MEM_USE_HOST_PTR, address);
    const thereToo = b.make((e) => cl.clCreateSubBuffer(there, 0, C.CL_BUFFER_CREATE_TYPE_REGION, { origin: 256, size: 256 }, e));
    expect([info(there, C.CL_MEM_HOST_PTR), info(thereToo, C.CL_MEM_HOST_PTR)]).toEqual([address, address + 256]);
    const svm = cl.clSVMAlloc(ctx, C.CL_MEM_READ_WRITE, 4096, 0);
    expect(info(b.buffer(ctx, 4096, C.CL_MEM_USE_HOST_PTR, svm), C.CL_MEM_USES_SVM_POINTER)).toBe(C.CL_TRUE);
    for (const name of names) ask(b, (s, v, r) => cl.clGetMemObjectInfo(there, name, s, v, r));
  });

  test("programs and kernels", () => {
    const program = b.program(ctx, testModule(), { argInfo: true });
    const info = <T>(name: number): T => ask<T>(b, (s, v, r) => cl.clGetProgramInfo(program, name, s, v, r));
    expect([C.CL_PROGRAM_CONTEXT, C.CL_PROGRAM_NUM_DEVICES, C.CL_PROGRAM_DEVICES, C.CL_PROGRAM_REFERENCE_COUNT, C.CL_PROGRAM_SOURCE, C.CL_PROGRAM_IL, C.CL_PROGRAM_NUM_KERNELS].map((name) => (name === C.CL_PROGRAM_IL ? "" : info(name)))).toEqual([ctx, 1, [b.device], 1, "", "", 6]);
    expect(info<string>(C.CL_PROGRAM_KERNEL_NAMES).split(";").sort()).toEqual(["fill", "fixed", "groups", "locals", "mark", "wild"]);
    expect([info(C.CL_PROGRAM_SCOPE_GLOBAL_CTORS_PRESENT), info(C.CL_PROGRAM_SCOPE_GLOBAL_DTORS_PRESENT)]).toEqual([0, 0]);
    const kernel = b.kernelOf(program, "fixed");
    const about = <T>(name: number): T => ask<T>(b, (s, v, r) => cl.clGetKernelInfo(kernel, name, s, v, r));
    expect([C.CL_KERNEL_FUNCTION_NAME, C.CL_KERNEL_NUM_ARGS, C.CL_KERNEL_REFERENCE_COUNT, C.CL_KERNEL_CONTEXT, C.CL_KERNEL_PROGRAM].map(about)).toEqual(["fixed", 2, 1, ctx, program]);
    const group = <T>(name: number): T => ask<T>(b, (s, v, r) => cl.clGetKernelWorkGroupInfo(kernel, b.device, name, s, v, r));
    expect(group(C.CL_KERNEL_COMPILE_WORK_GROUP_SIZE)).toEqual([4, 1, 1]);
    expect(group(C.CL_KERNEL_PREFERRED_WORK_GROUP_SIZE_MULTIPLE)).toBe(32);
    expect(group<number>(C.CL_KERNEL_WORK_GROUP_SIZE)).toBeGreaterThanOrEqual(4);
    for (const name of [C.CL_KERNEL_LOCAL_MEM_SIZE, C.CL_KERNEL_PRIVATE_MEM_SIZE]) expect(group<number>(name)).toBeGreaterThanOrEqual(0);
    for (const name of [C.CL_KERNEL_ARG_NAME, C.CL_KERNEL_ARG_TYPE_NAME, C.CL_KERNEL_ARG_TYPE_QUALIFIER, C.CL_KERNEL_ARG_ADDRESS_QUALIFIER, C.CL_KERNEL_ARG_ACCESS_QUALIFIER]) ask(b, (s, v, r) => cl.clGetKernelArgInfo(kernel, 0, name, s, v, r));
    const all = out<number[]>();
    const count = out<number>();
    b.ok(cl.clCreateKernelsInProgram(program, 0, null, count));
    expect(count.value).toBe(6);
    b.ok(cl.clCreateKernelsInProgram(program, 6, all as Out<never>, count));
    expect(new Set(all.value).size).toBe(6);
    expect(ask(b, (s, v, r) => cl.clGetProgramBuildInfo(program, b.device, C.CL_PROGRAM_BUILD_STATUS, s, v, r))).toBe(C.CL_BUILD_SUCCESS);
    expect(ask(b, (s, v, r) => cl.clGetProgramBuildInfo(program, b.device, C.CL_PROGRAM_BUILD_GLOBAL_VARIABLE_TOTAL_SIZE, s, v, r))).toBe(0);
  });

  test("sub-groups are the device's warps", () => {
    const kernel = b.kernelOf(b.program(ctx, testModule()), "groups");
    const sub = (name: number, input: readonly number[] | null, bytes = 8): unknown => {
      const box = out<unknown>();
      b.ok(cl.clGetKernelSubGroupInfo(kernel, b.device, name, 8 * (input?.length ?? 0), input, bytes, box, null));
      return box.value;
    };
    expect(sub(C.CL_KERNEL_MAX_SUB_GROUP_SIZE_FOR_NDRANGE, [8, 8])).toBe(32);
    expect(sub(C.CL_KERNEL_MAX_SUB_GROUP_SIZE_FOR_NDRANGE, [8])).toBe(8);
    expect(sub(C.CL_KERNEL_SUB_GROUP_COUNT_FOR_NDRANGE, [33])).toBe(2);
    expect(sub(C.CL_KERNEL_LOCAL_SIZE_FOR_SUB_GROUP_COUNT, [3], 24)).toEqual([96, 1, 1]);
    expect(sub(C.CL_KERNEL_LOCAL_SIZE_FOR_SUB_GROUP_COUNT, [1000])).toEqual([0]);
    expect(sub(C.CL_KERNEL_MAX_NUM_SUB_GROUPS, null)).toBe(32);
    expect(sub(C.CL_KERNEL_COMPILE_NUM_SUB_GROUPS, null)).toBe(0);
  });

  test("events", () => {
    const q = b.queue(ctx);
    const made = out<cl_event>();
    b.ok(cl.clEnqueueFillBuffer(q, b.buffer(ctx, 64), new Uint8Array(4), 4, 0, 64, 0, null, made));
    const info = <T>(event: cl_event, name: number): T => ask<T>(b, (s, v, r) => cl.clGetEventInfo(event, name, s, v, r));
    b.ok(cl.clWaitForEvents(1, [made.value]));
    const names = [C.CL_EVENT_COMMAND_QUEUE, C.CL_EVENT_COMMAND_TYPE, C.CL_EVENT_REFERENCE_COUNT, C.CL_EVENT_COMMAND_EXECUTION_STATUS, C.CL_EVENT_CONTEXT];
    expect(names.map((name) => info(made.value, name))).toEqual([q, C.CL_COMMAND_FILL_BUFFER, 1, C.CL_COMPLETE, ctx]);
    const user = b.userEvent(ctx);
    expect(names.map((name) => info(user, name))).toEqual([0, C.CL_COMMAND_USER, 1, C.CL_SUBMITTED, ctx]);
    b.ok(cl.clSetUserEventStatus(user, -7));
    const status = new Int32Array(1);
    b.ok(cl.clGetEventInfo(user, C.CL_EVENT_COMMAND_EXECUTION_STATUS, 4, status, null));
    expect(status[0]).toBe(-7);
  });
});
