import { expect, test } from "vitest";
import { out } from "../../src/api/out.ts";
import { resultName } from "../../src/cuda/driver/core/fail.ts";
import type { FaultOptions } from "../../src/kernel/fault/injector.ts";
import { createMachine } from "../../src/machine.ts";
import { errorNames } from "../../src/opencl/abi/errors.ts";
import type { cl_device_id, cl_platform_id } from "../../src/opencl/abi/types.ts";

const once = { probability: 100, times: 1 };

/** What cuMemAlloc of 16 MiB answers in a context under these faults, and what it answers then. */
function cuda(faults: FaultOptions): readonly (string | null)[] {
  const machine = createMachine({ gpus: ["a100-pcie-40gb"] });
  const { cuda: cu } = machine.process("app");
  cu.cuInit(0);
  cu.cuCtxCreate(out(), null, 0, 0);
  const { functions = {}, ...settings } = faults;
  for (const [name, retval] of Object.entries(functions)) machine.kernel.faults.functions.inject(name, retval);
  for (const [name, value] of Object.entries(settings)) machine.kernel.faults.configure(name as never, value);
  return [resultName(cu.cuMemAlloc(out(), 2 ** 24)), resultName(cu.cuMemAlloc(out(), 2 ** 24))];
}

test.each<readonly [string, FaultOptions, string]>([
  ["kernel memory", { failslab: once }, "CUDA_ERROR_OUT_OF_MEMORY"],
  ["GPU memory", { fail_gpu_alloc: once }, "CUDA_ERROR_OUT_OF_MEMORY"],
  ["a copy to or from the library's memory", { fail_usercopy: once }, "CUDA_ERROR_OPERATING_SYSTEM"],
  ["-EIO of the allocation", { fail_function: once, functions: { GLASS_GEM_CREATE: -5 } }, "CUDA_ERROR_LAUNCH_FAILED"],
  ["-EINTR of the allocation: it is made again", { fail_function: once, functions: { GLASS_GEM_CREATE: -4 } }, "CUDA_SUCCESS"],
  ["-EAGAIN of the mapping: it is made again", { fail_function: once, functions: { GLASS_VM_BIND: -11 } }, "CUDA_SUCCESS"],
])("CUDA, %s", (_what, faults, code) => {
  expect(cuda(faults)).toEqual([code, "CUDA_SUCCESS"]);
});

test("-EINTR without end is given up", () => {
  expect(cuda({ fail_function: { probability: 100, times: -1 }, functions: { GLASS_GEM_CREATE: -4 } })).toEqual(["CUDA_ERROR_UNKNOWN", "CUDA_ERROR_UNKNOWN"]);
});

test.each<readonly [string, FaultOptions, string, string]>([
  ["kernel memory", { failslab: once }, "CL_MEM_OBJECT_ALLOCATION_FAILURE", "CL_OUT_OF_HOST_MEMORY"],
  ["GPU memory", { fail_gpu_alloc: once }, "CL_MEM_OBJECT_ALLOCATION_FAILURE", "CL_SUCCESS"],
  ["the library's own copies", { fail_usercopy: once }, "CL_OUT_OF_RESOURCES", "CL_OUT_OF_RESOURCES"],
])("OpenCL, %s: clCreateBuffer, clCreateCommandQueueWithProperties", (_what, faults, forBuffer, forQueue) => {
  for (const [make, code] of [["clCreateBuffer", forBuffer], ["queue", forQueue]] as const) {
    const machine = createMachine({ gpus: ["tiny"] });
    const { opencl: cl } = machine.process("app");
    const [platforms, devices, answer] = [out<cl_platform_id[]>(), out<cl_device_id[]>(), out<number>()];
    cl.clGetPlatformIDs(1, platforms, null);
    cl.clGetDeviceIDs(platforms.value[0]!, 0xffffffff, 1, devices, null);
    const context = cl.clCreateContext(null, 1, devices.value, null, null, answer);
    for (const [name, value] of Object.entries(faults)) machine.kernel.faults.configure(name as never, value);
    const call = (): unknown => (make === "clCreateBuffer" ? cl.clCreateBuffer(context, 0, 2 ** 20, null, answer) : cl.clCreateCommandQueueWithProperties(context, devices.value[0]!, null, answer));
    call();
    expect(errorNames.get(answer.value) ?? "CL_SUCCESS").toBe(code);
    call();
    expect(answer.value).toBe(0);
  }
});
