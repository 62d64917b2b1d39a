import { FRAME } from "../../gpu/frames.ts";
import { Errno, invariant } from "../errors.ts";
import type { SysCaller } from "../fs/file.ts";
import type { AddressSpace } from "../mm/address-space.ts";
import { GPU_READ, GPU_WRITE, type BindOp } from "../sys/uapi.ts";
import type { DrmFile } from "./file.ts";
import type { GemObject } from "./gem.ts";
import { isSparse, type Mapping } from "./mapping.ts";
import type { GpuVm } from "./vm.ts";

/** A bind operation that was found to be in order, with what it names. It holds a reference to the object. */
export interface Bound {
  readonly op: BindOp["op"];
  readonly object: GemObject | null;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
  readonly flags: number;
  readonly mm: AddressSpace;
}

function aligned(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value % FRAME === 0;
}

/**
 * Checks one operation without changing anything.
 * @returns -EINVAL: not page aligned, outside the VM's window or the object, no or unknown flags, unknown operation; -ENOENT: object handle; -EFAULT: process memory that is not
 * mapped so
 */
export function checkBind(file: DrmFile, vm: GpuVm, caller: SysCaller, arg: BindOp): Bound | number {
  const { op, address, size, flags, offset } = arg;
  const { mm } = caller.process;
  if (op === "unmap-all") {
    const object = file.objects.get(arg.handle);
    return object === undefined ? -Errno.ENOENT : { op, object: object.get(), offset: 0, address: 0, size: 0, flags: 0, mm };
  }
  if (op === "map-userptr") return checkUser(vm, mm, arg);
  if (!["map", "map-null", "unmap", "cpu-mirror"].includes(op)) return -Errno.EINVAL;
  const mapping = op === "map" || op === "map-null";
  if (mapping && (flags === 0 || (flags & ~(GPU_READ | GPU_WRITE)) !== 0)) return -Errno.EINVAL;
  if (!aligned(address) || !aligned(size) || size === 0 || !vm.inside(address, size)) return -Errno.EINVAL;
  if (op !== "map") return { op, object: null, offset: 0, address, size, flags, mm };
  if (!aligned(offset)) return -Errno.EINVAL;
  const object = file.objects.get(arg.handle);
  if (object === undefined) return -Errno.ENOENT;
  if (offset + size > object.size) return -Errno.EINVAL;
  return { op, object: object.get(), offset, address, size, flags, mm };
}

/** `offset` is the address in the caller's own memory. Both ends are moved outward to whole pages, on both sides alike. */
function checkUser(vm: GpuVm, mm: AddressSpace, arg: BindOp): Bound | number {
  const { address, offset, size, flags } = arg;
  if (flags === 0 || (flags & ~(GPU_READ | GPU_WRITE)) !== 0) return -Errno.EINVAL;
  if (![address, offset, size].every(Number.isSafeInteger) || size <= 0 || address < 0 || offset < 0) return -Errno.EINVAL;
  const inPage = offset % FRAME;
  if (address % FRAME !== inPage) return -Errno.EINVAL;
  const start = address - inPage;
  const bytes = Math.ceil((inPage + size) / FRAME) * FRAME;
  if (!vm.inside(start, bytes)) return -Errno.EINVAL;
  return { op: "map-userptr", object: null, offset: offset - inPage, address: start, size: bytes, flags, mm };
}

/** Lets go of what a checked operation holds. */
export function dropBound(bound: Bound): void {
  bound.object?.put();
}

/** Makes the change. @param gone see GpuVm.unmap @returns 0; -EFAULT, -ENOMEM, -ENOSPC, -EINVAL (mirroring): then it has changed nothing */
export function applyBind(vm: GpuVm, bound: Bound, gone: GemObject[] | null): number {
  const { op, object, offset, address, size, flags, mm } = bound;
  // What goes takes no memory here: the pieces that stay are made of the old mapping.
  if (op !== "unmap" && op !== "unmap-all" && vm.device.core.kernel.faults.slab()) return -Errno.ENOMEM;
  switch (op) {
    case "map":
      return vm.mapObject(object!, offset, address, size, flags, gone);
    case "map-userptr":
      return vm.mapUser(mm, offset, address, size, flags);
    case "map-null":
      vm.mapSparse(address, size, flags);
      return 0;
    case "unmap-all":
      vm.unmapObject(object!, gone);
      return 0;
    case "cpu-mirror":
      return vm.mirror(mm, address, size);
    case "unmap":
      vm.unmap(address, size, gone);
      return 0;
  }
}

/** ns that an operation takes: page table update, IOMMU, and the TLB flush of what goes. */
export function bindCost(vm: GpuVm, bound: Bound): number {
  const { costs } = vm.device.core.kernel;
  const flush = bound.op === "unmap" || bound.op === "unmap-all" ? costs.tlbFlush : 0;
  const iommu = bound.op === "map-userptr" || (bound.op === "map" && bound.object!.remote) ? costs.iommuMap : 0;
  return costs.vmBind + flush + iommu;
}

/** All of them or none: what was done before one that failed is undone. */
export function applyAll(vm: GpuVm, ops: readonly Bound[]): number {
  const undo: (() => void)[] = [];
  const held: GemObject[] = [];
  let result = 0;
  for (const bound of ops) {
    if (ops.length > 1) undo.push(remember(vm, bound, held));
    result = applyBind(vm, bound, null);
    if (result >= 0) continue;
    for (const back of undo.toReversed()) back();
    break;
  }
  for (const object of held) object.put();
  return result;
}

/** What would have to be done to have the VM as it is now, where an operation changes it. */
function remember(vm: GpuVm, bound: Bound, held: GemObject[]): () => void {
  const old: Mapping[] = [];
  const ranges = bound.op === "unmap-all" ? [...vm.maps].filter((m) => m.object === bound.object).map((m) => [m.start, m.end] as const) : [[bound.address, bound.address + bound.size] as const];
  for (const m of vm.maps) {
    for (const [start, end] of ranges) {
      if (m.start >= end || m.end <= start) continue;
      const from = Math.max(start, m.start);
      old.push({ ...m, start: from, end: Math.min(end, m.end), offset: isSparse(m) ? 0 : m.offset + (from - m.start) });
      if (m.object !== null) held.push(m.object.get());
    }
  }
  return () => {
    for (const [start, end] of ranges) vm.unmap(start, end - start);
    for (const m of old) {
      const size = m.end - m.start;
      let result = 0;
      if (m.object !== null) result = vm.mapObject(m.object, m.offset, m.start, size, m.flags);
      else if (m.mm !== null) result = vm.mapUser(m.mm, m.offset, m.start, size, m.flags);
      else vm.mapSparse(m.start, size, m.flags);
      invariant(result === 0, "what was mapped can be mapped again");
    }
  };
}
