import fc from "fast-check";
import { test } from "vitest";
import { expect } from "../expect.ts";
import { seededStrategy } from "../../src/kernel/choices.ts";
import { Errno } from "../../src/kernel/errors.ts";
import type { ResetOutcome } from "../../src/kernel/drm/recovery/options.ts";
import { LOST_BYTE } from "../../src/kernel/drm/recovery/vram.ts";
import type { ResetStatus } from "../../src/kernel/sys/uapi.ts";
import { fakeCode, launch } from "../gpu/fake-code.ts";
import { copy, marker, Rig, type Node } from "../kernel/drm/rig.ts";

const P = 65536;
const code = fakeCode({ short: { instructions: 5e4 }, long: { instructions: 3e6 }, hang: { stalled: () => true } });

interface Side {
  readonly node: Node;
  readonly vm: number;
  readonly bytes: Uint8Array;
  readonly address: number;
  context: number;
  queues: { queue: number; timeline: number }[];
}

function sidesOf(rig: Rig): Side[] {
  return ["a", "b", "c"].map((name) => {
    const node = rig.process(name).open();
    const vm = node.vm();
    const { address, bytes } = node.buffer(vm, 2 * P);
    const context = node.context(vm);
    return { node, vm, bytes, address, context, queues: [node.queue(context), node.queue(context)] };
  });
}

function statusOf(side: Side): { status: ResetStatus; hangs: number; adapterResets: number; engineResets: number; vramLost: boolean; wedged: boolean } {
  const arg = { context: side.context, status: "none" as ResetStatus, hangs: 0, engineResets: 0, adapterResets: 0, vramLost: false, wedged: false };
  expect(side.node.raw("GLASS_RESET_STATUS", arg)).toBe(0);
  return arg;
}

const step = fc.record({ kind: fc.constantFrom("short", "short", "long", "copy", "marker", "hang", "reset", "pass", "renew", "look"), who: fc.nat(2), queue: fc.nat(1), ns: fc.nat(400_000) });
const options = fc.record({
  engineReset: fc.constantFrom<ResetOutcome>("works", "works", "fails", "choice"), adapterReset: fc.constantFrom<ResetOutcome>("works", "works", "works", "choice"),
  vram: fc.constantFrom<"kept" | "lost">("kept", "kept", "lost"), banAfter: fc.integer({ min: 1, max: 3 }), timeoutNs: fc.constantFrom(Infinity, Infinity, 5_000_000), policy: fc.constantFrom("fifo" as const, "rr" as const, "fair" as const),
});

test("invariants 62 and 63: whatever hangs and is reset, every fence signals, innocent work under a working engine reset is untouched, and no context is banned without cause", () => {
  let steps = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 50, maxLength: 80, size: "max" }), options, fc.nat(), (program, { timeoutNs, policy, ...recovery }, seed) => {
      const rig = new Rig({ strategy: seededStrategy(seed), recovery, scheduler: { policy, ...(timeoutNs === Infinity ? {} : { timeoutNs }) } });
      const sides = sidesOf(rig);
      const device = rig.gpus[0]!;
      const jobs: { side: Side; timeline: number; point: number; hang: boolean }[] = [];
      let resets = 0;
      for (const s of program) {
        steps++;
        const side = sides[s.who]!;
        const q = side.queues[s.queue]!;
        if (s.kind === "pass") {
          rig.kernel.events.advance(rig.kernel.clock.now + s.ns);
        } else if (s.kind === "reset") {
          if (s.ns % 8 !== 0) continue;
          resets++;
          const text = side.node.client.sys.readFile("/sys/kernel/debug/dri/0/gpu_recover");
          expect(text).toBe(device.recovery.wedged ? `${-Errno.ENODEV}\n` : "0\n");
        } else if (s.kind === "look") {
          const status = statusOf(side);
          const { fault } = side.node.do("GLASS_CONTEXT_STATE", { context: side.context, fault: null });
          expect(fault === null).toBe(status.status === "none" || (status.status === "guilty" && status.hangs < recovery.banAfter));
          expect(status.wedged).toBe(device.recovery.wedged);
        } else if (s.kind === "renew") {
          if (statusOf(side).status === "none") continue;
          const arg = { vm: side.vm, notifier: 0, label: "again", context: 0 };
          const result = side.node.raw("GLASS_CONTEXT_CREATE", arg);
          expect(result).toBe(device.recovery.wedged ? -Errno.ENODEV : 0);
          if (result < 0) continue;
          side.context = arg.context;
          side.queues = [side.node.queue(arg.context), side.node.queue(arg.context)];
        } else {
          if (s.kind === "hang" && s.ns % 4 !== 0) continue;
          const work = s.kind === "copy" ? copy(side.address + P, side.address, P) : s.kind === "marker" ? marker : launch(code, s.kind, 4, 256);
          const arg = side.node.args(q.queue, work);
          const result = side.node.raw("GLASS_EXEC", arg);
          expect([0, -Errno.ECANCELED]).toContain(result);
          if (result === 0) jobs.push({ side, timeline: q.timeline, point: arg.point, hang: s.kind === "hang" });
        }
        if (steps % 4 === 0) rig.kernel.checkInvariants();
      }
      rig.run();
      rig.kernel.checkInvariants();
      const hung = jobs.some((job) => job.hang);
      for (const job of jobs) {
        const { result, error } = job.side.node.wait([{ syncobj: job.timeline, point: job.point }], true, 0);
        expect(result).toBe(0);
        if (job.hang) expect(error).not.toBe(0);
        if (!hung && resets === 0 && timeoutNs === Infinity) expect(error).toBe(0);
      }
      // With engine resets that work, who never hung is never touched.
      if (recovery.engineReset === "works" && resets === 0 && timeoutNs === Infinity) {
        for (const side of sides) {
          if (jobs.some((job) => job.side === side && job.hang)) continue;
          expect(statusOf(side).status).toBe("none");
          for (const job of jobs) if (job.side === side) expect(side.node.wait([{ syncobj: job.timeline, point: job.point }], true, 0).error).toBe(0);
        }
        expect(device.recovery.adapterResets).toBe(0);
      }
      expect(rig.kernel.objectCounts()[device.name]!["jobs"]).toBe(0);
      rig.store.dispose();
    }),
    { seed: 63, numRuns: 220, endOnFailure: true },
  );
  expect(steps).toBeGreaterThan(10_000);
}, 30_000);

