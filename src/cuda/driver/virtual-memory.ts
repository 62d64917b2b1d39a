import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import { GPU_READ, GPU_WRITE } from "../../kernel/sys/uapi.ts";
import type { In } from "../abi/common.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import type { CUdeviceptr, CUmemAccessDesc, CUmemGenericAllocationHandle, CUmemLocation } from "../abi/driver/types.ts";
import type { Device } from "./core/device.ts";
import { enterDriver } from "./core/enter.ts";
import { fail } from "./core/fail.ts";
import { errnoCode, errnoRule } from "./core/fault.ts";
import type { Allocation } from "./core/memory.ts";
import { VirtualMapping, virtualKey, type PhysicalMemory } from "./core/physical.ts";
import { PAGE } from "./core/space.ts";
import type { DriverState } from "./core/state.ts";
import { waitContext } from "./core/wait.ts";

/** Virtual Memory Management: address ranges, what is mapped there, who may access it. Physical memory: physical-memory.ts. */

/** Sizes of physical memory are multiples of this, bytes. */
export const GRANULARITY: number = 2 * 1024 * 1024;

/**
 * Keeps a range of addresses. Nothing is behind it, and nothing else will be given it.
 * NON-SPEC: pages are 64 KiB here; the address hint is not followed.
 * @param ptr gets the beginning
 * @param size bytes, a multiple of the page size
 * @param alignment a power of two, or 0
 * @param flags must be 0
 * @returns INVALID_VALUE: ptr NULL, size 0 or no multiple of the page size, alignment no power of two, a misaligned hint, flags not 0. OUT_OF_MEMORY: no addresses left.
 */
export function cuMemAddressReserve(t: Caller, ptr: Out<CUdeviceptr> | null, size: number, alignment: number, addr: CUdeviceptr, flags: number | bigint): CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  if (ptr === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "ptr must not be NULL");
  if (!(size > 0) || size % PAGE !== 0) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "size must be a positive multiple of the page size (65536)", { size });
  if (alignment !== 0 && (alignment < 0 || Math.log2(alignment) % 1 !== 0)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "alignment must be 0 or a power of two", { alignment });
  if (addr % PAGE !== 0) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "addr must be a multiple of the page size (65536)", { addr });
  if (BigInt(flags) !== 0n) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "flags must be 0", { flags });
  const address = t.sys.reserve(size, Math.max(alignment, GRANULARITY));
  if (address < 0) return fail(t, errnoCode(address), errnoRule(address, "reserving addresses"), { size });
  driver.remember("virtual", address, size, {});
  ptr.value = address;
  return 0;
}

/**
 * Gives a reserved range back.
 * @returns INVALID_VALUE: not exactly what cuMemAddressReserve gave, or something is still mapped there.
 */
export function cuMemAddressFree(t: Caller, ptr: CUdeviceptr, size: number): CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  const range = driver.memory.find(ptr);
  if (range?.kind !== "virtual" || range.address !== ptr || range.size !== size) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "ptr and size must be those of one cuMemAddressReserve", { ptr, size });
  if (range.mappings.length > 0) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "nothing may be mapped in the range any more: cuMemUnmap comes first", { ptr, mappings: range.mappings.length });
  driver.memory.remove(range);
  t.sys.munmap(ptr, size);
  return 0;
}

/** The reserved range that holds [ptr, ptr + size). */
function reserved(driver: DriverState, ptr: number, size: number): Allocation | null {
  const range = driver.memory.find(ptr);
  return range?.kind === "virtual" && ptr + size <= range.address + range.size ? range : null;
}

/** Mappings that lie in a range, ascending; null when they do not cover it whole and exactly. */
function exactly(range: Allocation, ptr: number, size: number): VirtualMapping[] | null {
  const inside = (range.mappings as VirtualMapping[]).filter((m) => m.address < ptr + size && m.address + m.bytes > ptr);
  let at = ptr;
  for (const mapping of inside) {
    if (mapping.address !== at) return null;
    at += mapping.bytes;
  }
  return at === ptr + size ? inside : null;
}

/**
 * Maps physical memory into a reserved range. No device may access it before cuMemSetAccess.
 * @param offset must be 0
 * @param flags must be 0
 * @returns INVALID_VALUE: a range that is not reserved, misaligned, mapped already, larger than the memory; offset or flags not 0; not a handle.
 */
export function cuMemMap(t: Caller, ptr: CUdeviceptr, size: number, offset: number, handle: CUmemGenericAllocationHandle | null, flags: number | bigint): CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  const memory = t.processState(virtualKey).handles.get(handle ?? 0);
  if (memory === undefined) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "handle must be physical memory of this process", { handle });
  if (offset !== 0) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "offset must be 0", { offset });
  if (BigInt(flags) !== 0n) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "flags must be 0", { flags });
  if (!(size > 0) || size % GRANULARITY !== 0 || ptr % GRANULARITY !== 0) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "ptr and size must be multiples of the granularity (2 MiB)", { ptr, size });
  if (size > memory.size) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "size must not exceed the physical memory", { size, memory: memory.size });
  const range = reserved(driver, ptr, size);
  if (range === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "the range must be reserved with cuMemAddressReserve", { ptr, size });
  if (range.mappings.some((m) => m.address < ptr + size && m.address + m.bytes > ptr)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "nothing may be mapped in the range already", { ptr, size });
  const mapping = new VirtualMapping(ptr, size, memory);
  memory.mappings++;
  range.mappings.push(mapping);
  range.mappings.sort((a, b) => a.address - b.address);
  driver.everywhere.add(mapping);
  return 0;
}

