import type { Caller } from "../../api/caller.ts";
import * as cu from "../abi/driver/constants.ts";
import { CUaddress_mode, CUfilter_mode, type CUarray_format, type CUresult } from "../abi/driver/enums.ts";
import type { CUtexref } from "../abi/driver/types.ts";
import { arrayFormat, channelsFit } from "./core/array-format.ts";
import { isEnumerator } from "./core/arguments.ts";
import { enter } from "./core/enter.ts";
import { fail } from "./core/fail.ts";
import { changeReference, setTexture, textureReference } from "./reference-argument.ts";
import { resourceOf } from "./resource-argument.ts";

/** Texture Reference Management [DEPRECATED]: how references read. */

const FLAGS = cu.CU_TRSF_READ_AS_INTEGER | cu.CU_TRSF_NORMALIZED_COORDINATES | cu.CU_TRSF_SRGB | cu.CU_TRSF_DISABLE_TRILINEAR_OPTIMIZATION;

/**
 * Sets the format of elements. NON-SPEC: with an array bound, which brings its own format, only one with elements of the same size is taken (drivers leave that undefined).
 * @param fmt of a channel
 * @param NumPackedComponents channels
 * @returns INVALID_VALUE: no texture reference, a format that arrays cannot have, memory bound by cuTexRefSetAddress2D, an array with elements of another size, linear memory with too many elements of this
 * size. OUT_OF_MEMORY.
 */
export function cuTexRefSetFormat(t: Caller, hTexRef: CUtexref | null, fmt: CUarray_format, NumPackedComponents: number): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const reference = textureReference(t, hTexRef);
  if (typeof reference === "number") return reference;
  const invalid = (rule: string): CUresult => fail(t, cu.CUDA_ERROR_INVALID_VALUE, rule, { fmt, NumPackedComponents });
  const format = arrayFormat(fmt);
  if (format === undefined || !channelsFit(format, NumPackedComponents)) return invalid("fmt and NumPackedComponents must be those of an array");
  const { bound } = reference;
  let resource = bound?.resource ?? null;
  if (resource !== null && resource.linear) {
    const { linear } = resource.desc.res as { readonly linear: object };
    const again = resourceOf(t, reference.context, { ...resource.desc, res: { linear: { ...linear, format: fmt, numChannels: NumPackedComponents } } });
    if (typeof again === "number") return again;
    resource = again;
  } else if (resource !== null) {
    if (resource.array === null) return invalid("the format cannot be set after cuTexRefSetAddress2D, which has set it");
    if (resource.array.element !== format.bytes * NumPackedComponents) return invalid("elements of the bound array must have the size of the format");
  }
  return changeReference(t, reference, () => {
    reference.format = fmt;
    reference.channels = NumPackedComponents;
    if (bound !== null && resource !== null) reference.bound = { resource, dptr: bound.dptr };
  });
}

/**
 * Sets what coordinates outside mean; without effect on linear memory. Modes other than clamping and bordering need normalised coordinates, and clamp without.
 * @param dim coordinate: 0, 1 or 2
 * @param am CU_TR_ADDRESS_MODE_*
 * @returns INVALID_VALUE: no texture reference, no such dimension, not of CUaddress_mode. OUT_OF_MEMORY.
 */
export function cuTexRefSetAddressMode(t: Caller, hTexRef: CUtexref | null, dim: number, am: CUaddress_mode): CUresult {
  const wrong = (): string | null => (dim !== 0 && dim !== 1 && dim !== 2 ? "dim must be 0, 1 or 2" : isEnumerator(CUaddress_mode, am) ? null : "am must be of CUaddress_mode");
  return setTexture(t, hTexRef, wrong, { dim, am }, (reference) => reference.setAddressMode(dim, am));
}

const filterRule = (fm: number): string | null => (isEnumerator(CUfilter_mode, fm) ? null : "fm must be of CUfilter_mode");

