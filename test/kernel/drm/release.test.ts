import { beforeEach, expect, test } from "vitest";
import { Errno } from "../../../src/kernel/errors.ts";
import { fakeCode, launch, live } from "../../gpu/fake-code.ts";
import { copy, fill, marker, Rig, type Client, type Node } from "./rig.ts";

/** Executions that earlier tests of this thread left. */
let before = 0;
beforeEach(() => {
  before = live.executions;
});

const P = 65536;
const code = fakeCode({ endless: { instructions: Infinity }, long: { instructions: 1e7 } });

/** Every count that is not zero, by subsystem and kind. */
function leftovers(rig: Rig): string[] {
  return Object.entries(rig.kernel.objectCounts()).flatMap(([name, counts]) => Object.entries(counts).filter(([, n]) => n !== 0).map(([kind, n]) => `${name}.${kind}=${n}`));
}

/** A bit of everything that a program may hold. */
function hoard(client: Client): Node {
  const node = client.open(0, "primary");
  const vm = node.vm();
  const a = node.buffer(vm, 3 * P);
  const b = node.buffer(vm, P, "system");
  const cpu = client.malloc(2 * P);
  node.do("GLASS_VM_BIND", { vm, op: "map-userptr", handle: 0, offset: cpu, address: cpu, size: 2 * P, flags: 3 });
  node.do("DRM_IOCTL_GEM_FLINK", { handle: a.handle, name: 0 });
  node.do("DRM_IOCTL_PRIME_HANDLE_TO_FD", { handle: b.handle, flags: 0, fd: 0 });
  const s = node.do("DRM_IOCTL_SYNCOBJ_CREATE", { flags: 1, handle: 0 }).handle;
  node.do("DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD", { handle: s, flags: 0, fd: 0 });
  node.do("DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD", { handle: s, flags: 1, fd: 0 });
  const context = node.context(vm);
  const busy = node.queue(context);
  const stuck = node.queue(context, { order: "out-of-order" });
  node.exec(busy.queue, launch(code, "endless", 1, 32));
  node.exec(busy.queue, copy(a.address, b.address, P));
  node.exec(stuck.queue, marker, { waits: [{ syncobj: s, point: 9 }] });
  node.exec(stuck.queue, fill(a.address, 8 * 1024, [1]));
  node.exec(stuck.queue, marker, { waits: [{ syncobj: busy.timeline, point: 2 }] });
  return node;
}

test("kill -9: everything is gone at once, running kernels too", () => {
  const rig = new Rig();
  const client = rig.process();
  hoard(client);
  rig.kernel.checkInvariants();
  rig.kernel.kill(client.process);
  rig.kernel.checkInvariants();
  expect(leftovers(rig)).toEqual([]);
  expect(live.executions).toBe(before);
  expect(rig.kernel.runUntilIdle()).toBe(0);
});

test("exit: what was submitted ends in the background, then everything is gone", () => {
  const rig = new Rig();
  const client = rig.process();
  hoard(client);
  client.process.terminate({ code: 0, signal: 0 });
  rig.kernel.checkInvariants();
  expect(rig.gpus[0]!.objectCounts()["jobs"]).toBeGreaterThan(0);
  rig.run();
  rig.kernel.checkInvariants();
  expect(leftovers(rig)).toEqual([]);
  expect(live.executions).toBe(before);
});

test("a killed process takes nobody with it", () => {
  const rig = new Rig();
  const victim = rig.process("victim");
  const other = rig.process("other").open();
  const vm = other.vm();
  const b = other.buffer(vm, P);
  const q = other.queue(other.context(vm));
  hoard(victim);
  other.exec(q.queue, launch(code, "long", 1, 32));
  other.exec(q.queue, fill(b.address, P, [5]));
  rig.kernel.kill(victim.process);
  expect(other.wait([{ syncobj: q.timeline, point: 2 }])).toEqual({ result: 0, error: 0 });
  expect(b.bytes[P - 1]).toBe(5);
});

