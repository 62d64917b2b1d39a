import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import { CUDA_ERROR_INVALID_VALUE } from "../abi/driver/constants.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import type { CUdevice, CUdevprop } from "../abi/driver/types.ts";
import { enterDevice } from "./core/enter.ts";
import { fail } from "./core/fail.ts";
import { deviceAttribute } from "./device-attributes.ts";

/** Device Management [DEPRECATED]. */

/**
 * Some properties of the GPU at once; cuDeviceGetAttribute has all.
 * @param prop gets them
 * @returns INVALID_DEVICE: no such device. INVALID_VALUE: prop NULL.
 */
export function cuDeviceGetProperties(t: Caller, prop: Out<CUdevprop> | null, dev: CUdevice): CUresult {
  const device = enterDevice(t, dev);
  if (typeof device === "number") return device;
  if (prop === null) return fail(t, CUDA_ERROR_INVALID_VALUE, "prop must not be NULL");
  const { limits, warpSize, constantBytes, clockHz } = device.profile;
  prop.value = {
    maxThreadsPerBlock: limits.maxThreadsPerBlock, maxThreadsDim: [...limits.maxBlockDim], maxGridSize: [...limits.maxGridDim], sharedMemPerBlock: limits.sharedPerBlock,
    totalConstantMemory: constantBytes, SIMDWidth: warpSize, memPitch: deviceAttribute(device, 11)!, regsPerBlock: limits.registersPerBlock,
    clockRate: Math.round(clockHz / 1000), textureAlign: deviceAttribute(device, 14)!,
  };
  return 0;
}

/**
 * The GPU's compute capability.
 * @param major gets the number before the point
 * @param minor gets the number behind it
 * @returns INVALID_DEVICE: no such device. INVALID_VALUE: an out-parameter NULL.
 */
export function cuDeviceComputeCapability(t: Caller, major: Out<number> | null, minor: Out<number> | null, dev: CUdevice): CUresult {
  const device = enterDevice(t, dev);
  if (typeof device === "number") return device;
  if (major === null || minor === null) return fail(t, CUDA_ERROR_INVALID_VALUE, "major and minor must not be NULL");
  [major.value, minor.value] = device.profile.computeCapability;
  return 0;
}
