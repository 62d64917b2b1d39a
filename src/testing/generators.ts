import type * as FastCheck from "fast-check";
import type { Strategy } from "../kernel/choices.ts";
import type { SchedulerOptions } from "../kernel/drm/sched/options.ts";
import type { IommuMode } from "../kernel/iommu/iommu.ts";
import type { GpuProfile } from "../kernel/sys/uapi.ts";
import type { MachineOptions } from "../machine.ts";
import { apiNames, type ApiName } from "./programs/index.ts";
import type { Command, LineProgram } from "./programs/language.ts";
import { decisionStrategy } from "./strategy/replay.ts";

/** fast-check, as `import fc from "fast-check"` gives it. It is handed over, so that this package works without it. */
export type Fc = typeof FastCheck.default;

/** How large generated programs are. */
export interface ProgramSize {
  /** Streams or queues. Default 2. */
  readonly lines?: number;
  /** Default 2. */
  readonly buffers?: number;
  /** Default 2. */
  readonly events?: number;
  /** Commands at most. Default 6. */
  readonly commands?: number;
  /** Calls with a mistake in them among the commands. Default false. */
  readonly mistakes?: boolean;
}

/** A schedule that shrinks: its decisions, of which 0 is the natural one. What comes after them is natural. */
export interface GeneratedSchedule {
  readonly decisions: readonly number[];
  /** A new strategy that takes them. */
  strategy(): Strategy;
}

/** Arbitraries for machines, host programs, schedules and faults. */
export interface Generators {
  /** Options of a small machine: kind of NVIDIA GPU (all three APIs are there), IOMMU, scheduling policy, preemption. */
  machine(): FastCheck.Arbitrary<MachineOptions>;
  /** A host program that runs on all three APIs (`runProgram`). */
  program(size?: ProgramSize): FastCheck.Arbitrary<LineProgram>;
  /** One of the three APIs. */
  api(): FastCheck.Arbitrary<ApiName>;
  /** Decisions; shrinks to the natural schedule. @param length most decisions, default 200 */
  schedule(length?: number): FastCheck.Arbitrary<GeneratedSchedule>;
  /** Faults that may happen a few times, as option `faults` of a machine. */
  faults(): FastCheck.Arbitrary<NonNullable<MachineOptions["faults"]>>;
}

/** The arbitraries, made with the caller's fast-check. */
export function generators(fc: Fc): Generators {
  const command = ({ lines = 2, buffers = 2, events = 2, mistakes = false }: ProgramSize): FastCheck.Arbitrary<Command> => {
    const line = fc.nat({ max: lines - 1 });
    const buffer = fc.nat({ max: buffers - 1 });
    const event = fc.nat({ max: events - 1 });
    const choices: FastCheck.WeightedArbitrary<Command>[] = [
      { weight: 4, arbitrary: fc.record({ op: fc.constant("fill" as const), line, buffer, value: fc.integer({ min: 1, max: 9 }) }) },
      { weight: 3, arbitrary: fc.record({ op: fc.constant("copy" as const), line, from: buffer, to: buffer }) },
      { weight: 1, arbitrary: fc.record({ op: fc.constant("read" as const), line, buffer }) },
      { weight: 1, arbitrary: fc.record({ op: fc.constant("sync" as const), line }) },
    ];
    if (events > 0) {
      choices.push({ weight: 2, arbitrary: fc.record({ op: fc.constant("record" as const), line, event }) });
      choices.push({ weight: 2, arbitrary: fc.record({ op: fc.constant("wait" as const), line, event }) });
    }
    if (mistakes) choices.push({ weight: 2, arbitrary: fc.record({ op: fc.constant("bad" as const), line, which: fc.nat({ max: 2 }) }) });
    return fc.oneof(...choices);
  };
  return {
    machine: () => fc.record({
      gpus: fc.constantFrom<string>("tiny", "a100-pcie-40gb", "h100-sxm-80gb").map((name) => [name]),
      iommu: fc.constantFrom<IommuMode>("strict", "lazy", "identity", "off"),
      scheduler: fc.constantFrom<SchedulerOptions>({ policy: "fifo" }, { policy: "rr" }, { policy: "fair" }),
      preemption: fc.constantFrom<GpuProfile["preemption"]>("none", "dma-buffer", "dispatch", "thread-group", "instruction"),
    }),
    program: (size = {}) => fc.array(command(size), { minLength: 1, maxLength: size.commands ?? 6 }).map((commands) => ({ lines: size.lines ?? 2, buffers: size.buffers ?? 2, events: size.events ?? 2, commands })),
    api: () => fc.constantFrom(...apiNames),
    schedule: (length = 200) => fc.array(fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max: 5 }) }), { maxLength: length }).map((decisions) => ({ decisions, strategy: () => decisionStrategy(decisions) })),
    faults: () => fc.dictionary(fc.constantFrom("failslab", "fail_page_alloc", "fail_gpu_alloc", "fail_fd"), fc.record({ probability: fc.constantFrom(5, 20, 100), interval: fc.integer({ min: 1, max: 20 }), times: fc.integer({ min: 1, max: 3 }) }), { maxKeys: 2 }),
  };
}
