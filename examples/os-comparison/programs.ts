import { out, type Machine, type SimProcess } from "glassgpu";
import { CU_MEM_ATTACH_GLOBAL, CU_MEM_LOCATION_TYPE_DEVICE, CU_STREAM_NON_BLOCKING, type CUcontext, type CUdevice, type CUdeviceptr, type CUfunction, type CUmodule, type CUstream } from "glassgpu/cuda";
import type { Blocking } from "glassgpu/kernel";
import {
  CL_DEVICE_TYPE_GPU, CL_MEM_READ_WRITE, CL_PROFILING_COMMAND_QUEUED, CL_PROFILING_COMMAND_START, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE, CL_QUEUE_PRIORITY_KHR,
  CL_QUEUE_PRIORITY_MED_KHR, CL_QUEUE_PROFILING_ENABLE, CL_QUEUE_PROPERTIES, type cl_command_queue, type cl_context,
  type cl_device_id, type cl_event, type cl_int, type cl_kernel, type cl_platform_id,
} from "glassgpu/opencl";
import { checker } from "../lib/check.ts";
import { kernelBytes, kernelFile } from "../lib/files.ts";

const MS = 1e6;
/** Everybody is set up by then. */
export const BEGIN: number = 1000 * MS;

/** A CUDA program's context, a kernel of the examples' PTX, and a stream. */
export function* cudaSetUp(machine: Machine, p: SimProcess, file: string, name: string): Blocking<{ kernel: CUfunction; stream: CUstream; context: CUcontext }> {
  const check = checker(machine);
  const cu = p.cuda;
  check(yield* cu.cuInit(0));
  const [device, context, module, kernel, stream] = [out<CUdevice>(), out<CUcontext>(), out<CUmodule>(), out<CUfunction>(), out<CUstream>()];
  check(yield* cu.cuDeviceGet(device, 0));
  check(yield* cu.cuCtxCreate(context, null, 0, device.value));
  check(yield* cu.cuModuleLoadData(module, kernelFile(file)));
  check(yield* cu.cuModuleGetFunction(kernel, module.value, name));
  check(yield* cu.cuStreamCreate(stream, CU_STREAM_NON_BLOCKING));
  return { kernel: kernel.value, stream: stream.value, context: context.value };
}

/** A CUDA program with `launches` kernels of so many blocks that count to `count`. @returns by `ended`: when it was done, ns after BEGIN */
export function* busy(machine: Machine, p: SimProcess, work: { readonly launches: number; readonly blocks: number; readonly count: number }, ended: (ns: number) => void): Blocking<void> {
  const check = checker(machine);
  const { kernel, stream } = yield* cudaSetUp(machine, p, "burn.ptx", "burn");
  yield* p.sleep(BEGIN - machine.now);
  for (let i = 0; i < work.launches; i++) check(yield* p.cuda.cuLaunchKernel(kernel, work.blocks, 1, 1, 64, 1, 1, 0, stream, [work.count], null));
  check(yield* p.cuda.cuStreamSynchronize(stream));
  ended(machine.now - BEGIN);
}

