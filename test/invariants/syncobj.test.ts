import fc from "fast-check";
import { test } from "vitest";
import { expect } from "../expect.ts";
import { Errno } from "../../src/kernel/errors.ts";
import { SYNCOBJ_QUERY_LAST_SUBMITTED, SYNCOBJ_WAIT_ALL, SYNCOBJ_WAIT_AVAILABLE, SYNCOBJ_WAIT_FOR_SUBMIT } from "../../src/kernel/sys/sync-uapi.ts";
import { marker, Rig, type Node } from "../kernel/drm/rig.ts";

function setup(): { rig: Rig; node: Node; create: (flags?: number) => number } {
  const rig = new Rig();
  const node = rig.process().open();
  return { rig, node, create: (flags = 0) => node.do("DRM_IOCTL_SYNCOBJ_CREATE", { flags, handle: 0 }).handle };
}

const signal = (node: Node, handles: readonly number[], points: readonly number[]): number => node.raw("DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL", { handles, points });
const query = (node: Node, handle: number, flags = 0): number => node.do("DRM_IOCTL_SYNCOBJ_QUERY", { handles: [handle], points: [], flags }).points[0]!;

/** DRM_IOCTL_SYNCOBJ_WAIT to its end. */
function waitBinary(node: Node, handles: readonly number[], flags: number, timeoutNs: number): { result: number; first: number } {
  const arg = { handles, timeoutNs, flags, firstSignaled: -1 };
  const result = node.client.drive(node.client.sys.ioctlWait(node.fd, "DRM_IOCTL_SYNCOBJ_WAIT", arg));
  return { result, first: arg.firstSignaled };
}

const step = fc.record({
  kind: fc.constantFrom("signal", "reset", "job", "point", "pointJob", "transfer", "export", "import", "share", "bad", "pass", "wait"),
  who: fc.nat(1), a: fc.nat(3), b: fc.nat(3), point: fc.integer({ min: 1, max: 40 }), ns: fc.nat(1500), all: fc.boolean(),
});

/** What a syncobj should hold: its binary fence, and its timeline's points with theirs. A fence here is a promise with a time, or none yet. */
interface Promise_ {
  done: boolean;
}
interface Model {
  binary: Promise_ | null;
  nodes: { point: number; fence: Promise_ }[];
  last: number;
}

const reached = (m: Model): number => {
  let at = 0;
  for (const node of m.nodes) {
    if (!node.fence.done) break;
    at = Math.max(at, node.point);
  }
  return at;
};

