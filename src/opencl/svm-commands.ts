/**
 * OpenCL 3.0 API specification, 5.6: commands on shared virtual memory. All devices have it, so CL_INVALID_OPERATION ("does not support SVM") cannot happen.
 */
import type { Caller } from "../api/caller.ts";
import type { HostPtr, Out } from "../api/out.ts";
import type { Blocking } from "../kernel/process/wait.ts";
import type { Job } from "../kernel/sys/uapi.ts";
import {
  CL_COMMAND_SVM_FREE, CL_COMMAND_SVM_MAP, CL_COMMAND_SVM_MEMCPY, CL_COMMAND_SVM_MEMFILL, CL_COMMAND_SVM_MIGRATE_MEM, CL_COMMAND_SVM_UNMAP, CL_FALSE,
} from "./abi/constants.ts";
import { CL_INVALID_VALUE, CL_MEM_COPY_OVERLAP, CL_SUCCESS, type cl_error } from "./abi/errors.ts";
import type { cl_bool, cl_command_queue, cl_event, cl_int, cl_map_flags, cl_mem_migration_flags, cl_uint } from "./abi/types.ts";
import { patternOf } from "./copy.ts";
import { badMigrationFlags } from "./migrate.ts";
import { runCallback } from "./runtime/callback.ts";
import { command, hostQueue, issue } from "./runtime/command.ts";
import type { ContextObject } from "./runtime/context-object.ts";
import { hostCodeOf } from "./runtime/errno.ts";
import type { EventObject } from "./runtime/event.ts";
import { fail, misuse } from "./runtime/fail.ts";
import { badMapFlags } from "./runtime/flags.ts";
import { isView, viewBytes } from "./runtime/host-memory.ts";
import { checkList } from "./runtime/host-transfer.ts";
import { enqueue, flush } from "./runtime/submit.ts";
import { findSvm } from "./runtime/svm-allocation.ts";
import { abandon, delegate, doPending, enqueueAfter, line, MARKER, packed, readJob, writeJob, type Pending } from "./runtime/transfer.ts";
import { completion, publish, waitList } from "./runtime/wait-list.ts";
import { freeSvm } from "./svm.ts";

/** `void (*pfn_free_func)(cl_command_queue queue, cl_uint num_svm_pointers, void* svm_pointers[], void* user_data)` */
export type SvmFreeFunction = (queue: cl_command_queue, num_svm_pointers: cl_uint, svm_pointers: readonly number[], user_data: unknown) => unknown;

/**
 * clEnqueueSVMFree: frees when its turn comes; with `pfn_free_func` that frees.
 * @returns CL_INVALID_COMMAND_QUEUE, CL_INVALID_VALUE, CL_INVALID_EVENT_WAIT_LIST, CL_INVALID_CONTEXT (events), CL_OUT_OF_RESOURCES, CL_OUT_OF_HOST_MEMORY
 */
export function clEnqueueSVMFree(t: Caller, command_queue: cl_command_queue | null, num_svm_pointers: cl_uint, svm_pointers: readonly number[] | null, pfn_free_func: SvmFreeFunction | null, user_data: unknown, num_events_in_wait_list: cl_uint, event_wait_list: readonly (cl_event | null)[] | null, event: Out<cl_event> | null): cl_int {
  const queue = hostQueue(t, command_queue);
  if (typeof queue === "number") return queue;
  if ((num_svm_pointers === 0) !== (svm_pointers === null)) return fail(t, CL_INVALID_VALUE, "num_svm_pointers must be 0 exactly when svm_pointers is NULL", { num_svm_pointers });
  const list = waitList(t, queue.context, num_events_in_wait_list, event_wait_list, event);
  if (typeof list === "number") return list;
  const pointers = (svm_pointers ?? []).slice(0, num_svm_pointers);
  const { context } = queue;
  const free = command(t, queue, CL_COMMAND_SVM_FREE, list, []);
  const pending = enqueueAfter(t, free, MARKER, "svm free", (who) => {
    if (pfn_free_func !== null) runCallback(who, () => pfn_free_func(command_queue!, num_svm_pointers, pointers, user_data));
    else for (const pointer of pointers) if (pointer !== 0) freeSvm(who, context, pointer);
  });
  if (typeof pending === "number" && pending !== 0) return fail(t, pending, "the command could not be enqueued");
  publish(t, free, event);
  if (pending !== 0) delegate(t, pending);
  return CL_SUCCESS;
}