/** An OpenCL program's device, queues of these priorities (and `more` properties), and the kernel. */
export function* openclSetUp(machine: Machine, p: SimProcess, priorities: readonly number[], more: number = 0): Blocking<{ context: cl_context; device: cl_device_id; queues: readonly cl_command_queue[]; burn: cl_kernel }> {
  const check = checker(machine);
  const cl = p.opencl;
  const [platforms, devices, code] = [out<cl_platform_id[]>(), out<cl_device_id[]>(), out<cl_int>()];
  check(yield* cl.clGetPlatformIDs(1, platforms, null));
  check(yield* cl.clGetDeviceIDs(platforms.value[0]!, CL_DEVICE_TYPE_GPU, 1, devices, null));
  const [device] = devices.value as [cl_device_id];
  const context = yield* cl.clCreateContext(null, 1, [device], null, null, code);
  check(code.value);
  const queues: cl_command_queue[] = [];
  for (const priority of priorities) {
    queues.push(yield* cl.clCreateCommandQueueWithProperties(context, device, [CL_QUEUE_PRIORITY_KHR, priority, CL_QUEUE_PROPERTIES, CL_QUEUE_PROFILING_ENABLE | more, 0], code));
    check(code.value);
  }
  const binary = kernelBytes("burn.bin");
  const program = yield* cl.clCreateProgramWithBinary(context, 1, [device], [binary.length], [binary], null, code);
  check(code.value);
  check(yield* cl.clBuildProgram(program, 1, [device], "", null, null));
  const burn = yield* cl.clCreateKernel(program, "burn", code);
  check(code.value);
  const sink = yield* cl.clCreateBuffer(context, CL_MEM_READ_WRITE, 4, null, code);
  check(code.value);
  check(yield* cl.clSetKernelArg(burn, 0, 4, new Uint32Array([1])));
  check(yield* cl.clSetKernelArg(burn, 1, 8, sink));
  return { context, device, queues, burn };
}

/** The same with OpenCL, for GPUs without CUDA. */
export function* busyOpencl(machine: Machine, p: SimProcess, work: { readonly launches: number; readonly blocks: number; readonly count: number }): Blocking<void> {
  const check = checker(machine);
  const cl = p.opencl;
  const { queues: [queue], burn } = yield* openclSetUp(machine, p, [CL_QUEUE_PRIORITY_MED_KHR]);
  check(yield* cl.clSetKernelArg(burn, 0, 4, new Uint32Array([work.count])));
  yield* p.sleep(BEGIN - machine.now);
  for (let i = 0; i < work.launches; i++) check(yield* cl.clEnqueueNDRangeKernel(queue!, burn, 1, null, [work.blocks * 64], [64], 0, null, null));
  check(yield* cl.clFinish(queue!));
}

/** An OpenCL program that needs the GPU at once, every 300 us, four times. @returns by `latencies`: from enqueueing to the kernel's start, ns */
export function* urgent(machine: Machine, p: SimProcess, priority: number, realTime: boolean, latencies: number[]): Blocking<void> {
  const check = checker(machine);
  const cl = p.opencl;
  // sched_setscheduler(0, SCHED_FIFO, 50)
  if (realTime && p.sys.sched_setscheduler(0, 1, 50) !== 0) throw new Error("sched_setscheduler");
  const { queues: [queue], burn } = yield* openclSetUp(machine, p, [priority]);
  for (let i = 1; i <= 4; i++) {
    yield* p.sleep(Math.max(0, BEGIN + i * 300_000 - machine.now));
    const event = out<cl_event>();
    check(yield* cl.clEnqueueNDRangeKernel(queue!, burn, 1, null, [8 * 64], [64], 0, null, event));
    check(yield* cl.clWaitForEvents(1, [event.value]));
    const [queued, started] = [out<bigint>(), out<bigint>()];
    check(yield* cl.clGetEventProfilingInfo(event.value, CL_PROFILING_COMMAND_QUEUED, 8, queued, null));
    check(yield* cl.clGetEventProfilingInfo(event.value, CL_PROFILING_COMMAND_START, 8, started, null));
    latencies.push(Number(started.value - queued.value));
  }
}

/** One OpenCL program with out-of-order queues of several priorities, three kernels in each, given in the order of `priorities`. @returns by `begun`: whose kernels began, in order */
export function* queues(machine: Machine, p: SimProcess, priorities: readonly number[], begun: number[]): Blocking<void> {
  const check = checker(machine);
  const cl = p.opencl;
  const { queues: all, burn } = yield* openclSetUp(machine, p, priorities, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
  const events: { readonly queue: number; readonly event: cl_event }[] = [];
  for (const [queue, handle] of all.entries()) {
    for (let i = 0; i < 3; i++) {
      const event = out<cl_event>();
      check(yield* cl.clEnqueueNDRangeKernel(handle, burn, 1, null, [6912 * 64], [64], 0, null, event));
      events.push({ queue, event: event.value });
    }
  }
  for (const handle of all) check(yield* cl.clFinish(handle));
  const starts: { readonly queue: number; readonly start: bigint }[] = [];
  for (const { queue, event } of events) {
    const start = out<bigint>();
    check(yield* cl.clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_START, 8, start, null));
    starts.push({ queue, start: start.value });
  }
  begun.push(...starts.toSorted((a, b) => Number(a.start - b.start)).map(({ queue }) => queue));
}

