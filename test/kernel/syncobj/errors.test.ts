import { describe, expect, test } from "vitest";
import { Errno } from "../../../src/kernel/errors.ts";
import type { IoctlName, IoctlTable, WaitIoctlName, WaitIoctlTable } from "../../../src/kernel/sys/uapi.ts";
import { marker, Rig, type Node } from "../drm/rig.ts";

/** A machine with a full syncobj (1), an empty one (2), a queue's own (3), and descriptors of each kind. */
function setup(): { rig: Rig; node: Node; full: number; empty: number; queues: number; queue: number; fds: { syncobj: number; sync: number; event: number } } {
  const rig = new Rig();
  const node = rig.process().open();
  const full = node.do("DRM_IOCTL_SYNCOBJ_CREATE", { flags: 1, handle: 0 }).handle;
  const empty = node.do("DRM_IOCTL_SYNCOBJ_CREATE", { flags: 0, handle: 0 }).handle;
  const { queue, timeline } = node.queue(node.context(node.vm()));
  const fd = (flags: number): number => node.do("DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD", { handle: full, flags, fd: 0 }).fd;
  return { rig, node, full, empty, queues: timeline, queue, fds: { syncobj: fd(0), sync: fd(1), event: node.client.sys.eventfd(0, 0) } };
}

type Ask = (s: ReturnType<typeof setup>) => number;

function call<K extends IoctlName>(request: K, arg: (s: ReturnType<typeof setup>) => IoctlTable[K], fd?: (s: ReturnType<typeof setup>) => number): Ask {
  return (s) => s.node.client.sys.ioctl(fd?.(s) ?? s.node.fd, request, arg(s));
}

function wait<K extends WaitIoctlName>(request: K, arg: (s: ReturnType<typeof setup>) => WaitIoctlTable[K], fd?: (s: ReturnType<typeof setup>) => number): Ask {
  return (s) => s.node.client.drive(s.node.client.sys.ioctlWait(fd?.(s) ?? s.node.fd, request, arg(s)));
}

const E = Errno;
const create = (flags: number): Ask => call("DRM_IOCTL_SYNCOBJ_CREATE", () => ({ flags, handle: 0 }));
const toFd = (flags: number, more: { handle?: "empty" | "bad"; point?: number; pad?: number } = {}): Ask => call("DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD", (s) => ({
  handle: more.handle === "bad" ? 99 : more.handle === "empty" ? s.empty : s.full, flags, fd: 0, ...(more.point === undefined ? {} : { point: more.point }), ...(more.pad === undefined ? {} : { pad: more.pad }),
}));
const waitFor = (flags: number, which: "full" | "empty" | "bad" | "none", pad = 0): Ask => wait("DRM_IOCTL_SYNCOBJ_WAIT", (s) => ({
  handles: which === "none" ? [] : [which === "bad" ? 99 : s[which]], timeoutNs: 0, flags, firstSignaled: 0, pad,
}));
const waitPoint = (flags: number, point: number): Ask => wait("DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT", (s) => ({ points: [{ syncobj: s.empty, point }], all: true, deadline: 0, error: 0, flags }));
const move = (more: { src?: "full" | "empty" | "bad"; dst?: "empty" | "queues" | "bad"; flags?: number; pad?: number; dstPoint?: number } = {}): Ask => wait("DRM_IOCTL_SYNCOBJ_TRANSFER", (s) => ({
  srcHandle: more.src === "bad" ? 99 : s[more.src ?? "full"], dstHandle: more.dst === "bad" ? 99 : s[more.dst ?? "empty"], srcPoint: 0, dstPoint: more.dstPoint ?? 0, flags: more.flags ?? 0, pad: more.pad ?? 0,
}));
const event = (more: { handle?: number; flags?: number; pad?: number; fd?: "event" | "sync" | "bad" } = {}): Ask => call("DRM_IOCTL_SYNCOBJ_EVENTFD", (s) => ({
  handle: more.handle ?? s.full, flags: more.flags ?? 0, point: 0, fd: more.fd === "bad" ? 500 : s.fds[more.fd ?? "event"], pad: more.pad ?? 0,
}));
const merge = (more: { fd2?: "sync" | "syncobj" | "bad"; flags?: number; pad?: number } = {}): Ask => call("SYNC_IOC_MERGE", (s) => ({
  name: "m", fd2: more.fd2 === "bad" ? 500 : s.fds[more.fd2 ?? "sync"], flags: more.flags ?? 0, pad: more.pad ?? 0, fence: 0,
}), (s) => s.fds.sync);
const buffer = (s: ReturnType<typeof setup>): number => s.node.do("DRM_IOCTL_PRIME_HANDLE_TO_FD", { handle: s.node.gem(65536), flags: 0, fd: 0 }).fd;
const take = (flags: number, fd: "sync" | "syncobj" = "sync"): Ask => call("DMA_BUF_IOCTL_IMPORT_SYNC_FILE", (s) => ({ flags, fd: s.fds[fd] }), buffer);

