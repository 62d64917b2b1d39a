import { expect, test } from "vitest";
import { Errno } from "../../../src/kernel/errors.ts";
import { userCredentials } from "../../../src/kernel/process/cred.ts";
import { Signal, SIGRTMIN } from "../../../src/kernel/signal/numbers.ts";
import { SA_NODEFER, SA_RESETHAND, SA_RESTART, SIG_DFL, SIG_IGN, type SigAction, type SignalHandler } from "../../../src/kernel/signal/state.ts";
import { SIG_BLOCK, SIG_SETMASK, SIG_UNBLOCK } from "../../../src/kernel/sys/calls/signals.ts";
import { Driven, makeKernel, spawn } from "../process/kit.ts";

const act = (handler: SignalHandler | "default" | "ignore", flags = 0, mask: number[] = []): SigAction => ({ handler, mask, flags });
const { SIGUSR1, SIGUSR2, SIGTERM, SIGKILL, SIGSTOP, SIGCHLD, SIGCONT } = Signal;

test("kill: who may, whom, and what is no signal", () => {
  const k = makeKernel();
  const root = new Driven(k, "root");
  const user = new Driven(k, "user", { cred: userCredentials(1000) });
  const same = new Driven(k, "same", { cred: userCredentials(1000) });
  expect(user.sys.kill(root.process.pid, SIGTERM)).toBe(-Errno.EPERM);
  expect(user.sys.kill(root.process.pid, 0)).toBe(-Errno.EPERM);
  expect(user.sys.kill(4242, 0)).toBe(-Errno.ESRCH);
  expect(user.sys.kill(same.process.pid, 65)).toBe(-Errno.EINVAL);
  expect(user.sys.kill(same.process.pid, 0)).toBe(0);
  expect(user.sys.tgkill(same.process.pid, root.process.pid, SIGTERM)).toBe(-Errno.ESRCH);
  expect(user.sys.tgkill(-1, 1, SIGTERM)).toBe(-Errno.EINVAL);
  expect(user.sys.kill(-1, SIGTERM)).toBe(0);
  expect([root.process.exit, same.process.exit]).toEqual([null, { code: 143, signal: 15 }]);
  expect(user.sys.kill(-4242, SIGTERM)).toBe(-Errno.ESRCH);
});

test("default actions: terminate, ignore, and nothing for what is ignored", () => {
  const k = makeKernel();
  const make = (): Driven => new Driven(k);
  const sender = make();
  for (const [signo, dies] of [[SIGTERM, true], [Signal.SIGSEGV, true], [SIGCHLD, false], [Signal.SIGWINCH, false], [SIGCONT, false], [SIGRTMIN, true]] as const) {
    const target = make();
    sender.sys.kill(target.process.pid, signo);
    expect(target.process.exit).toEqual(dies ? { code: 128 + signo, signal: signo } : null);
  }
  const deaf = make();
  deaf.sys.sigaction(SIGTERM, act(SIG_IGN));
  sender.sys.kill(deaf.process.pid, SIGTERM);
  expect(deaf.process.exit).toBeNull();
});

test("SIGKILL and SIGSTOP cannot be caught, ignored or blocked", () => {
  const p = new Driven(makeKernel());
  for (const signo of [SIGKILL, SIGSTOP, 0, 65]) expect(p.sys.sigaction(signo, act(() => {}))).toBe(-Errno.EINVAL);
  p.sys.sigprocmask(SIG_BLOCK, [SIGKILL, SIGSTOP, SIGTERM]);
  expect(p.sys.sigprocmask(SIG_SETMASK, null)).toEqual([SIGTERM]);
  expect(p.sys.sigprocmask(77, [])).toBe(-Errno.EINVAL);
  p.sys.kill(p.process.pid, SIGKILL);
  expect(p.process.exit).toEqual({ code: 137, signal: 9 });
});

test("a handler runs in the thread; standard signals merge while blocked, real-time ones queue, lowest first", () => {
  const p = new Driven(makeKernel());
  const seen: number[] = [];
  const note = act((signo) => {
    seen.push(signo);
  });
  for (const signo of [SIGUSR1, SIGUSR2, SIGRTMIN]) p.sys.sigaction(signo, note);
  p.sys.kill(p.process.pid, SIGUSR2);
  expect(seen).toEqual([SIGUSR2]);
  p.sys.sigprocmask(SIG_BLOCK, [SIGUSR1, SIGUSR2, SIGRTMIN]);
  for (const signo of [SIGRTMIN, SIGUSR2, SIGRTMIN, SIGUSR1, SIGUSR1]) p.sys.kill(p.process.pid, signo);
  expect(p.sys.sigpending()).toEqual([SIGUSR1, SIGUSR2, SIGRTMIN]);
  expect(p.sys.readFile("/proc/self/status")).toContain("ShdPnd:\t0000000080000a00\n");
  p.sys.sigprocmask(SIG_UNBLOCK, [SIGUSR1, SIGUSR2, SIGRTMIN]);
  expect(seen).toEqual([SIGUSR2, SIGUSR1, SIGUSR2, SIGRTMIN, SIGRTMIN]);
});

