import type { Caller } from "../api/caller.ts";
import type { Out } from "../api/out.ts";
import type { NvGpuStatus } from "../kernel/sys/nv-uapi.ts";
import * as abi from "./abi.ts";
import { nvmlReturn_t, type nvmlBAR1Memory_t, type nvmlDevice_t, type nvmlMemory_t, type nvmlMemory_v2_t, type nvmlUtilization_t } from "./abi.ts";
import { enterDevice, enterGpu, migOf, statusOf, type Entered } from "./core.ts";
import { give } from "./device.ts";
import { fail } from "./errors.ts";

/** Device Queries: memory, utilisation, clocks, power and temperature. */

const { NVML_ERROR_INVALID_ARGUMENT, NVML_ERROR_NOT_FOUND, NVML_ERROR_NOT_SUPPORTED } = nvmlReturn_t;
const MHZ = 1e6;

function withStatus(t: Caller, device: nvmlDevice_t | null, then: (status: NvGpuStatus, entered: Entered) => nvmlReturn_t): nvmlReturn_t {
  const entered = enterGpu(t, device);
  if (typeof entered === "number") return entered;
  const status = statusOf(t, entered);
  return typeof status === "number" ? status : then(status, entered);
}

function memoryOf(t: Caller, entered: Entered): { readonly total: number; readonly used: number } | nvmlReturn_t {
  if (entered.device.mig === null) return { total: entered.gpu.vramTotal, used: entered.gpu.vramUsed };
  const mig = migOf(t, entered);
  return mig === null ? fail(t, NVML_ERROR_NOT_FOUND, "the MIG device has been destroyed") : { total: mig.gi.memoryTotal, used: mig.gi.memoryUsed };
}

/** Its memory, bytes; of a MIG device that of its GPU instance. @returns UNINITIALIZED, INVALID_ARGUMENT, GPU_IS_LOST; NOT_FOUND: the MIG device is gone. */
export function nvmlDeviceGetMemoryInfo(t: Caller, device: nvmlDevice_t | null, memory: Out<nvmlMemory_t> | null): nvmlReturn_t {
  const entered = enterDevice(t, device);
  if (typeof entered === "number") return entered;
  const found = memoryOf(t, entered);
  return typeof found === "number" ? found : give(t, memory, { total: found.total, free: found.total - found.used, used: found.used });
}

/** The same with what the driver keeps: nothing. @returns as nvmlDeviceGetMemoryInfo */
export function nvmlDeviceGetMemoryInfo_v2(t: Caller, device: nvmlDevice_t | null, memory: Out<nvmlMemory_v2_t> | null): nvmlReturn_t {
  const entered = enterDevice(t, device);
  if (typeof entered === "number") return entered;
  const found = memoryOf(t, entered);
  return typeof found === "number" ? found : give(t, memory, { total: found.total, reserved: 0, free: found.total - found.used, used: found.used });
}

/** What of its memory the CPU can reach, and does. @returns UNINITIALIZED, INVALID_ARGUMENT, GPU_IS_LOST; NOT_FOUND: the MIG device is gone. */
export function nvmlDeviceGetBAR1MemoryInfo(t: Caller, device: nvmlDevice_t | null, bar1Memory: Out<nvmlBAR1Memory_t> | null): nvmlReturn_t {
  const entered = enterDevice(t, device);
  if (typeof entered === "number") return entered;
  const status = statusOf(t, entered);
  if (typeof status === "number") return status;
  const { bar1Total, bar1Used } = status;
  if (entered.device.mig === null) return give(t, bar1Memory, { bar1Total, bar1Free: bar1Total - bar1Used, bar1Used });
  const mig = migOf(t, entered);
  if (mig === null) return fail(t, NVML_ERROR_NOT_FOUND, "the MIG device has been destroyed");
  // An instance has its share of the aperture, less a megabyte.
  const share = (bar1Total * mig.gi.size) / 8 - 2 ** 20;
  return give(t, bar1Memory, { bar1Total: share, bar1Free: share, bar1Used: 0 });
}

/** Width of the memory bus, bits. @returns UNINITIALIZED, INVALID_ARGUMENT, GPU_IS_LOST; NOT_SUPPORTED: a MIG device. */
export function nvmlDeviceGetMemoryBusWidth(t: Caller, device: nvmlDevice_t | null, busWidth: Out<number> | null): nvmlReturn_t {
  return withStatus(t, device, (status) => give(t, busWidth, status.memoryBusBits));
}

/** Whether memory is protected, now and after a reset. @returns UNINITIALIZED, INVALID_ARGUMENT, GPU_IS_LOST; NOT_SUPPORTED: the board cannot. */
export function nvmlDeviceGetEccMode(t: Caller, device: nvmlDevice_t | null, current: Out<number> | null, pending: Out<number> | null): nvmlReturn_t {
  return withStatus(t, device, (status) => (status.ecc ? give(t, current, abi.NVML_FEATURE_ENABLED) || give(t, pending, abi.NVML_FEATURE_ENABLED) : fail(t, NVML_ERROR_NOT_SUPPORTED, "the board has no ECC")));
}

