/**
 * OpenCL 3.0 API specification, 5.10: Executing Kernels.
 */
import type { Caller } from "../api/caller.ts";
import type { Out } from "../api/out.ts";
import type { KernelInfo } from "../compiler/abi.ts";
import type { LaunchJob } from "../kernel/sys/uapi.ts";
import { CL_COMMAND_NDRANGE_KERNEL, CL_COMMAND_TASK } from "./abi/constants.ts";
import {
  CL_INVALID_CONTEXT, CL_INVALID_GLOBAL_OFFSET, CL_INVALID_GLOBAL_WORK_SIZE, CL_INVALID_KERNEL, CL_INVALID_KERNEL_ARGS, CL_INVALID_OPERATION, CL_INVALID_PROGRAM_EXECUTABLE, CL_INVALID_VALUE,
  CL_INVALID_WORK_DIMENSION, CL_INVALID_WORK_GROUP_SIZE, CL_INVALID_WORK_ITEM_SIZE, CL_MISALIGNED_SUB_BUFFER_OFFSET, CL_OUT_OF_RESOURCES, CL_SUCCESS,
} from "./abi/errors.ts";
import type { cl_command_queue, cl_event, cl_int, cl_kernel, cl_uint } from "./abi/types.ts";
import { kernelOf } from "./kernel.ts";
import { BASE_ALIGN, localBytes, maxWorkItems, SIZE_MAX } from "./runtime/capabilities.ts";
import { command, hostQueue, issue } from "./runtime/command.ts";
import { fail } from "./runtime/fail.ts";
import { kernelWorkGroup, localLayout, suggestLocal } from "./runtime/geometry.ts";
import { instanceOf } from "./runtime/instance.ts";
import type { KernelObject } from "./runtime/kernel-object.ts";
import type { MemObject } from "./runtime/mem-object.ts";
import type { Build } from "./runtime/program-object.ts";
import type { QueueObject } from "./runtime/queue-object.ts";
import { isOver } from "./runtime/settle.ts";
import { MARKER } from "./runtime/transfer.ts";
import { waitList } from "./runtime/wait-list.ts";

type Sizes = readonly number[];

/** A kernel that can be enqueued on a queue. */
interface Target {
  readonly queue: QueueObject;
  readonly kernel: KernelObject;
  readonly build: Build;
  /** The kernel as it is on the queue's device. */
  readonly info: KernelInfo;
}

/** What kernel, queue and arguments must be like, or the code that was recorded. */
function target(t: Caller, command_queue: cl_command_queue | null, handle: cl_kernel | null): Target | cl_int {
  const queue = hostQueue(t, command_queue);
  if (typeof queue === "number") return queue;
  const kernel = kernelOf(t, handle);
  if (kernel === undefined) return fail(t, CL_INVALID_KERNEL, "kernel must be a valid kernel", { kernel: handle });
  if (kernel.program.context !== queue.context) return fail(t, CL_INVALID_CONTEXT, "kernel must be of the queue's context", { kernel: handle });
  const build = kernel.program.builds.get(queue.slot.device);
  if (build === undefined || build.code === null) return fail(t, CL_INVALID_PROGRAM_EXECUTABLE, "the program was not built for the queue's device", { device: queue.slot.device.node });
  if (kernel.missing > 0) return fail(t, CL_INVALID_KERNEL_ARGS, "all arguments must have been set", { missing: kernel.isSet.flatMap((set, i) => (set ? [] : [i])) });
  for (let i = 0; i < kernel.mems.length; i++) {
    const mem = kernel.mems[i]!;
    if (mem === null) continue;
    // A kernel does not retain its arguments: releasing one and enqueueing the kernel is the program's mistake.
    if (!mem.listed) return fail(t, CL_INVALID_KERNEL_ARGS, "a buffer set as argument has been released", { arg_index: i });
    if (mem.origin % BASE_ALIGN !== 0) return fail(t, CL_MISALIGNED_SUB_BUFFER_OFFSET, "a sub-buffer argument must be aligned to CL_DEVICE_MEM_BASE_ADDR_ALIGN of the queue's device", { arg_index: i });
  }
  return { queue, kernel, build, info: build.code.kernels.get(kernel.info.name) ?? kernel.info };
}

