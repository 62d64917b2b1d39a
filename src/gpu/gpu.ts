import { Capacity } from "./capacity.ts";
import { ComputeEngine, type ComputeLimits } from "./compute-engine.ts";
import { CopyEngines } from "./copy-engine.ts";
import type { LinearStore } from "./linear.ts";
import { Meter } from "./meter.ts";
import { MarkerUnit } from "./marker.ts";
import { MigrateEngine } from "./migrate-engine.ts";
import type { GpuPorts } from "./ports.ts";
import type { GpuProfile } from "./profile.ts";

/** One GPU: its memory and its engines. It knows no process, file or queue: the kernel's driver gives it work and page tables. */
export class Gpu {
  readonly ports: GpuPorts;
  readonly index: number;
  readonly part: string;
  readonly profile: GpuProfile;
  readonly vram: Capacity;
  readonly compute: ComputeEngine;
  readonly copies: CopyEngines;
  readonly markers: MarkerUnit;
  /** What memory management moves buffers with. */
  readonly migrate: MigrateEngine;
  /** How busy it is. A part counts on the meter of its whole. */
  readonly meter: Meter;

  /**
   * @param part behind the engines' names in traces: " gi1" for a part of a GPU, nothing for a whole one
   * @param meter where its work is counted; absent: on one of its own
   */
  constructor(ports: GpuPorts, store: LinearStore, index: number, profile: GpuProfile, limits: ComputeLimits, part: string = "", meter: Meter = new Meter(ports.clock)) {
    this.meter = meter;
    this.part = part;
    this.ports = ports;
    this.index = index;
    this.profile = profile;
    this.vram = new Capacity(profile.vramBytes);
    this.compute = new ComputeEngine(ports, index, profile, limits, `compute${part}`, meter);
    this.copies = new CopyEngines(ports, index, profile, store, part, meter);
    this.migrate = new MigrateEngine(ports, index, profile, meter);
    this.markers = new MarkerUnit(ports, index, `marker${part}`);
  }
}