test("invariants 40, 41, 44, 45, 46 and 48: two processes' syncobjs against a plain model", () => {
  let steps = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 180, maxLength: 220, size: "max" }), (program) => {
      const rig = new Rig();
      const nodes = ["a", "b"].map((name) => rig.process(name).open());
      // Four objects, each with a handle in both files.
      const models: Model[] = Array.from({ length: 4 }, () => ({ binary: null, nodes: [], last: 0 }));
      const handles: number[][] = [[], []];
      for (let i = 0; i < 4; i++) {
        handles[0]!.push(nodes[0]!.do("DRM_IOCTL_SYNCOBJ_CREATE", { flags: 0, handle: 0 }).handle);
        const { fd } = nodes[0]!.do("DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD", { handle: handles[0]![i]!, flags: 0, fd: 0 });
        const theirs = nodes[1]!.client.process.files.install(nodes[0]!.client.process.files.get(fd)!.get(), true);
        handles[1]!.push(nodes[1]!.do("DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE", { fd: theirs, flags: 0, handle: 0 }).handle);
      }
      const queues = nodes.map((node) => node.queue(node.context(node.vm())));
      const jobs: { point: number; who: number; promise: Promise_ }[] = [];
      const files: { fd: number; who: number; promise: Promise_ }[] = [];
      const settle = (): void => {
        for (const job of jobs) job.promise.done ||= query(nodes[job.who]!, queues[job.who]!.timeline) >= job.point;
      };
      /** The fence that counts at point 0. */
      const binaryOf = (m: Model): Promise_ | null => m.binary ?? (m.nodes.some((n) => !n.fence.done) ? { done: false } : null);
      const put = (m: Model, point: number, fence: Promise_): void => {
        // A point out of order only holds up what comes after it.
        m.nodes.push({ point: Math.max(point, m.last), fence });
        m.last = Math.max(point, m.last);
      };
      for (const s of program) {
        steps++;
        const node = nodes[s.who]!;
        const mine = handles[s.who]!;
        const m = models[s.a]!;
        const submit = (point: number): Promise_ => {
          const promise = { done: false };
          const arg = node.args(queues[s.who]!.queue, marker, { signals: [{ syncobj: mine[s.a]!, point }] });
          expect(node.raw("GLASS_EXEC", arg)).toBe(0);
          jobs.push({ point: arg.point, who: s.who, promise });
          return promise;
        };
        settle();
        switch (s.kind) {
          case "signal":
            node.do("DRM_IOCTL_SYNCOBJ_SIGNAL", { handles: [mine[s.a]!] });
            m.binary = { done: true };
            break;
          case "reset":
            node.do("DRM_IOCTL_SYNCOBJ_RESET", { handles: [mine[s.a]!] });
            m.binary = null;
            break;
          case "job":
            m.binary = submit(0);
            break;
          case "point":
            if (s.point > m.last) put(m, s.point, { done: true });
            expect(signal(node, [mine[s.a]!], [s.point])).toBe(0);
            break;
          case "pointJob":
            put(m, s.point, submit(s.point));
            break;
          case "transfer": {
            const from = binaryOf(m);
            // A chain's tail: what it stands for is not modelled further.
            if (from !== null && m.binary === null) break;
            const arg = { srcHandle: mine[s.a]!, dstHandle: mine[s.b]!, srcPoint: 0, dstPoint: 0, flags: 0 };
            const result = node.client.drive(node.client.sys.ioctlWait(node.fd, "DRM_IOCTL_SYNCOBJ_TRANSFER", arg));
            expect(result).toBe(from === null ? -Errno.EINVAL : 0);
            if (from !== null) models[s.b]!.binary = m.binary;
            break;
          }
          case "export": {
            const arg = { handle: mine[s.a]!, flags: 1, fd: 0 };
            const result = node.raw("DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD", arg);
            expect(result).toBe(binaryOf(m) === null ? -Errno.EINVAL : 0);
            if (result === 0 && (m.binary === null || files.length > 400)) node.client.sys.close(arg.fd);
            else if (result === 0) files.push({ fd: arg.fd, who: s.who, promise: m.binary! });
            break;
          }
          case "import": {
            const file = files.findLast((f) => f.who === s.who);
            if (file === undefined) break;
            node.do("DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE", { fd: file.fd, flags: 1, handle: mine[s.a]! });
            m.binary = file.promise;
            break;
          }
          case "share": {
            const { fd } = node.do("DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD", { handle: mine[s.a]!, flags: 0, fd: 0 });
            const again = node.do("DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE", { fd, flags: 0, handle: 0 }).handle;
            expect(mine).not.toContain(again);
            expect(query(node, again)).toBe(reached(m));
            node.do("DRM_IOCTL_SYNCOBJ_DESTROY", { handle: again });
            node.client.sys.close(fd);
            break;
          }
          case "bad": {
            const list = [mine[s.a]!, mine[s.b]!, 999];
            const results = [node.raw("DRM_IOCTL_SYNCOBJ_RESET", { handles: list }), node.raw("DRM_IOCTL_SYNCOBJ_SIGNAL", { handles: list }), signal(node, list, [s.point, s.point, s.point])];
            expect(results).toEqual([-Errno.ENOENT, -Errno.ENOENT, -Errno.ENOENT]);
            break;
          }
          case "pass":
            rig.kernel.events.advance(rig.kernel.clock.now + s.ns);
            settle();
            break;
          case "wait": {
            const pair = s.a === s.b ? [s.a] : [s.a, s.b];
            const wanted = pair.map((i) => binaryOf(models[i]!));
            const { result, first } = waitBinary(node, pair.map((i) => mine[i]!), s.all ? SYNCOBJ_WAIT_ALL : 0, 0);
            if (wanted.includes(null)) expect(result).toBe(-Errno.EINVAL);
            else if (s.all ? wanted.every((w) => w!.done) : wanted.some((w) => w!.done)) expect(result).toBe(0);
            else expect(result).toBe(-Errno.ETIME);
            if (result === 0 && !s.all) expect(wanted[first]!.done).toBe(true);
          }
        }
        settle();
        for (let i = 0; i < 4; i++) {
          const [now, last] = [query(node, mine[i]!), query(node, mine[i]!, SYNCOBJ_QUERY_LAST_SUBMITTED)];
          if (now !== reached(models[i]!) || last !== models[i]!.last) expect([now, last]).toEqual([reached(models[i]!), models[i]!.last]);
        }
        for (const file of files.slice(-3)) {
          const info = { name: "", status: 0, numFences: 0, fences: [] };
          expect(nodes[file.who]!.client.sys.ioctl(file.fd, "SYNC_IOC_FILE_INFO", info)).toBe(0);
          expect(info.status).toBe(file.promise.done ? 1 : 0);
        }
        if (steps % 32 === 0) rig.kernel.checkInvariants();
      }
      rig.run();
      rig.kernel.checkInvariants();
      rig.store.dispose();
    }),
    { seed: 40, numRuns: 60, endOnFailure: true },
  );
  expect(steps).toBeGreaterThan(10_000);
});

