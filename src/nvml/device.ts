import type { Caller } from "../api/caller.ts";
import type { Out } from "../api/out.ts";
import * as abi from "./abi.ts";
import { nvmlReturn_t, type nvmlDevice_t, type nvmlPciInfo_t } from "./abi.ts";
import { deviceHandle, enter, enterDevice, enterGpu, gpusOf, instancesOf, migOf, statusOf, type Entered } from "./core.ts";
import { fail } from "./errors.ts";
import { giveText } from "./system.ts";

/** Device Queries: which devices there are, and what they are. */

const { NVML_ERROR_INVALID_ARGUMENT, NVML_ERROR_NOT_FOUND, NVML_ERROR_NOT_SUPPORTED } = nvmlReturn_t;

/** Writes an out-parameter, or refuses NULL. */
export function give<T>(t: Caller, box: Out<T> | null, value: T): nvmlReturn_t {
  if (box === null) return fail(t, NVML_ERROR_INVALID_ARGUMENT, "the out-parameter must not be NULL");
  box.value = value;
  return 0;
}

/** "00000000:01:00.0", as NVML writes bus ids, of "0000:01:00.0". */
export function busIdOf(pci: string): string {
  return `0000${pci.toUpperCase()}`;
}

/** How many GPUs there are. @returns UNINITIALIZED. INVALID_ARGUMENT: NULL. */
export function nvmlDeviceGetCount_v2(t: Caller, deviceCount: Out<number> | null): nvmlReturn_t {
  const state = enter(t);
  return typeof state === "number" ? state : give(t, deviceCount, gpusOf(t, state)?.length ?? 0);
}

/** The GPU of a number, 0 to count - 1. @returns UNINITIALIZED. INVALID_ARGUMENT: no such index, NULL. */
export function nvmlDeviceGetHandleByIndex_v2(t: Caller, index: number, device: Out<nvmlDevice_t> | null): nvmlReturn_t {
  const state = enter(t);
  if (typeof state === "number") return state;
  const gpu = gpusOf(t, state)?.[index];
  if (gpu === undefined) return fail(t, NVML_ERROR_INVALID_ARGUMENT, "index must be below the number of GPUs", { index });
  return give(t, device, deviceHandle(state, { minor: gpu.minor, mig: null }) as nvmlDevice_t);
}

/** The GPU or MIG device of a UUID. @returns UNINITIALIZED. INVALID_ARGUMENT: NULL. NOT_FOUND. */
export function nvmlDeviceGetHandleByUUID(t: Caller, uuid: string | null, device: Out<nvmlDevice_t> | null): nvmlReturn_t {
  const state = enter(t);
  if (typeof state === "number") return state;
  if (uuid === null) return fail(t, NVML_ERROR_INVALID_ARGUMENT, "uuid must not be NULL");
  for (const gpu of gpusOf(t, state) ?? []) {
    if (gpu.uuid === uuid) return give(t, device, deviceHandle(state, { minor: gpu.minor, mig: null }) as nvmlDevice_t);
    for (const gi of instancesOf(t, state, gpu.minor)) {
      const ci = gi.compute.find((c) => c.uuid === uuid);
      if (ci !== undefined) return give(t, device, deviceHandle(state, { minor: gpu.minor, mig: { gi: gi.id, ci: ci.id } }) as nvmlDevice_t);
    }
  }
  return fail(t, NVML_ERROR_NOT_FOUND, "no device has that UUID", { uuid });
}

/** The GPU at a bus address, "0000:01:00.0" or "00000000:01:00.0". @returns UNINITIALIZED. INVALID_ARGUMENT: NULL. NOT_FOUND. */
export function nvmlDeviceGetHandleByPciBusId_v2(t: Caller, pciBusId: string | null, device: Out<nvmlDevice_t> | null): nvmlReturn_t {
  const state = enter(t);
  if (typeof state === "number") return state;
  if (pciBusId === null) return fail(t, NVML_ERROR_INVALID_ARGUMENT, "pciBusId must not be NULL");
  const wanted = pciBusId.toLowerCase().replace(/^0000(?=[0-9a-f]{4}:)/, "");
  const gpu = gpusOf(t, state)?.find(({ pci }) => pci === wanted || pci.slice(5) === wanted);
  if (gpu === undefined) return fail(t, NVML_ERROR_NOT_FOUND, "no GPU is at that address", { pciBusId });
  return give(t, device, deviceHandle(state, { minor: gpu.minor, mig: null }) as nvmlDevice_t);
}

