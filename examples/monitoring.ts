// Looking at a machine that works: two CUDA programs on an A100, an OpenCL program on an MI250X, and the commands that one looks with.
//
//   nvidia-smi -l 1
//   rocminfo
//   drm_info
//   perf record -e sched:sched_switch sleep 0.1; perf script
//   cat /sys/kernel/debug/dri/1/amdgpu_gpu_recovery
//
// Run: glassgpu run examples/monitoring.ts
import { createMachine, findProfile, out, type SimProcess } from "glassgpu";
import { CU_STREAM_NON_BLOCKING, type CUcontext, type CUdevice, type CUdeviceptr, type CUfunction, type CUmodule, type CUstream } from "glassgpu/cuda";
import type { Blocking } from "glassgpu/kernel";
import { CL_DEVICE_TYPE_GPU, CL_MEM_READ_WRITE, CL_QUEUE_PRIORITY_HIGH_KHR, CL_QUEUE_PRIORITY_KHR, CL_QUEUE_PRIORITY_MED_KHR, type cl_device_id, type cl_int, type cl_platform_id } from "glassgpu/opencl";
import { checker } from "./lib/check.ts";
import { kernelBytes, kernelFile } from "./lib/files.ts";
import { shell } from "./lib/shell.ts";

const [GIB, MS] = [2 ** 30, 1e6];
// Contexts take turns on this MI250X, so that there is something for the counters to count: real ones run kernels of several processes side by side. Its clock is slow, so that a kernel
// of half a millisecond has few enough instructions to emulate.
const machine = createMachine({ gpus: ["a100", { ...findProfile("mi250x"), contextsShareMultiprocessors: false, clockHz: 34_000_000 }] });
const check = checker(machine);
const $ = shell(machine);

/** A CUDA program: memory, and for ever a kernel of a single thread and a pause. A second of it is few instructions, and the GPU is as busy with it as with a full one, by nvidia-smi's measure. */
function* cuda(p: SimProcess, bytes: number, rounds: number, pause: number, priority: number): Blocking<void> {
  const cu = p.cuda;
  check(yield* cu.cuInit(0));
  const [device, context, memory, module, spin, stream] = [out<CUdevice>(), out<CUcontext>(), out<CUdeviceptr>(), out<CUmodule>(), out<CUfunction>(), out<CUstream>()];
  check(yield* cu.cuDeviceGet(device, 0));
  check(yield* cu.cuCtxCreate(context, null, 0, device.value));
  check(yield* cu.cuMemAlloc(memory, bytes));
  check(yield* cu.cuModuleLoadData(module, kernelFile("04_scenes.ptx")));
  check(yield* cu.cuModuleGetFunction(spin, module.value, "spin"));
  check(yield* cu.cuStreamCreateWithPriority(stream, CU_STREAM_NON_BLOCKING, priority));
  for (;;) {
    check(yield* cu.cuLaunchKernel(spin.value, 1, 1, 1, 1, 1, 1, 0, stream.value, [memory.value, rounds], null));
    check(yield* cu.cuStreamSynchronize(stream.value));
    yield* p.sleep(pause);
  }
}

