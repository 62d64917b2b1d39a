import { out, type Out } from "../../api/out.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import * as abi from "../../nvml/abi.ts";
import type { nvmlDevice_t, nvmlReturn_t } from "../../nvml/abi.ts";
import type { ProgramContext } from "../program.ts";

type Api = ProgramContext["nvml"];
/** A value, or null when NVML does not tell it. */
type Maybe<T> = T | null;

/** What one call gives, or null when it answers an error. */
function* ask<T>(call: (box: Out<T>) => Blocking<nvmlReturn_t>): Blocking<Maybe<T>> {
  const box = out<T>();
  return (yield* call(box)) === 0 ? box.value : null;
}

/** A process on a device. */
export interface ProcessView {
  readonly pid: number;
  readonly name: string;
  readonly memory: number;
  readonly gi: number | null;
  readonly ci: number | null;
  /** "C", "M+C" for clients of an MPS server. */
  readonly type: string;
  readonly sm: number | null;
  readonly mem: number | null;
}

/** A MIG device. */
export interface MigView {
  /** Its number among those of its GPU. */
  readonly index: number;
  readonly gi: number;
  readonly ci: number;
  readonly name: string;
  readonly uuid: string;
  readonly memory: abi.nvmlMemory_t;
  readonly bar1: abi.nvmlBAR1Memory_t;
  readonly attributes: abi.nvmlDeviceAttributes_t;
}

/** Everything that nvidia-smi shows of a GPU, as NVML told it; null: not available. */
export interface GpuView {
  readonly handle: nvmlDevice_t;
  readonly index: number;
  readonly minor: number;
  readonly name: string;
  readonly uuid: string;
  readonly serial: string;
  readonly partNumber: string;
  readonly vbios: string;
  readonly pci: abi.nvmlPciInfo_t;
  readonly architecture: number;
  readonly capability: readonly [number, number];
  readonly linkGeneration: number;
  readonly linkWidth: number;
  readonly memory: abi.nvmlMemory_t;
  readonly bar1: abi.nvmlBAR1Memory_t;
  readonly ecc: Maybe<number>;
  readonly mig: Maybe<readonly [number, number]>;
  readonly utilization: Maybe<abi.nvmlUtilization_t>;
  /** Milliwatts. */
  readonly power: number;
  readonly powerLimit: number;
  readonly powerMin: number;
  readonly powerMax: number;
  /** Millijoules. */
  readonly energy: number;
  readonly temperature: number;
  readonly thresholds: readonly Maybe<number>[];
  /** MHz: graphics, SM, memory, video. */
  readonly clocks: readonly number[];
  readonly maxClocks: readonly number[];
  readonly performanceState: number;
  readonly idle: boolean;
  readonly migDevices: readonly MigView[];
  readonly processes: readonly ProcessView[];
}

function* text(call: (box: Out<string>) => Blocking<nvmlReturn_t>): Blocking<string> {
  return (yield* ask(call)) ?? "N/A";
}

/** Processes on a GPU and its instances. */
export function* processesOf(nvml: Api, handle: nvmlDevice_t): Blocking<ProcessView[]> {
  const samples = new Map(((yield* ask<abi.nvmlProcessUtilizationSample_t[]>((box) => nvml.nvmlDeviceGetProcessUtilization(handle, box, out<number>(), 0))) ?? []).map((s) => [s.pid, s]));
  const whole = (yield* ask<abi.nvmlUtilization_t>((box) => nvml.nvmlDeviceGetUtilizationRates(handle, box))) !== null;
  const plain = (yield* ask<abi.nvmlProcessInfo_t[]>((box) => nvml.nvmlDeviceGetComputeRunningProcesses_v3(handle, out<number>(), box))) ?? [];
  const clients = (yield* ask<abi.nvmlProcessInfo_t[]>((box) => nvml.nvmlDeviceGetMPSComputeRunningProcesses_v3(handle, out<number>(), box))) ?? [];
  const found: ProcessView[] = [];
  for (const [list, type] of [[plain, "C"], [clients, "M+C"]] as const) {
    for (const p of list) {
      const name = (yield* ask<string>((box) => nvml.nvmlSystemGetProcessName(p.pid, box, 256))) ?? "[Not Found]";
      const instance = (id: number): number | null => (id === abi.NVML_NO_INSTANCE ? null : id);
      const sample = samples.get(p.pid);
      found.push({ pid: p.pid, name, memory: p.usedGpuMemory, gi: instance(p.gpuInstanceId), ci: instance(p.computeInstanceId), type, sm: whole ? (sample?.smUtil ?? 0) : null, mem: whole ? (sample?.memUtil ?? 0) : null });
    }
  }
  return found;
}

