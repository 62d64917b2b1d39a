import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import * as rt from "../abi/runtime/constants.ts";
import type { cudaError_t } from "../abi/runtime/enums.ts";
import { cuDriverGetVersion } from "../driver/version.ts";
import { finish, refuse } from "./core/call.ts";

/** Version Management. */

/** The version of the runtime that is modelled: 1000 * major + 10 * minor. */
export const RUNTIME_VERSION = 13000;

/**
 * The newest CUDA version that the driver supports, as 1000 * major + 10 * minor. Works before any initialisation.
 * @returns cudaErrorInvalidValue: driverVersion NULL.
 */
export function cudaDriverGetVersion(t: Caller, driverVersion: Out<number> | null): cudaError_t {
  return finish(t, cuDriverGetVersion(t, driverVersion));
}

/**
 * The version of the runtime, as 1000 * major + 10 * minor.
 * @returns cudaErrorInvalidValue: runtimeVersion NULL.
 */
export function cudaRuntimeGetVersion(t: Caller, runtimeVersion: Out<number> | null): cudaError_t {
  if (runtimeVersion === null) return refuse(t, rt.cudaErrorInvalidValue, "runtimeVersion must not be NULL");
  runtimeVersion.value = RUNTIME_VERSION;
  return 0;
}
