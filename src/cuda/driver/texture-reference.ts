import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { In } from "../abi/common.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import type { CUarray, CUDA_ARRAY_DESCRIPTOR, CUDA_RESOURCE_DESC, CUdeviceptr, CUmipmappedArray, CUtexref } from "../abi/driver/types.ts";
import { arrayArgument, mipmapArgument } from "./core/array.ts";
import { isSize } from "./core/arguments.ts";
import { enter } from "./core/enter.ts";
import { fail } from "./core/fail.ts";
import { errnoCode, errnoRule } from "./core/fault.ts";
import { Reference } from "./core/reference.ts";
import { deviceAttribute } from "./device-attributes.ts";
import { changeReference, textureReference } from "./reference-argument.ts";
import { resourceOf } from "./resource-argument.ts";

/** Texture Reference Management [DEPRECATED]: making references and binding memory to them. How they read: texture-reference-settings.ts. A launch takes what is bound at its time. */

/**
 * Makes a texture reference that belongs to no module: kernels take it as a parameter of type .texref.
 * @param pTexRef gets it
 * @returns INVALID_VALUE: pTexRef NULL. OUT_OF_MEMORY.
 */
export function cuTexRefCreate(t: Caller, pTexRef: Out<CUtexref> | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (pTexRef === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pTexRef must not be NULL");
  const reference = new Reference(context, null, { kind: "texref", independent: false, members: {} });
  const error = reference.update(t);
  if (error < 0) return fail(t, errnoCode(error), errnoRule(error, "making a texture reference"));
  const { driver } = context;
  reference.handle = driver.references.add(reference) as CUtexref;
  context.leaving.add((leaving) => {
    if (driver.references.get(reference.handle) !== reference) return;
    driver.references.remove(reference.handle);
    reference.retire(leaving);
  });
  pTexRef.value = reference.handle;
  return 0;
}

/**
 * Destroys a texture reference that cuTexRefCreate made. Launches that have it go on with it.
 * @returns INVALID_VALUE: no texture reference, one of a module (which goes with the module).
 */
export function cuTexRefDestroy(t: Caller, hTexRef: CUtexref | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const reference = textureReference(t, hTexRef);
  if (typeof reference === "number") return reference;
  if (reference.owner !== null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "hTexRef belongs to a module: cuModuleUnload destroys it", { hTexRef });
  context.driver.references.remove(reference.handle);
  reference.retire(t);
  return 0;
}

/** Binds what a resource descriptor says. @param dptr the address as given */
function bind(t: Caller, reference: Reference, desc: In<CUDA_RESOURCE_DESC>, dptr: number): CUresult {
  const resource = resourceOf(t, reference.context, desc);
  if (typeof resource === "number") return resource;
  const { linear, pitch2D } = desc.res ?? {};
  return changeReference(t, reference, () => {
    reference.bound = { resource, dptr };
    reference.format = resource.array?.descriptor.Format ?? linear?.format ?? pitch2D!.format!;
    reference.channels = resource.channels;
  });
}

/**
 * Binds an array in place of what was bound; the reference takes the array's format.
 * @param Flags must be CU_TRSA_OVERRIDE_FORMAT
 * @returns INVALID_VALUE: no texture reference, not an array, other flags. OUT_OF_MEMORY.
 */
export function cuTexRefSetArray(t: Caller, hTexRef: CUtexref | null, hArray: CUarray | null, Flags: number): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const reference = textureReference(t, hTexRef);
  if (typeof reference === "number") return reference;
  const array = arrayArgument(t, hArray, "hArray", cu.CUDA_ERROR_INVALID_VALUE);
  if (typeof array === "number") return array;
  if (Flags !== cu.CU_TRSA_OVERRIDE_FORMAT) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "Flags must be CU_TRSA_OVERRIDE_FORMAT", { Flags });
  return bind(t, reference, { resType: cu.CU_RESOURCE_TYPE_ARRAY, res: { array: { hArray: array.handle } } }, 0);
}