test("in a handler its signal and the action's mask are blocked, unless SA_NODEFER; SA_RESETHAND is for once", () => {
  const p = new Driven(makeKernel());
  const masks: unknown[] = [];
  const look = (): void => {
    masks.push(p.sys.sigprocmask(SIG_BLOCK, null));
  };
  p.sys.sigaction(SIGUSR1, act(look, 0, [SIGUSR2]));
  p.sys.raise(SIGUSR1);
  p.sys.sigaction(SIGUSR1, act(look, SA_NODEFER | SA_RESETHAND));
  p.sys.raise(SIGUSR1);
  expect(masks).toEqual([[SIGUSR1, SIGUSR2], []]);
  expect(p.sys.sigprocmask(SIG_BLOCK, null)).toEqual([]);
  p.sys.raise(SIGUSR1);
  expect(p.process.exit?.signal).toBe(SIGUSR1);
});

test("blocking calls: -EINTR after a handler, again with SA_RESTART; never again for poll and sleeps; untouched by what is ignored", () => {
  const k = makeKernel();
  const run = (flags: number, call: "read" | "poll" | "nanosleep" | "futex" | "timed futex" | "waitpid", handler: SigAction["handler"] = () => {}): number | string => {
    const seen: (number | string)[] = [];
    const victim = spawn(k, "victim", function* (sys) {
      sys.sigaction(SIGUSR1, act(handler, flags));
      const [r, w] = sys.pipe2(0) as readonly [number, number];
      const word = sys.mmap(0, 4, 3, 0x22, -1, 0);
      sys.clone("waker", function* (waker) {
        yield* waker.nanosleep(2e6);
        sys.store32(word, 1);
        waker.futexWake(word, 1);
        yield* waker.writeBytes(w, Uint8Array.of(1));
      });
      const now = sys.clockGettime();
      if (call === "waitpid") {
        sys.fork(function* (child) {
          yield* child.nanosleep(3e6);
        });
      }
      const result = yield* {
        read: () => sys.read(r, new Uint8Array(4)),
        poll: () => sys.poll([{ fd: r, events: 1, revents: 0 }], null),
        nanosleep: () => sys.nanosleep(3e6),
        futex: () => sys.futexWait(word, 0, null, "w"),
        "timed futex": () => sys.futexWait(word, 0, now + 4e6, "w"),
        waitpid: () => sys.waitpid(-1, null),
      }[call]();
      seen.push(call === "waitpid" && result > 0 ? "a child" : result);
    });
    spawn(k, "sender", function* (sys) {
      yield* sys.nanosleep(1e6);
      sys.kill(victim.pid, SIGUSR1);
    });
    k.runUntilIdle();
    return seen[0]!;
  };
  for (const call of ["read", "poll", "nanosleep", "futex", "timed futex", "waitpid"] as const) expect(run(0, call)).toBe(-Errno.EINTR);
  expect(run(SA_RESTART, "read")).toBe(1);
  expect(run(SA_RESTART, "futex")).toBe(0);
  expect(run(SA_RESTART, "waitpid")).toBe("a child");
  for (const call of ["poll", "nanosleep", "timed futex"] as const) expect(run(SA_RESTART, call)).toBe(-Errno.EINTR);
  for (const call of ["nanosleep", "futex", "timed futex"] as const) expect(run(0, call, SIG_IGN)).toBe(0);
});

test("a handler that blocks is scheduled like anything else, and the call goes on after it", () => {
  const k = makeKernel();
  const seen: string[] = [];
  const victim = spawn(k, "victim", function* (sys) {
    sys.sigaction(SIGUSR1, act(function* (_signo, info) {
      seen.push(`in ${info.pid === sender.pid}`);
      yield* sys.nanosleep(1000);
      seen.push("out");
    }));
    seen.push(String(yield* sys.pause()));
  });
  const sender = spawn(k, "sender", function* (sys) {
    yield* sys.nanosleep(1e5);
    sys.kill(victim.pid, SIGUSR1);
  });
  k.runUntilIdle();
  expect(seen).toEqual(["in true", "out", String(-Errno.EINTR)]);
});

test("sigsuspend waits with another mask and gives the old one back", () => {
  const p = new Driven(makeKernel());
  let caught = 0;
  p.sys.sigaction(SIGUSR1, act(() => {
    caught++;
  }));
  p.sys.sigprocmask(SIG_BLOCK, [SIGUSR1]);
  p.sys.raise(SIGUSR1);
  expect(caught).toBe(0);
  expect(p.drive(p.sys.sigsuspend([]))).toBe(-Errno.EINTR);
  expect([caught, p.sys.sigprocmask(SIG_BLOCK, null)]).toEqual([1, [SIGUSR1]]);
});

test("SIGCHLD tells the parent who and how; SIGSTOP holds all threads until SIGCONT", () => {
  const p = new Driven(makeKernel());
  const told: unknown[] = [];
  p.sys.sigaction(SIGCHLD, act((_signo, info) => {
    told.push([info.pid, info.status]);
  }));
  let ticks = 0;
  const pid = p.sys.fork(function* (child) {
    for (let i = 0; i < 10; i++) {
      ticks++;
      yield* child.nanosleep(1000);
    }
    return 2;
  });
  p.sys.kill(pid, SIGSTOP);
  p.drive(p.sys.nanosleep(1e6));
  expect(ticks).toBe(0);
  p.sys.kill(pid, SIGCONT);
  p.drive(p.sys.nanosleep(1e9));
  p.drive(p.sys.nanosleep(1e9));
  expect(ticks).toBe(10);
  expect(told.at(-1)).toEqual([pid, 2 << 8]);
  p.sys.sigaction(SIGCHLD, act(SIG_DFL));
});
