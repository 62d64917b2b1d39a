import type { DeviceFault } from "../../compiler/abi.ts";
import type { ComputeEngine } from "../../gpu/compute-engine.ts";
import type { GpuProfile } from "../../gpu/profile.ts";
import type { SmCap, TurnTaker } from "../../gpu/resident.ts";
import type { GpuContext } from "./context.ts";
import type { GpuJob } from "./gpu-job.ts";
import type { JobScheduler } from "./sched/backend.ts";

/**
 * The multiprocessors that an open file's launches run on, and how: all of the device's, those of a compute instance, or a share of a context that
 * several clients have in common.
 */
export interface ComputeSlice {
  /** What the program is told: name and multiprocessors are the slice's own. */
  readonly profile: GpuProfile;
  readonly uuid: string;
  readonly engine: ComputeEngine;
  readonly scheduler: JobScheduler;
  /** What takes turns in place of the file's own contexts; null: they do. */
  readonly group: TurnTaker | null;
  /** Ceiling on multiprocessors in use at once, or null. */
  readonly cap: SmCap | null;
  /** Told when a context of the file is banned for what its job did: others may share its fate. Null: nobody does. */
  readonly faulted: ((context: GpuContext, job: GpuJob, fault: DeviceFault | null) => void) | null;
}