/** Sets the filter; without effect on linear memory, and on textures that are read as integers. @returns INVALID_VALUE: no texture reference, not of CUfilter_mode. OUT_OF_MEMORY. */
export function cuTexRefSetFilterMode(t: Caller, hTexRef: CUtexref | null, fm: CUfilter_mode): CUresult {
  return setTexture(t, hTexRef, () => filterRule(fm), { fm }, ({ sampling }) => { sampling.filterMode = fm; });
}

/** Sets whether two levels of detail are mixed; without effect unless a mipmapped array is bound. @returns INVALID_VALUE: no texture reference, not of CUfilter_mode. OUT_OF_MEMORY. */
export function cuTexRefSetMipmapFilterMode(t: Caller, hTexRef: CUtexref | null, fm: CUfilter_mode): CUresult {
  return setTexture(t, hTexRef, () => filterRule(fm), { fm }, ({ sampling }) => { sampling.mipmapFilterMode = fm; });
}

/** Sets what is added to the level of detail; without effect unless a mipmapped array is bound. @returns INVALID_VALUE: no texture reference. OUT_OF_MEMORY. */
export function cuTexRefSetMipmapLevelBias(t: Caller, hTexRef: CUtexref | null, bias: number): CUresult {
  return setTexture(t, hTexRef, () => null, {}, ({ sampling }) => { sampling.mipmapLevelBias = Math.fround(bias); });
}

/** Sets the ends that the level of detail is kept to; without effect unless a mipmapped array is bound. @returns INVALID_VALUE: no texture reference. OUT_OF_MEMORY. */
export function cuTexRefSetMipmapLevelClamp(t: Caller, hTexRef: CUtexref | null, minMipmapLevelClamp: number, maxMipmapLevelClamp: number): CUresult {
  return setTexture(t, hTexRef, () => null, {}, ({ sampling }) => {
    sampling.minMipmapLevelClamp = Math.fround(minMipmapLevelClamp);
    sampling.maxMipmapLevelClamp = Math.fround(maxMipmapLevelClamp);
  });
}

/** Sets the most samples of an anisotropic filter; kept, and without effect. @returns INVALID_VALUE: no texture reference. OUT_OF_MEMORY. */
export function cuTexRefSetMaxAnisotropy(t: Caller, hTexRef: CUtexref | null, maxAniso: number): CUresult {
  return setTexture(t, hTexRef, () => null, {}, ({ sampling }) => { sampling.maxAnisotropy = maxAniso >>> 0; });
}

/**
 * Sets the colour of what lies outside.
 * @param pBorderColor red, green, blue, alpha; for textures that are read as integers their bits, taken as floats
 * @returns INVALID_VALUE: no texture reference, pBorderColor NULL or too short, no dimension with CU_TR_ADDRESS_MODE_BORDER. OUT_OF_MEMORY.
 */
export function cuTexRefSetBorderColor(t: Caller, hTexRef: CUtexref | null, pBorderColor: readonly number[] | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const reference = textureReference(t, hTexRef);
  if (typeof reference === "number") return reference;
  if (pBorderColor === null || pBorderColor.length < 4) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pBorderColor must hold four components");
  if (!reference.sampling.addressMode.includes(cu.CU_TR_ADDRESS_MODE_BORDER)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "a border has a colour only with CU_TR_ADDRESS_MODE_BORDER");
  return changeReference(t, reference, () => { reference.sampling.borderColor = pBorderColor.slice(0, 4).map(Math.fround); });
}

/**
 * Sets how elements are read and what coordinates mean.
 * @param Flags of CU_TRSF_READ_AS_INTEGER, CU_TRSF_NORMALIZED_COORDINATES, CU_TRSF_SRGB (for four channels of 8 bits, else without effect) and CU_TRSF_DISABLE_TRILINEAR_OPTIMIZATION (without effect)
 * @returns INVALID_VALUE: no texture reference, other flags. OUT_OF_MEMORY.
 */
export function cuTexRefSetFlags(t: Caller, hTexRef: CUtexref | null, Flags: number): CUresult {
  return setTexture(t, hTexRef, () => ((Flags & ~FLAGS) === 0 ? null : "Flags must hold CU_TRSF_* bits of texture references only"), { Flags }, ({ sampling }) => { sampling.flags = Flags; });
}
