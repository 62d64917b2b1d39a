import { touch } from "../kernel/footprint.ts";
import { EmulatorBug } from "../kernel/errors.ts";
import type { Kernel } from "../kernel/machine.ts";
import type { Process } from "../kernel/process/process.ts";
import type { Thread } from "../kernel/process/thread.ts";
import type { Blocking } from "../kernel/process/wait.ts";
import type { Sys } from "../kernel/sys/sys.ts";
import { ThreadSys } from "../kernel/sys/thread-sys.ts";
import { DriverSys } from "./driver-sys.ts";
import { driveAsync } from "./async.ts";
import type { Caller, StateKey } from "./caller.ts";
import { callSite, type Diagnostics } from "./diagnostics.ts";
import type { AsyncApi, CoroutineApi, Implementation, SyncApi } from "./styles.ts";

/** A thread as the API implementations see it. */
class ThreadCaller implements Caller {
  readonly sys: Sys;
  /** System calls as the program itself makes them. */
  readonly plainSys: Sys;
  readonly process: Process;
  readonly thread: Thread;
  readonly diagnostics: Diagnostics;
  call = "";

  constructor(kernel: Kernel, thread: Thread, diagnostics: Diagnostics) {
    this.sys = new DriverSys(kernel, thread);
    this.plainSys = new ThreadSys(kernel, thread);
    this.process = thread.process;
    this.thread = thread;
    this.diagnostics = diagnostics;
  }

  processState<T>(key: StateKey<T>): T {
    const slots = this.process.userland;
    return (slots[key.index] ??= key.init(this)) as T;
  }

  threadState<T>(key: StateKey<T>): T {
    const slots = this.thread.userland;
    return (slots[key.index] ??= key.init(this)) as T;
  }
}

/** What calls of one process need: the machine they run on and where errors are explained. */
export interface Host {
  readonly kernel: Kernel;
  readonly process: Process;
  readonly diagnostics: Diagnostics;
}

/** The caller for a thread (one for its life). */
export function callerOf(host: Pick<Host, "kernel" | "diagnostics">, thread: Thread): Caller {
  return (thread.userland[0] ??= new ThreadCaller(host.kernel, thread, host.diagnostics)) as Caller;
}

/** Who calls now: the running thread when it belongs to the process, else the process's main thread. */
export function currentCaller(host: Host): Caller {
  const current = host.kernel.scheduler.current;
  return callerOf(host, current !== null && current.process === host.process ? current : host.process.main);
}

/** Thrown when a host program goes on calling after its process has ended. */
export class ProcessEndedError extends Error {
  constructor(process: Process, call: string) {
    super(`${call}: process ${process.name} (pid ${process.pid}) has ended${process.exit?.signal ? ` by signal ${process.exit.signal}` : ""}; it can make no more calls`);
    this.name = "ProcessEndedError";
  }
}

/** System calls of the program's own thread that runs now: unlike those of its libraries they tell of interruptions. */
export function systemCalls(host: Host): Sys {
  return (currentCaller(host) as ThreadCaller).plainSys;
}

type AnyFunction = (t: Caller, ...args: unknown[]) => unknown;
const GeneratorFunction = Object.getPrototypeOf(function* () {}).constructor as new () => unknown;

function isBlocking(fn: AnyFunction): boolean {
  return fn instanceof GeneratorFunction;
}

function enter(host: Host, t: Caller, name: string): void {
  if (host.process.exit !== null) throw new ProcessEndedError(host.process, name);
  t.call = name;
  touch(host.process);
  if (host.kernel.observer !== null) host.kernel.observer.called(t.thread, name);
  t.thread.debt += host.kernel.costs.apiCall;
  const { trace } = host.kernel;
  if (!trace.enabled) return;
  // Where the program called: for timelines only, since it costs microseconds of real time.
  const site = trace.recording ? callSite() : null;
  trace.emit("api:enter", site === null ? { call: name } : { call: name, site });
}

function leave(host: Host, t: Caller, name: string, result: unknown): void {
  if (host.kernel.observer !== null) host.kernel.observer.returned(t.thread);
  if (host.kernel.trace.enabled) host.kernel.trace.emit("api:exit", { call: name, code: typeof result === "number" ? result : String(result) });
}

function syncCall(host: Host, name: string, fn: AnyFunction): (...args: unknown[]) => unknown {
  const { kernel } = host;
  const scheduler = kernel.scheduler;
  const blocking = isBlocking(fn);
  return (...args) => {
    const t = currentCaller(host);
    const before = scheduler.current;
    scheduler.current = t.thread;
    try {
      enter(host, t, name);
      const result = blocking ? scheduler.drive(t.thread, fn(t, ...args) as Blocking<unknown>) : fn(t, ...args);
      if (t.thread.debt !== 0) scheduler.settle(t.thread);
      leave(host, t, name, result);
      return result;
    } finally {
      scheduler.current = before;
    }
  };
}

/** One call of a coroutine. One generator function for all API functions of all processes: see `Started` in src/host. */
function* coroutine(host: Host, name: string, fn: AnyFunction, blocking: boolean, args: unknown[]): Blocking<unknown> {
  const t = currentCaller(host);
  enter(host, t, name);
  const result = blocking ? yield* fn(t, ...args) as Blocking<unknown> : fn(t, ...args);
  // Every call is a scheduling point, and where its costs are paid.
  yield { queue: null, deadline: null, what: `its turn after ${name}` };
  leave(host, t, name, result);
  return result;
}

function coroutineCall(host: Host, name: string, fn: AnyFunction): (...args: unknown[]) => Blocking<unknown> {
  const blocking = isBlocking(fn);
  return (...args) => coroutine(host, name, fn, blocking, args);
}

function asyncCall(host: Host, name: string, fn: AnyFunction): (...args: unknown[]) => Promise<unknown> {
  return (...args) => {
    const t = currentCaller(host);
    return driveAsync(host.kernel, t.thread, coroutineCall(host, name, fn)(...args));
  };
}

/**
 * An object with one property for each function of `implementation`, made (and bound) when it is first read: a process uses few of
 * the 1,700 functions there are.
 */
function lazyObject<I extends Implementation>(implementation: I, make: (name: string, fn: AnyFunction) => unknown): object {
  const api = {};
  for (const name of Object.keys(implementation)) {
    Object.defineProperty(api, name, {
      enumerable: true,
      configurable: true,
      get() {
        const fn = implementation[name];
        if (fn === undefined) throw new EmulatorBug(`no implementation for ${name}`);
        const value = make(name, fn as AnyFunction);
        Object.defineProperty(api, name, { value, enumerable: true });
        return value;
      },
    });
  }
  return api;
}

/** The synchronous style: each call runs the machine until it is over. */
export function bindSync<I extends Implementation>(implementation: I, host: Host): SyncApi<I> {
  return lazyObject(implementation, (name, fn) => syncCall(host, name, fn)) as SyncApi<I>;
}

/** The coroutine style, for simulated threads. */
export function bindCoroutine<I extends Implementation>(implementation: I, host: Host): CoroutineApi<I> {
  return lazyObject(implementation, (name, fn) => coroutineCall(host, name, fn)) as CoroutineApi<I>;
}

/** The asynchronous style. */
export function bindAsync<I extends Implementation>(implementation: I, host: Host): AsyncApi<I> {
  return lazyObject(implementation, (name, fn) => asyncCall(host, name, fn)) as AsyncApi<I>;
}