function* migDevices(nvml: Api, gpu: nvmlDevice_t): Blocking<MigView[]> {
  const found: MigView[] = [];
  const most = (yield* ask<number>((box) => nvml.nvmlDeviceGetMaxMigDeviceCount(gpu, box))) ?? 0;
  for (let index = 0; index < most; index++) {
    const handle = yield* ask<nvmlDevice_t>((box) => nvml.nvmlDeviceGetMigDeviceHandleByIndex(gpu, index, box));
    if (handle === null) break;
    const attributes = yield* ask<abi.nvmlDeviceAttributes_t>((box) => nvml.nvmlDeviceGetAttributes_v2(handle, box));
    const memory = yield* ask<abi.nvmlMemory_t>((box) => nvml.nvmlDeviceGetMemoryInfo(handle, box));
    const bar1 = yield* ask<abi.nvmlBAR1Memory_t>((box) => nvml.nvmlDeviceGetBAR1MemoryInfo(handle, box));
    const gi = yield* ask<number>((box) => nvml.nvmlDeviceGetGpuInstanceId(handle, box));
    const ci = yield* ask<number>((box) => nvml.nvmlDeviceGetComputeInstanceId(handle, box));
    const name = yield* text((box) => nvml.nvmlDeviceGetName(handle, box, 96));
    const uuid = yield* text((box) => nvml.nvmlDeviceGetUUID(handle, box, 96));
    // One that went in the middle of this is not shown.
    if (attributes === null || memory === null || bar1 === null || gi === null || ci === null) continue;
    found.push({ index, gi, ci, name: name.slice(name.indexOf("MIG ")), uuid, memory, bar1, attributes });
  }
  return found;
}

/** Asks NVML for everything about a GPU; null when it is lost meanwhile. */
export function* snapshot(nvml: Api, handle: nvmlDevice_t): Blocking<GpuView | null> {
  const number = (call: (box: Out<number>) => Blocking<nvmlReturn_t>): Blocking<Maybe<number>> => ask<number>(call);
  const memory = yield* ask<abi.nvmlMemory_t>((box) => nvml.nvmlDeviceGetMemoryInfo(handle, box));
  const bar1 = yield* ask<abi.nvmlBAR1Memory_t>((box) => nvml.nvmlDeviceGetBAR1MemoryInfo(handle, box));
  const pci = yield* ask<abi.nvmlPciInfo_t>((box) => nvml.nvmlDeviceGetPciInfo_v3(handle, box));
  if (memory === null || bar1 === null || pci === null) return null;
  const pending = out<number>();
  const current = yield* number((box) => nvml.nvmlDeviceGetMigMode(handle, box, pending));
  const capability = out<number>();
  const major = yield* number((box) => nvml.nvmlDeviceGetCudaComputeCapability(handle, box, capability));
  const most = out<number>();
  const least = yield* number((box) => nvml.nvmlDeviceGetPowerManagementLimitConstraints(handle, box, most));
  const clocks: number[] = [];
  const maxClocks: number[] = [];
  const thresholds: Maybe<number>[] = [];
  for (let i = 0; i < 4; i++) {
    clocks.push((yield* number((box) => nvml.nvmlDeviceGetClockInfo(handle, i, box))) ?? 0);
    maxClocks.push((yield* number((box) => nvml.nvmlDeviceGetMaxClockInfo(handle, i, box))) ?? 0);
    thresholds.push(yield* number((box) => nvml.nvmlDeviceGetTemperatureThreshold(handle, i, box)));
  }
  return {
    handle, memory, bar1, pci, clocks, maxClocks, thresholds,
    index: (yield* number((box) => nvml.nvmlDeviceGetIndex(handle, box))) ?? 0,
    minor: (yield* number((box) => nvml.nvmlDeviceGetMinorNumber(handle, box))) ?? 0,
    name: yield* text((box) => nvml.nvmlDeviceGetName(handle, box, 96)),
    uuid: yield* text((box) => nvml.nvmlDeviceGetUUID(handle, box, 96)),
    serial: yield* text((box) => nvml.nvmlDeviceGetSerial(handle, box, 30)),
    partNumber: yield* text((box) => nvml.nvmlDeviceGetBoardPartNumber(handle, box, 80)),
    vbios: yield* text((box) => nvml.nvmlDeviceGetVbiosVersion(handle, box, 32)),
    architecture: (yield* number((box) => nvml.nvmlDeviceGetArchitecture(handle, box))) ?? 0,
    capability: [major ?? 0, capability.isSet ? capability.value : 0],
    linkGeneration: (yield* number((box) => nvml.nvmlDeviceGetCurrPcieLinkGeneration(handle, box))) ?? 0,
    linkWidth: (yield* number((box) => nvml.nvmlDeviceGetCurrPcieLinkWidth(handle, box))) ?? 0,
    ecc: yield* number((box) => nvml.nvmlDeviceGetEccMode(handle, box, out<number>())),
    mig: current === null ? null : [current, pending.value],
    utilization: yield* ask<abi.nvmlUtilization_t>((box) => nvml.nvmlDeviceGetUtilizationRates(handle, box)),
    power: (yield* number((box) => nvml.nvmlDeviceGetPowerUsage(handle, box))) ?? 0,
    powerLimit: (yield* number((box) => nvml.nvmlDeviceGetEnforcedPowerLimit(handle, box))) ?? 0,
    powerMin: least ?? 0,
    powerMax: most.isSet ? most.value : 0,
    energy: (yield* number((box) => nvml.nvmlDeviceGetTotalEnergyConsumption(handle, box))) ?? 0,
    temperature: (yield* number((box) => nvml.nvmlDeviceGetTemperature(handle, 0, box))) ?? 0,
    performanceState: (yield* number((box) => nvml.nvmlDeviceGetPerformanceState(handle, box))) ?? 0,
    idle: (yield* ask<bigint>((box) => nvml.nvmlDeviceGetCurrentClocksEventReasons(handle, box))) === 1n,
    migDevices: current === 1 ? yield* migDevices(nvml, handle) : [],
    processes: yield* processesOf(nvml, handle),
  };
}