/**
 * Binds a mipmapped array in place of what was bound; the reference takes its format.
 * @param Flags must be CU_TRSA_OVERRIDE_FORMAT
 * @returns INVALID_VALUE: no texture reference, not a mipmapped array, other flags. OUT_OF_MEMORY.
 */
export function cuTexRefSetMipmappedArray(t: Caller, hTexRef: CUtexref | null, hMipmappedArray: CUmipmappedArray | null, Flags: number): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const reference = textureReference(t, hTexRef);
  if (typeof reference === "number") return reference;
  const mipmap = mipmapArgument(t, hMipmappedArray, "hMipmappedArray", cu.CUDA_ERROR_INVALID_VALUE);
  if (typeof mipmap === "number") return mipmap;
  if (Flags !== cu.CU_TRSA_OVERRIDE_FORMAT) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "Flags must be CU_TRSA_OVERRIDE_FORMAT", { Flags });
  return bind(t, reference, { resType: cu.CU_RESOURCE_TYPE_MIPMAPPED_ARRAY, res: { mipmap: { hMipmappedArray: mipmap.handle } } }, 0);
}

/**
 * Binds plain memory in place of what was bound, for fetches by whole numbers; its elements are those of cuTexRefSetFormat.
 * @param ByteOffset gets how far dptr lies behind the last aligned address, where element 0 of the texture is, bytes; may be NULL when that is 0
 * @param dptr device memory
 * @param bytes its size
 * @returns INVALID_VALUE: no texture reference, dptr not aligned to CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT and ByteOffset NULL, memory that is not allocated, no element or more than
 * CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE1D_LINEAR_WIDTH. OUT_OF_MEMORY.
 */
export function cuTexRefSetAddress_v2(t: Caller, ByteOffset: Out<number> | null, hTexRef: CUtexref | null, dptr: CUdeviceptr, bytes: number): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const reference = textureReference(t, hTexRef);
  if (typeof reference === "number") return reference;
  const alignment = deviceAttribute(reference.context.device, cu.CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT)!;
  const offset = dptr % alignment;
  if (offset !== 0 && ByteOffset === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "ByteOffset must not be NULL when dptr is not aligned to CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT", { dptr, alignment });
  if (!isSize(bytes)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "bytes must be a size", { bytes });
  const code = bind(t, reference, { resType: cu.CU_RESOURCE_TYPE_LINEAR, res: { linear: { devPtr: (dptr - offset) as CUdeviceptr, format: reference.format, numChannels: reference.channels, sizeInBytes: bytes === 0 ? 0 : bytes + offset } } }, dptr);
  if (code === 0 && ByteOffset !== null) ByteOffset.value = offset;
  return code;
}

/**
 * Binds plain memory with rows, in place of what was bound.
 * @param desc size and format
 * @param dptr device memory
 * @param Pitch from one row to the next, bytes
 * @returns INVALID_VALUE: no texture reference, desc NULL, a format that arrays cannot have, sizes not positive or beyond CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_LINEAR_*, Pitch too short or not a multiple
 * of CU_DEVICE_ATTRIBUTE_TEXTURE_PITCH_ALIGNMENT, dptr not aligned to CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT, memory that is not allocated. OUT_OF_MEMORY.
 */
export function cuTexRefSetAddress2D_v3(t: Caller, hTexRef: CUtexref | null, desc: In<CUDA_ARRAY_DESCRIPTOR> | null, dptr: CUdeviceptr, Pitch: number): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const reference = textureReference(t, hTexRef);
  if (typeof reference === "number") return reference;
  if (desc === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "desc must not be NULL");
  const { Width: width = 0, Height: height = 0, Format: format = 0 as typeof reference.format, NumChannels: numChannels = 0 } = desc;
  return bind(t, reference, { resType: cu.CU_RESOURCE_TYPE_PITCH2D, res: { pitch2D: { devPtr: dptr, format, numChannels, width, height, pitchInBytes: Pitch } } }, dptr);
}
