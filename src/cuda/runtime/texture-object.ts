import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { In } from "../abi/common.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import type { CUDA_RESOURCE_DESC, CUDA_TEXTURE_DESC } from "../abi/driver/types.ts";
import * as rt from "../abi/runtime/constants.ts";
import type { cudaError_t } from "../abi/runtime/enums.ts";
import type { cudaResourceDesc, cudaResourceViewDesc, cudaSurfaceObject_t, cudaTextureDesc, cudaTextureObject_t } from "../abi/runtime/types.ts";
import { arrayFormat } from "../driver/core/array-format.ts";
import { arrayArgument, mipmapArgument } from "../driver/core/array.ts";
import { fail } from "../driver/core/fail.ts";
import { cuSurfObjectCreate, cuSurfObjectDestroy } from "../driver/surface-object.ts";
import { cuTexObjectCreate, cuTexObjectDestroy, cuTexObjectGetResourceViewDesc, objectArgument } from "../driver/texture-object.ts";
import { inContext } from "./core/call.ts";
import { channelFormat, descOf } from "./core/channels.ts";

/** Texture Object Management and Surface Object Management. */

/** A resource in the driver's terms, with its format; or the error. */
function resourceOf(t: Caller, desc: In<cudaResourceDesc>): { readonly desc: In<CUDA_RESOURCE_DESC>; readonly format: number | null } | CUresult {
  const { resType = rt.cudaResourceTypeArray, res = {} } = desc;
  if (resType === rt.cudaResourceTypeArray) {
    const hArray = res.array?.array ?? 0;
    const array = arrayArgument(t, hArray, "array", rt.cudaErrorInvalidValue as CUresult);
    return typeof array === "number" ? array : { desc: { resType: cu.CU_RESOURCE_TYPE_ARRAY, res: { array: { hArray } } }, format: array.descriptor.Format };
  }
  if (resType === rt.cudaResourceTypeMipmappedArray) {
    const hMipmappedArray = res.mipmap?.mipmap ?? 0;
    const mipmap = mipmapArgument(t, hMipmappedArray, "mipmap", rt.cudaErrorInvalidValue as CUresult);
    return typeof mipmap === "number" ? mipmap : { desc: { resType: cu.CU_RESOURCE_TYPE_MIPMAPPED_ARRAY, res: { mipmap: { hMipmappedArray } } }, format: mipmap.descriptor.Format };
  }
  const given = resType === rt.cudaResourceTypeLinear ? res.linear : resType === rt.cudaResourceTypePitch2D ? res.pitch2D : undefined;
  if (given === undefined) return fail(t, rt.cudaErrorInvalidValue as CUresult, "resType must be of cudaResourceType, and res must hold that resource", { resType });
  const format = channelFormat(given.desc ?? {});
  if (format === null) return fail(t, rt.cudaErrorInvalidChannelDescriptor as CUresult, "desc must have 1, 2 or 4 channels of the same 8, 16 or 32 bits", { ...given.desc });
  if (typeof given.devPtr !== "number") return fail(t, rt.cudaErrorInvalidValue as CUresult, "devPtr must be an address of device memory");
  const common = { devPtr: given.devPtr, format: format.format as never, numChannels: format.channels };
  if (resType === rt.cudaResourceTypeLinear) return { desc: { resType: cu.CU_RESOURCE_TYPE_LINEAR, res: { linear: { ...common, sizeInBytes: res.linear?.sizeInBytes ?? 0 } } }, format: format.format };
  const { width = 0, height = 0, pitchInBytes = 0 } = res.pitch2D ?? {};
  return { desc: { resType: cu.CU_RESOURCE_TYPE_PITCH2D, res: { pitch2D: { ...common, width, height, pitchInBytes } } }, format: format.format };
}

/** What the driver's descriptor is in the runtime's terms. */
function resourceBack({ resType, res }: CUDA_RESOURCE_DESC): cudaResourceDesc {
  const flags = 0;
  if (res.array !== undefined) return { resType, res: { array: { array: res.array.hArray } }, flags };
  if (res.mipmap !== undefined) return { resType, res: { mipmap: { mipmap: res.mipmap.hMipmappedArray } }, flags };
  if (res.linear !== undefined) {
    const { devPtr, format, numChannels, sizeInBytes } = res.linear;
    return { resType, res: { linear: { devPtr, desc: descOf(format, numChannels), sizeInBytes } }, flags };
  }
  const { devPtr, format, numChannels, width, height, pitchInBytes } = res.pitch2D!;
  return { resType, res: { pitch2D: { devPtr, desc: descOf(format, numChannels), width, height, pitchInBytes } }, flags };
}

