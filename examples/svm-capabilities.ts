// What kind of shared virtual memory a device has, and how it is used. The C of this fragment:
//
//   cl_device_svm_capabilities caps;
//   clGetDeviceInfo(device, CL_DEVICE_SVM_CAPABILITIES, sizeof(caps), &caps, NULL);
//
// Run: glassgpu run examples/svm-capabilities.ts
import { createMachine, out } from "glassgpu";
import {
  CL_DEVICE_NAME, CL_DEVICE_SVM_ATOMICS, CL_DEVICE_SVM_CAPABILITIES, CL_DEVICE_SVM_COARSE_GRAIN_BUFFER, CL_DEVICE_SVM_FINE_GRAIN_BUFFER, CL_DEVICE_SVM_FINE_GRAIN_SYSTEM, CL_DEVICE_TYPE_GPU,
  CL_MAP_READ, CL_MAP_WRITE, CL_MEM_READ_WRITE, CL_TRUE, clCreateCommandQueueWithProperties, clCreateContext, clEnqueueSVMMap, clEnqueueSVMMemFill, clEnqueueSVMUnmap, clFinish, clGetDeviceIDs,
  clGetDeviceInfo, clGetPlatformIDs, clSVMAlloc, clSVMFree, type cl_device_id, type cl_device_svm_capabilities, type cl_platform_id,
} from "glassgpu/opencl";
import { checker } from "./lib/check.ts";

const machine = createMachine({ gpus: ["a100", "mi250x"] });
const process = machine.process("svm");
machine.use(process);
const check = checker(machine);

const platforms = out<cl_platform_id[]>();
check(clGetPlatformIDs(1, platforms, null));
const devices = out<cl_device_id[]>();
check(clGetDeviceIDs(platforms.value[0]!, CL_DEVICE_TYPE_GPU, 4, devices, null));

const kinds: readonly (readonly [number, string])[] = [
  [CL_DEVICE_SVM_COARSE_GRAIN_BUFFER, "coarse-grained buffers"], [CL_DEVICE_SVM_FINE_GRAIN_BUFFER, "fine-grained buffers"],
  [CL_DEVICE_SVM_FINE_GRAIN_SYSTEM, "the whole of system memory"], [CL_DEVICE_SVM_ATOMICS, "atomics"],
];
for (const device of devices.value) {
  const name = out<string>();
  check(clGetDeviceInfo(device, CL_DEVICE_NAME, 256, name, null));
  const caps = out<cl_device_svm_capabilities>();
  check(clGetDeviceInfo(device, CL_DEVICE_SVM_CAPABILITIES, 8, caps, null));
  console.log(`${name.value}: ${kinds.filter(([bit]) => (caps.value & bit) !== 0).map(([, kind]) => kind).join(", ") || "none"}`);
}

// Coarse-grained: one address for both sides, handed to the CPU and back by map and unmap.
const device = devices.value[0]!;
const context = clCreateContext(null, 1, [device], null, null, null);
const queue = clCreateCommandQueueWithProperties(context, device, null, null);
const ptr = clSVMAlloc(context, CL_MEM_READ_WRITE, 4096, 0);
check(clEnqueueSVMMemFill(queue, ptr, new Uint32Array([42]), 4, 4096, 0, null, null));
check(clEnqueueSVMMap(queue, CL_TRUE, CL_MAP_READ | CL_MAP_WRITE, ptr, 4096, 0, null, null));
const words = process.view(ptr, 1024, Uint32Array);
console.log(`the device filled it, the program reads ${words[0]} and ${words[1023]} at the same address`);
check(clEnqueueSVMUnmap(queue, ptr, 0, null, null));
check(clFinish(queue));
clSVMFree(context, ptr);