test("a job that waits for a killed process's job goes on: with its error when it asked for it", () => {
  const rig = new Rig();
  const victim = rig.process("victim");
  const theirs = victim.open();
  const q = theirs.queue(theirs.context(theirs.vm()));
  theirs.exec(q.queue, launch(code, "endless", 1, 32));
  theirs.exec(q.queue, marker);
  const { fd } = theirs.do("DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD", { handle: q.timeline, flags: 0, fd: 0 });
  const me = rig.process("me");
  const node = me.open();
  const passed = me.process.files.install(victim.process.files.get(fd)!.get(), false);
  const imported = node.do("DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE", { fd: passed, flags: 0, handle: 0 }).handle;
  const mine = node.queue(node.context(node.vm()));
  node.exec(mine.queue, marker, { waits: [{ syncobj: imported, point: 2 }] });
  const strict = node.exec(mine.queue, marker, { waits: [{ syncobj: imported, point: 2 }], propagateErrors: true });
  rig.kernel.kill(victim.process);
  expect(node.wait([{ syncobj: imported, point: 1 }]).error).toBe(-Errno.ECANCELED);
  expect(node.wait([{ syncobj: imported, point: 2 }]).error).toBe(-Errno.ESRCH);
  expect(node.wait([{ syncobj: mine.timeline, point: strict - 1 }]).error).toBe(0);
  expect(node.wait([{ syncobj: mine.timeline, point: strict }]).error).toBe(-Errno.ECANCELED);
});

test("fork and dup share a file; it goes with the last of them", () => {
  const rig = new Rig();
  const parent = rig.process("parent");
  const node = parent.open();
  const handle = node.gem(P);
  const copyFd = parent.sys.dup(node.fd);
  const child = rig.kernel.fork(parent.process, "child", null);
  if (typeof child === "number") throw new Error(`fork: ${child}`);
  parent.sys.close(node.fd);
  parent.sys.close(copyFd);
  expect(rig.gpus[0]!.files.size).toBe(1);
  const file = child.files.get(node.fd)!.driver;
  expect(file.ioctl!({ process: child, thread: child.main }, "DRM_IOCTL_GEM_CLOSE", { handle })).toBe(0);
  child.terminate({ code: 0, signal: 0 });
  expect(rig.gpus[0]!.files.size).toBe(0);
});

test("a CPU mapping outlives handle and file", () => {
  const rig = new Rig();
  const client = rig.process();
  const node = client.open();
  const b = node.buffer(node.vm(), P, "system");
  client.sys.close(node.fd);
  expect(rig.gpus[0]!.objects.size).toBe(1);
  b.bytes[5] = 6;
  expect(client.sys.memory(b.address + 5, 1, false)![0]).toBe(6);
  client.sys.munmap(b.address, P);
  expect(rig.gpus[0]!.objects.size).toBe(0);
});

test("each open file loads code for itself, once, and gives back what it keeps when its work has ended", () => {
  const rig = new Rig();
  const start = { ...live };
  const nodes = [rig.process("a").open(), rig.process("b").open()];
  for (const node of nodes) {
    const context = node.context(node.vm());
    for (let i = 0; i < 3; i++) node.exec(node.queue(context).queue, launch(code, "long", 1, 32));
  }
  expect(live.loads - start.loads).toBe(2);
  nodes[0]!.client.process.terminate({ code: 0, signal: 0 });
  expect(live.trims - start.trims).toBe(0);
  rig.run();
  expect(live.trims - start.trims).toBe(1);
  rig.kernel.kill(nodes[1]!.client.process);
  expect(live.trims - start.trims).toBe(2);
});

test("hundreds of processes come and go, and nothing piles up", () => {
  const rig = new Rig();
  for (let i = 0; i < 300; i++) {
    const client = rig.process(`p${i}`);
    hoard(client);
    if (i % 2 === 0) rig.kernel.kill(client.process);
    else client.process.terminate({ code: 0, signal: 0 });
    if (i % 50 === 49) rig.run();
  }
  rig.run();
  rig.kernel.checkInvariants();
  expect(leftovers(rig)).toEqual([]);
});