/**
 * Takes mappings out of a range. The physical memory goes with its last mapping and handle. Waits for work of contexts that could access it. Blocks.
 * @returns INVALID_VALUE: a range that is not made of whole mappings.
 */
export function* cuMemUnmap(t: Caller, ptr: CUdeviceptr, size: number): Blocking<CUresult> {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  const range = reserved(driver, ptr, size);
  const mappings = range === null || !(size > 0) ? null : exactly(range, ptr, size);
  if (range === null || mappings === null || mappings.length === 0) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "the range must be made of whole mappings", { ptr, size });
  for (const [, context] of driver.contexts.entries()) if (mappings.some((m) => m.spaces.has(context.space))) yield* waitContext(t, context);
  for (const mapping of mappings) {
    mapping.unbindAll(t);
    driver.everywhere.delete(mapping);
    range.mappings.splice(range.mappings.indexOf(mapping), 1);
    mapping.memory.mappings--;
    mapping.memory.settle(t, t.processState(virtualKey));
  }
  return 0;
}

/** Kernel protection bits of access flags; null when they are none. */
function protection(flags: number | undefined): number | null {
  switch (flags) {
    case cu.CU_MEM_ACCESS_FLAGS_PROT_NONE: return 0;
    case cu.CU_MEM_ACCESS_FLAGS_PROT_READ: return GPU_READ;
    case cu.CU_MEM_ACCESS_FLAGS_PROT_READWRITE: return GPU_READ | GPU_WRITE;
    default: return null;
  }
}

/** Whether a device may reach the memory of another. */
function reaches(device: Device, memory: PhysicalMemory): boolean {
  return device === memory.device || device.profile.computeCapability[0] === memory.device.profile.computeCapability[0];
}

/**
 * Sets which devices may read and write a mapped range.
 * @param desc locations (devices) and flags
 * @returns INVALID_VALUE: a range not made of whole mappings, desc NULL, count 0, unknown flags or kind of location. INVALID_DEVICE: no such device, or one that cannot reach
 * the memory. NOT_SUPPORTED: access for the host.
 */
export function cuMemSetAccess(t: Caller, ptr: CUdeviceptr, size: number, desc: readonly In<CUmemAccessDesc>[] | null, count: number): CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  if (desc === null || !(count > 0) || desc.length < count) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "desc must have count entries, at least one", { count });
  const range = reserved(driver, ptr, size);
  const mappings = range === null || !(size > 0) ? null : exactly(range, ptr, size);
  if (mappings === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "the range must be mapped, and made of whole mappings", { ptr, size });
  const wanted: (readonly [Device, number])[] = [];
  for (const { location, flags } of desc.slice(0, count)) {
    const bits = protection(flags ?? 0);
    if (bits === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "flags must be of CUmemAccess_flags", { flags });
    if (location?.type === cu.CU_MEM_LOCATION_TYPE_HOST || location?.type === cu.CU_MEM_LOCATION_TYPE_HOST_NUMA) return fail(t, cu.CUDA_ERROR_NOT_SUPPORTED, "the host has no access to this memory");
    if (location?.type !== cu.CU_MEM_LOCATION_TYPE_DEVICE) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "location.type must be CU_MEM_LOCATION_TYPE_DEVICE", { type: location?.type });
    const device = driver.devices[location.id ?? 0];
    if (device === undefined || !mappings.every((m) => reaches(device, m.memory))) return fail(t, cu.CUDA_ERROR_INVALID_DEVICE, "location.id must be a device that can reach the memory", { id: location.id });
    wanted.push([device, bits]);
  }
  for (const mapping of mappings) {
    for (const [device, bits] of wanted) {
      mapping.access.set(device, bits);
      for (const space of driver.spaces()) {
        if (space.device !== device) continue;
        if (bits === 0) mapping.unbind(t, space);
        else {
          const error = mapping.bind(t, space, bits);
          if (error < 0) return fail(t, errnoCode(error), errnoRule(error, "mapping the memory"));
        }
      }
    }
  }
  return 0;
}

/**
 * Which access a device has to a mapped address.
 * @param flags gets a CUmemAccess_flags value
 * @returns INVALID_VALUE: a pointer NULL, nothing mapped there, unknown kind of location. INVALID_DEVICE: no such device.
 */
export function cuMemGetAccess(t: Caller, flags: Out<bigint> | null, location: In<CUmemLocation> | null, ptr: CUdeviceptr): CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  if (flags === null || location === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "flags and location must not be NULL");
  if (location.type !== cu.CU_MEM_LOCATION_TYPE_DEVICE) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "location.type must be CU_MEM_LOCATION_TYPE_DEVICE", { type: location.type });
  const device = driver.devices[location.id ?? 0];
  if (device === undefined) return fail(t, cu.CUDA_ERROR_INVALID_DEVICE, "location.id must be a device", { id: location.id });
  const mapping = (reserved(driver, ptr, 1)?.mappings as VirtualMapping[] | undefined)?.find((m) => ptr >= m.address && ptr < m.address + m.bytes);
  if (mapping === undefined) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "something must be mapped at ptr", { ptr });
  const bits = mapping.access.get(device) ?? 0;
  flags.value = BigInt(bits === 0 ? cu.CU_MEM_ACCESS_FLAGS_PROT_NONE : bits === GPU_READ ? cu.CU_MEM_ACCESS_FLAGS_PROT_READ : cu.CU_MEM_ACCESS_FLAGS_PROT_READWRITE);
  return 0;
}
