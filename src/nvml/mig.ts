import type { Caller } from "../api/caller.ts";
import type { Out } from "../api/out.ts";
import type { GpuInstanceInfo, MigProfileInfo } from "../kernel/sys/nv-uapi.ts";
import type { IoctlTable } from "../kernel/sys/uapi.ts";
import * as abi from "./abi.ts";
import { nvmlReturn_t, type nvmlDevice_t, type nvmlDeviceAttributes_t, type nvmlGpuInstance_t, type nvmlGpuInstanceInfo_t, type nvmlGpuInstancePlacement_t, type nvmlGpuInstanceProfileInfo_t } from "./abi.ts";
import { configRight, deviceHandle, enterDevice, enterGpu, instanceHandle, instancesOf, migOf, request, stateOf, type Entered } from "./core.ts";
import { give } from "./device.ts";
import { codeOf, fail } from "./errors.ts";
import { giveList } from "./process.ts";

/** Multi Instance GPU Management: the mode, GPU instances, MIG devices. */

const { NVML_ERROR_INVALID_ARGUMENT, NVML_ERROR_NOT_FOUND, NVML_ERROR_NOT_SUPPORTED, NVML_ERROR_IN_USE } = nvmlReturn_t;

/** Enters a GPU that can be partitioned. */
function enterMig(t: Caller, device: nvmlDevice_t | null): Entered | nvmlReturn_t {
  const entered = enterGpu(t, device);
  if (typeof entered === "number" || entered.gpu.mig !== null) return entered;
  return fail(t, NVML_ERROR_NOT_SUPPORTED, "the GPU cannot be partitioned");
}

/** The same for what needs the mode to be on. */
function enterParted(t: Caller, device: nvmlDevice_t | null): Entered | nvmlReturn_t {
  const entered = enterMig(t, device);
  if (typeof entered === "number" || entered.gpu.mig!.current) return entered;
  return fail(t, NVML_ERROR_NOT_SUPPORTED, "MIG mode must be enabled");
}

/** Whether a GPU is partitioned, now and after its next reset. @returns UNINITIALIZED, INVALID_ARGUMENT, GPU_IS_LOST. NOT_SUPPORTED: it cannot be. */
export function nvmlDeviceGetMigMode(t: Caller, device: nvmlDevice_t | null, currentMode: Out<number> | null, pendingMode: Out<number> | null): nvmlReturn_t {
  const entered = enterMig(t, device);
  if (typeof entered === "number") return entered;
  const { current, pending } = entered.gpu.mig!;
  return give(t, currentMode, current ? 1 : 0) || give(t, pendingMode, pending ? 1 : 0);
}

/**
 * Partitions a GPU or ends that. On a GPU in use it takes effect with its next reset.
 * @param activationStatus gets SUCCESS, or IN_USE when it is pending
 * @returns UNINITIALIZED, GPU_IS_LOST. INVALID_ARGUMENT: device, mode, activationStatus NULL. NO_PERMISSION. NOT_SUPPORTED: it cannot be.
 */
export function nvmlDeviceSetMigMode(t: Caller, device: nvmlDevice_t | null, mode: number, activationStatus: Out<nvmlReturn_t> | null): nvmlReturn_t {
  const entered = enterMig(t, device);
  if (typeof entered === "number") return entered;
  if (activationStatus === null || (mode !== 0 && mode !== 1)) return fail(t, NVML_ERROR_INVALID_ARGUMENT, "mode must be 0 or 1, activationStatus not NULL", { mode });
  const right = configRight(t, entered.state);
  if (right < 0) return fail(t, codeOf(right), "partitioning needs the mig/config capability");
  const arg: IoctlTable["NV_MIG_SET_MODE"] = { gpu: entered.device.minor, enable: mode === 1, capability: right, state: "set" };
  const code = request(t, entered.state, "NV_MIG_SET_MODE", arg);
  if (code === 0) activationStatus.value = arg.state === "set" ? 0 : NVML_ERROR_IN_USE;
  return code;
}