/** Memory errors: none arise. @returns as nvmlDeviceGetEccMode */
export function nvmlDeviceGetTotalEccErrors(t: Caller, device: nvmlDevice_t | null, _errorType: number, _counterType: number, eccCounts: Out<number> | null): nvmlReturn_t {
  return withStatus(t, device, (status) => (status.ecc ? give(t, eccCounts, 0) : fail(t, NVML_ERROR_NOT_SUPPORTED, "the board has no ECC")));
}

/**
 * Percent of the last sampling period (a sixth of a second of virtual time) in which a kernel ran, and of its memory's bandwidth that was used.
 * NON-SPEC: NVML counts time in which memory was busy, this model the traffic.
 * @returns UNINITIALIZED, INVALID_ARGUMENT, GPU_IS_LOST; NOT_SUPPORTED: a MIG device, or a GPU that is partitioned.
 */
export function nvmlDeviceGetUtilizationRates(t: Caller, device: nvmlDevice_t | null, utilization: Out<nvmlUtilization_t> | null): nvmlReturn_t {
  return withStatus(t, device, (status, { gpu }) => {
    if (gpu.mig?.current === true) return fail(t, NVML_ERROR_NOT_SUPPORTED, "utilisation is not told of a partitioned GPU");
    return give(t, utilization, { gpu: status.gpuPercent, memory: status.memoryPercent });
  });
}

function idleEngine(t: Caller, device: nvmlDevice_t | null, utilization: Out<number> | null, samplingPeriodUs: Out<number> | null): nvmlReturn_t {
  return withStatus(t, device, (_status, { gpu }) => {
    if (gpu.mig?.current === true) return fail(t, NVML_ERROR_NOT_SUPPORTED, "utilisation is not told of a partitioned GPU");
    return give(t, utilization, 0) || give(t, samplingPeriodUs, 166_666);
  });
}

/** Video encoders are not modelled: 0. @returns as nvmlDeviceGetUtilizationRates */
export function nvmlDeviceGetEncoderUtilization(t: Caller, device: nvmlDevice_t | null, utilization: Out<number> | null, samplingPeriodUs: Out<number> | null): nvmlReturn_t {
  return idleEngine(t, device, utilization, samplingPeriodUs);
}

/** Video decoders are not modelled: 0. @returns as nvmlDeviceGetUtilizationRates */
export function nvmlDeviceGetDecoderUtilization(t: Caller, device: nvmlDevice_t | null, utilization: Out<number> | null, samplingPeriodUs: Out<number> | null): nvmlReturn_t {
  return idleEngine(t, device, utilization, samplingPeriodUs);
}

/** JPEG engines are not modelled: 0. @returns as nvmlDeviceGetUtilizationRates */
export function nvmlDeviceGetJpgUtilization(t: Caller, device: nvmlDevice_t | null, utilization: Out<number> | null, samplingPeriodUs: Out<number> | null): nvmlReturn_t {
  return idleEngine(t, device, utilization, samplingPeriodUs);
}

/** Optical flow accelerators are not modelled: 0. @returns as nvmlDeviceGetUtilizationRates */
export function nvmlDeviceGetOfaUtilization(t: Caller, device: nvmlDevice_t | null, utilization: Out<number> | null, samplingPeriodUs: Out<number> | null): nvmlReturn_t {
  return idleEngine(t, device, utilization, samplingPeriodUs);
}

/** Power drawn over the sampling period, milliwatts (a model: src/gpu/board.ts). @returns UNINITIALIZED, INVALID_ARGUMENT, GPU_IS_LOST; NOT_SUPPORTED: a MIG device. */
export function nvmlDeviceGetPowerUsage(t: Caller, device: nvmlDevice_t | null, power: Out<number> | null): nvmlReturn_t {
  return withStatus(t, device, (status) => give(t, power, Math.round(status.powerWatts * 1000)));
}

/** Energy since the machine was made, millijoules. @returns as nvmlDeviceGetPowerUsage */
export function nvmlDeviceGetTotalEnergyConsumption(t: Caller, device: nvmlDevice_t | null, energy: Out<number> | null): nvmlReturn_t {
  return withStatus(t, device, (status) => give(t, energy, Math.round(status.energyJoules * 1000)));
}

/** Limit of its power, milliwatts. @returns as nvmlDeviceGetPowerUsage */
export function nvmlDeviceGetEnforcedPowerLimit(t: Caller, device: nvmlDevice_t | null, limit: Out<number> | null): nvmlReturn_t {
  return withStatus(t, device, (status) => give(t, limit, status.board.limitWatts * 1000));
}

/** The limit that was set, milliwatts. @returns as nvmlDeviceGetPowerUsage */
export function nvmlDeviceGetPowerManagementLimit(t: Caller, device: nvmlDevice_t | null, limit: Out<number> | null): nvmlReturn_t {
  return nvmlDeviceGetEnforcedPowerLimit(t, device, limit);
}

/** The limit that it starts with, milliwatts. @returns as nvmlDeviceGetPowerUsage */
export function nvmlDeviceGetPowerManagementDefaultLimit(t: Caller, device: nvmlDevice_t | null, defaultLimit: Out<number> | null): nvmlReturn_t {
  return nvmlDeviceGetEnforcedPowerLimit(t, device, defaultLimit);
}