/** Whether two ranges share a byte. */
function overlaps(a: HostPtr, b: HostPtr, size: number): boolean {
  if (isView(a) !== isView(b)) return false;
  if (isView(a) && isView(b)) return a.buffer === b.buffer && a.byteOffset < b.byteOffset + size && b.byteOffset < a.byteOffset + size;
  return (a as number) < (b as number) + size && (b as number) < (a as number) + size;
}

/** Job and host work of a memcpy between any two kinds of memory. */
function memcpyWork(t: Caller, event: EventObject, dst: HostPtr, src: HostPtr, size: number): { job: Job; capture: ((t: Caller) => void) | null } | cl_error {
  const box = line(size);
  const whole = packed(box);
  if (isView(dst) && isView(src)) return { job: MARKER, capture: () => viewBytes(dst, 0, size).set(viewBytes(src, 0, size)) };
  const { memory } = event.context;
  const inner = isView(dst) ? (src as number) : (dst as number);
  const errno = memory.pin(t, inner, size);
  if (errno < 0) return errno === -14 ? CL_INVALID_VALUE : hostCodeOf(errno);
  let result: { job: Job; capture: ((t: Caller) => void) | null } | cl_error;
  if (isView(dst)) {
    const job = readJob(t, event, inner, whole, box, { pointer: dst, offset: 0, ...whole });
    result = typeof job === "number" ? job : { job, capture: null };
  } else result = writeJob(t, event, inner, whole, box, { pointer: src, offset: 0, ...whole });
  const { cleanup } = event;
  event.cleanup = (who) => {
    cleanup?.(who);
    memory.unpin(who, inner, size);
  };
  if (typeof result === "number") abandon(t, event);
  return result;
}

/**
 * clEnqueueSVMMemcpy: between SVM and host memory in any combination.
 * @returns CL_INVALID_COMMAND_QUEUE, CL_INVALID_CONTEXT, CL_INVALID_EVENT_WAIT_LIST, CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST (blocking), CL_INVALID_VALUE, CL_MEM_COPY_OVERLAP, CL_OUT_OF_RESOURCES,
 *   CL_OUT_OF_HOST_MEMORY
 */
export function* clEnqueueSVMMemcpy(t: Caller, command_queue: cl_command_queue | null, blocking_copy: cl_bool, dst_ptr: HostPtr | null, src_ptr: HostPtr | null, size: number, num_events_in_wait_list: cl_uint, event_wait_list: readonly (cl_event | null)[] | null, event: Out<cl_event> | null): Blocking<cl_int> {
  const queue = hostQueue(t, command_queue);
  if (typeof queue === "number") return queue;
  const list = waitList(t, queue.context, num_events_in_wait_list, event_wait_list, event);
  if (typeof list === "number") return list;
  const blocking = blocking_copy !== CL_FALSE;
  const failed = checkList(t, list, blocking);
  if (failed !== 0) return failed;
  if (dst_ptr === null || dst_ptr === 0 || src_ptr === null || src_ptr === 0) return fail(t, CL_INVALID_VALUE, "dst_ptr and src_ptr must not be NULL");
  if (size > 0 && overlaps(dst_ptr, src_ptr, size)) return fail(t, CL_MEM_COPY_OVERLAP, "source and destination must not overlap", { size });
  for (const pointer of [dst_ptr, src_ptr]) if (isView(pointer) && pointer.byteLength < size) return fail(t, CL_INVALID_VALUE, "an array given as pointer is too short", { bytes: pointer.byteLength, size });
  const copy = command(t, queue, CL_COMMAND_SVM_MEMCPY, list, []);
  const work = size === 0 ? { job: MARKER, capture: null } : memcpyWork(t, copy, dst_ptr, src_ptr, size);
  if (typeof work === "number") return fail(t, work, "dst_ptr and src_ptr must point to memory that the transfer can use", { size });
  const pending: 0 | cl_error | Pending = work.capture === null ? enqueue(t, copy, work.job, "svm memcpy") : enqueueAfter(t, copy, work.job, "svm memcpy", work.capture);
  if (typeof pending === "number" && pending !== 0) {
    abandon(t, copy);
    return fail(t, pending, "the command could not be enqueued");
  }
  if (!blocking) {
    publish(t, copy, event);
    if (pending !== 0) delegate(t, pending);
    return CL_SUCCESS;
  }
  flush(t, queue);
  if (pending !== 0) yield* doPending(t, pending);
  const result = yield* completion(t, copy, list);
  if (result === 0) publish(t, copy, event);
  return result;
}

