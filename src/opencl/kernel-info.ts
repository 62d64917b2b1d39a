/**
 * OpenCL 3.0 API specification, 5.9.4: Kernel Object Queries.
 */
import type { Caller } from "../api/caller.ts";
import type { Out } from "../api/out.ts";
import type { KernelParam } from "../compiler/ir/module.ts";
import {
  CL_KERNEL_ARG_ACCESS_NONE, CL_KERNEL_ARG_ACCESS_QUALIFIER, CL_KERNEL_ARG_ACCESS_READ_ONLY, CL_KERNEL_ARG_ACCESS_READ_WRITE, CL_KERNEL_ARG_ACCESS_WRITE_ONLY,
  CL_KERNEL_ARG_ADDRESS_CONSTANT, CL_KERNEL_ARG_ADDRESS_GLOBAL, CL_KERNEL_ARG_ADDRESS_LOCAL, CL_KERNEL_ARG_ADDRESS_PRIVATE, CL_KERNEL_ARG_ADDRESS_QUALIFIER, CL_KERNEL_ARG_NAME,
  CL_KERNEL_ARG_TYPE_CONST, CL_KERNEL_ARG_TYPE_NAME, CL_KERNEL_ARG_TYPE_PIPE, CL_KERNEL_ARG_TYPE_QUALIFIER, CL_KERNEL_ARG_TYPE_RESTRICT, CL_KERNEL_ARG_TYPE_VOLATILE, CL_KERNEL_ATTRIBUTES,
  CL_KERNEL_COMPILE_NUM_SUB_GROUPS, CL_KERNEL_COMPILE_WORK_GROUP_SIZE, CL_KERNEL_CONTEXT, CL_KERNEL_FUNCTION_NAME, CL_KERNEL_GLOBAL_WORK_SIZE, CL_KERNEL_LOCAL_MEM_SIZE, CL_KERNEL_LOCAL_SIZE_FOR_SUB_GROUP_COUNT,
  CL_KERNEL_MAX_NUM_SUB_GROUPS, CL_KERNEL_MAX_SUB_GROUP_SIZE_FOR_NDRANGE, CL_KERNEL_NUM_ARGS,
  CL_KERNEL_PREFERRED_WORK_GROUP_SIZE_MULTIPLE, CL_KERNEL_PRIVATE_MEM_SIZE, CL_KERNEL_PROGRAM, CL_KERNEL_REFERENCE_COUNT,
  CL_KERNEL_SUB_GROUP_COUNT_FOR_NDRANGE, CL_KERNEL_WORK_GROUP_SIZE,
} from "./abi/constants.ts";
import { CL_INVALID_ARG_INDEX, CL_INVALID_DEVICE, CL_INVALID_KERNEL, CL_INVALID_VALUE, CL_KERNEL_ARG_INFO_NOT_AVAILABLE } from "./abi/errors.ts";
import type {
  cl_device_id, cl_int, cl_kernel, cl_kernel_arg_info, cl_kernel_info, cl_kernel_sub_group_info, cl_kernel_work_group_info, cl_uint,
} from "./abi/types.ts";
import { kernelOf } from "./kernel.ts";
import type { DeviceObject } from "./runtime/device-object.ts";
import { deviceOf } from "./runtime/devices.ts";
import { fail } from "./runtime/fail.ts";
import { kernelWorkGroup, localLayout } from "./runtime/geometry.ts";
import { reply, size, sizes, text, uint, type Answer, type ParamValue } from "./runtime/info.ts";
import type { KernelObject } from "./runtime/kernel-object.ts";

