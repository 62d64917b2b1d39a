/**
 * OpenCL 3.0 API specification, 5.9.2: Setting Kernel Arguments.
 */
import type { Caller } from "../api/caller.ts";
import type { HostPtr } from "../api/out.ts";
import type { KernelParam } from "../compiler/ir/module.ts";
import { samplerBits } from "../compiler/builtins/opencl/images/descriptor.ts";
import {
  CL_DEPTH, CL_FALSE, CL_KERNEL_EXEC_INFO_SVM_FINE_GRAIN_SYSTEM, CL_KERNEL_EXEC_INFO_SVM_PTRS, CL_MEM_OBJECT_IMAGE1D, CL_MEM_OBJECT_IMAGE1D_ARRAY, CL_MEM_OBJECT_IMAGE1D_BUFFER, CL_MEM_OBJECT_IMAGE2D,
  CL_MEM_OBJECT_IMAGE2D_ARRAY, CL_MEM_OBJECT_IMAGE3D, CL_MEM_READ_ONLY, CL_MEM_WRITE_ONLY,
} from "./abi/constants.ts";
import {
  CL_INVALID_ARG_INDEX, CL_INVALID_ARG_SIZE, CL_INVALID_ARG_VALUE, CL_INVALID_KERNEL, CL_INVALID_MEM_OBJECT, CL_INVALID_OPERATION, CL_INVALID_SAMPLER, CL_INVALID_VALUE, CL_SUCCESS,
} from "./abi/errors.ts";
import type { cl_int, cl_kernel, cl_kernel_exec_info, cl_mem, cl_sampler, cl_uint } from "./abi/types.ts";
import { is31 } from "./runtime/capabilities.ts";
import { fail } from "./runtime/fail.ts";
import { hostBytes } from "./runtime/host-memory.ts";
import type { ImageShape } from "./runtime/image-shape.ts";
import type { KernelObject } from "./runtime/kernel-object.ts";
import type { MemObject } from "./runtime/mem-object.ts";
import { stateOf } from "./runtime/state.ts";
import { hasSystemSvm } from "./runtime/context-object.ts";
import { findSvm } from "./runtime/svm-allocation.ts";

/** sizeof(cl_mem), sizeof(void*). */
const POINTER = 8;

/**
 * clSetKernelArg. The value is copied. A kernel holds no references to memory objects.
 * @param arg_size bytes; for `__local` pointers the bytes to allocate
 * @param arg_value an array (or simulated address) with the value; for buffers, images and samplers their handle, or an array with the handle's 8 bytes (for buffers also NULL); for `__local` pointers NULL
 * @returns CL_INVALID_KERNEL, CL_INVALID_ARG_INDEX, CL_INVALID_ARG_VALUE, CL_INVALID_MEM_OBJECT, CL_INVALID_SAMPLER, CL_INVALID_ARG_SIZE
 */
export function clSetKernelArg(t: Caller, kernel: cl_kernel | null, arg_index: cl_uint, arg_size: number, arg_value: HostPtr | cl_mem | cl_sampler | null): cl_int {
  const object = stateOf(t).kernels.get(kernel ?? 0);
  if (object === undefined) return fail(t, CL_INVALID_KERNEL, "kernel must be a valid kernel", { kernel });
  const param = object.info.params[arg_index];
  if (param === undefined) return fail(t, CL_INVALID_ARG_INDEX, "arg_index must be less than the number of the kernel's arguments", { arg_index, arguments: object.info.params.length });
  switch (param.kind) {
    case "global":
    case "const":
      return setBuffer(t, object, param, arg_index, arg_size, arg_value);
    case "shared":
      return setLocal(t, object, arg_index, arg_size, arg_value);
    case "scalar":
    case "bytes":
      return setValue(t, object, param, arg_index, arg_size, arg_value);
    case "sampler":
      return setSampler(t, object, param, arg_index, arg_size, arg_value);
    case "image":
      return setImage(t, object, param, arg_index, arg_size, arg_value);
  }
}

