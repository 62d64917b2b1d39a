// One workload under two operating systems: a CUDA program with long kernels, and an OpenCL program that now and then needs the GPU at once. The table has the rows of the
// document this project grew from; every number beside its figures is measured in virtual time, from these runs.
//
// Run: glassgpu run examples/os-comparison.ts
import { createMachine, out, type Machine, type SimProcess } from "glassgpu";
import { CU_CTX_SCHED_BLOCKING_SYNC, CU_MEM_ATTACH_GLOBAL, type CUcontext, type CUdevice, type CUfunction, type CUmodule } from "glassgpu/cuda";
import type { Blocking } from "glassgpu/kernel";
import {
  CL_DEVICE_TYPE_GPU, CL_MEM_READ_WRITE, CL_PROFILING_COMMAND_QUEUED, CL_PROFILING_COMMAND_START, CL_QUEUE_PRIORITY_HIGH_KHR, CL_QUEUE_PRIORITY_KHR, CL_QUEUE_PROFILING_ENABLE, CL_QUEUE_PROPERTIES,
  type cl_device_id, type cl_event, type cl_int, type cl_platform_id,
} from "glassgpu/opencl";
import { checker } from "./lib/check.ts";
import { kernelBytes, kernelFile } from "./lib/files.ts";

const size = 256;
const rounds = 12;
const requests = 8;

interface Run {
  readonly machine: Machine;
  /** Virtual ns that the CUDA program's kernels took from first to last. */
  backgroundNs: number;
  /** From enqueueing an urgent kernel to its start, ns. */
  readonly latencies: number[];
  /** Extra ns of a kernel's pass over a MiB of managed memory that the host had written, against one over the GPU's own. */
  migrationNs: number;
  /** Whether everybody computed what they should. */
  right: boolean;
  /** The urgent program is set up; it is done. The other one's kernels run from the one to the other. */
  ready: boolean;
  done: boolean;
}

/** Loads a kernel of the examples' PTX. */
function* load(p: SimProcess, check: (code: number) => void, file: string, name: string): Blocking<CUfunction> {
  const [module, kernel] = [out<CUmodule>(), out<CUfunction>()];
  check(yield* p.cuda.cuModuleLoadData(module, kernelFile(file)));
  check(yield* p.cuda.cuModuleGetFunction(kernel, module.value, name));
  return kernel.value;
}

/** The CUDA program: one matrix product after the other; then a vector sum over the GPU's own memory and over managed memory. */
function* background(p: SimProcess, run: Run): Blocking<void> {
  const check = checker(run.machine);
  const cu = p.cuda;
  check(yield* cu.cuInit(0));
  const [device, context] = [out<CUdevice>(), out<CUcontext>()];
  check(yield* cu.cuDeviceGet(device, 0));
  check(yield* cu.cuCtxCreate(context, null, CU_CTX_SCHED_BLOCKING_SYNC, device.value));
  const matmul = yield* load(p, check, "02_matmul.ptx", "matmul");
  const matrices = out<number>();
  check(yield* cu.cuMemAlloc(matrices, 12 * size * size));
  const args = [matrices.value, matrices.value + 4 * size * size, matrices.value + 8 * size * size, size];
  while (!run.ready) yield* p.sys.nanosleep(100_000);
  const start = run.machine.now;
  for (let i = 0; i < rounds; i++) check(yield* cu.cuLaunchKernel(matmul, size / 16, size / 16, 1, 16, 16, 1, 0, null, args, null));
  check(yield* cu.cuCtxSynchronize());
  run.backgroundNs = run.machine.now - start;
  // The managed memory is looked at when nobody else is there.
  while (!run.done) yield* p.sys.nanosleep(100_000);

  const vecadd = yield* load(p, check, "01_vecadd.ptx", "vecadd");
  const n = 2 ** 18;
  const [managed, local] = [out<number>(), out<number>()];
  check(yield* cu.cuMemAllocManaged(managed, 4 * n, CU_MEM_ATTACH_GLOBAL));
  check(yield* cu.cuMemAlloc(local, 12 * n));
  p.view(managed.value, n, Float32Array).fill(1);
  const pass = function* (a: number): Blocking<number> {
    const from = run.machine.now;
    check(yield* cu.cuLaunchKernel(vecadd, n / 256, 1, 1, 256, 1, 1, 0, null, [a, local.value + 4 * n, local.value + 8 * n, n], null));
    check(yield* cu.cuCtxSynchronize());
    return run.machine.now - from;
  };
  const inPlace = yield* pass(local.value);
  run.migrationNs = (yield* pass(managed.value)) - inPlace;
}

