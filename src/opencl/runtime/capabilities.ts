import type { Caller } from "../../api/caller.ts";
import { imageExtensions, imageFeatures, languageExtensions, languageFeatures } from "../../compiler/clang/extensions.ts";
import { CL_DEVICE_SVM_ATOMICS, CL_DEVICE_SVM_COARSE_GRAIN_BUFFER, CL_DEVICE_SVM_FINE_GRAIN_BUFFER, CL_DEVICE_SVM_FINE_GRAIN_SYSTEM } from "../abi/constants.ts";
import type { cl_name_version } from "../abi/types.ts";
import { extensions, type ExtensionName } from "../abi/extensions.ts";
import type { DeviceObject } from "./device-object.ts";
import { stateOf } from "./state.ts";

/** CL_MAKE_VERSION. */
export function makeVersion(major: number, minor: number, patch: number = 0): number {
  return major * 2 ** 22 + minor * 2 ** 12 + patch;
}

/** Version of the platform and its devices. */
export function versionOf(t: Caller): readonly [number, number] {
  return stateOf(t).settings.version === "3.1" ? [3, 1] : [3, 0];
}

/** Whether the 3.1 rules hold. */
export function is31(t: Caller): boolean {
  return stateOf(t).settings.version === "3.1";
}

/** CL_DEVICE_MEM_BASE_ADDR_ALIGN in bytes: the largest data type, long16. */
export const BASE_ALIGN = 128;
/** Largest vector type, bytes. */
export const LARGEST_TYPE = 128;
/** CL_DEVICE_MAX_PARAMETER_SIZE. */
export const MAX_PARAMETER_BYTES = 4352;
/** CL_DEVICE_MAX_CONSTANT_ARGS. */
export const MAX_CONSTANT_ARGS = 8;
/** Largest images, the same for all devices: CL_DEVICE_IMAGE2D_MAX_*, IMAGE3D_MAX_*, IMAGE_MAX_BUFFER_SIZE (pixels) and IMAGE_MAX_ARRAY_SIZE. MODEL: at least the minima of the full profile. */
export const imageLimits: { readonly plane: readonly [number, number]; readonly volume: readonly [number, number, number]; readonly buffer: number; readonly layers: number } = {
  plane: [16384, 16384], volume: [2048, 2048, 2048], buffer: 2 ** 27, layers: 2048,
};
/** CL_DEVICE_MAX_READ_IMAGE_ARGS, MAX_WRITE_IMAGE_ARGS, MAX_READ_WRITE_IMAGE_ARGS, MAX_SAMPLERS: the minima of the full profile. */
export const imageArguments = { read: 128, write: 64, readWrite: 64, samplers: 16 } as const;
/** CL_DEVICE_IMAGE_PITCH_ALIGNMENT and CL_DEVICE_IMAGE_BASE_ADDRESS_ALIGNMENT, in pixels. */
export const IMAGE_PITCH_ALIGN = 16;
export const IMAGE_BASE_ALIGN = 16;
/** CL_DEVICE_PRINTF_BUFFER_SIZE. */
export const PRINTF_BYTES = 1048576;
/** Greatest value of the device's size_t that a JavaScript number holds exactly: more in one dimension is refused as not representable. */
export const SIZE_MAX: number = Number.MAX_SAFE_INTEGER;

/** CL_DEVICE_MAX_WORK_GROUP_SIZE. */
export function maxWorkGroup(device: DeviceObject): number {
  return device.info.profile.limits.maxThreadsPerBlock;
}

/** CL_DEVICE_MAX_WORK_GROUP_SIZES. */
export function maxWorkItems(device: DeviceObject): readonly [number, number, number] {
  return device.info.profile.limits.maxBlockDim;
}

/** CL_DEVICE_LOCAL_MEM_SIZE, bytes. */
export function localBytes(device: DeviceObject): number {
  return device.info.profile.limits.sharedPerBlock;
}

/** CL_DEVICE_SVM_CAPABILITIES. */
export function svmCapabilities(device: DeviceObject): number {
  const svm = device.info.profile.svm;
  return CL_DEVICE_SVM_COARSE_GRAIN_BUFFER | (svm?.fineGrainBuffer === true ? CL_DEVICE_SVM_FINE_GRAIN_BUFFER : 0) | (svm?.fineGrainSystem === true ? CL_DEVICE_SVM_FINE_GRAIN_SYSTEM : 0)
    | (svm?.atomics === true ? CL_DEVICE_SVM_ATOMICS : 0);
}

/** CL_DEVICE_MAX_MEM_ALLOC_SIZE, bytes: a quarter of the device's memory, the least that the specification allows for large ones. */
export function maxAllocation(device: DeviceObject): number {
  return Math.max(Math.min(1024 * 2 ** 20, device.info.vramBytes), Math.floor(device.info.vramBytes / 4));
}

/** CL_DEVICE_MAX_CONSTANT_BUFFER_SIZE, bytes. */
export function constantBytes(device: DeviceObject): number {
  return device.info.profile.constantBytes;
}

/** Extensions of the API that every device here has. Pipes, SPIR-V and device-side enqueue are not among them. */
const apiExtensions: readonly ExtensionName[] = [
  "cl_khr_create_command_queue", "cl_khr_device_uuid", "cl_khr_extended_versioning", "cl_khr_image2d_from_buffer", "cl_khr_pci_bus_info", "cl_khr_priority_hints", "cl_khr_suggested_local_work_size", "cl_khr_throttle_hints",
];

/** What every device here has: the extensions of the language that the compiler has, and those of the API. */
export const deviceExtensions: readonly ExtensionName[] = [...([...languageExtensions, ...imageExtensions] as readonly ExtensionName[]), ...apiExtensions].toSorted();

/** Optional features of OpenCL C 3.0 that the compiler has. */
export const deviceFeatures: readonly string[] = [...languageFeatures, ...imageFeatures];

/** What the compiler is told to offer to programs. */
export const programExtensions: readonly string[] = [...languageExtensions, ...languageFeatures, ...imageExtensions, ...imageFeatures];

/** Sub-groups are warps: how many a work-group of the device can have. */
export function maxSubGroups(device: DeviceObject): number {
  return Math.ceil(maxWorkGroup(device) / device.info.profile.warpSize);
}

/** What the platform itself has (device extensions that all devices share count too). */
export const platformExtensions: readonly ExtensionName[] = ["cl_khr_icd", ...deviceExtensions];

/** Extension names with versions, for the queries of OpenCL 3.0. */
export function withVersions(names: readonly ExtensionName[]): cl_name_version[] {
  return names.map((name) => {
    const [major, minor, patch] = extensions[name].revision.split(".").map(Number);
    return { name, version: makeVersion(major ?? 0, minor ?? 0, patch ?? 0) };
  });
}