test("invariant 40: a binary syncobj: empty is refused in waits and submits, signaled is not, reset is again", () => {
  const { node, create } = setup();
  const s = create();
  const { queue } = node.queue(node.context(node.vm()));
  const submit = (): number => node.raw("GLASS_EXEC", node.args(queue, marker, { waits: [{ syncobj: s, point: 0 }] }));
  expect(node.wait([{ syncobj: s, point: 0 }]).result).toBe(-Errno.EINVAL);
  expect([waitBinary(node, [s], 0, 0).result, submit()]).toEqual([-Errno.EINVAL, -Errno.EINVAL]);
  node.do("DRM_IOCTL_SYNCOBJ_SIGNAL", { handles: [s] });
  expect([waitBinary(node, [s], 0, 0).result, submit()]).toEqual([0, 0]);
  node.do("DRM_IOCTL_SYNCOBJ_RESET", { handles: [s] });
  expect([waitBinary(node, [s], 0, 0).result, submit()]).toEqual([-Errno.EINVAL, -Errno.EINVAL]);
  expect(waitBinary(node, [s], SYNCOBJ_WAIT_FOR_SUBMIT, 0).result).toBe(-Errno.ETIME);
  expect(waitBinary(node, [create(1)], 0, 0).result).toBe(0);
});

test("invariants 41 and 46: wait any gives a reached point, wait all needs all, and the query is the highest point reached, growing", () => {
  let steps = 0;
  fc.assert(
    fc.property(fc.array(fc.record({ which: fc.nat(2), point: fc.integer({ min: 1, max: 90 }) }), { minLength: 100, maxLength: 120, size: "max" }), fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 3, maxLength: 3 }), (signals, wanted) => {
      const { rig, node, create } = setup();
      const handles = [create(), create(), create()];
      const high = [0, 0, 0];
      const points = handles.map((syncobj, i) => ({ syncobj, point: wanted[i]! }));
      for (const s of signals) {
        steps++;
        expect(signal(node, [handles[s.which]!], [s.point])).toBe(0);
        high[s.which] = Math.max(high[s.which]!, s.point);
        expect(handles.map((h) => query(node, h))).toEqual(high);
        const met = high.map((r, i) => r >= wanted[i]!);
        const any = node.wait(points, false, 0).result;
        if (met.includes(true)) expect(met[any]).toBe(true);
        else expect(any).toBe(-Errno.ETIME);
        expect(node.wait(points, true, 0).result).toBe(met.every(Boolean) ? 0 : -Errno.ETIME);
      }
      rig.store.dispose();
    }),
    { seed: 41, numRuns: 105 },
  );
  expect(steps).toBeGreaterThan(10_000);
});

