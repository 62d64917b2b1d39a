import type { Program, ProgramContext } from "../program.ts";

interface Row {
  readonly pid: number;
  readonly ppid: number;
  readonly state: string;
  readonly uid: number;
  readonly ticks: number;
  readonly started: number;
  readonly threads: number;
  readonly command: string;
}

function rowOf(c: ProgramContext, pid: string): Row | null {
  const stat = c.sys.readFile(`/proc/${pid}/stat`);
  const status = c.sys.readFile(`/proc/${pid}/status`);
  const cmdline = c.sys.readFile(`/proc/${pid}/cmdline`);
  // It may have ended while the others were read.
  if (typeof stat === "number" || typeof status === "number") return null;
  const name = /\((.*)\)/.exec(stat)?.[1] ?? "";
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const words = typeof cmdline === "string" ? cmdline.split("\0").filter((word) => word !== "") : [];
  return {
    pid: Number(pid), ppid: Number(fields[1]), state: fields[0] ?? "?", uid: Number(/^Uid:\t(\d+)/m.exec(status)?.[1] ?? 0), ticks: Number(fields[11]), started: Number(fields[19]),
    threads: Number(fields[17]), command: words.length === 0 ? `[${name}]${fields[0] === "Z" ? " <defunct>" : ""}` : words.join(" "),
  };
}

/** Processor time, hundredths of a second, as "00:00:00". */
function time(ticks: number): string {
  const two = (n: number): string => String(n).padStart(2, "0");
  const seconds = Math.floor(ticks / 100);
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

/** ps(1): all processes. -f and aux: with owner and parent. */
export const ps: Program = function* (c) {
  const names = c.sys.readdir("/proc");
  const pids = typeof names === "number" ? [] : names.filter((name) => /^\d+$/.test(name)).toSorted((a, b) => Number(a) - Number(b));
  const rows = pids.map((pid) => rowOf(c, pid)).filter((row) => row !== null);
  const full = c.args.some((arg) => /^-?(aux|ef|f|e?fl)$/.test(arg));
  const user = (uid: number): string => (uid === 0 ? "root" : String(uid));
  const lines = full
    ? ["UID          PID    PPID S NLWP     TIME CMD", ...rows.map((r) => `${user(r.uid).padEnd(8)}${String(r.pid).padStart(8)}${String(r.ppid).padStart(8)} ${r.state}${String(r.threads).padStart(5)} ${time(r.ticks)} ${r.command}`)]
    : ["    PID TTY          TIME CMD", ...rows.map((r) => `${String(r.pid).padStart(7)} pts/0    ${time(r.ticks)} ${r.command.split(" ")[0]!.split("/").at(-1)!}`)];
  yield* c.io.out(`${lines.join("\n")}\n`);
  return 0;
};
