import { Signal } from "../../kernel/sys/sys.ts";
import { errorWords } from "../io.ts";
import type { Program } from "../program.ts";

/** echo(1): its words; -n: no end of line. */
export const echo: Program = function* (c) {
  const bare = c.args[0] === "-n";
  yield* c.io.out(`${(bare ? c.args.slice(1) : c.args).join(" ")}${bare ? "" : "\n"}`);
  return 0;
};

/** sleep(1): seconds, with the suffixes ns, us, ms, s, m, h. */
export const sleep: Program = function* (c) {
  let ns = 0;
  for (const arg of c.args) {
    const part = parseTime(arg);
    if (part === null) {
      yield* c.io.err(`sleep: invalid time interval '${arg}'\n`);
      return 1;
    }
    ns += part;
  }
  if (c.args.length === 0) {
    yield* c.io.err("sleep: missing operand\n");
    return 1;
  }
  yield* c.sys.nanosleep(ns);
  return 0;
};

const units: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, "": 1e9, s: 1e9, m: 60e9, h: 3600e9 };

/** Nanoseconds of "10ms", "2", "1.5s"; null when it is no time. */
export function parseTime(text: string): number | null {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)?$/.exec(text) ?? [];
  return digits === undefined ? null : Math.round(Number(digits) * units[unit ?? ""]!);
}

/** kill(1): -9, -KILL, -SIGKILL, -s KILL, -l; SIGTERM without. */
export const kill: Program = function* (c) {
  const args = [...c.args];
  let signo: number = Signal.SIGTERM;
  const first = args[0] ?? "";
  if (first === "-l") {
    yield* c.io.out(`${Object.entries(Signal).map(([name, n]) => `${n}) ${name}`).join("\n")}\n`);
    return 0;
  }
  if (first.startsWith("-")) {
    args.shift();
    const name = first === "-s" ? (args.shift() ?? "") : first.slice(1);
    const found = /^\d+$/.test(name) ? Number(name) : (Signal as Readonly<Record<string, number>>)[`SIG${name.toUpperCase().replace(/^SIG/, "")}`];
    if (found === undefined) {
      yield* c.io.err(`kill: ${name}: invalid signal specification\n`);
      return 1;
    }
    signo = found;
  }
  if (args.length === 0) {
    yield* c.io.err("kill: usage: kill [-s sigspec | -signum] pid ... or kill -l\n");
    return 2;
  }
  let code = 0;
  for (const pid of args) {
    const result = /^-?\d+$/.test(pid) ? c.sys.kill(Number(pid), signo) : null;
    if (result === null || result < 0) {
      yield* c.io.err(result === null ? `kill: ${pid}: arguments must be process or job IDs\n` : `kill: (${pid}) - ${errorWords(result)}\n`);
      code = 1;
    }
  }
  return code;
};
