import { expect, test } from "vitest";
import { Errno } from "../../../src/kernel/errors.ts";
import { DRM_AUTH, DRM_MASTER, DRM_RENDER_ALLOW, DRM_ROOT_ONLY, permissions, permit } from "../../../src/kernel/drm/permit.ts";
import type { DrmFile } from "../../../src/kernel/drm/file.ts";
import { GROUPS, userCredentials } from "../../../src/kernel/process/cred.ts";
import { O_RDWR } from "../../../src/kernel/sys/sys.ts";
import { fakeCode, launch } from "../../gpu/fake-code.ts";
import { Client, marker, Rig, type Node } from "./rig.ts";

function userOf(rig: Rig, uid = 1000, groups?: number[]): Client {
  return new Client(rig, rig.kernel.createProcess("user", null, { cred: userCredentials(uid, groups) }));
}

const caller = (node: Node): Parameters<typeof permit>[2] => ({ process: node.client.process, thread: node.client.process.main });
const fileOf = (node: Node): DrmFile => node.client.process.files.get(node.fd)!.driver as DrmFile;

test("nodes belong to root and their groups", () => {
  const rig = new Rig();
  const stranger = userOf(rig, 1000, []);
  const renders = userOf(rig, 1000, [GROUPS.render]);
  for (const node of ["/dev/dri/card0", "/dev/dri/renderD128"]) expect(stranger.sys.open(node, O_RDWR)).toBe(-Errno.EACCES);
  expect(renders.sys.open("/dev/dri/card0", O_RDWR)).toBe(-Errno.EACCES);
  expect(renders.sys.open("/dev/dri/renderD128", O_RDWR)).toBe(3);
  expect(rig.process().sys.chmod("/dev/dri/card0", 0o666)).toBe(0);
  expect(renders.sys.chmod("/dev/dri/card0", 0o777)).toBe(-Errno.EPERM);
  expect(stranger.sys.open("/dev/dri/card0", O_RDWR)).toBe(3);
  expect(stranger.sys.stat("/dev/dri/renderD128")).toEqual({ kind: "device", size: 0, mode: 0o660, uid: 0, gid: GROUPS.render });
  expect(stranger.sys.readFile("/sys/kernel/debug/dri/0/name")).toBe(-Errno.EACCES);
});

test("each demand of the permission table by itself", () => {
  const rig = new Rig();
  const master = userOf(rig).open(0, "primary");
  const second = userOf(rig).open(0, "primary");
  const render = userOf(rig).open(0, "render");
  const root = rig.process().open(0, "primary");
  const ask = (flags: number): number[] => [master, second, render, root].map((node) => permit(flags, fileOf(node), caller(node)));
  const no = -Errno.EACCES;
  expect(ask(0)).toEqual([0, 0, no, 0]);
  expect(ask(DRM_RENDER_ALLOW)).toEqual([0, 0, 0, 0]);
  expect(ask(DRM_AUTH)).toEqual([0, no, no, 0]);
  expect(ask(DRM_AUTH | DRM_RENDER_ALLOW)).toEqual([0, no, 0, 0]);
  expect(ask(DRM_MASTER)).toEqual([0, no, no, no]);
  expect(ask(DRM_ROOT_ONLY)).toEqual([no, no, no, 0]);
  expect(Object.entries(permissions).filter(([, flags]) => flags !== DRM_RENDER_ALLOW).map(([name]) => name)).toEqual([
    "DRM_IOCTL_GET_UNIQUE", "DRM_IOCTL_GET_MAGIC", "DRM_IOCTL_AUTH_MAGIC", "DRM_IOCTL_GET_CLIENT", "DRM_IOCTL_SET_CLIENT_CAP", "DRM_IOCTL_SET_VERSION", "DRM_IOCTL_SET_MASTER", "DRM_IOCTL_DROP_MASTER",
    "DRM_IOCTL_GEM_FLINK", "DRM_IOCTL_GEM_OPEN",
  ]);
});

