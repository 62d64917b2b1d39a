import { BugCheckError, DeadlockError, EmulatorBug } from "../../kernel/errors.ts";
import type { Strategy } from "../../kernel/choices.ts";
import { createMachine, type Machine, type MachineOptions } from "../../machine.ts";
import type { Detector } from "../detect/detector.ts";
import type { Finding } from "./finding.ts";
import type { Spares } from "./spares.ts";

/** What a program under test gets: machines that follow the schedule. */
export interface Schedule {
  /** Makes a machine that follows this schedule, in "any" order unless `options` say otherwise. */
  readonly machine: (options?: MachineOptions) => Machine;
  /** Decides what the machines leave open; for machines that are made otherwise. */
  readonly strategy: Strategy;
  /** Watches a machine that was made otherwise. */
  readonly watch: (machine: Machine) => void;
}

/** A program whose schedules are tried: a function of its schedule alone. What it returns is its outcome. */
export type Program = (schedule: Schedule) => unknown;

/** One run of a program. */
export interface ScheduleRun {
  readonly findings: readonly Finding[];
  /** Every decision, in order. */
  readonly decisions: readonly number[];
  /** What the program returned, as text; null when it failed. */
  readonly outcome: string | null;
}

/** The outcome of a program as text, so that two can be compared. */
export function outcomeText(value: unknown): string {
  if (typeof value === "number") return String(value);
  const text = JSON.stringify(value, (_key, item: unknown) => {
    if (typeof item === "bigint") return `${item}n`;
    if (ArrayBuffer.isView(item)) return [...new Uint8Array(item.buffer, item.byteOffset, item.byteLength)];
    if (item instanceof Map || item instanceof Set) return [...item];
    return item;
  });
  return text ?? "undefined";
}

/** The first line of an error's message, with numbers that differ from run to run made equal. */
function keyOf(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return text.split("\n")[0]!.replace(/0x[0-9a-f]+/g, "0x?");
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? `${error.name}: ${error.message}`) : String(error);
}

/** What an error that reached the outside means. */
export function findingOf(error: unknown): Finding {
  if (error instanceof EmulatorBug) return { kind: "bug", key: keyOf(error), message: describe(error) };
  if (error instanceof DeadlockError) return { kind: "deadlock", key: `deadlock: ${error.stuck.filter((s) => !s.helper).map((s) => s.thread).sort().join(", ")}`, message: error.message };
  if (error instanceof BugCheckError) return { kind: "failure", key: keyOf(error), message: error.message };
  return { kind: "failure", key: keyOf(error), message: describe(error) };
}

/** After so many decisions of one run chance takes over: who spins until another thread goes on must not be preferred for ever. */
const FAIR_AFTER = 5_000;
/** A run that has no end after so many decisions has none. */
const MAX_DECISIONS = 100_000;

/** A choice that depends on its number alone, so that replaying needs no more than the decisions before. */
function fairChoice(count: number, n: number): number {
  const mixed = Math.imul(count ^ (count >>> 15), 0x2c1b3c6d);
  return ((mixed ^ (mixed >>> 13)) >>> 0) % n;
}

/** Thrown into a program that goes on and on. */
export class EndlessSchedule extends Error {
  constructor() {
    super(`no end after ${MAX_DECISIONS} decisions: threads keep each other going, or the program is too large to be checked`);
    this.name = "EndlessSchedule";
  }
}

/** Gathers what happens on the machines of one run. */
export class Watcher implements Schedule {
  readonly strategy: Strategy;
  readonly decisions: number[] = [];
  readonly findings: Finding[] = [];
  private readonly machines: Machine[] = [];
  private readonly detectors: readonly (() => Detector)[];
  private readonly attached: Detector[] = [];
  private readonly options: MachineOptions;
  private readonly spares: Spares | null;

  /** @param options what machines are made with, before what the program says @param spares machines of earlier runs that may be used again */
  constructor(strategy: Strategy, detectors: readonly (() => Detector)[], options: MachineOptions = {}, spares: Spares | null = null) {
    this.spares = spares;
    this.detectors = detectors;
    this.options = options;
    const { decisions } = this;
    this.strategy = {
      pick(n, label, among) {
        const count = decisions.length;
        if (count >= MAX_DECISIONS) throw new EndlessSchedule();
        const value = count < FAIR_AFTER ? strategy.pick(n, label, among) : fairChoice(count, n);
        decisions.push(value);
        return value;
      },
    };
  }

  // Arrow functions, so that programs can take them out of the schedule they get.
  readonly machine = (options: MachineOptions = {}): Machine => {
    const wanted: MachineOptions = { order: "any", ...this.options, ...options, strategy: this.strategy };
    const machine = this.spares?.take(wanted) ?? createMachine(wanted);
    this.spares?.give(machine, wanted);
    this.watch(machine);
    return machine;
  };

  readonly watch = (machine: Machine): void => {
    if (this.machines.includes(machine)) return;
    this.machines.push(machine);
    machine.kernel.onExit.push((process) => {
      if (process.failure === null) return;
      const finding = findingOf(process.failure);
      this.findings.push({ ...finding, key: `${process.name}: ${finding.key}`, message: `process ${process.name} (pid ${process.pid}) died: ${finding.message}` });
    });
    for (const make of this.detectors) {
      const detector = make();
      detector.attach(machine);
      this.attached.push(detector);
    }
  };

  /** The program is over, one way or another: what is left to say. */
  finish(failed: boolean): void {
    for (const machine of this.machines) {
      const stuck = failed ? [] : machine.kernel.scheduler.stuck();
      if (stuck.length > 0 && machine.kernel.events.size === 0) this.findings.push(findingOf(machine.kernel.scheduler.deadlock()));
    }
    for (const detector of this.attached) this.findings.push(...detector.finish(failed));
  }

  /** Gives the machines' memory back. */
  dispose(): void {
    for (const machine of this.machines) if (this.spares?.keeps(machine) !== true) machine.dispose();
  }
}

/** Runs a program once. */
export function runSchedule(program: Program, strategy: Strategy, detectors: readonly (() => Detector)[] = [], options: MachineOptions = {}, spares: Spares | null = null): ScheduleRun {
  const watcher = new Watcher(strategy, detectors, options, spares);
  let outcome: string | null = null;
  try {
    outcome = outcomeText(program(watcher));
  } catch (error) {
    watcher.findings.push(findingOf(error));
  }
  watcher.finish(outcome === null);
  watcher.dispose();
  return { findings: watcher.findings, decisions: watcher.decisions, outcome };
}