/** The attributes of a kernel as they stood in the source; of programs from binaries none are told. */
function attributesOf(kernel: KernelObject): string {
  if (kernel.program.kind === "binary") return "";
  const { reqdWorkGroupSize, workGroupSizeHint, vecTypeHint, subGroupSize } = kernel.info.attributes;
  const parts: string[] = [];
  if (reqdWorkGroupSize !== null) parts.push(`reqd_work_group_size(${reqdWorkGroupSize.join(",")})`);
  if (workGroupSizeHint !== null) parts.push(`work_group_size_hint(${workGroupSizeHint.join(",")})`);
  if (vecTypeHint !== null) parts.push(`vec_type_hint(${vecTypeHint})`);
  if (subGroupSize !== undefined) parts.push(`intel_reqd_sub_group_size(${subGroupSize})`);
  return parts.join(" ");
}

function kernelInfo(kernel: KernelObject, name: cl_kernel_info): Answer | null {
  switch (name) {
    case CL_KERNEL_FUNCTION_NAME: return text(kernel.info.name);
    case CL_KERNEL_NUM_ARGS: return uint(kernel.info.params.length);
    case CL_KERNEL_REFERENCE_COUNT: return uint(kernel.refs);
    case CL_KERNEL_CONTEXT: return size(kernel.program.context.handle);
    case CL_KERNEL_PROGRAM: return size(kernel.program.handle);
    case CL_KERNEL_ATTRIBUTES: return text(attributesOf(kernel));
    default: return null;
  }
}

/** clGetKernelInfo. @returns CL_INVALID_KERNEL, CL_INVALID_VALUE */
export function clGetKernelInfo(t: Caller, kernel: cl_kernel | null, param_name: cl_kernel_info, param_value_size: number, param_value: ParamValue, param_value_size_ret: Out<number> | null): cl_int {
  const object = kernelOf(t, kernel);
  if (object === undefined) return fail(t, CL_INVALID_KERNEL, "kernel must be a valid kernel", { kernel });
  const answer = kernelInfo(object, param_name);
  if (answer === null) return fail(t, CL_INVALID_VALUE, "param_name must be a query of clGetKernelInfo", { param_name });
  return reply(t, answer, param_value_size, param_value, param_value_size_ret);
}

/** The device that a query is about, or the code that was recorded. */
function deviceFor(t: Caller, kernel: KernelObject, handle: cl_device_id | null): DeviceObject | cl_int {
  const { devices } = kernel.program;
  if (handle === null) return devices.length === 1 ? devices[0]! : fail(t, CL_INVALID_DEVICE, "device must not be NULL when the kernel has more than one", { devices: devices.length });
  const device = deviceOf(t, handle);
  return device !== undefined && devices.includes(device) ? device : fail(t, CL_INVALID_DEVICE, "device must be one of the kernel's devices", { device: handle });
}

function workGroupInfo(kernel: KernelObject, device: DeviceObject, name: cl_kernel_work_group_info): Answer | null {
  switch (name) {
    case CL_KERNEL_WORK_GROUP_SIZE: return size(kernelWorkGroup(device, kernel));
    case CL_KERNEL_COMPILE_WORK_GROUP_SIZE: return sizes(kernel.infoOn(device).attributes.reqdWorkGroupSize ?? [0, 0, 0]);
    case CL_KERNEL_LOCAL_MEM_SIZE: return size(localLayout(kernel, kernel.infoOn(device)).total);
    case CL_KERNEL_PREFERRED_WORK_GROUP_SIZE_MULTIPLE: return size(device.info.profile.warpSize);
    case CL_KERNEL_PRIVATE_MEM_SIZE: return size(kernel.infoOn(device).localBytes);
    default: return null;
  }
}

/** clGetKernelWorkGroupInfo. @returns CL_INVALID_KERNEL, CL_INVALID_DEVICE, CL_INVALID_VALUE */
export function clGetKernelWorkGroupInfo(t: Caller, kernel: cl_kernel | null, device: cl_device_id | null, param_name: cl_kernel_work_group_info, param_value_size: number, param_value: ParamValue, param_value_size_ret: Out<number> | null): cl_int {
  const object = kernelOf(t, kernel);
  if (object === undefined) return fail(t, CL_INVALID_KERNEL, "kernel must be a valid kernel", { kernel });
  const target = deviceFor(t, object, device);
  if (typeof target === "number") return target;
  if (param_name === CL_KERNEL_GLOBAL_WORK_SIZE) return fail(t, CL_INVALID_VALUE, "CL_KERNEL_GLOBAL_WORK_SIZE is for built-in kernels and custom devices", { param_name });
  const answer = workGroupInfo(object, target, param_name);
  if (answer === null) return fail(t, CL_INVALID_VALUE, "param_name must be a query of clGetKernelWorkGroupInfo", { param_name });
  return reply(t, answer, param_value_size, param_value, param_value_size_ret);
}

