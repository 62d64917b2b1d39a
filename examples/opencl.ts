// What the operating system does under an OpenCL program: finding devices on the PCI bus, shared virtual memory of three kinds, and what waits when something waits. The C of it:
//
//   clGetDeviceIDs(platform, CL_DEVICE_TYPE_GPU, 1, &device, NULL);
//   void* ptr = clSVMAlloc(context, CL_MEM_READ_WRITE, size, 0);
//   clEnqueueMarkerWithWaitList(queue, 0, NULL, &event);
//   clEnqueueBarrierWithWaitList(queue, 0, NULL, NULL);
//
// The kernels are those of kernels/counter.cl, loaded as a program binary.
//
// Run: glassgpu run examples/opencl.ts
import { createMachine, findProfile, out, type HostProcess, type SimProcess } from "glassgpu";
import {
  CL_DEVICE_NAME, CL_DEVICE_PCI_BUS_INFO_KHR, CL_DEVICE_SVM_CAPABILITIES, CL_DEVICE_SVM_COARSE_GRAIN_BUFFER, CL_DEVICE_SVM_FINE_GRAIN_BUFFER, CL_DEVICE_SVM_FINE_GRAIN_SYSTEM, CL_DEVICE_TYPE_GPU,
  CL_DEVICE_VENDOR_ID, CL_MAP_READ, CL_MAP_WRITE, CL_MEM_READ_WRITE, CL_MEM_SVM_FINE_GRAIN_BUFFER, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE, CL_QUEUE_PROPERTIES, CL_TRUE, clBuildProgram,
  clCreateCommandQueueWithProperties, clCreateContext, clCreateKernel, clCreateProgramWithBinary, clEnqueueNDRangeKernel, clEnqueueSVMMap,
  clEnqueueSVMUnmap, clFinish, clGetDeviceIDs, clGetDeviceInfo, clGetPlatformIDs, clSetKernelArg, clSetKernelArgSVMPointer, clSVMAlloc, clSVMFree, type cl_command_queue,
  type cl_context, type cl_device_id, type cl_device_pci_bus_info_khr, type cl_device_svm_capabilities, type cl_event, type cl_int, type cl_kernel, type cl_platform_id,
} from "glassgpu/opencl";
import { PCI_ANY_ID, userCredentials, type Blocking } from "glassgpu/kernel";
import { checker } from "./lib/check.ts";
import { kernelBytes } from "./lib/files.ts";
import { clCode } from "./lib/names.ts";
import { shell } from "./lib/shell.ts";

const mi250x = findProfile("mi250x");
const machine = createMachine({ gpus: ["a100", mi250x, { ...mi250x, name: "AMD Instinct MI250X, XNACK on", svm: { fineGrainBuffer: true, fineGrainSystem: true, atomics: true } }], trace: true });
const check = checker(machine);
const $ = shell(machine);
const hex = (n: number): string => `0x${n.toString(16)}`;
const p = machine.process("program");
machine.use(p);

console.log("-- the bus, as the kernel enumerated it, and what its drivers made of it");
$("lspci -nn -d ::0302");
$("lspci -nn -d ::0380");
$("ls /sys/bus/pci/devices/0000:02:00.0/drm");
$("ls /dev/dri");
const { pci } = machine.gpus[0]!.core;
const PCI_VENDOR_ID_AMD = 0x1002;
const probed: string[] = [];
for (let f = pci.getDevice(PCI_VENDOR_ID_AMD, PCI_ANY_ID, null); f !== null; f = pci.getDevice(PCI_VENDOR_ID_AMD, PCI_ANY_ID, f)) probed.push(`${f.driver} for ${hex(f.vendorId)}:${hex(f.deviceId)} on bus ${f.bus}`);
console.log(`  pci_get_device(PCI_VENDOR_ID_AMD), in the kernel: ${probed.join("; ")}`);

