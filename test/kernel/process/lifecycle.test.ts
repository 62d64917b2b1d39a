import { expect, test } from "vitest";
import { Errno } from "../../../src/kernel/errors.ts";
import { userCredentials } from "../../../src/kernel/process/cred.ts";
import { RLIMIT_NOFILE } from "../../../src/kernel/process/rlimit.ts";
import { SCHED_FIFO, SCHED_OTHER, SCHED_RR } from "../../../src/kernel/process/sched-policy.ts";
import { WCONTINUED, WNOHANG, WUNTRACED } from "../../../src/kernel/process/wait-pid.ts";
import { Signal } from "../../../src/kernel/signal/numbers.ts";
import { SA_NOCLDWAIT, SIG_DFL, SIG_IGN } from "../../../src/kernel/signal/state.ts";
import { Driven, makeKernel, spawn } from "./kit.ts";

test("fork and waitpid: the child has a copy of memory, its status is told once, and it is a zombie meanwhile", () => {
  const p = new Driven(makeKernel());
  const word = p.page();
  p.sys.store32(word, 5);
  const pid = p.sys.fork(function* (child) {
    child.store32(word, child.load32(word)! + 1);
    yield* child.nanosleep(1000);
    return child.load32(word);
  }, "child");
  expect(p.drive(p.sys.waitpid(-1, null, WNOHANG))).toBe(0);
  p.kernel.runUntilIdle();
  expect(p.sys.readFile(`/proc/${pid}/stat`)).toMatch(new RegExp(`^${pid} \\(child\\) Z ${p.process.pid} `));
  const status = { value: -1 };
  expect(p.drive(p.sys.waitpid(pid, status))).toBe(pid);
  expect([status.value, p.sys.load32(word)]).toEqual([6 << 8, 5]);
  expect(p.drive(p.sys.waitpid(pid, status))).toBe(-Errno.ECHILD);
  expect(p.sys.readFile(`/proc/${pid}/stat`)).toBe(-Errno.ENOENT);
  p.kernel.checkInvariants();
});

test("waitpid: blocks, knows groups, reports stops, refuses unknown options; other processes' children are none", () => {
  const p = new Driven(makeKernel());
  const other = new Driven(p.kernel, "other");
  const pid = p.sys.fork(function* (child) {
    yield* child.nanosleep(1e6);
    child.exit(3);
  });
  expect(p.sys.setpgid(pid, 0)).toBe(0);
  expect(p.drive(p.sys.waitpid(0, null))).toBe(-Errno.ECHILD);
  expect(p.drive(p.sys.waitpid(-1, null, 0x100))).toBe(-Errno.EINVAL);
  expect(other.drive(other.sys.waitpid(pid, null))).toBe(-Errno.ECHILD);
  const status = { value: 0 };
  p.sys.kill(pid, Signal.SIGSTOP);
  expect(p.sys.readFile(`/proc/${pid}/status`)).toContain("State:\tT (stopped)\n");
  expect([p.drive(p.sys.waitpid(-1, status, WUNTRACED | WNOHANG)), status.value]).toEqual([pid, (Signal.SIGSTOP << 8) | 0x7f]);
  p.kernel.runUntilIdle();
  expect(p.kernel.processes.get(pid)!.exit).toBeNull();
  p.sys.kill(pid, Signal.SIGCONT);
  expect([p.drive(p.sys.waitpid(-1, status, WCONTINUED)), status.value]).toEqual([pid, 0xffff]);
  expect([p.drive(p.sys.waitpid(-pid, status)), status.value]).toEqual([pid, 3 << 8]);
});

test("children of the dead go to init; SIGCHLD ignored or SA_NOCLDWAIT leave no zombies", () => {
  const p = new Driven(makeKernel());
  const inner: number[] = [];
  const pid = p.sys.fork(function* (child) {
    inner.push(child.fork(function* (grandchild) {
      yield* grandchild.nanosleep(1e9);
      inner.push(grandchild.ppid);
    }));
    yield* child.nanosleep(10);
  });
  expect(p.drive(p.sys.waitpid(pid, null))).toBe(pid);
  p.kernel.runUntilIdle();
  expect(inner[1]).toBe(1);
  expect(p.kernel.processes.has(inner[0]!)).toBe(false);
  for (const action of [{ handler: SIG_IGN, mask: [], flags: 0 }, { handler: SIG_DFL, mask: [], flags: SA_NOCLDWAIT }] as const) {
    p.sys.sigaction(Signal.SIGCHLD, action);
    const quick = p.sys.fork(function* (child) {
      yield* child.nanosleep(1);
    });
    expect(p.drive(p.sys.waitpid(quick, null))).toBe(-Errno.ECHILD);
  }
});