/** Which profile constant a profile is: by slices, and what tells those of equal slices apart. */
const constants: readonly (readonly [number, (p: MigProfileInfo) => boolean])[] = [
  [abi.NVML_GPU_INSTANCE_PROFILE_1_SLICE, (p) => p.slices === 1 && p.id === 19],
  [abi.NVML_GPU_INSTANCE_PROFILE_2_SLICE, (p) => p.slices === 2],
  [abi.NVML_GPU_INSTANCE_PROFILE_3_SLICE, (p) => p.slices === 3],
  [abi.NVML_GPU_INSTANCE_PROFILE_4_SLICE, (p) => p.slices === 4],
  [abi.NVML_GPU_INSTANCE_PROFILE_7_SLICE, (p) => p.slices === 7],
  [abi.NVML_GPU_INSTANCE_PROFILE_1_SLICE_REV1, (p) => p.id === 20],
  [abi.NVML_GPU_INSTANCE_PROFILE_1_SLICE_REV2, (p) => p.id === 15],
];

function profiles(t: Caller, { state, device }: Entered): readonly MigProfileInfo[] | nvmlReturn_t {
  const arg: IoctlTable["NV_MIG_PROFILES"] = { gpu: device.minor, profiles: [] };
  const code = request(t, state, "NV_MIG_PROFILES", arg);
  return code === 0 ? arg.profiles : code;
}

/**
 * A GPU instance profile.
 * @param profile NVML_GPU_INSTANCE_PROFILE_*
 * @returns UNINITIALIZED, GPU_IS_LOST. INVALID_ARGUMENT: device, profile, info NULL. NOT_SUPPORTED: MIG is off, or the GPU has no such profile.
 */
export function nvmlDeviceGetGpuInstanceProfileInfo(t: Caller, device: nvmlDevice_t | null, profile: number, info: Out<nvmlGpuInstanceProfileInfo_t> | null): nvmlReturn_t {
  const entered = enterParted(t, device);
  if (typeof entered === "number") return entered;
  if (!(profile >= 0 && profile < abi.NVML_GPU_INSTANCE_PROFILE_COUNT)) return fail(t, NVML_ERROR_INVALID_ARGUMENT, "profile must be a NVML_GPU_INSTANCE_PROFILE_*", { profile });
  const all = profiles(t, entered);
  if (typeof all === "number") return all;
  const found = all.find((p) => constants.some(([constant, is]) => constant === profile && is(p)));
  if (found === undefined) return fail(t, NVML_ERROR_NOT_SUPPORTED, "the GPU has no such profile", { profile });
  return give(t, info, {
    id: found.id, name: `MIG ${found.name}`, isP2pSupported: 0, sliceCount: found.slices, instanceCount: found.total, multiprocessorCount: found.multiprocessors, copyEngineCount: found.copyEngines,
    decoderCount: found.decoders, encoderCount: found.encoders, jpegCount: found.jpeg, ofaCount: found.ofa, memorySizeMB: found.memoryMiB,
  });
}

function withProfile(t: Caller, device: nvmlDevice_t | null, profileId: number, then: (profile: MigProfileInfo, entered: Entered) => nvmlReturn_t): nvmlReturn_t {
  const entered = enterParted(t, device);
  if (typeof entered === "number") return entered;
  const all = profiles(t, entered);
  if (typeof all === "number") return all;
  const found = all.find(({ id }) => id === profileId);
  return found === undefined ? fail(t, NVML_ERROR_INVALID_ARGUMENT, "profileId must be a profile of the GPU", { profileId }) : then(found, entered);
}

/** Where an instance of a profile could be on an empty GPU. @returns UNINITIALIZED, INVALID_ARGUMENT, GPU_IS_LOST, NOT_SUPPORTED, INSUFFICIENT_SIZE */
export function nvmlDeviceGetGpuInstancePossiblePlacements_v2(t: Caller, device: nvmlDevice_t | null, profileId: number, placements: Out<nvmlGpuInstancePlacement_t[]> | null, count: Out<number> | null): nvmlReturn_t {
  return withProfile(t, device, profileId, (profile) => giveList(t, count, placements, profile.starts.map((start) => ({ start, size: profile.size }))));
}