/** Versions of driver and CUDA. */
export interface Versions {
  readonly driver: string;
  readonly nvml: string;
  readonly cuda: string;
}

/** Asks NVML for the versions. */
export function* versionsOf(nvml: Api): Blocking<Versions> {
  const driver = yield* text((box) => nvml.nvmlSystemGetDriverVersion(box, 80));
  const library = yield* text((box) => nvml.nvmlSystemGetNVMLVersion(box, 80));
  const cuda = (yield* ask<number>((box) => nvml.nvmlSystemGetCudaDriverVersion_v2(box))) ?? 0;
  // NVML's version without CUDA's number before it, and without the last part.
  return { driver, nvml: library.split(".").slice(1, 3).join("."), cuda: `${Math.floor(cuda / 1000)}.${Math.floor((cuda % 1000) / 10)}` };
}

/** Handles of all GPUs. */
export function* allGpus(nvml: Api): Blocking<nvmlDevice_t[]> {
  const count = (yield* ask<number>((box) => nvml.nvmlDeviceGetCount_v2(box))) ?? 0;
  const found: nvmlDevice_t[] = [];
  for (let i = 0; i < count; i++) {
    const handle = yield* ask<nvmlDevice_t>((box) => nvml.nvmlDeviceGetHandleByIndex_v2(i, box));
    if (handle !== null) found.push(handle);
  }
  return found;
}

/** The GPUs that -i names: numbers, UUIDs or bus ids, separated by commas. Null: one of them is none. */
export function* chosenGpus(nvml: Api, ids: string | null): Blocking<nvmlDevice_t[] | null> {
  if (ids === null) return yield* allGpus(nvml);
  const found: nvmlDevice_t[] = [];
  for (const id of ids.split(",")) {
    const handle = /^\d+$/.test(id)
      ? yield* ask<nvmlDevice_t>((box) => nvml.nvmlDeviceGetHandleByIndex_v2(Number(id), box))
      : id.startsWith("GPU-")
        ? yield* ask<nvmlDevice_t>((box) => nvml.nvmlDeviceGetHandleByUUID(id, box))
        : yield* ask<nvmlDevice_t>((box) => nvml.nvmlDeviceGetHandleByPciBusId_v2(id, box));
    if (handle === null) return null;
    found.push(handle);
  }
  return found;
}
