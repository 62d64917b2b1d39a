/**
 * OpenCL 3.0 API specification, 5.9.1 and 5.9.3: creating and copying kernel objects.
 */
import type { Caller } from "../api/caller.ts";
import type { Out } from "../api/out.ts";
import type { KernelInfo } from "../compiler/abi.ts";
import { CL_INVALID_KERNEL, CL_INVALID_KERNEL_DEFINITION, CL_INVALID_KERNEL_NAME, CL_INVALID_PROGRAM, CL_INVALID_PROGRAM_EXECUTABLE, CL_INVALID_VALUE, CL_SUCCESS } from "./abi/errors.ts";
import type { cl_int, cl_kernel, cl_program, cl_uint } from "./abi/types.ts";
import { kernelNames } from "./program-info.ts";
import { programOf } from "./program.ts";
import { created, fail, failNull } from "./runtime/fail.ts";
import { KernelObject } from "./runtime/kernel-object.ts";
import type { Build } from "./runtime/program-object.ts";
import { stateOf } from "./runtime/state.ts";

/** The kernel behind a handle. */
export function kernelOf(t: Caller, handle: cl_kernel | null): KernelObject | undefined {
  return handle === null ? undefined : stateOf(t).kernels.get(handle);
}

/** Whether two builds agree on what a kernel takes. */
function sameDefinition(a: KernelInfo, b: KernelInfo): boolean {
  return a === b || (a.params.length === b.params.length && a.params.every((param, i) => {
    const other = b.params[i]!;
    return param.kind === other.kind && param.size === other.size && param.offset === other.offset && param.type === other.type && param.info?.typeName === other.info?.typeName;
  }));
}

/** A kernel as all executables of a program define it; "different" when they do not agree, null when none has it. Devices that were built for together share their code. */
function definition(executables: readonly Build[], name: string): KernelInfo | "different" | null {
  const infos = new Set(executables.map((build) => build.code!.kernels.get(name)));
  const [first] = [...infos].filter((info) => info !== undefined);
  if (first === undefined) return null;
  return [...infos].every((info) => info !== undefined && sameDefinition(first, info)) ? first : "different";
}

/**
 * clCreateKernel.
 * @returns the kernel or NULL; errcode_ret: CL_INVALID_PROGRAM, CL_INVALID_PROGRAM_EXECUTABLE, CL_INVALID_KERNEL_NAME, CL_INVALID_KERNEL_DEFINITION, CL_INVALID_VALUE
 */
export function clCreateKernel(t: Caller, program: cl_program | null, kernel_name: string | null, errcode_ret: Out<cl_int> | null): cl_kernel {
  const object = programOf(t, program);
  if (object === undefined) return failNull(t, errcode_ret, CL_INVALID_PROGRAM, "program must be a valid program", { program });
  const built = object.executables();
  if (built.length === 0) return failNull(t, errcode_ret, CL_INVALID_PROGRAM_EXECUTABLE, "the program has no executable: build it first, or link it", { program });
  if (kernel_name === null) return failNull(t, errcode_ret, CL_INVALID_VALUE, "kernel_name must not be NULL");
  const info = definition(built, kernel_name);
  if (info === "different") return failNull(t, errcode_ret, CL_INVALID_KERNEL_DEFINITION, "the kernel must have the same arguments on all devices that the program was built for", { kernel_name });
  if (info === null) return failNull(t, errcode_ret, CL_INVALID_KERNEL_NAME, "kernel_name must name a kernel of the program", { kernel_name, kernels: kernelNames(object).join(", ") });
  return created(errcode_ret, new KernelObject(object, info).list(stateOf(t).kernels));
}

/**
 * clCreateKernelsInProgram: a kernel object for every kernel that is the same on all devices the program was built for.
 * @returns CL_INVALID_PROGRAM, CL_INVALID_PROGRAM_EXECUTABLE, CL_INVALID_VALUE
 */
export function clCreateKernelsInProgram(t: Caller, program: cl_program | null, num_kernels: cl_uint, kernels: Out<cl_kernel[]> | null, num_kernels_ret: Out<cl_uint> | null): cl_int {
  const object = programOf(t, program);
  if (object === undefined) return fail(t, CL_INVALID_PROGRAM, "program must be a valid program", { program });
  const built = object.executables();
  if (built.length === 0) return fail(t, CL_INVALID_PROGRAM_EXECUTABLE, "the program has no executable: build it first, or link it", { program });
  const infos = [...built[0]!.code!.kernels.keys()].map((name) => definition(built, name)).filter((info): info is KernelInfo => info !== null && info !== "different");
  if (kernels !== null && num_kernels < infos.length) return fail(t, CL_INVALID_VALUE, "num_kernels must not be less than the number of kernels in the program", { num_kernels, kernels: infos.length });
  if (kernels !== null) kernels.value = infos.map((info) => new KernelObject(object, info).list(stateOf(t).kernels) as cl_kernel);
  if (num_kernels_ret !== null) num_kernels_ret.value = infos.length;
  return CL_SUCCESS;
}

/** clCloneKernel: a kernel with the same argument values. @returns it or NULL; errcode_ret: CL_INVALID_KERNEL */
export function clCloneKernel(t: Caller, source_kernel: cl_kernel | null, errcode_ret: Out<cl_int> | null): cl_kernel {
  const kernel = kernelOf(t, source_kernel);
  if (kernel === undefined) return failNull(t, errcode_ret, CL_INVALID_KERNEL, "source_kernel must be a valid kernel", { source_kernel });
  return created(errcode_ret, kernel.clone().list(stateOf(t).kernels));
}

/** clRetainKernel. @returns CL_INVALID_KERNEL */
export function clRetainKernel(t: Caller, kernel: cl_kernel | null): cl_int {
  const object = kernelOf(t, kernel);
  if (object === undefined) return fail(t, CL_INVALID_KERNEL, "kernel must be a valid kernel", { kernel });
  object.refs++;
  return CL_SUCCESS;
}

/** clReleaseKernel. @returns CL_INVALID_KERNEL */
export function clReleaseKernel(t: Caller, kernel: cl_kernel | null): cl_int {
  const object = kernelOf(t, kernel);
  if (object === undefined) return fail(t, CL_INVALID_KERNEL, "kernel must be a valid kernel", { kernel });
  object.release(t);
  return CL_SUCCESS;
}
