import { expect, test } from "vitest";
import { Errno } from "../../../src/kernel/errors.ts";
import { userCredentials } from "../../../src/kernel/process/cred.ts";
import { Driven, makeKernel } from "../process/kit.ts";

const ROOT = "/sys/fs/cgroup";

test("the tree: directories, controllers, and who may", () => {
  const p = new Driven(makeKernel());
  const { sys } = p;
  expect(sys.readFile(`${ROOT}/cgroup.controllers`)).toBe("pids dmem\n");
  expect(sys.mkdir(`${ROOT}/a`)).toBe(0);
  expect([sys.mkdir(`${ROOT}/a`), sys.mkdir(`${ROOT}/none/b`), sys.mkdir(`${ROOT}/${"x".repeat(256)}`)]).toEqual([-Errno.EEXIST, -Errno.ENOENT, -Errno.ENAMETOOLONG]);
  expect(sys.readFile(`${ROOT}/a/cgroup.controllers`)).toBe("\n");
  expect(sys.readFile(`${ROOT}/a/pids.max`)).toBe(-Errno.ENOENT);
  expect(sys.writeFile(`${ROOT}/cgroup.subtree_control`, "+pids +nothing")).toBe(-Errno.EINVAL);
  expect(sys.readFile(`${ROOT}/a/pids.max`)).toBe(-Errno.ENOENT);
  expect(sys.writeFile(`${ROOT}/a/cgroup.subtree_control`, "+pids")).toBe(-Errno.ENOENT);
  expect(sys.writeFile(`${ROOT}/cgroup.subtree_control`, "+pids +dmem")).toBe(11);
  expect(sys.readFile(`${ROOT}/a/pids.max`)).toBe("max\n");
  expect(sys.mkdir(`${ROOT}/a/b`)).toBe(0);
  expect(sys.writeFile(`${ROOT}/a/cgroup.subtree_control`, "+dmem")).toBe(5);
  expect(sys.writeFile(`${ROOT}/cgroup.subtree_control`, "-dmem")).toBe(-Errno.EBUSY);
  expect(sys.rmdir(`${ROOT}/a`)).toBe(-Errno.EBUSY);
  expect([sys.rmdir(ROOT), sys.rmdir(`${ROOT}/a/b`), sys.rmdir(`${ROOT}/a/b`), sys.rmdir(`${ROOT}/a/cgroup.procs`)]).toEqual([-Errno.EBUSY, 0, -Errno.ENOENT, -Errno.ENOTDIR]);
  const user = new Driven(p.kernel, "user", { cred: userCredentials(1000) });
  expect([user.sys.mkdir(`${ROOT}/u`), user.sys.writeFile(`${ROOT}/a/cgroup.procs`, "0")]).toEqual([-Errno.EACCES, -Errno.EACCES]);
});

test("members: moved by a write, inherited by children, not beside groups with resources of their own", () => {
  const p = new Driven(makeKernel());
  const { sys } = p;
  sys.writeFile(`${ROOT}/cgroup.subtree_control`, "+pids +dmem");
  sys.mkdir(`${ROOT}/a`);
  sys.mkdir(`${ROOT}/a/b`);
  expect([sys.writeFile(`${ROOT}/a/cgroup.procs`, "4242"), sys.writeFile(`${ROOT}/a/cgroup.procs`, "me")]).toEqual([-Errno.ESRCH, -Errno.EINVAL]);
  expect(sys.writeFile(`${ROOT}/a/cgroup.procs`, "0")).toBe(1);
  const child = p.fork();
  expect(sys.readFile(`${ROOT}/a/cgroup.procs`)).toBe(`${sys.pid}\n${child.sys.pid}\n`);
  expect(child.sys.readFile("/proc/self/cgroup")).toBe("0::/a\n");
  expect(sys.readFile(`${ROOT}/a/cgroup.events`)).toBe("populated 1\nfrozen 0\n");
  expect(sys.rmdir(`${ROOT}/a`)).toBe(-Errno.EBUSY);
  expect(sys.writeFile(`${ROOT}/a/cgroup.subtree_control`, "+dmem")).toBe(-Errno.EBUSY);
  for (const each of [p, child]) expect(each.sys.writeFile(`${ROOT}/a/b/cgroup.procs`, "0")).toBe(1);
  expect(sys.writeFile(`${ROOT}/a/cgroup.subtree_control`, "+dmem")).toBe(5);
  expect(sys.writeFile(`${ROOT}/a/cgroup.procs`, "0")).toBe(-Errno.EBUSY);
  sys.writeFile(`${ROOT}/cgroup.procs`, "0");
  expect([sys.writeFile(`${ROOT}/a/cgroup.kill`, "2"), sys.writeFile(`${ROOT}/a/cgroup.kill`, "1")]).toEqual([-Errno.ERANGE, 1]);
  expect(child.process.exit?.signal).toBe(9);
  expect(sys.readFile(`${ROOT}/a/cgroup.events`)).toBe("populated 0\nfrozen 0\n");
  p.kernel.checkInvariants();
});