test("order of checks: gone, unknown, no argument, not allowed", () => {
  const rig = new Rig();
  const node = rig.process().open(0, "render");
  expect(node.raw("DRM_IOCTL_UNKNOWN" as never, null as never)).toBe(-Errno.EINVAL);
  expect(node.raw("DRM_IOCTL_GET_MAGIC", null as never)).toBe(-Errno.EFAULT);
  expect(node.raw("DRM_IOCTL_GET_MAGIC", { magic: 0 })).toBe(-Errno.EACCES);
  expect(node.client.sys.ioctl(0, "DRM_IOCTL_GET_MAGIC", { magic: 0 })).toBe(-Errno.ENOTTY);
  expect(node.client.sys.ioctl(99, "DRM_IOCTL_GET_MAGIC", { magic: 0 })).toBe(-Errno.EBADF);
});

test("magic numbers: the master vouches for others, once", () => {
  const rig = new Rig();
  const master = userOf(rig).open(0, "primary");
  const other = userOf(rig).open(0, "primary");
  const handle = other.gem(65536);
  expect(other.raw("DRM_IOCTL_GEM_FLINK", { handle, name: 0 })).toBe(-Errno.EACCES);
  const { magic } = other.do("DRM_IOCTL_GET_MAGIC", { magic: 0 });
  expect(other.do("DRM_IOCTL_GET_MAGIC", { magic: 0 }).magic).toBe(magic);
  expect(other.raw("DRM_IOCTL_AUTH_MAGIC", { magic })).toBe(-Errno.EACCES);
  expect(master.raw("DRM_IOCTL_AUTH_MAGIC", { magic: magic + 1 })).toBe(-Errno.EINVAL);
  expect(master.raw("DRM_IOCTL_AUTH_MAGIC", { magic })).toBe(0);
  expect(master.raw("DRM_IOCTL_AUTH_MAGIC", { magic })).toBe(-Errno.EINVAL);
  expect(other.raw("DRM_IOCTL_GEM_FLINK", { handle, name: 0 })).toBe(0);
  expect(other.do("DRM_IOCTL_GET_CLIENT", { idx: 0, auth: 0, pid: 0, uid: 0 })).toEqual({ idx: 0, auth: 1, pid: other.client.process.pid, uid: 1000 });
  expect(other.raw("DRM_IOCTL_GET_CLIENT", { idx: 1, auth: 0, pid: 0, uid: 0 })).toBe(-Errno.EINVAL);
});

test("master: who was may be again, one at a time; it goes with its file", () => {
  const rig = new Rig();
  const first = userOf(rig).open(0, "primary");
  const second = userOf(rig).open(0, "primary");
  const root = rig.process().open(0, "primary");
  expect(second.raw("DRM_IOCTL_SET_MASTER", {})).toBe(-Errno.EACCES);
  expect(second.raw("DRM_IOCTL_DROP_MASTER", {})).toBe(-Errno.EACCES);
  expect(root.raw("DRM_IOCTL_SET_MASTER", {})).toBe(-Errno.EBUSY);
  expect(root.raw("DRM_IOCTL_DROP_MASTER", {})).toBe(-Errno.EINVAL);
  expect(first.raw("DRM_IOCTL_SET_MASTER", {})).toBe(0);
  expect(first.raw("DRM_IOCTL_DROP_MASTER", {})).toBe(0);
  expect(first.raw("DRM_IOCTL_DROP_MASTER", {})).toBe(-Errno.EINVAL);
  expect(root.raw("DRM_IOCTL_SET_MASTER", {})).toBe(0);
  expect(first.raw("DRM_IOCTL_SET_MASTER", {})).toBe(-Errno.EBUSY);
  root.client.sys.close(root.fd);
  expect(first.raw("DRM_IOCTL_SET_MASTER", {})).toBe(0);
  first.client.sys.close(first.fd);
  expect(fileOf(userOf(rig).open(0, "primary")).auth.isCurrentMaster).toBe(true);
});

