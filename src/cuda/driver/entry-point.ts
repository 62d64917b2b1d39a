import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUdriverProcAddressQueryResult, CUresult } from "../abi/driver/enums.ts";
import { driverSignatures } from "../abi/driver/signatures.ts";
import { currentNames, names12 } from "../versions.ts";
import { fail } from "./core/fail.ts";

/** Driver Entry Point Access. Works before cuInit. */

const FLAGS = cu.CU_GET_PROC_ADDRESS_LEGACY_STREAM | cu.CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM;

/**
 * The function that a public name means in a CUDA version.
 * NON-SPEC: there are no function pointers; what is given is the numbered name, to be looked up in the API object: `process.cuda[name]`.
 * @param symbol a public name: "cuCtxCreate"
 * @param pfn gets the name of the function: "cuCtxCreate_v4"
 * @param cudaVersion 12000 for CUDA 12.0, 13000 for 13.0
 * @param flags CU_GET_PROC_ADDRESS_*
 * @param symbolStatus gets why, or that it was found; may be NULL
 * @returns INVALID_VALUE: a pointer NULL, a version beyond the driver's, unknown flags. NOT_FOUND: no such function.
 */
export function cuGetProcAddress_v2(t: Caller, symbol: string | null, pfn: Out<unknown> | null, cudaVersion: number, flags: number | bigint, symbolStatus: Out<CUdriverProcAddressQueryResult> | null): CUresult {
  if (symbol === null || pfn === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "symbol and pfn must not be NULL");
  if (!(cudaVersion > 0 && cudaVersion <= cu.CUDA_VERSION)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "cudaVersion must not exceed cuDriverGetVersion", { cudaVersion });
  if ((BigInt(flags) & ~BigInt(FLAGS)) !== 0n) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "flags must be CU_GET_PROC_ADDRESS_* bits", { flags });
  const name = (cudaVersion < 13000 ? (names12 as Readonly<Record<string, string>>)[symbol] : undefined) ?? currentNames[symbol] ?? symbol;
  if (!Object.hasOwn(driverSignatures, name) && name !== "cuCtxCreate_v2" && !name.endsWith("_v1")) {
    pfn.value = null;
    if (symbolStatus !== null) symbolStatus.value = cu.CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND;
    return fail(t, cu.CUDA_ERROR_NOT_FOUND, "symbol must be a function of the driver API", { symbol });
  }
  pfn.value = name;
  if (symbolStatus !== null) symbolStatus.value = cu.CU_GET_PROC_ADDRESS_SUCCESS;
  return 0;
}