function withDevice(t: Caller, device: nvmlDevice_t | null, then: (entered: Entered) => nvmlReturn_t): nvmlReturn_t {
  const entered = enterDevice(t, device);
  return typeof entered === "number" ? entered : then(entered);
}

function withGpu(t: Caller, device: nvmlDevice_t | null, then: (entered: Entered) => nvmlReturn_t): nvmlReturn_t {
  const entered = enterGpu(t, device);
  return typeof entered === "number" ? entered : then(entered);
}

/** Its number, 0 to count - 1 (of a MIG device, among those of its GPU). @returns UNINITIALIZED, INVALID_ARGUMENT, GPU_IS_LOST */
export function nvmlDeviceGetIndex(t: Caller, device: nvmlDevice_t | null, index: Out<number> | null): nvmlReturn_t {
  return withDevice(t, device, (entered) => {
    const { state, gpu, device: { mig } } = entered;
    if (mig === null) return give(t, index, gpusOf(t, state)!.findIndex(({ minor }) => minor === gpu.minor));
    const all = instancesOf(t, state, gpu.minor).flatMap((gi) => gi.compute.map((ci) => `${gi.id}/${ci.id}`));
    return give(t, index, all.indexOf(`${mig.gi}/${mig.ci}`));
  });
}

/** Its name: "NVIDIA A100-PCIE-40GB", "NVIDIA A100-PCIE-40GB MIG 1g.5gb". @returns UNINITIALIZED, INVALID_ARGUMENT, INSUFFICIENT_SIZE, GPU_IS_LOST */
export function nvmlDeviceGetName(t: Caller, device: nvmlDevice_t | null, name: Out<string> | null, length: number): nvmlReturn_t {
  return withDevice(t, device, (entered) => {
    const mig = entered.device.mig === null ? null : migOf(t, entered);
    return giveText(t, name, length, mig === null ? entered.gpu.name : `${entered.gpu.name} ${mig.ci.name}`);
  });
}

/** "GPU-..." or "MIG-...", the same in every run. @returns as nvmlDeviceGetName; NOT_FOUND: the MIG device is gone. */
export function nvmlDeviceGetUUID(t: Caller, device: nvmlDevice_t | null, uuid: Out<string> | null, length: number): nvmlReturn_t {
  return withDevice(t, device, (entered) => {
    if (entered.device.mig === null) return giveText(t, uuid, length, entered.gpu.uuid);
    const mig = migOf(t, entered);
    return mig === null ? fail(t, NVML_ERROR_NOT_FOUND, "the MIG device has been destroyed") : giveText(t, uuid, length, mig.ci.uuid);
  });
}

/** Number of its node. @returns UNINITIALIZED, INVALID_ARGUMENT, GPU_IS_LOST; NOT_SUPPORTED: a MIG device. */
export function nvmlDeviceGetMinorNumber(t: Caller, device: nvmlDevice_t | null, minorNumber: Out<number> | null): nvmlReturn_t {
  return withGpu(t, device, ({ gpu }) => give(t, minorNumber, gpu.minor));
}

/** nvmlBrandType_t: always NVIDIA. @returns UNINITIALIZED, INVALID_ARGUMENT, GPU_IS_LOST */
export function nvmlDeviceGetBrand(t: Caller, device: nvmlDevice_t | null, type: Out<number> | null): nvmlReturn_t {
  return withDevice(t, device, () => give(t, type, abi.NVML_BRAND_NVIDIA));
}

/** A serial number, the same in every run. @returns UNINITIALIZED, INVALID_ARGUMENT, INSUFFICIENT_SIZE, GPU_IS_LOST; NOT_SUPPORTED: a MIG device. */
export function nvmlDeviceGetSerial(t: Caller, device: nvmlDevice_t | null, serial: Out<string> | null, length: number): nvmlReturn_t {
  return withGpu(t, device, ({ gpu }) => giveText(t, serial, length, serialOf(gpu.uuid)));
}