/** A texture's descriptor in the driver's terms, or the error. */
function textureOf(t: Caller, desc: In<cudaTextureDesc>, format: number): In<CUDA_TEXTURE_DESC> | CUresult {
  const { kind, bytes } = arrayFormat(format) ?? { kind: "float", bytes: 4 };
  const integer = kind === "uint" || kind === "sint";
  const normalised = desc.readMode === rt.cudaReadModeNormalizedFloat;
  if (normalised && integer && bytes === 4) return fail(t, rt.cudaErrorInvalidNormSetting as CUresult, "cudaReadModeNormalizedFloat is for integers of 8 and 16 bits", { readMode: desc.readMode });
  if (desc.filterMode === rt.cudaFilterModeLinear && integer && !normalised) return fail(t, rt.cudaErrorInvalidFilterSetting as CUresult, "a linear filter needs a texture that is read as floats", { filterMode: desc.filterMode });
  const flags = (integer && !normalised ? cu.CU_TRSF_READ_AS_INTEGER : 0) | ((desc.normalizedCoords ?? 0) !== 0 ? cu.CU_TRSF_NORMALIZED_COORDINATES : 0) | ((desc.sRGB ?? 0) !== 0 ? cu.CU_TRSF_SRGB : 0)
    | ((desc.disableTrilinearOptimization ?? 0) !== 0 ? cu.CU_TRSF_DISABLE_TRILINEAR_OPTIMIZATION : 0) | ((desc.seamlessCubemap ?? 0) !== 0 ? cu.CU_TRSF_SEAMLESS_CUBEMAP : 0);
  const { addressMode, filterMode, borderColor, maxAnisotropy, mipmapFilterMode, mipmapLevelBias, minMipmapLevelClamp, maxMipmapLevelClamp } = desc;
  return { addressMode, filterMode, borderColor, maxAnisotropy, mipmapFilterMode, mipmapLevelBias, minMipmapLevelClamp, maxMipmapLevelClamp, flags };
}

/**
 * Makes a texture object.
 * @returns cudaErrorInvalidValue: NULL, descriptors that make no sense, not an array. cudaErrorInvalidChannelDescriptor, cudaErrorInvalidNormSetting, cudaErrorInvalidFilterSetting:
 * formats, read modes and filters that do not go together. cudaErrorNotSupported: as cuTexObjectCreate.
 */
export function cudaCreateTextureObject(t: Caller, pTexObject: Out<cudaTextureObject_t> | null, pResDesc: In<cudaResourceDesc> | null, pTexDesc: In<cudaTextureDesc> | null, pResViewDesc: In<cudaResourceViewDesc> | null): cudaError_t {
  return inContext(t, () => {
    if (pTexObject === null || pResDesc === null || pTexDesc === null) return fail(t, rt.cudaErrorInvalidValue as CUresult, "pTexObject, pResDesc and pTexDesc must not be NULL");
    const resource = resourceOf(t, pResDesc);
    if (typeof resource === "number") return resource;
    const texture = textureOf(t, pTexDesc, resource.format ?? cu.CU_AD_FORMAT_FLOAT);
    return typeof texture === "number" ? texture : cuTexObjectCreate(t, pTexObject, resource.desc, texture, pResViewDesc === null ? null : {});
  });
}

/** Destroys a texture object; NULL does nothing. @returns cudaErrorInvalidValue: not a texture object. */
export function cudaDestroyTextureObject(t: Caller, texObject: cudaTextureObject_t | null): cudaError_t {
  return inContext(t, () => (texObject === null || texObject === 0 ? 0 : cuTexObjectDestroy(t, texObject)));
}

/** What a texture object reads. @returns cudaErrorInvalidValue: NULL, not a texture object. */
export function cudaGetTextureObjectResourceDesc(t: Caller, pResDesc: Out<cudaResourceDesc> | null, texObject: cudaTextureObject_t | null): cudaError_t {
  return inContext(t, () => {
    if (pResDesc === null) return fail(t, rt.cudaErrorInvalidValue as CUresult, "pResDesc must not be NULL");
    const object = objectArgument(t, "texture", texObject, "texObject");
    if (typeof object === "number") return object;
    pResDesc.value = resourceBack(object.resource);
    return 0;
  });
}

