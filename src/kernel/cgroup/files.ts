import { Errno } from "../errors.ts";
import type { SysCaller } from "../fs/file.ts";
import type { FileProvider } from "../fs/vfs.ts";
import type { Kernel } from "../machine.ts";
import { Signal } from "../signal/numbers.ts";
import { sendToProcess } from "../signal/send.ts";
import type { Cgroup, ControllerName } from "./cgroup.ts";
import { dmemFiles } from "./dmem-files.ts";
import { NO_LIMIT } from "./page-counter.ts";

/** One interface file of every group that has it. */
export interface CgroupFile {
  /** Present only where this controller is. */
  readonly controller?: ControllerName;
  /** "only": in the root alone; "never": everywhere but there. */
  readonly root?: "only" | "never";
  read?(kernel: Kernel, group: Cgroup): string;
  /** 0 or a negative errno. Absent: -EACCES. */
  write?(kernel: Kernel, group: Cgroup, text: string, caller: SysCaller): number;
}

const lines = (items: Iterable<string | number>): string => [...items].map((item) => `${item}\n`).join("");
const words = (items: readonly string[]): string => `${items.join(" ")}\n`;

function descendants(group: Cgroup): number {
  let n = group.children.size;
  for (const child of group.children.values()) n += descendants(child);
  return n;
}

function killAll(kernel: Kernel, group: Cgroup): void {
  for (const child of group.children.values()) killAll(kernel, child);
  for (const process of [...group.processes]) sendToProcess(kernel, process, { signo: Signal.SIGKILL, pid: 0, uid: 0, status: 0 });
}

/** -EINVAL: no number; -ESRCH: no such process; or what attach answers. */
function moveProcess(kernel: Kernel, group: Cgroup, text: string, caller: SysCaller): number {
  const word = text.trim();
  if (!/^\d+$/.test(word)) return -Errno.EINVAL;
  const pid = Number(word);
  const process = pid === 0 ? caller.process : kernel.processes.get(pid);
  if (process === undefined || process.exit !== null) return -Errno.ESRCH;
  return kernel.cgroups.attach(group, process);
}

function setPidsMax(group: Cgroup, text: string): number {
  const word = text.trim();
  if (word !== "max" && !/^\d+$/.test(word)) return -Errno.EINVAL;
  group.pids.max = word === "max" ? NO_LIMIT : Number(word);
  return 0;
}

const files: Readonly<Record<string, CgroupFile>> = {
  "cgroup.controllers": { read: (_, group) => words(group.controllers) },
  "cgroup.subtree_control": { read: (_, group) => words([...group.enabled]), write: (kernel, group, text) => kernel.cgroups.control(group, text) },
  "cgroup.procs": { read: (_, group) => lines([...group.processes].map((p) => p.pid)), write: moveProcess },
  "cgroup.threads": { read: (_, group) => lines([...group.processes].flatMap((p) => [...p.threads.keys()])) },
  "cgroup.type": { root: "never", read: () => "domain\n" },
  "cgroup.stat": { read: (_, group) => `nr_descendants ${descendants(group)}\nnr_dying_descendants 0\n` },
  "cgroup.events": { root: "never", read: (_, group) => `populated ${group.populated ? 1 : 0}\nfrozen 0\n` },
  "cgroup.kill": {
    root: "never",
    write: (kernel, group, text) => {
      if (text.trim() !== "1") return -Errno.ERANGE;
      killAll(kernel, group);
      return 0;
    },
  },
  "pids.current": { controller: "pids", root: "never", read: (_, group) => `${group.pids.usage}\n` },
  "pids.peak": { controller: "pids", root: "never", read: (_, group) => `${group.pids.peak}\n` },
  "pids.max": { controller: "pids", root: "never", read: (_, group) => `${group.pids.max === NO_LIMIT ? "max" : group.pids.max}\n`, write: (_, group, text) => setPidsMax(group, text) },
  "pids.events": { controller: "pids", root: "never", read: (_, group) => `max ${group.pidsRefused}\n` },
  ...dmemFiles,
};

function has(group: Cgroup, file: CgroupFile): boolean {
  if (file.controller !== undefined && !group.controllers.includes(file.controller)) return false;
  return file.root === undefined || (file.root === "only") === (group.parent === null);
}

const MOUNT = "/sys/fs/cgroup";

/** The files of /sys/fs/cgroup. */
export function cgroupFs(kernel: Kernel): FileProvider {
  const split = (path: string): { group: Cgroup | undefined; name: string } => {
    const at = path.lastIndexOf("/");
    return { group: at < MOUNT.length ? undefined : kernel.cgroups.find(path.slice(MOUNT.length, at)), name: path.slice(at + 1) };
  };
  const find = (path: string): { group: Cgroup; file: CgroupFile } | null => {
    const { group, name } = split(path);
    const file = files[name];
    return group === undefined || file === undefined || !has(group, file) ? null : { group, file };
  };
  return {
    list(path) {
      const group = kernel.cgroups.find(path.slice(MOUNT.length));
      if (group === undefined) return null;
      return [...Object.keys(files).filter((name) => has(group, files[name]!)), ...group.children.keys()];
    },
    read(path) {
      const found = find(path);
      if (found === null) return null;
      return found.file.read?.(kernel, found.group) ?? -Errno.EACCES;
    },
    write(path, text, caller) {
      const found = find(path);
      if (found?.file.write === undefined) return -Errno.EACCES;
      const result = found.file.write(kernel, found.group, text, caller);
      return result < 0 ? result : text.length;
    },
    mkdir(path) {
      const { group, name } = split(path);
      if (group === undefined) return -Errno.ENOENT;
      return files[name] !== undefined && has(group, files[name]) ? -Errno.EEXIST : kernel.cgroups.mkdir(group, name);
    },
    rmdir(path) {
      if (find(path) !== null) return -Errno.ENOTDIR;
      const group = kernel.cgroups.find(path.slice(MOUNT.length));
      return group === undefined ? -Errno.ENOENT : kernel.cgroups.rmdir(group);
    },
  };
}
