import type { Device } from "./core/device.ts";

type Value = number | ((device: Device) => number);

const KIB = 1024;

function atLeast(device: Device, major: number, minor: number, then: number, otherwise: number): number {
  const [x, y] = device.profile.computeCapability;
  return x > major || (x === major && y >= minor) ? then : otherwise;
}

/**
 * Device attributes by CUdevice_attribute (cudaDeviceAttr has the same numbers). Limits of textures and surfaces are those of compute capability 8.0
 * and up (CUDA C++ Programming Guide, "Technical Specifications per Compute Capability"). Features that this emulator lacks are 0.
 */
const values: Readonly<Record<number, Value>> = {
  1: (d) => d.profile.limits.maxThreadsPerBlock, 2: (d) => d.profile.limits.maxBlockDim[0], 3: (d) => d.profile.limits.maxBlockDim[1], 4: (d) => d.profile.limits.maxBlockDim[2],
  5: (d) => d.profile.limits.maxGridDim[0], 6: (d) => d.profile.limits.maxGridDim[1], 7: (d) => d.profile.limits.maxGridDim[2], 8: (d) => d.profile.limits.sharedPerBlock,
  9: (d) => d.profile.constantBytes, 10: (d) => d.profile.warpSize, 11: 2 ** 31 - 1, 12: (d) => d.profile.limits.registersPerBlock, 13: (d) => Math.round(d.profile.clockHz / 1000),
  14: 512, 15: (d) => (d.profile.copyEngines > 0 ? 1 : 0), 16: (d) => d.profile.multiprocessors, 17: (d) => (d.profile.kernelExecTimeout ? 1 : 0), 18: (d) => (d.profile.integrated ? 1 : 0),
  19: 1, 20: 0,
  21: 131072, 22: 131072, 23: 65536, 24: 16384, 25: 16384, 26: 16384, 27: 32768, 28: 32768, 29: 2048, 30: 512, 31: (d) => (d.profile.limits.maxConcurrentKernels > 1 ? 1 : 0),
  32: (d) => (d.profile.ecc ? 1 : 0), 33: (d) => d.info.pciBus, 34: (d) => d.info.pciDevice, 35: 0, 36: (d) => Math.round(d.profile.memoryClockHz / 1000),
  37: (d) => d.profile.memoryBusBits, 38: (d) => d.profile.l2Bytes, 39: (d) => d.profile.limits.maxThreadsPerMultiprocessor, 40: (d) => d.profile.copyEngines, 41: 1,
  42: 32768, 43: 2048, 44: 1, 45: 32768, 46: 32768, 47: 8192, 48: 8192, 49: 32768, 50: (d) => d.info.pciDomain, 51: 32, 52: 32768, 53: 32768, 54: 2046,
  55: 32768, 56: 131072, 57: 65536, 58: 16384, 59: 16384, 60: 16384, 61: 32768, 62: 2048, 63: 32768, 64: 32768, 65: 2048, 66: 32768, 67: 32768, 68: 2046,
  69: 2 ** 28, 70: 131072, 71: 65000, 72: 2097120, 73: 32768, 74: 32768, 75: (d) => d.profile.computeCapability[0], 76: (d) => d.profile.computeCapability[1], 77: 32768,
  78: (d) => (d.profile.priorities.least === d.profile.priorities.greatest ? 0 : 1), 79: 1, 80: 1, 81: (d) => d.profile.limits.sharedPerMultiprocessor,
  82: (d) => d.profile.limits.registersPerMultiprocessor, 83: 1, 84: 0, 85: (d) => d.ordinal, 86: 0,
  // FP64 rate: half of FP32 on x.0 chips for data centres, 1/32 or 1/64 elsewhere.
  87: (d) => (d.profile.computeCapability[1] === 0 ? 2 : d.profile.computeCapability[0] >= 8 ? 64 : 32),
  88: (d) => (d.profile.svm?.fineGrainSystem === true ? 1 : 0), 89: 1, 90: (d) => (d.profile.preemption === "instruction" ? 1 : 0), 91: 1, 92: 0, 93: 0, 94: 0, 95: 1, 96: 0, 97: (d) => d.profile.limits.sharedPerBlockOptin, 98: 0, 99: 1,
  100: 0, 101: 0, 102: 1, 103: 1, 104: 0, 105: 0, 106: (d) => d.profile.limits.maxBlocksPerMultiprocessor, 107: 0, 108: (d) => atLeast(d, 8, 0, Math.floor((d.profile.l2Bytes * 3) / 4), 0),
  109: (d) => atLeast(d, 8, 0, 128 * KIB * KIB, 0), 110: 0, 111: (d) => d.profile.limits.reservedSharedPerBlock, 112: 0, 113: 0, 114: 0, 115: 1, 116: 0, 117: 0, 118: 0, 119: 1,
  120: 0, 121: 0, 122: 0, 123: 0, 124: 0, 125: 0, 126: (d) => atLeast(d, 9, 0, 4, 1), 127: 0, 128: 0, 129: 0, 130: 0, 131: -1, 132: 0, 133: 0, 134: -1, 135: 0, 136: 0, 137: 0, 138: 0,
  139: (d) => ((d.profile.deviceId << 16) | d.profile.vendorId) >>> 0, 140: (d) => d.profile.subsystemId, 141: 0, 142: 0, 143: 0, 144: 0, 145: 0, 146: 0, 147: 0,
};

/** A device attribute's value; undefined when there is no attribute of that number. */
export function deviceAttribute(device: Device, attribute: number): number | undefined {
  const value = values[attribute];
  return typeof value === "function" ? value(device) : value;
}