/** What is wrong with dimensions, sizes and offsets. */
function checkRange(t: Caller, work_dim: cl_uint, offset: Sizes | null, global: Sizes | null): cl_int {
  if (!(work_dim >= 1 && work_dim <= 3)) return fail(t, CL_INVALID_WORK_DIMENSION, "work_dim must be 1, 2 or 3", { work_dim });
  for (let i = 0; global !== null && i < work_dim; i++) {
    const size = global[i] ?? 0;
    if (!(size >= 0 && size <= SIZE_MAX)) return fail(t, CL_INVALID_GLOBAL_WORK_SIZE, "no global size may exceed the device's size_t", { dimension: i, size });
    if (!((offset?.[i] ?? 0) >= 0 && (offset?.[i] ?? 0) + size <= SIZE_MAX)) return fail(t, CL_INVALID_GLOBAL_OFFSET, "no global offset plus size may exceed the device's size_t", { dimension: i, offset: offset?.[i], size });
  }
  return CL_SUCCESS;
}

/** What is wrong with a work-group size that the program gives. */
function checkLocal(t: Caller, { queue, kernel, build, info }: Target, global: Sizes, local: Sizes): cl_int {
  const { device } = queue.slot;
  const required = info.attributes.reqdWorkGroupSize;
  if (required !== null && required.some((size, i) => size !== (local[i] ?? 1))) {
    return fail(t, CL_INVALID_WORK_GROUP_SIZE, "local_work_size must be the kernel's reqd_work_group_size", { local: [...local], required: [...required] });
  }
  if (local.some((size) => !(size > 0))) return fail(t, CL_INVALID_WORK_GROUP_SIZE, "no local size may be 0", { local: [...local] });
  const items = local.reduce((a, b) => a * b, 1);
  const most = kernelWorkGroup(device, kernel);
  if (items > most) return fail(t, CL_INVALID_WORK_GROUP_SIZE, "the work-group must not be larger than CL_KERNEL_WORK_GROUP_SIZE", { local: [...local], items, most });
  if (!build.nonUniform && global.some((size, i) => size % local[i]! !== 0)) {
    return fail(t, CL_INVALID_WORK_GROUP_SIZE, "global sizes must be divisible by local sizes: non-uniform work-groups need a program built with -cl-std=CL2.0 or later, without -cl-uniform-work-group-size", { global: [...global], local: [...local] });
  }
  const limits = maxWorkItems(device);
  for (let i = 0; i < local.length; i++) if (local[i]! > limits[i]!) return fail(t, CL_INVALID_WORK_ITEM_SIZE, "no local size may exceed CL_DEVICE_MAX_WORK_ITEM_SIZES", { dimension: i, local: local[i], limit: limits[i] });
  return CL_SUCCESS;
}

function triple(sizes: Sizes | null, work_dim: number, rest: number): [number, number, number] {
  return [sizes?.[0] ?? rest, work_dim > 1 ? (sizes?.[1] ?? rest) : rest, work_dim > 2 ? (sizes?.[2] ?? rest) : rest];
}

/** The parameter block as the kernel will see it. */
function parameters(kernel: KernelObject, offsets: readonly number[]): Uint8Array {
  if (kernel.params.length === 0) return kernel.params;
  const params = kernel.params.slice();
  let view: DataView | null = null;
  for (let i = 0; i < kernel.info.params.length; i++) {
    const param = kernel.info.params[i]!;
    if (param.kind !== "shared") continue;
    view ??= new DataView(params.buffer);
    view.setUint32(param.offset, offsets[i]!, true);
    view.setUint32(param.offset + 4, 0, true);
  }
  return params;
}

