import type { DeviceFault, MemoryAccess, Site } from "../compiler/abi.ts";
import type { GpuPageTable } from "./page-table.ts";

/** What the hardware needs of the machine around it: time, what happens later, chance, and a place to show its work. */
export interface GpuPorts {
  readonly clock: { readonly now: number };
  readonly events: { at(time: number, run: () => void, label: string): object; cancel(event: object): void };
  readonly choices: { choose(n: number, label: string): number };
  readonly trace: { readonly enabled: boolean; emit(name: string, fields: Readonly<Record<string, string | number>>): void };
  /** Whether a piece of a transfer goes wrong (fault injection): null: no; 0: it fails; else so many ns late. Absent: never. */
  dmaFault?(): number | null;
  readonly costs: {
    /** Doorbell to first work-group, ns. */
    readonly launchOverhead: number;
    /** Work without work: a queue's time stamp or signal, ns. */
    readonly marker: number;
    /** Start of a copy engine, ns. */
    readonly copySetup: number;
    /** Saving one context's state and loading another's, ns. */
    readonly contextSwitch: number;
  };
}

/** The address space that work runs in, as the hardware sees it: a page table, and someone to ask when it has no entry. */
export interface GpuAddressSpace {
  readonly pageTable: GpuPageTable;
  /** A page fault. True when the access may be tried again. */
  fault(access: MemoryAccess, site: Site): boolean;
  /** Nanoseconds that serving faults has taken since it was last asked; the work that faulted is so much longer. */
  takeStall?(): number;
  /** Bytes from `va` (at most `bytes`) that are mapped writable and were never touched, so that they read as zero without storage. 0 when not. */
  untouched(va: number, bytes: number): number;
}

/** Why work ended. `killed`: by whoever asked the engine to abort it; `timeout`: it ran longer than allowed. */
export type WorkOutcome = "done" | "fault" | "timeout" | "killed";

/** What every engine knows of a piece of work, and whom it tells. */
export interface EngineWork {
  readonly label: string;
  /** For traces: queue, pid, process, label, kind ("launch", "copy", "fill", "marker") and the fence that its end signals ("42:7"). Asked only while tracing. */
  traceFields(): Readonly<Record<string, string | number>>;
  readonly memory: GpuAddressSpace;
  /** What a marker does, when it does anything. @returns ns that it takes */
  service?(): number;
  /** The engine begins. @param time virtual ns at which it really starts, not before now */
  started(time: number): void;
  /** It is over; the engine has forgotten the work. `fault` stands with outcome "fault". */
  ended(outcome: WorkOutcome, fault: DeviceFault | null): void;
}

/** For timelines: one engine has begun or ended to work for somebody. */
export function traceSlice(ports: GpuPorts, begin: boolean, gpu: number, engine: string, work: EngineWork): void {
  ports.trace.emit(begin ? "gpu:slice_begin" : "gpu:slice_end", { gpu, engine, ...work.traceFields() });
}
