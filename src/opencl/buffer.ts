/**
 * OpenCL 3.0 API specification, 5.2.1: Creating Buffer Objects.
 */
import type { Caller } from "../api/caller.ts";
import type { HostPtr, Out } from "../api/out.ts";
import { CL_MEM_COPY_HOST_PTR, CL_MEM_USE_HOST_PTR } from "./abi/constants.ts";
import {
  CL_INVALID_BUFFER_SIZE, CL_INVALID_CONTEXT, CL_INVALID_HOST_PTR, CL_INVALID_PROPERTY, CL_INVALID_VALUE, CL_MEM_OBJECT_ALLOCATION_FAILURE,
} from "./abi/errors.ts";
import type { cl_context, cl_int, cl_mem, cl_mem_flags, cl_mem_properties } from "./abi/types.ts";
import { contextOf } from "./context.ts";
import { maxAllocation } from "./runtime/capabilities.ts";
import type { ContextObject } from "./runtime/context-object.ts";
import { codeOf } from "./runtime/errno.ts";
import { created, failNull } from "./runtime/fail.ts";
import { badMemFlags } from "./runtime/flags.ts";
import { hostBytes, isView } from "./runtime/host-memory.ts";
import { MemObject } from "./runtime/mem-object.ts";
import { stateOf } from "./runtime/state.ts";
import { hostStore, ownStore } from "./runtime/store.ts";
import { findSvm } from "./runtime/svm-allocation.ts";
import { upload } from "./runtime/upload.ts";

/** The memory object behind a handle. */
export function memOf(t: Caller, handle: cl_mem | null): MemObject | undefined {
  return handle === null ? undefined : stateOf(t).mems.get(handle);
}

/**
 * clCreateBuffer.
 * @param host_ptr a simulated address, or a JavaScript array. With CL_MEM_USE_HOST_PTR the first is used by the GPU directly, the second through a copy that is made current
 *   when the buffer is mapped and unmapped.
 * @returns the buffer or NULL; errcode_ret: CL_INVALID_CONTEXT, CL_INVALID_VALUE, CL_INVALID_BUFFER_SIZE, CL_INVALID_HOST_PTR, CL_MEM_OBJECT_ALLOCATION_FAILURE, CL_OUT_OF_RESOURCES, CL_OUT_OF_HOST_MEMORY
 */
export function clCreateBuffer(t: Caller, context: cl_context | null, flags: cl_mem_flags, size: number, host_ptr: HostPtr | null, errcode_ret: Out<cl_int> | null): cl_mem {
  const owner = contextOf(t, context);
  if (owner === undefined) return failNull(t, errcode_ret, CL_INVALID_CONTEXT, "context must be a valid context", { context });
  return createBuffer(t, owner, null, flags, size, host_ptr, errcode_ret);
}

/**
 * clCreateBufferWithProperties: there are no properties for buffers in OpenCL 3.0.
 * @returns the buffer or NULL; errcode_ret: as clCreateBuffer, and CL_INVALID_PROPERTY
 */
export function clCreateBufferWithProperties(t: Caller, context: cl_context | null, properties: readonly cl_mem_properties[] | null, flags: cl_mem_flags, size: number, host_ptr: HostPtr | null, errcode_ret: Out<cl_int> | null): cl_mem {
  const owner = contextOf(t, context);
  if (owner === undefined) return failNull(t, errcode_ret, CL_INVALID_CONTEXT, "context must be a valid context", { context });
  if (properties !== null && properties.length > 0 && properties[0] !== 0) {
    return failNull(t, errcode_ret, CL_INVALID_PROPERTY, "properties must name supported buffer properties only, and there are none", { name: properties[0] });
  }
  return createBuffer(t, owner, properties, flags, size, host_ptr, errcode_ret);
}

function createBuffer(t: Caller, context: ContextObject, properties: readonly number[] | null, flags: number, size: number, host_ptr: HostPtr | null, errcode_ret: Out<cl_int> | null): cl_mem {
  const bad = badMemFlags(flags);
  if (bad !== null) return failNull(t, errcode_ret, CL_INVALID_VALUE, bad, { flags });
  if (!(size > 0)) return failNull(t, errcode_ret, CL_INVALID_BUFFER_SIZE, "size must not be 0", { size });
  if (context.slots.every((slot) => size > maxAllocation(slot.device))) {
    return failNull(t, errcode_ret, CL_INVALID_BUFFER_SIZE, "size must not be greater than CL_DEVICE_MAX_MEM_ALLOC_SIZE of all devices", { size });
  }
  const wantsPointer = (flags & (CL_MEM_USE_HOST_PTR | CL_MEM_COPY_HOST_PTR)) !== 0;
  const pointer = host_ptr === 0 ? null : host_ptr;
  if (wantsPointer && pointer === null) return failNull(t, errcode_ret, CL_INVALID_HOST_PTR, "host_ptr must not be NULL with CL_MEM_USE_HOST_PTR or CL_MEM_COPY_HOST_PTR", { flags });
  if (!wantsPointer && pointer !== null) return failNull(t, errcode_ret, CL_INVALID_HOST_PTR, "host_ptr must be NULL without CL_MEM_USE_HOST_PTR and CL_MEM_COPY_HOST_PTR", { flags });
  const use = (flags & CL_MEM_USE_HOST_PTR) !== 0;
  if (pointer !== null) {
    if (typeof pointer === "number") {
      const svm = findSvm(context.svm, pointer);
      if (svm !== undefined && pointer + size > svm.address + svm.size) {
        return failNull(t, errcode_ret, CL_INVALID_BUFFER_SIZE, "size must not be greater than the SVM allocation that host_ptr points into", { size, allocation: svm.size });
      }
    }
    if (hostBytes(t, pointer, 0, size, false) === null) {
      // NON-SPEC: C would crash, sooner or later.
      return failNull(t, errcode_ret, CL_INVALID_HOST_PTR, "host_ptr must point to size bytes of memory", { host_ptr: isView(pointer) ? `${pointer.byteLength} bytes` : pointer, size });
    }
  }
  const store = use && typeof pointer === "number" ? hostStore(t, context, pointer, size) : ownStore(t, context, flags, size);
  if (typeof store === "number") {
    const code = codeOf(store);
    return failNull(t, errcode_ret, code, code === CL_MEM_OBJECT_ALLOCATION_FAILURE ? "no memory for the buffer" : "the kernel refused memory for the buffer", { size, errno: store });
  }
  const mem = new MemObject(context, flags, size, properties === null ? null : [...properties], use ? pointer : null, store, null, 0);
  if (pointer !== null && store.piece !== null) {
    const code = upload(t, mem, pointer);
    if (code !== 0) {
      mem.release(t);
      return failNull(t, errcode_ret, code, "the initial contents could not be copied", { size });
    }
  }
  return created(errcode_ret, mem.list(stateOf(t).mems));
}
