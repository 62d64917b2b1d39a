import { expect, test } from "vitest";
import { Errno } from "../../../src/kernel/errors.ts";
import type { ExecArgs } from "../../../src/kernel/sys/uapi.ts";
import { fakeCode, launch } from "../../gpu/fake-code.ts";
import { copy, fill, marker, Rig, type Node } from "./rig.ts";

const P = 65536;

function setup(): { rig: Rig; node: Node; vm: number; context: number; queue: number; timeline: number } {
  const rig = new Rig();
  const node = rig.process().open();
  const vm = node.vm();
  const context = node.context(vm);
  return { rig, node, vm, context, ...node.queue(context) };
}

test("a launch reads and writes memory of its VM and signals its point", () => {
  const { node, vm, queue, timeline } = setup();
  const b = node.buffer(vm, P);
  const code = fakeCode({ k: { body: (g) => g.store(g.param(0) + 4 * g.block, g.load(g.param(0) + 4 * g.block) + 10 + g.block) } });
  const words = new Uint32Array(b.bytes.buffer, b.bytes.byteOffset, 8);
  words.fill(1);
  const params = [b.address];
  const job = launch(code, "k", 8, 32, params);
  node.exec(queue, job);
  job.params.fill(0);
  node.exec(queue, launch(code, "k", 8, 32, params));
  expect(node.do("GLASS_JOB_STATE", { queue, point: 2, state: "done", error: 0 }).state).toBe("queued");
  expect(node.wait([{ syncobj: timeline, point: 2 }])).toEqual({ result: 0, error: 0 });
  expect([...words]).toEqual([21, 23, 25, 27, 29, 31, 33, 35]);
});

const base = launch(fakeCode({ k: {}, big: { registers: 255 } }), "k", 1, 32);
test.each([
  ["a kernel that is not there", { kernel: "nope" }, Errno.EINVAL],
  ["too many threads", { block: [1025, 1, 1] as const }, Errno.EINVAL],
  ["a dimension too long", { block: [1, 1, 65] as const }, Errno.EINVAL],
  ["no blocks", { grid: [0, 1, 1] as const }, Errno.EINVAL],
  ["half a block", { grid: [1.5, 1, 1] as const }, Errno.EINVAL],
  ["a grid too high", { grid: [1, 65536, 1] as const }, Errno.EINVAL],
  ["too much shared memory", { dynamicSharedBytes: 99 * 1024 + 1 }, Errno.EINVAL],
  ["too many registers for the block", { kernel: "big", block: [1024, 1, 1] as const }, Errno.EINVAL],
  ["a cooperative launch that cannot be resident", { grid: [5, 1, 1] as const, block: [1024, 1, 1] as const, cooperative: true }, Errno.ENOSPC],
])("launch: %s", (_what, change, errno) => {
  const { node, queue } = setup();
  expect(node.raw("GLASS_EXEC", node.args(queue, { ...base, ...change }))).toBe(-errno);
  expect(node.raw("GLASS_EXEC", node.args(queue, base))).toBe(0);
  const cooperative = { ...base, grid: [4, 1, 1] as const, block: [1024, 1, 1] as const, cooperative: true };
  expect(node.raw("GLASS_EXEC", node.args(queue, cooperative))).toBe(0);
});

test.each<[string, (node: Node, queue: number, timeline: number) => Partial<ExecArgs>, number]>([
  ["an unknown queue", () => ({ queue: 99 }), Errno.ENOENT],
  ["a wait on no syncobj", () => ({ waits: [{ syncobj: 99, point: 1 }] }), Errno.ENOENT],
  ["a wait for a job that was not submitted", (_n, _q, timeline) => ({ waits: [{ syncobj: timeline, point: 1 }] }), Errno.EINVAL],
  ["a wait for an empty binary syncobj", (node) => ({ waits: [{ syncobj: node.do("DRM_IOCTL_SYNCOBJ_CREATE", { flags: 0, handle: 0 }).handle, point: 0 }] }), Errno.EINVAL],
  ["too many waits", (_n, _q, timeline) => ({ waits: Array.from({ length: 1025 }, () => ({ syncobj: timeline, point: 1 })) }), Errno.EINVAL],
  ["a misaligned user fence", () => ({ userFence: { address: 2 ** 40 + 1, value: 1, errorValue: 2 } }), Errno.EINVAL],
  ["a user fence nowhere", () => ({ userFence: { address: 4096, value: 1, errorValue: 2 } }), Errno.EFAULT],
  ["time stamps nowhere", () => ({ timestamps: 4096 }), Errno.EFAULT],
  ["misaligned time stamps", () => ({ timestamps: 4 }), Errno.EINVAL],
  ["a fill with a pattern of three bytes", () => ({ job: fill(0, 6, [1, 2, 3]) }), Errno.EINVAL],
  ["a fill of no whole number of patterns", () => ({ job: fill(0, 6, [1, 2, 3, 4]) }), Errno.EINVAL],
  ["a copy with overlapping rows", () => ({ job: { ...copy(0, 0, 100), extent: { width: 100, height: 2, depth: 1 }, dstPitch: 99, srcPitch: 100 } as ExecArgs["job"] }), Errno.EINVAL],
])("exec: %s, and nothing has changed", (_what, change, errno) => {
  const { rig, node, queue, timeline } = setup();
  const args = { ...node.args(queue, marker), ...change(node, queue, timeline) };
  expect(node.raw("GLASS_EXEC", args)).toBe(-errno);
  expect(rig.gpus[0]!.counts.jobs).toBe(0);
  expect(node.exec(queue, marker)).toBe(1);
});

