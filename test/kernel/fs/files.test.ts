import { expect, test } from "vitest";
import { Errno } from "../../../src/kernel/errors.ts";
import { POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, type PollFd } from "../../../src/kernel/fs/poll.ts";
import { userCredentials } from "../../../src/kernel/process/cred.ts";
import { Signal } from "../../../src/kernel/signal/numbers.ts";
import { SIG_IGN } from "../../../src/kernel/signal/state.ts";
import { F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_GETFL, F_SETFD, F_SETFL, O_APPEND, O_CLOEXEC, O_CREAT, O_EXCL, O_NONBLOCK, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } from "../../../src/kernel/sys/sys.ts";
import { Driven, makeKernel, spawn } from "../process/kit.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

class Files extends Driven {
  read(fd: number, n: number): string | number {
    const into = new Uint8Array(n);
    const got = this.drive(this.sys.read(fd, into));
    return got < 0 ? got : new TextDecoder().decode(into.subarray(0, got));
  }

  put(fd: number, text: string): number {
    return this.drive(this.sys.writeBytes(fd, bytes(text)));
  }

  poll(fd: number, events: number, timeout: number | null = 0): [number, number] {
    const row: PollFd = { fd, events, revents: 0 };
    return [this.drive(this.sys.poll([row], timeout)), row.revents];
  }
}

test("plain files: positions, lseek, append, truncate, exclusive, and who may", () => {
  const p = new Files(makeKernel());
  const fd = p.sys.open("/tmp/f", O_CREAT | O_RDWR);
  expect([p.put(fd, "hello"), p.sys.lseek(fd, 1, 0), p.read(fd, 3), p.sys.lseek(fd, -1, 2), p.put(fd, "0!"), p.sys.readFile("/tmp/f")]).toEqual([5, 1, "ell", 4, 2, "hell0!"]);
  expect([p.sys.lseek(fd, -9, 1), p.sys.lseek(fd, 0, 7)]).toEqual([-Errno.EINVAL, -Errno.EINVAL]);
  const twin = p.sys.dup(fd);
  p.sys.lseek(fd, 2, 0);
  expect(p.read(twin, 2)).toBe("ll");
  const append = p.sys.open("/tmp/f", O_WRONLY | O_APPEND);
  expect([p.put(append, "+"), p.read(append, 1), p.sys.readFile("/tmp/f")]).toEqual([1, -Errno.EBADF, "hell0!+"]);
  expect(p.sys.open("/tmp/f", O_CREAT | O_EXCL)).toBe(-Errno.EEXIST);
  p.sys.open("/tmp/f", O_RDWR | O_TRUNC);
  expect(p.sys.readFile("/tmp/f")).toBe("");
  expect(p.put(p.sys.open("/tmp/f", O_RDONLY), "x")).toBe(-Errno.EBADF);
  const user = new Files(p.kernel, "user", { cred: userCredentials(1000) });
  expect([user.sys.open("/tmp/f", O_RDWR), user.sys.writeFile("/tmp/f", "x"), user.sys.open("/tmp/f", O_RDONLY)]).toEqual([-Errno.EACCES, -Errno.EACCES, 3]);
  expect(p.sys.chmod("/tmp/f", 0o600)).toBe(0);
  expect(user.sys.readFile("/tmp/f")).toBe(-Errno.EACCES);
  expect([p.sys.mkdir("/tmp/d"), p.sys.writeFile("/tmp/d", "x"), p.sys.readFile("/tmp/d")]).toEqual([0, -Errno.EISDIR, -Errno.EISDIR]);
});

