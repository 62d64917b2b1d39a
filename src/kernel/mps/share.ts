import { DeviceFault } from "../../compiler/abi.ts";
import { UNITS, type ComputeEngine } from "../../gpu/compute-engine.ts";
import type { TurnTaker } from "../../gpu/resident.ts";
import { invariant } from "../errors.ts";
import { mutant } from "../mutants.ts";
import type { GpuContext } from "../drm/context.ts";
import type { DrmFile } from "../drm/file.ts";
import type { SharedContext } from "../drm/slice.ts";
import type { MpsClient } from "./client.ts";

/** Ends all work of an open file's contexts. */
export function endWork(file: DrmFile, end: (context: GpuContext) => void): void {
  for (const context of [...file.device.contexts]) {
    if (context.file !== file || context.fault !== null) continue;
    context.get();
    end(context);
    context.killWork();
    context.put();
  }
}

/** The same fault without a word of whose it was: clients must not learn of each other's kernels and addresses. */
function anonymous(fault: DeviceFault | null): DeviceFault | null {
  if (fault === null) return null;
  return new DeviceFault(fault.kind, { kernel: "(a client of the same MPS server)", line: null, block: [0, 0, 0], thread: [0, 0, 0] }, null, "which client it was is not told");
}

/**
 * The context that a server shares among its clients on one GPU (or one MIG compute instance): its clients' work runs side by side, and a fatal fault of one ends them
 * all. Then nobody new is let in until every client is gone; the next one gets a fresh context (NVIDIA MPS documentation, "Volta MPS Error Handling").
 */
export class MpsShare implements SharedContext {
  readonly group: TurnTaker = { lastTurn: 0 };
  readonly engine: ComputeEngine;
  /** Open files in the context, and whose they are. */
  readonly files: Map<DrmFile, MpsClient> = new Map();
  broken = false;

  constructor(engine: ComputeEngine) {
    this.engine = engine;
  }

  faulted(_context: GpuContext, reason: "fault" | "timeout", fault: DeviceFault | null): void {
    if (this.broken) return;
    this.broken = true;
    if (mutant("mps-fault-hits-one-client")) return;
    const told = anonymous(fault);
    for (const file of this.files.keys()) endWork(file, (context) => context.banBecause(reason, told));
  }

  checkInvariants(): void {
    for (const [file, client] of this.files) {
      invariant(file.slice.engine === this.engine && file.slice.shared === this, "an attached file works in the shared context");
      if (this.broken) for (const context of file.device.contexts) invariant(context.file !== file || context.fault !== null, "a fault of one client is a fault of all clients of that GPU");
      const { cap } = file.slice;
      if (client.percentage < 100) invariant(cap !== null, "a client with a share has a ceiling");
      if (cap === null) continue;
      invariant(cap.units >= 0 && cap.units <= cap.multiprocessors * UNITS, "a client holds no more multiprocessors than its share");
      invariant(cap.multiprocessors <= Math.max(1, Math.floor((this.engine.multiprocessors * client.percentage) / 100)), "a client's ceiling follows from its percentage");
    }
  }
}
