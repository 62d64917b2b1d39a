import { DeviceFault } from "../compiler/abi.ts";
import { invariant } from "../kernel/errors.ts";
import type { LinearStore } from "./linear.ts";
import { traceSlice, type EngineWork, type GpuPorts } from "./ports.ts";
import type { GpuProfile } from "./profile.ts";
import { copyTime, wholeNs } from "./timing.ts";
import { Transfer, type CopyShape, type FillShape } from "./transfer.ts";

/** Bytes moved in one go, so that no event takes more than some milliseconds of real time. */
const CHUNK = 16 * 2 ** 20;

/** Work of a copy engine. */
export interface CopyWork extends EngineWork {
  readonly shape: CopyShape | FillShape;
}

/** One copy engine: one piece of work at a time. */
class CopyEngine {
  readonly name: string;
  readonly transfer: Transfer;
  work: CopyWork | null = null;
  event: object | null = null;
  fault: DeviceFault | null = null;
  readonly step: () => void;

  constructor(engines: CopyEngines, store: LinearStore, index: number) {
    this.name = `copy${index}`;
    this.transfer = new Transfer(store);
    this.step = () => engines.stepped(this);
  }
}

/**
 * The copy engines of a GPU. They work beside the multiprocessors. Bytes move when a piece of the work begins; the piece ends when
 * the slower of bus and memory has carried them.
 */
export class CopyEngines {
  private readonly ports: GpuPorts;
  private readonly gpu: number;
  private readonly profile: GpuProfile;
  private readonly engines: readonly CopyEngine[];

  constructor(ports: GpuPorts, gpu: number, profile: GpuProfile, store: LinearStore) {
    this.ports = ports;
    this.gpu = gpu;
    this.profile = profile;
    this.engines = Array.from({ length: profile.copyEngines }, (_, i) => new CopyEngine(this, store, i));
  }

  /** Begins work on a free engine. The scheduler's credits see to it that there is one. */
  submit(work: CopyWork): void {
    const engine = this.engines.find((e) => e.work === null);
    invariant(engine !== undefined, "a copy is submitted only when a copy engine is free");
    engine.work = work;
    engine.fault = null;
    engine.transfer.begin(work.shape, work.memory, work.label);
    if (this.ports.trace.enabled) traceSlice(this.ports, true, this.gpu, engine.name, work);
    work.started(this.ports.clock.now);
    this.chunk(engine, this.ports.costs.copySetup);
  }

  /** Stops work in progress. What has been copied stays copied. */
  abort(work: CopyWork): void {
    const engine = this.engines.find((e) => e.work === work);
    if (engine === undefined) return;
    this.ports.events.cancel(engine.event!);
    this.release(engine);
    work.ended("killed", null);
  }

  stepped(engine: CopyEngine): void {
    const work = engine.work!;
    if (engine.fault === null && !engine.transfer.done) {
      this.chunk(engine, 0);
      return;
    }
    const fault = engine.fault;
    this.release(engine);
    work.ended(fault === null ? "done" : "fault", fault);
  }

  private chunk(engine: CopyEngine, setup: number): void {
    let bytes = 0;
    try {
      bytes = engine.transfer.step(CHUNK);
    } catch (error) {
      if (!(error instanceof DeviceFault)) throw error;
      engine.fault = error;
    }
    const time = setup + copyTime(this.profile, bytes, engine.transfer.bus, engine.transfer.traffic);
    engine.event = this.ports.events.at(this.ports.clock.now + wholeNs(time), engine.step, "copy");
  }

  private release(engine: CopyEngine): void {
    if (this.ports.trace.enabled) traceSlice(this.ports, false, this.gpu, engine.name, engine.work!);
    engine.work = null;
    engine.event = null;
    engine.fault = null;
  }
}
