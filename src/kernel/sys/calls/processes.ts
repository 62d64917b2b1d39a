import { Errno } from "../../errors.ts";
import { priorityChanged } from "../../futex/pi-state.ts";
import type { Capability, Credentials } from "../../process/cred.ts";
import { RLIMIT_NICE, RLIMIT_RTPRIO, setLimit, type ResourceLimit } from "../../process/rlimit.ts";
import { checkSchedAttributes, isRealTime, SCHED_IDLE } from "../../process/sched-policy.ts";
import type { Thread } from "../../process/thread.ts";
import type { Blocking } from "../../process/wait.ts";
import { waitPid } from "../../process/wait-pid.ts";
import type { ThreadBody } from "../sys.ts";
import { SignalCalls } from "./signals.ts";

/** System calls on processes, threads, rights and scheduling. */
export abstract class ProcessCalls extends SignalCalls {
  /** The system calls of another thread. */
  protected abstract callsOf(thread: Thread): import("../sys.ts").Sys;

  get ppid(): number {
    return this.process.ppid;
  }

  clone(name: string, body: ThreadBody): number {
    this.thread.debt += this.kernel.costs.schedSwitch;
    const allowed = this.mayStart();
    if (allowed < 0) return allowed;
    if (this.fails("failslab")) return -Errno.ENOMEM;
    const started: { thread?: Thread } = {};
    const calls = (): import("../sys.ts").Sys => this.callsOf(started.thread!);
    const run = function* (): ReturnType<ThreadBody> {
      return yield* body(calls());
    };
    started.thread = this.process.startThread(name, run(), true, this.thread);
    return started.thread.tid;
  }

  private mayStart(): number {
    const { cgroups } = this.kernel;
    const allowed = cgroups.canFork(this.process.cgroup);
    if (allowed === 0) cgroups.released(this.process.cgroup);
    return allowed;
  }

  fork(body: ThreadBody | null, name: string = this.process.name): number {
    this.thread.debt += this.kernel.costs.fork;
    const child = this.asTask(() => this.kernel.fork(this.process, name, body === null ? null : (self) => this.startOf(() => self.main, body), this.thread));
    return typeof child === "number" ? child : child.pid;
  }

  private *startOf(thread: () => Thread, body: ThreadBody): Blocking<unknown> {
    return yield* body(this.callsOf(thread()));
  }

  *execve(path: string, argv: readonly string[], body: ThreadBody | null): Blocking<number> {
    this.thread.debt += this.kernel.costs.exec;
    const { process, kernel } = this;
    const { main } = process;
    if (this.fails("fail_usercopy")) return -Errno.EFAULT;
    if (this.fails("failslab")) return -Errno.ENOMEM;
    process.exec(path, argv, kernel.newAddressSpace());
    main.restart(process.name, body === null ? null : this.startOf(() => main, body));
    if (body === null) return 0;
    if (this.thread === main) {
      // The new program begins when the machine looks at this thread again; the old one is never resumed.
      yield { queue: null, deadline: null, what: "the new program to begin" };
    } else {
      main.state = "parked";
      main.wake("woken");
    }
    this.leaveIfDead();
    return 0;
  }

  exit(code: number): number {
    this.charge();
    this.process.terminate({ code: code & 255, signal: 0 });
    return this.returning(0);
  }

  /** pthread_exit's: ends the calling thread; the process with it when it is the main one. */
  exitThread(): number {
    this.charge();
    if (this.thread === this.process.main) this.process.terminate({ code: 0, signal: 0 });
    else this.process.endThread(this.thread);
    return this.returning(0);
  }

  *waitpid(pid: number, status: { value: number } | null, options: number = 0): Blocking<number> {
    this.charge();
    return yield* this.interruptible(() => waitPid(this.kernel, this.process, pid, status, options));
  }

  getpgid(pid: number): number {
    this.charge();
    return (pid === 0 ? this.process : this.kernel.processes.get(pid))?.pgid ?? -Errno.ESRCH;
  }

  setpgid(pid: number, pgid: number): number {
    this.charge();
    if (pgid < 0) return -Errno.EINVAL;
    const target = pid === 0 || pid === this.pid ? this.process : this.kernel.processes.get(pid);
    if (target === undefined || (target !== this.process && !this.process.children.has(target))) return -Errno.ESRCH;
    const group = pgid === 0 ? target.pid : pgid;
    if (target.sid !== this.process.sid || target.sid === target.pid) return -Errno.EPERM;
    if (group !== target.pid && ![...this.kernel.processes.values()].some((p) => p.pgid === group && p.sid === target.sid)) return -Errno.EPERM;
    target.pgid = group;
    return 0;
  }

  setsid(): number {
    this.charge();
    if ([...this.kernel.processes.values()].some((p) => p.pgid === this.pid)) return -Errno.EPERM;
    this.process.sid = this.pid;
    this.process.pgid = this.pid;
    return this.pid;
  }

