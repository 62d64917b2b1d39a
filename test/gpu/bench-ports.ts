import type { DeviceCode, DeviceFault } from "../../src/compiler/abi.ts";
import { ComputeEngine, type ComputeLimits } from "../../src/gpu/compute-engine.ts";
import { LinearStore } from "../../src/gpu/linear.ts";
import { blocksPerMultiprocessor } from "../../src/gpu/occupancy.ts";
import { GpuPageTable } from "../../src/gpu/page-table.ts";
import type { GpuPorts, WorkOutcome } from "../../src/gpu/ports.ts";
import type { GpuProfile } from "../../src/gpu/profile.ts";
import { tiny } from "../../src/gpu/profiles/tiny.ts";
import type { ComputeWork, TurnTaker } from "../../src/gpu/resident.ts";
import { Choices, firstStrategy, type Strategy } from "../../src/kernel/choices.ts";
import { EventQueue } from "../../src/kernel/clock.ts";
import { makeCosts } from "../../src/kernel/costs.ts";
import { launch } from "./fake-code.ts";

/** A compute engine with a clock, and nothing of an operating system. */
export class Bench {
  readonly clock = { now: 0 };
  readonly choices: Choices;
  readonly events: EventQueue;
  readonly store: LinearStore = new LinearStore(2 ** 30);
  readonly profile: GpuProfile;
  readonly engine: ComputeEngine;
  /** Labels with times, as work started and ended. */
  readonly log: { what: string; time: number; outcome?: WorkOutcome; fault?: DeviceFault | null }[] = [];
  private sequence = 0;
  private readonly table: GpuPageTable;

  constructor(options: { profile?: Partial<GpuProfile>; limits?: Partial<ComputeLimits>; strategy?: Strategy } = {}) {
    this.profile = { ...tiny, ...options.profile };
    this.choices = new Choices(options.strategy ?? firstStrategy);
    this.events = new EventQueue(this.clock, this.choices, "timed");
    this.table = GpuPageTable.create(this.store, 2 ** 40, 2 ** 22)!;
    const ports: GpuPorts = { clock: this.clock, events: this.events, choices: this.choices, costs: makeCosts(), trace: { enabled: false, emit: () => {} } };
    this.engine = new ComputeEngine(ports, 0, this.profile, { hangLimitNs: 10e9, hangPatience: 2 ** 29, ...options.limits });
  }

  work(label: string, code: DeviceCode, blocks: number, threads = 32, options: { urgency?: number; group?: TurnTaker; kernel?: string; cooperative?: boolean } = {}): ComputeWork & { printed: string } {
    const kernel = options.kernel ?? "k";
    const info = code.kernels.get(kernel)!;
    const shape = launch(code, kernel, blocks, threads, [], { cooperative: options.cooperative ?? false });
    return {
      label, traceFields: () => ({}), memory: { pageTable: this.table, fault: () => false, untouched: () => 0 }, launch: shape, params: shape.params, loaded: code.load(this.store),
      urgency: options.urgency ?? 0, sequence: ++this.sequence, group: options.group ?? this.group, threads,
      perMultiprocessor: blocksPerMultiprocessor(this.profile, threads, info.sharedBytes, info.attributes.registers),
      printed: "",
      print(text) { this.printed += text; },
      started: (time) => this.log.push({ what: `start ${label}`, time }),
      ended: (outcome, fault) => this.log.push({ what: `end ${label}`, time: this.clock.now, outcome, fault }),
    };
  }

  readonly group: TurnTaker = { lastTurn: 0 };

  run(): void {
    while (this.events.runNext());
  }

  time(what: string): number {
    const entry = this.log.find((e) => e.what === what);
    if (entry === undefined) throw new Error(`${what} never happened`);
    return entry.time;
  }

  outcome(label: string): WorkOutcome | undefined {
    return this.log.find((e) => e.what === `end ${label}`)?.outcome;
  }
}