/** How many more instances of a profile could be made now. @returns UNINITIALIZED, INVALID_ARGUMENT, GPU_IS_LOST, NOT_SUPPORTED */
export function nvmlDeviceGetGpuInstanceRemainingCapacity(t: Caller, device: nvmlDevice_t | null, profileId: number, count: Out<number> | null): nvmlReturn_t {
  return withProfile(t, device, profileId, (profile) => give(t, count, profile.free));
}

function create(t: Caller, device: nvmlDevice_t | null, profileId: number, start: number | null, gpuInstance: Out<nvmlGpuInstance_t> | null): nvmlReturn_t {
  return withProfile(t, device, profileId, (profile, { state, device: { minor } }) => {
    if (gpuInstance === null) return fail(t, NVML_ERROR_INVALID_ARGUMENT, "gpuInstance must not be NULL");
    const right = configRight(t, state);
    if (right < 0) return fail(t, codeOf(right), "partitioning needs the mig/config capability");
    const arg: IoctlTable["NV_MIG_GI_CREATE"] = { gpu: minor, profile: profile.id, start, capability: right, gi: 0 };
    const code = request(t, state, "NV_MIG_GI_CREATE", arg);
    return code === 0 ? give(t, gpuInstance, instanceHandle(state, { minor, gi: arg.gi, ci: null }) as nvmlGpuInstance_t) : code;
  });
}

/** Makes a GPU instance. @returns as nvmlDeviceGetGpuInstanceRemainingCapacity; NO_PERMISSION; INSUFFICIENT_RESOURCES: no room. */
export function nvmlDeviceCreateGpuInstance(t: Caller, device: nvmlDevice_t | null, profileId: number, gpuInstance: Out<nvmlGpuInstance_t> | null): nvmlReturn_t {
  return create(t, device, profileId, null, gpuInstance);
}

/** Makes a GPU instance at a place. @returns as nvmlDeviceCreateGpuInstance; INVALID_ARGUMENT: no placement of the profile. */
export function nvmlDeviceCreateGpuInstanceWithPlacement(t: Caller, device: nvmlDevice_t | null, profileId: number, placement: nvmlGpuInstancePlacement_t | null, gpuInstance: Out<nvmlGpuInstance_t> | null): nvmlReturn_t {
  if (placement === null) return fail(t, NVML_ERROR_INVALID_ARGUMENT, "placement must not be NULL");
  return create(t, device, profileId, placement.start, gpuInstance);
}

/** GPU instances of a profile. @returns UNINITIALIZED, INVALID_ARGUMENT, GPU_IS_LOST, NOT_SUPPORTED, INSUFFICIENT_SIZE */
export function nvmlDeviceGetGpuInstances(t: Caller, device: nvmlDevice_t | null, profileId: number, gpuInstances: Out<nvmlGpuInstance_t[]> | null, count: Out<number> | null): nvmlReturn_t {
  return withProfile(t, device, profileId, (profile, { state, device: { minor } }) => {
    const found = instancesOf(t, state, minor).filter((gi) => gi.profile === profile.id);
    return giveList(t, count, gpuInstances, found.map((gi) => instanceHandle(state, { minor, gi: gi.id, ci: null }) as nvmlGpuInstance_t));
  });
}

/** The GPU instance of an id. @returns UNINITIALIZED, GPU_IS_LOST, NOT_SUPPORTED. INVALID_ARGUMENT: device, gpuInstance NULL. NOT_FOUND. */
export function nvmlDeviceGetGpuInstanceById(t: Caller, device: nvmlDevice_t | null, id: number, gpuInstance: Out<nvmlGpuInstance_t> | null): nvmlReturn_t {
  const entered = enterParted(t, device);
  if (typeof entered === "number") return entered;
  const { state, device: { minor } } = entered;
  if (!instancesOf(t, state, minor).some((gi) => gi.id === id)) return fail(t, NVML_ERROR_NOT_FOUND, "no GPU instance has that id", { id });
  return give(t, gpuInstance, instanceHandle(state, { minor, gi: id, ci: null }) as nvmlGpuInstance_t);
}