/** Sizes given as size_t[]: an array of numbers, or the bytes. */
function inputSizes(input: ArrayBufferView | readonly number[] | number | null, bytes: number): number[] | null {
  if (input === null || bytes <= 0 || bytes % 8 !== 0) return null;
  if (typeof input === "number") return bytes === 8 ? [input] : null;
  if (!ArrayBuffer.isView(input)) return input.length * 8 < bytes ? null : input.slice(0, bytes / 8);
  if (input.byteLength < bytes) return null;
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  return Array.from({ length: bytes / 8 }, (_, i) => Number(view.getBigUint64(8 * i, true)));
}

/** The answer, "input" when the input value is wrong, or null when there is no such query. */
function subGroupInfo(kernel: KernelObject, device: DeviceObject, name: cl_kernel_sub_group_info, input: number[] | null, outSize: number): Answer | "input" | null {
  const { warpSize } = device.info.profile;
  const most = kernelWorkGroup(device, kernel);
  switch (name) {
    case CL_KERNEL_MAX_SUB_GROUP_SIZE_FOR_NDRANGE:
      return input === null || input.length > 3 ? "input" : size(Math.min(warpSize, input.reduce((a, b) => a * b, 1)));
    case CL_KERNEL_SUB_GROUP_COUNT_FOR_NDRANGE:
      return input === null || input.length > 3 ? "input" : size(Math.ceil(input.reduce((a, b) => a * b, 1) / warpSize));
    case CL_KERNEL_LOCAL_SIZE_FOR_SUB_GROUP_COUNT: {
      if (input === null || input.length !== 1) return "input";
      const items = input[0]! * warpSize;
      const dimensions = Math.max(1, Math.min(3, Number.isFinite(outSize) ? Math.floor(outSize / 8) : 1));
      return sizes(Array.from({ length: dimensions }, (_, i) => (items > most ? 0 : i === 0 ? items : 1)));
    }
    case CL_KERNEL_MAX_NUM_SUB_GROUPS: return size(Math.ceil(most / warpSize));
    case CL_KERNEL_COMPILE_NUM_SUB_GROUPS: return size(0);
    default: return null;
  }
}

/**
 * clGetKernelSubGroupInfo: sub-groups are the device's warps.
 * @param input_value sizes as an array of numbers, or their bytes; `input_value_size` counts 8 bytes for each
 * @returns CL_INVALID_KERNEL, CL_INVALID_DEVICE, CL_INVALID_VALUE
 */
export function clGetKernelSubGroupInfo(t: Caller, kernel: cl_kernel | null, device: cl_device_id | null, param_name: cl_kernel_sub_group_info, input_value_size: number, input_value: ArrayBufferView | readonly number[] | number | null, param_value_size: number, param_value: ParamValue, param_value_size_ret: Out<number> | null): cl_int {
  const object = kernelOf(t, kernel);
  if (object === undefined) return fail(t, CL_INVALID_KERNEL, "kernel must be a valid kernel", { kernel });
  const target = deviceFor(t, object, device);
  if (typeof target === "number") return target;
  const answer = subGroupInfo(object, target, param_name, inputSizes(input_value, input_value_size), param_value_size);
  if (answer === null) return fail(t, CL_INVALID_VALUE, "param_name must be a query of clGetKernelSubGroupInfo", { param_name });
  if (answer === "input") return fail(t, CL_INVALID_VALUE, "input_value must hold what the query needs", { input_value_size });
  return reply(t, answer, param_value_size, param_value, param_value_size_ret);
}

