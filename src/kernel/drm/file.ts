import type { DmaBuf } from "../fence/dma-buf.ts";
import type { Capacity } from "../../gpu/capacity.ts";
import { Meter } from "../../gpu/meter.ts";
import { Errno, invariant } from "../errors.ts";
import type { FileDriver, MappableRange, SysCaller } from "../fs/file.ts";
import type { Blocking } from "../process/wait.ts";
import type { IoctlName, IoctlTable, WaitIoctlName, WaitIoctlTable } from "../sys/uapi.ts";
import type { Pollable } from "../fs/poll.ts";
import { CodeCache } from "./code-cache.ts";
import type { GpuContext } from "./context.ts";
import type { GpuDevice } from "./device.ts";
import { fdinfo } from "./fdinfo.ts";
import { isUnplugged } from "./device-state.ts";
import type { GemObject } from "./gem.ts";
import { IdTable } from "./id-table.ts";
import { logKilled } from "../log/messages.ts";
import { mutant } from "../mutants.ts";
import { dispatch, dispatchWait } from "./ioctl.ts";
import { DrmAuth } from "./master.ts";
import type { ExecQueue } from "./queue.ts";
import type { ComputeSlice } from "./slice.ts";
import type { Syncobj } from "./syncobj.ts";
import type { GpuVm } from "./vm.ts";

/** Primary nodes (card0) take every request; render nodes (renderD128) those that need no master. */
export type Minor = "primary" | "render";

/**
 * One open of a DRM node (drm_file): whatever a program has of a GPU hangs here, not on the process. Two opens share nothing; dup and fork share
 * everything. When the last descriptor is closed all of it goes.
 */
export class DrmFile implements FileDriver {
  readonly kind = "drm";
  /** The GPU, or since `attach` the part of it that this file works with. */
  device: GpuDevice;
  /** What its launches run on. */
  slice: ComputeSlice;
  /** Limit on the device memory that it may allocate, beside the device's own; null: none. */
  quota: Capacity | null = null;
  /** Run once when the file goes. */
  readonly onRelease: (() => void)[] = [];
  readonly minor: Minor;
  readonly clientId: number;
  /** Who opened it. */
  readonly pid: number;
  readonly command: string;
  readonly uid: number;
  /** What it chose to be called, or "". */
  clientName = "";
  readonly auth: DrmAuth;
  readonly seek = "noop";
  /** No events come from it: there is no display. */
  readonly poll: Pollable = { mask: () => 0, subscribe: () => () => {} };
  readonly objects: IdTable<GemObject> = new IdTable<GemObject>();
  readonly syncobjs: IdTable<Syncobj> = new IdTable<Syncobj>();
  readonly vms: IdTable<GpuVm> = new IdTable<GpuVm>();
  readonly contexts: IdTable<GpuContext> = new IdTable<GpuContext>();
  readonly queues: IdTable<ExecQueue> = new IdTable<ExecQueue>();
  /** Handles of dma-bufs that this file exported or imported. */
  readonly prime: Map<DmaBuf, number> = new Map();
  readonly code: CodeCache;
  /** Contexts that have a handle or unfinished work. */
  liveContexts = 0;
  private released = false;
  /** Time its jobs spent on engines. */
  readonly engineNs = { compute: 0, copy: 0 };
  /** Its launches on the multiprocessors. */
  readonly meter: Meter;

  constructor(device: GpuDevice, minor: Minor, caller: SysCaller) {
    this.device = device;
    this.slice = device.slice;
    this.meter = new Meter(device.core.kernel.clock);
    this.code = new CodeCache(device.core.store, { pid: caller.process.pid, name: caller.process.name });
    this.minor = minor;
    this.clientId = device.core.nextClient();
    this.pid = caller.process.pid;
    this.command = caller.process.name;
    this.uid = caller.process.cred.uid;
    this.auth = new DrmAuth(this, device, caller);
    if (mutant("open-shares-handles")) for (const other of device.files) this.objects = other.objects;
    device.files.add(this);
  }

  /** Nothing was made in the file yet. */
  get unused(): boolean {
    return this.objects.size + this.syncobjs.size + this.vms.size + this.contexts.size + this.queues.size === 0;
  }

