import type { Caller } from "../../api/caller.ts";
import { CUDA_ERROR_INVALID_VALUE, CUDA_ERROR_NO_DEVICE, CUDA_ERROR_NOT_INITIALIZED } from "../abi/driver/constants.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import { openDevices } from "./core/device.ts";
import { fail } from "./core/fail.ts";
import { errnoRule } from "./core/fault.ts";
import { connectMps, mpsCode } from "./core/mps.ts";
import { driverKey } from "./core/state.ts";

/** Initialization. */

/**
 * Initialises the driver in this process: opens the GPUs. Must come before any other call of the driver API; calling it again does nothing.
 * State does not pass to a forked child: the child of a process that used CUDA cannot use it until it calls exec.
 * @param Flags must be 0
 * @returns INVALID_VALUE: Flags is not 0. NOT_INITIALIZED: this process was forked by one that had used CUDA. NO_DEVICE: the machine has no NVIDIA GPU that this process may open. MPS_CONNECTION_FAILED, MPS_RPC_FAILURE,
 *   MPS_SERVER_NOT_READY, MPS_MAX_CLIENTS_REACHED, MPS_MAX_CONNECTIONS_REACHED: an MPS daemon listens, and it or its server does not take this process.
 */
export function cuInit(t: Caller, Flags: number): CUresult {
  if (Flags !== 0) return fail(t, CUDA_ERROR_INVALID_VALUE, "Flags must be 0", { Flags });
  // The driver's state in the GPU belongs to the parent, whose copy cannot be used.
  if (t.process.inheritedLibraries.has(driverKey.index)) {
    return fail(t, CUDA_ERROR_NOT_INITIALIZED, "the parent had used CUDA before fork: a forked child cannot; it must call exec first (or the parent must fork before cuInit)");
  }
  const driver = t.processState(driverKey);
  if (driver.initialised) return 0;
  const connection = connectMps(t);
  if (typeof connection !== "number") return fail(t, mpsCode(connection.error), errnoRule(connection.error, "connecting to the MPS daemon"));
  const devices = openDevices(t, connection);
  if (typeof devices === "number" || devices.length === 0) t.sys.close(connection);
  if (typeof devices === "number") return fail(t, mpsCode(devices), errnoRule(devices, "joining the MPS server's context"));
  if (devices.length === 0) return fail(t, CUDA_ERROR_NO_DEVICE, "there is no NVIDIA GPU under /dev/dri that this process may open");
  driver.devices = devices;
  driver.initialised = true;
  return 0;
}
