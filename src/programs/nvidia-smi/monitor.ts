import type { Blocking } from "../../kernel/process/wait.ts";
import type { ProgramContext } from "../program.ts";
import { BAD_COMBINATION, Exit, NO_DEVICES } from "./messages.ts";
import { chosenGpus, snapshot, type GpuView } from "./snapshot.ts";

/** `nvidia-smi dmon` and `pmon`: a line for each GPU or process, once a second. */

/** Titles come again after so many lines. */
const TITLE_EVERY = 40;

interface MonitorOptions {
  gpu: string | null;
  count: number;
  seconds: number;
  select: string;
}

function parse(args: readonly string[]): MonitorOptions | null {
  const options: MonitorOptions = { gpu: null, count: Infinity, seconds: 1, select: "pu" };
  for (let i = 0; i < args.length; i += 2) {
    const value = args[i + 1];
    if (value === undefined) return null;
    switch (args[i]) {
      case "-i": case "--id":
        options.gpu = value;
        break;
      case "-c": case "--count":
        options.count = Number(value);
        break;
      case "-d": case "--delay":
        options.seconds = Number(value);
        break;
      case "-s": case "--select":
        options.select = value;
        break;
      default:
        return null;
    }
  }
  return Number.isInteger(options.count) || options.count === Infinity ? (options.count > 0 && options.seconds > 0 ? options : null) : null;
}

/** A column: title, unit, width, what it shows; by the letter that -s selects it with. */
interface Column {
  readonly letter: string;
  readonly title: string;
  readonly unit: string;
  readonly value: (gpu: GpuView) => string;
}

const dash = (n: number | null | undefined): string => (n === null || n === undefined ? "-" : String(n));
const idle = ({ utilization }: GpuView): string => dash(utilization === null ? null : 0);
const columns: readonly Column[] = [
  { letter: "p", title: "pwr", unit: "W", value: (gpu) => String(Math.round(gpu.power / 1000)) },
  { letter: "p", title: "gtemp", unit: "C", value: (gpu) => String(gpu.temperature) },
  { letter: "p", title: "mtemp", unit: "C", value: (gpu) => dash(gpu.thresholds[2] === null ? null : gpu.temperature + 2) },
  { letter: "u", title: "sm", unit: "%", value: (gpu) => dash(gpu.utilization?.gpu) },
  { letter: "u", title: "mem", unit: "%", value: (gpu) => dash(gpu.utilization?.memory) },
  { letter: "u", title: "enc", unit: "%", value: idle },
  { letter: "u", title: "dec", unit: "%", value: idle },
  { letter: "u", title: "jpg", unit: "%", value: idle },
  { letter: "u", title: "ofa", unit: "%", value: idle },
  { letter: "c", title: "mclk", unit: "MHz", value: (gpu) => String(gpu.clocks[2]!) },
  { letter: "c", title: "pclk", unit: "MHz", value: (gpu) => String(gpu.clocks[0]!) },
  { letter: "m", title: "fb", unit: "MB", value: (gpu) => String(Math.floor(gpu.memory.used / 2 ** 20)) },
  { letter: "m", title: "bar1", unit: "MB", value: (gpu) => String(Math.floor(gpu.bar1.bar1Used / 2 ** 20)) },
  { letter: "m", title: "ccpm", unit: "MB", value: () => "0" },
];

const wide = (text: string): string => text.padStart(6);

function dmonTitle(shown: readonly Column[]): string {
  return `# gpu ${shown.map(({ title }) => wide(title)).join(" ")} \n# Idx ${shown.map(({ unit }) => wide(unit)).join(" ")} \n`;
}

/** Runs a monitor: `rows` gives the lines of one round. */
function* monitor(c: ProgramContext, options: MonitorOptions, title: string, rows: (gpu: GpuView) => readonly string[]): Blocking<number> {
  const handles = yield* chosenGpus(c.nvml, options.gpu);
  if (handles === null || handles.length === 0) {
    yield* c.io.out(NO_DEVICES);
    return Exit.notFound;
  }
  let printed = 0;
  for (let round = 0; round < options.count; round++) {
    if (round > 0) yield* c.sys.nanosleep(options.seconds * 1e9);
    for (const handle of handles) {
      const view = yield* snapshot(c.nvml, handle);
      for (const row of view === null ? [] : rows(view)) {
        if (printed++ % TITLE_EVERY === 0) yield* c.io.out(title);
        yield* c.io.out(row);
      }
    }
  }
  return Exit.ok;
}

/** `nvidia-smi dmon [-i gpus] [-c count] [-d seconds] [-s pucm]`. */
export function* dmon(c: ProgramContext, args: readonly string[]): Blocking<number> {
  const options = parse(args);
  if (options === null) {
    yield* c.io.out(BAD_COMBINATION);
    return Exit.badArgument;
  }
  const letters = options.select === "pu" && !args.includes("-s") ? "puc" : options.select;
  const shown = columns.filter(({ letter }) => letters.includes(letter));
  return yield* monitor(c, options, dmonTitle(shown), (gpu) => [`${String(gpu.index).padStart(5)} ${shown.map(({ value }) => wide(value(gpu))).join(" ")} \n`]);
}

const PMON_TITLE = "# gpu         pid   type     sm    mem    enc    dec    jpg    ofa    command \n# Idx           #    C/G      %      %      %      %      %      %    name \n";

/** `nvidia-smi pmon [-i gpus] [-c count] [-d seconds]`. */
export function* pmon(c: ProgramContext, args: readonly string[]): Blocking<number> {
  const options = parse(args);
  if (options === null) {
    yield* c.io.out(BAD_COMBINATION);
    return Exit.badArgument;
  }
  return yield* monitor(c, options, PMON_TITLE, (gpu) => {
    const row = (pid: string, type: string, values: readonly string[], name: string): string =>
      `${String(gpu.index).padStart(5)} ${pid.padStart(10)} ${type.padStart(5)} ${values.map(wide).join(" ")}    ${name.padEnd(15)}\n`;
    const rest = ["-", "-", "-", "-"];
    // Of a partitioned GPU nothing is told.
    if (gpu.processes.length === 0 || gpu.mig?.[0] === 1) return [row("-", "-", ["-", "-", ...rest], "-")];
    return gpu.processes.map((p) => row(String(p.pid), p.type, [dash(p.sm === 0 ? null : p.sm), dash(p.sm === 0 ? null : p.mem), ...rest], p.name.split("/").at(-1)!.slice(0, 15)));
  });
}

