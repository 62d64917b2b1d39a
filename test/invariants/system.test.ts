import fc from "fast-check";
import { test } from "vitest";
import { expect } from "../expect.ts";
import { seededStrategy, replayStrategy, type Strategy } from "../../src/kernel/choices.ts";
import { Errno } from "../../src/kernel/errors.ts";
import type { KernelOptions } from "../../src/kernel/machine.ts";
import type { TraceEvent } from "../../src/kernel/trace/tracer.ts";
import { fakeCode, launch } from "../gpu/fake-code.ts";
import { copy, fill, marker, Rig, type Node } from "../kernel/drm/rig.ts";

const P = 65536;
const code = fakeCode({ short: { instructions: 5e4 }, long: { instructions: 3e6 }, bad: { instructions: 1e5, body: (g) => g.store(8, 1) } });

const job = fc.record({
  client: fc.nat(2), queue: fc.nat(2), kind: fc.constantFrom("short", "short", "long", "bad", "fill", "copy", "marker"), blocks: fc.integer({ min: 1, max: 12 }),
  wait: fc.option(fc.record({ client: fc.nat(2), queue: fc.nat(2) })), propagate: fc.boolean(), at: fc.nat(20_000),
});

interface Submitted {
  readonly client: number;
  readonly queue: number;
  readonly point: number;
}

/** Three processes with three queues each (in-order, out-of-order, high priority) and a random mix of jobs. */
function play(jobs: readonly (typeof job extends fc.Arbitrary<infer T> ? T : never)[], options: KernelOptions): { rig: Rig; nodes: Node[]; fds: number[]; submitted: Submitted[] } {
  const rig = new Rig({ ...options, trace: true });
  const clients = ["a", "b", "c"].map((name) => rig.process(name));
  const nodes = clients.map((client) => client.open());
  const vms = nodes.map((node) => node.vm());
  const buffers = nodes.map((node, i) => node.buffer(vms[i]!, 2 * P));
  const queues = nodes.map((node, i) => {
    const context = node.context(vms[i]!);
    return [node.queue(context), node.queue(context, { order: "out-of-order" }), node.queue(context, { priority: 1 })];
  });
  const submitted: Submitted[] = [];
  for (const j of jobs) {
    rig.kernel.events.advance(rig.kernel.clock.now + j.at);
    const node = nodes[j.client]!;
    const q = queues[j.client]![j.queue]!;
    const b = buffers[j.client]!.address;
    const work = j.kind === "fill" ? fill(b, P, [1]) : j.kind === "copy" ? copy(b, b + P, P) : j.kind === "marker" ? marker : launch(code, j.kind, j.blocks, 256);
    const target = j.wait === null || j.wait.client !== j.client ? undefined : submitted.filter((s) => s.client === j.client && s.queue === j.wait!.queue).at(-1);
    const waits = target === undefined ? [] : [{ syncobj: queues[j.client]![target.queue]!.timeline, point: target.point }];
    const arg = node.args(q.queue, work, { waits, propagateErrors: j.propagate });
    const result = node.raw("GLASS_EXEC", arg);
    expect([0, -Errno.ECANCELED]).toContain(result);
    if (result === 0) submitted.push({ client: j.client, queue: j.queue, point: arg.point });
  }
  rig.run();
  rig.kernel.checkInvariants();
  return { rig, nodes, fds: nodes.map((n) => n.fd), submitted };
}

const programs = fc.array(job, { minLength: 15, maxLength: 25, size: "max" });

test("invariant 1: two opens of one node share no handle, context, VM, queue or syncobj; dup shares all", () => {
  const client = new Rig().process();
  const [a, b] = [client.open(), client.open()];
  const handle = a.gem(P);
  const vm = a.vm();
  const context = a.context(vm);
  const q = a.queue(context);
  const bad = [
    b.raw("GLASS_GEM_MMAP_OFFSET", { handle, offset: 0 }),
    b.raw("GLASS_VM_BIND", { vm, op: "unmap", handle: 0, offset: 0, address: client.process.mm.gpuWindow.start, size: P, flags: 0 }),
    b.raw("GLASS_CONTEXT_STATE", { context, fault: null }),
    b.raw("GLASS_EXEC", b.args(q.queue, marker)),
    b.raw("DRM_IOCTL_SYNCOBJ_QUERY", { handles: [q.timeline], points: [] }),
  ];
  expect(bad).toEqual(bad.map(() => -Errno.ENOENT));
  const twin = client.sys.dup(a.fd);
  expect(client.sys.ioctl(twin, "GLASS_GEM_MMAP_OFFSET", { handle, offset: 0 })).toBe(0);
  expect(client.sys.ioctl(twin, "GLASS_EXEC", a.args(q.queue, marker))).toBe(0);
});

