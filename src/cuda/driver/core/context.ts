import type { Caller } from "../../../api/caller.ts";
import type { Blocking } from "../../../kernel/process/wait.ts";
import type { SyncPoint } from "../../../kernel/sys/uapi.ts";
import type { CUresult } from "../../abi/driver/enums.ts";
import { CU_STREAM_LEGACY, CU_STREAM_PER_THREAD } from "../../abi/driver/constants.ts";
import type { CUcontext } from "../../abi/driver/types.ts";
import { leaveCapture } from "./capture.ts";
import type { Device } from "./device.ts";
import type { Event } from "./event.ts";
import { DeviceHeap } from "./heap.ts";
import type { Module } from "./module.ts";
import { unpinRange } from "./pinning.ts";
import { GpuSpace } from "./space.ts";
import { Staging } from "./staging.ts";
import type { DriverState } from "./state.ts";
import { Stream } from "./stream.ts";
import { waitContext } from "./wait.ts";

/** Bytes of the printf ring when nothing else is set. */
export const DEFAULT_PRINTF_BYTES: number = 1024 * 1024;

/**
 * A context: an address space on one device, a fault domain, and everything made in it. Made by cuCtxCreate, or the
 * device's primary one.
 */
export class Context {
  handle: CUcontext = 0;
  readonly driver: DriverState;
  readonly device: Device;
  readonly space: GpuSpace;
  /** The kernel's handle of the fault domain. */
  readonly kernelContext: number;
  /** Word that the kernel sets when work of this context has faulted. */
  readonly notifier: number;
  flags: number;
  readonly primary: boolean;
  readonly id: bigint;
  destroyed = false;
  sticky: CUresult = 0;
  /** Counts actions of all its streams. */
  sequence = 0;
  /** `sequence` at the legacy stream's last action. */
  legacySeen = 0;
  readonly legacy: Stream;
  /** The driver's own stream, ordered with nothing of the program's. */
  readonly internal: Stream;
  /** Default streams of threads, by thread id. */
  private readonly perThread: Map<number, Stream> = new Map();
  /** All streams whose work may still matter, the default ones included. */
  readonly streams: Set<Stream> = new Set();
  readonly events: Set<Event> = new Set();
  readonly modules: Set<Module> = new Set();
  readonly heap: DeviceHeap;
  readonly staging: Staging;
  /** Contexts whose memory this one may reach. */
  readonly peers: Set<Context> = new Set();
  /** Time-stamp slots of records that were replaced while pending. */
  readonly retiredStamps: number[] = [];
  /** Points that all work of streams made later must wait for (cuCtxWaitEvent). */
  awaited: readonly SyncPoint[] = [];
  printf = "";
  printfLimit: number = DEFAULT_PRINTF_BYTES;
  /** A kernel that prints was launched. */
  printfUsed = false;
  /** Limits set by cuCtxSetLimit, by CUlimit. */
  readonly limits: Map<number, number> = new Map();
  cacheConfig = 0;
  /** Called when the context is destroyed and its work has ended: who keeps things in it lets go of them. */
  readonly leaving: Set<(t: Caller) => void> = new Set();
  /** cuCtxAttach count. */
  attached = 0;

  constructor(driver: DriverState, device: Device, space: GpuSpace, kernelContext: number, notifier: number, flags: number, primary: boolean) {
    this.driver = driver;
    this.device = device;
    this.space = space;
    this.kernelContext = kernelContext;
    this.notifier = notifier;
    this.flags = flags;
    this.primary = primary;
    this.id = BigInt(driver.nextId());
    this.legacy = new Stream(this, 0, 0, "legacy", driver.nextId());
    this.legacy.handle = CU_STREAM_LEGACY;
    this.streams.add(this.legacy);
    this.internal = new Stream(this, 1, 0, "non-blocking", driver.nextId());
    this.streams.add(this.internal);
    this.heap = new DeviceHeap(device);
    this.heap.spaces.add(space);
    this.staging = new Staging(this);
  }

