import { faultFiles } from "../../fault/proc-files.ts";
import type { Kernel } from "../../machine.ts";
import type { Vma } from "../../mm/vma.ts";
import { capabilityBit, type Capability } from "../../process/cred.ts";
import type { Process } from "../../process/process.ts";
import { RLIM_INFINITY, RLIMIT_NICE, RLIMIT_NOFILE, RLIMIT_NPROC, RLIMIT_RTPRIO } from "../../process/rlimit.ts";
import { isRealTime } from "../../process/sched-policy.ts";
import type { Thread } from "../../process/thread.ts";
import { waitStatus } from "../../process/wait-pid.ts";
import { SIGRTMAX } from "../../signal/numbers.ts";
import { signalMask, stateOf, ticks } from "./state.ts";

/** Makes the text of one file of a process's (or task's) directory. */
export type ProcFile = (kernel: Kernel, process: Process, thread: Thread) => string;

const PAGE_BYTES = 4096;

function virtualBytes(process: Process): number {
  return process.mm.mappings().reduce((sum, vma) => sum + vma.end - vma.start, 0);
}

function residentBytes(process: Process): number {
  return process.mm.mappings().reduce((sum, vma) => sum + (vma.kind === "reserved" ? 0 : vma.end - vma.start), 0);
}

function capabilityMask(set: ReadonlySet<Capability>): string {
  let mask = 0n;
  for (const name of set) mask |= 1n << BigInt(capabilityBit[name]);
  return mask.toString(16).padStart(16, "0");
}

function signalsWith(process: Process, wanted: (handler: unknown) => boolean): number[] {
  return Array.from({ length: SIGRTMAX }, (_, i) => i + 1).filter((signo) => wanted(process.signals.action(signo).handler));
}

const status: ProcFile = (_kernel, process, thread) => {
  const { cred } = process;
  const [letter, word] = stateOf(process, thread);
  const kb = (bytes: number): string => `${String(bytes / 1024).padStart(8)} kB`;
  const ids = (real: number, effective: number): string => `${real}\t${effective}\t${effective}\t${effective}`;
  const rows: readonly (readonly [string, string | number])[] = [
    ["Name", thread === process.main ? process.name : thread.name],
    ["Umask", "0022"],
    ["State", `${letter} (${word})`],
    ["Tgid", process.pid],
    ["Ngid", 0],
    ["Pid", thread.tid],
    ["PPid", process.ppid],
    ["TracerPid", 0],
    ["Uid", ids(cred.uid, cred.euid)],
    ["Gid", ids(cred.gid, cred.egid)],
    ["FDSize", Math.max(64, 2 ** Math.ceil(Math.log2([...process.files.entries()].length + 1)))],
    ["Groups", `${cred.groups.join(" ")} `],
    ...(process.exit === null ? ([["VmSize", kb(virtualBytes(process))], ["VmRSS", kb(residentBytes(process))]] as const) : []),
    ["Threads", Math.max(1, process.threads.size)],
    ["SigPnd", signalMask(thread.pending.numbers())],
    ["ShdPnd", signalMask(process.signals.pending.numbers())],
    ["SigBlk", signalMask(thread.blocked)],
    ["SigIgn", signalMask(signalsWith(process, (handler) => handler === "ignore"))],
    ["SigCgt", signalMask(signalsWith(process, (handler) => typeof handler === "function"))],
    ["CapInh", "0000000000000000"],
    ["CapPrm", capabilityMask(cred.capabilities)],
    ["CapEff", capabilityMask(cred.capabilities)],
  ];
  return rows.map(([key, value]) => `${key}:\t${value}\n`).join("");
};

/** The 52 fields of proc_pid_stat(5). */
const stat: ProcFile = (_kernel, process, thread) => {
  const { sched } = thread;
  const priority = isRealTime(sched.policy) ? -1 - sched.priority : 20 + sched.nice;
  const time = ticks([...process.threads.values()].reduce((sum, t) => sum + t.cpuNs, 0));
  const exit = process.exit === null ? 0 : waitStatus(process.exit);
  const name = thread === process.main ? process.name : thread.name;
  const fields = [
    thread.tid, `(${name})`, stateOf(process, thread)[0], process.ppid, process.pgid, process.sid, 0, -1, 0x400000, 0, 0, 0, 0, time, 0, 0, 0, priority, sched.nice,
    Math.max(1, process.threads.size), 0, ticks(process.startedAt), virtualBytes(process), Math.floor(residentBytes(process) / PAGE_BYTES), "18446744073709551615",
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 17, 0, isRealTime(sched.policy) ? sched.priority : 0, sched.policy, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, exit,
  ];
  return `${fields.join(" ")}\n`;
};

function mapLine(vma: Vma): string {
  const hex = (n: number): string => n.toString(16).padStart(12, "0");
  const rights = `${vma.prot & 1 ? "r" : "-"}${vma.prot & 2 ? "w" : "-"}-${vma.shared ? "s" : "p"}`;
  return `${hex(vma.start)}-${hex(vma.end)} ${rights} 00000000 00:00 0 ${vma.kind === "reserved" ? "[reserved]" : (vma.backing?.label ?? "")}\n`;
}

const limitRows: readonly (readonly [string, number | null, string])[] = [
  ["Max cpu time", null, "seconds"], ["Max file size", null, "bytes"], ["Max processes", RLIMIT_NPROC, "processes"], ["Max open files", RLIMIT_NOFILE, "files"],
  ["Max address space", null, "bytes"], ["Max nice priority", RLIMIT_NICE, ""], ["Max realtime priority", RLIMIT_RTPRIO, ""],
];

const limits: ProcFile = (_kernel, process) => {
  const show = (n: number): string => (n === RLIM_INFINITY ? "unlimited" : String(n)).padEnd(20);
  const rows = limitRows.map(([name, resource, unit]) => {
    const { soft, hard } = (resource === null ? undefined : process.limits.get(resource)) ?? { soft: RLIM_INFINITY, hard: RLIM_INFINITY };
    return `${name.padEnd(25)} ${show(soft)} ${show(hard)} ${unit.padEnd(10)}\n`;
  });
  return `${"Limit".padEnd(25)} ${"Soft Limit".padEnd(20)} ${"Hard Limit".padEnd(20)} ${"Units".padEnd(10)}\n${rows.join("")}`;
};

/** Files of /proc/<pid>/task/<tid>. */
export const threadFiles: Readonly<Record<string, ProcFile>> = {
  comm: (_kernel, process, thread) => `${thread === process.main ? process.name : thread.name}\n`,
  stat,
  status,
  ...Object.fromEntries(Object.entries(faultFiles).map(([name, show]): [string, ProcFile] => [name, (_kernel, _process, task) => show(task)])),
};

/** Files of /proc/<pid>. */
export const processFiles: Readonly<Record<string, ProcFile>> = {
  ...threadFiles,
  cgroup: (_kernel, process) => `0::${process.cgroup.path}${process.cgroup.removed ? " (deleted)" : ""}\n`,
  cmdline: (_kernel, process) => (process.exit === null ? process.argv.map((word) => `${word}\0`).join("") : ""),
  environ: (_kernel, process) => [...process.env].map(([key, value]) => `${key}=${value}\0`).join(""),
  limits,
  maps: (_kernel, process) => process.mm.mappings().map(mapLine).join(""),
  statm: (_kernel, process) => `${virtualBytes(process) / PAGE_BYTES} ${residentBytes(process) / PAGE_BYTES} 0 0 0 0 0\n`,
};
