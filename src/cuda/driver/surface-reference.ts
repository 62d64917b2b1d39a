import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import type { CUarray, CUsurfref } from "../abi/driver/types.ts";
import { arrayArgument } from "./core/array.ts";
import { enter } from "./core/enter.ts";
import { fail } from "./core/fail.ts";
import { changeReference, surfaceReference } from "./reference-argument.ts";
import { resourceOf } from "./resource-argument.ts";

/** Surface Reference Management [DEPRECATED]. */

/**
 * Binds an array in place of the one that was bound.
 * @param hArray an array made with CUDA_ARRAY3D_SURFACE_LDST
 * @param Flags must be 0
 * @returns INVALID_VALUE: no surface reference, not an array, one without CUDA_ARRAY3D_SURFACE_LDST, flags. OUT_OF_MEMORY.
 */
export function cuSurfRefSetArray(t: Caller, hSurfRef: CUsurfref | null, hArray: CUarray | null, Flags: number): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const reference = surfaceReference(t, hSurfRef);
  if (typeof reference === "number") return reference;
  const array = arrayArgument(t, hArray, "hArray", cu.CUDA_ERROR_INVALID_VALUE);
  if (typeof array === "number") return array;
  if ((array.descriptor.Flags & cu.CUDA_ARRAY3D_SURFACE_LDST) === 0) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "the array must have been made with CUDA_ARRAY3D_SURFACE_LDST", { Flags: array.descriptor.Flags });
  if (Flags !== 0) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "Flags must be 0", { Flags });
  const resource = resourceOf(t, reference.context, { resType: cu.CU_RESOURCE_TYPE_ARRAY, res: { array: { hArray: array.handle } } });
  if (typeof resource === "number") return resource;
  return changeReference(t, reference, () => { reference.bound = { resource, dptr: 0 }; });
}

/** The array bound to a surface reference. @returns INVALID_VALUE: phArray NULL, no surface reference, no array bound. */
export function cuSurfRefGetArray(t: Caller, phArray: Out<CUarray> | null, hSurfRef: CUsurfref | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (phArray === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "phArray must not be NULL");
  const reference = surfaceReference(t, hSurfRef);
  if (typeof reference === "number") return reference;
  const array = reference.bound?.resource.array;
  if (array === undefined || array === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "the reference must be bound to an array", { hSurfRef });
  phArray.value = array.handle;
  return 0;
}
