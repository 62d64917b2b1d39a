import type { GpuProfile } from "./profile.ts";
import type { Resident, TurnTaker } from "./resident.ts";

/** What stopping contexts in the middle has cost an engine so far. */
export class PreemptionCount {
  /** Times that a context was stopped with a launch under way. */
  count = 0;
  /** From the request until the next context could begin, summed, ns. */
  delayNs = 0;
  /** Bytes saved to and restored from context-save areas. */
  savedBytes = 0;
  restoredBytes = 0;

  /** Average delay, ns; 0 before the first. */
  get averageNs(): number {
    return this.count === 0 ? 0 : this.delayNs / this.count;
  }
}

/** Where the hardware can stop, from coarse to fine, and what must be over or saved before another context may run. */
export class Preemption {
  private readonly granularity: GpuProfile["preemption"];
  private readonly profile: GpuProfile;
  /** Since when somebody else should run, virtual ns; -1: nobody should. */
  requestedAt = -1;
  /** What the running context had submitted by then belongs to the same buffer of commands. */
  private upTo = 0;

  constructor(profile: GpuProfile) {
    this.granularity = profile.preemption;
    this.profile = profile;
  }

  /** Another context should run now. @param sequence of the newest launch of the active one */
  request(now: number, sequence: number): void {
    if (this.requestedAt >= 0) return;
    this.requestedAt = now;
    this.upTo = sequence;
  }

  /** The request has been met, or there is none any more. */
  clear(): void {
    this.requestedAt = -1;
  }

  /**
   * Whether a launch of the active context must go on before the context can be stopped:
   * `none`: whatever the context has submitted; `dma-buffer`: what it had submitted when the request came; `dispatch`: what has begun; `thread-group`: what has
   * work-groups in the middle, until they end; `instruction`: nothing, if its state can be saved.
   */
  mustGoOn(resident: Resident): boolean {
    const begun = resident.execution !== null;
    switch (this.granularity) {
      case "none":
        return true;
      case "dma-buffer":
        return begun || resident.work!.sequence <= this.upTo;
      case "dispatch":
        return begun;
      case "thread-group":
        if (!begun || resident.drained) return false;
        resident.drain(true);
        return true;
      case "instruction":
        return begun && !canSave(resident.work!.group, this.areaBytes);
    }
  }

  /** State that must be saved to stop a launch: register files and shared memory of the multiprocessors it is on. Work-groups that have ended have none. */
  stateOf(resident: Resident): number {
    if (resident.execution === null || this.granularity !== "instruction") return 0;
    const { multiprocessors } = this.profile;
    return Math.min(multiprocessors, resident.blocksLeft) * this.perMultiprocessor;
  }

  /** Size of a context-save area: the state of all multiprocessors. */
  get areaBytes(): number {
    return this.profile.multiprocessors * this.perMultiprocessor;
  }

  /** Time to carry state to or from the GPU's memory, ns. */
  timeFor(bytes: number): number {
    return Math.ceil((bytes / this.profile.memoryBandwidth) * 1e9);
  }

  private get perMultiprocessor(): number {
    const { registersPerMultiprocessor, sharedPerMultiprocessor } = this.profile.limits;
    return registersPerMultiprocessor * 4 + sharedPerMultiprocessor;
  }
}

function canSave(group: TurnTaker, bytes: number): boolean {
  return group.saveArea === undefined || group.saveArea(bytes);
}
