import { readFileSync } from "node:fs";
import { MAX_THREADS } from "../../compiler/wasm/threads/task.ts";
import { findProfile } from "../../gpu/profiles/index.ts";
import { costTable } from "../../kernel/costs.ts";
import type { MachineOptions } from "../../machine.ts";
import { UsageError } from "./usage.ts";

/** What a machine file may say, and how each value is checked. */
const checks: Readonly<Record<string, (value: unknown) => string | null>> = {
  gpus: (value) => (Array.isArray(value) && value.length > 0 ? value.map(checkGpu).find((problem) => problem !== null) ?? null : "must be a list of profile names or profiles, at least one"),
  os: (value) => (value === "linux" || value === "windows" ? null : 'must be "linux" or "windows"'),
  seed: (value) => (Number.isSafeInteger(value) ? null : "must be a whole number"),
  replay: (value) => (typeof value === "string" ? null : "must be a string of machine.replay()"),
  order: (value) => (value === "timed" || value === "any" ? null : 'must be "timed" or "any"'),
  costs: checkCosts,
  trace: (value) => (typeof value === "boolean" ? null : "must be true or false"),
  memoryBytes: checkPositive,
  hangLimitNs: checkPositive,
  workers: (value) => (isWorkers(value) ? null : `must be a whole number from 1 to ${MAX_THREADS}`),
};

/** Whether a machine can have so many threads for device code. */
export function isWorkers(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= MAX_THREADS;
}

function checkPositive(value: unknown): string | null {
  return typeof value === "number" && value > 0 ? null : "must be a number above 0";
}

function checkGpu(value: unknown): string | null {
  if (typeof value === "object" && value !== null) return null; // a profile of its own: createMachine looks closer
  if (typeof value !== "string") return `${JSON.stringify(value)} is neither a profile's name nor a profile`;
  try {
    findProfile(value);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function checkCosts(value: unknown): string | null {
  if (typeof value !== "object" || value === null) return "must be an object of costs";
  for (const [name, cost] of Object.entries(value)) {
    if (!Object.hasOwn(costTable, name)) return `has no cost ${JSON.stringify(name)}; there are ${Object.keys(costTable).join(", ")}`;
    if (typeof cost !== "number" || !(cost >= 0)) return `${name} must be a number of at least 0`;
  }
  return null;
}

/**
 * Reads a machine file: JSON with the options of createMachine.
 * @throws UsageError that names the file and what is wrong in it.
 */
export function readMachineFile(file: string): MachineOptions {
  let options: unknown;
  try {
    options = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new UsageError(`machine file ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (typeof options !== "object" || options === null || Array.isArray(options)) throw new UsageError(`machine file ${file}: must hold one JSON object`);
  for (const [name, value] of Object.entries(options)) {
    const check = Object.hasOwn(checks, name) ? checks[name] : undefined;
    if (check === undefined) throw new UsageError(`machine file ${file}: unknown option ${JSON.stringify(name)}; there are ${Object.keys(checks).join(", ")}`);
    const problem = check(value);
    if (problem !== null) throw new UsageError(`machine file ${file}: ${name} ${problem}`);
  }
  return options as MachineOptions;
}
