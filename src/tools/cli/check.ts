import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, resolve } from "node:path";
import { performance } from "node:perf_hooks";
import { setDefaultProcess } from "../../host/ambient.ts";
import { configureMachines, createMachine, type MachineOptions } from "../../machine.ts";
import { detectorNames, type DetectorName } from "../../testing/detect/index.ts";
import { checking, type CheckOptions, type CheckResult } from "../../testing/schedule/check.ts";
import { strategyNames, type StrategyName } from "../../testing/strategy/index.ts";
import { HostProgram } from "./check-program.ts";
import { report } from "./check-report.ts";
import { installLoader } from "./loader.ts";
import { htmlTimeline } from "../timeline/page.ts";
import { readMachineFile } from "./machine-file.ts";
import { parse } from "./options.ts";
import { ExitCode, UsageError } from "./usage.ts";
import { importModule } from "./import.ts";

const options = {
  schedules: { type: "string" },
  strategy: { type: "string" },
  seed: { type: "string" },
  depth: { type: "string" },
  replay: { type: "string" },
  detect: { type: "string" },
  shrink: { type: "string" },
  machine: { type: "string" },
  report: { type: "string" },
  json: { type: "boolean" },
} as const;

/** Every so many milliseconds it says how far it is. */
const PROGRESS_MS = 1000;

function whole(name: string, text: string | undefined, least: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < least) throw new UsageError(`check: --${name} must be a whole number from ${least} on, not ${text}`);
  return value;
}

function oneOf<T extends string>(name: string, text: string, known: readonly T[]): T {
  const found = known.find((each) => each === text);
  if (found === undefined) throw new UsageError(`check: --${name} knows ${known.join(", ")}, not ${JSON.stringify(text)}`);
  return found;
}

function detectorList(text: string | undefined): readonly DetectorName[] {
  if (text === undefined) return ["races", "lifetimes"];
  return text.split(",").filter((name) => name !== "").map((name) => oneOf("detect", name, detectorNames));
}

/** Runs the program as often as the search wants. */
async function search(program: HostProgram, settings: CheckOptions): Promise<CheckResult> {
  const work = checking(settings);
  let step = work.next();
  while (step.done !== true) step = work.next(await program.run(step.value));
  return step.value;
}

/** Writes the timeline of the first finding's simplest schedule, with what was found in it marked. */
async function writeReport(path: string, machine: MachineOptions, settings: CheckOptions, { findings }: CheckResult, file: string): Promise<void> {
  const [found] = findings;
  if (found === undefined) {
    console.error(`nothing was found: no ${file}`);
    return;
  }
  const program = new HostProgram(path, { ...machine, trace: true }, true);
  const again = await search(program, { ...settings, replay: found.shrunk, shrinkRuns: 0 });
  const events = program.machines.at(-1)?.trace() ?? [];
  mkdirSync(dirname(resolve(file)), { recursive: true });
  writeFileSync(file, htmlTimeline(events, { title: `${basename(path)}: ${found.kind}`, findings: again.findings, diagnostics: program.machines.at(-1)?.diagnostics() ?? [] }));
  console.error(`wrote ${file}`);
}

/** `glassgpu check`: tries many schedules of a host program on machines of this library, which is in folder `root`. */
export async function check(args: readonly string[], root: URL): Promise<void> {
  const { values, positionals, rest } = parse(args, options);
  const [file, extra] = positionals;
  if (file === undefined) throw new UsageError("check: which host program?");
  if (extra !== undefined) throw new UsageError(`check: one host program at a time; arguments for it stand after --: glassgpu check ${file} -- ${extra}`);
  const path = resolve(file);
  if (!existsSync(path)) throw new UsageError(`check: there is no ${file}`);
  const strategy: StrategyName = values.strategy === undefined ? "random" : oneOf("strategy", values.strategy, strategyNames.filter((name) => name !== "replay"));
  const [schedules, seed, depth, shrinkRuns] = [whole("schedules", values.schedules, 1), whole("seed", values.seed, 0), whole("depth", values.depth, 1), whole("shrink", values.shrink, 0)];
  const { replay } = values;
  const began = performance.now();
  let said = began;
  const settings: CheckOptions = {
    strategy, detect: detectorList(values.detect),
    ...(schedules === undefined ? {} : { schedules }),
    ...(seed === undefined ? {} : { seed }),
    ...(depth === undefined ? {} : { depth }),
    ...(replay === undefined ? {} : { replay, shrinkRuns: 0 }),
    ...(shrinkRuns === undefined || replay !== undefined ? {} : { shrinkRuns }),
    onProgress(done, findings) {
      const now = performance.now();
      if (now - said < PROGRESS_MS) return;
      said = now;
      console.error(`${done} schedules, ${Math.round(done / ((now - began) / 1000))} a second, ${findings} found`);
    },
  };
  const machine = values.machine === undefined ? {} : readMachineFile(values.machine);
  installLoader(root);
  // Programs that make no machine get one. Registered after the package's own default, which importing it sets.
  await importModule(new URL("dist/index.node.js", root).href);
  setDefaultProcess(() => createMachine().process(basename(file, extname(file))));
  process.argv = [process.argv[0] ?? "node", path, ...rest];
  const program = new HostProgram(path, machine, replay === undefined);
  let result: CheckResult;
  try {
    result = await search(program, settings);
    if (values.report !== undefined) await writeReport(path, machine, settings, result, values.report);
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(`check: ${error.message}`);
    throw error;
  } finally {
    configureMachines({}, null);
  }
  if (values.json === true) console.log(JSON.stringify({ ...result, outcomes: [...result.outcomes] }, null, 2));
  else console.log(report(result, file, (performance.now() - began) / 1000));
  if (result.findings.length > 0) process.exitCode = result.findings.some(({ kind }) => kind === "bug") ? ExitCode.bug : ExitCode.failed;
}