/** Pages of the machine, bytes: touching one word touches a page. */
const PAGE = 65536;

/** What a pass over memory takes: the GPU's own, managed memory that the host has written, again, and after a prefetch. @returns ns by name, in `times` */
export function* passes(machine: Machine, p: SimProcess, bytes: number, times: Record<string, number>): Blocking<void> {
  const check = checker(machine);
  const cu = p.cuda;
  const { kernel } = yield* cudaSetUp(machine, p, "04_scenes.ptx", "increment");
  const n = bytes / 4;
  const [managed, local] = [out<CUdeviceptr>(), out<CUdeviceptr>()];
  check(yield* cu.cuMemAllocManaged(managed, bytes, CU_MEM_ATTACH_GLOBAL));
  check(yield* cu.cuMemAlloc(local, bytes));
  const timed = function* (name: string, body: () => Blocking<void>): Blocking<void> {
    const from = machine.now;
    yield* body();
    times[name] = machine.now - from;
  };
  const pass = (address: number) => function* (): Blocking<void> {
    check(yield* cu.cuLaunchKernel(kernel, n / 256, 1, 1, 256, 1, 1, 0, null, [address, n], null));
    check(yield* cu.cuCtxSynchronize());
  };
  const touch = (value: number) => function* (): Blocking<void> {
    for (let at = 0; at < bytes; at += PAGE) {
      if (p.sys.load32(managed.value + at) !== value) throw new Error("the GPU added wrongly");
      p.sys.store32(managed.value + at, value);
    }
    yield* p.sleep(0);
  };
  yield* timed("local", pass(local.value));
  yield* touch(0)();
  yield* timed("demand", pass(managed.value));
  yield* timed("again", pass(managed.value));
  yield* timed("back", touch(2));
  yield* timed("prefetch", function* () {
    check(yield* cu.cuMemPrefetchAsync(managed.value, bytes, { type: CU_MEM_LOCATION_TYPE_DEVICE, id: 0 }, 0, null));
    check(yield* cu.cuCtxSynchronize());
  });
  yield* timed("prefetched", pass(managed.value));
}

/** A kernel over memory of malloc, which an OpenCL device with fine-grained system SVM reaches by faults (HMM). @returns ns of two passes */
export function* systemMemory(machine: Machine, p: SimProcess, bytes: number, times: Record<string, number>): Blocking<void> {
  const check = checker(machine);
  const cl = p.opencl;
  const { context, device, queues: [queue] } = yield* openclSetUp(machine, p, [CL_QUEUE_PRIORITY_MED_KHR]);
  const code = out<cl_int>();
  const binary = kernelBytes("counter.bin");
  const program = yield* cl.clCreateProgramWithBinary(context, 1, [device], [binary.length], [binary], null, code);
  check(code.value);
  check(yield* cl.clBuildProgram(program, 1, [device], "", null, null));
  const saxpy = yield* cl.clCreateKernel(program, "saxpy", code);
  check(code.value);
  const memory = p.malloc(bytes + PAGE);
  for (let at = 0; at < bytes; at += PAGE) p.sys.store32(memory + at, 0);
  check(yield* cl.clSetKernelArg(saxpy, 0, 4, new Float32Array([1])));
  for (const i of [1, 2]) check(yield* cl.clSetKernelArgSVMPointer(saxpy, i, memory));
  for (const name of ["system", "system again"]) {
    const from = machine.now;
    check(yield* cl.clEnqueueNDRangeKernel(queue!, saxpy, 1, null, [bytes / 4], [256], 0, null, null));
    check(yield* cl.clFinish(queue!));
    times[name] = machine.now - from;
  }
}