const table: readonly (readonly [string, Ask, number])[] = [
  ["create", create(1), 0],
  ["create: unknown flag", create(2), -E.EINVAL],
  ["destroy", call("DRM_IOCTL_SYNCOBJ_DESTROY", (s) => ({ handle: s.full })), 0],
  ["destroy: unknown handle", call("DRM_IOCTL_SYNCOBJ_DESTROY", () => ({ handle: 99 })), -E.EINVAL],
  ["destroy: pad", call("DRM_IOCTL_SYNCOBJ_DESTROY", (s) => ({ handle: s.full, pad: 1 })), -E.EINVAL],
  ["to descriptor", toFd(0), 0],
  ["to descriptor: unknown flag", toFd(4), -E.EINVAL],
  ["to descriptor: pad", toFd(0, { pad: 1 }), -E.EINVAL],
  ["to descriptor: unknown handle", toFd(0, { handle: "bad" }), -E.EINVAL],
  ["to descriptor: a point without the timeline's flag", toFd(1, { point: 1 }), -E.EINVAL],
  ["to sync file", toFd(1), 0],
  ["to sync file: nothing in it", toFd(1, { handle: "empty" }), -E.EINVAL],
  ["to handle", call("DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE", (s) => ({ fd: s.fds.syncobj, flags: 0, handle: 0 })), 0],
  ["to handle: no syncobj", call("DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE", (s) => ({ fd: s.fds.sync, flags: 0, handle: 0 })), -E.EINVAL],
  ["to handle: no descriptor", call("DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE", () => ({ fd: 500, flags: 0, handle: 0 })), -E.EINVAL],
  ["from sync file", call("DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE", (s) => ({ fd: s.fds.sync, flags: 1, handle: s.empty })), 0],
  ["from sync file: no sync file", call("DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE", (s) => ({ fd: s.fds.syncobj, flags: 1, handle: s.empty })), -E.EINVAL],
  ["from sync file: unknown handle", call("DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE", (s) => ({ fd: s.fds.sync, flags: 1, handle: 99 })), -E.ENOENT],
  ["wait", waitFor(0, "full"), 0],
  ["wait: no handles", waitFor(0, "none"), 0],
  ["wait: unknown flag", waitFor(16, "full"), -E.EINVAL],
  ["wait: availability is the timeline's", waitFor(4, "full"), -E.EINVAL],
  ["wait: pad", waitFor(0, "full", 1), -E.EINVAL],
  ["wait: unknown handle", waitFor(0, "bad"), -E.ENOENT],
  ["wait: nothing in it", waitFor(0, "empty"), -E.EINVAL],
  ["wait: nothing in it yet", waitFor(2, "empty"), -E.ETIME],
  ["wait for a point: nothing there", waitPoint(0, 3), -E.EINVAL],
  ["wait for a point: nothing there yet", waitPoint(2, 3), -E.ETIME],
  ["wait for a point: not even a fence yet", waitPoint(4, 3), -E.ETIME],
  ["reset", call("DRM_IOCTL_SYNCOBJ_RESET", (s) => ({ handles: [s.full] })), 0],
  ["reset: no handles", call("DRM_IOCTL_SYNCOBJ_RESET", () => ({ handles: [] })), -E.EINVAL],
  ["reset: pad", call("DRM_IOCTL_SYNCOBJ_RESET", (s) => ({ handles: [s.full], pad: 1 })), -E.EINVAL],
  ["reset: unknown handle", call("DRM_IOCTL_SYNCOBJ_RESET", (s) => ({ handles: [s.full, 99] })), -E.ENOENT],
  ["signal", call("DRM_IOCTL_SYNCOBJ_SIGNAL", (s) => ({ handles: [s.empty] })), 0],
  ["signal: no handles", call("DRM_IOCTL_SYNCOBJ_SIGNAL", () => ({ handles: [] })), -E.EINVAL],
  ["signal: unknown handle", call("DRM_IOCTL_SYNCOBJ_SIGNAL", () => ({ handles: [99] })), -E.ENOENT],
  ["signal a point", call("DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL", (s) => ({ handles: [s.empty], points: [4] })), 0],
  ["signal a point: flags", call("DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL", (s) => ({ handles: [s.empty], points: [4], flags: 1 })), -E.EINVAL],
  ["signal a point: a queue's own", call("DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL", (s) => ({ handles: [s.queues], points: [4] })), -E.EINVAL],
  ["query", call("DRM_IOCTL_SYNCOBJ_QUERY", (s) => ({ handles: [s.empty], points: [], flags: 1 })), 0],
  ["query: unknown flag", call("DRM_IOCTL_SYNCOBJ_QUERY", (s) => ({ handles: [s.empty], points: [], flags: 2 })), -E.EINVAL],
  ["query: no handles", call("DRM_IOCTL_SYNCOBJ_QUERY", () => ({ handles: [], points: [] })), -E.EINVAL],
  ["query: unknown handle", call("DRM_IOCTL_SYNCOBJ_QUERY", () => ({ handles: [99], points: [] })), -E.ENOENT],
  ["transfer", move(), 0],
  ["transfer: to a point", move({ dstPoint: 3 }), 0],
  ["transfer: unknown flag", move({ flags: 1 }), -E.EINVAL],
  ["transfer: pad", move({ pad: 1 }), -E.EINVAL],
  ["transfer: unknown source", move({ src: "bad" }), -E.ENOENT],
  ["transfer: unknown target", move({ dst: "bad" }), -E.ENOENT],
  ["transfer: nothing in the source", move({ src: "empty" }), -E.EINVAL],
  ["transfer: nothing in the source, for 5 s", move({ src: "empty", flags: 2 }), -E.ETIME],
  ["transfer: to a queue's own timeline", move({ dst: "queues", dstPoint: 1 }), -E.EINVAL],
  ["eventfd", event(), 0],
  ["eventfd: unknown flag", event({ flags: 1 }), -E.EINVAL],
  ["eventfd: pad", event({ pad: 1 }), -E.EINVAL],
  ["eventfd: unknown handle", event({ handle: 99 }), -E.ENOENT],
  ["eventfd: another kind of file", event({ fd: "sync" }), -E.EBADF],
  ["eventfd: no descriptor", event({ fd: "bad" }), -E.EBADF],
  ["merge", merge(), 0],
  ["merge: flags", merge({ flags: 1 }), -E.EINVAL],
  ["merge: pad", merge({ pad: 1 }), -E.EINVAL],
  ["merge: no sync file", merge({ fd2: "syncobj" }), -E.ENOENT],
  ["info: too little room", call("SYNC_IOC_FILE_INFO", () => ({ name: "", status: 0, numFences: -1, fences: [], pad: 1 }), (s) => s.fds.sync), -E.EINVAL],
  ["deadline: pad", call("SYNC_IOC_SET_DEADLINE", () => ({ deadlineNs: 5, pad: 1 }), (s) => s.fds.sync), -E.EINVAL],
  ["another request of a sync file", call("DRM_IOCTL_GEM_CLOSE", () => ({ handle: 1 }), (s) => s.fds.sync), -E.ENOTTY],
  ["a dma-buf's fences as a sync file", call("DMA_BUF_IOCTL_EXPORT_SYNC_FILE", () => ({ flags: 1, fd: 0 }), buffer), 0],
  ["a dma-buf's fences: neither reader nor writer", call("DMA_BUF_IOCTL_EXPORT_SYNC_FILE", () => ({ flags: 0, fd: 0 }), buffer), -E.EINVAL],
  ["a dma-buf's fences: unknown flag", call("DMA_BUF_IOCTL_EXPORT_SYNC_FILE", () => ({ flags: 5, fd: 0 }), buffer), -E.EINVAL],
  ["into a dma-buf", take(2), 0],
  ["into a dma-buf: flags", take(4), -E.EINVAL],
  ["into a dma-buf: no sync file", take(1, "syncobj"), -E.EINVAL],
  ["dma-buf access", wait("DMA_BUF_IOCTL_SYNC", () => ({ flags: 3 }), buffer), 0],
  ["dma-buf access: no direction", wait("DMA_BUF_IOCTL_SYNC", () => ({ flags: 4 }), buffer), -E.EINVAL],
  ["dma-buf access: unknown flag", wait("DMA_BUF_IOCTL_SYNC", () => ({ flags: 9 }), buffer), -E.EINVAL],
];