test("exec: new memory, no close-on-exec descriptors, handlers gone, the old program never goes on", () => {
  const k = makeKernel();
  const seen: unknown[] = [];
  const process = spawn(k, "shell", function* (sys) {
    const [keep] = sys.pipe2(0) as readonly [number, number];
    const [drop] = sys.pipe2(0o2000000) as readonly [number, number];
    const word = sys.mmap(0, 4, 3, 0x22, -1, 0);
    sys.sigaction(Signal.SIGUSR1, { handler: () => {}, mask: [], flags: 0 });
    sys.sigaction(Signal.SIGUSR2, { handler: SIG_IGN, mask: [], flags: 0 });
    sys.clone("helper", function* (helper) {
      yield* helper.nanosleep(1e9);
      seen.push("the helper lived on");
    });
    yield* sys.execve("/usr/bin/tool", ["tool", "-v"], function* (tool) {
      seen.push(tool.load32(word), tool.fcntl(keep, 1), tool.fcntl(drop, 1));
      const old = { action: { handler: SIG_DFL, mask: [], flags: 0 } as never };
      tool.sigaction(Signal.SIGUSR1, null, old);
      seen.push((old.action as { handler: unknown }).handler);
      tool.sigaction(Signal.SIGUSR2, null, old);
      seen.push((old.action as { handler: unknown }).handler, tool.readFile("/proc/self/cmdline"), tool.readFile("/proc/self/comm"));
      yield* tool.nanosleep(1);
      return 7;
    });
    seen.push("the old program went on");
  });
  k.runUntilIdle();
  expect(seen).toEqual([null, 0, -Errno.EBADF, "default", "ignore", "tool\0-v\0", "tool\n"]);
  expect(process.exit).toEqual({ code: 7, signal: 0 });
  expect(k.objectCounts()["processes"]).toMatchObject({ processes: 0, threads: 0, files: 0 });
});

test("exit ends a simulated program where it stands; exitThread only the thread", () => {
  const k = makeKernel();
  const seen: string[] = [];
  const a = spawn(k, "a", function* (sys) {
    sys.clone("t", function* (t) {
      seen.push("thread");
      t.exitThread();
      seen.push("never");
      yield* t.nanosleep(1);
    });
    yield* sys.nanosleep(100);
    sys.exit(0x1ff);
    seen.push("never");
  });
  k.runUntilIdle();
  expect(seen).toEqual(["thread"]);
  expect(a.exit).toEqual({ code: 255, signal: 0 });
});

test("rights: setuid, groups, capabilities, and what becomes of them", () => {
  const k = makeKernel();
  const root = new Driven(k, "root");
  const user = new Driven(k, "user", { cred: userCredentials(1000) });
  expect(user.sys.setuid(0)).toBe(-Errno.EPERM);
  expect(user.sys.setgid(0)).toBe(-Errno.EPERM);
  expect(user.sys.setgroups([0])).toBe(-Errno.EPERM);
  expect(user.sys.setuid(1000)).toBe(0);
  expect(user.sys.capset(["CAP_SYS_NICE"])).toBe(-Errno.EPERM);
  expect(root.sys.capset(["CAP_SYS_NICE", "CAP_SETUID"])).toBe(0);
  expect(root.sys.setgid(3)).toBe(-Errno.EPERM);
  expect(root.sys.setuid(1001)).toBe(0);
  expect(root.sys.credentials.capabilities.size).toBe(0);
  expect(root.sys.setuid(-1)).toBe(-Errno.EINVAL);
  expect(root.sys.readFile("/proc/self/status")).toContain("Uid:\t1001\t1001\t1001\t1001\n");
});