/** The handle in `arg_value`: itself, or as C gives it, in 8 bytes of memory. */
function handleIn(value: HostPtr | null): number {
  if (value === null) return 0;
  if (typeof value === "number") return value;
  return value.byteLength < POINTER ? -1 : Number(new DataView(value.buffer, value.byteOffset).getBigUint64(0, true));
}

function writeAddress(kernel: KernelObject, offset: number, address: number): void {
  kernel.view.setUint32(offset, address % 2 ** 32, true);
  kernel.view.setUint32(offset + 4, Math.floor(address / 2 ** 32), true);
}

function setBuffer(t: Caller, kernel: KernelObject, param: KernelParam, index: number, size: number, value: HostPtr | null): cl_int {
  const handle = handleIn(value);
  let address = 0;
  let mem = null;
  if (handle !== 0) {
    mem = stateOf(t).mems.get(handle) ?? null;
    if (mem === null || mem.image !== null || mem.context !== kernel.program.context) return fail(t, CL_INVALID_MEM_OBJECT, "arg_value must be a valid buffer of the kernel's context, or NULL", { arg_index: index, arg_value: handle });
    address = mem.address;
  }
  if (size !== POINTER) return fail(t, CL_INVALID_ARG_SIZE, "arg_size of a memory object must be sizeof(cl_mem), 8", { arg_index: index, arg_size: size });
  writeAddress(kernel, param.offset, address);
  kernel.mems[index] = mem;
  kernel.mark(index);
  return CL_SUCCESS;
}

/** Image types of OpenCL C by name, for CL_MEM_OBJECT_IMAGE*. */
const typeNames: ReadonlyMap<number, string> = new Map([
  [CL_MEM_OBJECT_IMAGE1D, "image1d"], [CL_MEM_OBJECT_IMAGE1D_BUFFER, "image1d_buffer"], [CL_MEM_OBJECT_IMAGE1D_ARRAY, "image1d_array"], [CL_MEM_OBJECT_IMAGE2D, "image2d"],
  [CL_MEM_OBJECT_IMAGE2D_ARRAY, "image2d_array"], [CL_MEM_OBJECT_IMAGE3D, "image3d"],
]);

/** Why an image does not go with how the argument is declared, or null. */
function unfit(mem: MemObject, shape: ImageShape, param: KernelParam): string | null {
  const access = (param.info?.access ?? "").replace(/^__/, "");
  if ((mem.flags & CL_MEM_WRITE_ONLY) !== 0 && (access === "read_only" || access === "read_write")) return "an image of CL_MEM_WRITE_ONLY cannot be an argument that is read";
  if ((mem.flags & CL_MEM_READ_ONLY) !== 0 && (access === "write_only" || access === "read_write")) return "an image of CL_MEM_READ_ONLY cannot be an argument that is written";
  // NON-SPEC: OpenCL leaves undefined what happens with an image of another type than the kernel declares.
  const declared = /\b(image[123]d(?:_array|_buffer)?)(_depth)?_t\b/.exec(param.info?.typeName ?? "");
  if (declared === null) return null;
  const depth = shape.format.image_channel_order === CL_DEPTH;
  return declared[1] === typeNames.get(shape.type) && (declared[2] !== undefined) === depth ? null : `the argument is declared as ${declared[0]}, and the image is another type`;
}

function setImage(t: Caller, kernel: KernelObject, param: KernelParam, index: number, size: number, value: HostPtr | null): cl_int {
  const handle = handleIn(value);
  const mem = stateOf(t).mems.get(handle);
  if (mem === undefined || mem.image === null || mem.context !== kernel.program.context) return fail(t, CL_INVALID_MEM_OBJECT, "arg_value must be a valid image of the kernel's context", { arg_index: index, arg_value: handle });
  const why = unfit(mem, mem.image, param);
  if (why !== null) return fail(t, CL_INVALID_ARG_VALUE, why, { arg_index: index, flags: mem.flags, type: param.info?.typeName });
  if (size !== POINTER) return fail(t, CL_INVALID_ARG_SIZE, "arg_size of a memory object must be sizeof(cl_mem), 8", { arg_index: index, arg_size: size });
  writeAddress(kernel, param.offset, mem.image.descriptor.address);
  kernel.mems[index] = mem;
  kernel.mark(index);
  return CL_SUCCESS;
}

