import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import { textureDescriptor } from "../../compiler/ptx/texture.ts";
import type { ImageFields } from "../../compiler/builtins/opencl/images/descriptor.ts";
import type { In } from "../abi/common.ts";
import * as cu from "../abi/driver/constants.ts";
import { CUaddress_mode, CUfilter_mode, type CUresult } from "../abi/driver/enums.ts";
import type { CUDA_RESOURCE_DESC, CUDA_RESOURCE_VIEW_DESC, CUDA_TEXTURE_DESC, CUtexObject } from "../abi/driver/types.ts";
import { isEnumerator } from "./core/arguments.ts";
import type { Context } from "./core/context.ts";
import { enter } from "./core/enter.ts";
import { fail } from "./core/fail.ts";
import { errnoCode, errnoRule } from "./core/fault.ts";
import type { CudaArray } from "./core/array.ts";
import { fieldsOf, resourceOf, type Resource } from "./resource-argument.ts";
import { holdsSrgb, readsIntegers, samplingOf, type Sampling } from "./core/sampling.ts";
import { bindlessOf, type BindlessObject } from "./bindless.ts";

/** Texture Object Management. Handles are addresses of descriptors (../../compiler/ptx/texture.ts). */

const FLAGS = cu.CU_TRSF_READ_AS_INTEGER | cu.CU_TRSF_NORMALIZED_COORDINATES | cu.CU_TRSF_SRGB | cu.CU_TRSF_DISABLE_TRILINEAR_OPTIMIZATION | cu.CU_TRSF_SEAMLESS_CUBEMAP;

/** How the texture samples, or the error. */
function checkedSampling(t: Caller, desc: In<CUDA_TEXTURE_DESC>, resource: Resource): Sampling | CUresult {
  const invalid = (rule: string, values: Readonly<Record<string, unknown>> = {}): CUresult => fail(t, cu.CUDA_ERROR_INVALID_VALUE, rule, values);
  const flags = desc.flags ?? 0;
  const filter = desc.filterMode ?? cu.CU_TR_FILTER_MODE_POINT;
  const modes = [0, 1, 2].map((i) => desc.addressMode?.[i] ?? cu.CU_TR_ADDRESS_MODE_WRAP).slice(0, resource.dimensions);
  if ((flags & ~FLAGS) !== 0) return invalid("flags must hold CU_TRSF_* bits only", { flags });
  if (!isEnumerator(CUfilter_mode, filter)) return invalid("filterMode must be of CUfilter_mode", { filterMode: filter });
  const bad = modes.find((mode) => !isEnumerator(CUaddress_mode, mode));
  if (bad !== undefined) return invalid("addressMode must be of CUaddress_mode", { addressMode: bad });
  const mipFilter = desc.mipmapFilterMode ?? cu.CU_TR_FILTER_MODE_POINT;
  if (!isEnumerator(CUfilter_mode, mipFilter)) return invalid("mipmapFilterMode must be of CUfilter_mode", { mipmapFilterMode: mipFilter });
  const { format, channels, linear, further } = resource;
  const pixels = { format, channels, linear, levels: further.length > 0 };
  if ((flags & cu.CU_TRSF_SRGB) !== 0 && !holdsSrgb(flags, pixels)) {
    return fail(t, cu.CUDA_ERROR_NOT_SUPPORTED, "sRGB is for four channels of 8 bits that are read as floats", { kind: format.kind, channels });
  }
  if (!linear && filter === cu.CU_TR_FILTER_MODE_LINEAR && readsIntegers(flags, format)) return invalid("a linear filter needs a texture that is read as floats", { filterMode: filter });
  // Modes of dimensions that the texture does not have are not looked at.
  return samplingOf({ ...desc, addressMode: [modes[0]!, modes[1] ?? modes[0]!, modes[2] ?? modes[0]!] }, pixels);
}

/** Files an object under the address of its descriptor. @returns the handle, or the error */
export function register(t: Caller, context: Context, bytes: Uint8Array, rest: Omit<BindlessObject, "handle" | "context">): number {
  const bindless = bindlessOf(t);
  const address = bindless.place(t, context, bytes);
  if (address < 0) return address;
  bindless.objects.set(address, { ...rest, handle: address, context });
  return address;
}

/**
 * Makes a texture object.
 * @param pTexObject gets the object; kernels take it as a 64-bit parameter
 * @param pResDesc an array, a mipmapped array, linear or pitched memory
 * @param pTexDesc address modes, filter, flags
 * @param pResViewDesc must be NULL
 * @returns INVALID_VALUE: NULL, a descriptor that makes no sense, memory that is not allocated or not aligned. INVALID_HANDLE: not an array. NOT_SUPPORTED: resource views, sRGB of
 * other formats than four channels of 8 bits. OUT_OF_MEMORY.
 */