/**
 * clEnqueueSVMMemFill.
 * @returns CL_INVALID_COMMAND_QUEUE, CL_INVALID_CONTEXT, CL_INVALID_VALUE, CL_INVALID_EVENT_WAIT_LIST, CL_OUT_OF_RESOURCES, CL_OUT_OF_HOST_MEMORY
 */
export function clEnqueueSVMMemFill(t: Caller, command_queue: cl_command_queue | null, svm_ptr: number | null, pattern: ArrayBufferView | number | null, pattern_size: number, size: number, num_events_in_wait_list: cl_uint, event_wait_list: readonly (cl_event | null)[] | null, event: Out<cl_event> | null): cl_int {
  const queue = hostQueue(t, command_queue);
  if (typeof queue === "number") return queue;
  if (svm_ptr === null || svm_ptr === 0) return fail(t, CL_INVALID_VALUE, "svm_ptr must not be NULL");
  const bytes = patternOf(t, pattern, pattern_size);
  if (typeof bytes === "number") return bytes;
  if (svm_ptr % pattern_size !== 0) return fail(t, CL_INVALID_VALUE, "svm_ptr must be aligned to pattern_size", { svm_ptr, pattern_size });
  if (size % pattern_size !== 0) return fail(t, CL_INVALID_VALUE, "size must be a multiple of pattern_size", { size, pattern_size });
  const list = waitList(t, queue.context, num_events_in_wait_list, event_wait_list, event);
  if (typeof list === "number") return list;
  const fill = command(t, queue, CL_COMMAND_SVM_MEMFILL, list, []);
  if (size === 0) return issue(t, fill, MARKER, "svm fill", event);
  const { memory } = queue.context;
  const errno = memory.pin(t, svm_ptr, size);
  if (errno < 0) return fail(t, errno === -14 ? CL_INVALID_VALUE : hostCodeOf(errno), "svm_ptr must point to memory that the command can use", { svm_ptr, size });
  fill.cleanup = (who) => memory.unpin(who, svm_ptr, size);
  const result = issue(t, fill, { kind: "fill", dst: svm_ptr, extent: line(size), pitch: size, slicePitch: size, pattern: bytes }, "svm fill", event);
  if (result !== 0) abandon(t, fill);
  return result;
}

/**
 * clEnqueueSVMMap: the host may use the region when the command has ended. Coarse-grained memory lies where the host reaches it, so nothing moves.
 * @returns CL_INVALID_COMMAND_QUEUE, CL_INVALID_CONTEXT, CL_INVALID_VALUE, CL_INVALID_EVENT_WAIT_LIST, CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST (blocking), CL_OUT_OF_RESOURCES,
 *   CL_OUT_OF_HOST_MEMORY
 */
export function* clEnqueueSVMMap(t: Caller, command_queue: cl_command_queue | null, blocking_map: cl_bool, flags: cl_map_flags, svm_ptr: number | null, size: number, num_events_in_wait_list: cl_uint, event_wait_list: readonly (cl_event | null)[] | null, event: Out<cl_event> | null): Blocking<cl_int> {
  const queue = hostQueue(t, command_queue);
  if (typeof queue === "number") return queue;
  if (svm_ptr === null || svm_ptr === 0) return fail(t, CL_INVALID_VALUE, "svm_ptr must not be NULL");
  if (!(size > 0)) return fail(t, CL_INVALID_VALUE, "size must not be 0");
  const bad = badMapFlags(flags);
  if (bad !== null) return fail(t, CL_INVALID_VALUE, bad, { flags });
  const list = waitList(t, queue.context, num_events_in_wait_list, event_wait_list, event);
  if (typeof list === "number") return list;
  const blocking = blocking_map !== CL_FALSE;
  const failed = checkList(t, list, blocking);
  if (failed !== 0) return failed;
  const map = command(t, queue, CL_COMMAND_SVM_MAP, list, []);
  const code = enqueue(t, map, MARKER, "svm map");
  if (code !== 0) return fail(t, code, "the command could not be enqueued");
  const allocation = findSvm(queue.context.svm, svm_ptr, size);
  if (allocation === undefined) misuse(t, "the region should lie inside one allocation of clSVMAlloc in the queue's context", { svm_ptr, size });
  allocation?.maps.push({ address: svm_ptr, size, flags });
  if (blocking) {
    flush(t, queue);
    const result = yield* completion(t, map, list);
    if (result !== 0) return result;
  }
  publish(t, map, event);
  return CL_SUCCESS;
}

