import fc from "fast-check";
import { expect, test } from "vitest";
import { Errno } from "../../src/kernel/errors.ts";
import { marker, Rig, type Node } from "../kernel/drm/rig.ts";

function setup(): { rig: Rig; node: Node; create: (flags?: number) => number } {
  const rig = new Rig();
  const node = rig.process().open();
  return { rig, node, create: (flags = 0) => node.do("DRM_IOCTL_SYNCOBJ_CREATE", { flags, handle: 0 }).handle };
}

const signal = (node: Node, handles: readonly number[], points: readonly number[]): number => node.raw("DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL", { handles, points });
const query = (node: Node, handle: number): number => node.do("DRM_IOCTL_SYNCOBJ_QUERY", { handles: [handle], points: [] }).points[0]!;

test("invariant 40: a binary syncobj: empty is refused in waits and submits, signaled is not", () => {
  const { node, create } = setup();
  const s = create();
  const { queue } = node.queue(node.context(node.vm()));
  const submit = (): number => node.raw("GLASS_EXEC", node.args(queue, marker, { waits: [{ syncobj: s, point: 0 }] }));
  expect(node.wait([{ syncobj: s, point: 0 }]).result).toBe(-Errno.EINVAL);
  expect(submit()).toBe(-Errno.EINVAL);
  expect(signal(node, [s], [0])).toBe(0);
  expect(node.wait([{ syncobj: s, point: 0 }]).result).toBe(0);
  expect(submit()).toBe(0);
  expect(node.wait([{ syncobj: create(1), point: 0 }]).result).toBe(0);
});

test("invariants 41 and 46: wait any gives a reached point, wait all needs all, and the query is the highest point reached, growing", () => {
  fc.assert(
    fc.property(fc.array(fc.record({ which: fc.nat(2), point: fc.integer({ min: 1, max: 9 }) }), { maxLength: 15 }), fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 3, maxLength: 3 }), (signals, wanted) => {
      const { rig, node, create } = setup();
      const handles = [create(), create(), create()];
      const reached = [0, 0, 0];
      const points = handles.map((syncobj, i) => ({ syncobj, point: wanted[i]! }));
      for (const s of signals) {
        expect(signal(node, [handles[s.which]!], [s.point])).toBe(0);
        reached[s.which] = Math.max(reached[s.which]!, s.point);
        expect(handles.map((h) => query(node, h))).toEqual(reached);
        const met = reached.map((r, i) => r >= wanted[i]!);
        const any = node.wait(points, false, 0).result;
        if (met.includes(true)) expect(met[any]).toBe(true);
        else expect(any).toBe(-Errno.ETIME);
        expect(node.wait(points, true, 0).result).toBe(met.every(Boolean) ? 0 : -Errno.ETIME);
      }
      rig.store.dispose();
    }),
    { seed: 41, numRuns: 100 },
  );
});

test("invariant 42: a past deadline never blocks; expiry is at the deadline and not before", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1_000_000 }), fc.integer({ min: 0, max: 1_000_000 }), (start, deadline) => {
      const { rig, node, create } = setup();
      rig.kernel.events.advance(start);
      const s = create();
      const before = rig.kernel.clock.now;
      node.client.process.main.debt = 0;
      expect(node.wait([{ syncobj: s, point: 1 }], true, deadline).result).toBe(-Errno.ETIME);
      const floor = before + rig.kernel.costs.ioctl;
      if (deadline <= before) expect(rig.kernel.clock.now).toBe(before);
      else expect(rig.kernel.clock.now).toBe(Math.max(deadline, floor));
      rig.store.dispose();
    }),
    { seed: 42, numRuns: 60 },
  );
});

test("invariants 43 and 44: a wait and a sync file hold the fence they began with, whatever the syncobj holds later", () => {
  const { rig, node, create } = setup();
  const q = node.queue(node.context(node.vm()));
  const s = create();
  const point = node.exec(q.queue, marker);
  const arg = { points: [{ syncobj: q.timeline, point }], all: true, deadline: null, error: 0 };
  const wait = node.client.sys.ioctlWait(node.fd, "DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT", arg);
  const first = wait.next("woken");
  expect(first.done).toBe(false);
  node.do("DRM_IOCTL_SYNCOBJ_DESTROY", { handle: q.timeline });
  rig.run();
  expect(wait.next("woken")).toEqual({ done: true, value: 0 });
  signal(node, [s], [0]);
  const { fd } = node.do("DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD", { handle: s, flags: 1, fd: 0 });
  node.raw("DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL", { handles: [s], points: [0], error: -Errno.EIO });
  const other = create();
  node.do("DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE", { fd, flags: 1, handle: other });
  expect(node.wait([{ syncobj: other, point: 0 }])).toEqual({ result: 0, error: 0 });
  expect(node.wait([{ syncobj: s, point: 0 }])).toEqual({ result: 0, error: -Errno.EIO });
});

test("invariant 45: each import is a new handle of the same object", () => {
  const { node, create } = setup();
  const s = create();
  const { fd } = node.do("DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD", { handle: s, flags: 0, fd: 0 });
  const handles = [1, 2, 3].map(() => node.do("DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE", { fd, flags: 0, handle: 0 }).handle);
  expect(new Set([s, ...handles]).size).toBe(4);
  signal(node, [handles[1]!], [5]);
  for (const h of [s, ...handles]) expect(query(node, h)).toBe(5);
});

test("invariant 48: one bad handle in a list, and no syncobj of it changes", () => {
  fc.assert(
    fc.property(fc.nat(3), fc.integer({ min: 1, max: 9 }), (bad, point) => {
      const { rig, node, create } = setup();
      const handles = [create(), create(), create(), create()];
      expect(signal(node, handles.map((h, i) => (i === bad ? 99 : h)), handles.map(() => point))).toBe(-Errno.ENOENT);
      expect(handles.map((h) => query(node, h))).toEqual([0, 0, 0, 0]);
      rig.store.dispose();
    }),
    { seed: 48, numRuns: 20 },
  );
});