test("pids: threads and processes count, a limit above counts too, refusals are told", () => {
  const p = new Driven(makeKernel());
  const { sys } = p;
  sys.writeFile(`${ROOT}/cgroup.subtree_control`, "+pids");
  sys.mkdir(`${ROOT}/a`);
  sys.mkdir(`${ROOT}/a/b`);
  sys.writeFile(`${ROOT}/a/cgroup.subtree_control`, "+pids");
  sys.writeFile(`${ROOT}/a/b/cgroup.procs`, "0");
  expect([sys.writeFile(`${ROOT}/a/pids.max`, "-1"), sys.writeFile(`${ROOT}/a/pids.max`, "2")]).toEqual([-Errno.EINVAL, 1]);
  const child = p.fork();
  expect(sys.fork(null)).toBe(-Errno.EAGAIN);
  expect(sys.clone("t", function* (t) {
    yield* t.nanosleep(1);
  })).toBe(-Errno.EAGAIN);
  expect([sys.readFile(`${ROOT}/a/pids.current`), sys.readFile(`${ROOT}/a/pids.events`), sys.readFile(`${ROOT}/a/b/pids.events`)]).toEqual(["2\n", "max 2\n", "max 0\n"]);
  child.sys.exit(0);
  expect(sys.readFile(`${ROOT}/a/pids.current`)).toBe("1\n");
  expect(p.drive(sys.waitpid(-1, null))).toBe(child.sys.pid);
  expect(sys.fork(null)).toBeGreaterThan(0);
  expect(sys.readFile(`${ROOT}/a/pids.peak`)).toBe("2\n");
  p.kernel.checkInvariants();
});

test("dmem files: regions by line, limits with suffixes, and what is wrong", () => {
  const p = new Driven(makeKernel());
  const { sys } = p;
  const { dmem } = p.kernel.cgroups;
  const region = dmem.register("drm/0000:01:00.0/vram0", 2 ** 30);
  sys.writeFile(`${ROOT}/cgroup.subtree_control`, "+dmem");
  sys.mkdir(`${ROOT}/a`);
  sys.writeFile(`${ROOT}/a/cgroup.procs`, "0");
  const line = (value: string): string => `drm/0000:01:00.0/vram0 ${value}\n`;
  expect(sys.readFile(`${ROOT}/dmem.capacity`)).toBe(line(String(2 ** 30)));
  expect(sys.readFile(`${ROOT}/a/dmem.capacity`)).toBe(-Errno.ENOENT);
  expect(sys.readFile(`${ROOT}/a/dmem.max`)).toBe(line("max"));
  expect(sys.writeFile(`${ROOT}/a/dmem.max`, line("4M"))).toBeGreaterThan(0);
  expect([sys.writeFile(`${ROOT}/a/dmem.max`, "other 1"), sys.writeFile(`${ROOT}/a/dmem.max`, line("x")), sys.writeFile(`${ROOT}/a/dmem.current`, line("1"))]).toEqual([-Errno.EINVAL, -Errno.EINVAL, -Errno.EACCES]);
  const charge = dmem.tryCharge(p.process.cgroup, region, 2 ** 20);
  expect(dmem.tryCharge(p.process.cgroup, region, 2 ** 22).result).toBe(-Errno.EAGAIN);
  expect([sys.readFile(`${ROOT}/a/dmem.max`), sys.readFile(`${ROOT}/a/dmem.current`), sys.readFile(`${ROOT}/dmem.current`)]).toEqual([line(String(2 ** 22)), line(String(2 ** 20)), line(String(2 ** 20))]);
  sys.writeFile(`${ROOT}/cgroup.procs`, "0");
  expect(sys.rmdir(`${ROOT}/a`)).toBe(0);
  expect(region.pools.size).toBe(2);
  dmem.uncharge(charge.pool!, 2 ** 20);
  expect([region.pools.size, sys.readFile(`${ROOT}/dmem.current`)]).toEqual([1, line("0")]);
});