describe("errors of syncobjs, sync files and dma-bufs", () => {
  test.each(table)("%s", (_name, ask, expected) => {
    const s = setup();
    expect(ask(s)).toBe(expected);
    s.rig.kernel.checkInvariants();
  });
});

test("an eventfd is told once, when the point is reached, or with the flag when it has a fence", () => {
  const { rig, node, empty, queue, fds } = setup();
  const other = node.client.sys.eventfd(0, 0);
  node.do("DRM_IOCTL_SYNCOBJ_EVENTFD", { handle: empty, flags: 0, point: 2, fd: fds.event });
  node.do("DRM_IOCTL_SYNCOBJ_EVENTFD", { handle: empty, flags: 4, point: 2, fd: other });
  const ready = (fd: number): number => node.client.drive(node.client.sys.poll([{ fd, events: 1, revents: 0 }], 0));
  node.exec(queue, marker, { signals: [{ syncobj: empty, point: 2 }] });
  expect([ready(fds.event), ready(other)]).toEqual([0, 1]);
  rig.run();
  expect([ready(fds.event), ready(other)]).toEqual([1, 1]);
});

test("poll: a sync file is readable when its fence has signaled, a dma-buf when nobody writes, writable when nobody uses it", () => {
  const { rig, node, queue, empty } = setup();
  node.exec(queue, marker, { signals: [{ syncobj: empty, point: 0 }] });
  const { fd } = node.do("DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD", { handle: empty, flags: 1, fd: 0 });
  const handle = node.gem(65536);
  const buf = node.do("DRM_IOCTL_PRIME_HANDLE_TO_FD", { handle, flags: 0, fd: 0 }).fd;
  expect(node.client.sys.ioctl(buf, "DMA_BUF_IOCTL_IMPORT_SYNC_FILE", { flags: 1, fd })).toBe(0);
  const rows = [{ fd, events: 5, revents: 0 }, { fd: buf, events: 5, revents: 0 }];
  node.client.drive(node.client.sys.poll(rows, 0));
  expect(rows.map((row) => row.revents)).toEqual([0, 1]);
  rows[1] = { fd: buf, events: 4, revents: 0 };
  expect(node.client.drive(node.client.sys.poll(rows, null))).toBeGreaterThan(0);
  rig.run();
  node.client.drive(node.client.sys.poll(rows, 0));
  expect(rows.map((row) => row.revents)).toEqual([1, 4]);
  expect(node.client.sys.readFile("/sys/kernel/debug/dma_buf/bufinfo")).toMatch(/Dma-buf Objects:\n.*\n00065536\t/);
  expect(node.client.sys.readFile("/sys/kernel/debug/sync_file/info")).toContain("signaled");
});
