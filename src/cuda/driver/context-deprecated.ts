import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUresult, CUsharedconfig } from "../abi/driver/enums.ts";
import type { CUcontext } from "../abi/driver/types.ts";
import { enter } from "./core/enter.ts";
import { fail } from "./core/fail.ts";
import { threadKey } from "./core/state.ts";

/** Context Management [DEPRECATED]. */

/**
 * Counts one more user of the current context.
 * @param pctx gets the context
 * @param flags must be 0
 * @returns INVALID_VALUE: pctx NULL, flags not 0.
 */
export function cuCtxAttach(t: Caller, pctx: Out<CUcontext> | null, flags: number): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (pctx === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pctx must not be NULL");
  if (flags !== 0) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "flags must be 0", { flags });
  context.attached++;
  pctx.value = context.handle;
  return 0;
}

/**
 * Counts one user of the current context less; the last one destroys it. Blocks then.
 * @returns INVALID_CONTEXT: ctx is not the current context.
 */
export function* cuCtxDetach(t: Caller, ctx: CUcontext | null): Blocking<CUresult> {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (context.handle !== ctx) return fail(t, cu.CUDA_ERROR_INVALID_CONTEXT, "ctx must be the current context", { ctx });
  if (context.attached > 0) {
    context.attached--;
    return 0;
  }
  t.threadState(threadKey).stack.pop();
  yield* context.destroy(t);
  return 0;
}

/**
 * The shared memory bank size. All devices since compute capability 5.0 have banks of four bytes.
 * @param pConfig gets it
 * @returns INVALID_VALUE: pConfig NULL.
 */
export function cuCtxGetSharedMemConfig(t: Caller, pConfig: Out<CUsharedconfig> | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (pConfig === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pConfig must not be NULL");
  pConfig.value = cu.CU_SHARED_MEM_CONFIG_FOUR_BYTE_BANK_SIZE;
  return 0;
}

/**
 * Asks for a shared memory bank size; without effect on these devices.
 * @returns INVALID_VALUE: not of CUsharedconfig.
 */
export function cuCtxSetSharedMemConfig(t: Caller, config: CUsharedconfig): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (!(config >= 0 && config <= cu.CU_SHARED_MEM_CONFIG_EIGHT_BYTE_BANK_SIZE)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "config must be of CUsharedconfig", { config });
  return 0;
}
