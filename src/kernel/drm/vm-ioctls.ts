import { FRAME } from "../../gpu/frames.ts";
import { Errno } from "../errors.ts";
import type { SysCaller } from "../fs/file.ts";
import { GPU_READ, GPU_WRITE, type IoctlTable } from "../sys/uapi.ts";
import { GpuContext } from "./context.ts";
import type { DrmFile } from "./file.ts";
import { GpuVm } from "./vm.ts";

/** -ENOMEM: no memory for a page table. */
export function vmCreate(file: DrmFile, caller: SysCaller, arg: IoctlTable["GLASS_VM_CREATE"]): number {
  const vm = GpuVm.create(file.device, caller.process.mm.gpuWindow, arg.faultMode ?? false);
  if (vm === null) return -Errno.ENOMEM;
  arg.vm = file.vms.add(vm);
  return 0;
}

/** -ENOENT. Contexts over the VM keep it alive. */
export function vmDestroy(file: DrmFile, _caller: SysCaller, arg: IoctlTable["GLASS_VM_DESTROY"]): number {
  const vm = file.vms.remove(arg.vm);
  if (vm === undefined) return -Errno.ENOENT;
  vm.put();
  return 0;
}

function aligned(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value % FRAME === 0;
}

/**
 * -ENOENT: VM or object handle; -EINVAL: not page aligned, outside the VM's window or the object, no or unknown flags; -EFAULT: process memory that
 * is not mapped so; -ENOMEM. A failed request changes nothing.
 */
export function vmBind(file: DrmFile, caller: SysCaller, arg: IoctlTable["GLASS_VM_BIND"]): number {
  const vm = file.vms.get(arg.vm);
  if (vm === undefined) return -Errno.ENOENT;
  const { costs } = file.device.core.kernel;
  if (arg.op === "unmap") {
    if (!aligned(arg.address) || !aligned(arg.size) || arg.size === 0 || !vm.inside(arg.address, arg.size)) return -Errno.EINVAL;
    caller.thread.debt += costs.vmBind + costs.tlbFlush;
    vm.unmap(arg.address, arg.size);
    return 0;
  }
  if (arg.op === "cpu-mirror") {
    if (!aligned(arg.address) || !aligned(arg.size) || arg.size === 0 || !vm.inside(arg.address, arg.size)) return -Errno.EINVAL;
    caller.thread.debt += costs.vmBind;
    return vm.mirror(caller.process.mm, arg.address, arg.size);
  }
  if (arg.flags === 0 || (arg.flags & ~(GPU_READ | GPU_WRITE)) !== 0) return -Errno.EINVAL;
  if (arg.op === "map-userptr") return bindUser(vm, caller, arg, costs.vmBind + costs.iommuMap);
  if (arg.op !== "map") return -Errno.EINVAL;
  if (!aligned(arg.address) || !aligned(arg.size) || !aligned(arg.offset) || arg.size === 0 || !vm.inside(arg.address, arg.size)) return -Errno.EINVAL;
  const object = file.objects.get(arg.handle);
  if (object === undefined) return -Errno.ENOENT;
  if (arg.offset + arg.size > object.size) return -Errno.EINVAL;
  caller.thread.debt += costs.vmBind + (object.remote ? costs.iommuMap : 0);
  return vm.mapObject(object, arg.offset, arg.address, arg.size, arg.flags);
}

/** `offset` is the address in the caller's own memory. Both ends are moved outward to whole pages, on both sides alike. */
function bindUser(vm: GpuVm, caller: SysCaller, arg: IoctlTable["GLASS_VM_BIND"], cost: number): number {
  const { address, offset, size } = arg;
  if (![address, offset, size].every(Number.isSafeInteger) || size <= 0 || address < 0 || offset < 0) return -Errno.EINVAL;
  const inPage = offset % FRAME;
  if (address % FRAME !== inPage) return -Errno.EINVAL;
  const start = address - inPage;
  const bytes = Math.ceil((inPage + size) / FRAME) * FRAME;
  if (!vm.inside(start, bytes)) return -Errno.EINVAL;
  caller.thread.debt += cost;
  return vm.mapUser(caller.process.mm, offset - inPage, start, bytes, arg.flags);
}

/** -ENOENT: VM; -EINVAL, -EFAULT: the notifier's address. */
export function contextCreate(file: DrmFile, caller: SysCaller, arg: IoctlTable["GLASS_CONTEXT_CREATE"]): number {
  const vm = file.vms.get(arg.vm);
  if (vm === undefined) return -Errno.ENOENT;
  if (file.device.recovery.wedged) return -Errno.ENODEV;
  const { mm } = caller.process;
  if ((arg.notifier & 3) !== 0) return -Errno.EINVAL;
  if (arg.notifier !== 0 && mm.resolve(arg.notifier, 4, true) === null) return -Errno.EFAULT;
  if (file.slice.shared?.broken === true) return -Errno.ECANCELED;
  caller.thread.debt += file.device.core.kernel.costs.contextCreate;
  arg.context = file.contexts.add(new GpuContext(file, vm, mm, arg.notifier, arg.label));
  return 0;
}

/** -ENOENT. Its queues keep it alive. */
export function contextDestroy(file: DrmFile, _caller: SysCaller, arg: IoctlTable["GLASS_CONTEXT_DESTROY"]): number {
  const context = file.contexts.remove(arg.context);
  if (context === undefined) return -Errno.ENOENT;
  context.put();
  return 0;
}

/** -ENOENT. */
export function contextState(file: DrmFile, _caller: SysCaller, arg: IoctlTable["GLASS_CONTEXT_STATE"]): number {
  const context = file.contexts.get(arg.context);
  if (context === undefined) return -Errno.ENOENT;
  arg.fault = context.fault;
  return 0;
}
