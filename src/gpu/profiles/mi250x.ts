import type { GpuProfile } from "../profile.ts";

const GIB = 2 ** 30;
const MIB = 2 ** 20;
const KIB = 2 ** 10;

/**
 * MI250X, one of its two graphics compute dies: the operating system sees each die as a GPU of its own, so this profile is one die; a whole
 * board is two of them. Numbers: AMD CDNA 2 whitepaper and MI250X data sheet (220 compute units, 128 GB, 3.2 TB/s for the board), halved.
 * PCI id: the PCI ID repository (1002:7408). Limits: what rocminfo shows for gfx90a.
 */
export const mi250xDie: GpuProfile = {
  id: "mi250x",
  name: "AMD Instinct MI250X",
  vendor: "amd",
  vendorId: 0x1002,
  deviceId: 0x7408,
  subsystemId: 0x0b0c1002,
  computeCapability: [9, 0],
  gfxTarget: "gfx90a",
  multiprocessors: 110,
  warpSize: 64,
  clockHz: 1_700_000_000,
  memoryClockHz: 1_600_000_000,
  memoryBusBits: 4096,
  memoryBandwidth: 1_638_400_000_000,
  vramBytes: 64 * GIB,
  l2Bytes: 8 * MIB,
  // OpenCL's constant buffers lie in ordinary memory here; the driver reports what a buffer may hold.
  constantBytes: 64 * KIB,
  pcie: { generation: 4, lanes: 16, bandwidth: 25_000_000_000 },
  // Two general SDMA engines each die (the others serve the links between dies).
  copyEngines: 2,
  // Four SIMD units of 16 lanes: 110 * 64 * 2 * 1.7 GHz are half of the published 47.9 TFLOPS.
  instructionsPerClock: 64,
  limits: {
    maxThreadsPerBlock: 1024,
    maxBlockDim: [1024, 1024, 1024],
    maxGridDim: [2147483647, 65535, 65535],
    // Eight wavefronts of 64 on each of four SIMD units.
    maxThreadsPerMultiprocessor: 2048,
    maxBlocksPerMultiprocessor: 32,
    sharedPerBlock: 64 * KIB,
    sharedPerBlockOptin: 64 * KIB,
    sharedPerMultiprocessor: 64 * KIB,
    reservedSharedPerBlock: 0,
    // 512 KiB of vector registers a compute unit, 512 of them for a work-item.
    registersPerBlock: 131072,
    registersPerMultiprocessor: 131072,
    maxRegistersPerThread: 512,
    // MODEL: hardware queues that one die serves at once (8 pipes of 8 queues, less the firmware's own, times two engines).
    maxConcurrentKernels: 128,
  },
  // OpenCL queue priority hints: low, medium, high.
  priorities: { least: 1, greatest: -1 },
  // Compute wave save and restore (CWSR).
  preemption: "instruction",
  timesliceNs: 2_000_000,
  // amdgpu.lockup_timeout: 60 s for compute.
  jobTimeoutNs: 60_000_000_000,
  kernelExecTimeout: false,
  ecc: true,
  integrated: false,
  // Queues of several processes are mapped to hardware at once, each under its own VMID.
  contextsShareMultiprocessors: true,
  driverVersion: "6.12.12",
  // What clinfo of ROCm shows: fine-grained buffers; system memory by page faults only where XNACK is on, which is not the default.
  svm: { fineGrainBuffer: true, fineGrainSystem: false, atomics: false },
};