test("invariant 3: what a render node refuses changes nothing", () => {
  const rig = new Rig();
  const node = rig.process().open(0, "render");
  const handle = node.gem(P);
  const arg = { handle, name: 0 };
  expect(node.raw("DRM_IOCTL_GEM_FLINK", arg)).toBe(-Errno.EACCES);
  expect([arg.name, rig.gpus[0]!.names.size]).toEqual([0, 0]);
});

test("invariant 5: requests that fail leave everything as it was", () => {
  const number = fc.constantFrom(0, 1, 2, 3, 99, -1, 0.5, P, P + 1, 2 ** 40, Number.NaN);
  const request = fc.oneof(
    fc.record({ request: fc.constant("DRM_IOCTL_GEM_CLOSE" as const), arg: fc.record({ handle: number }) }),
    fc.record({ request: fc.constant("GLASS_GEM_CREATE" as const), arg: fc.record({ size: number, placement: fc.constantFrom("vram" as const, "system" as const), label: fc.constant(""), handle: fc.constant(0) }) }),
    fc.record({ request: fc.constant("GLASS_VM_BIND" as const), arg: fc.record({ vm: number, op: fc.constantFrom("map" as const, "map-userptr" as const, "unmap" as const), handle: number, offset: number, address: number, size: number, flags: number }) }),
    fc.record({ request: fc.constant("GLASS_CONTEXT_CREATE" as const), arg: fc.record({ vm: number, notifier: number, label: fc.constant(""), context: fc.constant(0) }) }),
    fc.record({ request: fc.constant("DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL" as const), arg: fc.record({ handles: fc.array(number, { maxLength: 3 }), points: fc.array(number, { maxLength: 3 }) }) }),
    fc.record({ request: fc.constant("DRM_IOCTL_PRIME_HANDLE_TO_FD" as const), arg: fc.record({ handle: number, flags: number, fd: fc.constant(0) }) }),
    fc.record({ request: fc.constant("DRM_IOCTL_PRIME_FD_TO_HANDLE" as const), arg: fc.record({ fd: number, handle: fc.constant(0) }) }),
  );
  fc.assert(
    fc.property(fc.array(request, { maxLength: 20 }), (requests) => {
      const rig = new Rig();
      const node = rig.process().open();
      const vm = node.vm();
      node.buffer(vm, P);
      node.do("DRM_IOCTL_SYNCOBJ_CREATE", { flags: 0, handle: 0 });
      node.context(vm);
      const state = (): string => JSON.stringify([rig.kernel.objectCounts(), node.client.sys.readFile("/sys/kernel/debug/dri/0/gem_info"), node.client.sys.readFile("/sys/kernel/debug/dri/0/vm_info"), [...node.client.process.files.entries()].map(([fd]) => fd)]);
      for (const { request: name, arg } of requests) {
        const before = state();
        const given = JSON.stringify(arg);
        if (node.raw(name, arg as never) >= 0) continue;
        expect(state()).toBe(before);
        expect(JSON.stringify(arg)).toBe(given);
        rig.kernel.checkInvariants();
      }
      rig.store.dispose();
    }),
    { seed: 5, numRuns: 60 },
  );
});

test("invariant 62: a job is thrown off when it has run for its timeout, and not when it ends just before", () => {
  const time = (instructions: number): { error: number; took: number } => {
    const rig = new Rig({ hangPatience: Infinity });
    const node = rig.process().open();
    const q = node.queue(node.context(node.vm()));
    const at = node.client.malloc(P);
    node.exec(q.queue, launch(fakeCode({ k: { instructions } }), "k", 1, 4), { timestamps: at });
    const { error } = node.wait([{ syncobj: q.timeline, point: 1 }]);
    return { error, took: node.client.sys.load64(at + 16)! - node.client.sys.load64(at + 8)! };
  };
  // One instruction a nanosecond.
  expect(time(1.99e9).error).toBe(0);
  const late = time(2.05e9);
  expect(late.error).toBe(-Errno.ETIME);
  expect(late.took).toBeGreaterThanOrEqual(2e9 - 3000);
}, 20_000);

test("invariant 63: after a timeout innocent contexts' jobs go on, and every fence signals", () => {
  const rig = new Rig();
  const nodes = [rig.process("guilty").open(), rig.process("innocent").open()];
  const queues = nodes.map((node) => node.queue(node.context(node.vm())));
  nodes[0]!.exec(queues[0]!.queue, launch(fakeCode({ k: { stalled: () => true } }), "k", 4, 1024));
  nodes[0]!.exec(queues[0]!.queue, marker);
  for (let i = 0; i < 3; i++) nodes[1]!.exec(queues[1]!.queue, launch(code, "long", 4, 1024));
  rig.run();
  expect(nodes[1]!.wait([{ syncobj: queues[1]!.timeline, point: 3 }], true, 0)).toEqual({ result: 0, error: 0 });
  expect(nodes[0]!.wait([{ syncobj: queues[0]!.timeline, point: 2 }], true, 0)).toEqual({ result: 0, error: -Errno.ECANCELED });
  expect(rig.kernel.objectCounts()[nodes[0]!.device.name]!["jobs"]).toBe(0);
});

