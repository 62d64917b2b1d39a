import type { Caller } from "../api/caller.ts";
import type { Out } from "../api/out.ts";
import type { ComputeInstanceInfo, GpuInstanceInfo, MigComputeProfileInfo } from "../kernel/sys/nv-uapi.ts";
import type { IoctlTable } from "../kernel/sys/uapi.ts";
import { nvmlReturn_t, type nvmlComputeInstance_t, type nvmlComputeInstanceInfo_t, type nvmlComputeInstanceProfileInfo_t, type nvmlDevice_t, type nvmlGpuInstance_t } from "./abi.ts";
import { configRight, deviceHandle, enter, instanceHandle, instancesOf, request, type NvmlState } from "./core.ts";
import { give } from "./device.ts";
import { codeOf, fail } from "./errors.ts";
import { enterInstance, type EnteredInstance } from "./mig.ts";
import { giveList } from "./process.ts";

/** Multi Instance GPU Management: compute instances. */

const { NVML_ERROR_INVALID_ARGUMENT, NVML_ERROR_NOT_FOUND, NVML_ERROR_NOT_SUPPORTED } = nvmlReturn_t;

function withProfile(t: Caller, gpuInstance: nvmlGpuInstance_t | null, which: (p: MigComputeProfileInfo) => boolean, unknown: nvmlReturn_t, then: (profile: MigComputeProfileInfo, entered: EnteredInstance) => nvmlReturn_t): nvmlReturn_t {
  const entered = enterInstance(t, gpuInstance);
  if (typeof entered === "number") return entered;
  const arg: IoctlTable["NV_MIG_COMPUTE_PROFILES"] = { gpu: entered.device.minor, gi: entered.instance.id, profiles: [] };
  const code = request(t, entered.state, "NV_MIG_COMPUTE_PROFILES", arg);
  if (code !== 0) return code;
  const found = arg.profiles.find(which);
  return found === undefined ? fail(t, unknown, "the GPU instance has no such compute instance profile") : then(found, entered);
}

/**
 * A compute instance profile.
 * @param profile NVML_COMPUTE_INSTANCE_PROFILE_*, 0 to 4
 * @param engProfile 0: engines are shared
 * @returns UNINITIALIZED. INVALID_ARGUMENT: gpuInstance, profile, engProfile, info NULL. NOT_SUPPORTED: the instance has no such profile.
 */
export function nvmlGpuInstanceGetComputeInstanceProfileInfo(t: Caller, gpuInstance: nvmlGpuInstance_t | null, profile: number, engProfile: number, info: Out<nvmlComputeInstanceProfileInfo_t> | null): nvmlReturn_t {
  if (!(profile >= 0 && profile <= 8) || engProfile !== 0) return fail(t, NVML_ERROR_INVALID_ARGUMENT, "profile and engProfile must be constants of nvml.h", { profile, engProfile });
  return withProfile(t, gpuInstance, (p) => p.id === profile, NVML_ERROR_NOT_SUPPORTED, (p, { instance }) =>
    give(t, info, {
      id: p.id, name: p.name, sliceCount: p.slices, instanceCount: p.total, multiprocessorCount: p.multiprocessors, sharedCopyEngineCount: instance.copyEngines, sharedDecoderCount: instance.decoders,
      sharedEncoderCount: instance.encoders, sharedJpegCount: instance.jpeg, sharedOfaCount: instance.ofa,
    }));
}

/** How many more compute instances of a profile could be made now. @returns UNINITIALIZED, INVALID_ARGUMENT */
export function nvmlGpuInstanceGetComputeInstanceRemainingCapacity(t: Caller, gpuInstance: nvmlGpuInstance_t | null, profileId: number, count: Out<number> | null): nvmlReturn_t {
  return withProfile(t, gpuInstance, (p) => p.id === profileId, NVML_ERROR_INVALID_ARGUMENT, (p) => give(t, count, p.free));
}

/** Makes a compute instance. @returns UNINITIALIZED. INVALID_ARGUMENT: gpuInstance, profileId, computeInstance NULL. NO_PERMISSION. INSUFFICIENT_RESOURCES: no room. */
export function nvmlGpuInstanceCreateComputeInstance(t: Caller, gpuInstance: nvmlGpuInstance_t | null, profileId: number, computeInstance: Out<nvmlComputeInstance_t> | null): nvmlReturn_t {
  return withProfile(t, gpuInstance, (p) => p.id === profileId, NVML_ERROR_INVALID_ARGUMENT, (p, { state, device: { minor }, instance }) => {
    if (computeInstance === null) return fail(t, NVML_ERROR_INVALID_ARGUMENT, "computeInstance must not be NULL");
    const right = configRight(t, state);
    if (right < 0) return fail(t, codeOf(right), "partitioning needs the mig/config capability");
    const arg: IoctlTable["NV_MIG_CI_CREATE"] = { gpu: minor, gi: instance.id, profile: p.id, capability: right, ci: 0, created: 0 };
    const code = request(t, state, "NV_MIG_CI_CREATE", arg);
    return code === 0 ? give(t, computeInstance, instanceHandle(state, { minor, gi: instance.id, ci: arg.ci }) as nvmlComputeInstance_t) : code;
  });
}

