// Counting on the device, without the CPU between the steps. The kernel:
//
//   __kernel void counter(__global atomic_int* count) { atomic_fetch_add(count, 1); }
//
// Run: glassgpu run examples/atomic-counter.ts
import { createMachine, out } from "glassgpu";
import {
  CL_COMPILER_NOT_AVAILABLE, CL_DEVICE_TYPE_GPU, CL_MEM_COPY_HOST_PTR, CL_MEM_READ_WRITE, CL_TRUE, clBuildProgram, clCreateBuffer, clCreateCommandQueueWithProperties, clCreateContext, clCreateKernel,
  clCreateProgramWithSource, clEnqueueNDRangeKernel, clEnqueueReadBuffer, clGetDeviceIDs, clGetPlatformIDs, clSetKernelArg, type cl_device_id, type cl_platform_id,
} from "glassgpu/opencl";
import { checker } from "./lib/check.ts";

const source = "__kernel void counter(__global atomic_int* count) { atomic_fetch_add(count, 1); }";

const machine = createMachine();
machine.use(machine.process("counter"));
const check = checker(machine);

const platforms = out<cl_platform_id[]>();
check(clGetPlatformIDs(1, platforms, null));
const devices = out<cl_device_id[]>();
check(clGetDeviceIDs(platforms.value[0]!, CL_DEVICE_TYPE_GPU, 1, devices, null));
const [device] = devices.value as [cl_device_id];
const context = clCreateContext(null, 1, [device], null, null, null);
const queue = clCreateCommandQueueWithProperties(context, device, null, null);

const program = clCreateProgramWithSource(context, 1, [source], null, null);
const built = clBuildProgram(program, 1, [device], "-cl-std=CL3.0", null, null);
if (built === CL_COMPILER_NOT_AVAILABLE) {
  console.log("there is no Clang on this computer: OpenCL C cannot be built (npm install @yowasp/clang)");
} else {
  check(built);
  const kernel = clCreateKernel(program, "counter", null);
  const count = clCreateBuffer(context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, 4, new Int32Array([0]), null);
  check(clSetKernelArg(kernel, 0, 8, count));
  check(clEnqueueNDRangeKernel(queue, kernel, 1, null, [10_000], null, 0, null, null));
  const result = new Int32Array(1);
  check(clEnqueueReadBuffer(queue, count, CL_TRUE, 0, 4, result, 0, null, null));
  console.log(`10000 work-items counted to ${result[0]}`);
}
