/** Constants, enums and structs of nvml.h (NVML API Reference, "Device Structs", "Device Enums"). Numbers of 64 bits that count bytes or nanoseconds are JavaScript numbers. */

/** What every function returns (nvmlReturn_t). */
export const nvmlReturn_t = {
  NVML_SUCCESS: 0, NVML_ERROR_UNINITIALIZED: 1, NVML_ERROR_INVALID_ARGUMENT: 2, NVML_ERROR_NOT_SUPPORTED: 3, NVML_ERROR_NO_PERMISSION: 4, NVML_ERROR_ALREADY_INITIALIZED: 5,
  NVML_ERROR_NOT_FOUND: 6, NVML_ERROR_INSUFFICIENT_SIZE: 7, NVML_ERROR_INSUFFICIENT_POWER: 8, NVML_ERROR_DRIVER_NOT_LOADED: 9, NVML_ERROR_TIMEOUT: 10, NVML_ERROR_IRQ_ISSUE: 11,
  NVML_ERROR_LIBRARY_NOT_FOUND: 12, NVML_ERROR_FUNCTION_NOT_FOUND: 13, NVML_ERROR_CORRUPTED_INFOROM: 14, NVML_ERROR_GPU_IS_LOST: 15, NVML_ERROR_RESET_REQUIRED: 16,
  NVML_ERROR_OPERATING_SYSTEM: 17, NVML_ERROR_LIB_RM_VERSION_MISMATCH: 18, NVML_ERROR_IN_USE: 19, NVML_ERROR_MEMORY: 20, NVML_ERROR_NO_DATA: 21, NVML_ERROR_VGPU_ECC_NOT_SUPPORTED: 22,
  NVML_ERROR_INSUFFICIENT_RESOURCES: 23, NVML_ERROR_FREQ_NOT_SUPPORTED: 24, NVML_ERROR_ARGUMENT_VERSION_MISMATCH: 25, NVML_ERROR_DEPRECATED: 26, NVML_ERROR_NOT_READY: 27,
  NVML_ERROR_GPU_NOT_FOUND: 28, NVML_ERROR_INVALID_STATE: 29, NVML_ERROR_UNKNOWN: 999,
} as const;
export type nvmlReturn_t = (typeof nvmlReturn_t)[keyof typeof nvmlReturn_t];

declare const brand: unique symbol;
/** A GPU, or a MIG device. */
export type nvmlDevice_t = number & { readonly [brand]: "nvmlDevice_t" };
/** A GPU instance. */
export type nvmlGpuInstance_t = number & { readonly [brand]: "nvmlGpuInstance_t" };
/** A compute instance. */
export type nvmlComputeInstance_t = number & { readonly [brand]: "nvmlComputeInstance_t" };

/** Room for texts, with the final NUL. */
export const NVML_DEVICE_NAME_V2_BUFFER_SIZE = 96;
export const NVML_DEVICE_UUID_V2_BUFFER_SIZE = 96;
export const NVML_DEVICE_PCI_BUS_ID_BUFFER_SIZE = 32;
export const NVML_DEVICE_SERIAL_BUFFER_SIZE = 30;
export const NVML_DEVICE_PART_NUMBER_BUFFER_SIZE = 80;
export const NVML_DEVICE_VBIOS_VERSION_BUFFER_SIZE = 32;
export const NVML_SYSTEM_DRIVER_VERSION_BUFFER_SIZE = 80;
export const NVML_SYSTEM_NVML_VERSION_BUFFER_SIZE = 80;

/** A value that is not available: used memory of a process, an instance of a whole GPU. */
export const NVML_VALUE_NOT_AVAILABLE = -1;
/** gpuInstanceId and computeInstanceId of what runs on a whole GPU. */
export const NVML_NO_INSTANCE = 0xffffffff;

