/**
 * OpenCL 3.0 API specification, 5.2.1: clCreateSubBuffer.
 */
import type { Caller } from "../api/caller.ts";
import type { Out } from "../api/out.ts";
import { CL_BUFFER_CREATE_TYPE_REGION } from "./abi/constants.ts";
import { CL_INVALID_BUFFER_SIZE, CL_INVALID_MEM_OBJECT, CL_INVALID_VALUE, CL_MISALIGNED_SUB_BUFFER_OFFSET, type cl_error } from "./abi/errors.ts";
import type { cl_buffer_create_type, cl_buffer_region, cl_int, cl_mem, cl_mem_flags } from "./abi/types.ts";
import { memOf } from "./buffer.ts";
import { BASE_ALIGN } from "./runtime/capabilities.ts";
import { created, failNull } from "./runtime/fail.ts";
import { badPartFlags, inherit } from "./runtime/flags.ts";
import { advance } from "./runtime/host-memory.ts";
import { MemObject } from "./runtime/mem-object.ts";
import { stateOf } from "./runtime/state.ts";

/**
 * clCreateSubBuffer.
 * @param buffer_create_info `{ origin, size }` in bytes
 * @returns the sub-buffer or NULL; errcode_ret: CL_INVALID_MEM_OBJECT, CL_INVALID_VALUE, CL_INVALID_BUFFER_SIZE, CL_MISALIGNED_SUB_BUFFER_OFFSET
 */
export function clCreateSubBuffer(t: Caller, buffer: cl_mem | null, flags: cl_mem_flags, buffer_create_type: cl_buffer_create_type, buffer_create_info: cl_buffer_region | null, errcode_ret: Out<cl_int> | null): cl_mem {
  const parent = memOf(t, buffer);
  if (parent === undefined || parent.image !== null) return failNull(t, errcode_ret, CL_INVALID_MEM_OBJECT, "buffer must be a valid buffer", { buffer });
  if (parent.whole !== null) return failNull(t, errcode_ret, CL_INVALID_MEM_OBJECT, "buffer must not be a sub-buffer itself", { buffer });
  const reject = (code: cl_error, rule: string, values = {}): cl_mem => failNull(t, errcode_ret, code, rule, values);
  const bad = badPartFlags(flags, parent.flags);
  if (bad !== null) return reject(CL_INVALID_VALUE, bad, { flags, parent: parent.flags });
  if (buffer_create_type !== CL_BUFFER_CREATE_TYPE_REGION) return reject(CL_INVALID_VALUE, "buffer_create_type must be CL_BUFFER_CREATE_TYPE_REGION", { buffer_create_type });
  if (buffer_create_info === null) return reject(CL_INVALID_VALUE, "buffer_create_info must not be NULL");
  const { origin, size } = buffer_create_info;
  if (size === 0) return reject(CL_INVALID_BUFFER_SIZE, "the region's size must not be 0", { origin, size });
  if (origin < 0 || size < 0 || origin + size > parent.size) return reject(CL_INVALID_VALUE, "the region must lie inside the buffer", { origin, size, buffer: parent.size });
  // One alignment holds for all devices here, so what is aligned for one is aligned for all.
  if (origin % BASE_ALIGN !== 0) return reject(CL_MISALIGNED_SUB_BUFFER_OFFSET, "origin must be a multiple of CL_DEVICE_MEM_BASE_ADDR_ALIGN of a device", { origin, alignment: BASE_ALIGN });
  const store = { address: parent.address + origin, piece: null, pinned: 0, svm: parent.store.svm, cpu: parent.store.cpu };
  const pointer = parent.hostPtr === null ? null : advance(parent.hostPtr, origin);
  const mem = new MemObject(parent.context, inherit(flags, parent.flags), size, null, pointer, store, parent, origin);
  return created(errcode_ret, mem.list(stateOf(t).mems));
}
