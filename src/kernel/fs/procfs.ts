import { faultFiles, writeFaultFile } from "../fault/proc-files.ts";
import { Errno } from "../errors.ts";
import type { Kernel } from "../machine.ts";
import type { Process } from "../process/process.ts";
import type { Thread } from "../process/thread.ts";
import { processFiles, threadFiles } from "./proc/process-files.ts";
import { systemFiles } from "./proc/system-files.ts";
import type { FileProvider } from "./vfs.ts";

/** What a path below /proc is about. */
interface Found {
  readonly process: Process;
  readonly thread: Thread | null;
  /** Names behind the process's (or task's) directory. */
  readonly rest: readonly string[];
}

/** /proc (Documentation/filesystems/proc.rst): the processes and their threads, memory maps and descriptors, and the machine as a whole. */
export function procfs(kernel: Kernel): FileProvider {
  const find = (path: string, self: Process | null): Found | null => {
    const [, , pid, ...rest] = path.split("/");
    const process = pid === "self" ? self : kernel.processes.get(/^\d+$/.test(pid ?? "") ? Number(pid) : -1);
    if (process === null || process === undefined) return null;
    if (rest[0] !== "task" || rest.length < 2) return { process, thread: null, rest };
    const thread = process.threads.get(Number(rest[1]));
    return thread === undefined ? null : { process, thread, rest: rest.slice(2) };
  };
  const fds = (process: Process): string[] => [...process.files.entries()].map(([fd]) => String(fd));
  const fdinfo = (process: Process, fd: string): string | null => {
    const file = process.files.get(Number(fd));
    return file === undefined ? null : `pos:\t${file.position}\nflags:\t0${file.flags.toString(8)}\nmnt_id:\t15\nino:\t1\n${file.driver.fdinfo?.() ?? ""}`;
  };
  return {
    list(path) {
      if (path === "/proc") return [...Object.keys(systemFiles), "self", ...[...kernel.processes.keys()].map(String)];
      const found = find(path, null);
      if (found === null) return null;
      const { process, thread, rest } = found;
      if (rest.length === 0) return thread === null ? [...Object.keys(processFiles), "fd", "fdinfo", "task"] : Object.keys(threadFiles);
      if (rest.length > 1) return null;
      if (rest[0] === "task") return [...process.threads.keys()].map(String);
      return thread === null && (rest[0] === "fd" || rest[0] === "fdinfo") ? fds(process) : null;
    },
    read(path, caller) {
      const name = path.slice("/proc/".length);
      const whole = systemFiles[name];
      if (whole !== undefined) return whole(kernel);
      const found = find(path, caller.process);
      if (found === null) return null;
      const { process, thread, rest } = found;
      const [part = "", item, ...more] = rest;
      if (more.length > 0) return null;
      if (item !== undefined) return part === "fdinfo" ? fdinfo(process, item) : part === "fd" ? (process.files.get(Number(item))?.path ?? null) : null;
      return (thread === null ? processFiles[part]?.(kernel, process, process.main) : threadFiles[part]?.(kernel, process, thread)) ?? null;
    },
    write(path, content, caller) {
      const found = find(path, caller.process);
      const name = found?.rest[0];
      if (found === null || found.rest.length !== 1 || faultFiles[name!] === undefined) return -Errno.EACCES;
      return writeFaultFile(kernel.faults, name!, found.thread ?? found.process.main, content, caller);
    },
    mode(path) {
      const found = find(path, null);
      const { euid, egid } = found?.process.cred ?? { euid: 0, egid: 0 };
      return found !== null && found.rest.length === 1 && faultFiles[found.rest[0]!] !== undefined ? { mode: 0o644, uid: euid, gid: egid } : null;
    },
    readlink(path, caller) {
      if (path === "/proc/self") return String(caller.process.pid);
      const found = find(path, caller.process);
      if (found === null || found.rest[0] !== "fd" || found.rest.length !== 2) return null;
      return found.process.files.get(Number(found.rest[1]))?.path ?? null;
    },
  };
}