/** Enqueues a checked launch. */
function launch(t: Caller, to: Target, type: number, work_dim: 1 | 2 | 3, offset: Sizes | null, global: Sizes, local: Sizes, num: cl_uint, list: readonly (cl_event | null)[] | null, event: Out<cl_event> | null): cl_int {
  const { queue, kernel, build, info } = to;
  const layout = localLayout(kernel, info);
  const available = localBytes(queue.slot.device);
  if (layout.total > available) return fail(t, CL_OUT_OF_RESOURCES, "the kernel needs more local memory than CL_DEVICE_LOCAL_MEM_SIZE", { needed: layout.total, available });
  const events = waitList(t, queue.context, num, list, event);
  if (typeof events === "number") return events;
  const instance = instanceOf(t, kernel.program, build.code!, queue.slot);
  if (typeof instance === "number") return fail(t, instance, "no memory for the program's variables");
  const used = kernel.mems.filter((mem): mem is MemObject => mem !== null);
  const run = command(t, queue, type, events, used, [kernel]);
  if (instance.ready !== null) {
    if (isOver(t, instance.ready)) instance.ready = null;
    else run.after = [...run.after, instance.ready];
  }
  const globalSize = triple(global, work_dim, 1);
  const block = triple(local, work_dim, 1);
  const job: LaunchJob = {
    kind: "launch", code: build.code!, kernel: kernel.info.name, workDim: work_dim, globalSize, block, globalOffset: triple(offset, work_dim, 0),
    grid: [Math.ceil(globalSize[0] / block[0]), Math.ceil(globalSize[1] / block[1]), Math.ceil(globalSize[2] / block[2])],
    dynamicSharedBytes: layout.dynamicBytes, params: parameters(kernel, layout.offsets), symbols: instance.symbols, cooperative: false,
    stdout: info.usesPrintf ? (text) => t.sys.write(1, text) : null,
  };
  return issue(t, run, job, kernel.info.name, event);
}

/**
 * clEnqueueNDRangeKernel. Argument values are taken now. A global size of 0 (or NULL) does nothing but wait and complete.
 * @returns CL_INVALID_PROGRAM_EXECUTABLE, CL_INVALID_COMMAND_QUEUE, CL_INVALID_KERNEL, CL_INVALID_CONTEXT, CL_INVALID_KERNEL_ARGS, CL_INVALID_WORK_DIMENSION, CL_INVALID_GLOBAL_WORK_SIZE,
 *   CL_INVALID_GLOBAL_OFFSET, CL_INVALID_WORK_GROUP_SIZE, CL_INVALID_WORK_ITEM_SIZE, CL_MISALIGNED_SUB_BUFFER_OFFSET, CL_OUT_OF_RESOURCES, CL_MEM_OBJECT_ALLOCATION_FAILURE,
 *   CL_INVALID_EVENT_WAIT_LIST, CL_OUT_OF_HOST_MEMORY
 */
export function clEnqueueNDRangeKernel(t: Caller, command_queue: cl_command_queue | null, kernel: cl_kernel | null, work_dim: cl_uint, global_work_offset: Sizes | null, global_work_size: Sizes | null, local_work_size: Sizes | null, num_events_in_wait_list: cl_uint, event_wait_list: readonly (cl_event | null)[] | null, event: Out<cl_event> | null): cl_int {
  const to = target(t, command_queue, kernel);
  if (typeof to === "number") return to;
  const range = checkRange(t, work_dim, global_work_offset, global_work_size);
  if (range !== 0) return range;
  const global = global_work_size?.slice(0, work_dim) ?? [0];
  if (global.includes(0) || global.length < work_dim) {
    const events = waitList(t, to.queue.context, num_events_in_wait_list, event_wait_list, event);
    if (typeof events === "number") return events;
    return issue(t, command(t, to.queue, CL_COMMAND_NDRANGE_KERNEL, events, []), MARKER, `${to.kernel.info.name} (empty range)`, event);
  }
  const local = local_work_size?.slice(0, work_dim) ?? suggestLocal(to.queue.slot.device, to.kernel, global);
  const bad = checkLocal(t, to, global, local);
  if (bad !== 0) return bad;
  return launch(t, to, CL_COMMAND_NDRANGE_KERNEL, work_dim as 1 | 2 | 3, global_work_offset, global, local, num_events_in_wait_list, event_wait_list, event);
}

const ONE: Sizes = [1];

/**
 * clEnqueueTask (deprecated in 2.0): one work-item.
 * @returns CL_INVALID_PROGRAM_EXECUTABLE, CL_INVALID_COMMAND_QUEUE, CL_INVALID_KERNEL, CL_INVALID_CONTEXT, CL_INVALID_KERNEL_ARGS, CL_INVALID_WORK_GROUP_SIZE, CL_MISALIGNED_SUB_BUFFER_OFFSET,
 *   CL_OUT_OF_RESOURCES, CL_MEM_OBJECT_ALLOCATION_FAILURE, CL_INVALID_EVENT_WAIT_LIST, CL_OUT_OF_HOST_MEMORY
 */