test("a copy queue takes no launches, a compute queue takes copies", () => {
  const { node, context, vm } = setup();
  const q = node.queue(context, { engine: "copy" });
  expect(node.raw("GLASS_EXEC", node.args(q.queue, base))).toBe(-Errno.EINVAL);
  const b = node.buffer(vm, P);
  expect(node.raw("GLASS_EXEC", node.args(q.queue, fill(b.address, 8, [1])))).toBe(0);
});

test("user fence and time stamps are there when the point is, in order", () => {
  const { rig, node, queue, timeline } = setup();
  const at = node.client.malloc(P);
  rig.kernel.events.advance(5_000_000_000);
  node.exec(queue, fill(node.buffer(1, P).address, P, [1]), { userFence: { address: at, value: 7, errorValue: 8 }, timestamps: at + 8 });
  expect(node.client.sys.load32(at)).toBe(0);
  node.wait([{ syncobj: timeline, point: 1 }]);
  expect(node.client.sys.load32(at)).toBe(7);
  const [submit, start, end, queued] = [8, 16, 24, 32].map((o) => node.client.sys.load64(at + o)!);
  expect(queued).toBe(5_000_000_000);
  expect(submit).toBeGreaterThanOrEqual(queued!);
  expect(start).toBeGreaterThanOrEqual(submit!);
  expect(end).toBeGreaterThan(start!);
});

test("a futex waiter on the user fence is woken by the job's end", () => {
  const { node, queue } = setup();
  const at = node.client.malloc(P);
  node.exec(queue, marker, { userFence: { address: at, value: 1, errorValue: 2 } });
  const { sys } = node.client;
  expect(node.client.drive(sys.futexWait(at, 0, null, "the job"))).toBe(0);
  expect(sys.load32(at)).toBe(1);
});

test("a user fence whose memory has gone is let be", () => {
  const { node, queue, timeline } = setup();
  const at = node.client.malloc(P);
  node.exec(queue, marker, { userFence: { address: at, value: 1, errorValue: 2 }, timestamps: at + 8 });
  node.client.sys.munmap(at, P);
  expect(node.wait([{ syncobj: timeline, point: 1 }]).error).toBe(0);
});

test("in-order: each job begins after the one before ended, also over engines", () => {
  const { node, vm, queue, timeline } = setup();
  const b = node.buffer(vm, P);
  const seen: number[] = [];
  const code = fakeCode({ k: { instructions: 1e6, body: (g) => void seen.push(g.load(g.param(0))) } });
  const pattern = (n: number): readonly number[] => [n, 0, 0, 0];
  node.exec(queue, fill(b.address, P, pattern(1)));
  node.exec(queue, launch(code, "k", 1, 32, [b.address]));
  node.exec(queue, fill(b.address, P, pattern(2)));
  node.exec(queue, launch(code, "k", 1, 32, [b.address]));
  node.wait([{ syncobj: timeline, point: 4 }]);
  expect(seen).toEqual([1, 2]);
});

test("copies overlap kernels of another queue", () => {
  const { node, vm, context, queue, timeline } = setup();
  const b = node.buffer(vm, P);
  const other = node.queue(context);
  const at = node.client.malloc(P);
  node.exec(queue, launch(fakeCode({ k: { instructions: 1e8 } }), "k", 4, 1024), { timestamps: at });
  node.exec(other.queue, fill(b.address, P, [1]), { timestamps: at + 32 });
  node.wait([{ syncobj: timeline, point: 1 }, { syncobj: other.timeline, point: 1 }]);
  const time = (o: number): number => node.client.sys.load64(at + o)!;
  expect(time(32 + 8)).toBeLessThan(time(16));
  expect(time(32 + 16)).toBeLessThan(time(16));
});

test("out-of-order: jobs go as their waits are met, points are reached one by one, the query counts without holes", () => {
  const { node, vm, context } = setup();
  const { queue, timeline } = node.queue(context, { order: "out-of-order" });
  const b = node.buffer(vm, 16 * P);
  const long = node.exec(queue, launch(fakeCode({ k: { instructions: 1e8 } }), "k", 4, 1024));
  const short = node.exec(queue, fill(b.address, 8, [1]));
  const after = node.exec(queue, marker, { waits: [{ syncobj: timeline, point: long }] });
  expect(node.wait([{ syncobj: timeline, point: short }]).result).toBe(0);
  expect(node.do("DRM_IOCTL_SYNCOBJ_QUERY", { handles: [timeline], points: [] }).points).toEqual([0]);
  expect(node.do("GLASS_JOB_STATE", { queue, point: short, state: "queued", error: 0 }).state).toBe("done");
  expect(node.do("GLASS_JOB_STATE", { queue, point: long, state: "queued", error: 0 }).state).toBe("running");
  expect(node.do("GLASS_JOB_STATE", { queue, point: after, state: "done", error: 0 }).state).toBe("queued");
  expect(node.raw("GLASS_JOB_STATE", { queue, point: 4, state: "done", error: 0 })).toBe(-Errno.EINVAL);
  node.wait([{ syncobj: timeline, point: after }]);
  expect(node.do("DRM_IOCTL_SYNCOBJ_QUERY", { handles: [timeline], points: [] }).points).toEqual([3]);
});

