import type { Caller } from "../../../api/caller.ts";
import { Errno } from "../../../kernel/errors.ts";
import { DEFAULT_PIPE_DIRECTORY, parsePercentage, parsePinned } from "../../../kernel/sys/mps-env.ts";
import { O_CLOEXEC, O_RDWR } from "../../../kernel/sys/sys.ts";
import * as cu from "../../abi/driver/constants.ts";
import type { CUresult } from "../../abi/driver/enums.ts";

/** Connections that a client takes on each GPU unless CUDA_DEVICE_MAX_CONNECTIONS says otherwise (NVIDIA MPS documentation: 2 for clients). */
const CONNECTIONS = 2;
const MOST_CONNECTIONS = 32;

/** The CUDA error for what an MPS daemon or server has answered. */
export function mpsCode(error: number): CUresult {
  switch (-error) {
    case Errno.EAGAIN: return cu.CUDA_ERROR_MPS_SERVER_NOT_READY;
    case Errno.EUSERS: return cu.CUDA_ERROR_MPS_MAX_CLIENTS_REACHED;
    case Errno.ENOSPC: return cu.CUDA_ERROR_MPS_MAX_CONNECTIONS_REACHED;
    case Errno.ENOTCONN: return cu.CUDA_ERROR_MPS_RPC_FAILURE;
    case Errno.ESHUTDOWN: return cu.CUDA_ERROR_MPS_CLIENT_TERMINATED;
    default: return cu.CUDA_ERROR_MPS_CONNECTION_FAILED;
  }
}

/**
 * Becomes a client of the MPS server, if a daemon listens in CUDA_MPS_PIPE_DIRECTORY. How much of the GPU it may use, its memory limit and its priority are asked for by environment
 * variables (NVIDIA MPS documentation, "Environment Variables").
 * @returns a descriptor of the connection; -1: there is no daemon; else a negative errno
 */
export function connectMps(t: Caller): number | { readonly error: number } {
  const { env } = t.process;
  const fd = t.sys.open(`${env.get("CUDA_MPS_PIPE_DIRECTORY") ?? DEFAULT_PIPE_DIRECTORY}/control`, O_RDWR | O_CLOEXEC);
  if (fd === -Errno.ENOENT) return -1;
  if (fd < 0) return { error: fd };
  const connections = Number(env.get("CUDA_DEVICE_MAX_CONNECTIONS") ?? CONNECTIONS);
  const priority = env.get("CUDA_MPS_CLIENT_PRIORITY");
  const error = t.sys.ioctl(fd, "NV_MPS_CONNECT", {
    percentage: parsePercentage(env.get("CUDA_MPS_ACTIVE_THREAD_PERCENTAGE")),
    pinned: parsePinned(env.get("CUDA_MPS_PINNED_DEVICE_MEM_LIMIT")),
    connections: Number.isInteger(connections) && connections >= 1 && connections <= MOST_CONNECTIONS ? connections : CONNECTIONS,
    priority: priority === "0" || priority === "1" ? Number(priority) : null,
    server: 0,
  });
  if (error >= 0) return fd;
  t.sys.close(fd);
  return { error };
}
