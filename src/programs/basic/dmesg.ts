import { Errno } from "../../kernel/errors.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import { O_RDONLY } from "../../kernel/sys/sys.ts";
import { ctime, wallClock } from "../date.ts";
import { errorWords } from "../io.ts";
import type { Program, ProgramContext } from "../program.ts";

interface Record {
  readonly level: number;
  readonly facility: number;
  readonly us: number;
  readonly text: string;
}

const levels = ["emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"];
const facilities = ["kern", "user"];
/** lseek to what came after the last clear. */
const SEEK_DATA = 3;
const ROOM = 8192;

/** Reads /dev/kmsg, a record a call, up to where there is nothing yet. */
function* records(c: ProgramContext, fd: number): Blocking<Record[] | number> {
  const decoder = new TextDecoder();
  const found: Record[] = [];
  const room = new Uint8Array(ROOM);
  for (;;) {
    const n = yield* c.sys.read(fd, room);
    if (n === -Errno.EAGAIN || n === 0) return found;
    if (n < 0) return n;
    const [, prio, us, text] = /^(\d+),\d+,(\d+),[^;]*;(.*)\n$/s.exec(decoder.decode(room.subarray(0, n))) ?? [];
    found.push({ level: Number(prio) & 7, facility: Number(prio) >> 3, us: Number(us), text: text ?? "" });
  }
}

/** "[    1.234567] " */
function time(us: number): string {
  return `[${`${Math.floor(us / 1e6)}.${String(us % 1e6).padStart(6, "0")}`.padStart(12)}] `;
}

/** dmesg(1): the kernel log. -T: wall clock times; -t: no times; -x: facility and level; -l err,warn: only these levels; -w is not needed: there is no more than now. */
export const dmesg: Program = function* (c) {
  let [human, bare, decoded]: [boolean, boolean, boolean] = [false, false, false];
  let wanted: readonly string[] | null = null;
  for (let i = 0; i < c.args.length; i++) {
    const arg = c.args[i]!;
    if (arg === "-T" || arg === "--ctime") human = true;
    else if (arg === "-t" || arg === "--notime") bare = true;
    else if (arg === "-x" || arg === "--decode") decoded = true;
    else if (arg === "-l" || arg.startsWith("--level=")) wanted = (arg === "-l" ? (c.args[++i] ?? "") : arg.slice(8)).split(",");
    else {
      yield* c.io.err(`dmesg: unrecognized option '${arg}'\n`);
      return 1;
    }
  }
  const unknown = wanted?.find((word) => !levels.includes(word));
  if (unknown !== undefined) {
    yield* c.io.err(`dmesg: unknown level '${unknown}'\n`);
    return 1;
  }
  const fd = c.sys.open("/dev/kmsg", O_RDONLY);
  if (fd >= 0) c.sys.lseek(fd, 0, SEEK_DATA);
  const found = fd < 0 ? fd : yield* records(c, fd);
  if (typeof found === "number") {
    yield* c.io.err(`dmesg: read kernel buffer failed: ${errorWords(found)}\n`);
    return 1;
  }
  const boot = wallClock(c.sys) - Math.floor(c.sys.clockGettime() / 1e6);
  const stamp = (us: number): string => (bare ? "" : human ? `[${ctime(boot + us / 1000)}] ` : time(us));
  const prefix = (r: Record): string => (decoded ? `${(facilities[r.facility] ?? "user").padEnd(6)}:${levels[r.level]!.padEnd(6)}: ` : "");
  yield* c.io.out(found.filter((r) => wanted === null || wanted.includes(levels[r.level]!)).map((r) => `${prefix(r)}${stamp(r.us)}${r.text}\n`).join(""));
  return 0;
};
