import { CU_CTX_FLAGS_MASK, CU_CTX_SCHED_MASK } from "../abi/driver/constants.ts";

/** Why context flags make no sense, or null when they do. */
export function badContextFlags(flags: number): string | null {
  if ((flags & ~CU_CTX_FLAGS_MASK) !== 0 || flags < 0) return "flags must be bits of CUctx_flags";
  const schedule = flags & CU_CTX_SCHED_MASK;
  return schedule === 0 || schedule === 1 || schedule === 2 || schedule === 4 ? null : "flags may name only one way of waiting (CU_CTX_SCHED_*)";
}
