import type { GraphicsRegistry } from "./registry.ts";

/** A packet on its way to the hardware, as `WddmOptions.submitCommand` sees it (after DXGKARG_SUBMITCOMMAND). */
export interface SubmitCommand {
  readonly pid: number;
  readonly process: string;
  /** What the packet does, as traces name it. */
  readonly label: string;
  /** Software priority of its context, 0 to 31. */
  readonly priority: number;
  /** DXGK_SUBMIT_PREEMPT (as VidSch has it by default) or 0. */
  flags: number;
}

/** How the graphics kernel of a Windows machine is set (MachineOptions.wddm). Everything is optional. */
export interface WddmOptions {
  /** Hardware-accelerated GPU scheduling (WDDM 2.7, "HAGS"): the GPU's own scheduler changes contexts, by bands. Default false: VidSch does. */
  readonly hardwareScheduling?: boolean;
  /** The driver can reset one engine alone (WDDM 2.0). Without it every timeout resets the adapter. Default true. */
  readonly engineReset?: boolean;
  /** Virtual nanoseconds that the driver's reset entry points take. Beyond TdrDdiDelay the machine stops. Default: the cost model's engineReset. */
  readonly resetNs?: number;
  /** Time a context may keep an engine while an equally urgent one waits, ns. MODEL: Microsoft publishes no default. Default: the profile's time slice. */
  readonly quantumNs?: number;
  /** Share of the engine that band NORMAL gets beside a busy band FOCUS, percent, 0 to 50. Default 10. */
  readonly targetNormalBandPercentage?: number;
  /** Share of each memory segment that one process may have resident, percent. Default 100. */
  readonly budgetPercent?: number;
  /**
   * Called for each packet that becomes ready, and may change its flags: with DXGK_SUBMIT_PREEMPT it has less urgent work preempted at once, without it waits like an equal one, for the end of a
   * quantum. NON-SPEC: the word of the document this project grew from (docs/seed.md). Hardware scheduling goes by bands and grace periods and takes no notice of it.
   */
  readonly submitCommand?: (dxgkSubmitCommand: SubmitCommand) => void;
  /** Values of the registry at boot; MachineOptions.registry. */
  readonly registry?: Partial<GraphicsRegistry>;
}
