import type { Caller } from "../../api/caller.ts";
import type { HostPtr } from "../../api/out.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUresult, CUsharedconfig } from "../abi/driver/enums.ts";
import type { CUfunction, CUstream, CUtexref } from "../abi/driver/types.ts";
import { hostPlace } from "./core/copy.ts";
import { enter } from "./core/enter.ts";
import { fail } from "./core/fail.ts";
import type { CudaFunction } from "./core/module.ts";
import { launchChecked } from "./execution.ts";
import { functionArgument } from "./function-argument.ts";
import { textureReference } from "./reference-argument.ts";

/** Execution Control [DEPRECATED]: launching with a state kept in the function. */

function target(t: Caller, hfunc: CUfunction | null, code: CUresult): CudaFunction | CUresult {
  const context = enter(t);
  return typeof context === "number" ? context : functionArgument(t, context, hfunc, code);
}

/**
 * Sets the block size of the next cuLaunch*.
 * @returns INVALID_HANDLE: not a function. INVALID_VALUE: sizes not positive.
 */
export function cuFuncSetBlockShape(t: Caller, hfunc: CUfunction | null, x: number, y: number, z: number): CUresult {
  const fn = target(t, hfunc, cu.CUDA_ERROR_INVALID_HANDLE);
  if (typeof fn === "number") return fn;
  if (!(x > 0 && y > 0 && z > 0)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "x, y and z must be positive", { x, y, z });
  fn.old.block = [x, y, z];
  return 0;
}

/**
 * Sets the dynamic shared memory of the next cuLaunch*.
 * @returns INVALID_HANDLE: not a function. INVALID_VALUE: negative.
 */
export function cuFuncSetSharedSize(t: Caller, hfunc: CUfunction | null, bytes: number): CUresult {
  const fn = target(t, hfunc, cu.CUDA_ERROR_INVALID_HANDLE);
  if (typeof fn === "number") return fn;
  if (!(bytes >= 0)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "bytes must not be negative", { bytes });
  fn.old.shared = bytes;
  return 0;
}

/**
 * Asks for a shared memory bank size; without effect.
 * @returns INVALID_VALUE: not a function, not of CUsharedconfig.
 */
export function cuFuncSetSharedMemConfig(t: Caller, hfunc: CUfunction | null, config: CUsharedconfig): CUresult {
  const fn = target(t, hfunc, cu.CUDA_ERROR_INVALID_VALUE);
  if (typeof fn === "number") return fn;
  return config >= 0 && config <= cu.CU_SHARED_MEM_CONFIG_EIGHT_BYTE_BANK_SIZE ? 0 : fail(t, cu.CUDA_ERROR_INVALID_VALUE, "config must be of CUsharedconfig", { config });
}

/**
 * Sets the size of the parameter block.
 * @returns INVALID_VALUE: not a function, more than 4096 bytes.
 */
export function cuParamSetSize(t: Caller, hfunc: CUfunction | null, numbytes: number): CUresult {
  const fn = target(t, hfunc, cu.CUDA_ERROR_INVALID_VALUE);
  if (typeof fn === "number") return fn;
  if (!(numbytes >= 0 && numbytes <= fn.old.params.length)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "numbytes must be 0 to 4096", { numbytes });
  fn.old.size = numbytes;
  return 0;
}

function setParam(t: Caller, hfunc: CUfunction | null, offset: number, size: number, write: (view: DataView) => void): CUresult {
  const fn = target(t, hfunc, cu.CUDA_ERROR_INVALID_VALUE);
  if (typeof fn === "number") return fn;
  const { params } = fn.old;
  if (!(offset >= 0 && offset + size <= params.length)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "the parameter must lie inside the block", { offset, size });
  write(new DataView(params.buffer, offset, size));
  return 0;
}

/** Sets an integer parameter at an offset. @returns INVALID_VALUE: not a function, outside the block. */
export function cuParamSeti(t: Caller, hfunc: CUfunction | null, offset: number, value: number): CUresult {
  return setParam(t, hfunc, offset, 4, (view) => view.setUint32(0, value >>> 0, true));
}

/** Sets a float parameter at an offset. @returns INVALID_VALUE: not a function, outside the block. */
export function cuParamSetf(t: Caller, hfunc: CUfunction | null, offset: number, value: number): CUresult {
  return setParam(t, hfunc, offset, 4, (view) => view.setFloat32(0, value, true));
}

/** Copies bytes into the parameter block. @returns INVALID_VALUE: not a function, ptr NULL or too short, outside the block. */
export function cuParamSetv(t: Caller, hfunc: CUfunction | null, offset: number, ptr: HostPtr | null, numbytes: number): CUresult {
  const fn = target(t, hfunc, cu.CUDA_ERROR_INVALID_VALUE);
  if (typeof fn === "number") return fn;
  const place = ptr === null || ptr === 0 ? null : hostPlace(t, fn.module.context.driver, ptr, numbytes, false);
  const bytes = place === null ? null : place.view ?? t.sys.memory(place.address, numbytes, false);
  if (bytes === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "ptr must be host memory of numbytes bytes", { numbytes });
  return setParam(t, hfunc, offset, numbytes, (view) => new Uint8Array(view.buffer, view.byteOffset, numbytes).set(bytes.subarray(0, numbytes)));
}

/**
 * Makes what is bound to a texture reference available to a kernel: which it is anyway, by the reference's name.
 * @param texunit must be CU_PARAM_TR_DEFAULT
 * @param hTexRef from cuModuleGetTexRef
 * @returns INVALID_VALUE: not a function, another texunit, no texture reference, one that no module has.
 */
export function cuParamSetTexRef(t: Caller, hfunc: CUfunction | null, texunit: number, hTexRef: CUtexref | null): CUresult {
  const fn = target(t, hfunc, cu.CUDA_ERROR_INVALID_VALUE);
  if (typeof fn === "number") return fn;
  if (texunit !== cu.CU_PARAM_TR_DEFAULT) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "texunit must be CU_PARAM_TR_DEFAULT", { texunit });
  const reference = textureReference(t, hTexRef);
  if (typeof reference === "number") return reference;
  return reference.owner !== null ? 0 : fail(t, cu.CUDA_ERROR_INVALID_VALUE, "hTexRef must come from cuModuleGetTexRef", { hTexRef });
}

function launchOld(t: Caller, f: CUfunction | null, width: number, height: number, hStream: CUstream | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const fn = functionArgument(t, context, f, cu.CUDA_ERROR_INVALID_VALUE);
  if (typeof fn === "number") return fn;
  return launchChecked(t, context, fn, [width, height, 1], fn.old.block, fn.old.shared, hStream, null, { buffer: fn.old.params, size: fn.old.size }, false);
}

/** Launches one block with the state kept in the function. @returns as cuLaunchKernel; INVALID_VALUE: not a function. */
export function cuLaunch(t: Caller, f: CUfunction | null): CUresult {
  return launchOld(t, f, 1, 1, null);
}

/** Launches a grid with the state kept in the function. @returns as cuLaunchKernel; INVALID_VALUE: not a function. */
export function cuLaunchGrid(t: Caller, f: CUfunction | null, grid_width: number, grid_height: number): CUresult {
  return launchOld(t, f, grid_width, grid_height, null);
}

/** cuLaunchGrid in a stream. @returns as cuLaunchKernel; INVALID_VALUE: not a function. */
export function cuLaunchGridAsync(t: Caller, f: CUfunction | null, grid_width: number, grid_height: number, hStream: CUstream | null): CUresult {
  return launchOld(t, f, grid_width, grid_height, hStream);
}
