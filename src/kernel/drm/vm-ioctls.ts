import { Errno } from "../errors.ts";
import type { SysCaller } from "../fs/file.ts";
import { mutant } from "../mutants.ts";
import type { DmaFence } from "../fence/fence.ts";
import type { IoctlTable } from "../sys/uapi.ts";
import { BindQueue, type BindSignal } from "./bind-queue.ts";
import { findPoint, MAX_POINTS } from "./syncobj-ioctls.ts";
import { UserTimeline } from "./user-timeline.ts";
import { applyAll, applyBind, bindCost, checkBind, dropBound, type Bound } from "./vm-bind.ts";
import { GpuContext } from "./context.ts";
import type { DrmFile } from "./file.ts";
import { GpuVm } from "./vm.ts";

/** -ENOMEM: no memory for a page table. */
export function vmCreate(file: DrmFile, caller: SysCaller, arg: IoctlTable["GLASS_VM_CREATE"]): number {
  const vm = GpuVm.create(file.device, caller.process.mm.gpuWindow, arg.faultMode ?? false);
  if (vm === null) return -Errno.ENOMEM;
  if (file.device.core.kernel.faults.slab()) {
    if (!mutant("failed-vm-stays")) vm.put();
    return -Errno.ENOMEM;
  }
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

/**
 * -ENOENT: VM (also a banned one) or object handle; -EINVAL: not page aligned, outside the VM's window or the object, no or unknown flags; -EFAULT: process memory that
 * is not mapped so; -ENOMEM; -ENOSPC: the VM's objects would need more memory at once than the GPU has. A failed request changes nothing.
 */
export function vmBind(file: DrmFile, caller: SysCaller, arg: IoctlTable["GLASS_VM_BIND"]): number {
  const vm = file.vms.get(arg.vm);
  if (vm === undefined || (vm.banned !== 0 && !mutant("banned-vm-binds"))) return -Errno.ENOENT;
  const bound = checkBind(file, vm, caller, arg);
  if (typeof bound === "number") return bound;
  caller.thread.debt += bindCost(vm, bound);
  const result = applyBind(vm, bound, null);
  dropBound(bound);
  return result;
}

/** Operations of one request. */
const MAX_OPS = 1024;

/**
 * Several operations, all or none; at once (`queue` 0), or in the line of a bind queue after in-fences.
 * -ENOENT: VM (also a banned one), queue, object, syncobj; -EINVAL: as for one operation, no operations, fences without queue, a wait for what nobody submitted,
 * a signal of a queue's own timeline; -EFAULT, -ENOMEM, -ENOSPC. A failed request changes nothing.
 */
export function vmBindArray(file: DrmFile, caller: SysCaller, arg: IoctlTable["GLASS_VM_BIND_ARRAY"]): number {
  const vm = file.vms.get(arg.vm);
  if (vm === undefined || vm.banned !== 0) return -Errno.ENOENT;
  const queue = arg.queue === 0 ? null : vm.bindQueues.get(arg.queue);
  if (queue === undefined) return -Errno.ENOENT;
  const { ops, waits, signals } = arg;
  if (ops.length === 0 || ops.length > MAX_OPS || (queue === null && (waits.length > 0 || signals.length > 0))) return -Errno.EINVAL;
  if (waits.length > MAX_POINTS || signals.length > MAX_POINTS) return -Errno.EINVAL;
  const fences: DmaFence[] = [];
  for (const { syncobj: handle, point } of waits) {
    const syncobj = file.syncobjs.get(handle);
    if (syncobj === undefined) return -Errno.ENOENT;
    const found = findPoint(syncobj, point);
    if (found === "missing") return -Errno.EINVAL;
    if (found !== "reached") fences.push(found);
  }
  const told: BindSignal[] = [];
  for (const { syncobj: handle, point } of signals) {
    const syncobj = file.syncobjs.get(handle);
    if (syncobj === undefined) return -Errno.ENOENT;
    if (!Number.isInteger(point) || point < 0 || (point > 0 && !(syncobj.timeline instanceof UserTimeline))) return -Errno.EINVAL;
    told.push({ syncobj, point });
  }
  const bounds: Bound[] = [];
  const fail = (errno: number): number => {
    bounds.forEach(dropBound);
    return errno;
  };
  for (const op of ops) {
    const bound = checkBind(file, vm, caller, op);
    if (typeof bound === "number") {
      if (mutant("failed-bind-leaves-half")) applyAll(vm, bounds);
      return fail(bound);
    }
    bounds.push(bound);
  }
  if (vm.demandWith(bounds) > vm.device.ttm.vram.size) return fail(-Errno.ENOSPC);
  if (queue === null) {
    for (const bound of bounds) caller.thread.debt += bindCost(vm, bound);
    return fail(applyAll(vm, bounds));
  }
  for (const { op, offset, size, flags, mm } of bounds) if (op === "map-userptr" && !vm.canMapUser(mm, offset, size, flags)) return fail(-Errno.EFAULT);
  queue.push(bounds, fences, told);
  return 0;
}

/** -ENOENT: VM (also a banned one). A bind queue is a line of its own: binds of different lines happen in any order. */
export function bindQueueCreate(file: DrmFile, _caller: SysCaller, arg: IoctlTable["GLASS_BIND_QUEUE_CREATE"]): number {
  const vm = file.vms.get(arg.vm);
  if (vm === undefined || vm.banned !== 0) return -Errno.ENOENT;
  arg.queue = vm.bindQueues.add(new BindQueue(vm));
  return 0;
}

/** -ENOENT: VM or queue. Binds that were asked for are still done. */
export function bindQueueDestroy(file: DrmFile, _caller: SysCaller, arg: IoctlTable["GLASS_BIND_QUEUE_DESTROY"]): number {
  return file.vms.get(arg.vm)?.bindQueues.remove(arg.queue) === undefined ? -Errno.ENOENT : 0;
}

/** -ENOENT: VM; -EINVAL, -EFAULT: the notifier's address; -ENOMEM. */
export function contextCreate(file: DrmFile, caller: SysCaller, arg: IoctlTable["GLASS_CONTEXT_CREATE"]): number {
  const vm = file.vms.get(arg.vm);
  if (vm === undefined) return -Errno.ENOENT;
  if (file.device.recovery.wedged) return -Errno.ENODEV;
  const { mm } = caller.process;
  if ((arg.notifier & 3) !== 0) return -Errno.EINVAL;
  if (arg.notifier !== 0 && mm.resolve(arg.notifier, 4, true) === null) return -Errno.EFAULT;
  if (file.slice.shared?.broken === true) return -Errno.ECANCELED;
  caller.thread.debt += file.device.core.kernel.costs.contextCreate;
  const context = new GpuContext(file, vm, mm, arg.notifier, arg.label);
  if (file.device.core.kernel.faults.slab()) {
    if (!mutant("failed-context-stays")) context.put();
    return -Errno.ENOMEM;
  }
  arg.context = file.contexts.add(context);
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
