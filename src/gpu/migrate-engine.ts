import { Meter } from "./meter.ts";
import { copyTime, wholeNs } from "./timing.ts";
import type { GpuPorts } from "./ports.ts";
import type { GpuProfile } from "./profile.ts";

/** Bytes moved in one go, so that no event takes more than some milliseconds of real time. */
const CHUNK = 16 * 2 ** 20;

/** A move of a buffer, as the engine sees it. */
export interface MigrateWork {
  readonly label: string;
  /** The bytes cross the bus; else they stay in the GPU's own memory. */
  readonly bus: boolean;
  /** Nobody may use the old place from here on. @returns ns that takes */
  begin(): number;
  /** Moves at most `most` bytes. @returns how many; 0: all have been moved */
  step(most: number): number;
  /** The bytes are there. */
  ended(): void;
}

/**
 * The copy engine that memory management keeps for itself (as xe reserves a blitter for migrations), so that a move never waits for a program's copies.
 * One move at a time, in the order they came.
 */
export class MigrateEngine {
  /** Bytes moved since the machine was made. */
  moved = 0;
  /** ns that it has worked. */
  busyNs = 0;
  private readonly ports: GpuPorts;
  private readonly gpu: number;
  private readonly profile: GpuProfile;
  private readonly meter: Meter;
  private readonly waiting: MigrateWork[] = [];
  private current: MigrateWork | null = null;
  private endsAt = 0;

  constructor(ports: GpuPorts, gpu: number, profile: GpuProfile, meter: Meter = new Meter(ports.clock)) {
    this.ports = ports;
    this.meter = meter;
    this.gpu = gpu;
    this.profile = profile;
  }

  /** Takes a move whose time has come. */
  submit(work: MigrateWork): void {
    this.waiting.push(work);
    if (this.current === null) this.next();
  }

  /** When the piece in progress ends, virtual ns. */
  get busyUntil(): number {
    return this.current === null ? this.ports.clock.now : this.endsAt;
  }

  private next(): void {
    const work = this.waiting.shift();
    this.current = work ?? null;
    if (work === undefined) return;
    this.trace("gpu:slice_begin", work);
    this.piece(work, work.begin() + this.ports.costs.copySetup);
  }

  private piece(work: MigrateWork, setup: number): void {
    const bytes = work.step(CHUNK);
    if (bytes === 0 && setup === 0) {
      this.trace("gpu:slice_end", work);
      work.ended();
      this.next();
      return;
    }
    this.moved += bytes;
    this.meter.add(work.bus ? bytes : 2 * bytes);
    const time = wholeNs(setup + copyTime(this.profile, bytes, work.bus, 2));
    this.busyNs += time;
    this.endsAt = this.ports.clock.now + time;
    this.ports.events.at(this.endsAt, () => this.piece(work, 0), "move");
  }

  private trace(name: string, work: MigrateWork): void {
    if (this.ports.trace.enabled) this.ports.trace.emit(name, { gpu: this.gpu, engine: "migrate", queue: 0, pid: 0, process: "kernel", label: work.label, kind: "copy", fence: "" });
  }
}