const addressQualifiers: Readonly<Record<KernelParam["kind"], number>> = {
  global: CL_KERNEL_ARG_ADDRESS_GLOBAL, const: CL_KERNEL_ARG_ADDRESS_CONSTANT, shared: CL_KERNEL_ARG_ADDRESS_LOCAL, scalar: CL_KERNEL_ARG_ADDRESS_PRIVATE,
  bytes: CL_KERNEL_ARG_ADDRESS_PRIVATE, image: CL_KERNEL_ARG_ADDRESS_GLOBAL, sampler: CL_KERNEL_ARG_ADDRESS_PRIVATE,
};
const accessQualifiers: ReadonlyMap<string, number> = new Map([
  ["read_only", CL_KERNEL_ARG_ACCESS_READ_ONLY], ["write_only", CL_KERNEL_ARG_ACCESS_WRITE_ONLY], ["read_write", CL_KERNEL_ARG_ACCESS_READ_WRITE],
]);
const typeQualifiers: ReadonlyMap<string, number> = new Map([
  ["const", CL_KERNEL_ARG_TYPE_CONST], ["restrict", CL_KERNEL_ARG_TYPE_RESTRICT], ["volatile", CL_KERNEL_ARG_TYPE_VOLATILE], ["pipe", CL_KERNEL_ARG_TYPE_PIPE],
]);

function argInfo(param: KernelParam, info: NonNullable<KernelParam["info"]>, name: cl_kernel_arg_info): Answer | null {
  switch (name) {
    case CL_KERNEL_ARG_ADDRESS_QUALIFIER: return uint(addressQualifiers[param.kind]);
    case CL_KERNEL_ARG_ACCESS_QUALIFIER: return uint(accessQualifiers.get(info.access.replace(/^__/, "")) ?? CL_KERNEL_ARG_ACCESS_NONE);
    case CL_KERNEL_ARG_TYPE_NAME: return text(info.typeName);
    case CL_KERNEL_ARG_TYPE_QUALIFIER: {
      // The qualifier constant counts as const.
      const constant = param.kind === "const" ? CL_KERNEL_ARG_TYPE_CONST : 0;
      return size(info.qualifiers.reduce((bits, word) => bits | (typeQualifiers.get(word) ?? 0), constant));
    }
    case CL_KERNEL_ARG_NAME: return text(param.name);
    default: return null;
  }
}

/**
 * clGetKernelArgInfo: for programs built from source with -cl-kernel-arg-info, and binaries of such.
 * @returns CL_INVALID_KERNEL, CL_INVALID_ARG_INDEX, CL_INVALID_VALUE, CL_KERNEL_ARG_INFO_NOT_AVAILABLE
 */
export function clGetKernelArgInfo(t: Caller, kernel: cl_kernel | null, arg_index: cl_uint, param_name: cl_kernel_arg_info, param_value_size: number, param_value: ParamValue, param_value_size_ret: Out<number> | null): cl_int {
  const object = kernelOf(t, kernel);
  if (object === undefined) return fail(t, CL_INVALID_KERNEL, "kernel must be a valid kernel", { kernel });
  const param = object.info.params[arg_index];
  if (param === undefined) return fail(t, CL_INVALID_ARG_INDEX, "arg_index must be less than the number of the kernel's arguments", { arg_index, arguments: object.info.params.length });
  const kept = object.program.executables()[0]?.argInfo === true ? param.info : null;
  if (kept === null) return fail(t, CL_KERNEL_ARG_INFO_NOT_AVAILABLE, "the program was built without -cl-kernel-arg-info", { arg_index });
  const answer = argInfo(param, kept, param_name);
  if (answer === null) return fail(t, CL_INVALID_VALUE, "param_name must be a query of clGetKernelArgInfo", { param_name });
  return reply(t, answer, param_value_size, param_value, param_value_size_ret);
}