/** A GPU instance that a handle means, checked. */
export interface EnteredInstance extends Entered {
  readonly instance: GpuInstanceInfo;
}

/** Enters a GPU instance by handle. UNINITIALIZED, INVALID_ARGUMENT: no handle, or what it meant is gone. */
export function enterInstance(t: Caller, handle: nvmlGpuInstance_t | null): EnteredInstance | nvmlReturn_t {
  const entered = enterDevice(t, gpuBehind(t, handle));
  if (typeof entered === "number") return entered;
  const gi = entered.state.instances.get(handle!)!;
  const instance = instancesOf(t, entered.state, gi.minor).find(({ id }) => id === gi.gi);
  return instance === undefined ? fail(t, NVML_ERROR_INVALID_ARGUMENT, "the GPU instance has been destroyed", { id: gi.gi }) : { ...entered, instance };
}

/** The device handle behind a GPU instance's, or null. */
function gpuBehind(t: Caller, handle: nvmlGpuInstance_t | null): number | null {
  const state = stateOf(t);
  const found = handle === null ? undefined : state.instances.get(handle);
  return found === undefined || found.ci !== null ? null : deviceHandle(state, { minor: found.minor, mig: null });
}

/** What a GPU instance is. @returns UNINITIALIZED, INVALID_ARGUMENT */
export function nvmlGpuInstanceGetInfo(t: Caller, gpuInstance: nvmlGpuInstance_t | null, info: Out<nvmlGpuInstanceInfo_t> | null): nvmlReturn_t {
  const entered = enterInstance(t, gpuInstance);
  if (typeof entered === "number") return entered;
  const { state, device, instance } = entered;
  return give(t, info, { device: deviceHandle(state, device) as nvmlDevice_t, id: instance.id, profileId: instance.profile, placement: { start: instance.start, size: instance.size } });
}

/** Ends a GPU instance. @returns UNINITIALIZED, INVALID_ARGUMENT, NO_PERMISSION. IN_USE: it has compute instances. */
export function nvmlGpuInstanceDestroy(t: Caller, gpuInstance: nvmlGpuInstance_t | null): nvmlReturn_t {
  const entered = enterInstance(t, gpuInstance);
  if (typeof entered === "number") return entered;
  const right = configRight(t, entered.state);
  if (right < 0) return fail(t, codeOf(right), "partitioning needs the mig/config capability");
  return request(t, entered.state, "NV_MIG_GI_DESTROY", { gpu: entered.device.minor, gi: entered.instance.id, capability: right });
}

/** Whether a device is a MIG device. @returns UNINITIALIZED, INVALID_ARGUMENT, GPU_IS_LOST */
export function nvmlDeviceIsMigDeviceHandle(t: Caller, device: nvmlDevice_t | null, isMigDevice: Out<number> | null): nvmlReturn_t {
  const entered = enterDevice(t, device);
  return typeof entered === "number" ? entered : give(t, isMigDevice, entered.device.mig === null ? 0 : 1);
}

function idOf(t: Caller, device: nvmlDevice_t | null, id: Out<number> | null, which: "gi" | "ci"): nvmlReturn_t {
  const entered = enterDevice(t, device);
  if (typeof entered === "number") return entered;
  const { mig } = entered.device;
  return mig === null ? fail(t, NVML_ERROR_INVALID_ARGUMENT, "device must be a MIG device") : give(t, id, mig[which]);
}

/** Id of a MIG device's GPU instance. @returns UNINITIALIZED, GPU_IS_LOST. INVALID_ARGUMENT: not a MIG device, id NULL. */
export function nvmlDeviceGetGpuInstanceId(t: Caller, device: nvmlDevice_t | null, id: Out<number> | null): nvmlReturn_t {
  return idOf(t, device, id, "gi");
}

