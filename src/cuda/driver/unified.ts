import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import * as cu from "../abi/driver/constants.ts";
import { CUpointer_attribute, type CUresult } from "../abi/driver/enums.ts";
import type { CUdeviceptr } from "../abi/driver/types.ts";
import { isEnumerator } from "./core/arguments.ts";
import { enter } from "./core/enter.ts";
import { fail } from "./core/fail.ts";
import { isHostAccessible, type Allocation } from "./core/memory.ts";

/** Unified Addressing: what an address is. Managed memory's hints: managed.ts. */

/** An attribute's value for an address inside an allocation; undefined: the attribute says nothing about such memory. */
function attributeOf(allocation: Allocation, attribute: CUpointer_attribute, ptr: number): unknown {
  const host = isHostAccessible(allocation.kind);
  switch (attribute) {
    case cu.CU_POINTER_ATTRIBUTE_CONTEXT: return allocation.context?.handle ?? 0;
    case cu.CU_POINTER_ATTRIBUTE_MEMORY_TYPE: return host && allocation.kind !== "managed" ? cu.CU_MEMORYTYPE_HOST : cu.CU_MEMORYTYPE_DEVICE;
    case cu.CU_POINTER_ATTRIBUTE_DEVICE_POINTER: return ptr;
    case cu.CU_POINTER_ATTRIBUTE_HOST_POINTER: return host ? ptr : undefined;
    case cu.CU_POINTER_ATTRIBUTE_P2P_TOKENS: return undefined;
    case cu.CU_POINTER_ATTRIBUTE_SYNC_MEMOPS: return allocation.syncMemops;
    case cu.CU_POINTER_ATTRIBUTE_BUFFER_ID: return BigInt(allocation.id);
    case cu.CU_POINTER_ATTRIBUTE_IS_MANAGED: return allocation.kind === "managed";
    case cu.CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL: return (allocation.device ?? allocation.context?.device)?.ordinal ?? cu.CU_DEVICE_INVALID;
    case cu.CU_POINTER_ATTRIBUTE_IS_LEGACY_CUDA_IPC_CAPABLE: return allocation.kind === "device";
    case cu.CU_POINTER_ATTRIBUTE_RANGE_START_ADDR: return allocation.address;
    case cu.CU_POINTER_ATTRIBUTE_RANGE_SIZE: return allocation.size;
    case cu.CU_POINTER_ATTRIBUTE_MAPPED: return allocation.kind !== "virtual" || allocation.mappings.some((m) => ptr >= m.address && ptr < m.address + m.bytes);
    case cu.CU_POINTER_ATTRIBUTE_ALLOWED_HANDLE_TYPES: return allocation.kind === "virtual" ? BigInt(cu.CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR) : 0n;
    case cu.CU_POINTER_ATTRIBUTE_IS_GPU_DIRECT_RDMA_CAPABLE: return false;
    case cu.CU_POINTER_ATTRIBUTE_ACCESS_FLAGS: return cu.CU_POINTER_ATTRIBUTE_ACCESS_FLAG_READWRITE;
    case cu.CU_POINTER_ATTRIBUTE_MEMPOOL_HANDLE: return allocation.kind === "pool" ? (allocation.owner as { readonly handle: number }).handle : 0;
    case cu.CU_POINTER_ATTRIBUTE_MAPPING_SIZE: return allocation.mappings.find((m) => ptr >= m.address && ptr < m.address + m.bytes)?.bytes ?? 0;
    case cu.CU_POINTER_ATTRIBUTE_MAPPING_BASE_ADDR: return allocation.mappings.find((m) => ptr >= m.address && ptr < m.address + m.bytes)?.address ?? 0;
    case cu.CU_POINTER_ATTRIBUTE_MEMORY_BLOCK_ID: return BigInt(allocation.id);
    case cu.CU_POINTER_ATTRIBUTE_IS_HW_DECOMPRESS_CAPABLE: return false;
    default: return undefined;
  }
}

/**
 * One attribute of the memory at an address.
 * @param data gets a number, bigint (ids, handle type masks) or boolean
 * @returns INVALID_VALUE: data NULL, unknown attribute, an address that CUDA knows nothing of, an attribute that such memory does not have.
 */