console.log("\n-- the program: clGetDeviceIDs");
const [platforms, devices] = [out<cl_platform_id[]>(), out<cl_device_id[]>()];
check(clGetPlatformIDs(1, platforms, null));
check(clGetDeviceIDs(platforms.value[0]!, CL_DEVICE_TYPE_GPU, 8, devices, null));
for (const device of devices.value) {
  const [name, vendor, bus, caps] = [out<string>(), out<number>(), out<cl_device_pci_bus_info_khr>(), out<cl_device_svm_capabilities>()];
  check(clGetDeviceInfo(device, CL_DEVICE_NAME, 256, name, null));
  check(clGetDeviceInfo(device, CL_DEVICE_VENDOR_ID, 4, vendor, null));
  check(clGetDeviceInfo(device, CL_DEVICE_PCI_BUS_INFO_KHR, 16, bus, null));
  check(clGetDeviceInfo(device, CL_DEVICE_SVM_CAPABILITIES, 8, caps, null));
  const kinds = [[CL_DEVICE_SVM_COARSE_GRAIN_BUFFER, "coarse"], [CL_DEVICE_SVM_FINE_GRAIN_BUFFER, "fine"], [CL_DEVICE_SVM_FINE_GRAIN_SYSTEM, "system"]] as const;
  console.log(`  ${name.value.padEnd(30)} vendor ${hex(vendor.value)}, bus ${bus.value.pci_bus}, SVM: ${kinds.filter(([bit]) => (caps.value & bit) !== 0).map(([, word]) => word).join(", ")}`);
}
for (let fd = 3; fd <= 5; fd++) console.log(`  /proc/${p.pid}/fd/${fd} -> ${String(p.sys.readlink(`/proc/${p.pid}/fd/${fd}`))}`);
p.sys.chmod("/dev/dri/renderD128", 0o600);
const nobody = machine.process("nobody", { cred: userCredentials(1000) });
const few = out<cl_device_id[]>();
nobody.opencl.clGetPlatformIDs(1, platforms, null);
const code = nobody.opencl.clGetDeviceIDs(platforms.value[0]!, CL_DEVICE_TYPE_GPU, 8, few, null);
console.log(`  another user, after chmod 600 /dev/dri/renderD128: ${clCode(code)}, ${few.value.length} devices; lspci shows him ${machine.exec("lspci", [], { cred: userCredentials(1000) }).stdout.split("\n").filter((line) => line.includes("ontroller")).length}`);

/** What the scenes below work with, on one device. */
function setUp(device: cl_device_id): { context: cl_context; queue: cl_command_queue; saxpy: cl_kernel } {
  const result = out<cl_int>();
  const context = clCreateContext(null, 1, [device], null, null, result);
  check(result.value);
  const queue = clCreateCommandQueueWithProperties(context, device, null, result);
  check(result.value);
  const binary = kernelBytes("counter.bin");
  const program = clCreateProgramWithBinary(context, 1, [device], [binary.length], [binary], null, result);
  check(result.value);
  check(clBuildProgram(program, 1, [device], "", null, null));
  const saxpy = clCreateKernel(program, "saxpy", result);
  check(result.value);
  check(clSetKernelArg(saxpy, 0, 4, new Float32Array([2])));
  return { context, queue, saxpy };
}

const n = 1 << 16;
const half = 4 * n;

/** y = 2x + y over two arrays at `x` and `y`, by the device; what the program has to say before and after. */
function compute(queue: cl_command_queue, saxpy: cl_kernel, x: number, y: number): void {
  check(clSetKernelArgSVMPointer(saxpy, 1, x));
  check(clSetKernelArgSVMPointer(saxpy, 2, y));
  check(clEnqueueNDRangeKernel(queue, saxpy, 1, null, [n], [256], 0, null, null));
  check(clFinish(queue));
}

const mapsOf = (process: HostProcess, address: number): string => String(process.sys.readFile(`/proc/${process.pid}/maps`)).split("\n").find((line) => line.startsWith(address.toString(16).padStart(12, "0"))) ?? "not there";
const right = (values: Float32Array, expected: number): string => (values.every((value) => value === expected) ? `all ${expected}` : "WRONG");

