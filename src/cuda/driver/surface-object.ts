import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import { textureDescriptor } from "../../compiler/ptx/texture.ts";
import type { In } from "../abi/common.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import type { CUDA_RESOURCE_DESC, CUsurfObject } from "../abi/driver/types.ts";
import { enter } from "./core/enter.ts";
import { fail } from "./core/fail.ts";
import { errnoCode, errnoRule } from "./core/fault.ts";
import { fieldsOf, resourceOf } from "./resource-argument.ts";
import { bindlessOf } from "./bindless.ts";
import { objectArgument, register } from "./texture-object.ts";

/** Surface Object Management. Handles are addresses of descriptors, as for textures. */

/**
 * Makes a surface object.
 * @param pSurfObject gets the object; kernels take it as a 64-bit parameter
 * @param pResDesc an array made with CUDA_ARRAY3D_SURFACE_LDST
 * @returns INVALID_VALUE: NULL, another resource than an array, an array without CUDA_ARRAY3D_SURFACE_LDST. INVALID_HANDLE: not an array. OUT_OF_MEMORY.
 */
export function cuSurfObjectCreate(t: Caller, pSurfObject: Out<CUsurfObject> | null, pResDesc: In<CUDA_RESOURCE_DESC> | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (pSurfObject === null || pResDesc === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pSurfObject and pResDesc must not be NULL");
  if ((pResDesc.resType ?? cu.CU_RESOURCE_TYPE_ARRAY) !== cu.CU_RESOURCE_TYPE_ARRAY) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "a surface must be an array (CU_RESOURCE_TYPE_ARRAY)", { resType: pResDesc.resType });
  const resource = resourceOf(t, context, pResDesc);
  if (typeof resource === "number") return resource;
  if ((resource.array!.descriptor.Flags & cu.CUDA_ARRAY3D_SURFACE_LDST) === 0) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "the array must have been made with CUDA_ARRAY3D_SURFACE_LDST", { Flags: resource.array!.descriptor.Flags });
  const bytes = textureDescriptor(fieldsOf(resource, false), { normalized: false, linear: false, address: "border" }, [], { kind: "surfref", array: resource.layered })!;
  const handle = register(t, context, bytes, { kind: "surface", resource: resource.desc, texture: null, view: null });
  if (handle < 0) return fail(t, errnoCode(handle), errnoRule(handle, "making a surface descriptor"));
  pSurfObject.value = handle as CUsurfObject;
  return 0;
}

/** Destroys a surface object. @returns INVALID_VALUE: not a surface object. */
export function cuSurfObjectDestroy(t: Caller, surfObject: CUsurfObject | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const object = objectArgument(t, "surface", surfObject, "surfObject");
  if (typeof object === "number") return object;
  bindlessOf(t).remove(object);
  return 0;
}

/** What a surface object stands on. @returns INVALID_VALUE: pResDesc NULL, not a surface object. */
export function cuSurfObjectGetResourceDesc(t: Caller, pResDesc: Out<CUDA_RESOURCE_DESC> | null, surfObject: CUsurfObject | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (pResDesc === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pResDesc must not be NULL");
  const object = objectArgument(t, "surface", surfObject, "surfObject");
  if (typeof object === "number") return object;
  pResDesc.value = object.resource;
  return 0;
}