test("invariant 63: an adapter reset takes running work; whose fault it was is known; memory is kept or lost as the policy says", () => {
  for (const vram of ["kept", "lost"] as const) {
    const rig = new Rig({ recovery: { vram, engineReset: "fails" } });
    const [guilty, busy, idle] = sidesOf(rig) as [Side, Side, Side];
    const system = idle.node.buffer(idle.vm, P, "system");
    for (const bytes of [idle.bytes, system.bytes]) bytes[5] = 42;
    guilty.node.exec(guilty.queues[0]!.queue, launch(code, "hang", 4, 1024));
    rig.kernel.events.advance(1_999_000_000);
    busy.node.exec(busy.queues[0]!.queue, launch(fakeCode({ k: { instructions: 4e9 } }), "k", 4, 1024));
    rig.run();
    expect(statusOf(guilty)).toMatchObject({ status: "guilty", hangs: 1, adapterResets: 1, vramLost: vram === "lost" });
    expect(statusOf(busy)).toMatchObject({ status: "innocent", hangs: 0 });
    expect(statusOf(idle)).toMatchObject({ status: vram === "lost" ? "innocent" : "none", vramLost: vram === "lost" });
    expect([idle.bytes[5], system.bytes[5]]).toEqual([vram === "lost" ? LOST_BYTE : 42, 42]);
    expect(guilty.node.wait([{ syncobj: guilty.queues[0]!.timeline, point: 1 }]).error).toBe(-Errno.ETIME);
    expect(busy.node.wait([{ syncobj: busy.queues[0]!.timeline, point: 1 }]).error).toBe(-Errno.ECANCELED);
    rig.store.dispose();
  }
});

test("invariant 63: hangs below the limit cost only the job; a device that cannot be reset is lost for everybody, and says so", () => {
  const rig = new Rig({ recovery: { banAfter: 2 } });
  const [a] = sidesOf(rig) as [Side];
  a.node.exec(a.queues[0]!.queue, launch(code, "hang", 4, 1024));
  rig.run();
  expect(statusOf(a)).toMatchObject({ status: "guilty", hangs: 1, engineResets: 1 });
  const point = a.node.exec(a.queues[1]!.queue, launch(code, "short", 1, 32));
  rig.run();
  expect(a.node.wait([{ syncobj: a.queues[1]!.timeline, point }], true, 0)).toEqual({ result: 0, error: 0 });
  a.node.exec(a.queues[1]!.queue, launch(code, "hang", 4, 1024));
  rig.run();
  expect(a.node.raw("GLASS_EXEC", a.node.args(a.queues[1]!.queue, marker))).toBe(-Errno.ECANCELED);

  const dead = new Rig({ recovery: { engineReset: "fails", adapterReset: "fails" } });
  const sides = sidesOf(dead);
  sides[0]!.node.exec(sides[0]!.queues[0]!.queue, launch(code, "hang", 4, 1024));
  dead.run();
  for (const side of sides) expect(statusOf(side).wedged).toBe(true);
  expect(sides[2]!.node.do("GLASS_CONTEXT_STATE", { context: sides[2]!.context, fault: null }).fault?.reason).toBe("device-lost");
  expect(sides[1]!.node.raw("GLASS_CONTEXT_CREATE", { vm: sides[1]!.vm, notifier: 0, label: "", context: 0 })).toBe(-Errno.ENODEV);
  expect(sides[1]!.node.client.sys.readFile("/sys/kernel/debug/dri/0/gpu_wedge")).toBe("1\n");
  dead.kernel.checkInvariants();
});

test("an error written to a ring's file is how what is in the ring ends", () => {
  const rig = new Rig();
  const [a] = sidesOf(rig) as [Side];
  const point = a.node.exec(a.queues[0]!.queue, launch(code, "long", 4, 256));
  expect(a.node.client.sys.readFile("/sys/kernel/debug/dri/0/ring_compute")).toMatch(/^rptr: 0x\w+\nwptr: 0x\w+\ndriver wptr: 0x\w+\n\[0x\w+\] fence=\d+:1 credits=1 client=1\n$/);
  expect(a.node.client.sys.writeFile("/sys/kernel/debug/dri/0/error_compute", "7")).toBe(-Errno.EINVAL);
  expect(a.node.client.sys.writeFile("/sys/kernel/debug/dri/0/error_compute", `${-Errno.EIO}\n`)).toBeGreaterThan(0);
  expect(a.node.wait([{ syncobj: a.queues[0]!.timeline, point }]).error).toBe(-Errno.EIO);
  const next = a.node.exec(a.queues[0]!.queue, launch(code, "long", 4, 256));
  expect(a.node.wait([{ syncobj: a.queues[0]!.timeline, point: next }]).error).toBe(0);
});
