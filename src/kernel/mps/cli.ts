import { Errno } from "../errors.ts";
import type { Kernel } from "../machine.ts";
import { DEFAULT_PIPE_DIRECTORY } from "../sys/mps-env.ts";
import { O_RDWR } from "../sys/sys.ts";
import { ThreadSys } from "../sys/thread-sys.ts";
import { MpsDaemon, type MpsOptions } from "./daemon.ts";

export type { MpsOptions } from "./daemon.ts";

/** The daemon is there already, or the machine has no NVIDIA GPU. */
export class MpsError extends Error {
  readonly errno: number;

  constructor(errno: number, message: string) {
    super(message);
    this.name = "MpsError";
    this.errno = errno;
  }
}

/**
 * nvidia-cuda-mps-control -d.
 * @returns the daemon's pid
 * @throws MpsError: another daemon listens in the directory; there is no NVIDIA GPU, or the machine runs Windows
 */
export function startMps(kernel: Kernel, gpus: readonly { readonly computeCapability: readonly [number, number] }[], options: MpsOptions = {}): number {
  if (kernel.os !== "linux" || gpus.length === 0) throw new MpsError(-Errno.ENODEV, "MPS needs Linux and an NVIDIA GPU");
  const daemon = MpsDaemon.start(kernel, gpus, options);
  if (typeof daemon === "number") throw new MpsError(daemon, "An instance of this daemon is already running");
  return daemon.process.pid;
}

/**
 * `echo command | nvidia-cuda-mps-control`: a process that asks the daemon, and ends.
 * @param directory where the daemon listens
 * @returns what it prints
 */
export function mpsControl(kernel: Kernel, command: string, directory: string = DEFAULT_PIPE_DIRECTORY): string {
  const process = kernel.createProcess("nvidia-cuda-mps-control", null);
  const sys = new ThreadSys(kernel, process.main);
  const fd = sys.open(`${directory}/control`, O_RDWR);
  const arg = { command, reply: "" };
  const result = fd < 0 ? fd : sys.ioctl(fd, "NV_MPS_COMMAND", arg);
  kernel.scheduler.settle(process.main);
  process.terminate({ code: result < 0 ? 1 : 0, signal: 0 });
  return result < 0 ? "Cannot find MPS control daemon process" : arg.reply;
}
