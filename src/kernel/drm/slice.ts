import type { DeviceFault } from "../../compiler/abi.ts";
import type { ComputeEngine } from "../../gpu/compute-engine.ts";
import type { GpuProfile } from "../../gpu/profile.ts";
import type { SmCap, TurnTaker } from "../../gpu/resident.ts";
import type { GpuContext } from "./context.ts";
import type { JobScheduler } from "./sched/backend.ts";

/** A hardware context that several open files have in common: they take turns as one, and a fault of one is a fault of all. */
export interface SharedContext {
  readonly group: TurnTaker;
  /** It has faulted: nothing new may be made in it. */
  readonly broken: boolean;
  /** A context in it was banned for what its job did. */
  faulted(context: GpuContext, reason: "fault" | "timeout", fault: DeviceFault | null): void;
}

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
  /** Ceiling on multiprocessors in use at once, or null. */
  readonly cap: SmCap | null;
  /** Added to the urgency of every queue: above 0 for clients of low priority. */
  readonly urgencyShift: number;
  /** Null: each context of the file takes turns for itself, and faults alone. */
  readonly shared: SharedContext | null;
}
