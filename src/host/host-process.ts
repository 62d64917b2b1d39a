import { bindAsync, bindCoroutine, bindSync, callerOf, currentCaller, systemCalls, type Host } from "../api/bind.ts";
import { throwingFacade, tupleFacade } from "../api/facades.ts";
import { free, malloc } from "../api/heap.ts";
import type { AsyncApi, CoroutineApi, SyncApi, ThrowingApi, TupleApi } from "../api/styles.ts";
import { driverFacade, runtimeFacade } from "../cuda/facade.ts";
import { driver, runtime, type Driver, type Runtime } from "../cuda/index.ts";
import { nvmlFacade } from "../nvml/facade.ts";
import { nvml, type Nvml } from "../nvml/table.ts";
import { openclFacade, type OpenClThrowing, type OpenClTuple } from "../opencl/facade.ts";
import { opencl, type OpenCl } from "../opencl/index.ts";
import type { ExitStatus } from "../kernel/process/process.ts";
import type { Thread } from "../kernel/process/thread.ts";
import type { Blocking } from "../kernel/process/wait.ts";
import type { Sys } from "../kernel/sys/sys.ts";

/** The APIs of a process in one calling style. */
export interface Apis<Cuda, CudaRt, OpenClApi, NvmlApi> {
  /** CUDA driver API: `cu*`, by the numbered names and by the CUDA 13 names. */
  readonly cuda: Cuda;
  /** CUDA runtime API: `cuda*`. */
  readonly cudart: CudaRt;
  /** OpenCL: `cl*`. */
  readonly opencl: OpenClApi;
  /** NVIDIA management library: `nvml*`. */
  readonly nvml: NvmlApi;
}

/** All APIs as plain calls. */
export type SyncApis = Apis<SyncApi<Driver>, SyncApi<Runtime>, SyncApi<OpenCl>, SyncApi<Nvml>>;
/** All APIs as coroutines. */
export type CoroutineApis = Apis<CoroutineApi<Driver>, CoroutineApi<Runtime>, CoroutineApi<OpenCl>, CoroutineApi<Nvml>>;
/** All APIs as promises. */
export type AsyncApis = Apis<AsyncApi<Driver>, AsyncApi<Runtime>, AsyncApi<OpenCl>, AsyncApi<Nvml>>;
/** All APIs in tuple style. */
export type TupleApis = Apis<TupleApi<Driver>, TupleApi<Runtime>, OpenClTuple, TupleApi<Nvml>>;
/** All APIs in throwing style. */
export type ThrowingApis = Apis<ThrowingApi<Driver>, ThrowingApi<Runtime>, OpenClThrowing, ThrowingApi<Nvml>>;

/** Typed arrays that a view of process memory may be asked as. */
export type TypedArrayConstructor<T> = { new (buffer: ArrayBufferLike, byteOffset: number, length: number): T; readonly BYTES_PER_ELEMENT: number };