/** Thirteen digits from a UUID. */
function serialOf(uuid: string): string {
  const digits = BigInt(`0x${uuid.replace(/^GPU-|-/g, "").slice(0, 14)}`) % 10n ** 12n;
  return `1${String(digits).padStart(12, "0")}`;
}

/** Part number of the board. @returns as nvmlDeviceGetSerial */
export function nvmlDeviceGetBoardPartNumber(t: Caller, device: nvmlDevice_t | null, partNumber: Out<string> | null, length: number): nvmlReturn_t {
  return withGpu(t, device, (entered) => {
    const status = statusOf(t, entered);
    return typeof status === "number" ? status : giveText(t, partNumber, length, status.board.partNumber);
  });
}

/** Version of the video BIOS. @returns as nvmlDeviceGetSerial */
export function nvmlDeviceGetVbiosVersion(t: Caller, device: nvmlDevice_t | null, version: Out<string> | null, length: number): nvmlReturn_t {
  return withGpu(t, device, (entered) => {
    const status = statusOf(t, entered);
    return typeof status === "number" ? status : giveText(t, version, length, status.board.vbios);
  });
}

/** Where it is on the bus. @returns UNINITIALIZED, INVALID_ARGUMENT, GPU_IS_LOST */
export function nvmlDeviceGetPciInfo_v3(t: Caller, device: nvmlDevice_t | null, pci: Out<nvmlPciInfo_t> | null): nvmlReturn_t {
  return withDevice(t, device, (entered) => {
    const status = statusOf(t, entered);
    if (typeof status === "number") return status;
    const [domain = "0", bus = "0", rest = "0"] = entered.gpu.pci.split(":");
    return give(t, pci, {
      busIdLegacy: entered.gpu.pci.toUpperCase(), busId: busIdOf(entered.gpu.pci), domain: Number.parseInt(domain, 16), bus: Number.parseInt(bus, 16), device: Number.parseInt(rest, 16),
      pciDeviceId: status.deviceId * 0x10000 + status.vendorId, pciSubSystemId: status.subsystemId,
    });
  });
}

/** Compute capability. @returns UNINITIALIZED, INVALID_ARGUMENT, GPU_IS_LOST */
export function nvmlDeviceGetCudaComputeCapability(t: Caller, device: nvmlDevice_t | null, major: Out<number> | null, minor: Out<number> | null): nvmlReturn_t {
  return withDevice(t, device, ({ gpu }) => give(t, major, gpu.computeCapability[0]) || give(t, minor, gpu.computeCapability[1]));
}

/** nvmlDeviceArchitecture_t. @returns UNINITIALIZED, INVALID_ARGUMENT, GPU_IS_LOST */
export function nvmlDeviceGetArchitecture(t: Caller, device: nvmlDevice_t | null, arch: Out<number> | null): nvmlReturn_t {
  return withDevice(t, device, ({ gpu }) => give(t, arch, gpu.computeCapability[0] >= 9 ? abi.NVML_DEVICE_ARCH_HOPPER : abi.NVML_DEVICE_ARCH_AMPERE));
}

/** 32-bit lanes of all its multiprocessors. @returns UNINITIALIZED, INVALID_ARGUMENT, GPU_IS_LOST */
export function nvmlDeviceGetNumGpuCores(t: Caller, device: nvmlDevice_t | null, numCores: Out<number> | null): nvmlReturn_t {
  return withGpu(t, device, (entered) => {
    const status = statusOf(t, entered);
    return typeof status === "number" ? status : give(t, numCores, status.multiprocessors * (entered.gpu.computeCapability[0] >= 9 ? 128 : 64));
  });
}

/** Always on: the driver does not unload. @returns UNINITIALIZED, INVALID_ARGUMENT, GPU_IS_LOST */
export function nvmlDeviceGetPersistenceMode(t: Caller, device: nvmlDevice_t | null, mode: Out<number> | null): nvmlReturn_t {
  return withDevice(t, device, () => give(t, mode, abi.NVML_FEATURE_ENABLED));
}

/** There is no display: disabled. @returns UNINITIALIZED, INVALID_ARGUMENT, GPU_IS_LOST */
export function nvmlDeviceGetDisplayMode(t: Caller, device: nvmlDevice_t | null, display: Out<number> | null): nvmlReturn_t {
  return withDevice(t, device, () => give(t, display, abi.NVML_FEATURE_DISABLED));
}

