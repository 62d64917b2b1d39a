import type { Blocking } from "../../kernel/process/wait.ts";
import { O_CREAT, O_RDONLY, O_TRUNC, O_WRONLY } from "../../kernel/sys/sys.ts";
import { errorWords } from "../io.ts";
import type { Program, ProgramContext } from "../program.ts";
import { waitFor } from "../wait.ts";
import { decode, encode, parseTrace, scriptLine, type Sample } from "./data.ts";

const TRACING = "/sys/kernel/tracing";
/** Without -e: what happens to GPU work. perf itself would count cycles, which this machine has none of. */
const DEFAULT_EVENTS = ["gpu_scheduler:*", "dma_fence:*", "sched:sched_switch"];

interface Options {
  events: string[];
  file: string;
  command: readonly string[];
}

/** Options of record, stat and script: -e, -o, -i; others without a value are taken and change nothing. What is no option begins the command. */
function parse(args: readonly string[]): Options | string {
  const o: Options = { events: [], file: "perf.data", command: [] };
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === "--") {
      o.command = args.slice(i + 1);
      break;
    }
    if (!arg.startsWith("-")) {
      o.command = args.slice(i);
      break;
    }
    const [name, inline] = arg.startsWith("--") && arg.includes("=") ? [arg.slice(0, arg.indexOf("=")), arg.slice(arg.indexOf("=") + 1)] : [arg, null];
    if (["-e", "--event", "-o", "--output", "-i", "--input"].includes(name)) {
      const value = inline ?? args[++i];
      if (value === undefined) return `  Error: switch \`${name.replace(/^-+/, "")}' requires a value\n`;
      if (name === "-e" || name === "--event") o.events.push(...value.split(","));
      else o.file = value;
    } else if (!["-a", "--all-cpus", "-g", "-R", "-q"].includes(name)) return `  Error: unknown switch \`${name.replace(/^-+/, "")}'\n`;
  }
  if (!o.file.startsWith("/")) o.file = `/${o.file}`;
  return o;
}

/** What was seen while a command ran. */
interface Recording {
  readonly samples: readonly Sample[];
  readonly names: readonly string[];
  readonly code: number;
  readonly ns: number;
}

/** Runs a command with events on. @returns the exit code when that cannot be, after a message */
function* record(c: ProgramContext, o: Options): Blocking<Recording | number> {
  const [name = "", ...rest] = o.command;
  if (name === "") {
    yield* c.io.err("\n Usage: perf record [<options>] [<command>]\n    or: perf record [<options>] -- <command> [<options>]\n\n");
    return 129;
  }
  const instance = `${TRACING}/instances/perf-${c.sys.pid}`;
  const made = c.sys.mkdir(instance);
  if (made < 0) {
    yield* c.io.err(`Error:\nNo permission to enable ${o.events[0] ?? "events"} event.\n${errorWords(made)}\n`);
    return 255;
  }
  for (const event of o.events.length > 0 ? o.events : DEFAULT_EVENTS) {
    if (c.sys.writeFile(`${instance}/set_event`, event) < 0) {
      yield* c.io.err(`event syntax error: '${event}'\n                     \\___ unknown tracepoint\n\nRun 'perf list' for a list of valid events\n`);
      c.sys.rmdir(instance);
      return 129;
    }
  }
  const enabled = c.sys.readFile(`${instance}/set_event`);
  const names = typeof enabled === "string" ? enabled.split("\n").filter((line) => line !== "") : [];
  const begin = c.sys.clockGettime();
  const pid = c.spawn(name, rest);
  if (pid < 0) {
    yield* c.io.err(`Workload failed: No such file or directory\n`);
    c.sys.rmdir(instance);
    return 127;
  }
  const code = yield* waitFor(c.sys, pid);
  const ns = c.sys.clockGettime() - begin;
  c.sys.writeFile(`${instance}/tracing_on`, "0");
  const trace = c.sys.readFile(`${instance}/trace`);
  c.sys.rmdir(instance);
  return { samples: parseTrace(typeof trace === "string" ? trace : "", names), names, code, ns };
}