/** How a texture object samples. @returns cudaErrorInvalidValue: NULL, not a texture object. */
export function cudaGetTextureObjectTextureDesc(t: Caller, pTexDesc: Out<cudaTextureDesc> | null, texObject: cudaTextureObject_t | null): cudaError_t {
  return inContext(t, () => {
    if (pTexDesc === null) return fail(t, rt.cudaErrorInvalidValue as CUresult, "pTexDesc must not be NULL");
    const object = objectArgument(t, "texture", texObject, "texObject");
    if (typeof object === "number") return object;
    const { addressMode, filterMode, borderColor, maxAnisotropy, mipmapFilterMode, mipmapLevelBias, minMipmapLevelClamp, maxMipmapLevelClamp, flags } = object.texture!;
    const bit = (flag: number): number => ((flags & flag) !== 0 ? 1 : 0);
    pTexDesc.value = {
      addressMode, filterMode, borderColor, maxAnisotropy, mipmapFilterMode, mipmapLevelBias, minMipmapLevelClamp, maxMipmapLevelClamp,
      readMode: bit(cu.CU_TRSF_READ_AS_INTEGER) === 1 || !promotes(object.resource) ? rt.cudaReadModeElementType : rt.cudaReadModeNormalizedFloat,
      sRGB: bit(cu.CU_TRSF_SRGB), normalizedCoords: bit(cu.CU_TRSF_NORMALIZED_COORDINATES), disableTrilinearOptimization: bit(cu.CU_TRSF_DISABLE_TRILINEAR_OPTIMIZATION), seamlessCubemap: bit(cu.CU_TRSF_SEAMLESS_CUBEMAP),
    };
    return 0;

    function promotes(resource: CUDA_RESOURCE_DESC): boolean {
      const handle = resource.res.array?.hArray;
      const array = handle === undefined ? null : arrayArgument(t, handle, "array");
      const format = array !== null && typeof array !== "number" ? array.format : arrayFormat(resource.res.linear?.format ?? resource.res.pitch2D?.format ?? cu.CU_AD_FORMAT_FLOAT);
      return format !== undefined && (format.kind === "uint" || format.kind === "sint") && format.bytes < 4;
    }
  });
}

/** The resource view of a texture object: there are none. @returns cudaErrorInvalidValue: NULL, not a texture object, no view. */
export function cudaGetTextureObjectResourceViewDesc(t: Caller, pResViewDesc: Out<cudaResourceViewDesc> | null, texObject: cudaTextureObject_t | null): cudaError_t {
  return inContext(t, () => cuTexObjectGetResourceViewDesc(t, pResViewDesc as Parameters<typeof cuTexObjectGetResourceViewDesc>[1], texObject));
}

/** Makes a surface object of an array with cudaArraySurfaceLoadStore. @returns cudaErrorInvalidValue: NULL, another resource, an array without that flag. cudaErrorInvalidResourceHandle: not an array. */
export function cudaCreateSurfaceObject(t: Caller, pSurfObject: Out<cudaSurfaceObject_t> | null, pResDesc: In<cudaResourceDesc> | null): cudaError_t {
  return inContext(t, () => {
    if (pSurfObject === null || pResDesc === null) return fail(t, rt.cudaErrorInvalidValue as CUresult, "pSurfObject and pResDesc must not be NULL");
    if ((pResDesc.resType ?? rt.cudaResourceTypeArray) !== rt.cudaResourceTypeArray) return fail(t, rt.cudaErrorInvalidValue as CUresult, "a surface must be an array (cudaResourceTypeArray)", { resType: pResDesc.resType });
    return cuSurfObjectCreate(t, pSurfObject, { resType: cu.CU_RESOURCE_TYPE_ARRAY, res: { array: { hArray: pResDesc.res?.array?.array ?? 0 } } });
  });
}

/** Destroys a surface object; NULL does nothing. @returns cudaErrorInvalidValue: not a surface object. */
export function cudaDestroySurfaceObject(t: Caller, surfObject: cudaSurfaceObject_t | null): cudaError_t {
  return inContext(t, () => (surfObject === null || surfObject === 0 ? 0 : cuSurfObjectDestroy(t, surfObject)));
}

/** What a surface object stands on. @returns cudaErrorInvalidValue: NULL, not a surface object. */
export function cudaGetSurfaceObjectResourceDesc(t: Caller, pResDesc: Out<cudaResourceDesc> | null, surfObject: cudaSurfaceObject_t | null): cudaError_t {
  return inContext(t, () => {
    if (pResDesc === null) return fail(t, rt.cudaErrorInvalidValue as CUresult, "pResDesc must not be NULL");
    const object = objectArgument(t, "surface", surfObject, "surfObject");
    if (typeof object === "number") return object;
    pResDesc.value = resourceBack(object.resource);
    return 0;
  });
}
