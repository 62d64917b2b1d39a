import type { GraphicsRegistry } from "./registry.ts";

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
  /** Values of the registry at boot; MachineOptions.registry. */
  readonly registry?: Partial<GraphicsRegistry>;
}