function setSampler(t: Caller, kernel: KernelObject, param: KernelParam, index: number, size: number, value: HostPtr | null): cl_int {
  const handle = handleIn(value);
  const sampler = stateOf(t).samplers.get(handle);
  if (sampler === undefined || sampler.context !== kernel.program.context) return fail(t, CL_INVALID_SAMPLER, "arg_value must be a valid sampler of the kernel's context", { arg_index: index, arg_value: handle });
  if (size !== POINTER) return fail(t, CL_INVALID_ARG_SIZE, "arg_size of a sampler must be sizeof(cl_sampler), 8", { arg_index: index, arg_size: size });
  const { normalized, addressing, filter } = sampler.sampling;
  writeAddress(kernel, param.offset, Number(samplerBits(normalized, addressing, filter)));
  kernel.mark(index);
  return CL_SUCCESS;
}

function setLocal(t: Caller, kernel: KernelObject, index: number, size: number, value: HostPtr | null): cl_int {
  if (value !== null) return fail(t, CL_INVALID_ARG_VALUE, "arg_value of a __local argument must be NULL", { arg_index: index });
  if (size < 0 || (size === 0 && !is31(t))) return fail(t, CL_INVALID_ARG_SIZE, "arg_size of a __local argument must not be 0 before OpenCL 3.1", { arg_index: index });
  kernel.localBytes[index] = size;
  kernel.mark(index);
  return CL_SUCCESS;
}

function setValue(t: Caller, kernel: KernelObject, param: KernelParam, index: number, size: number, value: HostPtr | null): cl_int {
  if (value === null) return fail(t, CL_INVALID_ARG_VALUE, "arg_value must not be NULL", { arg_index: index });
  if (size !== param.size) return fail(t, CL_INVALID_ARG_SIZE, "arg_size must be the size of the argument's type", { arg_index: index, arg_size: size, type: param.info?.typeName ?? param.type, needed: param.size });
  // The fast way for what nearly all arguments are. Only an element is looked at: the buffer behind a small array is not there before somebody asks for it.
  if (size === 4 && typeof value !== "number") {
    if (value instanceof Int32Array && value.length !== 0) {
      kernel.view.setInt32(param.offset, value[0]!, true);
      kernel.mark(index);
      return CL_SUCCESS;
    }
    if (value instanceof Uint32Array && value.length !== 0) {
      kernel.view.setUint32(param.offset, value[0]!, true);
      kernel.mark(index);
      return CL_SUCCESS;
    }
    if (value instanceof Float32Array && value.length !== 0) {
      kernel.view.setFloat32(param.offset, value[0]!, true);
      kernel.mark(index);
      return CL_SUCCESS;
    }
  }
  const bytes = hostBytes(t, value, 0, size, false);
  if (bytes === null) return fail(t, CL_INVALID_ARG_VALUE, "arg_value must point to arg_size bytes", { arg_index: index, arg_size: size });
  kernel.params.set(bytes, param.offset);
  kernel.mark(index);
  return CL_SUCCESS;
}

/**
 * clSetKernelArgSVMPointer: an address inside an allocation of clSVMAlloc, any address where a device has fine-grained system SVM, or NULL.
 * @returns CL_INVALID_KERNEL, CL_INVALID_ARG_INDEX, CL_INVALID_ARG_VALUE
 */
