import { expect, test } from "vitest";
import { DeadlockError, Errno } from "../../../src/kernel/errors.ts";
import { marker, Rig, type Node } from "./rig.ts";

function setup(): { rig: Rig; node: Node; queue: number; timeline: number } {
  const rig = new Rig();
  const node = rig.process().open();
  return { rig, node, ...node.queue(node.context(node.vm())) };
}

const create = (node: Node, flags = 0): number => node.do("DRM_IOCTL_SYNCOBJ_CREATE", { flags, handle: 0 }).handle;
const signal = (node: Node, handle: number, point: number, error?: number): number => node.raw("DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL", { handles: [handle], points: [point], ...(error === undefined ? {} : { error }) });
const query = (node: Node, ...handles: number[]): readonly number[] => node.do("DRM_IOCTL_SYNCOBJ_QUERY", { handles, points: [] }).points;

test("arguments", () => {
  const { node, timeline } = setup();
  expect(node.raw("DRM_IOCTL_SYNCOBJ_CREATE", { flags: 2, handle: 0 })).toBe(-Errno.EINVAL);
  expect(node.raw("DRM_IOCTL_SYNCOBJ_DESTROY", { handle: 77 })).toBe(-Errno.EINVAL);
  expect(node.raw("DRM_IOCTL_SYNCOBJ_QUERY", { handles: [], points: [] })).toBe(-Errno.EINVAL);
  expect(node.raw("DRM_IOCTL_SYNCOBJ_QUERY", { handles: [77], points: [] })).toBe(-Errno.ENOENT);
  expect(node.raw("DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL", { handles: [], points: [] })).toBe(-Errno.EINVAL);
  const s = create(node);
  expect(node.raw("DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL", { handles: [s], points: [] })).toBe(-Errno.EINVAL);
  expect(signal(node, s, -1)).toBe(-Errno.EINVAL);
  expect(signal(node, s, 1, 5)).toBe(-Errno.EINVAL);
  expect(signal(node, 77, 1)).toBe(-Errno.ENOENT);
  expect(signal(node, timeline, 1)).toBe(-Errno.EINVAL);
  expect(node.wait([{ syncobj: 77, point: 1 }]).result).toBe(-Errno.ENOENT);
  expect(node.wait([{ syncobj: timeline, point: 1 }]).result).toBe(-Errno.EINVAL);
  expect(node.wait([]).result).toBe(0);
});

test("a job waits for a point that the program signals later, and takes over its error when told to", () => {
  const { node, queue, timeline } = setup();
  const s = create(node);
  node.exec(queue, marker, { waits: [{ syncobj: s, point: 5 }] });
  expect(node.wait([{ syncobj: timeline, point: 1 }], true, 1_000_000).result).toBe(-Errno.ETIME);
  expect(signal(node, s, 4)).toBe(0);
  expect(node.wait([{ syncobj: timeline, point: 1 }], true, 2_000_000).result).toBe(-Errno.ETIME);
  expect(signal(node, s, 7)).toBe(0);
  expect(query(node, s, timeline)).toEqual([7, 0]);
  expect(node.wait([{ syncobj: timeline, point: 1 }])).toEqual({ result: 0, error: 0 });
  node.exec(queue, marker, { waits: [{ syncobj: s, point: 8 }], propagateErrors: true });
  const other = node.queue(node.context(node.vm()));
  node.exec(other.queue, marker, { waits: [{ syncobj: s, point: 8 }] });
  expect(signal(node, s, 9, -Errno.EIO)).toBe(0);
  expect(node.wait([{ syncobj: timeline, point: 2 }])).toEqual({ result: 0, error: -Errno.ECANCELED });
  expect(node.wait([{ syncobj: other.timeline, point: 1 }])).toEqual({ result: 0, error: 0 });
  // Later waits see the error too: for points that the failed signal covered, and only those.
  node.exec(queue, marker, { waits: [{ syncobj: s, point: 8 }], propagateErrors: true });
  node.exec(queue, marker, { waits: [{ syncobj: s, point: 7 }], propagateErrors: true });
  expect(node.wait([{ syncobj: timeline, point: 3 }]).error).toBe(-Errno.ECANCELED);
  expect(node.wait([{ syncobj: timeline, point: 4 }]).error).toBe(0);
  expect(node.wait([{ syncobj: s, point: 9 }])).toEqual({ result: 0, error: -Errno.EIO });
});

test("a wait that nothing can end is a deadlock that names the point", () => {
  const { node } = setup();
  const s = create(node);
  expect(() => node.wait([{ syncobj: s, point: 3 }])).toThrow(DeadlockError);
  expect(() => node.wait([{ syncobj: s, point: 3 }])).toThrow(/timeline point 3, which a program must signal/);
});

test("the last handle gone, unreached points end with -ECANCELED", () => {
  const { node, queue, timeline } = setup();
  const s = create(node);
  node.exec(queue, marker, { waits: [{ syncobj: s, point: 1 }], propagateErrors: true });
  node.do("DRM_IOCTL_SYNCOBJ_DESTROY", { handle: s });
  expect(node.wait([{ syncobj: timeline, point: 1 }])).toEqual({ result: 0, error: -Errno.ECANCELED });
});

test("syncobj descriptors carry the object to another process; sync files carry one fence", () => {
  const { rig, node, queue } = setup();
  const other = rig.process("other");
  const theirs = other.open();
  const s = create(node);
  const { fd } = node.do("DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD", { handle: s, flags: 0, fd: 0 });
  const passed = other.process.files.install(node.client.process.files.get(fd)!.get(), false);
  const a = theirs.do("DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE", { fd: passed, flags: 0, handle: 0 }).handle;
  const b = theirs.do("DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE", { fd: passed, flags: 0, handle: 0 }).handle;
  expect(a).not.toBe(b);
  signal(theirs, a, 3);
  expect(query(node, s)).toEqual([3]);
  expect(theirs.raw("DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE", { fd: 99, flags: 0, handle: 0 })).toBe(-Errno.EINVAL);
  expect(theirs.raw("DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE", { fd: theirs.fd, flags: 0, handle: 0 })).toBe(-Errno.EINVAL);
  // A sync file of nothing is refused; one of a signaled fence is a snapshot.
  expect(node.raw("DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD", { handle: s, flags: 1, fd: 0 })).toBe(-Errno.EINVAL);
  const done = create(node, 1);
  const file = node.do("DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD", { handle: done, flags: 1, fd: 0 }).fd;
  node.do("DRM_IOCTL_SYNCOBJ_DESTROY", { handle: done });
  expect(node.raw("DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE", { fd: file, flags: 1, handle: 99 })).toBe(-Errno.ENOENT);
  node.do("DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE", { fd: file, flags: 1, handle: s });
  node.exec(queue, marker, { waits: [{ syncobj: s, point: 0 }] });
  rig.run();
});
