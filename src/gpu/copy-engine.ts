import { DeviceFault } from "../compiler/abi.ts";
import { invariant } from "../kernel/errors.ts";
import type { LinearStore } from "./linear.ts";
import { Meter } from "./meter.ts";
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
  transfer: Transfer;
  work: CopyWork | null = null;
  event: object | null = null;
  fault: DeviceFault | null = null;
  /** The transfer broke down, by no mistake of the program. */
  broken = false;
  readonly step: () => void;

  constructor(engines: CopyEngines, store: LinearStore, name: string) {
    this.name = name;
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
  private readonly store: LinearStore;
  private readonly meter: Meter;
  /** Work that is to stop after its current piece, and work that did. */
  private readonly suspending = new Map<CopyWork, () => void>();
  private readonly suspended = new Map<CopyWork, Transfer>();

  constructor(ports: GpuPorts, gpu: number, profile: GpuProfile, store: LinearStore, part: string = "", meter: Meter = new Meter(ports.clock)) {
    this.ports = ports;
    this.meter = meter;
    this.gpu = gpu;
    this.profile = profile;
    this.store = store;
    this.engines = Array.from({ length: profile.copyEngines }, (_, i) => new CopyEngine(this, store, `copy${i}${part}`));
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

  /** Asks work to stop after the piece that is being carried; `stopped` is called when its engine is free again, unless it ended before. */
  suspend(work: CopyWork, stopped: () => void): void {
    this.suspending.set(work, stopped);
  }

  /** Work that was stopped goes on where it was, on a free engine. */
  resume(work: CopyWork): void {
    const transfer = this.suspended.get(work);
    if (transfer === undefined) return;
    const engine = this.engines.find((e) => e.work === null);
    invariant(engine !== undefined, "a copy goes on only when a copy engine is free");
    this.suspended.delete(work);
    engine.work = work;
    engine.transfer = transfer;
    if (this.ports.trace.enabled) traceSlice(this.ports, true, this.gpu, engine.name, work);
    this.chunk(engine, this.ports.costs.copySetup);
  }

  /** Stops work in progress. What has been copied stays copied. */
  abort(work: CopyWork): void {
    if (this.suspended.delete(work)) {
      work.ended("killed", null);
      return;
    }
    const engine = this.engines.find((e) => e.work === work);
    if (engine === undefined) return;
    this.ports.events.cancel(engine.event!);
    this.release(engine);
    work.ended("killed", null);
  }

  stepped(engine: CopyEngine): void {
    const work = engine.work!;
    if (engine.fault === null && !engine.broken && !engine.transfer.done) {
      const stopped = this.suspending.get(work);
      if (stopped !== undefined) {
        this.suspended.set(work, engine.transfer);
        engine.transfer = new Transfer(this.store);
        this.release(engine);
        stopped();
        return;
      }
      this.chunk(engine, 0);
      return;
    }
    const { fault, broken } = engine;
    this.release(engine);
    work.ended(fault === null && !broken ? "done" : "fault", fault);
  }

  private chunk(engine: CopyEngine, setup: number): void {
    let bytes = 0;
    const wrong = this.ports.dmaFault?.() ?? null;
    engine.broken = wrong === 0;
    try {
      if (!engine.broken) bytes = engine.transfer.step(CHUNK);
    } catch (error) {
      if (!(error instanceof DeviceFault)) throw error;
      engine.fault = error;
    }
    this.meter.add(bytes * engine.transfer.traffic);
    const time = (wrong ?? 0) + setup + (engine.work!.memory.takeStall?.() ?? 0) + copyTime(this.profile, bytes, engine.transfer.bus, engine.transfer.traffic);
    engine.event = this.ports.events.at(this.ports.clock.now + wholeNs(time), engine.step, "copy");
  }

  private release(engine: CopyEngine): void {
    if (this.ports.trace.enabled) traceSlice(this.ports, false, this.gpu, engine.name, engine.work!);
    this.suspending.delete(engine.work!);
    engine.work = null;
    engine.event = null;
    engine.fault = null;
    engine.broken = false;
  }
}
