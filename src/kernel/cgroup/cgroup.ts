import { Errno, invariant } from "../errors.ts";
import { mutant } from "../mutants.ts";
import type { Process } from "../process/process.ts";
import { DmemController } from "./dmem.ts";
import { PageCounter } from "./page-counter.ts";

/** Controllers of this machine, in the order that cgroup.controllers shows. */
export const CONTROLLERS = ["pids", "dmem"] as const;
/** Name of a controller. */
export type ControllerName = (typeof CONTROLLERS)[number];

/** Longest name of a directory (NAME_MAX). */
const NAME_MAX = 255;

/** A control group of the unified hierarchy: some processes, and the groups below it. */
export class Cgroup {
  readonly parent: Cgroup | null;
  readonly name: string;
  readonly children: Map<string, Cgroup> = new Map();
  /** Processes that are members of this very group. */
  readonly processes: Set<Process> = new Set();
  /** Controllers that the groups below may use (cgroup.subtree_control). */
  readonly enabled: Set<ControllerName> = new Set();
  readonly pids: PageCounter;
  /** Forks that pids.max refused, here or below ("max" of pids.events). */
  pidsRefused = 0;
  removed = false;

  constructor(parent: Cgroup | null, name: string) {
    this.parent = parent;
    this.name = name;
    this.pids = new PageCounter(parent?.pids ?? null);
  }

  /** "/" for the root, "/a/b" below: as /proc/<pid>/cgroup shows it. */
  get path(): string {
    if (this.parent === null) return "/";
    return this.parent.parent === null ? `/${this.name}` : `${this.parent.path}/${this.name}`;
  }

  /** Controllers that this group has files of: all in the root, elsewhere what the parent enabled. */
  get controllers(): readonly ControllerName[] {
    return CONTROLLERS.filter((name) => this.parent === null || this.parent.enabled.has(name));
  }

  /** Whether any process is in this group or below. */
  get populated(): boolean {
    if (this.processes.size > 0) return true;
    for (const child of this.children.values()) if (child.populated) return true;
    return false;
  }
}

/** The cgroup v2 hierarchy of a machine, mounted on /sys/fs/cgroup (Documentation/admin-guide/cgroup-v2.rst). */
export class CgroupTree {
  readonly root: Cgroup = new Cgroup(null, "");
  readonly dmem: DmemController = new DmemController();
  /** All groups but the root. */
  count = 0;

  /** The group at a path below the mount point, "/" or "/a/b". */
  find(path: string): Cgroup | undefined {
    let at: Cgroup | undefined = this.root;
    for (const name of path.split("/")) if (name !== "") at = at?.children.get(name);
    return at;
  }

  /** mkdir(2). -EEXIST, -EINVAL (a name with a newline), -ENAMETOOLONG. */
  mkdir(parent: Cgroup, name: string): number {
    if (name.includes("\n")) return -Errno.EINVAL;
    if (name.length > NAME_MAX) return -Errno.ENAMETOOLONG;
    if (parent.children.has(name)) return -Errno.EEXIST;
    parent.children.set(name, new Cgroup(parent, name));
    this.count++;
    return 0;
  }

  /** rmdir(2). -EBUSY: it has processes or groups; the root cannot go. */
  rmdir(group: Cgroup): number {
    if (group.parent === null || group.children.size > 0 || group.processes.size > 0) return -Errno.EBUSY;
    group.parent.children.delete(group.name);
    group.removed = true;
    this.count--;
    this.dmem.offline(group);
    return 0;
  }

  /** Whether pids.max lets one more task begin in a group; charges it when so (pids_can_fork). -EAGAIN. */
  canFork(group: Cgroup): number {
    const stopped = group.pids.tryCharge(1);
    if (stopped === null) return 0;
    if (mutant("pids-max-ignored")) {
      group.pids.charge(1);
      return 0;
    }
    for (let at: Cgroup | null = group; at !== null; at = at.parent) if (at.pids === stopped) at.pidsRefused++;
    return -Errno.EAGAIN;
  }

  /** A task of a group has ended, or did not begin after all. */
  released(group: Cgroup): void {
    group.pids.uncharge(1);
  }

  /** A new process starts where its parent is. Its tasks are charged by canFork. */
  join(group: Cgroup, process: Process): void {
    group.processes.add(process);
  }

  /** A process has ended. */
  leave(process: Process): void {
    process.cgroup.processes.delete(process);
  }

  /**
   * Moves a process with its threads (a write to cgroup.procs). Limits of pids do not stop it; what it has charged elsewhere stays charged there.
   * -EBUSY: the group hands controllers of domains on (the rule against inner processes).
   */
  attach(group: Cgroup, process: Process): number {
    if (group.parent !== null && group.enabled.has("dmem")) return -Errno.EBUSY;
    const from = process.cgroup;
    if (from === group) return 0;
    const tasks = process.threads.size;
    group.pids.charge(tasks);
    from.pids.uncharge(tasks);
    from.processes.delete(process);
    group.processes.add(process);
    process.cgroup = group;
    return 0;
  }

  /**
   * A write to cgroup.subtree_control: "+pids -dmem". All of it or nothing.
   * -EINVAL: no such controller, or no sign; -ENOENT: not available here; -EBUSY: used below, or processes are inside.
   */
  control(group: Cgroup, text: string): number {
    const wanted = new Set(group.enabled);
    for (const word of text.split(/\s+/)) {
      if (word === "") continue;
      const name = CONTROLLERS.find((known) => known === word.slice(1));
      if (name === undefined || (word[0] !== "+" && word[0] !== "-")) return -Errno.EINVAL;
      if (word[0] === "+") {
        if (!group.controllers.includes(name)) return -Errno.ENOENT;
        wanted.add(name);
      } else {
        wanted.delete(name);
      }
    }
    for (const name of group.enabled) {
      if (!wanted.has(name) && [...group.children.values()].some((child) => child.enabled.has(name))) return -Errno.EBUSY;
    }
    if (group.parent !== null && group.processes.size > 0 && wanted.has("dmem") && !group.enabled.has("dmem")) return -Errno.EBUSY;
    group.enabled.clear();
    for (const name of CONTROLLERS) if (wanted.has(name)) group.enabled.add(name);
    return 0;
  }

  /** Throws EmulatorBug when a group's books are wrong. */
  checkInvariants(): void {
    this.check(this.root);
    this.dmem.checkInvariants();
  }

  private check(group: Cgroup): number {
    let tasks = 0;
    for (const process of group.processes) {
      invariant(process.cgroup === group && process.exit === null, "a cgroup's members know it, and live");
      tasks += process.threads.size;
    }
    for (const child of group.children.values()) {
      invariant(child.parent === group && !child.removed, "a cgroup knows its parent");
      tasks += this.check(child);
    }
    invariant(group.pids.usage === tasks, `pids.current counts the tasks below: ${group.pids.usage} for ${tasks}`);
    return tasks;
  }
}
