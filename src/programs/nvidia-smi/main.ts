import { out } from "../../api/out.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import { O_CREAT, O_TRUNC, O_WRONLY } from "../../kernel/sys/sys.ts";
import { nvmlReturn_t } from "../../nvml/abi.ts";
import { wallClock } from "../date.ts";
import { errorWords } from "../io.ts";
import type { Program, ProgramContext } from "../program.ts";
import { csvHeader, csvRows, gpuFieldNames, unknownField } from "./fields.ts";
import { smiFull, unknownSection } from "./full.ts";
import { HELP } from "./help.ts";
import { Exit, NO_DEVICES, NO_DRIVER } from "./messages.ts";
import { mig } from "./mig.ts";
import { dmon, pmon } from "./monitor.ts";
import { parseOptions, type Options } from "./options.ts";
import { computePolicy, gpuReset } from "./policy.ts";
import { allGpus, chosenGpus, snapshot, versionsOf, type GpuView } from "./snapshot.ts";
import { smiList, smiTable } from "./table.ts";

/** Views of the GPUs that were asked for; a number: the exit code, after a message. */
function* viewsOf(c: ProgramContext, ids: string | null): Blocking<readonly GpuView[] | number> {
  const handles = yield* chosenGpus(c.nvml, ids);
  if (handles === null || handles.length === 0) {
    yield* c.io.out(NO_DEVICES);
    return Exit.notFound;
  }
  const views: GpuView[] = [];
  for (const handle of handles) {
    const view = yield* snapshot(c.nvml, handle);
    if (view !== null) views.push(view);
  }
  return views;
}

/** The text of one round. @param round 0 for the first */
function* textOf(c: ProgramContext, options: Options, views: readonly GpuView[], round: number): Blocking<string> {
  const versions = yield* versionsOf(c.nvml);
  const now = wallClock(c.sys);
  if (options.mode === "list") return smiList(views);
  const count = (yield* allGpus(c.nvml)).length;
  if (options.mode === "full") return smiFull(views, versions, options.display, count, now);
  if (options.query === null) return smiTable(views, versions, now);
  const { of, fields } = options.query;
  const format = { header: !options.format.includes("noheader"), units: !options.format.includes("nounits") };
  return `${format.header && round === 0 ? csvHeader(of, fields) : ""}${views.map((gpu) => csvRows(of, fields, { gpu, versions, count, now }, format)).join("")}`;
}

/** Tables, lists and queries: once, or every so many seconds until a signal ends the program. */
function* show(c: ProgramContext, options: Options): Blocking<number> {
  const fd = options.file === null ? 1 : c.sys.open(options.file, O_WRONLY | O_CREAT | O_TRUNC);
  if (fd < 0) {
    yield* c.io.out(`Failed to open "${options.file}": ${errorWords(fd)}\n`);
    return Exit.badArgument;
  }
  for (let round = 0; ; round++) {
    const views = yield* viewsOf(c, options.gpu);
    if (typeof views === "number") return views;
    yield* c.io.write(fd, yield* textOf(c, options, views, round));
    if (options.loop === null || round + 1 >= options.count) return Exit.ok;
    yield* c.sys.nanosleep(options.loop * 1e9);
  }
}

/** `-mig 0|1` */
function* setMigMode(c: ProgramContext, options: Options): Blocking<number> {
  const views = yield* viewsOf(c, options.gpu);
  if (typeof views === "number") return views;
  const word = options.mig === 1 ? "Enabled" : "Disabled";
  for (const { handle, pci } of views) {
    const status = out<nvmlReturn_t>();
    const code = yield* c.nvml.nvmlDeviceSetMigMode(handle, options.mig!, status);
    if (code === nvmlReturn_t.NVML_ERROR_NOT_SUPPORTED) yield* c.io.out(`Unable to ${options.mig === 1 ? "enable" : "disable"} MIG Mode for GPU ${pci.busId}: Not Supported\nTreating as warning and moving on.\n`);
    else if (code !== 0) {
      yield* c.io.out(`Unable to ${options.mig === 1 ? "enable" : "disable"} MIG Mode for GPU ${pci.busId}: ${yield* c.nvml.nvmlErrorString(code)}\n`);
      return code;
    } else if (status.value === 0) yield* c.io.out(`${word} MIG Mode for GPU ${pci.busId}\n`);
    else {
      yield* c.io.out(`Warning: MIG mode is in pending ${options.mig === 1 ? "enable" : "disable"} state for GPU ${pci.busId}:${yield* c.nvml.nvmlErrorString(status.value)}\n` +
        `${pci.busId} is currently being used by one or more other processes (e.g. CUDA application or a monitoring application such as another instance of nvidia-smi). ` +
        "Please first kill all processes using the device and retry the command or reboot the system to make MIG mode effective.\n");
    }
  }
  yield* c.io.out("All done.\n");
  return Exit.ok;
}

function* version(c: ProgramContext): Blocking<number> {
  const { driver, nvml, cuda } = yield* versionsOf(c.nvml);
  yield* c.io.out(`NVIDIA-SMI version  : ${driver}\nNVML version        : ${nvml}\nDRIVER version      : ${driver}\nCUDA Version        : ${cuda}\n`);
  return Exit.ok;
}

/** Commands that come as the first word. */
const subcommands: Readonly<Record<string, (c: ProgramContext, args: readonly string[]) => Blocking<number>>> = { dmon, pmon, mig, "compute-policy": computePolicy };

/** What is wrong with names of fields and sections, or null. */
function mistake({ query, display }: Options): string | null {
  const field = query === null ? null : unknownField(query.of, query.fields);
  if (field !== null) return `Field "${field}" is not a valid field to query.\n\n`;
  const section = unknownSection(display);
  return section === null ? null : `Invalid display type "${section}". Please run 'nvidia-smi -h' for help.\n\n`;
}

function* dispatch(c: ProgramContext, options: Options): Blocking<number> {
  switch (options.mode) {
    case "version":
      return yield* version(c);
    case "mig-mode":
      return yield* setMigMode(c, options);
    case "reset":
      return yield* gpuReset(c, options.gpu);
    default:
      return yield* show(c, options);
  }
}

/** nvidia-smi: what NVML knows, as tables, lists and commands. */
export const nvidiaSmi: Program = function* (c) {
  const [first = "", ...rest] = c.args;
  const subcommand = Object.hasOwn(subcommands, first) ? subcommands[first] : undefined;
  const options = subcommand === undefined ? parseOptions(c.args) : null;
  const wrong = typeof options === "string" ? options : options === null ? null : mistake(options);
  if (wrong !== null) {
    yield* c.io.out(wrong);
    return Exit.badArgument;
  }
  if (typeof options === "object" && options !== null && (options.mode === "help" || options.mode === "help-fields")) {
    yield* c.io.out(options.mode === "help" ? HELP : `List of valid properties to query for the switch "--query-gpu=":\n\n${gpuFieldNames.map((name) => `"${name}"\n`).join("")}`);
    return Exit.ok;
  }
  if ((yield* c.nvml.nvmlInit_v2()) !== nvmlReturn_t.NVML_SUCCESS) {
    yield* c.io.out(NO_DRIVER);
    return Exit.noDriver;
  }
  const code = subcommand === undefined ? yield* dispatch(c, options as Options) : yield* subcommand(c, rest);
  yield* c.nvml.nvmlShutdown();
  return code;
};
