import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUaddress_mode, CUarray_format, CUfilter_mode, CUresult } from "../abi/driver/enums.ts";
import type { CUarray, CUdeviceptr, CUmipmappedArray, CUtexref } from "../abi/driver/types.ts";
import { enter } from "./core/enter.ts";
import { fail } from "./core/fail.ts";
import type { Reference } from "./core/reference.ts";
import { textureReference } from "./reference-argument.ts";

/** Texture Reference Management [DEPRECATED]: what has been set. */

/** A query with one out-parameter. @param read the value, or why there is none */
function ask<T>(t: Caller, out: Out<T> | null, name: string, hTexRef: CUtexref | null, read: (reference: Reference) => { readonly value: T } | string): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (out === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, `${name} must not be NULL`);
  const reference = textureReference(t, hTexRef);
  if (typeof reference === "number") return reference;
  const found = read(reference);
  if (typeof found === "string") return fail(t, cu.CUDA_ERROR_INVALID_VALUE, found);
  out.value = found.value;
  return 0;
}

/** The address bound to a texture reference. @returns INVALID_VALUE: pdptr NULL, no texture reference, no memory bound. */
export function cuTexRefGetAddress_v2(t: Caller, pdptr: Out<CUdeviceptr> | null, hTexRef: CUtexref | null): CUresult {
  return ask(t, pdptr, "pdptr", hTexRef, ({ bound }) => (bound === null || bound.resource.array !== null ? "the reference must be bound to device memory" : { value: bound.dptr as CUdeviceptr }));
}

/** The array bound to a texture reference. @returns INVALID_VALUE: phArray NULL, no texture reference, no array bound. */
export function cuTexRefGetArray(t: Caller, phArray: Out<CUarray> | null, hTexRef: CUtexref | null): CUresult {
  return ask(t, phArray, "phArray", hTexRef, ({ bound }) => {
    const handle = bound?.resource.desc.res.array?.hArray;
    return handle === undefined ? "the reference must be bound to an array" : { value: handle };
  });
}

/** The mipmapped array bound to a texture reference. @returns INVALID_VALUE: phMipmappedArray NULL, no texture reference, no mipmapped array bound. */
export function cuTexRefGetMipmappedArray(t: Caller, phMipmappedArray: Out<CUmipmappedArray> | null, hTexRef: CUtexref | null): CUresult {
  return ask(t, phMipmappedArray, "phMipmappedArray", hTexRef, ({ bound }) => {
    const handle = bound?.resource.desc.res.mipmap?.hMipmappedArray;
    return handle === undefined ? "the reference must be bound to a mipmapped array" : { value: handle };
  });
}

/** What coordinates outside mean. NON-SPEC: the manual allows dimensions 0 and 1; 2 can be set, and is told too. @returns INVALID_VALUE: pam NULL, no texture reference, no such dimension. */
export function cuTexRefGetAddressMode(t: Caller, pam: Out<CUaddress_mode> | null, hTexRef: CUtexref | null, dim: number): CUresult {
  return ask(t, pam, "pam", hTexRef, ({ sampling }) => {
    const value = sampling.addressMode[dim];
    return value === undefined ? "dim must be 0, 1 or 2" : { value };
  });
}

/** The filter. @returns INVALID_VALUE: pfm NULL, no texture reference. */
export function cuTexRefGetFilterMode(t: Caller, pfm: Out<CUfilter_mode> | null, hTexRef: CUtexref | null): CUresult {
  return ask(t, pfm, "pfm", hTexRef, ({ sampling }) => ({ value: sampling.filterMode }));
}

/** The format of elements: the bound array's, or as set. @param pFormat may be NULL @param pNumChannels may be NULL @returns INVALID_VALUE: no texture reference. */
export function cuTexRefGetFormat(t: Caller, pFormat: Out<CUarray_format> | null, pNumChannels: Out<number> | null, hTexRef: CUtexref | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const reference = textureReference(t, hTexRef);
  if (typeof reference === "number") return reference;
  if (pFormat !== null) pFormat.value = reference.format;
  if (pNumChannels !== null) pNumChannels.value = reference.channels;
  return 0;
}

/** Whether two levels of detail are mixed. @returns INVALID_VALUE: pfm NULL, no texture reference. */
export function cuTexRefGetMipmapFilterMode(t: Caller, pfm: Out<CUfilter_mode> | null, hTexRef: CUtexref | null): CUresult {
  return ask(t, pfm, "pfm", hTexRef, ({ sampling }) => ({ value: sampling.mipmapFilterMode }));
}

/** What is added to the level of detail. @returns INVALID_VALUE: pbias NULL, no texture reference. */
export function cuTexRefGetMipmapLevelBias(t: Caller, pbias: Out<number> | null, hTexRef: CUtexref | null): CUresult {
  return ask(t, pbias, "pbias", hTexRef, ({ sampling }) => ({ value: sampling.mipmapLevelBias }));
}

/** The ends that the level of detail is kept to. @returns INVALID_VALUE: an out-parameter NULL, no texture reference. */
export function cuTexRefGetMipmapLevelClamp(t: Caller, pminMipmapLevelClamp: Out<number> | null, pmaxMipmapLevelClamp: Out<number> | null, hTexRef: CUtexref | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (pminMipmapLevelClamp === null || pmaxMipmapLevelClamp === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pminMipmapLevelClamp and pmaxMipmapLevelClamp must not be NULL");
  const reference = textureReference(t, hTexRef);
  if (typeof reference === "number") return reference;
  pminMipmapLevelClamp.value = reference.sampling.minMipmapLevelClamp;
  pmaxMipmapLevelClamp.value = reference.sampling.maxMipmapLevelClamp;
  return 0;
}

/** The most samples of an anisotropic filter. @returns INVALID_VALUE: pmaxAniso NULL, no texture reference. */
export function cuTexRefGetMaxAnisotropy(t: Caller, pmaxAniso: Out<number> | null, hTexRef: CUtexref | null): CUresult {
  return ask(t, pmaxAniso, "pmaxAniso", hTexRef, ({ sampling }) => ({ value: sampling.maxAnisotropy }));
}

/** The colour of what lies outside: four components. @returns INVALID_VALUE: pBorderColor NULL, no texture reference. */
export function cuTexRefGetBorderColor(t: Caller, pBorderColor: Out<readonly number[]> | null, hTexRef: CUtexref | null): CUresult {
  return ask(t, pBorderColor, "pBorderColor", hTexRef, ({ sampling }) => ({ value: [...sampling.borderColor] }));
}

/** The flags. @returns INVALID_VALUE: pFlags NULL, no texture reference. */
export function cuTexRefGetFlags(t: Caller, pFlags: Out<number> | null, hTexRef: CUtexref | null): CUresult {
  return ask(t, pFlags, "pFlags", hTexRef, ({ sampling }) => ({ value: sampling.flags }));
}