/** Compute instances of a profile. @returns UNINITIALIZED, INVALID_ARGUMENT, INSUFFICIENT_SIZE */
export function nvmlGpuInstanceGetComputeInstances(t: Caller, gpuInstance: nvmlGpuInstance_t | null, profileId: number, computeInstances: Out<nvmlComputeInstance_t[]> | null, count: Out<number> | null): nvmlReturn_t {
  return withProfile(t, gpuInstance, (p) => p.id === profileId, NVML_ERROR_INVALID_ARGUMENT, (p, { state, device: { minor }, instance }) => {
    const found = instance.compute.filter((ci) => ci.profile === p.id);
    return giveList(t, count, computeInstances, found.map((ci) => instanceHandle(state, { minor, gi: instance.id, ci: ci.id }) as nvmlComputeInstance_t));
  });
}

/** The compute instance of an id. @returns UNINITIALIZED, INVALID_ARGUMENT. NOT_FOUND. */
export function nvmlGpuInstanceGetComputeInstanceById(t: Caller, gpuInstance: nvmlGpuInstance_t | null, id: number, computeInstance: Out<nvmlComputeInstance_t> | null): nvmlReturn_t {
  const entered = enterInstance(t, gpuInstance);
  if (typeof entered === "number") return entered;
  const { state, device: { minor }, instance } = entered;
  if (!instance.compute.some((ci) => ci.id === id)) return fail(t, NVML_ERROR_NOT_FOUND, "no compute instance has that id", { id });
  return give(t, computeInstance, instanceHandle(state, { minor, gi: instance.id, ci: id }) as nvmlComputeInstance_t);
}

function enterCompute(t: Caller, handle: nvmlComputeInstance_t | null): { readonly state: NvmlState; readonly minor: number; readonly gi: GpuInstanceInfo; readonly ci: ComputeInstanceInfo } | nvmlReturn_t {
  const state = enter(t);
  if (typeof state === "number") return state;
  const meant = handle === null ? undefined : state.instances.get(handle);
  if (meant === undefined || meant.ci === null) return fail(t, NVML_ERROR_INVALID_ARGUMENT, "computeInstance must be a compute instance's handle", { computeInstance: handle });
  const gi = instancesOf(t, state, meant.minor).find(({ id }) => id === meant.gi);
  const ci = gi?.compute.find(({ id }) => id === meant.ci);
  return gi === undefined || ci === undefined ? fail(t, NVML_ERROR_INVALID_ARGUMENT, "the compute instance has been destroyed", { gi: meant.gi, ci: meant.ci }) : { state, minor: meant.minor, gi, ci };
}

/** What a compute instance is. @returns UNINITIALIZED, INVALID_ARGUMENT */
export function nvmlComputeInstanceGetInfo_v2(t: Caller, computeInstance: nvmlComputeInstance_t | null, info: Out<nvmlComputeInstanceInfo_t> | null): nvmlReturn_t {
  const entered = enterCompute(t, computeInstance);
  if (typeof entered === "number") return entered;
  const { state, minor, gi, ci } = entered;
  return give(t, info, {
    device: deviceHandle(state, { minor, mig: null }) as nvmlDevice_t, gpuInstance: instanceHandle(state, { minor, gi: gi.id, ci: null }) as nvmlGpuInstance_t, id: ci.id, profileId: ci.profile,
    placement: { start: ci.start, size: ci.slices },
  });
}

/** Ends a compute instance. @returns UNINITIALIZED, INVALID_ARGUMENT, NO_PERMISSION. IN_USE: programs work on it. */
export function nvmlComputeInstanceDestroy(t: Caller, computeInstance: nvmlComputeInstance_t | null): nvmlReturn_t {
  const entered = enterCompute(t, computeInstance);
  if (typeof entered === "number") return entered;
  const right = configRight(t, entered.state);
  if (right < 0) return fail(t, codeOf(right), "partitioning needs the mig/config capability");
  return request(t, entered.state, "NV_MIG_CI_DESTROY", { gpu: entered.minor, gi: entered.gi.id, ci: entered.ci.id, capability: right });
}