test("dup2, dup3, fcntl: numbers, flags, close-on-exec", () => {
  const p = new Files(makeKernel());
  expect(p.sys.dup2(1, 1)).toBe(1);
  expect(p.sys.dup2(9, 9)).toBe(-Errno.EBADF);
  expect(p.sys.dup2(1, 2000)).toBe(-Errno.EBADF);
  expect(p.sys.dup3(1, 1, 0)).toBe(-Errno.EINVAL);
  expect(p.sys.dup3(1, 5, 1)).toBe(-Errno.EINVAL);
  expect([p.sys.dup3(1, 5, O_CLOEXEC), p.sys.fcntl(5, F_GETFD)]).toEqual([5, 1]);
  expect([p.sys.dup2(1, 5), p.sys.fcntl(5, F_GETFD)]).toEqual([5, 0]);
  expect([p.sys.fcntl(5, F_SETFD, 1), p.sys.fcntl(5, F_GETFD), p.sys.fcntl(1, F_GETFD)]).toEqual([0, 1, 0]);
  expect([p.sys.fcntl(1, F_DUPFD, 8), p.sys.fcntl(1, F_DUPFD_CLOEXEC, 8), p.sys.fcntl(9, F_GETFD)]).toEqual([8, 9, 1]);
  expect([p.sys.fcntl(1, F_DUPFD, 5000), p.sys.fcntl(1, 77), p.sys.fcntl(99, F_GETFD)]).toEqual([-Errno.EINVAL, -Errno.EINVAL, -Errno.EBADF]);
  const [r] = p.sys.pipe2(0) as readonly [number, number];
  expect([p.read(p.sys.dup(r), 0), p.sys.fcntl(r, F_SETFL, O_NONBLOCK), p.sys.fcntl(r, F_GETFL), p.read(r, 1)]).toEqual(["", 0, O_NONBLOCK, -Errno.EAGAIN]);
});

test("pipes: order, blocking, end of file, broken pipes, small writes whole, readiness", () => {
  const p = new Files(makeKernel());
  const [r, w] = p.sys.pipe2(0) as readonly [number, number];
  expect(p.sys.pipe2(1)).toBe(-Errno.EINVAL);
  expect([p.poll(r, POLLIN), p.poll(w, POLLOUT)]).toEqual([[0, 0], [1, POLLOUT]]);
  expect([p.put(w, "abc"), p.poll(r, POLLIN), p.read(r, 2), p.read(r, 9)]).toEqual([3, [1, POLLIN], "ab", "c"]);
  expect([p.sys.lseek(r, 0, 0), p.read(w, 1), p.put(r, "x")]).toEqual([-Errno.ESPIPE, -Errno.EBADF, -Errno.EBADF]);
  p.sys.fcntl(w, F_SETFL, O_NONBLOCK);
  expect([p.put(w, "x".repeat(65_000)), p.put(w, "y".repeat(1000)), p.poll(w, POLLOUT), p.put(w, "z".repeat(5000))]).toEqual([65_000, -Errno.EAGAIN, [0, 0], 536]);
  p.sys.fcntl(w, F_SETFL, 0);
  p.sys.fork(function* (child) {
    const into = new Uint8Array(65_536);
    yield* child.nanosleep(1000);
    yield* child.read(r, into);
  });
  expect(p.put(w, "y".repeat(2000))).toBe(2000);
  p.kernel.runUntilIdle();
  p.sys.close(w);
  expect([(p.read(r, 65_536) as string).length, p.read(r, 1), p.poll(r, POLLIN)]).toEqual([2000, "", [1, POLLHUP]]);
  const [r2, w2] = p.sys.pipe2(0) as readonly [number, number];
  p.sys.close(r2);
  p.sys.sigaction(Signal.SIGPIPE, { handler: SIG_IGN, mask: [], flags: 0 });
  expect([p.put(w2, "x"), p.poll(w2, POLLOUT)]).toEqual([-Errno.EPIPE, [1, POLLOUT | POLLERR]]);
  const child = p.fork();
  child.sys.sigaction(Signal.SIGPIPE, { handler: "default", mask: [], flags: 0 });
  expect(() => child.drive(child.sys.writeBytes(w2, bytes("x")))).not.toThrow();
  expect(child.process.exit?.signal).toBe(Signal.SIGPIPE);
});