/** nvmlEnableState_t */
export const NVML_FEATURE_DISABLED = 0;
export const NVML_FEATURE_ENABLED = 1;
/** Modes of nvmlDeviceSetMigMode. */
export const NVML_DEVICE_MIG_DISABLE = 0;
export const NVML_DEVICE_MIG_ENABLE = 1;
/** nvmlTemperatureSensors_t */
export const NVML_TEMPERATURE_GPU = 0;
/** nvmlTemperatureThresholds_t */
export const NVML_TEMPERATURE_THRESHOLD_SHUTDOWN = 0;
export const NVML_TEMPERATURE_THRESHOLD_SLOWDOWN = 1;
export const NVML_TEMPERATURE_THRESHOLD_MEM_MAX = 2;
export const NVML_TEMPERATURE_THRESHOLD_GPU_MAX = 3;
/** nvmlClockType_t */
export const NVML_CLOCK_GRAPHICS = 0;
export const NVML_CLOCK_SM = 1;
export const NVML_CLOCK_MEM = 2;
export const NVML_CLOCK_VIDEO = 3;
/** nvmlComputeMode_t */
export const NVML_COMPUTEMODE_DEFAULT = 0;
export const NVML_COMPUTEMODE_PROHIBITED = 2;
export const NVML_COMPUTEMODE_EXCLUSIVE_PROCESS = 3;
/** nvmlBrandType_t */
export const NVML_BRAND_NVIDIA = 14;
/** nvmlDeviceArchitecture_t */
export const NVML_DEVICE_ARCH_AMPERE = 7;
export const NVML_DEVICE_ARCH_HOPPER = 9;
/** nvmlClocksEventReasons: nothing runs; the clocks are not held down. */
export const nvmlClocksEventReasonGpuIdle = 1;
export const nvmlClocksEventReasonNone = 0;
/** Profiles of nvmlDeviceGetGpuInstanceProfileInfo, by slices. */
export const NVML_GPU_INSTANCE_PROFILE_1_SLICE = 0;
export const NVML_GPU_INSTANCE_PROFILE_2_SLICE = 1;
export const NVML_GPU_INSTANCE_PROFILE_3_SLICE = 2;
export const NVML_GPU_INSTANCE_PROFILE_4_SLICE = 3;
export const NVML_GPU_INSTANCE_PROFILE_7_SLICE = 4;
export const NVML_GPU_INSTANCE_PROFILE_1_SLICE_REV1 = 7;
export const NVML_GPU_INSTANCE_PROFILE_1_SLICE_REV2 = 9;
export const NVML_GPU_INSTANCE_PROFILE_COUNT = 10;

/** Percent of the last sampling period. */
export interface nvmlUtilization_t {
  readonly gpu: number;
  readonly memory: number;
}

/** Bytes. */
export interface nvmlMemory_t {
  readonly total: number;
  readonly free: number;
  readonly used: number;
}

/** Bytes; `reserved` is not in `used`. */
export interface nvmlMemory_v2_t extends nvmlMemory_t {
  readonly reserved: number;
}

/** Bytes that the CPU can reach, and how they are used. */
export interface nvmlBAR1Memory_t {
  readonly bar1Total: number;
  readonly bar1Free: number;
  readonly bar1Used: number;
}

/** Where a device is on the bus. */
export interface nvmlPciInfo_t {
  readonly busIdLegacy: string;
  readonly busId: string;
  readonly domain: number;
  readonly bus: number;
  readonly device: number;
  /** Device in the upper, vendor in the lower 16 bits; the same for the subsystem. */
  readonly pciDeviceId: number;
  readonly pciSubSystemId: number;
}

/** A process that uses a device. */
export interface nvmlProcessInfo_t {
  readonly pid: number;
  readonly usedGpuMemory: number;
  readonly gpuInstanceId: number;
  readonly computeInstanceId: number;
}

/** How much of a device a process used in the last sampling period, percent. */
export interface nvmlProcessUtilizationSample_t {
  readonly pid: number;
  /** Microseconds. */
  readonly timeStamp: number;
  readonly smUtil: number;
  readonly memUtil: number;
  readonly encUtil: number;
  readonly decUtil: number;
}

/** What a MIG device has. */
export interface nvmlDeviceAttributes_t {
  readonly multiprocessorCount: number;
  readonly sharedCopyEngineCount: number;
  readonly sharedDecoderCount: number;
  readonly sharedEncoderCount: number;
  readonly sharedJpegCount: number;
  readonly sharedOfaCount: number;
  readonly gpuInstanceSliceCount: number;
  readonly computeInstanceSliceCount: number;
  readonly memorySizeMB: number;
}

/** A place on the memory slices. */
export interface nvmlGpuInstancePlacement_t {
  readonly start: number;
  readonly size: number;
}

/** A GPU instance profile. */
export interface nvmlGpuInstanceProfileInfo_t {
  readonly id: number;
  readonly name: string;
  readonly isP2pSupported: number;
  readonly sliceCount: number;
  readonly instanceCount: number;
  readonly multiprocessorCount: number;
  readonly copyEngineCount: number;
  readonly decoderCount: number;
  readonly encoderCount: number;
  readonly jpegCount: number;
  readonly ofaCount: number;
  readonly memorySizeMB: number;
}

/** A GPU instance. */
export interface nvmlGpuInstanceInfo_t {
  readonly device: nvmlDevice_t;
  readonly id: number;
  readonly profileId: number;
  readonly placement: nvmlGpuInstancePlacement_t;
}

/** A compute instance profile. */
export interface nvmlComputeInstanceProfileInfo_t {
  readonly id: number;
  readonly name: string;
  readonly sliceCount: number;
  readonly instanceCount: number;
  readonly multiprocessorCount: number;
  readonly sharedCopyEngineCount: number;
  readonly sharedDecoderCount: number;
  readonly sharedEncoderCount: number;
  readonly sharedJpegCount: number;
  readonly sharedOfaCount: number;
}

/** A compute instance. */
export interface nvmlComputeInstanceInfo_t {
  readonly device: nvmlDevice_t;
  readonly gpuInstance: nvmlGpuInstance_t;
  readonly id: number;
  readonly profileId: number;
  readonly placement: nvmlGpuInstancePlacement_t;
}