console.log("\n-- coarse-grained, on the A100: one address, but the program has to ask");
const coarse = setUp(devices.value[0]!);
let at = clSVMAlloc(coarse.context, CL_MEM_READ_WRITE, 2 * half, 0);
console.log(`  clSVMAlloc: ${hex(at)}; the process's map: ${mapsOf(p, at)}`);
check(clEnqueueSVMMap(coarse.queue, CL_TRUE, CL_MAP_WRITE, at, 2 * half, 0, null, null));
p.view(at, n, Float32Array).fill(3);
p.view(at + half, n, Float32Array).fill(1);
check(clEnqueueSVMUnmap(coarse.queue, at, 0, null, null));
compute(coarse.queue, coarse.saxpy, at, at + half);
check(clEnqueueSVMMap(coarse.queue, CL_TRUE, CL_MAP_READ, at, 2 * half, 0, null, null));
console.log(`  map, write, unmap, kernel, map, read: ${right(p.view(at + half, n, Float32Array), 7)}`);
check(clEnqueueSVMUnmap(coarse.queue, at, 0, null, null));
check(clFinish(coarse.queue));
clSVMFree(coarse.context, at);

console.log("\n-- fine-grained, on the MI250X: both sides at once");
const fine = setUp(devices.value[1]!);
at = clSVMAlloc(fine.context, CL_MEM_READ_WRITE | CL_MEM_SVM_FINE_GRAIN_BUFFER, 2 * half, 0);
const shared = p.view(at, 2 * n, Float32Array);
for (const round of [1, 2]) {
  shared.fill(round, 0, n).fill(1, n);
  compute(fine.queue, fine.saxpy, at, at + half);
  console.log(`  write ${round}, kernel, read: ${right(shared.subarray(n), 2 * round + 1)}`);
}
$("cat /sys/kernel/debug/dri/1/amdgpu_vm_info", /iova|VRAM|GTT/);
clSVMFree(fine.context, at);

console.log("\n-- system, on the one with XNACK: the program's own malloc, by page faults");
const system = setUp(devices.value[2]!);
const { sys } = p;
const [x, y] = [p.malloc(half), p.malloc(half)];
const counters = (): Map<string, number> => new Map(machine.exec("cat", ["/sys/kernel/debug/dri/2/amdgpu_svm_info"]).stdout.trim().split("\n").map((line) => line.split(" ")).map(([name, value]) => [name!, Number(value)]));
let before = counters();
const moved = (what: string): void => {
  const after = counters();
  const more = (name: string): number => after.get(name)! - before.get(name)!;
  const told = ["faults", "migrated_to_device", "migrated_to_ram"].flatMap((name) => (more(name) === 0 ? [] : [`${name} +${more(name)}`]));
  console.log(`  ${what.padEnd(35)} ${(told.join(", ") || "nothing moves").padEnd(52)} on the GPU: ${after.get("resident_bytes")! / 1024} KiB`);
  before = after;
};
// Word by word, as a C program does: an array of JavaScript would keep its pages where the program can see them.
const bits = (value: number): number => new Uint32Array(Float32Array.of(value).buffer)[0]!;
const write = (array: number, value: number): void => {
  for (let i = 0; i < n; i++) sys.store32(array + 4 * i, bits(value));
};
write(x, 5);
write(y, 1);
moved("the program writes both arrays");
compute(system.queue, system.saxpy, x, y);
moved("the kernel works in them");
compute(system.queue, system.saxpy, x, y);
moved("the kernel works in them again");
const first = sys.load32(y) === bits(21) ? "21" : "WRONG";
moved(`the program reads one word: ${first}`);
write(x, 0);
moved("the program writes one array");
compute(system.queue, system.saxpy, x, y);
moved("the kernel works in both");
const last = sys.load32(y + half - 4) === bits(21) ? "21" : "WRONG";
moved(`the program reads the last word: ${last}`);
for (const { name, fields } of machine.trace().filter((event) => event.name === "exceptions:page_fault_user").slice(0, 2)) console.log(`  ${name}: ${Object.entries(fields).map(([key, value]) => `${key}=${value}`).join(" ")}`);