test("eventfd: counts, semaphores, limits", () => {
  const p = new Files(makeKernel());
  const word = (value: bigint): Uint8Array => new Uint8Array(BigUint64Array.of(value).buffer);
  const get = (fd: number): bigint | number => {
    const into = new BigUint64Array(1);
    const got = p.drive(p.sys.read(fd, new Uint8Array(into.buffer)));
    return got < 0 ? got : into[0]!;
  };
  const fd = p.sys.eventfd(3, O_NONBLOCK);
  expect(p.sys.eventfd(0, 2)).toBe(-Errno.EINVAL);
  expect([get(fd), get(fd), p.poll(fd, POLLIN | POLLOUT)]).toEqual([3n, -Errno.EAGAIN, [1, POLLOUT]]);
  expect([p.drive(p.sys.writeBytes(fd, word(2n ** 64n - 2n))), p.drive(p.sys.writeBytes(fd, word(1n))), p.drive(p.sys.writeBytes(fd, word(2n ** 64n - 1n)))]).toEqual([8, -Errno.EAGAIN, -Errno.EINVAL]);
  expect([p.drive(p.sys.read(fd, new Uint8Array(7))), p.drive(p.sys.writeBytes(fd, new Uint8Array(4))), p.sys.lseek(fd, 0, 0)]).toEqual([-Errno.EINVAL, -Errno.EINVAL, 0]);
  const semaphore = p.sys.eventfd(2, 1 | O_NONBLOCK);
  expect([get(semaphore), get(semaphore), get(semaphore)]).toEqual([1n, 1n, -Errno.EAGAIN]);
  expect(p.sys.readFile(`/proc/self/fdinfo/${fd}`)).toContain("eventfd-count: fffffffffffffffe\n");
});

test("poll: several files, what is always told, time limits in virtual time", () => {
  const p = new Files(makeKernel());
  const [r, w] = p.sys.pipe2(0) as readonly [number, number];
  const event = p.sys.eventfd(0, 0);
  const rows: PollFd[] = [r, event, -1, 99].map((fd) => ({ fd, events: POLLIN, revents: 0 }));
  expect([p.drive(p.sys.poll(rows, null)), rows.map((row) => row.revents)]).toEqual([1, [0, 0, 0, POLLNVAL]]);
  const before = p.kernel.clock.now;
  expect(p.poll(r, POLLIN, 5_000_000)).toEqual([0, 0]);
  expect(p.kernel.clock.now - before).toBeGreaterThanOrEqual(5_000_000);
  p.sys.fork(function* (child) {
    yield* child.nanosleep(1e6);
    yield* child.writeBytes(w, bytes("x"));
  });
  expect(p.drive(p.sys.poll(rows.slice(0, 2), null))).toBe(1);
  expect(rows[0]!.revents).toBe(POLLIN);
  expect(p.poll(0, POLLIN)).toEqual([1, POLLIN]);
});

test("sockets: kinds, messages, descriptors, the other end gone", () => {
  const p = new Files(makeKernel());
  expect(p.sys.socketpair(2, 1)).toBe(-Errno.EAFNOSUPPORT);
  expect(p.sys.socketpair(1, 9)).toBe(-Errno.ESOCKTNOSUPPORT);
  const [a, b] = p.sys.socketpair(1, 1) as readonly [number, number];
  const [c, d] = p.sys.socketpair(1, 5 | O_NONBLOCK) as readonly [number, number];
  p.put(a, "one");
  p.put(a, "two");
  p.put(c, "one");
  p.put(c, "two");
  expect([p.read(b, 9), p.read(d, 2), p.read(d, 9), p.read(d, 9)]).toEqual(["onetwo", "on", "two", -Errno.EAGAIN]);
  const [r, w] = p.sys.pipe2(0) as readonly [number, number];
  const send = (fd: number, fds: number[]): number => p.drive(p.sys.sendmsg(fd, { data: bytes("x"), fds }));
  expect([send(c, [r, w]), send(c, [77]), send(w, [r]), send(66, [r]), send(c, Array.from({ length: 254 }, () => r))]).toEqual([1, -Errno.EBADF, -Errno.ENOTSOCK, -Errno.EBADF, -Errno.EINVAL]);
  p.sys.close(r);
  p.sys.close(w);
  const message = { data: new Uint8Array(4), maxFds: 8, fds: [] as number[], flags: 0 };
  expect(p.drive(p.sys.recvmsg(d, message, 0x40000000))).toBe(1);
  expect([message.fds.length, p.sys.fcntl(message.fds[0]!, F_GETFD), p.put(message.fds[1]!, "hi"), p.read(message.fds[0]!, 2)]).toEqual([2, 1, 2, "hi"]);
  p.sys.close(d);
  p.sys.sigaction(Signal.SIGPIPE, { handler: SIG_IGN, mask: [], flags: 0 });
  expect([send(c, []), p.read(c, 1), p.poll(c, POLLIN)]).toEqual([-Errno.EPIPE, "", [1, POLLIN | POLLHUP]]);
});

