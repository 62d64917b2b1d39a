import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { CHECK_CLASSES, parseChecks } from "../../check/classes.ts";
import type { CheckClass } from "../../compiler/abi.ts";
import { formatDiagnostic } from "../../api/diagnostics.ts";
import { setDefaultProcess } from "../../host/ambient.ts";
import { DeadlockError, EmulatorBug } from "../../kernel/errors.ts";
import { MAX_THREADS } from "../../compiler/wasm/threads/task.ts";
import { chromeTrace } from "../../kernel/trace/export-chrome.ts";
import { configureMachines, createMachine, type Machine } from "../../machine.ts";
import type { TimelineFinding } from "../timeline/annotate.ts";
import { htmlTimeline } from "../timeline/page.ts";
import { textTimeline } from "../timeline/text.ts";
import { installLoader } from "./loader.ts";
import { isWorkers, readMachineFile } from "./machine-file.ts";
import { parse } from "./options.ts";
import { ExitCode, UsageError } from "./usage.ts";
import { importModule } from "./import.ts";

const options = {
  machine: { type: "string" },
  trace: { type: "string" },
  report: { type: "string" },
  timeline: { type: "boolean" },
  diagnostics: { type: "boolean" },
  check: { type: "string" },
  workers: { type: "string" },
} as const;

/** "out/trace.json" for the first machine, "out/trace-2.json" for the second. */
function numbered(file: string, index: number): string {
  return index === 0 ? file : `${file.slice(0, file.length - extname(file).length)}-${index + 1}${extname(file)}`;
}

function write(file: string, text: string): void {
  mkdirSync(dirname(resolve(file)), { recursive: true });
  writeFileSync(file, text);
  console.error(`wrote ${file}`);
}

/** The error as a person wants it: what happened, where, and what the machine says about it. */
function explain(error: unknown, machines: readonly Machine[]): void {
  console.error(error);
  const last = machines.map((machine) => machine.lastDiagnostic()).findLast((diagnostic) => diagnostic !== null);
  if (last !== undefined && last !== null) console.error(`last error of the machine: ${formatDiagnostic(last)}`);
}

function checksOf(list: string): readonly CheckClass[] {
  try {
    return [...parseChecks(list.split(","))];
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(`run: --${error.message}`);
    throw error;
  }
}

/** `glassgpu run`: runs a host program on machines of this library, which is in folder `root`. */
export async function run(args: readonly string[], root: URL): Promise<void> {
  // "--check" alone means everything.
  const { values, positionals, rest } = parse(args.map((arg, i) => (arg === "--check" && !args.slice(0, i).includes("--") ? `--check=${CHECK_CLASSES.join()}` : arg)), options);
  const checks = values.check === undefined ? null : checksOf(values.check);
  const workers = values.workers === undefined ? null : Number(values.workers);
  if (workers !== null && !isWorkers(workers)) throw new UsageError(`run: --workers must be a whole number from 1 to ${MAX_THREADS}, not ${values.workers}`);
  const [file, extra] = positionals;
  if (file === undefined) throw new UsageError("run: which host program?");
  if (extra !== undefined) throw new UsageError(`run: one host program at a time; arguments for it stand after --: glassgpu run ${file} -- ${extra}`);
  const path = resolve(file);
  if (!existsSync(path)) throw new UsageError(`run: there is no ${file}`);

  const tracing = values.trace !== undefined || values.report !== undefined || values.timeline === true;
  const machines: Machine[] = [];
  const findings: TimelineFinding[] = [];
  configureMachines({ ...(values.machine === undefined ? {} : readMachineFile(values.machine)), ...(tracing ? { trace: true } : {}), ...(checks === null ? {} : { check: checks }), ...(workers === null ? {} : { workers }) }, (machine) => machines.push(machine));

  // The reports are written at the very end, also when the program calls process.exit() or fails.
  process.once("exit", () => {
    if (tracing && machines.length === 0) console.error("the program made no machine: nothing to report");
    machines.forEach((machine, index) => {
      const events = machine.trace();
      if (values.trace !== undefined) write(numbered(values.trace, index), JSON.stringify(chromeTrace(events)));
      if (values.report !== undefined) write(numbered(values.report, index), htmlTimeline(events, { title: `${basename(file)}${machines.length > 1 ? `, machine ${index + 1}` : ""}`, diagnostics: machine.diagnostics(), findings }));
      if (values.timeline === true) console.error(textTimeline(events));
      const found = machine.diagnostics().filter((diagnostic) => values.diagnostics === true || (checks !== null && diagnostic.kind === "checker"));
      for (const diagnostic of found) console.error(formatDiagnostic(diagnostic));
      if (checks !== null && machine.diagnostics().some(({ kind }) => kind === "checker")) process.exitCode = ExitCode.failed;
    });
  });

  installLoader(root);
  // Programs that make no machine get one with a process of the file's name. Registered after the package's own default, which importing it sets.
  await importModule(new URL("dist/index.node.js", root).href);
  setDefaultProcess(() => createMachine().process(basename(file, extname(file))));
  process.argv = [process.argv[0] ?? "node", path, ...rest];
  try {
    await importModule(pathToFileURL(path).href);
  } catch (error) {
    if (error instanceof DeadlockError) findings.push({ kind: "deadlock", message: error.message });
    explain(error, machines);
    process.exitCode = error instanceof EmulatorBug ? ExitCode.bug : ExitCode.failed;
  }
}