class LazyApis implements Apis<object, object, object, object> {
  private readonly make: (implementation: Driver | Runtime | OpenCl | Nvml) => object;
  #cuda: object | undefined;
  #cudart: object | undefined;
  #opencl: object | undefined;
  #nvml: object | undefined;
  constructor(make: (implementation: Driver | Runtime | OpenCl | Nvml) => object) {
    this.make = make;
  }
  get cuda(): object {
    return (this.#cuda ??= this.make(driver));
  }
  get cudart(): object {
    return (this.#cudart ??= this.make(runtime));
  }
  get opencl(): object {
    return (this.#opencl ??= this.make(opencl));
  }
  get nvml(): object {
    return (this.#nvml ??= this.make(nvml));
  }
}

function facadeOf(make: (api: object, spec: typeof driverFacade) => object, apis: SyncApis): (implementation: object) => object {
  return (implementation) => {
    if (implementation === driver) return make(apis.cuda, driverFacade);
    if (implementation === runtime) return make(apis.cudart, runtimeFacade);
    return implementation === opencl ? make(apis.opencl, openclFacade) : make(apis.nvml, nvmlFacade);
  };
}

/** What scripted and simulated processes have in common. */
abstract class ProcessBase {
  protected readonly host: Host;

  constructor(host: Host) {
    this.host = host;
  }

  get pid(): number {
    return this.host.process.pid;
  }

  get name(): string {
    return this.host.process.name;
  }

  /** How it ended; null while it lives. */
  get exitStatus(): ExitStatus | null {
    return this.host.process.exit;
  }

  /** What it wrote to descriptor 1: device printf goes there too. */
  get stdout(): string {
    return this.host.process.stdout;
  }

  get stderr(): string {
    return this.host.process.stderr;
  }

  /**
   * fork(2): a child with a copy of memory and the same open files, whose program is `body` (a running program cannot be copied in the middle).
   * @returns the child, or a negative errno: -ENOMEM, -EAGAIN (pids.max)
   */
  fork(body: (p: SimProcess) => Blocking<unknown>, name: string = this.name): SimProcess | number {
    const { host } = this;
    const { thread } = currentCaller(host);
    thread.debt += host.kernel.costs.fork;
    const made: { child?: SimProcess } = {};
    const child = host.kernel.fork(host.process, name, (self) => body((made.child = new SimProcess({ ...host, process: self }))), thread);
    return typeof child === "number" ? child : made.child!;
  }

  /** System calls of the thread that runs now (the main thread when driven from outside). */
  get sys(): Sys {
    return systemCalls(this.host);
  }

  /** malloc(3): `bytes` of this process's memory, alignment 64; 0 when there is none left. */
  malloc(bytes: number): number {
    return malloc(currentCaller(this.host), bytes);
  }

  /** free(3). Throws RangeError for what malloc did not give. */
  free(address: number): void {
    free(currentCaller(this.host), address);
  }

  /**
   * The process's memory at `address`, live: reads and writes are the program's own loads and stores.
   * @throws RangeError when the CPU may not access the range (a segmentation fault, in C).
   */
  view(address: number, bytes: number): Uint8Array;
  view<T>(address: number, length: number, type: TypedArrayConstructor<T>): T;
  view<T>(address: number, length: number, type?: TypedArrayConstructor<T>): T | Uint8Array {
    const bytes = length * (type?.BYTES_PER_ELEMENT ?? 1);
    const memory = this.host.process.mm.view(address, bytes, false);
    if (memory === null) throw new RangeError(`segmentation fault: process ${this.name} has no CPU-accessible memory at 0x${address.toString(16)} (${bytes} bytes)`);
    const { observer } = this.host.kernel;
    if (observer !== null) observer.viewed(currentCaller(this.host).thread, address, bytes);
    return type === undefined ? memory : new type(memory.buffer, memory.byteOffset, length);
  }
}

/**
 * A process driven by plain calls from a script or test: `p.cuda.cuInit(0)`. The other styles hang below it: `p.tuple.cuda`, `p.throwing.cuda`,
 * `p.async.cuda`.
 */
export class HostProcess extends ProcessBase implements SyncApis {
  private readonly sync: SyncApis;
  #tuple: TupleApis | undefined;
  #throwing: ThrowingApis | undefined;
  #async: AsyncApis | undefined;

  constructor(host: Host) {
    super(host);
    this.sync = new LazyApis((implementation) => bindSync(implementation, host)) as unknown as SyncApis;
  }

  get cuda(): SyncApis["cuda"] {
    return this.sync.cuda;
  }

  get cudart(): SyncApis["cudart"] {
    return this.sync.cudart;
  }

  get opencl(): SyncApis["opencl"] {
    return this.sync.opencl;
  }

  get nvml(): SyncApis["nvml"] {
    return this.sync.nvml;
  }

  /** `const [err, ctx] = p.tuple.cuda.cuCtxCreate(null, 0, dev)`. */
  get tuple(): TupleApis {
    return (this.#tuple ??= new LazyApis(facadeOf(tupleFacade, this.sync)) as unknown as TupleApis);
  }

  /** `const ctx = p.throwing.cuda.cuCtxCreate(null, 0, dev)`. */
  get throwing(): ThrowingApis {
    return (this.#throwing ??= new LazyApis(facadeOf(throwingFacade, this.sync)) as unknown as ThrowingApis);
  }

  /** `await p.async.cuda.cuStreamSynchronize(s)`. */
  get async(): AsyncApis {
    return (this.#async ??= new LazyApis((implementation) => bindAsync(implementation, this.host)) as unknown as AsyncApis);
  }

  /** Runs a coroutine on the main thread to its end. */
  run<T>(body: (p: SimProcess) => Blocking<T>): T {
    return this.host.kernel.scheduler.drive(this.host.process.main, body(new SimProcess(this.host)));
  }

  /** exit(3): everything the process holds is released. */
  exit(code: number = 0): void {
    this.host.process.terminate({ code, signal: 0 });
  }

  /** kill -9 from outside. */
  kill(): void {
    this.host.kernel.kill(this.host.process);
  }
}

/** A process as its own simulated program sees it: every API call is `yield*`ed. */
export class SimProcess extends ProcessBase implements CoroutineApis {
  private readonly apis: CoroutineApis;

  constructor(host: Host) {
    super(host);
    this.apis = new LazyApis((implementation) => bindCoroutine(implementation, host)) as unknown as CoroutineApis;
  }

  get cuda(): CoroutineApis["cuda"] {
    return this.apis.cuda;
  }

  get cudart(): CoroutineApis["cudart"] {
    return this.apis.cudart;
  }

  get opencl(): CoroutineApis["opencl"] {
    return this.apis.opencl;
  }

  get nvml(): CoroutineApis["nvml"] {
    return this.apis.nvml;
  }

  /** Starts another host thread of this process. Join it with `yield* handle.join()`. */
  thread(name: string, body: (p: SimProcess) => Blocking<unknown>): ThreadHandle {
    const thread = this.host.process.startThread(name, body(this), false);
    const host = this.host;
    callerOf(host, thread);
    return new Started(host, thread);
  }

  /** Sleeps for virtual nanoseconds. */
  *sleep(ns: number): Blocking<void> {
    yield* this.sys.nanosleep(ns);
  }

  /** Prints to descriptor 1. */
  print(text: string): void {
    this.sys.write(1, `${text}\n`);
  }
}

/**
 * The handle of a started thread. A class, so that its generator is one function: each new generator function that is called costs a hidden class, which only a full collection frees
 * together with all that the function sees.
 */
class Started implements ThreadHandle {
  readonly tid: number;
  private readonly host: Host;
  private readonly thread: Thread;

  constructor(host: Host, thread: Thread) {
    this.tid = thread.tid;
    this.host = host;
    this.thread = thread;
  }

  *join(): Blocking<unknown> {
    const { thread } = this;
    while (thread.state !== "dead") yield { queue: thread.ended, deadline: null, what: `thread "${thread.name}" to end`, threads: () => [thread] };
    const { observer } = this.host.kernel;
    if (observer !== null) observer.joined(currentCaller(this.host).thread, thread);
    return thread.result;
  }
}

/** A started thread. */
export interface ThreadHandle {
  readonly tid: number;
  /** Waits until the thread has ended; gives what its body returned. */
  join(): Blocking<unknown>;
}
