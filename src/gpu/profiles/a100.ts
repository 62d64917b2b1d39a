import { migA100x40, migA100x80 } from "../partition/mig-profiles.ts";
import type { GpuProfile } from "../profile.ts";

const GIB = 2 ** 30;
const MIB = 2 ** 20;
const KIB = 2 ** 10;

/** Limits of compute capability 8.0: CUDA C++ Programming Guide, "Technical Specifications per Compute Capability". */
const limits80: GpuProfile["limits"] = {
  maxThreadsPerBlock: 1024,
  maxBlockDim: [1024, 1024, 64],
  maxGridDim: [2147483647, 65535, 65535],
  maxThreadsPerMultiprocessor: 2048,
  maxBlocksPerMultiprocessor: 32,
  sharedPerBlock: 48 * KIB,
  sharedPerBlockOptin: 163 * KIB,
  sharedPerMultiprocessor: 164 * KIB,
  // CUDA reserves 1 KiB of shared memory for each block from capability 8.0 on (Ampere Tuning Guide).
  reservedSharedPerBlock: KIB,
  registersPerBlock: 65536,
  registersPerMultiprocessor: 65536,
  maxRegistersPerThread: 255,
  maxConcurrentKernels: 128,
};

/**
 * A100 PCIe, 40 GB. Multiprocessors, clock, bus, bandwidth, caches: NVIDIA A100 Tensor Core GPU whitepaper (2020), and the A100 PCIe 40 GB product brief
 * (PB-10137-001) for boost clock 1410 MHz, memory clock 1215 MHz. PCI ids: the PCI ID repository (10de:20f1, subsystem 10de:145f).
 */
export const a100Pcie40: GpuProfile = {
  id: "a100-pcie-40gb",
  name: "NVIDIA A100-PCIE-40GB",
  vendor: "nvidia",
  vendorId: 0x10de,
  deviceId: 0x20f1,
  subsystemId: 0x145f10de,
  computeCapability: [8, 0],
  gfxTarget: "sm_80",
  multiprocessors: 108,
  warpSize: 32,
  clockHz: 1_410_000_000,
  memoryClockHz: 1_215_000_000,
  memoryBusBits: 5120,
  memoryBandwidth: 1_555_000_000_000,
  vramBytes: 40 * GIB,
  l2Bytes: 40 * MIB,
  constantBytes: 64 * KIB,
  // Effective rate of a generation 4 x16 link: 25 of 31.5 GB/s (reference numbers; the raw rate is 16 GT/s * 16 lanes * 128/130).
  pcie: { generation: 4, lanes: 16, bandwidth: 25_000_000_000 },
  // The driver reports 3 asynchronous engines for this board: one each way, one inside the device.
  copyEngines: 3,
  // 64 FP32 lanes a multiprocessor (whitepaper): 108 * 64 * 2 * 1.41 GHz are the published 19.5 TFLOPS.
  instructionsPerClock: 64,
  limits: limits80,
  // The range of stream priorities that current drivers report.
  priorities: { least: 0, greatest: -5 },
  preemption: "instruction",
  // MODEL: the driver's default time slice is not published.
  timesliceNs: 2_000_000,
  // Data centre boards run without a watchdog.
  jobTimeoutNs: 0,
  kernelExecTimeout: false,
  ecc: true,
  integrated: false,
  // Contexts of different processes are time-sliced unless they share one through MPS.
  contextsShareMultiprocessors: false,
  // The driver that CUDA 13.0 ships with.
  driverVersion: "580.65.06",
  mig: migA100x40,
  // 250 W, adjustable from 150 W, passively cooled: product brief PB-10137-001. Clocks at rest and temperature limits: what nvidia-smi -q shows on this board. MODEL: power at rest.
  board: {
    brand: "NVIDIA", partNumber: "900-21001-0000-000", vbios: "92.00.25.00.08", idleWatts: 34, limitWatts: 250, minWatts: 150, maxWatts: 250, idleClockHz: 210_000_000,
    idleCelsius: 30, fullCelsius: 68, shutdownCelsius: 95, slowdownCelsius: 92, targetCelsius: 85, memoryCelsius: 95,
  },
};

/**
 * A100 SXM4, 40 GB: the same chip and memory on a module (10de:20b0, subsystem 10de:134f). It has more power, not more speed on paper.
 */
export const a100Sxm40: GpuProfile = {
  ...a100Pcie40,
  id: "a100-sxm4-40gb",
  name: "NVIDIA A100-SXM4-40GB",
  deviceId: 0x20b0,
  subsystemId: 0x134f10de,
  // 400 W on the module, adjustable from 100 W (A100 data sheet).
  board: { ...a100Pcie40.board!, partNumber: "692-2G506-0200-002", idleWatts: 52, limitWatts: 400, minWatts: 100, maxWatts: 400 },
};

/**
 * A100 SXM4, 80 GB (10de:20b2): the same chip with HBM2e, whose clock is 1593 MHz: 2039 GB/s (A100 80 GB data sheet).
 */
export const a100Sxm80: GpuProfile = {
  ...a100Sxm40,
  id: "a100-sxm4-80gb",
  name: "NVIDIA A100-SXM4-80GB",
  deviceId: 0x20b2,
  memoryClockHz: 1_593_000_000,
  memoryBandwidth: 2_039_000_000_000,
  vramBytes: 80 * GIB,
  mig: migA100x80,
};