/** What its limit may be set to, milliwatts. @returns as nvmlDeviceGetPowerUsage */
export function nvmlDeviceGetPowerManagementLimitConstraints(t: Caller, device: nvmlDevice_t | null, minLimit: Out<number> | null, maxLimit: Out<number> | null): nvmlReturn_t {
  return withStatus(t, device, (status) => give(t, minLimit, status.board.minWatts * 1000) || give(t, maxLimit, status.board.maxWatts * 1000));
}

/** Degrees Celsius of the chip. @returns UNINITIALIZED, INVALID_ARGUMENT: no such sensor. GPU_IS_LOST; NOT_SUPPORTED: a MIG device. */
export function nvmlDeviceGetTemperature(t: Caller, device: nvmlDevice_t | null, sensorType: number, temp: Out<number> | null): nvmlReturn_t {
  return withStatus(t, device, (status) => (sensorType === abi.NVML_TEMPERATURE_GPU ? give(t, temp, status.temperature) : fail(t, NVML_ERROR_INVALID_ARGUMENT, "sensorType must be NVML_TEMPERATURE_GPU", { sensorType })));
}

/** Temperatures at which something happens, degrees Celsius. @returns as nvmlDeviceGetTemperature; NOT_SUPPORTED: not on this board. */
export function nvmlDeviceGetTemperatureThreshold(t: Caller, device: nvmlDevice_t | null, thresholdType: number, temp: Out<number> | null): nvmlReturn_t {
  return withStatus(t, device, ({ board }) => {
    const all = [board.shutdownCelsius, board.slowdownCelsius, board.memoryCelsius, board.targetCelsius];
    const found = all[thresholdType];
    if (found === undefined) return fail(t, NVML_ERROR_INVALID_ARGUMENT, "thresholdType must be a nvmlTemperatureThresholds_t", { thresholdType });
    return found === null ? fail(t, NVML_ERROR_NOT_SUPPORTED, "the board has no such threshold") : give(t, temp, found);
  });
}

/** The boards are cooled by their chassis. @returns NOT_SUPPORTED; UNINITIALIZED, INVALID_ARGUMENT, GPU_IS_LOST before */
export function nvmlDeviceGetFanSpeed(t: Caller, device: nvmlDevice_t | null, _speed: Out<number> | null): nvmlReturn_t {
  return withStatus(t, device, () => fail(t, NVML_ERROR_NOT_SUPPORTED, "the board has no fan"));
}

function clock(t: Caller, device: nvmlDevice_t | null, type: number, box: Out<number> | null, most: boolean): nvmlReturn_t {
  return withStatus(t, device, (status) => {
    if (![0, 1, 2, 3].includes(type)) return fail(t, NVML_ERROR_INVALID_ARGUMENT, "type must be a nvmlClockType_t", { type });
    const hertz = type === abi.NVML_CLOCK_MEM ? status.memoryClockHz : most ? status.maxSmClockHz : status.smClockHz;
    // The video clock follows the others, eleven twelfths of them. MODEL.
    return give(t, box, Math.round((type === abi.NVML_CLOCK_VIDEO ? (hertz * 11) / 12 : hertz) / MHZ));
  });
}

/** A clock now, MHz: at rest lower than at work. @returns UNINITIALIZED, INVALID_ARGUMENT, GPU_IS_LOST; NOT_SUPPORTED: a MIG device. */
export function nvmlDeviceGetClockInfo(t: Caller, device: nvmlDevice_t | null, type: number, clockMHz: Out<number> | null): nvmlReturn_t {
  return clock(t, device, type, clockMHz, false);
}

/** The highest that a clock can be, MHz. @returns as nvmlDeviceGetClockInfo */
export function nvmlDeviceGetMaxClockInfo(t: Caller, device: nvmlDevice_t | null, type: number, clockMHz: Out<number> | null): nvmlReturn_t {
  return clock(t, device, type, clockMHz, true);
}

/** P-state, 0 to 15. @returns UNINITIALIZED, INVALID_ARGUMENT, GPU_IS_LOST; NOT_SUPPORTED: a MIG device. */
export function nvmlDeviceGetPerformanceState(t: Caller, device: nvmlDevice_t | null, pState: Out<number> | null): nvmlReturn_t {
  return withStatus(t, device, (status) => give(t, pState, status.performanceState));
}

/** Why clocks are not at their highest: nvmlClocksEventReasonGpuIdle or none. @returns UNINITIALIZED, INVALID_ARGUMENT, GPU_IS_LOST; NOT_SUPPORTED: a MIG device. */
export function nvmlDeviceGetCurrentClocksEventReasons(t: Caller, device: nvmlDevice_t | null, clocksEventReasons: Out<bigint> | null): nvmlReturn_t {
  return withStatus(t, device, (status) => give(t, clocksEventReasons, BigInt(status.gpuPercent === 0 ? abi.nvmlClocksEventReasonGpuIdle : abi.nvmlClocksEventReasonNone)));
}
