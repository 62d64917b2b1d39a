import type { BoardSpec } from "./board.ts";
import type { MigCapability } from "./partition/mig.ts";

/** The data of one kind of GPU. Rates are per second, sizes bytes, times nanoseconds. Every number's source stands in the profile file. */
export interface GpuProfile {
  readonly id: string;
  readonly name: string;
  readonly vendor: "nvidia" | "amd" | "intel";
  readonly vendorId: number;
  readonly deviceId: number;
  readonly subsystemId: number;
  readonly computeCapability: readonly [number, number];
  readonly gfxTarget: string;
  readonly multiprocessors: number;
  readonly warpSize: number;
  readonly clockHz: number;
  readonly memoryClockHz: number;
  readonly memoryBusBits: number;
  readonly memoryBandwidth: number;
  readonly vramBytes: number;
  readonly l2Bytes: number;
  readonly constantBytes: number;
  readonly pcie: { readonly generation: number; readonly lanes: number; readonly bandwidth: number };
  readonly copyEngines: number;
  /** IR-weighted instructions that one multiprocessor retires per clock, over all its work-items. */
  readonly instructionsPerClock: number;
  readonly limits: {
    readonly maxThreadsPerBlock: number;
    readonly maxBlockDim: readonly [number, number, number];
    readonly maxGridDim: readonly [number, number, number];
    readonly maxThreadsPerMultiprocessor: number;
    readonly maxBlocksPerMultiprocessor: number;
    readonly sharedPerBlock: number;
    readonly sharedPerBlockOptin: number;
    readonly sharedPerMultiprocessor: number;
    readonly reservedSharedPerBlock: number;
    readonly registersPerBlock: number;
    readonly registersPerMultiprocessor: number;
    readonly maxRegistersPerThread: number;
    readonly maxConcurrentKernels: number;
  };
  readonly priorities: { readonly least: number; readonly greatest: number };
  readonly preemption: "none" | "dma-buffer" | "dispatch" | "thread-group" | "instruction";
  readonly timesliceNs: number;
  /** Job timeout before recovery; 0: none (a compute-only GPU without watchdog). */
  readonly jobTimeoutNs: number;
  readonly kernelExecTimeout: boolean;
  readonly ecc: boolean;
  readonly integrated: boolean;
  /** Work-groups of different contexts may run at the same moment; else contexts take turns of `timesliceNs`. */
  readonly contextsShareMultiprocessors: boolean;
  readonly driverVersion: string;
  /**
   * What of a process's memory the GPU shares without being told. `fineGrainBuffer`: buffers that both sides use at once. `fineGrainSystem`: all of it, by page faults. `atomics`: also
   * atomic operations across the bus. Absent: none of them.
   */
  readonly svm?: { readonly fineGrainBuffer: boolean; readonly fineGrainSystem: boolean; readonly atomics: boolean };
  /** The board around it: power, temperature, clocks at rest; absent: as `defaultBoard` says. */
  readonly board?: BoardSpec;
  /** How the GPU can be partitioned (MIG); absent: it cannot. */
  readonly mig?: MigCapability;
}
