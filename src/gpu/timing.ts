import type { GpuProfile } from "./profile.ts";

/**
 * Clocks between dependent instructions of one work-item. Measured for Volta and later by Jia et al., "Dissecting the NVIDIA Volta GPU
 * Architecture via Microbenchmarking" (2018): 4 for simple arithmetic. A group of few work-items is bound by it, not by the lanes.
 */
const ISSUE_LATENCY = 4;
/** Bytes a clock that one multiprocessor gets from the second-level cache (Volta and later: 64, same source). */
const L2_BYTES_PER_CLOCK = 64;

/** Integer nanoseconds, at least 1. */
export function wholeNs(ns: number): number {
  return ns <= 1 ? 1 : Math.ceil(ns);
}

/**
 * Time for counted work of one kernel, in fractional nanoseconds: the longer of computing and moving bytes.
 * @param multiprocessors that the kernel has for itself (may be fractional when shared)
 * @param threads work-items in progress
 * @param bus part of the bytes that crosses the bus, because it is not in the GPU's own memory, 0 to 1
 */
export function computeTime(profile: GpuProfile, instructions: number, bytes: number, multiprocessors: number, threads: number, bus: number = 0): number {
  const perClock = Math.min(multiprocessors * profile.instructionsPerClock, threads / ISSUE_LATENCY);
  const bandwidth = Math.min(profile.memoryBandwidth, multiprocessors * L2_BYTES_PER_CLOCK * profile.clockHz);
  const compute = (instructions / (perClock * profile.clockHz)) * 1e9;
  const memory = ((bytes * (1 - bus)) / bandwidth) * 1e9;
  const remote = bus === 0 ? 0 : ((bytes * bus) / profile.pcie.bandwidth) * 1e9;
  return Math.max(compute, memory, remote);
}

/**
 * Time for a copy or fill, fractional nanoseconds, without set-up.
 * @param bus one side is not in the GPU's own memory
 * @param traffic how often each byte crosses the GPU's own memory: 2 for a copy inside it, 1 for a fill
 */
export function copyTime(profile: GpuProfile, bytes: number, bus: boolean, traffic: number): number {
  return (bytes / (bus ? profile.pcie.bandwidth : profile.memoryBandwidth / traffic)) * 1e9;
}