  /** From here on the file works with a part of its GPU, or by other rules. Only while it is unused. */
  attach(device: GpuDevice, slice: ComputeSlice): void {
    invariant(this.unused, "only an unused file is attached");
    this.device.files.delete(this);
    this.device = device;
    this.slice = slice;
    device.files.add(this);
  }

  ioctl<K extends IoctlName>(caller: SysCaller, request: K, arg: IoctlTable[K]): number {
    return dispatch(this, caller, request, arg);
  }

  ioctlWait<K extends WaitIoctlName>(caller: SysCaller, request: K, arg: WaitIoctlTable[K]): Blocking<number> {
    return dispatchWait(this, caller, request, arg);
  }

  /** -ENODEV: the GPU is gone; -EINVAL: no object there, or too long; -EACCES: this file has no handle of it. */
  mmap(_caller: SysCaller, offset: number, length: number, _write: boolean): MappableRange | number {
    if (isUnplugged(this.device)) return -Errno.ENODEV;
    const object = this.lookupMapOffset(offset);
    if (object === undefined) return -Errno.EINVAL;
    let mine = mutant("mmap-without-handle");
    for (const [, candidate] of this.objects.entries()) mine ||= candidate === object;
    return mine ? object.mappable(offset - object.mmapOffset, length) : -Errno.EACCES;
  }

  /** The object that mmap finds at an offset. */
  lookupMapOffset(offset: number): GemObject | undefined {
    return this.device.findMapOffset(offset);
  }

  fdinfo(): string {
    return fdinfo(this);
  }

  /**
   * A new handle of an object (drm_gem_handle_create_tail): the number is taken first, and leads to the object only when the driver has agreed.
   * @returns the handle, -ENOMEM, or what the driver refuses with
   */
  addHandle(object: GemObject): number {
    if (this.device.core.kernel.faults.slab()) return -Errno.ENOMEM;
    object.handleGet();
    if (mutant("handle-before-open")) {
      const early = this.objects.add(object);
      const refused = this.device.gemHooks.open?.(object, this) ?? 0;
      return refused < 0 ? refused : early;
    }
    const handle = this.objects.reserve();
    const result = this.device.gemHooks.open?.(object, this) ?? 0;
    if (result < 0) {
      this.objects.release(handle);
      object.handlePut();
      return result;
    }
    this.objects.publish(handle, object);
    return handle;
  }

  /** -EINVAL: no such handle, or it is being closed. The number is free again when everything that hung on it is gone (drm_gem_handle_delete). */
  closeHandle(handle: number): number {
    const object = mutant("close-keeps-handle") ? this.objects.get(handle) : this.objects.hide(handle);
    if (object === undefined) return -Errno.EINVAL;
    this.device.gemHooks.close?.(object, this);
    if (object.dmaBuf !== null && this.prime.get(object.dmaBuf) === handle && !mutant("close-keeps-prime-cache")) this.prime.delete(object.dmaBuf);
    object.handlePut();
    this.objects.release(handle);
    return 0;
  }

  release(killed: boolean): void {
    this.auth.release();
    if (killed) {
      for (const [, context] of this.contexts.entries()) {
        const job = context.runningJob();
        if (job !== null) logKilled(job);
      }
      for (const [, queue] of this.queues.entries()) queue.kill();
    }
    for (const [id, queue] of this.queues.entries()) {
      this.queues.remove(id);
      queue.close();
    }
    for (const [id, syncobj] of this.syncobjs.entries()) {
      this.syncobjs.remove(id);
      syncobj.put();
    }
    for (const [id, context] of this.contexts.entries()) {
      this.contexts.remove(id);
      context.put();
    }
    for (const [id, vm] of this.vms.entries()) {
      this.vms.remove(id);
      vm.put();
    }
    if (!mutant("release-keeps-handles")) for (const [handle] of this.objects.entries()) this.closeHandle(handle);
    this.prime.clear();
    this.device.files.delete(this);
    for (const hook of this.onRelease.splice(0)) hook();
    this.released = true;
    if (this.liveContexts === 0) this.code.clear();
  }

  /** A context has ended, also after the file was closed. */
  contextFreed(): void {
    if (--this.liveContexts === 0 && this.released) this.code.clear();
  }
}