/** The OpenCL program: a small kernel in a queue of high priority, every now and then. */
function* urgent(p: SimProcess, run: Run): Blocking<void> {
  const check = checker(run.machine);
  const cl = p.opencl;
  const [platforms, devices, code] = [out<cl_platform_id[]>(), out<cl_device_id[]>(), out<cl_int>()];
  check(yield* cl.clGetPlatformIDs(1, platforms, null));
  check(yield* cl.clGetDeviceIDs(platforms.value[0]!, CL_DEVICE_TYPE_GPU, 1, devices, null));
  const context = yield* cl.clCreateContext(null, 1, devices.value, null, null, code);
  check(code.value);
  const properties = [CL_QUEUE_PRIORITY_KHR, CL_QUEUE_PRIORITY_HIGH_KHR, CL_QUEUE_PROPERTIES, CL_QUEUE_PROFILING_ENABLE, 0];
  const queue = yield* cl.clCreateCommandQueueWithProperties(context, devices.value[0]!, properties, code);
  check(code.value);
  const binary = kernelBytes("counter.bin");
  const program = yield* cl.clCreateProgramWithBinary(context, 1, devices.value, [binary.length], [binary], null, code);
  check(code.value);
  check(yield* cl.clBuildProgram(program, 1, devices.value, "", null, null));
  const counter = yield* cl.clCreateKernel(program, "counter", code);
  check(code.value);
  const count = yield* cl.clCreateBuffer(context, CL_MEM_READ_WRITE, 4, null, code);
  check(code.value);
  check(yield* cl.clEnqueueFillBuffer(queue, count, new Uint8Array(4), 4, 0, 4, 0, null, null));
  check(yield* cl.clSetKernelArg(counter, 0, 8, count));
  check(yield* cl.clFinish(queue));
  run.ready = true;
  for (let i = 0; i < requests; i++) {
    yield* p.sys.nanosleep(70_000);
    const event = out<cl_event>();
    check(yield* cl.clEnqueueNDRangeKernel(queue, counter, 1, null, [1000], null, 0, null, event));
    check(yield* cl.clWaitForEvents(1, [event.value]));
    const [queued, started] = [out<bigint>(), out<bigint>()];
    check(yield* cl.clGetEventProfilingInfo(event.value, CL_PROFILING_COMMAND_QUEUED, 8, queued, null));
    check(yield* cl.clGetEventProfilingInfo(event.value, CL_PROFILING_COMMAND_START, 8, started, null));
    run.latencies.push(Number(started.value - queued.value));
  }
  run.done = true;
  const total = new Int32Array(1);
  check(yield* cl.clEnqueueReadBuffer(queue, count, 1, 0, 4, total, 0, null, null));
  run.right = total[0] === 1000 * requests;
}

/** The workload, or the CUDA program alone. */
function workload(os: "windows" | "linux", both: boolean): Run {
  const run: Run = { machine: createMachine({ os }), backgroundNs: 0, latencies: [], migrationNs: 0, right: !both, ready: !both, done: !both };
  run.machine.spawn("background", (p) => background(p, run));
  if (both) run.machine.spawn("urgent", (p) => urgent(p, run));
  run.machine.run();
  return run;
}

/** What one operating system's runs say, by rows of the table. */
function measure(os: "windows" | "linux"): readonly string[] {
  const alone = workload(os, false);
  const run = workload(os, true);
  if (!run.right) throw new Error(`${os}: the urgent program counted wrongly`);
  const us = (ns: number): string => `${(ns / 1000).toFixed(1)} us`;
  const [gpu] = run.machine.gpus;
  const wddm = gpu!.wddm;
  const { preemption, timesliceNs } = gpu!.gpu.profile;
  const { turns } = gpu!.gpu.compute;
  const node = wddm?.nodes[0]?.statistics;
  const [switches, ns] = node === undefined ? [turns.preemptions, turns.preemptionNs] : [node.preemptions, node.preemptionNs];
  const average = run.latencies.reduce((sum, one) => sum + one, 0) / run.latencies.length;
  const cells = [
    wddm === null ? "priority, then FIFO; the GPU's run list changes contexts" : `priority and quantum of ${us(timesliceNs)}; ${node!.preemptions} preemptions asked for`,
    preemption,
    switches === 0 ? "none happened" : `${us(ns / switches)} (${switches} times)`,
    `${us(run.migrationNs)} for 1 MiB, on demand`,
    `two processes; the other took ${(run.backgroundNs / alone.backgroundNs).toFixed(2)} times as long as alone`,
    `urgent work begins after ${us(average)}, at worst ${us(Math.max(...run.latencies))}`,
  ];
  for (const { machine } of [alone, run]) machine.dispose();
  return cells;
}

const rows = ["scheduling model", "preemption granularity", "context switch", "memory migration", "multi-process", "real-time"];
const seed = {
  windows: ["preemptive, time quanta", "instruction (Pascal+)", "< 10 us", "on-demand paging", "MPS", "WDDM 2.0+"],
  linux: ["fair FIFO, priorities", "kernel (CDNA2+)", "20-50 us", "SVM and HMM", "process isolation", "SCHED_FIFO"],
};
for (const [os, title] of [["windows", "Windows, WDDM"], ["linux", "Linux, DRM"]] as const) {
  const cells = measure(os);
  console.log(title);
  rows.forEach((row, i) => console.log(`  ${row.padEnd(22)} | ${seed[os][i]!.padEnd(23)} | ${cells[i]}`));
}