export function cuPointerGetAttribute(t: Caller, data: Out<unknown> | null, attribute: CUpointer_attribute, ptr: CUdeviceptr): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (data === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "data must not be NULL");
  if (!isEnumerator(CUpointer_attribute, attribute)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "attribute must be of CUpointer_attribute", { attribute });
  const allocation = context.driver.memory.find(ptr);
  if (allocation === undefined) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "ptr must be memory allocated by, mapped by or registered with CUDA", { ptr });
  const value = attributeOf(allocation, attribute, ptr);
  if (value === undefined) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "memory of this kind does not have this attribute", { attribute, kind: allocation.kind });
  data.value = value;
  return 0;
}

/** What cuPointerGetAttributes answers for an address that CUDA knows nothing of. */
function unknownPointer(attribute: CUpointer_attribute): unknown {
  switch (attribute) {
    case cu.CU_POINTER_ATTRIBUTE_SYNC_MEMOPS: case cu.CU_POINTER_ATTRIBUTE_IS_MANAGED: case cu.CU_POINTER_ATTRIBUTE_IS_LEGACY_CUDA_IPC_CAPABLE: case cu.CU_POINTER_ATTRIBUTE_MAPPED:
    case cu.CU_POINTER_ATTRIBUTE_IS_GPU_DIRECT_RDMA_CAPABLE: case cu.CU_POINTER_ATTRIBUTE_IS_HW_DECOMPRESS_CAPABLE: return false;
    case cu.CU_POINTER_ATTRIBUTE_BUFFER_ID: case cu.CU_POINTER_ATTRIBUTE_ALLOWED_HANDLE_TYPES: case cu.CU_POINTER_ATTRIBUTE_MEMORY_BLOCK_ID: return 0n;
    case cu.CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL: return cu.CU_DEVICE_INVALID;
    default: return 0;
  }
}

/**
 * Several attributes at once. An unknown address is no error here: it gets zeros, false and CU_DEVICE_INVALID.
 * @param data an out box for each attribute; NULL ones are left out
 * @returns INVALID_VALUE: a pointer NULL, numAttributes 0, unknown attributes.
 */
export function cuPointerGetAttributes(t: Caller, numAttributes: number, attributes: readonly CUpointer_attribute[] | null, data: readonly (Out<unknown> | null)[] | null, ptr: CUdeviceptr): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (attributes === null || data === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "attributes and data must not be NULL");
  if (!(numAttributes > 0) || attributes.length < numAttributes || data.length < numAttributes) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "numAttributes must be positive, with that many attributes and data", { numAttributes });
  const bad = attributes.slice(0, numAttributes).find((attribute) => !isEnumerator(CUpointer_attribute, attribute));
  if (bad !== undefined) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "attributes must be of CUpointer_attribute", { attribute: bad });
  const allocation = context.driver.memory.find(ptr);
  for (let i = 0; i < numAttributes; i++) {
    const box = data[i];
    const attribute = attributes[i]!;
    if (box != null) box.value = (allocation === undefined ? undefined : attributeOf(allocation, attribute, ptr)) ?? unknownPointer(attribute);
  }
  return 0;
}

/**
 * Sets an attribute of the allocation at an address. Only CU_POINTER_ATTRIBUTE_SYNC_MEMOPS can be: copies and sets of that memory are then synchronous.
 * @param value a truth value
 * @returns INVALID_VALUE: value NULL, another attribute, not memory of cuMemAlloc.
 */
export function cuPointerSetAttribute(t: Caller, value: number | boolean | null, attribute: CUpointer_attribute, ptr: CUdeviceptr): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (value === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "value must not be NULL");
  if (attribute !== cu.CU_POINTER_ATTRIBUTE_SYNC_MEMOPS) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "only CU_POINTER_ATTRIBUTE_SYNC_MEMOPS can be set", { attribute });
  const allocation = context.driver.memory.find(ptr);
  if (allocation?.kind !== "device") return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "ptr must be memory of cuMemAlloc", { ptr });
  allocation.syncMemops = Boolean(value);
  return 0;
}