/**
 * clEnqueueSVMUnmap.
 * @returns CL_INVALID_COMMAND_QUEUE, CL_INVALID_CONTEXT, CL_INVALID_VALUE, CL_INVALID_EVENT_WAIT_LIST, CL_OUT_OF_RESOURCES, CL_OUT_OF_HOST_MEMORY
 */
export function clEnqueueSVMUnmap(t: Caller, command_queue: cl_command_queue | null, svm_ptr: number | null, num_events_in_wait_list: cl_uint, event_wait_list: readonly (cl_event | null)[] | null, event: Out<cl_event> | null): cl_int {
  const queue = hostQueue(t, command_queue);
  if (typeof queue === "number") return queue;
  if (svm_ptr === null || svm_ptr === 0) return fail(t, CL_INVALID_VALUE, "svm_ptr must not be NULL");
  const list = waitList(t, queue.context, num_events_in_wait_list, event_wait_list, event);
  if (typeof list === "number") return list;
  const allocation = findSvm(queue.context.svm, svm_ptr);
  const index = allocation?.maps.findIndex((map) => map.address === svm_ptr) ?? -1;
  const result = issue(t, command(t, queue, CL_COMMAND_SVM_UNMAP, list, []), MARKER, "svm unmap", event);
  if (index < 0) misuse(t, "svm_ptr should be what clEnqueueSVMMap was given, not unmapped yet", { svm_ptr });
  else if (result === 0) allocation!.maps.splice(index, 1);
  return result;
}

/** Whether a range given to clEnqueueSVMMigrateMem is one. */
function inside(context: ContextObject, pointer: number, size: number): boolean {
  return findSvm(context.svm, pointer, Math.max(size, 1)) !== undefined;
}

/**
 * clEnqueueSVMMigrateMem: takes its place in the order; memory stays where all reach it.
 * @returns CL_INVALID_COMMAND_QUEUE, CL_INVALID_CONTEXT, CL_INVALID_VALUE, CL_INVALID_EVENT_WAIT_LIST, CL_OUT_OF_RESOURCES, CL_OUT_OF_HOST_MEMORY
 */
export function clEnqueueSVMMigrateMem(t: Caller, command_queue: cl_command_queue | null, num_svm_pointers: cl_uint, svm_pointers: readonly number[] | null, sizes: readonly number[] | null, flags: cl_mem_migration_flags, num_events_in_wait_list: cl_uint, event_wait_list: readonly (cl_event | null)[] | null, event: Out<cl_event> | null): cl_int {
  const queue = hostQueue(t, command_queue);
  if (typeof queue === "number") return queue;
  if (num_svm_pointers === 0 || svm_pointers === null) return fail(t, CL_INVALID_VALUE, "num_svm_pointers must not be 0, nor svm_pointers NULL", { num_svm_pointers });
  for (let i = 0; i < num_svm_pointers; i++) {
    const size = sizes?.[i] ?? 0;
    if (!inside(queue.context, svm_pointers[i] ?? 0, size)) return fail(t, CL_INVALID_VALUE, "each range must lie inside one allocation of clSVMAlloc", { index: i, pointer: svm_pointers[i], size });
  }
  const bad = badMigrationFlags(flags);
  if (bad !== null) return fail(t, CL_INVALID_VALUE, bad, { flags });
  const list = waitList(t, queue.context, num_events_in_wait_list, event_wait_list, event);
  if (typeof list === "number") return list;
  return issue(t, command(t, queue, CL_COMMAND_SVM_MIGRATE_MEM, list, []), MARKER, "svm migrate", event);
}