export function clEnqueueTask(t: Caller, command_queue: cl_command_queue | null, kernel: cl_kernel | null, num_events_in_wait_list: cl_uint, event_wait_list: readonly (cl_event | null)[] | null, event: Out<cl_event> | null): cl_int {
  const to = target(t, command_queue, kernel);
  if (typeof to === "number") return to;
  const bad = checkLocal(t, to, ONE, ONE);
  if (bad !== 0) return bad;
  return launch(t, to, CL_COMMAND_TASK, 1, null, ONE, ONE, num_events_in_wait_list, event_wait_list, event);
}

/**
 * clEnqueueNativeKernel: the devices have no CL_EXEC_NATIVE_KERNEL, so a well-formed call is refused.
 * @returns CL_INVALID_COMMAND_QUEUE, CL_INVALID_VALUE, CL_INVALID_OPERATION
 */
export function clEnqueueNativeKernel(t: Caller, command_queue: cl_command_queue | null, user_func: ((args: unknown) => unknown) | null, args: ArrayBufferView | readonly unknown[] | null, cb_args: number, num_mem_objects: cl_uint, mem_list: readonly unknown[] | null, args_mem_loc: readonly unknown[] | null, _num_events_in_wait_list: cl_uint, _event_wait_list: readonly (cl_event | null)[] | null, _event: Out<cl_event> | null): cl_int {
  const queue = hostQueue(t, command_queue);
  if (typeof queue === "number") return queue;
  if (user_func === null) return fail(t, CL_INVALID_VALUE, "user_func must not be NULL");
  if (args === null && (cb_args > 0 || num_mem_objects > 0)) return fail(t, CL_INVALID_VALUE, "args must not be NULL when there are argument bytes or memory objects", { cb_args, num_mem_objects });
  if (args !== null && cb_args === 0) return fail(t, CL_INVALID_VALUE, "cb_args must not be 0 when args is not NULL");
  if (num_mem_objects > 0 && (mem_list === null || args_mem_loc === null)) return fail(t, CL_INVALID_VALUE, "mem_list and args_mem_loc must not be NULL when there are memory objects", { num_mem_objects });
  if (num_mem_objects === 0 && (mem_list !== null || args_mem_loc !== null)) return fail(t, CL_INVALID_VALUE, "mem_list and args_mem_loc must be NULL when there are no memory objects");
  return fail(t, CL_INVALID_OPERATION, "the queue's device cannot execute native kernels (CL_DEVICE_EXECUTION_CAPABILITIES has no CL_EXEC_NATIVE_KERNEL)");
}

/**
 * clGetKernelSuggestedLocalWorkSize (3.1; cl_khr_suggested_local_work_size before): what clEnqueueNDRangeKernel takes when local_work_size is NULL.
 * @returns CL_INVALID_COMMAND_QUEUE, CL_INVALID_KERNEL, CL_INVALID_CONTEXT, CL_INVALID_PROGRAM_EXECUTABLE, CL_INVALID_KERNEL_ARGS, CL_MISALIGNED_SUB_BUFFER_OFFSET, CL_INVALID_WORK_DIMENSION,
 *   CL_INVALID_GLOBAL_WORK_SIZE, CL_INVALID_GLOBAL_OFFSET, CL_INVALID_VALUE
 */
export function clGetKernelSuggestedLocalWorkSize(t: Caller, command_queue: cl_command_queue | null, kernel: cl_kernel | null, work_dim: cl_uint, global_work_offset: Sizes | null, global_work_size: Sizes | null, suggested_local_work_size: Out<number[]> | null): cl_int {
  const to = target(t, command_queue, kernel);
  if (typeof to === "number") return to;
  const range = checkRange(t, work_dim, global_work_offset, global_work_size);
  if (range !== 0) return range;
  const global = global_work_size?.slice(0, work_dim) ?? [];
  if (global.length < work_dim || global.includes(0)) return fail(t, CL_INVALID_GLOBAL_WORK_SIZE, "global_work_size must not be NULL, and no size 0", { global });
  if (suggested_local_work_size === null) return fail(t, CL_INVALID_VALUE, "suggested_local_work_size must not be NULL");
  suggested_local_work_size.value = suggestLocal(to.queue.slot.device, to.kernel, global);
  return CL_SUCCESS;
}