test("scheduling calls: what exists, what needs rights", () => {
  const k = makeKernel();
  const root = new Driven(k, "root");
  const user = new Driven(k, "user", { cred: userCredentials(1000) });
  const { tid } = root.sys;
  expect(root.sys.sched_setscheduler(0, SCHED_FIFO, 10)).toBe(0);
  expect([root.sys.sched_getscheduler(tid), root.process.main.priority]).toEqual([SCHED_FIFO, 89]);
  const param = { priority: 0 };
  expect([root.sys.sched_getparam(0, param), param.priority]).toEqual([0, 10]);
  expect(root.sys.sched_setscheduler(0, SCHED_RR, 0)).toBe(-Errno.EINVAL);
  expect(root.sys.sched_setscheduler(0, SCHED_RR, 100)).toBe(-Errno.EINVAL);
  expect(root.sys.sched_setscheduler(0, SCHED_OTHER, 1)).toBe(-Errno.EINVAL);
  expect(root.sys.sched_setscheduler(0, 17, 0)).toBe(-Errno.EINVAL);
  expect(root.sys.sched_setscheduler(4242, SCHED_OTHER, 0)).toBe(-Errno.ESRCH);
  expect(user.sys.sched_setscheduler(0, SCHED_FIFO, 1)).toBe(-Errno.EPERM);
  expect(user.sys.sched_setscheduler(tid, SCHED_OTHER, 0)).toBe(-Errno.EPERM);
  expect([user.sys.setpriority(0, 5), user.sys.getpriority(0)]).toEqual([0, 15]);
  expect(user.sys.setpriority(0, 0)).toBe(-Errno.EACCES);
  expect(user.sys.setpriority(tid, 5)).toBe(-Errno.EPERM);
  expect([root.sys.setpriority(user.sys.tid, -30), user.process.main.priority]).toEqual([0, 100]);
});

test("real-time threads go before others that are ready at the same moment, and traces show it", () => {
  const k = makeKernel({ trace: true, costs: { syscall: 0 } });
  const order: string[] = [];
  for (const [name, priority] of [["a", 0], ["b", 1], ["c", 50]] as const) {
    spawn(k, name, function* (sys) {
      if (priority > 0) sys.sched_setscheduler(0, SCHED_FIFO, priority);
      yield* sys.nanosleep(1000);
      order.push(name);
    });
  }
  k.runUntilIdle();
  expect(order).toEqual(["c", "b", "a"]);
  const switches = k.trace.events().filter((event) => event.name === "sched:sched_switch");
  expect(switches.filter((event) => event.fields["next_pid"] !== 0).slice(-3).map((event) => event.fields["next_prio"])).toEqual([49, 98, 120]);
  // Each that got a processor left it, dead in the end, and nobody twice in a row.
  expect(switches.slice(-1).map((event) => event.fields["prev_state"])).toEqual(["X"]);
});

test("sched_switch: in and out by turns for each thread, also when tracing was off in between", () => {
  const k = makeKernel({ trace: true });
  spawn(k, "sleeper", function* (sys) {
    for (let i = 0; i < 6; i++) {
      k.trace.enabled = i !== 2 && i !== 3;
      yield* sys.nanosleep(1000);
    }
  });
  k.runUntilIdle();
  const mine = k.trace.events().filter((event) => event.name === "sched:sched_switch");
  const inOut = mine.map((event) => (event.fields["next_comm"] === "sleeper" ? "in" : `out ${event.fields["prev_state"]}`));
  expect(inOut.slice(-4)).toEqual(["in", "out S", "in", "out X"]);
  expect(inOut.filter((what) => what === "in").length).toBeGreaterThan(3);
});

test("limits: RLIMIT_NOFILE holds, hard limits go up only with rights", () => {
  const k = makeKernel();
  const user = new Driven(k, "user", { cred: userCredentials(1000) });
  const old = { limit: { soft: 0, hard: 0 } };
  expect(user.sys.prlimit(RLIMIT_NOFILE, { soft: 4, hard: 8 }, old)).toBe(0);
  expect(old.limit).toEqual({ soft: 1024, hard: 524288 });
  expect(user.sys.dup(0)).toBe(3);
  expect(user.sys.dup(0)).toBe(-Errno.EMFILE);
  expect(user.sys.pipe2(0)).toBe(-Errno.EMFILE);
  expect(user.sys.prlimit(RLIMIT_NOFILE, { soft: 9, hard: 9 })).toBe(-Errno.EPERM);
  expect(user.sys.prlimit(RLIMIT_NOFILE, { soft: 9, hard: 8 })).toBe(-Errno.EINVAL);
  expect(user.sys.prlimit(99, null)).toBe(-Errno.EINVAL);
  expect(user.sys.readFile("/proc/self/limits")).toMatch(/^Max open files +4 +8 +files *$/m);
});

test("a driven process that is killed in the middle of a call does not go on", () => {
  const p = new Driven(makeKernel(), "victim");
  const word = p.page();
  spawn(p.kernel, "killer", function* (sys) {
    yield* sys.nanosleep(100);
    sys.kill(p.process.pid, Signal.SIGKILL);
  });
  expect(() => p.drive(p.sys.futexWait(word, 0, null, "never"))).toThrow(/ended/);
  expect(p.process.exit).toEqual({ code: 137, signal: 9 });
  expect(p.kernel.futex.waiters).toBe(0);
});