function* recordCommand(c: ProgramContext, o: Options): Blocking<number> {
  const done = yield* record(c, o);
  if (typeof done === "number") return done;
  const text = encode(`perf record ${o.command.join(" ")}`, done.samples);
  const fd = c.sys.open(o.file, O_WRONLY | O_CREAT | O_TRUNC);
  if (fd < 0) {
    yield* c.io.err(`failed to open ${o.file.slice(1)} : ${errorWords(fd)}\n`);
    return 255;
  }
  yield* c.io.write(fd, text);
  c.sys.close(fd);
  yield* c.io.err(`[ perf record: Woken up 1 times to write data ]\n[ perf record: Captured and wrote ${(text.length / 1e6).toFixed(3)} MB ${o.file.slice(1)} (${done.samples.length} samples) ]\n`);
  return done.code;
}

function* script(c: ProgramContext, o: Options): Blocking<number> {
  const fd = c.sys.open(o.file, O_RDONLY);
  if (fd < 0) {
    yield* c.io.err(`failed to open ${o.file.slice(1)}: ${errorWords(fd)}  (try 'perf record' first)\n`);
    return 255;
  }
  const text = yield* c.io.readAll(fd);
  c.sys.close(fd);
  const samples = typeof text === "string" ? decode(text) : null;
  if (samples === null) {
    yield* c.io.err("incompatible file format (rerun with -v to learn more)\n");
    return 255;
  }
  const width = Math.max(0, ...new Set(samples.map(({ event }) => event.length + 1)));
  yield* c.io.out(samples.map((sample) => scriptLine(sample, width)).join(""));
  return 0;
}

/** "1,234,567" */
function grouped(n: number): string {
  return String(n).replaceAll(/\B(?=(\d{3})+$)/g, ",");
}

function* stat(c: ProgramContext, o: Options): Blocking<number> {
  const done = yield* record(c, o);
  if (typeof done === "number") return done;
  const counts = new Map<string, number>(done.names.map((name) => [name, 0]));
  for (const { event } of done.samples) counts.set(event, counts.get(event)! + 1);
  const rows = [...counts].map(([name, n]) => `${grouped(n).padStart(18)}      ${name.padEnd(60)}\n`);
  yield* c.io.err(`\n Performance counter stats for '${o.command.join(" ")}':\n\n${rows.join("")}\n${(done.ns / 1e9).toFixed(9).padStart(18)} seconds time elapsed\n\n`);
  return done.code;
}

function* list(c: ProgramContext): Blocking<number> {
  const events = c.sys.readFile(`${TRACING}/available_events`);
  if (typeof events === "number") {
    yield* c.io.err(`perf: ${TRACING}: ${errorWords(events)}\n`);
    return 255;
  }
  yield* c.io.out(`\nList of pre-defined events (to be used in -e):\n\n${events.split("\n").filter((name) => name !== "").map((name) => `  ${name.padEnd(50)} [Tracepoint event]\n`).join("")}\n`);
  return 0;
}

const commands: Readonly<Record<string, (c: ProgramContext, o: Options) => Blocking<number>>> = { record: recordCommand, script, stat, list };

/** perf(1): record, script, stat and list of tracepoints. */
export const perf: Program = function* (c) {
  const [name = "", ...rest] = c.args;
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    yield* c.io.err(name === "" ? "\n usage: perf [--version] [--help] [OPTIONS] COMMAND [ARGS]\n\n The perf commands here are:\n   list     List all symbolic event types\n   record   Run a command and record its profile into perf.data\n   script   Read perf.data (created by perf record) and display trace output\n   stat     Run a command and gather performance counter statistics\n\n" : `perf: '${name}' is not a perf-command. See 'perf --help'.\n`);
    return 1;
  }
  const o = parse(rest);
  if (typeof o === "string") {
    yield* c.io.err(o);
    return 129;
  }
  return yield* command(c, o);
};