test("invariant 42: a past deadline never blocks; expiry is at the deadline and not before", () => {
  let steps = 0;
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(10_000), fc.nat(20_000), fc.boolean()), { minLength: 200, maxLength: 220, size: "max" }), (waits) => {
      const { rig, node, create } = setup();
      const s = create();
      for (const [pass, ahead, binary] of waits) {
        steps++;
        rig.kernel.events.advance(rig.kernel.clock.now + pass);
        const deadline = Math.max(0, rig.kernel.clock.now + ahead - 5000);
        const before = rig.kernel.clock.now;
        node.client.process.main.debt = 0;
        const result = binary ? waitBinary(node, [s], SYNCOBJ_WAIT_FOR_SUBMIT, deadline).result : node.wait([{ syncobj: s, point: 1 }], true, deadline).result;
        expect(result).toBe(-Errno.ETIME);
        if (deadline <= before) expect(rig.kernel.clock.now).toBe(before);
        else expect(rig.kernel.clock.now).toBe(Math.max(deadline, before + rig.kernel.costs.ioctl));
      }
      rig.store.dispose();
    }),
    { seed: 42, numRuns: 52 },
  );
  expect(steps).toBeGreaterThan(10_000);
});

test("invariants 43 and 44: a wait and a sync file hold the fence they began with, whatever the syncobj holds later", () => {
  let steps = 0;
  fc.assert(
    fc.property(fc.array(fc.constantFrom("reset", "signal", "job", "destroy"), { minLength: 200, maxLength: 220, size: "max" }), (changes) => {
      const { rig, node, create } = setup();
      const q = node.queue(node.context(node.vm()));
      for (const change of changes) {
        steps++;
        const s = create();
        node.exec(q.queue, marker, { signals: [{ syncobj: s, point: 0 }] });
        const { fd } = node.do("DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD", { handle: s, flags: 1, fd: 0 });
        const wait = node.client.sys.ioctlWait(node.fd, "DRM_IOCTL_SYNCOBJ_WAIT", { handles: [s], timeoutNs: Infinity, flags: 0, firstSignaled: -1 });
        expect(wait.next("woken").done).toBe(false);
        if (change === "reset") node.do("DRM_IOCTL_SYNCOBJ_RESET", { handles: [s] });
        else if (change === "signal") node.do("DRM_IOCTL_SYNCOBJ_SIGNAL", { handles: [s] });
        else if (change === "job") node.exec(q.queue, marker, { signals: [{ syncobj: s, point: 0 }] });
        else node.do("DRM_IOCTL_SYNCOBJ_DESTROY", { handle: s });
        const status = (): number => {
          const info = { name: "", status: -1, numFences: 0, fences: [] };
          node.client.sys.ioctl(fd, "SYNC_IOC_FILE_INFO", info);
          return info.status;
        };
        expect(status()).toBe(0);
        expect(wait.next("woken").done).toBe(false);
        rig.run();
        expect(status()).toBe(1);
        expect(wait.next("woken")).toEqual({ done: true, value: 0 });
        node.client.sys.close(fd);
      }
      rig.store.dispose();
    }),
    { seed: 43, numRuns: 52, endOnFailure: true },
  );
  expect(steps).toBeGreaterThan(10_000);
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

test("invariant 47: a transfer keeps the time at which the source's fence signaled", () => {
  let steps = 0;
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(5000), fc.nat(5000), fc.boolean(), fc.nat(1)), { minLength: 200, maxLength: 220, size: "max" }), (transfers) => {
      const { rig, node, create } = setup();
      const q = node.queue(node.context(node.vm()));
      let point = 0;
      const timeline = create();
      for (const [before, after, late, toTimeline] of transfers) {
        steps++;
        const [from, to] = [create(), create()];
        rig.kernel.events.advance(rig.kernel.clock.now + before);
        node.exec(q.queue, marker, { signals: [{ syncobj: from, point: 0 }] });
        const done = (): number => {
          rig.run();
          return rig.kernel.clock.now;
        };
        let signaled = late ? done() : 0;
        if (late) rig.kernel.events.advance(rig.kernel.clock.now + after);
        const dstPoint = toTimeline === 1 ? ++point : 0;
        const dstHandle = toTimeline === 1 ? timeline : to;
        expect(node.client.drive(node.client.sys.ioctlWait(node.fd, "DRM_IOCTL_SYNCOBJ_TRANSFER", { srcHandle: from, dstHandle, srcPoint: 0, dstPoint, flags: 0 }))).toBe(0);
        let times: readonly number[] = [];
        if (dstPoint === 0 || !late) {
          const { fd } = node.do("DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD", { handle: dstHandle, flags: dstPoint === 0 ? 1 : 3, fd: 0, point: dstPoint });
          if (!late) signaled = done();
          const info = { name: "", status: 0, numFences: 8, fences: [] as readonly { timestampNs: number }[] };
          expect(node.client.sys.ioctl(fd, "SYNC_IOC_FILE_INFO", info as never)).toBe(0);
          times = info.fences.map((f) => f.timestampNs);
          node.client.sys.close(fd);
          expect(times.at(-1)).toBe(signaled);
        }
        node.do("DRM_IOCTL_SYNCOBJ_DESTROY", { handle: from });
        node.do("DRM_IOCTL_SYNCOBJ_DESTROY", { handle: to });
      }
      expect(query(node, timeline)).toBe(point);
      rig.store.dispose();
    }),
    { seed: 47, numRuns: 52, endOnFailure: true },
  );
  expect(steps).toBeGreaterThan(10_000);
});

