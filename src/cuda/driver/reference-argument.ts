import type { Caller } from "../../api/caller.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import type { CUsurfref, CUtexref } from "../abi/driver/types.ts";
import { enter } from "./core/enter.ts";
import { fail } from "./core/fail.ts";
import { errnoCode, errnoRule } from "./core/fault.ts";
import type { Reference } from "./core/reference.ts";
import { driverKey } from "./core/state.ts";

/** The texture reference a handle names. @returns INVALID_VALUE: none. */
export function textureReference(t: Caller, hTexRef: CUtexref | null): Reference | CUresult {
  return t.processState(driverKey).references.get(hTexRef ?? 0) ?? fail(t, cu.CUDA_ERROR_INVALID_VALUE, "hTexRef must be a texture reference of this process", { hTexRef });
}

/** The surface reference a handle names. @returns INVALID_VALUE: none. */
export function surfaceReference(t: Caller, hSurfRef: CUsurfref | null): Reference | CUresult {
  return t.processState(driverKey).surfaces.get(hSurfRef ?? 0) ?? fail(t, cu.CUDA_ERROR_INVALID_VALUE, "hSurfRef must be a surface reference of this process", { hSurfRef });
}

/** Changes a reference's state. @returns 0, or OUT_OF_MEMORY: no room for its descriptor; then it is as it was */
export function changeReference(t: Caller, reference: Reference, edit: () => void): CUresult {
  const error = reference.change(t, edit);
  return error < 0 ? fail(t, errnoCode(error), errnoRule(error, "writing a reference's descriptor")) : 0;
}

/** A setter of a texture reference: looks the reference up, then at its argument, then changes the state. */
export function setTexture(t: Caller, hTexRef: CUtexref | null, wrong: (reference: Reference) => string | null, values: Readonly<Record<string, unknown>>, edit: (reference: Reference) => void): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const reference = textureReference(t, hTexRef);
  if (typeof reference === "number") return reference;
  const rule = wrong(reference);
  return rule === null ? changeReference(t, reference, () => edit(reference)) : fail(t, cu.CUDA_ERROR_INVALID_VALUE, rule, values);
}