test("sockets that only hold each other are freed", () => {
  const p = new Files(makeKernel());
  let released = 0;
  p.kernel.vfs.mknod("/dev/thing", () => ({ kind: "thing", release: () => released++ }));
  const [a, b] = p.sys.socketpair(1, 1) as readonly [number, number];
  const thing = p.sys.open("/dev/thing", O_RDWR);
  p.drive(p.sys.sendmsg(a, { data: bytes("x"), fds: [a, b, thing] }));
  for (const fd of [thing, a]) p.sys.close(fd);
  expect(released).toBe(0);
  p.sys.close(b);
  expect(released).toBe(1);
});

test("what /proc says of processes and the machine", () => {
  const p = new Files(makeKernel(), "prog");
  p.page();
  spawn(p.kernel, "sleeper", function* (sys) {
    yield* sys.nanosleep(1e12);
  });
  p.kernel.events.advance(5e9);
  const read = (path: string): string => String(p.sys.readFile(`/proc/${path}`));
  expect(read("self/stat").trim().split(" ").length).toBe(52);
  expect(read("1001/status")).toMatch(/^Name:\tsleeper\nUmask:\t0022\nState:\tS \(sleeping\)\nTgid:\t1001\nNgid:\t0\nPid:\t1001\nPPid:\t1\n/);
  expect(read("self/status")).toMatch(/^CapEff:\t0000000001a840e2$/m);
  expect(read("self/cgroup")).toBe("0::/\n");
  expect(read("self/maps")).toMatch(/^[0-9a-f]{12}-[0-9a-f]{12} rw-p 00000000 00:00 0 /);
  expect(read("self/task/1000/comm")).toBe("prog\n");
  expect(p.sys.readdir("/proc/self/task")).toBe(-Errno.ENOENT);
  expect(p.sys.readdir("/proc/1000/task")).toEqual(["1000"]);
  expect(p.sys.readdir("/proc/1000/fd")).toEqual(["0", "1", "2"]);
  expect(p.sys.readlink("/proc/self")).toBe("1000");
  expect(p.sys.readlink("/proc/self/fd/1")).toBe("/dev/pts/0");
  expect(p.sys.readlink("/proc/uptime")).toBe(-Errno.EINVAL);
  expect(read("uptime")).toMatch(/^5\.00 5\.00\n$/);
  expect(read("meminfo")).toMatch(/^MemTotal: +1048576 kB\nMemFree: +\d+ kB\n/);
  expect(read("stat")).toMatch(/^cpu {2}\d+ 0 0 \d+ 0 0 0 0 0 0\ncpu0 /);
  expect(read("version")).toMatch(/^Linux version /);
  expect(p.sys.readFile("/proc/4242/stat")).toBe(-Errno.ENOENT);
  const fd = p.sys.open("/proc/self/comm", O_RDONLY);
  expect([p.read(fd, 2), p.read(fd, 9), p.sys.lseek(fd, 1, 0), p.read(fd, 9)]).toEqual(["pr", "og\n", 1, "rog\n"]);
  expect(read(`self/fdinfo/${fd}`)).toMatch(/^pos:\t5\nflags:\t00\nmnt_id:\t\d+\nino:\t\d+\n$/);
});