test("invariant 48: one bad handle in a list, and no syncobj of it changes", () => {
  fc.assert(
    fc.property(fc.nat(3), fc.integer({ min: 1, max: 9 }), (bad, point) => {
      const { rig, node, create } = setup();
      const handles = [create(1), create(1), create(1), create(1)];
      const broken = handles.map((h, i) => (i === bad ? 99 : h));
      expect(signal(node, broken, handles.map(() => point))).toBe(-Errno.ENOENT);
      expect(node.raw("DRM_IOCTL_SYNCOBJ_RESET", { handles: broken })).toBe(-Errno.ENOENT);
      expect(handles.map((h) => query(node, h))).toEqual([0, 0, 0, 0]);
      expect(handles.map((h) => waitBinary(node, [h], 0, 0).result)).toEqual([0, 0, 0, 0]);
      rig.store.dispose();
    }),
    { seed: 48, numRuns: 100 },
  );
});

test("a wait for availability ends when there is a fence; one for submission when that has signaled", () => {
  const { rig, node, create } = setup();
  const q = node.queue(node.context(node.vm()));
  const s = create();
  const arg = (flags: number) => ({ points: [{ syncobj: s, point: 5 }], all: true, deadline: 1e12, error: 0, flags, firstSignaled: -1 });
  const begin = (flags: number) => node.client.sys.ioctlWait(node.fd, "DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT", arg(flags));
  expect(node.client.drive(begin(0))).toBe(-Errno.EINVAL);
  const [available, submitted] = [begin(SYNCOBJ_WAIT_AVAILABLE), begin(SYNCOBJ_WAIT_FOR_SUBMIT)];
  expect([available.next("woken").done, submitted.next("woken").done]).toEqual([false, false]);
  node.exec(q.queue, marker, { signals: [{ syncobj: s, point: 5 }] });
  expect(available.next("woken")).toEqual({ done: true, value: 0 });
  expect(submitted.next("woken").done).toBe(false);
  rig.run();
  expect(submitted.next("woken")).toEqual({ done: true, value: 0 });
});
