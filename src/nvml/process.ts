import type { Caller } from "../api/caller.ts";
import type { Out } from "../api/out.ts";
import type { NvProcessInfo } from "../kernel/sys/nv-uapi.ts";
import type { IoctlTable } from "../kernel/sys/uapi.ts";
import { NVML_NO_INSTANCE, nvmlReturn_t, type nvmlDevice_t, type nvmlProcessInfo_t, type nvmlProcessUtilizationSample_t } from "./abi.ts";
import { enterDevice, enterGpu, request } from "./core.ts";
import { fail } from "./errors.ts";

/** Device Queries: who uses a device. */

/** Processes on a device; of a MIG device those on its compute instance. */
function find(t: Caller, device: nvmlDevice_t | null): readonly NvProcessInfo[] | nvmlReturn_t {
  const entered = enterDevice(t, device);
  if (typeof entered === "number") return entered;
  const { state, device: { minor, mig } } = entered;
  const arg: IoctlTable["NV_GPU_PROCESSES"] = { gpu: minor, processes: [] };
  const code = request(t, state, "NV_GPU_PROCESSES", arg);
  if (code !== 0) return code;
  return mig === null ? arg.processes : arg.processes.filter(({ gi, ci }) => gi === mig.gi && ci === mig.ci);
}

/**
 * Hands out a list the way NVML does: `count` comes in as the room and goes out as the number there are.
 * @returns INVALID_ARGUMENT: count NULL. INSUFFICIENT_SIZE: not all fit (also when the list is NULL and there are some).
 */
export function giveList<T>(t: Caller, count: Out<number> | null, list: Out<T[]> | null, found: readonly T[]): nvmlReturn_t {
  if (count === null) return fail(t, nvmlReturn_t.NVML_ERROR_INVALID_ARGUMENT, "the count must not be NULL");
  // A count that nobody has set: the tuple and throwing styles, whose lists grow.
  const room = list === null ? 0 : count.isSet ? count.value : Infinity;
  count.value = found.length;
  if (found.length > room) return fail(t, nvmlReturn_t.NVML_ERROR_INSUFFICIENT_SIZE, "there are more than the room that was given", { room, needed: found.length });
  if (list !== null) list.value = [...found];
  return 0;
}

function info(p: NvProcessInfo): nvmlProcessInfo_t {
  return { pid: p.pid, usedGpuMemory: p.memory, gpuInstanceId: p.gi ?? NVML_NO_INSTANCE, computeInstanceId: p.ci ?? NVML_NO_INSTANCE };
}

/**
 * Processes that compute on a device, by instance and pid.
 * @param infoCount in: room; out: how many there are
 * @returns UNINITIALIZED, GPU_IS_LOST. INVALID_ARGUMENT: device, infoCount NULL. INSUFFICIENT_SIZE: they do not fit.
 */
export function nvmlDeviceGetComputeRunningProcesses_v3(t: Caller, device: nvmlDevice_t | null, infoCount: Out<number> | null, infos: Out<nvmlProcessInfo_t[]> | null): nvmlReturn_t {
  const found = find(t, device);
  return typeof found === "number" ? found : giveList(t, infoCount, infos, found.filter(({ mps }) => !mps).map(info));
}

/** Processes that compute as clients of an MPS server. @returns as nvmlDeviceGetComputeRunningProcesses_v3 */
export function nvmlDeviceGetMPSComputeRunningProcesses_v3(t: Caller, device: nvmlDevice_t | null, infoCount: Out<number> | null, infos: Out<nvmlProcessInfo_t[]> | null): nvmlReturn_t {
  const found = find(t, device);
  return typeof found === "number" ? found : giveList(t, infoCount, infos, found.filter(({ mps }) => mps).map(info));
}

/** Processes that draw: none. @returns as nvmlDeviceGetComputeRunningProcesses_v3 */
export function nvmlDeviceGetGraphicsRunningProcesses_v3(t: Caller, device: nvmlDevice_t | null, infoCount: Out<number> | null, infos: Out<nvmlProcessInfo_t[]> | null): nvmlReturn_t {
  const found = find(t, device);
  return typeof found === "number" ? found : giveList<nvmlProcessInfo_t>(t, infoCount, infos, []);
}

/**
 * What each process did in the last sampling period; those that did nothing are not listed.
 * @param lastSeenTimeStamp has no effect: there is one sample, of now
 * @returns UNINITIALIZED, GPU_IS_LOST. INVALID_ARGUMENT: device, count NULL. NOT_FOUND: nobody did anything. INSUFFICIENT_SIZE. NOT_SUPPORTED: a MIG device, or a partitioned GPU.
 */
export function nvmlDeviceGetProcessUtilization(t: Caller, device: nvmlDevice_t | null, utilization: Out<nvmlProcessUtilizationSample_t[]> | null, processSamplesCount: Out<number> | null, _lastSeenTimeStamp: number): nvmlReturn_t {
  const entered = enterGpu(t, device);
  if (typeof entered === "number") return entered;
  if (entered.gpu.mig?.current === true) return fail(t, nvmlReturn_t.NVML_ERROR_NOT_SUPPORTED, "utilisation is not told of a partitioned GPU");
  const found = find(t, device);
  if (typeof found === "number") return found;
  const timeStamp = Math.floor(t.sys.clockGettime() / 1000);
  const samples = found.filter((p) => p.gpuPercent + p.memoryPercent > 0).map((p) => ({ pid: p.pid, timeStamp, smUtil: p.gpuPercent, memUtil: p.memoryPercent, encUtil: 0, decUtil: 0 }));
  if (samples.length === 0) return fail(t, nvmlReturn_t.NVML_ERROR_NOT_FOUND, "no process was active in the sampling period");
  return giveList(t, processSamplesCount, utilization, samples);
}