console.log("\n-- marker and barrier: the queue orders, the program sleeps only when it asks to wait");
const sh = machine.process("sh").sys;
for (const event of ["api/enter", "syscalls/sys_enter_futex", "syscalls/sys_exit_futex", "sched/sched_switch", "gpu_scheduler/drm_sched_job_run", "gpu_scheduler/drm_sched_job_done"]) {
  sh.writeFile(`/sys/kernel/tracing/events/${event}/enable`, "1");
}

/** A program of its own (its calls are `yield*`ed), so that one sees the processor leave it: two kernels in no order, a marker, a barrier, a third kernel. */
function* sleeper(self: SimProcess): Blocking<void> {
  const cl = self.opencl;
  // What another process got from clGetDeviceIDs is nothing here.
  const [platform, found] = [out<cl_platform_id[]>(), out<cl_device_id[]>()];
  check(yield* cl.clGetPlatformIDs(1, platform, null));
  check(yield* cl.clGetDeviceIDs(platform.value[0]!, CL_DEVICE_TYPE_GPU, 8, found, null));
  const device = found.value[1]!;
  const context = yield* cl.clCreateContext(null, 1, [device], null, null, null);
  const queue = yield* cl.clCreateCommandQueueWithProperties(context, device, [CL_QUEUE_PROPERTIES, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE, 0], null);
  const load = function* (name: string): Blocking<cl_kernel> {
    const binary = kernelBytes(`${name}.bin`);
    const program = yield* cl.clCreateProgramWithBinary(context, 1, [device], [binary.length], [binary], null, null);
    check(yield* cl.clBuildProgram(program, 1, [device], "", null, null));
    return yield* cl.clCreateKernel(program, name, null);
  };
  const [burn, counter] = [yield* load("burn"), yield* load("counter")];
  const count = yield* cl.clSVMAlloc(context, CL_MEM_READ_WRITE | CL_MEM_SVM_FINE_GRAIN_BUFFER, 8, 0);
  check(yield* cl.clSetKernelArg(burn, 0, 4, new Uint32Array([20_000])));
  check(yield* cl.clSetKernelArgSVMPointer(burn, 1, count + 4));
  check(yield* cl.clSetKernelArgSVMPointer(counter, 0, count));
  sh.writeFile("/sys/kernel/tracing/trace", "");
  for (let i = 0; i < 2; i++) check(yield* cl.clEnqueueNDRangeKernel(queue, burn, 1, null, [64], [64], 0, null, null));
  const event = out<cl_event>();
  check(yield* cl.clEnqueueMarkerWithWaitList(queue, 0, null, event));
  check(yield* cl.clEnqueueBarrierWithWaitList(queue, 0, null, null));
  check(yield* cl.clEnqueueNDRangeKernel(queue, counter, 1, null, [10_000], null, 0, null, null));
  check(yield* cl.clWaitForEvents(1, [event.value]));
  check(yield* cl.clFinish(queue));
  console.log(`  the kernel after the barrier has counted to ${self.view(count, 1, Int32Array)[0]}`);
  sh.writeFile("/sys/kernel/tracing/tracing_on", "0");
}
machine.spawn("sleeper", sleeper);
machine.run();
let asleep = false;
for (const line of machine.exec("cat", ["/sys/kernel/tracing/trace"]).stdout.split("\n")) {
  const [, task, time, event] = /^ +(\S+)-\d+ .* (\d+\.\d+): (.*)$/.exec(line) ?? [];
  if (event === undefined) continue;
  // Each call is a point where another thread might run; what counts here is when this one leaves the processor and comes back.
  if (event.startsWith("sched_switch") && !event.includes("prev_comm=sleeper") && !(asleep && event.includes("next_comm=sleeper"))) continue;
  if (event.startsWith("sched_switch")) asleep = event.includes("prev_comm=sleeper");
  console.log(`  ${task!.padEnd(8)} ${time}: ${event.replace(/, job count.*/, "").replaceAll(/(prev|next)_prio=\d+ ?/g, "").trimEnd()}`);
}
