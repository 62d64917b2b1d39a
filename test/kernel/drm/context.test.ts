import { beforeEach, expect, test } from "vitest";
import { Errno } from "../../../src/kernel/errors.ts";
import { fakeCode, launch, live } from "../../gpu/fake-code.ts";
import { copy, fill, marker, Rig, type Node } from "./rig.ts";

/** Executions that earlier tests of this thread left. */
let before = 0;
beforeEach(() => {
  before = live.executions;
});

const P = 65536;
const bad = fakeCode({ k: { instructions: 1e5, body: (g) => g.store(64, 1) }, endless: { instructions: Infinity }, long: { instructions: 1e8 } });

function setup(): { rig: Rig; node: Node; vm: number; notifier: number; context: number; queue: number; timeline: number } {
  const rig = new Rig();
  const node = rig.process().open();
  const vm = node.vm();
  const notifier = node.client.malloc(P);
  const context = node.context(vm, notifier);
  return { rig, node, vm, notifier, context, ...node.queue(context) };
}

test("a fault bans its context: notifier, record, queued and running jobs of all its queues, later submissions", () => {
  const { rig, node, vm, notifier, context, queue, timeline } = setup();
  const second = node.queue(context);
  const neighbour = node.queue(node.context(vm));
  const word = notifier + 64;
  const point = node.exec(queue, launch(bad, "k", 1, 32), { label: "vecadd", userFence: { address: word, value: 1, errorValue: 2 } });
  const later = node.exec(queue, marker);
  const beside = node.exec(second.queue, launch(bad, "long", 1, 32));
  const innocent = node.exec(neighbour.queue, fill(node.buffer(vm, P).address, 8, [1]));
  expect(node.wait([{ syncobj: timeline, point }])).toEqual({ result: 0, error: -Errno.EIO });
  expect(node.client.sys.load32(notifier)).toBe(1);
  expect(node.client.sys.load32(word)).toBe(2);
  expect(node.wait([{ syncobj: timeline, point: later }]).error).toBe(-Errno.ECANCELED);
  expect(node.wait([{ syncobj: second.timeline, point: beside }]).error).toBe(-Errno.ECANCELED);
  expect(node.wait([{ syncobj: neighbour.timeline, point: innocent }]).error).toBe(0);
  expect(node.raw("GLASS_EXEC", node.args(second.queue, marker))).toBe(-Errno.ECANCELED);
  expect(node.raw("GLASS_EXEC_QUEUE_CREATE", { context, engine: "compute", order: "in-order", priority: 2, level: 0, label: "", queue: 0, timeline: 0 })).toBe(-Errno.ECANCELED);
  const { fault } = node.do("GLASS_CONTEXT_STATE", { context, fault: null });
  expect(fault).toMatchObject({ reason: "fault", label: "vecadd", point: 1, fault: { kind: "illegal-address", site: { kernel: "k", line: 7 } } });
  expect(node.do("GLASS_JOB_STATE", { queue, point, state: "queued", error: 0 })).toMatchObject({ state: "done", error: -Errno.EIO });
  rig.kernel.checkInvariants();
  rig.run();
  expect(live.executions).toBe(before);
});

test("a fault of a copy bans too, and names the copy", () => {
  const { node, context, queue, timeline } = setup();
  const b = node.buffer(1, P);
  node.exec(queue, copy(b.address, b.address + 16 * P, 100), { label: "memcpy DtoD" });
  expect(node.wait([{ syncobj: timeline, point: 1 }]).error).toBe(-Errno.EIO);
  const { fault } = node.do("GLASS_CONTEXT_STATE", { context, fault: null });
  expect(fault).toMatchObject({ label: "memcpy DtoD", fault: { kind: "illegal-address", access: { kind: "read", address: BigInt(b.address + 16 * P) }, site: { kernel: "memcpy DtoD" } } });
});

test("an endless kernel is timed out; another context's work beside it is not harmed", () => {
  const { rig, node, vm, context, queue, timeline } = setup();
  const other = rig.process("other").open();
  const theirs = other.queue(other.context(other.vm()));
  node.exec(queue, launch(bad, "endless", 1, 32));
  const work = other.exec(theirs.queue, launch(bad, "long", 2, 32));
  expect(other.wait([{ syncobj: theirs.timeline, point: work }]).error).toBe(0);
  expect(node.wait([{ syncobj: timeline, point: 1 }]).error).toBe(-Errno.ETIME);
  const { fault } = node.do("GLASS_CONTEXT_STATE", { context, fault: null });
  expect(fault?.reason).toBe("timeout");
  expect(fault?.fault).toBeNull();
  expect(fault!.time).toBeGreaterThan(2e9 - 1e6);
  expect(rig.gpus[0]!.resets).toBe(1);
  const fresh = node.queue(node.context(vm));
  node.exec(fresh.queue, marker);
  expect(node.wait([{ syncobj: fresh.timeline, point: 1 }]).error).toBe(0);
});

test("a notifier must be a word of the caller", () => {
  const { node, vm } = setup();
  const create = (notifier: number): number => node.raw("GLASS_CONTEXT_CREATE", { vm, notifier, label: "", context: 0 });
  expect(create(4096)).toBe(-Errno.EFAULT);
  expect(create(2)).toBe(-Errno.EINVAL);
});

test("a reset by hand takes running work, and only the contexts it belongs to", () => {
  const { rig, node, vm, context, queue, timeline } = setup();
  const idle = node.context(vm);
  node.exec(queue, launch(bad, "long", 1, 32));
  expect(node.client.sys.readFile("/sys/kernel/debug/dri/0/gpu_recover")).toBe("0\n");
  expect(node.wait([{ syncobj: timeline, point: 1 }]).error).toBe(-Errno.ECANCELED);
  expect(node.do("GLASS_CONTEXT_STATE", { context, fault: null }).fault?.reason).toBe("reset-innocent");
  expect(node.do("GLASS_CONTEXT_STATE", { context: idle, fault: null }).fault).toBeNull();
  rig.kernel.checkInvariants();
});

test("a banned context's jobs that wait for others end when those do, not before", () => {
  const { node, queue, timeline, context } = setup();
  const s = node.do("DRM_IOCTL_SYNCOBJ_CREATE", { flags: 0, handle: 0 }).handle;
  const q = node.queue(context);
  node.exec(q.queue, marker, { waits: [{ syncobj: s, point: 1 }] });
  node.exec(queue, launch(bad, "k", 1, 32));
  expect(node.wait([{ syncobj: timeline, point: 1 }]).error).toBe(-Errno.EIO);
  expect(node.wait([{ syncobj: q.timeline, point: 1 }], true, 1e9).result).toBe(-Errno.ETIME);
  node.do("DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL", { handles: [s], points: [1] });
  expect(node.wait([{ syncobj: q.timeline, point: 1 }]).error).toBe(-Errno.ECANCELED);
});