export function clSetKernelArgSVMPointer(t: Caller, kernel: cl_kernel | null, arg_index: cl_uint, arg_value: number | null): cl_int {
  const object = stateOf(t).kernels.get(kernel ?? 0);
  if (object === undefined) return fail(t, CL_INVALID_KERNEL, "kernel must be a valid kernel", { kernel });
  const param = object.info.params[arg_index];
  if (param === undefined) return fail(t, CL_INVALID_ARG_INDEX, "arg_index must be less than the number of the kernel's arguments", { arg_index, arguments: object.info.params.length });
  if (param.kind !== "global" && param.kind !== "const") return fail(t, CL_INVALID_ARG_VALUE, "the argument must be declared as a pointer to global or constant memory", { arg_index });
  const address = arg_value ?? 0;
  const { context } = object.program;
  if (address !== 0 && !hasSystemSvm(context) && findSvm(context.svm, address) === undefined) {
    return fail(t, CL_INVALID_ARG_VALUE, "arg_value must point into an allocation of clSVMAlloc of the kernel's context", { arg_index, arg_value });
  }
  writeAddress(object, param.offset, address);
  object.mems[arg_index] = null;
  object.mark(arg_index);
  return CL_SUCCESS;
}

/**
 * clSetKernelExecInfo.
 * @param param_value for CL_KERNEL_EXEC_INFO_SVM_PTRS an array of addresses or their bytes; for CL_KERNEL_EXEC_INFO_SVM_FINE_GRAIN_SYSTEM a number or its bytes
 * @returns CL_INVALID_KERNEL, CL_INVALID_VALUE, CL_INVALID_OPERATION
 */
export function clSetKernelExecInfo(t: Caller, kernel: cl_kernel | null, param_name: cl_kernel_exec_info, param_value_size: number, param_value: readonly number[] | number | ArrayBufferView | null): cl_int {
  const object = stateOf(t).kernels.get(kernel ?? 0);
  if (object === undefined) return fail(t, CL_INVALID_KERNEL, "kernel must be a valid kernel", { kernel });
  if (param_name === CL_KERNEL_EXEC_INFO_SVM_PTRS) {
    if (param_value === null ? param_value_size > 0 : param_value_size === 0) return fail(t, CL_INVALID_VALUE, "param_value must be NULL exactly when param_value_size is 0", { param_value_size });
    const pointers = param_value === null ? [] : pointersIn(param_value);
    if (pointers === null || param_value_size % POINTER !== 0 || pointers.length * POINTER < param_value_size) return fail(t, CL_INVALID_VALUE, "param_value_size must be a multiple of sizeof(void*)", { param_value_size });
    object.svmPointers = pointers.slice(0, param_value_size / POINTER);
    return CL_SUCCESS;
  }
  if (param_name === CL_KERNEL_EXEC_INFO_SVM_FINE_GRAIN_SYSTEM) {
    if (param_value === null || param_value_size !== 4) return fail(t, CL_INVALID_VALUE, "param_value must be a cl_bool, 4 bytes", { param_value_size });
    if (boolIn(param_value) !== CL_FALSE && !hasSystemSvm(object.program.context)) return fail(t, CL_INVALID_OPERATION, "no device of the context has fine-grained system SVM");
    return CL_SUCCESS;
  }
  return fail(t, CL_INVALID_VALUE, "param_name must be CL_KERNEL_EXEC_INFO_SVM_PTRS or CL_KERNEL_EXEC_INFO_SVM_FINE_GRAIN_SYSTEM", { param_name });
}

function pointersIn(value: readonly number[] | number | ArrayBufferView): number[] | null {
  if (typeof value === "number") return null;
  if (!ArrayBuffer.isView(value)) return [...value];
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  return Array.from({ length: Math.floor(value.byteLength / POINTER) }, (_, i) => Number(view.getBigUint64(POINTER * i, true)));
}

function boolIn(value: readonly number[] | number | ArrayBufferView): number {
  if (typeof value === "number") return value;
  return ArrayBuffer.isView(value) ? new DataView(value.buffer, value.byteOffset, value.byteLength).getUint32(0, true) : (value[0] ?? 0);
}
