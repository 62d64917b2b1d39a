import { EmulatorBug } from "../../kernel/errors.ts";
import { SOURCE_NAME } from "./arguments.ts";
import type { Compiled } from "./cache.ts";
import { nodeModule } from "./host.ts";
import { compilingThreads, machineCodeFile, usualFlags } from "./machine-code.ts";
import { findPackage, PACKAGE, type Found } from "./package.ts";
import { withoutStubs } from "./stubs.ts";
import type { ClangRun, ClangTool } from "./tool.ts";
import { workerSource } from "./worker-source.ts";

/** Longest wait for one compilation, milliseconds. A hang of the compiler becomes an error of ours. */
const PATIENCE = 300_000;

/** How often it is looked whether the thread is still there, milliseconds. */
const LOOK = 100;

/** How often a program is tried when the thread ends over it: it may have been another's doing. */
const TRIES = 2;

/** What an answer is that the thread's end took the place of. */
const ENDED = "its thread has ended";

/** Places of the counters that the two threads share. */
const ANSWERS = 0;
const REQUESTS = 1;

/** Longest wait for machine code to be kept when the process ends, milliseconds; it takes 50 to 150. */
const STORING = 2000;

type Answer = Compiled & { readonly crashed?: boolean; readonly failed?: string };

/**
 * Clang as WebAssembly (the optional package @yowasp/clang). It loads only asynchronously, and clBuildProgram has to be synchronous:
 * so it lives in a worker thread, and the caller sleeps in `Atomics.wait` until the answer is there. That also keeps its
 * half gigabyte out of the caller's heap. One worker stays for the life of the process, and does not keep it alive.
 */
class WorkerClang implements ClangTool {
  readonly id: string;
  private readonly url: string;
  private readonly version: string;
  private worker: import("node:worker_threads").Worker | null = null;
  private port: import("node:worker_threads").MessagePort | null = null;
  /** One end of a channel whose other end goes with the thread; null where Node does not tell. */
  private alive: import("node:worker_threads").MessagePort | null = null;
  /** How many answers have come, and how many requests have gone. */
  private flags = new Int32Array(new SharedArrayBuffer(8));

  constructor(url: string, version: string) {
    this.url = url;
    this.version = version;
    this.id = `${PACKAGE} ${version}`;
  }

  private start(): import("node:worker_threads").MessagePort {
    if (this.gone()) this.stop();
    if (this.port !== null) return this.port;
    const { Worker, MessageChannel } = nodeModule("node:worker_threads")!;
    const { port1, port2 } = new MessageChannel();
    const control = new SharedArrayBuffer(8);
    this.flags = new Int32Array(control);
    const codeFile = machineCodeFile(this.url, this.version);
    const life = new MessageChannel();
    const workerData = { url: this.url, control, port: port2, alive: life.port2, codeFile, helpers: compilingThreads() };
    // A message channel of our own: answers can be taken from it without returning to the event loop.
    this.worker = new Worker(workerSource, { eval: true, workerData, transferList: [port2, life.port2], execArgv: [], env: {} });
    // It is told by whoever waits for an answer (Node would end the process for an error that nobody listens to).
    this.worker.on("error", () => undefined);
    // Before others that ask V8 for its flags.
    if (living.size === 0) process.prependListener("exit", settleAll);
    living.add(this);
    this.worker.unref();
    port1.unref();
    life.port1.unref();
    this.port = port1;
    this.alive = reaches(life.port1) ? life.port1 : null;
    return port1;
  }

  private stop(): void {
    if (living.delete(this) && living.size === 0) process.off("exit", settleAll);
    this.worker?.terminate().catch(() => undefined);
    this.port?.close();
    this.alive?.close();
    this.worker = null;
    this.port = null;
    this.alive = null;
    // A thread that was stopped in the middle had no time for it.
    usualFlags();
  }

  /** Whether the thread was there and is no more: it crashed, ran out of memory, or was ended. Its end is an event, which this thread does not get to while it sleeps; but a port knows of its other end. */
  private gone(): boolean {
    return this.alive !== null && !reaches(this.alive);
  }

  /** Sends a message and sleeps until there is an answer; undefined when none comes in that many milliseconds, or the thread has ended. */
  private ask(port: import("node:worker_threads").MessagePort, message: object, patience: number): { readonly answer: unknown; readonly woken: string } {
    const before = Atomics.load(this.flags, ANSWERS);
    port.postMessage(message);
    Atomics.add(this.flags, REQUESTS, 1);
    Atomics.notify(this.flags, REQUESTS);
    let woken: string = "timed-out";
    for (let left = patience; left > 0 && woken === "timed-out"; left -= LOOK) {
      woken = Atomics.wait(this.flags, ANSWERS, before, Math.min(LOOK, left));
      if (woken === "timed-out" && this.gone()) woken = ENDED;
    }
    return { answer: nodeModule("node:worker_threads")!.receiveMessageOnPort(port)?.message, woken };
  }

  /** Has the machine code of Clang kept, as far as V8 has come; V8's flags are as they were afterwards. */
  settle(): void {
    if (this.port !== null) this.ask(this.port, {}, STORING);
  }

  /** Ends the thread, which gives its memory back; the next program starts another. */
  release(): void {
    this.settle();
    this.stop();
  }

  run(program: ClangRun, tries: number = TRIES): Compiled {
    const { args, files } = program;
    const { answer: reply, woken } = this.ask(this.start(), { args, files, input: SOURCE_NAME }, PATIENCE);
    const answer = reply as Answer | undefined;
    if (answer === undefined || answer.failed !== undefined) {
      this.stop();
      if (answer === undefined && woken === ENDED && tries > 1) return this.run(program, tries - 1);
      throw new EmulatorBug(`${this.id} gave no answer (${answer?.failed ?? woken})`);
    }
    // What a trapped WebAssembly instance leaves behind is of no use.
    if (answer.crashed === true) this.stop();
    return { ok: answer.ok, ir: answer.ir, log: answer.log };
  }
}

/** Whether a message still gets to the other end of a port. (Node says so as what `postMessage` gives back, which its types leave out.) */
function reaches(port: import("node:worker_threads").MessagePort): boolean {
  return (port.postMessage(0) as unknown) === true;
}

/** Threads that are running. */
const living = new Set<WorkerClang>();

/** At the end of the process V8 has optimised the most: what is kept then is what the next process starts from. */
function settleAll(): void {
  for (const clang of living) clang.settle();
}

/** Clang as a package has it. A package that is put together otherwise than the known ones is run through its own functions. */
export function clangOf({ url, version }: Found): ClangTool {
  return withoutStubs(new WorkerClang(url, version));
}

/** The installed Clang package; null when there is none, or no worker threads. */
export function wasmClang(): ClangTool | null {
  if (nodeModule("node:worker_threads") === null) return null;
  const found = findPackage();
  return found === null ? null : clangOf(found);
}
