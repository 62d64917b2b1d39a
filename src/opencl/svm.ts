/**
 * OpenCL 3.0 API specification, 5.6: Shared Virtual Memory (buffers; of system memory nothing needs to be allocated).
 */
import { RED_ZONE } from "../check/checker.ts";
import { checkerOf } from "../check/registry.ts";
import type { Caller } from "../api/caller.ts";
import { CL_DEVICE_SVM_ATOMICS, CL_DEVICE_SVM_FINE_GRAIN_BUFFER, CL_MEM_SVM_ATOMICS, CL_MEM_SVM_FINE_GRAIN_BUFFER } from "./abi/constants.ts";
import { CL_INVALID_CONTEXT, CL_INVALID_VALUE, CL_MEM_OBJECT_ALLOCATION_FAILURE } from "./abi/errors.ts";
import type { cl_context, cl_svm_mem_flags, cl_uint } from "./abi/types.ts";
import { contextOf } from "./context.ts";
import { maxAllocation, svmCapabilities } from "./runtime/capabilities.ts";
import type { ContextObject } from "./runtime/context-object.ts";
import { fail, misuse } from "./runtime/fail.ts";
import { badSvmFlags } from "./runtime/flags.ts";
import { reap } from "./runtime/submit.ts";
import { findSvm } from "./runtime/svm-allocation.ts";

/** Greatest alignment that can be asked for: a page. */
const MAX_ALIGNMENT = 65536;

/**
 * clSVMAlloc: memory that host and devices see at one address: a buffer object in system memory, mapped shared into the process and into every device's address
 * space. Both sides see each other's stores at once, so that coarse- and fine-grained buffers are the same thing here; only what the program may rely on differs. Unlike other functions it gives no code, only NULL; the reason is in the diagnostics.
 * @param alignment a power of two, or 0 for the default
 * @returns the address, or 0 (NULL)
 */
export function clSVMAlloc(t: Caller, context: cl_context | null, flags: cl_svm_mem_flags, size: number, alignment: cl_uint): number {
  const owner = contextOf(t, context);
  if (owner === undefined) return fail(t, CL_INVALID_CONTEXT, "context must be a valid context", { context }), 0;
  const bad = badSvmFlags(flags);
  if (bad !== null) return fail(t, CL_INVALID_VALUE, bad, { flags }), 0;
  const offered = owner.slots.reduce((all, slot) => all | svmCapabilities(slot.device), 0);
  if ((flags & CL_MEM_SVM_FINE_GRAIN_BUFFER) !== 0 && (offered & CL_DEVICE_SVM_FINE_GRAIN_BUFFER) === 0) return fail(t, CL_INVALID_VALUE, "no device has fine-grained SVM buffers", { flags }), 0;
  if ((flags & CL_MEM_SVM_ATOMICS) !== 0 && (offered & CL_DEVICE_SVM_ATOMICS) === 0) return fail(t, CL_INVALID_VALUE, "no device has SVM atomics", { flags }), 0;
  if (!(size > 0)) return fail(t, CL_INVALID_VALUE, "size must not be 0"), 0;
  if (owner.slots.some((slot) => size > maxAllocation(slot.device))) return fail(t, CL_INVALID_VALUE, "size must not be greater than CL_DEVICE_MAX_MEM_ALLOC_SIZE of any device", { size }), 0;
  if ((alignment & (alignment - 1)) !== 0 || alignment < 0 || alignment > MAX_ALIGNMENT) {
    return fail(t, CL_INVALID_VALUE, "alignment must be 0 or a power of two that the devices support", { alignment }), 0;
  }
  const backing = owner.memory.create(t, size + (checkerOf(t) === null ? 0 : RED_ZONE), "system", "svm");
  if (typeof backing === "number") return fail(t, CL_MEM_OBJECT_ALLOCATION_FAILURE, "no memory for the allocation", { size, errno: backing }), 0;
  t.sys.watch?.allocated(backing.address, size);
  checkerOf(t)?.allocated(t.process, backing.address, size, "clSVMAlloc", true, null, RED_ZONE);
  owner.svm.push({ address: backing.address, size, flags, backing, maps: [] });
  return backing.address;
}

/** clSVMFree: at once; it does not wait for commands that use the memory. NULL is ignored. */
export function clSVMFree(t: Caller, context: cl_context | null, svm_pointer: number | null): void {
  const owner = contextOf(t, context);
  if (owner === undefined) {
    fail(t, CL_INVALID_CONTEXT, "context must be a valid context", { context });
    return;
  }
  if (svm_pointer === null || svm_pointer === 0) return;
  reap(t);
  freeSvm(t, owner, svm_pointer);
}

/** Frees an allocation by its address; what is none is the program's mistake. */
export function freeSvm(t: Caller, context: ContextObject, pointer: number): void {
  const allocation = findSvm(context.svm, pointer);
  if (allocation === undefined || allocation.address !== pointer) {
    misuse(t, "svm_pointer must be what clSVMAlloc gave for this context, not freed yet", { svm_pointer: pointer });
    return;
  }
  t.sys.watch?.freed(allocation.address, allocation.size);
  checkerOf(t)?.freed(t.process, allocation.address);
  context.svm.splice(context.svm.indexOf(allocation), 1);
  context.memory.destroy(t, allocation.backing);
}
