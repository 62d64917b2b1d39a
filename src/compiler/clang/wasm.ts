import { EmulatorBug } from "../../kernel/errors.ts";
import { SOURCE_NAME } from "./arguments.ts";
import type { Compiled } from "./cache.ts";
import { nodeModule } from "./host.ts";
import { machineCodeFile } from "./machine-code.ts";
import { findPackage, PACKAGE, type Found } from "./package.ts";
import { withoutStubs } from "./stubs.ts";
import type { ClangRun, ClangTool } from "./tool.ts";
import { workerSource } from "./worker-source.ts";

/** Longest wait for one compilation, milliseconds. A hang of the compiler becomes an error of ours. */
const PATIENCE = 300_000;

/** Places of the counters that the two threads share. */
const ANSWERS = 0;
const REQUESTS = 1;

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
  /** How many answers have come, and how many requests have gone. */
  private flags = new Int32Array(new SharedArrayBuffer(8));

  constructor(url: string, version: string) {
    this.url = url;
    this.version = version;
    this.id = `${PACKAGE} ${version}`;
  }

  private start(): import("node:worker_threads").MessagePort {
    if (this.port !== null) return this.port;
    const { Worker, MessageChannel } = nodeModule("node:worker_threads")!;
    const { port1, port2 } = new MessageChannel();
    const control = new SharedArrayBuffer(8);
    this.flags = new Int32Array(control);
    const workerData = { url: this.url, control, port: port2, codeFile: machineCodeFile(this.url, this.version) };
    // A message channel of our own: answers can be taken from it without returning to the event loop.
    this.worker = new Worker(workerSource, { eval: true, workerData, transferList: [port2], execArgv: [], env: {} });
    this.worker.unref();
    port1.unref();
    this.port = port1;
    return port1;
  }

  private stop(): void {
    this.worker?.terminate().catch(() => undefined);
    this.port?.close();
    this.worker = null;
    this.port = null;
  }

  run({ args, files }: ClangRun): Compiled {
    const { receiveMessageOnPort } = nodeModule("node:worker_threads")!;
    const port = this.start();
    const before = Atomics.load(this.flags, ANSWERS);
    port.postMessage({ args, files, input: SOURCE_NAME });
    Atomics.add(this.flags, REQUESTS, 1);
    Atomics.notify(this.flags, REQUESTS);
    const woken = Atomics.wait(this.flags, ANSWERS, before, PATIENCE);
    const answer = receiveMessageOnPort(port)?.message as Answer | undefined;
    if (answer === undefined || answer.failed !== undefined) {
      this.stop();
      throw new EmulatorBug(`${this.id} gave no answer (${answer?.failed ?? woken})`);
    }
    // What a trapped WebAssembly instance leaves behind is of no use.
    if (answer.crashed === true) this.stop();
    return { ok: answer.ok, ir: answer.ir, log: answer.log };
  }
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