test("wait for any gives the index of a reached point", () => {
  const { node, context, queue, timeline } = setup();
  const other = node.queue(context);
  node.exec(queue, launch(fakeCode({ k: { instructions: 1e8 } }), "k", 4, 1024));
  node.exec(other.queue, marker);
  expect(node.wait([{ syncobj: timeline, point: 1 }, { syncobj: other.timeline, point: 1 }], false)).toEqual({ result: 1, error: 0 });
  expect(node.wait([{ syncobj: timeline, point: 1 }, { syncobj: other.timeline, point: 1 }], false).result).toBe(1);
});

test("queues: arguments", () => {
  const { node, context } = setup();
  const good = { context, engine: "compute", order: "in-order", priority: 2, level: 0, label: "", queue: 0, timeline: 0 } as const;
  const create = (change: object): number => node.raw("GLASS_EXEC_QUEUE_CREATE", { ...good, ...change });
  expect(create({ context: 99 })).toBe(-Errno.ENOENT);
  expect(create({ priority: 0 })).toBe(-Errno.EACCES);
  expect(create({ priority: 4 })).toBe(-Errno.EINVAL);
  expect(create({ engine: "video" })).toBe(-Errno.EINVAL);
  expect(create({ order: "random" })).toBe(-Errno.EINVAL);
  expect(create({ level: 0.5 })).toBe(-Errno.EINVAL);
  expect(create({})).toBe(0);
  expect(node.raw("GLASS_EXEC_QUEUE_DESTROY", { queue: 99 })).toBe(-Errno.ENOENT);
  expect(node.raw("GLASS_CONTEXT_DESTROY", { context: 99 })).toBe(-Errno.ENOENT);
  expect(node.raw("GLASS_CONTEXT_STATE", { context: 99, fault: null })).toBe(-Errno.ENOENT);
});

test("a destroyed queue finishes its work; its timeline tells", () => {
  const { rig, node, queue, timeline } = setup();
  node.exec(queue, launch(fakeCode({ k: { instructions: 1e6 } }), "k", 4, 1024));
  node.exec(queue, marker);
  node.do("GLASS_EXEC_QUEUE_DESTROY", { queue });
  expect(rig.gpus[0]!.counts.queues).toBe(1);
  expect(node.raw("GLASS_EXEC", node.args(queue, marker))).toBe(-Errno.ENOENT);
  expect(node.wait([{ syncobj: timeline, point: 2 }])).toEqual({ result: 0, error: 0 });
  expect(rig.gpus[0]!.counts.queues).toBe(0);
});

test("device printf arrives once, in order, when the job ends", () => {
  const { node, queue, timeline } = setup();
  const texts: string[] = [];
  const code = fakeCode({ k: { body: (g) => g.hooks.printf(`block ${g.block}\n`) } });
  node.exec(queue, launch(code, "k", 3, 32, [], { stdout: (text) => texts.push(text) }));
  expect(texts).toEqual([]);
  node.wait([{ syncobj: timeline, point: 1 }]);
  expect(texts).toEqual(["block 0\nblock 1\nblock 2\n"]);
});

test("a more urgent queue's launch goes first; level refines the band", () => {
  const { node, context, timeline, queue } = setup();
  const order: string[] = [];
  const code = (label: string): ReturnType<typeof fakeCode> => fakeCode({ k: { instructions: 1e6, body: (g) => void (g.block === 0 && order.push(label)) } });
  node.exec(queue, launch(code("first"), "k", 8, 1024));
  const queues = { low: { priority: 3 }, normal: { priority: 2 }, level: { priority: 2, level: -1 }, high: { priority: 1, level: 5 } } as const;
  const waits = Object.entries(queues).map(([label, options]) => {
    const q = node.queue(context, options);
    return { syncobj: q.timeline, point: node.exec(q.queue, launch(code(label), "k", 4, 1024)) };
  });
  node.wait([...waits, { syncobj: timeline, point: 1 }]);
  expect(order).toEqual(["first", "high", "level", "normal", "low"]);
});

test("occupancy is the hardware's", () => {
  const { node } = setup();
  expect(node.do("GLASS_OCCUPANCY", { threads: 256, sharedBytes: 0, registers: 32, blocks: 0 }).blocks).toBe(8);
  expect(node.raw("GLASS_OCCUPANCY", { threads: 0, sharedBytes: 0, registers: 32, blocks: 0 })).toBe(-Errno.EINVAL);
});
