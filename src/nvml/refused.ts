import type { Caller } from "../api/caller.ts";
import { nvmlReturn_t } from "./abi.ts";
import { enter } from "./core.ts";
import { fail } from "./errors.ts";

/** Answers NOT_SUPPORTED, after the check that every function makes first. */
function refuse(t: Caller): nvmlReturn_t {
  const state = enter(t);
  return typeof state === "number" ? state : fail(t, nvmlReturn_t.NVML_ERROR_NOT_SUPPORTED, "not modelled by this emulator");
}

/** Functions of nvml.h that there is nothing behind: parameters of any kind are taken. */
export const refusedNames = [
  "nvmlDeviceSetPersistenceMode", "nvmlDeviceSetEccMode", "nvmlDeviceClearEccErrorCounts", "nvmlDeviceSetPowerManagementLimit", "nvmlDeviceSetGpuLockedClocks", "nvmlDeviceResetGpuLockedClocks",
  "nvmlDeviceSetMemoryLockedClocks", "nvmlDeviceResetMemoryLockedClocks", "nvmlDeviceSetApplicationsClocks", "nvmlDeviceResetApplicationsClocks", "nvmlDeviceGetApplicationsClock",
  "nvmlDeviceGetSupportedMemoryClocks", "nvmlDeviceGetSupportedGraphicsClocks", "nvmlDeviceGetPcieThroughput", "nvmlDeviceGetNvLinkState", "nvmlDeviceGetNvLinkVersion",
  "nvmlDeviceGetNvLinkRemotePciInfo_v2", "nvmlDeviceGetTopologyCommonAncestor", "nvmlDeviceGetP2PStatus", "nvmlDeviceGetRetiredPages", "nvmlDeviceGetRemappedRows", "nvmlDeviceGetAccountingMode",
  "nvmlDeviceSetAccountingMode", "nvmlDeviceGetAccountingStats", "nvmlDeviceGetInforomVersion", "nvmlDeviceGetInforomImageVersion", "nvmlDeviceValidateInforom", "nvmlDeviceGetEncoderCapacity",
  "nvmlDeviceGetEncoderStats", "nvmlDeviceGetFBCStats", "nvmlDeviceGetDriverModel", "nvmlDeviceSetDriverModel", "nvmlDeviceGetVirtualizationMode", "nvmlDeviceGetGridLicensableFeatures_v4",
  "nvmlDeviceGetSamples", "nvmlDeviceGetFieldValues", "nvmlDeviceGetViolationStatus", "nvmlDeviceGetFanSpeed_v2", "nvmlDeviceGetNumFans", "nvmlDeviceSetAutoBoostedClocksEnabled",
  "nvmlEventSetCreate", "nvmlDeviceRegisterEvents", "nvmlEventSetWait_v2", "nvmlEventSetFree", "nvmlSystemGetConfComputeCapabilities", "nvmlGpmQueryDeviceSupport", "nvmlGpmSampleAlloc",
] as const;

type Refused = { readonly [K in (typeof refusedNames)[number]]: (t: Caller, ...args: readonly unknown[]) => nvmlReturn_t };

/** The refusals by name. */
export const refused: Refused = Object.fromEntries(refusedNames.map((name) => [name, (t: Caller) => refuse(t)])) as Refused;