test("invariant 110: the same program and decisions give the same trace, also replayed", () => {
  const lines = (rig: Rig): string => JSON.stringify(rig.kernel.trace.events());
  fc.assert(
    fc.property(programs, fc.nat(), (jobs, seed) => {
      const strategy = (): Strategy => seededStrategy(seed);
      const first = play(jobs, { strategy: strategy() }).rig;
      expect(lines(play(jobs, { strategy: strategy() }).rig)).toBe(lines(first));
      expect(lines(play(jobs, { strategy: replayStrategy(first.kernel.choices.replay()) }).rig)).toBe(lines(first));
    }),
    { seed: 110, numRuns: 60 },
  );
});

const fenceOf = (event: TraceEvent): string => String(event.fields["fence"]);

test("invariant 112: queue before run before done for each job, and dependencies name fences that exist", () => {
  fc.assert(
    fc.property(programs, fc.option(fc.nat()), fc.constantFrom("timed" as const, "any" as const), (jobs, seed, order) => {
      const { rig, submitted } = play(jobs, { order, ...(seed === null ? {} : { strategy: seededStrategy(seed) }) });
      const at = new Map<string, number[]>();
      const queued = new Set<string>();
      for (const event of rig.kernel.trace.events()) {
        const [system, name] = event.name.split(":");
        if (system !== "gpu_scheduler") continue;
        const place = ["drm_sched_job_queue", "drm_sched_job_run", "drm_sched_job_done"].indexOf(name!);
        if (place === 0) queued.add(fenceOf(event));
        if (place >= 0) (at.get(fenceOf(event)) ?? at.set(fenceOf(event), []).get(fenceOf(event))!).push(place);
        else expect(queued.has(String(event.fields["dependency"]))).toBe(true);
      }
      expect(at.size).toBe(submitted.length);
      for (const places of at.values()) expect(places).toEqual([0, 1, 2]);
      rig.store.dispose();
    }),
    { seed: 112, numRuns: 120 },
  );
});

test("invariant 111: fdinfo's engine time is the sum over the client's jobs, and fits into the time that passed", () => {
  let traced = 0;
  fc.assert(
    fc.property(programs, (jobs) => {
      const { rig, nodes, fds } = play(jobs, {});
      const { profile } = rig.gpus[0]!.gpu;
      let compute = 0;
      let copies = 0;
      nodes.forEach((node, i) => {
        const text = node.client.sys.readFile(`/proc/self/fdinfo/${fds[i]!}`) as string;
        compute += Number(/drm-engine-compute:\t(\d+) ns/.exec(text)![1]);
        copies += Number(/drm-engine-copy:\t(\d+) ns/.exec(text)![1]);
      });
      // The sum over the jobs that the trace shows, from `scheduled` to `finished`.
      const begun = new Map<string, { at: number; ring: string }>();
      const sums: Record<string, number> = { compute: 0, copy: 0, marker: 0 };
      for (const e of rig.kernel.trace.events()) {
        if (e.name === "gpu_scheduler:drm_sched_job_run") begun.set(fenceOf(e), { at: e.time, ring: String(e.fields["ring"]) });
        if (e.name !== "gpu_scheduler:drm_sched_job_done") continue;
        const job = begun.get(fenceOf(e));
        if (job !== undefined) sums[job.ring]! += e.time - job.at;
      }
      expect([compute, copies]).toEqual([sums["compute"], sums["copy"]]);
      traced += rig.kernel.trace.events().length;
      expect(compute).toBeLessThanOrEqual(rig.kernel.clock.now * profile.limits.maxConcurrentKernels);
      expect(copies).toBeLessThanOrEqual(rig.kernel.clock.now * profile.copyEngines);
      rig.store.dispose();
    }),
    { seed: 111, numRuns: 80 },
  );
  expect(traced).toBeGreaterThan(10_000);
});

test("every order of equally urgent jobs leaves the same memory when the program orders what matters", () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const rig = new Rig({ strategy: seededStrategy(seed), order: "any" });
      const node = rig.process().open();
      const vm = node.vm();
      const b = node.buffer(vm, 4 * P);
      const context = node.context(vm);
      const q = node.queue(context, { order: "out-of-order" });
      const points = [0, 1, 2, 3].map((i) => node.exec(q.queue, fill(b.address + i * P, P, [i + 1])));
      const last = node.exec(q.queue, copy(b.address, b.address + P, P), { waits: points.map((point) => ({ syncobj: q.timeline, point })) });
      expect(node.wait([{ syncobj: q.timeline, point: last }]).result).toBe(0);
      expect([0, 1, 2, 3].map((i) => b.bytes[i * P])).toEqual([2, 2, 3, 4]);
      rig.store.dispose();
    }),
    { seed: 7, numRuns: 30 },
  );
});