/** Id of a MIG device's compute instance. @returns as nvmlDeviceGetGpuInstanceId */
export function nvmlDeviceGetComputeInstanceId(t: Caller, device: nvmlDevice_t | null, id: Out<number> | null): nvmlReturn_t {
  return idOf(t, device, id, "ci");
}

/** Most MIG devices that a GPU can have: seven, or none. @returns UNINITIALIZED, INVALID_ARGUMENT, GPU_IS_LOST; NOT_SUPPORTED: a MIG device. */
export function nvmlDeviceGetMaxMigDeviceCount(t: Caller, device: nvmlDevice_t | null, count: Out<number> | null): nvmlReturn_t {
  const entered = enterGpu(t, device);
  return typeof entered === "number" ? entered : give(t, count, entered.gpu.mig === null ? 0 : 7);
}

/** The MIG device of a number, 0 to max - 1, by ids of GPU and compute instance. @returns UNINITIALIZED, GPU_IS_LOST. INVALID_ARGUMENT: index, NULL. NOT_SUPPORTED. NOT_FOUND: not so many. */
export function nvmlDeviceGetMigDeviceHandleByIndex(t: Caller, device: nvmlDevice_t | null, index: number, migDevice: Out<nvmlDevice_t> | null): nvmlReturn_t {
  const entered = enterMig(t, device);
  if (typeof entered === "number") return entered;
  if (!(index >= 0 && index < 7)) return fail(t, NVML_ERROR_INVALID_ARGUMENT, "index must be below nvmlDeviceGetMaxMigDeviceCount", { index });
  const { state, device: { minor } } = entered;
  const found = instancesOf(t, state, minor).flatMap((gi) => gi.compute.map((ci) => ({ gi: gi.id, ci: ci.id })))[index];
  if (found === undefined) return fail(t, NVML_ERROR_NOT_FOUND, "there are not so many MIG devices", { index });
  return give(t, migDevice, deviceHandle(state, { minor, mig: found }) as nvmlDevice_t);
}

/** The GPU of a MIG device. @returns UNINITIALIZED, GPU_IS_LOST. INVALID_ARGUMENT: not a MIG device, device NULL. */
export function nvmlDeviceGetDeviceHandleFromMigDeviceHandle(t: Caller, migDevice: nvmlDevice_t | null, device: Out<nvmlDevice_t> | null): nvmlReturn_t {
  const entered = enterDevice(t, migDevice);
  if (typeof entered === "number") return entered;
  if (entered.device.mig === null) return fail(t, NVML_ERROR_INVALID_ARGUMENT, "migDevice must be a MIG device");
  return give(t, device, deviceHandle(entered.state, { minor: entered.device.minor, mig: null }) as nvmlDevice_t);
}

/** What a MIG device has. @returns UNINITIALIZED, INVALID_ARGUMENT, GPU_IS_LOST. NOT_SUPPORTED: not a MIG device. NOT_FOUND: it is gone. */
export function nvmlDeviceGetAttributes_v2(t: Caller, device: nvmlDevice_t | null, attributes: Out<nvmlDeviceAttributes_t> | null): nvmlReturn_t {
  const entered = enterDevice(t, device);
  if (typeof entered === "number") return entered;
  if (entered.device.mig === null) return fail(t, NVML_ERROR_NOT_SUPPORTED, "only MIG devices have attributes");
  const mig = migOf(t, entered);
  if (mig === null) return fail(t, NVML_ERROR_NOT_FOUND, "the MIG device has been destroyed");
  const { gi, ci } = mig;
  return give(t, attributes, {
    multiprocessorCount: ci.multiprocessors, sharedCopyEngineCount: gi.copyEngines, sharedDecoderCount: gi.decoders, sharedEncoderCount: gi.encoders, sharedJpegCount: gi.jpeg, sharedOfaCount: gi.ofa,
    gpuInstanceSliceCount: Number(/(\d+)g\./.exec(gi.name)?.[1] ?? 0), computeInstanceSliceCount: ci.slices, memorySizeMB: gi.memoryTotal / 2 ** 20,
  });
}
