import type { GpuContext } from "../drm/context.ts";
import type { AddressSpace } from "../mm/address-space.ts";
import type { SchedContext, SchedDevice, SchedProcess, SchedulingProperties } from "./packet.ts";

/** What D3DKMTGetDeviceState says of a device (D3DKMT_DEVICEEXECUTION_STATE). */
export type DeviceState = "ACTIVE" | "RESET" | "HUNG" | "STOPPED" | "ERROR_OUTOFMEMORY" | "ERROR_DMAFAULT" | "ERROR_DMAPAGEFAULT";

/** One process's use of an adapter. */
export class WddmProcess implements SchedProcess {
  readonly pid: number;
  readonly name: string;
  /** Adapter resets and engine resets that its work caused. */
  resets = 0;
  /** Time that its packets were on engines, ns. */
  runningNs = 0;
  /** Where it wants to be told that it is over its budget. */
  trim: { readonly mm: AddressSpace; readonly address: number } | null = null;

  constructor(pid: number, name: string) {
    this.pid = pid;
    this.name = name;
  }
}

/** A D3DKMT device: a fault domain of `src/kernel/drm/context.ts` with its contexts. */
export class WddmDevice implements SchedDevice {
  readonly gpu: GpuContext;
  readonly process: WddmProcess;
  state: DeviceState = "ACTIVE";

  constructor(gpu: GpuContext, process: WddmProcess) {
    this.gpu = gpu;
    this.process = process;
  }
}

/** A D3DKMT context: a line of packets for one node. */
export class WddmContext implements SchedContext {
  readonly id: number;
  readonly inOrder: boolean;
  readonly device: SchedDevice;
  priority: number;
  properties: SchedulingProperties;
  lastTurn = 0;

  constructor(id: number, inOrder: boolean, device: SchedDevice, priority: number, properties: SchedulingProperties) {
    this.id = id;
    this.inOrder = inOrder;
    this.device = device;
    this.priority = priority;
    this.properties = properties;
  }
}

/** Software priority of a band of exec queues (1 high, 2 normal, 3 low) before `level` refines it. */
const bandPriority: Readonly<Record<number, number>> = { 1: 24, 2: 12, 3: 4 };
/** `level` moves it so far at most, either way. */
const MAX_SHIFT = 6;

/** Priority of VidSch (0 to 31) for a queue's priority and level. */
export function softwarePriority(priority: number, level: number): number {
  const shift = Math.max(-MAX_SHIFT, Math.min(MAX_SHIFT, level));
  return Math.max(0, (bandPriority[priority] ?? 0) - shift);
}

/** The same for hardware scheduling: -7 to +7 among the contexts of a process. */
export function inProcessPriority(priority: number, level: number): number {
  const shift = Math.max(-MAX_SHIFT, Math.min(MAX_SHIFT, level));
  return Math.max(-7, Math.min(7, (2 - priority) * 4 - Math.round(shift / 2)));
}
