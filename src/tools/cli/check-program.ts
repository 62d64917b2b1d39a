import { pathToFileURL } from "node:url";
import { setAmbientProcess } from "../../host/ambient.ts";
import { configureMachines, type Machine, type MachineOptions } from "../../machine.ts";
import type { RunRequest } from "../../testing/schedule/check.ts";
import { findingOf, outcomeText, Watcher, type Schedule, type ScheduleRun } from "../../testing/schedule/run.ts";
import { importModule } from "./import.ts";

/** What process.exit() of a program under test becomes. */
class ExitRequest extends Error {
  readonly code: number;
  constructor(code: number) {
    super(`the program called process.exit(${code})`);
    this.name = "ExitRequest";
    this.code = code;
  }
}

const METHODS = ["log", "info", "warn", "error", "debug"] as const;

/** Keeps what a program prints. @returns how to end that, which gives the text */
function captureOutput(): () => string {
  const before = METHODS.map((name) => console[name]);
  const lines: string[] = [];
  for (const name of METHODS) console[name] = (...values: unknown[]) => void lines.push(values.map((value) => (typeof value === "string" ? value : outcomeText(value))).join(" "));
  return () => {
    METHODS.forEach((name, i) => (console[name] = before[i]!));
    return lines.join("\n");
  };
}

/** A host program in a file, run again and again. */
export class HostProgram {
  private readonly url: string;
  private readonly machine: MachineOptions;
  private readonly quiet: boolean;
  private main: ((schedule: Schedule) => unknown) | null = null;
  private runs = 0;
  /** Machines of the latest run. */
  machines: Machine[] = [];

  /** @param quiet what the program prints is kept back */
  constructor(path: string, machine: MachineOptions, quiet: boolean) {
    this.url = pathToFileURL(path).href;
    this.machine = machine;
    this.quiet = quiet;
  }

  /** Runs it once. Machines that it makes follow the strategy, unless it gives them one of its own. */
  async run(request: RunRequest): Promise<ScheduleRun> {
    const watcher = new Watcher(request.strategy, request.detectors, this.machine);
    configureMachines({ order: "any", ...this.machine, strategy: watcher.strategy }, (machine) => {
      this.machines.push(machine);
      watcher.watch(machine);
    });
    this.machines = [];
    setAmbientProcess(null);
    const exit = process.exit;
    process.exit = ((code?: number) => {
      throw new ExitRequest(Number(code ?? process.exitCode ?? 0));
    }) as typeof process.exit;
    process.exitCode = undefined;
    const printed = this.quiet ? captureOutput() : () => "";
    let value: unknown;
    let failed = false;
    try {
      value = await this.call(watcher);
    } catch (error) {
      if (error instanceof ExitRequest) process.exitCode = error.code;
      else {
        failed = true;
        watcher.findings.push(findingOf(error));
      }
    } finally {
      process.exit = exit;
    }
    const text = printed();
    const code = Number(process.exitCode ?? 0);
    process.exitCode = undefined;
    if (code !== 0) watcher.findings.push({ kind: "failure", key: `exit code ${code}`, message: `the program ended with exit code ${code}${text === "" ? "" : `, having printed:\n${text}`}` });
    watcher.finish(failed);
    watcher.dispose();
    return { findings: watcher.findings, decisions: watcher.decisions, outcome: failed ? null : value === undefined ? text : outcomeText(value) };
  }

  private async call(schedule: Schedule): Promise<unknown> {
    if (this.main !== null) return await this.main(schedule);
    const { default: main } = (await importModule(`${this.url}?schedule=${this.runs++}`)) as { readonly default?: unknown };
    if (typeof main !== "function") return undefined;
    this.main = main as (schedule: Schedule) => unknown;
    return await this.main(schedule);
  }
}