/** An OpenCL program on the AMD GPU, of the same kind, with kernels of so many work-groups; for 2 ms from `begin` on. */
function* opencl(p: SimProcess, groups: number, pause: number, priority: number, begin: number): Blocking<void> {
  const cl = p.opencl;
  const [platforms, devices, code] = [out<cl_platform_id[]>(), out<cl_device_id[]>(), out<cl_int>()];
  check(yield* cl.clGetPlatformIDs(1, platforms, null));
  check(yield* cl.clGetDeviceIDs(platforms.value[0]!, CL_DEVICE_TYPE_GPU, 2, devices, null));
  const device = devices.value[1]!;
  const context = yield* cl.clCreateContext(null, 1, [device], null, null, code);
  const queue = yield* cl.clCreateCommandQueueWithProperties(context, device, [CL_QUEUE_PRIORITY_KHR, priority, 0], code);
  const binary = kernelBytes("burn.bin");
  const program = yield* cl.clCreateProgramWithBinary(context, 1, [device], [binary.length], [binary], null, code);
  check(yield* cl.clBuildProgram(program, 1, [device], "", null, null));
  const burn = yield* cl.clCreateKernel(program, "burn", code);
  const buffer = yield* cl.clCreateBuffer(context, CL_MEM_READ_WRITE, GIB / 2, null, code);
  check(code.value);
  check(yield* cl.clSetKernelArg(burn, 0, 4, new Uint32Array([100])));
  check(yield* cl.clSetKernelArg(burn, 1, 8, buffer));
  yield* p.sleep(begin - machine.now);
  while (machine.now < begin + 2 * MS) {
    check(yield* cl.clEnqueueNDRangeKernel(queue, burn, 1, null, [groups * 64], [64], 0, null, null));
    check(yield* cl.clFinish(queue));
    yield* p.sleep(pause);
  }
}

// train has the GPU for long; infer comes often, is quick and urgent.
const train = machine.spawn("train", (p) => cuda(p, 8 * GIB, 2_000_000, 10 * MS, 0));
const infer = machine.spawn("infer", (p) => cuda(p, GIB, 20_000, 5 * MS, -5));
machine.exec("sleep", ["1"]);

console.log("-- NVIDIA: what is used, and by whom");
$("nvidia-smi");
// -l 1 shows the table each second, for ever: control-C after two and a half.
const tables = machine.exec("nvidia-smi", ["-l", "1"], { forNs: 2500 * MS }).stdout;
console.log(`$ nvidia-smi -l 1\n  ${tables.match(/NVIDIA-SMI/g)!.length} tables in 2.5 s of virtual time`);
$("nvidia-smi dmon -c 2");
$("nvidia-smi pmon -c 1");
$("nvidia-smi --query-compute-apps=pid,name,used_memory --format=csv");

console.log("\n-- AMD: what kind of GPU it is");
$("rocminfo", /^(Agent|HSA Agents)|^ {2}(Name|Marketing Name|Device Type|Compute Unit|Wavefront Size):/);

console.log("\n-- DRM: nodes and drivers");
$("drm_info", /Node|Driver|Device:|Available nodes|SYNCOBJ|PRIME/);

console.log("\n-- the kernel's scheduler: who sleeps, who runs");
$("perf record -e sched:sched_switch sleep 0.006");
$("perf script");
$("perf stat -e sched:sched_switch,gpu_scheduler:drm_sched_job_run sleep 0.1", /sched|elapsed/);

console.log("\n-- one program's share of the GPU: two looks at its open file, half a second apart");
const engine = /drm-(client-id|engine-compute|total-vram)/;
const file = `/proc/${train.pid}/fdinfo/3`;
$(`cat ${file}`, engine);
machine.exec("sleep", ["0.5"]);
$(`cat ${file}`, engine);

console.log("\n-- preemption and recovery: the same two on the AMD GPU, with OpenCL, for 2 ms");
const recovery = "/sys/kernel/debug/dri/1/amdgpu_gpu_recovery";
const begin = machine.now + 300 * MS;
machine.spawn("solve", (p) => opencl(p, 4 * 3520, 0, CL_QUEUE_PRIORITY_MED_KHR, begin));
machine.spawn("look", (p) => opencl(p, 8, 0.2 * MS, CL_QUEUE_PRIORITY_HIGH_KHR, begin));
machine.exec("sleep", ["0.5"]);
$(`cat ${recovery}`);
// Reading this file resets the GPU.
$("cat /sys/kernel/debug/dri/1/amdgpu_gpu_recover");
$(`cat ${recovery}`, /reset/);
$("dmesg -l err,warn,notice,info", /GPU reset|lost work/);

for (const { pid } of [train, infer]) machine.exec("kill", ["-9", String(pid)]);
$("nvidia-smi --query-gpu=memory.used,utilization.gpu --format=csv");
