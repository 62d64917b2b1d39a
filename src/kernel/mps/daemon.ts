import { Errno } from "../errors.ts";
import type { FileDriver, SysCaller } from "../fs/file.ts";
import type { Kernel, Subsystem } from "../machine.ts";
import type { Process } from "../process/process.ts";
import { WaitQueue, type Blocking } from "../process/wait.ts";
import type { NvIoctlTable } from "../sys/nv-uapi.ts";
import { DEFAULT_PIPE_DIRECTORY } from "../sys/mps-env.ts";
import type { MpsClient } from "./client.ts";
import { runCommand } from "./commands.ts";
import { PipeFile } from "./pipe.ts";
import { MAX_CLIENTS, MAX_CLIENTS_HOPPER, MpsServer } from "./server.ts";

/** How to start the daemon. Everything is optional. */
export interface MpsOptions {
  /** Where it listens. Default /tmp/nvidia-mps. */
  readonly directory?: string;
  /** What clients get at most: of each GPU's multiprocessors, and bytes of device memory by GPU number. Default: everything. */
  readonly percentage?: number;
  readonly pinned?: ReadonlyMap<number, number>;
  /** Programs of all users share one server (-multiuser-server). Default: one user at a time. */
  readonly multiUser?: boolean;
}

/** Settings that hold for clients to come. */
export interface MpsSettings {
  /** Of each GPU's multiprocessors. */
  percentage: number;
  /** Bytes of device memory for each client, by GPU number. */
  readonly pinned: Map<number, number>;
  /** 0 normal, 1 below normal. */
  priority: number;
}

/**
 * The control daemon (nvidia-cuda-mps-control -d): answers commands, and starts a server when the first program of a user comes. One server works at a time; a program
 * of another user is turned away while it has clients.
 */
export class MpsDaemon implements Subsystem {
  readonly name = "mps";
  readonly kernel: Kernel;
  readonly process: Process;
  readonly directory: string;
  readonly settings: MpsSettings = { percentage: 100, pinned: new Map(), priority: 0 };
  /** By server, what was set for it alone. */
  readonly perServer: Map<MpsServer, { percentage: number | null; readonly pinned: Map<number, number> }> = new Map();
  server: MpsServer | null = null;
  /** It ends when the last client has gone, and takes no more. */
  quitting = false;
  private readonly newestGpu: boolean;
  private readonly gpus: number;
  private readonly multiUser: boolean;

  private constructor(kernel: Kernel, process: Process, directory: string, gpus: number, newestGpu: boolean, multiUser: boolean) {
    this.kernel = kernel;
    this.process = process;
    this.directory = directory;
    this.gpus = gpus;
    this.newestGpu = newestGpu;
    this.multiUser = multiUser;
  }

  /** Starts a daemon. @returns it, or -EADDRINUSE: another listens in that directory */
  static start(kernel: Kernel, gpus: readonly { readonly computeCapability: readonly [number, number] }[], options: MpsOptions): MpsDaemon | number {
    const directory = options.directory ?? DEFAULT_PIPE_DIRECTORY;
    const path = `${directory}/control`;
    const probe = kernel.vfs.node(path);
    if (probe !== undefined && running.get(kernel)?.some((daemon) => daemon.directory === directory && daemon.process.exit === null) === true) return -Errno.EADDRINUSE;
    const idle = new WaitQueue();
    const process = kernel.createProcess("nvidia-cuda-mps-control", () => wait(idle, "commands"));
    const newest = gpus.length > 0 && gpus.every(({ computeCapability }) => computeCapability[0] >= 9);
    const daemon = new MpsDaemon(kernel, process, directory, gpus.length, newest, options.multiUser ?? false);
    if (options.percentage !== undefined) daemon.settings.percentage = options.percentage;
    for (const [gpu, bytes] of options.pinned ?? []) daemon.settings.pinned.set(gpu, bytes);
    kernel.vfs.mknod(path, (): FileDriver | number => (process.exit === null ? new PipeFile(daemon) : -Errno.ECONNREFUSED));
    process.atExit.push(() => daemon.ended());
    const all = running.get(kernel) ?? [];
    running.set(kernel, [...all.filter((other) => other.process.exit === null), daemon]);
    kernel.subsystems.push(daemon);
    return daemon;
  }

