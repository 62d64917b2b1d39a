/**
 * OpenCL 3.0 API specification, 5.5: Memory Objects (retaining, destructor callbacks, queries).
 */
import type { Caller } from "../api/caller.ts";
import type { Out } from "../api/out.ts";
import {
  CL_FALSE, CL_MEM_ASSOCIATED_MEMOBJECT, CL_MEM_CONTEXT, CL_MEM_FLAGS, CL_MEM_HOST_PTR, CL_MEM_MAP_COUNT, CL_MEM_OBJECT_BUFFER, CL_MEM_OFFSET, CL_MEM_PROPERTIES, CL_MEM_REFERENCE_COUNT,
  CL_MEM_SIZE, CL_MEM_TYPE, CL_MEM_USES_SVM_POINTER, CL_TRUE,
} from "./abi/constants.ts";
import { CL_INVALID_MEM_OBJECT, CL_INVALID_VALUE, CL_SUCCESS } from "./abi/errors.ts";
import type { cl_int, cl_mem, cl_mem_info } from "./abi/types.ts";
import { memOf } from "./buffer.ts";
import { startHelper } from "./runtime/callback.ts";
import { fail } from "./runtime/fail.ts";
import { nothing, reply, size, sizes, uint, type Answer, type ParamValue } from "./runtime/info.ts";
import type { MemObject } from "./runtime/mem-object.ts";
import { waitFor } from "./runtime/settle.ts";
import { reap, usersOf } from "./runtime/submit.ts";

/** clRetainMemObject. @returns CL_INVALID_MEM_OBJECT */
export function clRetainMemObject(t: Caller, memobj: cl_mem | null): cl_int {
  const mem = memOf(t, memobj);
  if (mem === undefined || mem.refs === 0) return fail(t, CL_INVALID_MEM_OBJECT, "memobj must be a valid memory object", { memobj });
  mem.refs++;
  return CL_SUCCESS;
}

/**
 * clReleaseMemObject. The object goes when commands that use it have ended, too; then its destructor callbacks run.
 * @returns CL_INVALID_MEM_OBJECT
 */
export function clReleaseMemObject(t: Caller, memobj: cl_mem | null): cl_int {
  const mem = memOf(t, memobj);
  if (mem === undefined || mem.refs === 0) return fail(t, CL_INVALID_MEM_OBJECT, "memobj must be a valid memory object", { memobj });
  if (mem.refs === 1 && mem.uses > 0) reap(t);
  mem.release(t);
  if (mem.refs === 0 && mem.uses > 0 && mem.destructors.length > 0) awaitUsers(t, mem);
  return CL_SUCCESS;
}

/** Has a helper see the end of the commands that still use a released object, so that its callbacks run even if the program calls nothing more. */
function awaitUsers(t: Caller, mem: MemObject): void {
  const users = usersOf(t, mem);
  startHelper(t, "opencl-destructors", function* (helper) {
    for (const event of users) yield* waitFor(helper, event);
  });
}

/** clGetMemObjectInfo. @returns CL_INVALID_MEM_OBJECT, CL_INVALID_VALUE */
export function clGetMemObjectInfo(t: Caller, memobj: cl_mem | null, param_name: cl_mem_info, param_value_size: number, param_value: ParamValue, param_value_size_ret: Out<number> | null): cl_int {
  const mem = memOf(t, memobj);
  if (mem === undefined) return fail(t, CL_INVALID_MEM_OBJECT, "memobj must be a valid memory object", { memobj });
  const answer = memInfo(mem, param_name);
  if (answer === null) return fail(t, CL_INVALID_VALUE, "param_name must be a query of clGetMemObjectInfo", { param_name });
  return reply(t, answer, param_value_size, param_value, param_value_size_ret);
}

function memInfo(mem: MemObject, name: cl_mem_info): Answer | null {
  switch (name) {
    case CL_MEM_TYPE: return uint(mem.image?.type ?? CL_MEM_OBJECT_BUFFER);
    case CL_MEM_FLAGS: return size(mem.flags);
    case CL_MEM_SIZE: return size(mem.size);
    // A JavaScript array has no address: an Out box gets the array itself, bytes are 0.
    case CL_MEM_HOST_PTR: return typeof mem.hostPtr === "number" ? size(mem.hostPtr) : { size: 8, value: mem.hostPtr ?? 0, write: (view) => view.setBigUint64(0, 0n, true) };
    case CL_MEM_MAP_COUNT: return uint(mem.root.maps.filter((map) => map.owner === mem).length);
    case CL_MEM_REFERENCE_COUNT: return uint(mem.refs);
    case CL_MEM_CONTEXT: return size(mem.context.handle);
    case CL_MEM_ASSOCIATED_MEMOBJECT: return size(mem.whole?.handle ?? 0);
    case CL_MEM_OFFSET: return size(mem.image === null ? mem.origin : 0);
    case CL_MEM_USES_SVM_POINTER: return uint(mem.store.svm === null ? CL_FALSE : CL_TRUE);
    case CL_MEM_PROPERTIES: return mem.properties === null ? nothing : sizes(mem.properties);
    default: return null;
  }
}

/**
 * clSetMemObjectDestructorCallback: `pfn_notify(memobj, user_data)` is called when the object is destroyed, the last registered first, before its memory goes.
 * @returns CL_INVALID_MEM_OBJECT, CL_INVALID_VALUE
 */
export function clSetMemObjectDestructorCallback(t: Caller, memobj: cl_mem | null, pfn_notify: ((memobj: cl_mem, user_data: unknown) => unknown) | null, user_data: unknown): cl_int {
  const mem = memOf(t, memobj);
  if (mem === undefined) return fail(t, CL_INVALID_MEM_OBJECT, "memobj must be a valid memory object", { memobj });
  if (pfn_notify === null) return fail(t, CL_INVALID_VALUE, "pfn_notify must not be NULL");
  mem.destructors.push({ call: pfn_notify, data: user_data });
  return CL_SUCCESS;
}