/** There is no display: disabled. @returns UNINITIALIZED, INVALID_ARGUMENT, GPU_IS_LOST */
export function nvmlDeviceGetDisplayActive(t: Caller, device: nvmlDevice_t | null, isActive: Out<number> | null): nvmlReturn_t {
  return withDevice(t, device, () => give(t, isActive, abi.NVML_FEATURE_DISABLED));
}

/** Who may use it: always everybody. @returns UNINITIALIZED, INVALID_ARGUMENT, GPU_IS_LOST */
export function nvmlDeviceGetComputeMode(t: Caller, device: nvmlDevice_t | null, mode: Out<number> | null): nvmlReturn_t {
  return withDevice(t, device, () => give(t, mode, abi.NVML_COMPUTEMODE_DEFAULT));
}

/** The default mode is the only one. @returns UNINITIALIZED, INVALID_ARGUMENT: no mode. NOT_SUPPORTED: others than the default. GPU_IS_LOST */
export function nvmlDeviceSetComputeMode(t: Caller, device: nvmlDevice_t | null, mode: number): nvmlReturn_t {
  return withDevice(t, device, () => {
    if (![0, 2, 3].includes(mode)) return fail(t, NVML_ERROR_INVALID_ARGUMENT, "mode must be a nvmlComputeMode_t", { mode });
    return mode === abi.NVML_COMPUTEMODE_DEFAULT ? 0 : fail(t, NVML_ERROR_NOT_SUPPORTED, "only the default compute mode is modelled", { mode });
  });
}

/** Two GPUs on one board? Never. @returns UNINITIALIZED, INVALID_ARGUMENT, GPU_IS_LOST */
export function nvmlDeviceGetMultiGpuBoard(t: Caller, device: nvmlDevice_t | null, multiGpuBool: Out<number> | null): nvmlReturn_t {
  return withGpu(t, device, () => give(t, multiGpuBool, 0));
}

function link(t: Caller, device: nvmlDevice_t | null, box: Out<number> | null, which: "generation" | "lanes"): nvmlReturn_t {
  return withGpu(t, device, (entered) => {
    const status = statusOf(t, entered);
    return typeof status === "number" ? status : give(t, box, status.link[which]);
  });
}

/** Generation of its PCI Express link, the most that board and slot can. @returns UNINITIALIZED, INVALID_ARGUMENT, GPU_IS_LOST; NOT_SUPPORTED: a MIG device. */
export function nvmlDeviceGetMaxPcieLinkGeneration(t: Caller, device: nvmlDevice_t | null, maxLinkGen: Out<number> | null): nvmlReturn_t {
  return link(t, device, maxLinkGen, "generation");
}

/** Lanes of its link, the most that board and slot can. @returns as nvmlDeviceGetMaxPcieLinkGeneration */
export function nvmlDeviceGetMaxPcieLinkWidth(t: Caller, device: nvmlDevice_t | null, maxLinkWidth: Out<number> | null): nvmlReturn_t {
  return link(t, device, maxLinkWidth, "lanes");
}

/** Generation of its link now: it never slows down. @returns as nvmlDeviceGetMaxPcieLinkGeneration */
export function nvmlDeviceGetCurrPcieLinkGeneration(t: Caller, device: nvmlDevice_t | null, currLinkGen: Out<number> | null): nvmlReturn_t {
  return link(t, device, currLinkGen, "generation");
}

/** Lanes of its link now. @returns as nvmlDeviceGetMaxPcieLinkGeneration */
export function nvmlDeviceGetCurrPcieLinkWidth(t: Caller, device: nvmlDevice_t | null, currLinkWidth: Out<number> | null): nvmlReturn_t {
  return link(t, device, currLinkWidth, "lanes");
}

/** Replays on its link: none happen. @returns as nvmlDeviceGetMaxPcieLinkGeneration */
export function nvmlDeviceGetPcieReplayCounter(t: Caller, device: nvmlDevice_t | null, value: Out<number> | null): nvmlReturn_t {
  return withGpu(t, device, () => give(t, value, 0));
}