  /** A command of nvidia-cuda-mps-control. @returns what it prints */
  command(text: string, caller: SysCaller): string {
    return runCommand(this, text, caller);
  }

  /** The server for a user, started when there is none. -EAGAIN: the server works for another user. */
  serverFor(uid: number): MpsServer | number {
    const old = this.server;
    if (old !== null && old.process.exit === null) {
      if (old.uid === uid || this.multiUser) return old;
      if (old.clients.size > 0) return -Errno.EAGAIN;
      old.process.terminate({ code: 0, signal: 0 });
    }
    const queue = new WaitQueue();
    const process = this.kernel.createProcess("nvidia-cuda-mps-server", () => wait(queue, "clients"));
    this.server = new MpsServer(process, uid, this.newestGpu ? MAX_CLIENTS_HOPPER : MAX_CLIENTS);
    this.perServer.clear();
    this.perServer.set(this.server, { percentage: null, pinned: new Map() });
    return this.server;
  }

  /** A program wants to be a client: see NV_MPS_CONNECT. */
  connect(caller: SysCaller, arg: NvIoctlTable["NV_MPS_CONNECT"]): MpsClient | number {
    if (this.process.exit !== null || this.quitting) return -Errno.EPIPE;
    const started = this.server === null || this.server.process.exit !== null;
    const server = this.serverFor(caller.process.cred.euid);
    if (typeof server === "number") return server;
    if (started) caller.thread.debt += this.kernel.costs.mpsServerStart;
    const own = this.perServer.get(server);
    const ceiling = own?.percentage ?? this.settings.percentage;
    const pinned = new Map([...this.settings.pinned, ...(own?.pinned ?? [])]);
    // A client may ask for less than it was given, never for more.
    for (const [gpu, bytes] of arg.pinned ?? []) pinned.set(gpu, Math.min(bytes, pinned.get(gpu) ?? Infinity));
    return server.accept(caller.process, {
      percentage: Math.min(arg.percentage ?? 100, ceiling), pinned, connections: arg.connections, priority: arg.priority ?? this.settings.priority,
    });
  }

  /** The GPU of that number, as commands name it. */
  hasGpu(gpu: number): boolean {
    return Number.isInteger(gpu) && gpu >= 0 && gpu < this.gpus;
  }

  /** A client has gone. */
  clientLeft(): void {
    if (this.quitting && (this.server === null || this.server.clients.size === 0)) this.shutDown();
  }

  /** Takes no more clients, and ends with the last one (at once when `force`). */
  quit(force: boolean): void {
    this.quitting = true;
    if (force || this.server === null || this.server.process.exit !== null || this.server.clients.size === 0) this.shutDown();
  }

  private shutDown(): void {
    this.kernel.vfs.unlink(`${this.directory}/control`);
    this.process.terminate({ code: 0, signal: 0 });
  }

  /** The daemon's process is over, by command or by force: its server goes with it. A pipe that nobody listens to stays behind when it was killed. */
  private ended(): void {
    const { server } = this;
    if (server !== null && server.process.exit === null) server.process.terminate({ code: 0, signal: 0 });
    const { subsystems } = this.kernel;
    const at = subsystems.indexOf(this);
    if (at >= 0) subsystems.splice(at, 1);
  }

  checkInvariants(): void {
    this.server?.checkInvariants();
  }

  objectCounts(): Readonly<Record<string, number>> {
    return { clients: this.server?.clients.size ?? 0, contexts: this.server?.shares.size ?? 0 };
  }
}

const running = new WeakMap<Kernel, readonly MpsDaemon[]>();

/** What daemon and server do between requests. */
function* wait(queue: WaitQueue, what: string): Blocking<number> {
  for (;;) yield { queue, deadline: null, what };
}
