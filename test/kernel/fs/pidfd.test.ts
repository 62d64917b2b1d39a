import { expect, test } from "vitest";
import { Errno } from "../../../src/kernel/errors.ts";
import { userCredentials } from "../../../src/kernel/process/cred.ts";
import { F_GETFD, O_CREAT, O_RDWR } from "../../../src/kernel/sys/sys.ts";
import { Driven, makeKernel } from "../process/kit.ts";

/** pidfd_open(2) and pidfd_getfd(2). */

test("a process takes another's open file: one description, a descriptor of its own, closed on exec", () => {
  const a = new Driven(makeKernel(), "a");
  const b = new Driven(a.kernel, "b");
  const file = a.sys.open("/tmp/f", O_CREAT | O_RDWR);
  const pidfd = b.sys.pidfdOpen(a.process.pid, 0);
  const fd = b.sys.pidfdGetfd(pidfd, file, 0);
  expect([b.sys.fcntl(pidfd, F_GETFD), b.sys.fcntl(fd, F_GETFD)]).toEqual([1, 1]);
  b.drive(b.sys.writeBytes(fd, Uint8Array.of(104, 105)));
  expect([a.sys.lseek(file, 0, 1), a.sys.close(file), b.sys.lseek(fd, 0, 1)]).toEqual([2, 0, 2]);
  expect(b.sys.pidfdGetfd(pidfd, file, 0)).toBe(-Errno.EBADF);
  expect(b.process.files.get(pidfd)!.driver.fdinfo!()).toBe(`Pid:\t${a.process.pid}\n`);
});

test("refused: flags, numbers that are no process, files that are no pidfd, processes that one may not trace or that are gone", () => {
  const a = new Driven(makeKernel(), "a", { cred: userCredentials(1000) });
  const same = new Driven(a.kernel, "same", { cred: userCredentials(1000) });
  const stranger = new Driven(a.kernel, "stranger", { cred: userCredentials(1001) });
  const tracer = new Driven(a.kernel, "tracer", { cred: userCredentials(1001, [], ["CAP_SYS_PTRACE"]) });
  const file = a.sys.eventfd(0, 0);
  expect([same.sys.pidfdOpen(a.process.pid, 1), same.sys.pidfdOpen(0, 0), same.sys.pidfdOpen(4711, 0)]).toEqual([-Errno.EINVAL, -Errno.EINVAL, -Errno.ESRCH]);
  const take = (p: Driven): number => p.sys.pidfdGetfd(p.sys.pidfdOpen(a.process.pid, 0), file, 0);
  expect([take(stranger), take(same) > 2, take(tracer) > 2]).toEqual([-Errno.EPERM, true, true]);
  const pidfd = same.sys.pidfdOpen(a.process.pid, 0);
  expect([same.sys.pidfdGetfd(pidfd, file, 1), same.sys.pidfdGetfd(pidfd, 99, 0), same.sys.pidfdGetfd(99, file, 0), same.sys.pidfdGetfd(same.sys.eventfd(0, 0), file, 0)]).toEqual([-Errno.EINVAL, -Errno.EBADF, -Errno.EBADF, -Errno.EBADF]);
  a.process.terminate({ code: 0, signal: 0 });
  expect([-Errno.ESRCH, -Errno.EBADF]).toContain(same.sys.pidfdGetfd(pidfd, file, 0));
});
