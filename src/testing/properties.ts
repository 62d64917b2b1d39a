import type * as FastCheck from "fast-check";
import { seededStrategy, type Strategy } from "../kernel/choices.ts";
import type { SimProcess } from "../host/host-process.ts";
import { createMachine, type Machine, type MachineOptions } from "../machine.ts";
import { generators, type Fc, type ProgramSize } from "./generators.ts";
import { allowedOutcomes } from "./programs/allowed.ts";
import { runProgram, type ApiName } from "./programs/index.ts";
import type { LineProgram, Outcome } from "./programs/language.ts";

/** What a property does not hold for. */
export class PropertyViolation extends Error {
  constructor(message: string) {
    super(message);
    this.name = "PropertyViolation";
  }
}

/** What the ready properties may be told. */
export interface PropertyOptions {
  /** What the machines are made with beside what the property needs. Default: one "tiny" GPU. */
  readonly machine?: MachineOptions;
  readonly size?: ProgramSize;
}

/** Properties for `fc.assert`. They test the machine through host programs; your own programs are tested with `checkSchedules`. */
export interface Properties {
  /** What a process observes beside another is what it could observe alone (non-interference). */
  isolation(options?: PropertyOptions): FastCheck.IProperty<unknown>;
  /** Work of one stream or in-order queue has the effect of running in order, under every schedule. */
  streamOrder(options?: PropertyOptions): FastCheck.IProperty<unknown>;
  /** With several streams and events only outcomes happen that the rules allow. */
  eventOrder(options?: PropertyOptions): FastCheck.IProperty<unknown>;
  /** A process that gave everything back and ended leaves nothing in the kernel. */
  noLeak(options?: PropertyOptions): FastCheck.IProperty<unknown>;
  /** A call that is refused changes nothing that the program can see. */
  errorLeavesStateUnchanged(options?: PropertyOptions): FastCheck.IProperty<unknown>;
  /** Every program ends under every schedule. */
  progress(options?: PropertyOptions): FastCheck.IProperty<unknown>;
}

function make(strategy: Strategy, options: PropertyOptions): Machine {
  return createMachine({ gpus: ["tiny"], order: "any", ...options.machine, strategy });
}

/** One process and what it saw; filled in when its machine has run. */
interface Observed {
  outcome: Outcome | null;
  process: SimProcess | null;
  readonly name: string;
}

function start(machine: Machine, name: string, api: ApiName, program: LineProgram): Observed {
  const observed: Observed = { outcome: null, process: null, name };
  observed.process = machine.spawn(name, function* (p) {
    observed.outcome = yield* runProgram(p, api, program);
  });
  return observed;
}

function ended({ outcome, process, name }: Observed, machine: Machine): Outcome {
  const died = process?.exitStatus ?? null;
  if (outcome === null) throw new PropertyViolation(died === null ? `process ${name} did not end: ${machine.kernel.scheduler.deadlock().message}` : `process ${name} died: ${process!.stderr}`);
  return outcome;
}

/** Runs a program alone. */
function alone(strategy: Strategy, options: PropertyOptions, api: ApiName, program: LineProgram): Outcome {
  const machine = make(strategy, options);
  const observed = start(machine, "alone", api, program);
  machine.run();
  const outcome = ended(observed, machine);
  machine.checkInvariants();
  machine.dispose();
  return outcome;
}

function mustBeAllowed(outcome: Outcome, program: LineProgram): void {
  const allowed = allowedOutcomes(program);
  const text = JSON.stringify(outcome);
  if (!allowed.includes(text)) throw new PropertyViolation(`the outcome ${text} is not allowed; allowed are ${allowed.join(" and ")}`);
}

/** The ready properties, made with the caller's fast-check. */
export function properties(fc: Fc): Properties {
  const gen = generators(fc);
  const seed = fc.nat({ max: 2 ** 31 - 1 });
  const natural: Strategy = { pick: () => 0 };
  return {
    isolation: (options = {}) => fc.property(gen.program(options.size), gen.program(options.size), gen.api(), gen.api(), seed, (a, b, apiA, apiB, n) => {
      const machine = make(seededStrategy(n), options);
      const [one, other] = [start(machine, "a", apiA, a), start(machine, "b", apiB, b)];
      machine.run();
      mustBeAllowed(ended(one, machine), a);
      mustBeAllowed(ended(other, machine), b);
      machine.checkInvariants();
      machine.dispose();
    }),
    streamOrder: (options = {}) => fc.property(gen.program({ ...options.size, lines: 1 }), gen.api(), seed, (program, api, n) => {
      const allowed = allowedOutcomes(program);
      if (allowed.length !== 1) throw new PropertyViolation(`one line has ${allowed.length} outcomes`);
      mustBeAllowed(alone(seededStrategy(n), options, api, program), program);
    }),
    eventOrder: (options = {}) => fc.property(gen.program({ lines: 3, ...options.size }), gen.api(), seed, (program, api, n) => mustBeAllowed(alone(seededStrategy(n), options, api, program), program)),
    noLeak: (options = {}) => fc.property(gen.program(options.size), gen.api(), seed, (program, api, n) => {
      const machine = make(seededStrategy(n), options);
      const before = JSON.stringify(machine.objectCounts());
      const observed = start(machine, "tidy", api, program);
      machine.run();
      ended(observed, machine);
      const after = JSON.stringify(machine.objectCounts());
      machine.dispose();
      if (before !== after) throw new PropertyViolation(`left behind: before ${before}, after ${after}`);
    }),
    errorLeavesStateUnchanged: (options = {}) => fc.property(gen.program({ ...options.size, mistakes: true }), gen.api(), (program, api) => {
      const right = { ...program, commands: program.commands.filter(({ op }) => op !== "bad") };
      const [with_, without] = [alone(natural, options, api, program), alone(natural, options, api, right)].map((outcome) => JSON.stringify(outcome));
      if (with_ !== without) throw new PropertyViolation(`with refused calls the outcome is ${with_}, without them ${without}`);
    }),
    progress: (options = {}) => fc.property(gen.program({ lines: 3, ...options.size }), gen.api(), gen.schedule(), (program, api, schedule) => void alone(schedule.strategy(), options, api, program)),
  };
}