  get credentials(): Credentials {
    return this.process.cred;
  }

  setuid(uid: number): number {
    this.charge();
    if (!Number.isInteger(uid) || uid < 0) return -Errno.EINVAL;
    const { cred } = this.process;
    if (cred.capabilities.has("CAP_SETUID")) this.process.cred = { ...cred, uid, euid: uid, capabilities: uid === 0 ? cred.capabilities : new Set() };
    else if (uid === cred.uid) this.process.cred = { ...cred, euid: uid };
    else return -Errno.EPERM;
    return 0;
  }

  setgid(gid: number): number {
    this.charge();
    if (!Number.isInteger(gid) || gid < 0) return -Errno.EINVAL;
    const { cred } = this.process;
    if (cred.capabilities.has("CAP_SETGID")) this.process.cred = { ...cred, gid, egid: gid };
    else if (gid === cred.gid) this.process.cred = { ...cred, egid: gid };
    else return -Errno.EPERM;
    return 0;
  }

  setgroups(groups: readonly number[]): number {
    this.charge();
    if (!this.process.cred.capabilities.has("CAP_SETGID")) return -Errno.EPERM;
    this.process.cred = { ...this.process.cred, groups: [...groups] };
    return 0;
  }

  capset(capabilities: readonly Capability[]): number {
    this.charge();
    const { cred } = this.process;
    if (capabilities.some((name) => !cred.capabilities.has(name))) return -Errno.EPERM;
    this.process.cred = { ...cred, capabilities: new Set(capabilities) };
    return 0;
  }

  prlimit(resource: number, wanted: ResourceLimit | null, old: { limit: ResourceLimit } | null = null): number {
    this.charge();
    const { limits, cred } = this.process;
    const before = limits.get(resource);
    if (before === undefined) return -Errno.EINVAL;
    const result = wanted === null ? 0 : setLimit(limits, cred, resource, wanted);
    if (result === 0 && old !== null) old.limit = before;
    return result;
  }

  /** The thread that a scheduling call is about, or a negative errno. */
  private target(tid: number): Thread | number {
    if (tid < 0) return -Errno.EINVAL;
    return (tid === 0 ? this.thread : this.kernel.findThread(tid)) ?? -Errno.ESRCH;
  }

  private mayChange(thread: Thread): boolean {
    const { cred } = this.process;
    const to = thread.process.cred;
    return cred.capabilities.has("CAP_SYS_NICE") || cred.euid === to.uid || cred.euid === to.euid;
  }

  sched_setscheduler(tid: number, policy: number, priority: number): number {
    this.charge();
    const thread = this.target(tid);
    if (typeof thread === "number") return thread;
    const bad = checkSchedAttributes(policy, priority);
    if (bad < 0) return bad;
    const { sched } = thread;
    if (!this.process.cred.capabilities.has("CAP_SYS_NICE")) {
      const limit = thread.process.limits.get(RLIMIT_RTPRIO)!.soft;
      const raised = isRealTime(policy) && (policy !== sched.policy || priority > sched.priority) && priority > limit;
      if (!this.mayChange(thread) || raised || (sched.policy === SCHED_IDLE && policy !== SCHED_IDLE && sched.nice < 0)) return -Errno.EPERM;
    }
    thread.sched = { policy, priority, nice: sched.nice };
    priorityChanged(thread);
    return 0;
  }

  sched_getscheduler(tid: number): number {
    this.charge();
    const thread = this.target(tid);
    return typeof thread === "number" ? thread : thread.sched.policy;
  }

  sched_getparam(tid: number, param: { priority: number }): number {
    this.charge();
    const thread = this.target(tid);
    if (typeof thread === "number") return thread;
    param.priority = thread.sched.priority;
    return 0;
  }

  /** setpriority(PRIO_PROCESS): a nice value, cut to -20..19. */
  setpriority(tid: number, nice: number): number {
    this.charge();
    const thread = this.target(tid);
    if (typeof thread === "number") return thread;
    const value = Math.max(-20, Math.min(19, Math.trunc(nice)));
    if (!this.mayChange(thread)) return -Errno.EPERM;
    const lowest = 20 - thread.process.limits.get(RLIMIT_NICE)!.soft;
    if (value < thread.sched.nice && value < lowest && !this.process.cred.capabilities.has("CAP_SYS_NICE")) return -Errno.EACCES;
    thread.sched = { ...thread.sched, nice: value };
    priorityChanged(thread);
    return 0;
  }

  /** getpriority(PRIO_PROCESS) as the system call gives it: 20 - nice, so that it is never negative. */
  getpriority(tid: number): number {
    this.charge();
    const thread = this.target(tid);
    return typeof thread === "number" ? thread : 20 - thread.sched.nice;
  }
}
