import { nodeModule } from "../../clang/host.ts";

/** A thread of the host that can be sent messages. */
export interface HostThread {
  post(message: unknown): void;
  stop(): void;
}

/** What a web browser has, as far as it is used here. */
interface WebWorker {
  postMessage(message: unknown, transfer: readonly unknown[]): void;
  terminate(): void;
}
interface Web {
  readonly Worker?: new (url: string) => WebWorker;
  readonly Blob?: new (parts: readonly string[], options: { readonly type: string }) => unknown;
  readonly URL?: { createObjectURL(blob: unknown): string };
  readonly crossOriginIsolated?: boolean;
}

/** Whether memory can be shared with threads: in Node, and in browsers for pages that are isolated from other origins. */
export function hasThreads(): boolean {
  if (typeof SharedArrayBuffer === "undefined" || typeof Atomics === "undefined") return false;
  const web = globalThis as unknown as Web;
  return nodeModule("node:worker_threads") !== null || (web.crossOriginIsolated === true && web.Worker !== undefined && web.Blob !== undefined && web.URL !== undefined);
}

/** Starts a thread with this program; null when that cannot be done. It does not keep the process alive. */
export function startThread(source: string): HostThread | null {
  try {
    const threads = nodeModule("node:worker_threads");
    if (threads !== null) {
      const worker = new threads.Worker(source, { eval: true, execArgv: [], env: {} });
      worker.on("error", () => undefined);
      worker.unref();
      return { post: (message) => worker.postMessage(message, []), stop: () => void worker.terminate() };
    }
    const { Worker, Blob, URL } = globalThis as unknown as Web;
    if (Worker === undefined || Blob === undefined || URL === undefined) return null;
    const worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
    return { post: (message) => worker.postMessage(message, []), stop: () => worker.terminate() };
  } catch {
    return null;
  }
}
