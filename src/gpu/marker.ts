import { traceSlice, type EngineWork, type GpuPorts } from "./ports.ts";

/** One marker on its way. Kept and used again, so that a marker costs no allocation. */
class MarkerSlot {
  work: EngineWork | null = null;
  event: object | null = null;
  readonly done: () => void;

  constructor(unit: MarkerUnit) {
    this.done = () => unit.finish(this);
  }
}

/** What processes the commands of a queue that are no work for an engine: time stamps, signals. Any number at once. */
export class MarkerUnit {
  private readonly ports: GpuPorts;
  private readonly gpu: number;
  private readonly name: string;
  private readonly spare: MarkerSlot[] = [];
  private readonly busy = new Set<MarkerSlot>();

  constructor(ports: GpuPorts, gpu: number, name: string = "marker") {
    this.name = name;
    this.ports = ports;
    this.gpu = gpu;
  }

  submit(work: EngineWork): void {
    const slot = this.spare.pop() ?? new MarkerSlot(this);
    slot.work = work;
    const now = this.ports.clock.now;
    this.busy.add(slot);
    if (this.ports.trace.enabled) traceSlice(this.ports, true, this.gpu, this.name, work);
    work.started(now);
    slot.event = this.ports.events.at(now + this.ports.costs.marker + (work.service?.() ?? 0), slot.done, "marker");
  }

  /** Ends a marker before its time. */
  abort(work: EngineWork): void {
    for (const slot of this.busy) {
      if (slot.work !== work) continue;
      this.ports.events.cancel(slot.event!);
      this.release(slot, work);
      work.ended("killed", null);
      return;
    }
  }

  finish(slot: MarkerSlot): void {
    const work = slot.work!;
    this.release(slot, work);
    work.ended("done", null);
  }

  private release(slot: MarkerSlot, work: EngineWork): void {
    if (this.ports.trace.enabled) traceSlice(this.ports, false, this.gpu, this.name, work);
    slot.work = null;
    slot.event = null;
    this.busy.delete(slot);
    this.spare.push(slot);
  }
}