  /** Makes a context. @returns it, or a negative errno; then nothing is left behind. */
  static create(t: Caller, driver: DriverState, device: Device, flags: number, primary: boolean): Context | number {
    const space = GpuSpace.create(t, device);
    if (typeof space === "number") return space;
    const notifier = driver.slots.take(t);
    if (notifier < 0) {
      space.destroy(t);
      return notifier;
    }
    const arg = { vm: space.vm, notifier, label: primary ? "primary context" : "context", context: 0 };
    let error = t.sys.ioctl(device.fd, "GLASS_CONTEXT_CREATE", arg);
    if (error >= 0) {
      for (const shared of driver.everywhere) {
        error = shared.bindInto(t, space);
        if (error < 0) break;
      }
      if (error >= 0) {
        const context = new Context(driver, device, space, arg.context, notifier, flags, primary);
        context.handle = driver.contexts.add(context) as CUcontext;
        return context;
      }
      t.sys.ioctl(device.fd, "GLASS_CONTEXT_DESTROY", { context: arg.context });
    }
    driver.slots.give(notifier);
    space.destroy(t);
    return error;
  }

  /** The default stream of the calling thread. */
  perThreadStream(t: Caller): Stream {
    const old = this.perThread.get(t.sys.tid);
    if (old !== undefined) return old;
    const stream = new Stream(this, 0, 0, "blocking", this.driver.nextId());
    stream.handle = CU_STREAM_PER_THREAD;
    stream.waits = this.awaited;
    this.perThread.set(t.sys.tid, stream);
    this.streams.add(stream);
    return stream;
  }

  /**
   * Destroys the context and everything in it, after its work has ended. Blocks. The one release routine.
   */
  *destroy(t: Caller): Blocking<void> {
    const { driver, device } = this;
    this.destroyed = true;
    for (const stream of this.streams) leaveCapture(t, stream);
    if (this.sticky === 0) yield* waitContext(t, this);
    for (const leave of this.leaving) leave(t);
    for (const module of this.modules) module.release(t);
    for (const event of this.events) event.release(t);
    for (const stream of this.streams) this.closeStream(t, stream);
    this.streams.clear();
    for (const allocation of driver.memory.all().slice()) {
      if (allocation.context !== this) continue;
      driver.memory.remove(allocation);
      if (allocation.kind === "device") continue; // the heap goes as a whole
      if (allocation.kind === "registered") {
        unpinRange(t, driver, allocation.mappings);
        continue;
      }
      for (const mapping of allocation.mappings) {
        driver.everywhere.delete(mapping);
        mapping.unbindAll(t);
        t.sys.munmap(mapping.address, mapping.bytes);
        mapping.backing?.close(t);
      }
    }
    for (const [, other] of driver.contexts.entries()) {
      if (other.peers.delete(this)) this.heap.unshare(t, other.space);
    }
    for (const peer of this.peers) peer.heap.unshare(t, this.space);
    this.peers.clear();
    this.heap.destroy(t);
    this.staging.destroy(t);
    t.sys.ioctl(device.fd, "GLASS_CONTEXT_DESTROY", { context: this.kernelContext });
    for (const shared of driver.everywhere) shared.forget(this.space);
    this.space.destroy(t);
    driver.slots.give(this.notifier);
    driver.contexts.remove(this.handle);
    if (device.primary === this) device.primary = null;
  }

  /** Gives a stream's queues back to the kernel. Work already in them goes on. */
  closeStream(t: Caller, stream: Stream): void {
    leaveCapture(t, stream);
    stream.destroyed = true;
    this.driver.streams.remove(stream.handle);
    stream.host?.close(t);
    for (const queue of [stream.compute, stream.copy]) {
      if (queue !== null) t.sys.ioctl(this.device.fd, "GLASS_EXEC_QUEUE_DESTROY", { queue: queue.handle });
    }
    stream.compute = null;
    stream.copy = null;
  }
}