export function cuTexObjectCreate(t: Caller, pTexObject: Out<CUtexObject> | null, pResDesc: In<CUDA_RESOURCE_DESC> | null, pTexDesc: In<CUDA_TEXTURE_DESC> | null, pResViewDesc: In<CUDA_RESOURCE_VIEW_DESC> | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (pTexObject === null || pResDesc === null || pTexDesc === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pTexObject, pResDesc and pTexDesc must not be NULL");
  const resource = resourceOf(t, context, pResDesc);
  if (typeof resource === "number") return resource;
  if (pResViewDesc !== null) return fail(t, cu.CUDA_ERROR_NOT_SUPPORTED, "resource views are not supported: pResViewDesc must be NULL");
  const sampling = checkedSampling(t, pTexDesc, resource);
  if (typeof sampling === "number") return sampling;
  const fields = (level: Resource | CudaArray): ImageFields => fieldsOf(resource, !sampling.integer, sampling.srgb, level);
  const bytes = textureDescriptor(fields(resource), sampling, resource.further.map(fields), { array: resource.layered, mipmapped: resource.mipmapped })!;
  const handle = register(t, context, bytes, { kind: "texture", resource: resource.desc, texture: completeTexture(pTexDesc), view: null });
  if (handle < 0) return fail(t, errnoCode(handle), errnoRule(handle, "making a texture descriptor"));
  pTexObject.value = handle as CUtexObject;
  return 0;
}

function completeTexture(desc: In<CUDA_TEXTURE_DESC>): CUDA_TEXTURE_DESC {
  const three = [0, 1, 2].map((i) => desc.addressMode?.[i] ?? 0);
  return {
    addressMode: three as CUDA_TEXTURE_DESC["addressMode"], filterMode: desc.filterMode ?? 0, flags: desc.flags ?? 0, maxAnisotropy: desc.maxAnisotropy ?? 0, mipmapFilterMode: desc.mipmapFilterMode ?? 0,
    mipmapLevelBias: desc.mipmapLevelBias ?? 0, minMipmapLevelClamp: desc.minMipmapLevelClamp ?? 0, maxMipmapLevelClamp: desc.maxMipmapLevelClamp ?? 0,
    borderColor: [0, 1, 2, 3].map((i) => desc.borderColor?.[i] ?? 0), reserved: [],
  };
}

/** The texture or surface object a handle names. @returns INVALID_VALUE: none. */
export function objectArgument(t: Caller, kind: BindlessObject["kind"], handle: number | null, name: string): BindlessObject | CUresult {
  const object = bindlessOf(t).objects.get(handle ?? 0);
  return object !== undefined && object.kind === kind && !object.context.destroyed ? object : fail(t, cu.CUDA_ERROR_INVALID_VALUE, `${name} must be a ${kind} object`, { [name]: handle });
}

/** Destroys a texture object. Kernels that still use it read what its place holds then. @returns INVALID_VALUE: not a texture object. */
export function cuTexObjectDestroy(t: Caller, texObject: CUtexObject | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const object = objectArgument(t, "texture", texObject, "texObject");
  if (typeof object === "number") return object;
  bindlessOf(t).remove(object);
  return 0;
}

function query<T>(t: Caller, out: Out<T> | null, name: string, texObject: CUtexObject | null, read: (object: BindlessObject) => T | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (out === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, `${name} must not be NULL`);
  const object = objectArgument(t, "texture", texObject, "texObject");
  if (typeof object === "number") return object;
  const value = read(object);
  if (value === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "the texture object was made without a resource view");
  out.value = value;
  return 0;
}

/** What a texture object reads. @returns INVALID_VALUE: pResDesc NULL, not a texture object. */
export function cuTexObjectGetResourceDesc(t: Caller, pResDesc: Out<CUDA_RESOURCE_DESC> | null, texObject: CUtexObject | null): CUresult {
  return query(t, pResDesc, "pResDesc", texObject, (object) => object.resource);
}

/** How a texture object samples. @returns INVALID_VALUE: pTexDesc NULL, not a texture object. */
export function cuTexObjectGetTextureDesc(t: Caller, pTexDesc: Out<CUDA_TEXTURE_DESC> | null, texObject: CUtexObject | null): CUresult {
  return query(t, pTexDesc, "pTexDesc", texObject, (object) => object.texture);
}

/** The resource view of a texture object: there are none. @returns INVALID_VALUE: pResViewDesc NULL, not a texture object, no view. */
export function cuTexObjectGetResourceViewDesc(t: Caller, pResViewDesc: Out<CUDA_RESOURCE_VIEW_DESC> | null, texObject: CUtexObject | null): CUresult {
  return query(t, pResViewDesc, "pResViewDesc", texObject, (object) => object.view);
}
