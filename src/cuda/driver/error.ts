import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import { CUDA_ERROR_INVALID_VALUE } from "../abi/driver/constants.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import { fail, resultName } from "./core/fail.ts";
import { describeCode } from "./error-strings.ts";

/** Error Handling. Works before cuInit. */

/**
 * Describes an error code in a few words.
 * @param error the code
 * @param pStr gets the text
 * @returns INVALID_VALUE: not a code of this API (pStr is not written), or pStr NULL.
 */
export function cuGetErrorString(t: Caller, error: CUresult, pStr: Out<string> | null): CUresult {
  const name = resultName(error);
  if (pStr === null) return fail(t, CUDA_ERROR_INVALID_VALUE, "pStr must not be NULL");
  if (name === null) return fail(t, CUDA_ERROR_INVALID_VALUE, "error must be a code of CUresult", { error });
  pStr.value = describeCode(error, name);
  return 0;
}

/**
 * Names an error code as the header does: "CUDA_ERROR_INVALID_VALUE".
 * @param error the code
 * @param pStr gets the name
 * @returns INVALID_VALUE: not a code of this API (pStr is not written), or pStr NULL.
 */
export function cuGetErrorName(t: Caller, error: CUresult, pStr: Out<string> | null): CUresult {
  const name = resultName(error);
  if (pStr === null) return fail(t, CUDA_ERROR_INVALID_VALUE, "pStr must not be NULL");
  if (name === null) return fail(t, CUDA_ERROR_INVALID_VALUE, "error must be a code of CUresult", { error });
  pStr.value = name;
  return 0;
}
