import { EmulatorBug, Errno } from "../kernel/errors.ts";
import type { FileDriver, OpenFile } from "../kernel/fs/file.ts";
import { OpenFile as Open } from "../kernel/fs/file.ts";
import type { Cgroup } from "../kernel/cgroup/cgroup.ts";
import type { Credentials } from "../kernel/process/cred.ts";
import type { Process } from "../kernel/process/process.ts";
import { ready } from "../kernel/process/wait.ts";
import { programs } from "../programs/index.ts";
import { Io } from "../programs/io.ts";
import type { Program, ProgramContext } from "../programs/program.ts";
import type { Host } from "../api/bind.ts";
import { SimProcess } from "./host-process.ts";

/** What programs are started with: the machine, and how it starts the MPS daemon. */
export interface ProgramHost extends Pick<Host, "kernel" | "diagnostics"> {
  /** @throws Error when it cannot be started */
  startMps(options: { readonly env: Readonly<Record<string, string>>; readonly multiUser: boolean }): number;
}

/** How to start a program of the machine. Everything is optional. */
export interface ProgramStart {
  readonly env?: Readonly<Record<string, string>>;
  readonly cred?: Credentials;
  readonly cgroup?: Cgroup;
  /** Open files for descriptors 0, 1 and 2 instead of the terminal's; the process takes the references. */
  readonly files?: readonly (OpenFile | null)[];
}

/** An open file that a text is read from, and then its end. */
export function textFile(text: string): OpenFile {
  const data = new TextEncoder().encode(text);
  const driver: FileDriver = {
    kind: "pipe",
    readBytes: (_caller, file, into) => {
      const n = Math.min(into.length, data.length - file.position);
      into.set(data.subarray(file.position, file.position + n));
      file.position += n;
      return ready(n);
    },
    release: () => {},
  };
  return new Open("pipe:[0]", 0, driver);
}

/** An open file that passes on what is written to it. */
export function sinkFile(take: (text: string) => void): OpenFile {
  const decoder = new TextDecoder();
  const driver: FileDriver = {
    kind: "pipe",
    writeBytes: (_caller, _file, data) => {
      take(decoder.decode(data, { stream: true }));
      return ready(data.length);
    },
    release: () => {},
  };
  return new Open("pipe:[1]", 1, driver);
}

/** What a program sees of its process. */
function contextOf(host: Host & ProgramHost, p: SimProcess, args: readonly string[]): ProgramContext {
  return {
    args,
    get sys() {
      return p.sys;
    },
    io: new Io(p.sys),
    get nvml() {
      return p.nvml;
    },
    get opencl() {
      return p.opencl;
    },
    spawn: (name, rest) => spawnChild(host, p, name, rest),
    startMps: (multiUser) => {
      try {
        host.startMps({ env: Object.fromEntries(host.process.env), multiUser });
        return null;
      } catch (error) {
        if (error instanceof EmulatorBug || !(error instanceof Error)) throw error;
        return error.message;
      }
    },
  };
}

/** fork and exec of another program. */
function spawnChild(host: Host & ProgramHost, p: SimProcess, name: string, args: readonly string[]): number {
  const program = programs.get(name);
  if (program === undefined) return -Errno.ENOENT;
  const child = p.fork((own) => program(contextOf({ ...host, process: host.kernel.processes.get(own.pid)! }, own, args)), name);
  if (typeof child === "number") return child;
  host.kernel.processes.get(child.pid)!.argv = [name, ...args];
  return child.pid;
}

/** Starts a program as a process of the machine, child of init. It runs when the machine runs. */
export function startProgram(host: ProgramHost, name: string, program: Program, args: readonly string[], options: ProgramStart = {}): Process {
  const { kernel } = host;
  const process = kernel.createProcess(name.split("/").at(-1)!.slice(0, 15), (self) => {
    const own = { ...host, process: self };
    return program(contextOf(own, new SimProcess(own), args));
  }, { ...(options.cred === undefined ? {} : { cred: options.cred }), ...(options.cgroup === undefined ? {} : { cgroup: options.cgroup }) });
  process.argv = [name, ...args];
  for (const [key, value] of Object.entries(options.env ?? {})) process.env.set(key, value);
  for (const [fd, file] of (options.files ?? []).entries()) {
    if (file === null || file === undefined) continue;
    process.files.close(fd);
    process.files.install(file, false);
  }
  return process;
}
