import { BAD_COMBINATION } from "./messages.ts";

/** What nvidia-smi was asked for. */
export interface Options {
  mode: "table" | "list" | "full" | "query" | "version" | "help" | "help-fields" | "mig-mode" | "reset";
  /** -i: numbers, UUIDs or bus ids; null: all. */
  gpu: string | null;
  /** Seconds between two outputs; null: one output. */
  loop: number | null;
  /** Outputs at most. */
  count: number;
  /** --query-*: which, and the fields. */
  query: { readonly of: string; readonly fields: readonly string[] } | null;
  /** --format: csv and its words. */
  format: readonly string[];
  /** -d: sections of -q. */
  display: readonly string[];
  /** -f: a file instead of standard output. */
  file: string | null;
  /** -mig 0 or 1. */
  mig: number | null;
}

/** Options of nvidia-smi that take a value, by all of their names. */
const valued: Readonly<Record<string, (options: Options, value: string) => boolean>> = {
  "-i": setGpu, "--id": setGpu,
  "-l": setLoop, "--loop": setLoop,
  "-lms": (o, value) => setLoop(o, String(Number(value) / 1000)), "--loop-ms": (o, value) => setLoop(o, String(Number(value) / 1000)),
  "-c": setCount, "--count": setCount,
  "-f": setFile, "--filename": setFile,
  "-d": setDisplay, "--display": setDisplay,
  "--format": (o, value) => {
    o.format = value.split(",").map((word) => word.trim());
    return o.format.includes("csv") && o.format.every((word) => ["csv", "noheader", "nounits"].includes(word));
  },
  "-mig": setMig, "--multi-instance-gpu": setMig,
};

function setGpu(o: Options, value: string): boolean {
  o.gpu = value;
  return true;
}

function setLoop(o: Options, value: string): boolean {
  o.loop = Number(value);
  return value !== "" && o.loop > 0;
}

function setCount(o: Options, value: string): boolean {
  o.count = Number(value);
  return Number.isInteger(o.count) && o.count > 0;
}

function setFile(o: Options, value: string): boolean {
  o.file = value;
  return true;
}

function setDisplay(o: Options, value: string): boolean {
  o.display = value.toUpperCase().split(",");
  return true;
}

function setMig(o: Options, value: string): boolean {
  o.mode = "mig-mode";
  const mode = { "0": 0, DISABLED: 0, "1": 1, ENABLED: 1 }[value.toUpperCase()];
  o.mig = mode ?? null;
  return mode !== undefined;
}

/** Options without a value. */
const flags: Readonly<Record<string, Options["mode"]>> = { "-L": "list", "--list-gpus": "list", "-q": "full", "--query": "full", "--version": "version", "-h": "help", "--help": "help", "--help-query-gpu": "help-fields", "-r": "reset", "--gpu-reset": "reset" };

/** Reads the arguments. @returns the message when they are wrong */
export function parseOptions(args: readonly string[]): Options | string {
  const options: Options = { mode: "table", gpu: null, loop: null, count: Infinity, query: null, format: [], display: [], file: null, mig: null };
  for (let i = 0; i < args.length; i++) {
    const [name, inline] = splitOnce(args[i]!);
    const mode = inline === null ? flags[name] : undefined;
    if (mode !== undefined) {
      if (options.mode !== "table" && options.mode !== mode) return BAD_COMBINATION;
      options.mode = mode;
      continue;
    }
    const of = /^--query-(gpu|compute-apps)$/.exec(name)?.[1];
    const set = of === undefined ? valued[name] : query(of);
    if (set === undefined) return BAD_COMBINATION;
    // -l and its like may stand without a value.
    const next = args[i + 1];
    const value = inline ?? (next === undefined || (next.startsWith("-") && (name === "-l" || name === "--loop")) ? null : next);
    if (value === null) {
      if (name !== "-l" && name !== "--loop") return `Missing value for ${name}. Please run 'nvidia-smi -h' for help.\n\n`;
      options.loop = 5;
      continue;
    }
    if (inline === null) i++;
    if (!set(options, value)) return `Invalid value "${value}" for ${name}. Please run 'nvidia-smi -h' for help.\n\n`;
  }
  if (options.query !== null && !options.format.includes("csv")) return `"--format=" switch is missing. Please run 'nvidia-smi -h' for help.\n\n`;
  return options;
}

function query(of: string): (options: Options, value: string) => boolean {
  return (o, value) => {
    o.mode = "query";
    o.query = { of, fields: value.split(",").map((field) => field.trim()) };
    return true;
  };
}

/** "--a=b" as its two parts; null: no "=". */
function splitOnce(word: string): readonly [string, string | null] {
  const at = word.startsWith("-") ? word.indexOf("=") : -1;
  return at < 0 ? [word, null] : [word.slice(0, at), word.slice(at + 1)];
}
