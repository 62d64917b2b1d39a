import { Errno } from "../errors.ts";
import type { FileDriver, SysCaller } from "../fs/file.ts";
import type { IoctlName, IoctlTable } from "../sys/uapi.ts";
import type { MpsClient } from "./client.ts";
import type { MpsDaemon } from "./daemon.ts";

/**
 * One connection to a control daemon through its pipe directory: commands of nvidia-cuda-mps-control, or a program that becomes a client.
 */
export class PipeFile implements FileDriver {
  readonly kind = "mps";
  private readonly daemon: MpsDaemon;
  client: MpsClient | null = null;

  constructor(daemon: MpsDaemon) {
    this.daemon = daemon;
  }

  /** -ENOTTY: no request of a pipe; -EFAULT: no argument. */
  ioctl<K extends IoctlName>(caller: SysCaller, request: K, arg: IoctlTable[K]): number {
    if (arg === null || typeof arg !== "object") return -Errno.EFAULT;
    switch (request) {
      case "NV_MPS_COMMAND":
        return this.command(caller, arg as IoctlTable["NV_MPS_COMMAND"]);
      case "NV_MPS_CONNECT":
        return this.connect(caller, arg as IoctlTable["NV_MPS_CONNECT"]);
      case "NV_MPS_STATE":
        return this.state(arg as IoctlTable["NV_MPS_STATE"]);
      default:
        return -Errno.ENOTTY;
    }
  }

  private command(caller: SysCaller, arg: IoctlTable["NV_MPS_COMMAND"]): number {
    if (this.daemon.process.exit !== null) return -Errno.EPIPE;
    caller.thread.debt += this.daemon.kernel.costs.mpsRpc;
    arg.reply = this.daemon.command(arg.command, caller);
    return 0;
  }

  private connect(caller: SysCaller, arg: IoctlTable["NV_MPS_CONNECT"]): number {
    if (this.client !== null) return -Errno.EALREADY;
    caller.thread.debt += this.daemon.kernel.costs.mpsRpc;
    const client = this.daemon.connect(caller, arg);
    if (typeof client === "number") return client;
    this.client = client;
    arg.server = client.server.process.pid;
    return 0;
  }

  private state(arg: IoctlTable["NV_MPS_STATE"]): number {
    const { client } = this;
    arg.error = client === null ? -Errno.ENOTCONN : client.terminated ? -Errno.ESHUTDOWN : client.server.process.exit !== null ? -Errno.EPIPE : 0;
    return 0;
  }

  release(): void {
    if (this.client === null) return;
    this.client.server.leave(this.client);
    this.client = null;
    this.daemon.clientLeft();
  }
}