test("names, versions, capabilities", () => {
  const rig = new Rig();
  const node = rig.process().open(0, "primary");
  expect(node.do("DRM_IOCTL_GET_UNIQUE", { unique: "x" }).unique).toBe("");
  const version = { major: 2, minor: 0 };
  expect([node.raw("DRM_IOCTL_SET_VERSION", version), version]).toEqual([-Errno.EINVAL, { major: 1, minor: 4 }]);
  expect(node.raw("DRM_IOCTL_SET_VERSION", { major: 1, minor: 1 })).toBe(0);
  expect(node.do("DRM_IOCTL_GET_UNIQUE", { unique: "" }).unique).toBe(`pci:${node.device.name}`);
  expect(node.do("DRM_IOCTL_GET_CAP", { capability: 0x14, value: 0 }).value).toBe(1);
  expect(node.raw("DRM_IOCTL_GET_CAP", { capability: 0x999, value: 0 })).toBe(-Errno.EINVAL);
  expect(node.raw("DRM_IOCTL_SET_CLIENT_NAME", { name: "two words" })).toBe(-Errno.EINVAL);
  expect(node.raw("DRM_IOCTL_SET_CLIENT_NAME", { name: "x".repeat(64) })).toBe(-Errno.EINVAL);
  expect(node.raw("DRM_IOCTL_SET_CLIENT_NAME", { name: "solver" })).toBe(0);
  expect(node.client.sys.readFile("/sys/kernel/debug/dri/0/clients")).toMatch(/ y +y +0 +0 +solver \d+\n$/);
});

test("more than normal priority needs CAP_SYS_NICE or a master", () => {
  const rig = new Rig();
  const master = userOf(rig).open(0, "primary");
  const plain = userOf(rig).open();
  const nice = new Client(rig, rig.kernel.createProcess("nice", null, { cred: userCredentials(1000, undefined, ["CAP_SYS_NICE"]) })).open();
  const create = (node: Node, priority: 1 | 2 | 3): number =>
    node.raw("GLASS_EXEC_QUEUE_CREATE", { context: node.context(node.vm()), engine: "compute", order: "in-order", priority, level: 0, label: "", queue: 0, timeline: 0 });
  expect([create(plain, 1), create(plain, 2), create(plain, 3), create(nice, 1), create(master, 1)]).toEqual([-Errno.EACCES, 0, 0, 0, 0]);
});

test("hot unplug: jobs end with -ENODEV, requests and mmap too, mappings become private zeros, nodes are gone", () => {
  const rig = new Rig();
  const node = rig.process().open();
  const vm = node.vm();
  const b = node.buffer(vm, 65536);
  b.bytes[0] = 7;
  const q = node.queue(node.context(vm));
  node.exec(q.queue, launch(fakeCode({ k: { instructions: 1e9 } }), "k", 4, 64));
  node.exec(q.queue, marker);
  const { offset } = node.do("GLASS_GEM_MMAP_OFFSET", { handle: b.handle, offset: 0 });
  const twin = new Client(rig, rig.kernel.processes.get(node.client.sys.fork(null))!);
  const watcher: number[] = [];
  rig.kernel.createProcess("watcher", function* () {
    const arg = { points: [{ syncobj: q.timeline, point: 1 }], all: true, deadline: null, error: 0 };
    watcher.push(yield* twin.sys.ioctlWait(node.fd, "DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT", arg), arg.error);
  });
  rig.kernel.events.advance(rig.kernel.clock.now + 1e6);
  const path = `/sys/bus/pci/devices/${node.device.name}/remove`;
  expect(userOf(rig).sys.writeFile(path, "1")).toBe(-Errno.EACCES);
  expect(node.client.sys.writeFile(path, "x")).toBe(-Errno.EINVAL);
  expect(node.client.sys.writeFile(path, "1")).toBe(1);
  rig.run();
  rig.kernel.checkInvariants();
  expect(watcher).toEqual([0, -Errno.ENODEV]);
  expect(node.raw("GLASS_GEM_CREATE", { size: 65536, placement: "vram", label: "", handle: 0 })).toBe(-Errno.ENODEV);
  expect(node.raw("DRM_IOCTL_UNKNOWN" as never, {} as never)).toBe(-Errno.ENODEV);
  expect(node.client.sys.mmap(0, 65536, 3, 1, node.fd, offset)).toBe(-Errno.ENODEV);
  expect(node.client.sys.open("/dev/dri/renderD128", O_RDWR)).toBe(-Errno.ENOENT);
  const mine = node.client.sys.memory(b.address, 65536, true)!;
  expect(mine[0]).toBe(0);
  mine[0] = 1;
  expect(twin.sys.memory(b.address, 1, false)![0]).toBe(0);
  expect(node.client.sys.readFile(path)).toBe(-Errno.ENOENT);
  expect(node.client.sys.close(node.fd)).toBe(0);
  rig.kernel.kill(twin.process);
  expect(rig.gpus[0]!.objects.size).toBe(0);
});
