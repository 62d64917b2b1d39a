import { LinearStore } from "../../../src/gpu/linear.ts";
import type { GpuProfile } from "../../../src/gpu/profile.ts";
import { tiny } from "../../../src/gpu/profiles/tiny.ts";
import { attachGpus, type GpuDevice } from "../../../src/kernel/drm/attach.ts";
import type { DrmOptions } from "../../../src/kernel/drm/core.ts";
import { Kernel, type KernelOptions } from "../../../src/kernel/machine.ts";
import type { Process } from "../../../src/kernel/process/process.ts";
import type { Blocking } from "../../../src/kernel/process/wait.ts";
import { O_RDWR } from "../../../src/kernel/sys/sys.ts";
import { ThreadSys } from "../../../src/kernel/sys/thread-sys.ts";
import type { ExecArgs, IoctlName, IoctlTable, Job, SyncPoint } from "../../../src/kernel/sys/uapi.ts";

/** The least machine with GPUs in it, without any API layer. */
export class Rig {
  readonly store: LinearStore;
  readonly kernel: Kernel;
  readonly gpus: readonly GpuDevice[];

  constructor(options: KernelOptions & Partial<DrmOptions> & { gpus?: readonly GpuProfile[]; ram?: number } = {}) {
    this.store = new LinearStore(options.ram ?? 2 ** 30);
    // Contexts for nothing: what a test makes before it looks at the time is not to count.
    this.kernel = new Kernel(this.store, { ...options, costs: { contextCreate: 0, ...options.costs } });
    this.gpus = attachGpus(this.kernel, this.store, options.gpus ?? [tiny], { hangLimitNs: options.hangLimitNs ?? 10e9, iommu: options.iommu ?? "strict", acs: options.acs ?? true, pciFunctions: options.pciFunctions ?? [], ...(options.hangPatience === undefined ? {} : { hangPatience: options.hangPatience }), ...(options.wddm === undefined ? {} : { wddm: options.wddm }), ...(options.memory === undefined ? {} : { memory: options.memory }), ...(options.scheduler === undefined ? {} : { scheduler: options.scheduler }), ...(options.recovery === undefined ? {} : { recovery: options.recovery }) });
  }

  process(name = "test"): Client {
    return new Client(this, this.kernel.createProcess(name, null));
  }

  run(): void {
    this.kernel.runUntilIdle();
  }
}

/** A process, and shorthand for its requests. */
export class Client {
  readonly rig: Rig;
  readonly process: Process;
  readonly sys: ThreadSys;

  constructor(rig: Rig, process: Process) {
    this.rig = rig;
    this.process = process;
    this.sys = new ThreadSys(rig.kernel, process.main);
  }

  open(gpu = 0, node: "render" | "primary" = "render"): Node {
    const device = this.rig.gpus[gpu]!;
    const fd = this.sys.open(`/dev/dri/${node === "render" ? device.renderNode : device.primaryNode}`, O_RDWR);
    if (fd < 0) throw new Error(`open: ${fd}`);
    return new Node(this, fd, device);
  }

  drive<T>(call: Blocking<T>): T {
    return this.rig.kernel.scheduler.drive(this.process.main, call);
  }

  /** Bytes of anonymous memory. */
  malloc(bytes: number): number {
    return this.sys.mmap(0, bytes, 3, 0x22, -1, 0);
  }
}

/** One open DRM node. Every helper throws when the request fails; `raw` gives the result. */
export class Node {
  readonly client: Client;
  readonly fd: number;
  readonly device: GpuDevice;

  constructor(client: Client, fd: number, device: GpuDevice) {
    this.client = client;
    this.fd = fd;
    this.device = device;
  }

  raw<K extends IoctlName>(request: K, arg: IoctlTable[K]): number {
    return this.client.sys.ioctl(this.fd, request, arg);
  }

  do<K extends IoctlName>(request: K, arg: IoctlTable[K]): IoctlTable[K] {
    const result = this.raw(request, arg);
    if (result < 0) throw new Error(`${request}: ${result}`);
    return arg;
  }

  gem(size: number, placement: "vram" | "system" = "vram", label = "bo"): number {
    return this.do("GLASS_GEM_CREATE", { size, placement, label, handle: 0 }).handle;
  }

  vm(): number {
    return this.do("GLASS_VM_CREATE", { vm: 0 }).vm;
  }

  reserve(size: number): number {
    return this.client.sys.reserve(size, 65536);
  }

  bind(vm: number, handle: number, address: number, size: number, flags = 3, offset = 0): void {
    this.do("GLASS_VM_BIND", { vm, op: "map", handle, offset, address, size, flags });
  }

  unbind(vm: number, address: number, size: number): void {
    this.do("GLASS_VM_BIND", { vm, op: "unmap", handle: 0, offset: 0, address, size, flags: 0 });
  }

  context(vm: number, notifier = 0): number {
    return this.do("GLASS_CONTEXT_CREATE", { vm, notifier, label: "ctx", context: 0 }).context;
  }

  queue(context: number, options: Partial<IoctlTable["GLASS_EXEC_QUEUE_CREATE"]> = {}): { queue: number; timeline: number } {
    return this.do("GLASS_EXEC_QUEUE_CREATE", { context, engine: "compute", order: "in-order", priority: 2, level: 0, label: "q", queue: 0, timeline: 0, ...options });
  }

  args(queue: number, job: Job, options: Partial<ExecArgs> = {}): ExecArgs {
    return { queue, job, waits: [], propagateErrors: false, userFence: null, timestamps: null, label: job.kind, point: 0, ...options };
  }

  exec(queue: number, job: Job, options: Partial<ExecArgs> = {}): number {
    return this.do("GLASS_EXEC", this.args(queue, job, options)).point;
  }

  wait(points: readonly SyncPoint[], all = true, deadline: number | null = null): { result: number; error: number } {
    const arg = { points, all, deadline, error: 0 };
    const result = this.client.drive(this.client.sys.ioctlWait(this.fd, "DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT", arg));
    return { result, error: arg.error };
  }

  /** Memory of an object mapped for CPU and GPU at one address. */
  buffer(vm: number, size: number, placement: "vram" | "system" = "vram"): { address: number; bytes: Uint8Array; handle: number } {
    const handle = this.gem(size, placement);
    const offset = this.do("GLASS_GEM_MMAP_OFFSET", { handle, offset: 0 }).offset;
    const address = this.client.sys.mmap(0, size, 3, 1, this.fd, offset);
    if (address < 0) throw new Error(`mmap: ${address}`);
    this.bind(vm, handle, address, Math.ceil(size / 65536) * 65536);
    return { address, bytes: this.client.sys.memory(address, size, true)!, handle };
  }
}

export const marker: Job = { kind: "marker" };

export function copy(dst: number, src: number, bytes: number): Job {
  return { kind: "copy", dst, src, extent: { width: bytes, height: 1, depth: 1 }, dstPitch: 0, dstSlicePitch: 0, srcPitch: 0, srcSlicePitch: 0 };
}

export function fill(dst: number, bytes: number, pattern: readonly number[]): Job {
  return { kind: "fill", dst, extent: { width: bytes, height: 1, depth: 1 }, pitch: 0, slicePitch: 0, pattern: Uint8Array.from(pattern) };
}
