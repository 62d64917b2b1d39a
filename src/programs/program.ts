import type { CoroutineApi } from "../api/styles.ts";
import type { Blocking } from "../kernel/process/wait.ts";
import type { Sys } from "../kernel/sys/sys.ts";
import type { Nvml } from "../nvml/table.ts";
import type { OpenCl } from "../opencl/table.ts";
import type { Io } from "./io.ts";

/** What a program has of the machine: the system calls of its process, and the libraries it is linked with. */
export interface ProgramContext {
  /** Arguments, without its own name. */
  readonly args: readonly string[];
  readonly sys: Sys;
  readonly io: Io;
  readonly nvml: CoroutineApi<Nvml>;
  readonly opencl: CoroutineApi<OpenCl>;
  /** Starts another program as a child process with the same open files. @returns its pid; -ENOENT: there is none of that name; -EAGAIN, -ENOMEM */
  readonly spawn: (name: string, args: readonly string[]) => number;
  /** Becomes the MPS control daemon's parent: starts it with this process's environment. @returns null, or why not */
  readonly startMps: (multiUser: boolean) => string | null;
}

/** A program of the machine: runs as a process; what it returns is the exit code. */
export type Program = (c: ProgramContext) => Blocking<number>;
