import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import { CUDA_ERROR_INVALID_VALUE, CUDA_VERSION } from "../abi/driver/constants.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import { fail } from "./core/fail.ts";

/** Version Management. Works before cuInit. */

/**
 * The newest CUDA version that the driver supports: 1000 * major + 10 * minor, 13000 here.
 * @param driverVersion gets the version
 * @returns INVALID_VALUE: driverVersion NULL.
 */
export function cuDriverGetVersion(t: Caller, driverVersion: Out<number> | null): CUresult {
  if (driverVersion === null) return fail(t, CUDA_ERROR_INVALID_VALUE, "driverVersion must not be NULL");
  driverVersion.value = CUDA_VERSION;
  return 0;
}
