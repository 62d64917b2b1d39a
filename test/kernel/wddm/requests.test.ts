import { describe, expect, test } from "vitest";
import { tiny } from "../../../src/gpu/profiles/tiny.ts";
import { Errno } from "../../../src/kernel/errors.ts";
import { userCredentials } from "../../../src/kernel/process/cred.ts";
import type { WddmOptions } from "../../../src/kernel/wddm/options.ts";
import { STATUS_NO_MEMORY, STATUS_PENDING } from "../../../src/kernel/wddm/vidmm.ts";
import { fakeCode, launch } from "../../gpu/fake-code.ts";
import { fill, marker, Rig } from "../drm/rig.ts";
import { program, type Program } from "./program.ts";

const P = 65536;
const MIB = 2 ** 20;
const code = fakeCode({ long: { instructions: 1e8 }, short: { instructions: 1000 } });

function windows(wddm: WddmOptions = {}): Rig {
  return new Rig({ os: "windows", gpus: [tiny], wddm });
}

function resident(p: Program, handles: readonly number[], cantTrimFurther = false): { status: number; bytesToTrim: number } {
  const { status, bytesToTrim } = p.node.do("D3DKMT_MAKE_RESIDENT", { context: p.context, handles, cantTrimFurther, status: -1, bytesToTrim: -1 });
  return { status, bytesToTrim };
}

test("on Linux none of them is a request", () => {
  const node = new Rig({ gpus: [tiny] }).process().open();
  expect(node.raw("D3DKMT_QUERY_STATISTICS", { statistics: null })).toBe(-Errno.EINVAL);
});

describe("monitored fences", () => {
  test("the value is in memory, CPU and GPU signal it, and waits are over from it on", () => {
    const rig = windows();
    const p = program(rig, "p");
    const { fence, memory } = p.node.do("D3DKMT_CREATE_MONITORED_FENCE", { initialValue: 3, fence: 0, memory: 0 });
    const { offset } = p.node.do("GLASS_GEM_MMAP_OFFSET", { handle: memory, offset: 0 });
    const address = p.node.client.sys.mmap(0, P, 3, 1, p.node.fd, offset);
    const current = (): number | null => p.node.client.sys.load64(address);
    expect(current()).toBe(3);
    expect(p.node.wait([{ syncobj: fence, point: 3 }]).result).toBe(0);
    // A job waits for 5; so MonitoredValue is 4.
    p.node.exec(p.queue, marker, { waits: [{ syncobj: fence, point: 5 }] });
    expect(p.node.client.sys.load64(address + 8)).toBe(4);
    p.node.do("D3DKMT_SIGNAL_SYNC_OBJECT_FROM_CPU", { fence, value: 4 });
    expect(p.node.do("GLASS_JOB_STATE", { queue: p.queue, point: 1, state: "done", error: 0 }).state).toBe("queued");
    p.node.do("D3DKMT_SIGNAL_SYNC_OBJECT_FROM_CPU", { fence, value: 9 });
    expect(p.node.wait([{ syncobj: p.timeline, point: 1 }]).result).toBe(0);
    p.node.do("D3DKMT_SIGNAL_SYNC_OBJECT_FROM_CPU", { fence, value: 2 });
    expect(current()).toBe(9);
    const work = p.node.exec(p.queue, launch(code, "long", 1, 32));
    p.node.do("D3DKMT_SIGNAL_SYNC_OBJECT_FROM_GPU", { queue: p.queue, fence, value: 20 });
    expect(p.node.do("D3DKMT_QUERY_MONITORED_FENCE", { fence, value: 0 }).value).toBe(9);
    p.node.wait([{ syncobj: fence, point: 20 }]);
    expect(p.node.do("GLASS_JOB_STATE", { queue: p.queue, point: work, state: "queued", error: 0 }).state).toBe("done");
    expect(current()).toBe(20);
    // A kernel, or the program, writes the value itself.
    p.node.client.sys.store32(address, 33);
    expect(p.node.do("D3DKMT_QUERY_MONITORED_FENCE", { fence, value: 0 }).value).toBe(33);
    rig.kernel.checkInvariants();
  });

  test("errors", () => {
    const p = program(windows(), "p");
    expect(p.node.raw("D3DKMT_CREATE_MONITORED_FENCE", { initialValue: -1, fence: 0, memory: 0 })).toBe(-Errno.EINVAL);
    expect(p.node.raw("D3DKMT_SIGNAL_SYNC_OBJECT_FROM_CPU", { fence: p.timeline, value: 1 })).toBe(-Errno.ENOENT);
    const { fence } = p.node.do("D3DKMT_CREATE_MONITORED_FENCE", { initialValue: 0, fence: 0, memory: 0 });
    expect(p.node.raw("D3DKMT_SIGNAL_SYNC_OBJECT_FROM_CPU", { fence, value: 0.5 })).toBe(-Errno.EINVAL);
    expect(p.node.raw("D3DKMT_SIGNAL_SYNC_OBJECT_FROM_GPU", { queue: 99, fence, value: 1 })).toBe(-Errno.ENOENT);
    expect(p.node.raw("D3DKMT_QUERY_MONITORED_FENCE", { fence: 99, value: 1 })).toBe(-Errno.ENOENT);
  });
});

describe("residency", () => {
  test("budget: a request beyond it changes nothing and says how much to trim; who cannot trim gets more; the program is told", () => {
    const rig = windows({ budgetPercent: 50 });
    const p = program(rig, "p");
    const info = (): { budget: number; currentUsage: number } => p.node.do("D3DKMT_QUERY_VIDEO_MEMORY_INFO", { segment: "local", budget: 0, currentUsage: 0 });
    const [a, b, c] = [20, 10, 10].map((size) => p.node.gem(size * MIB)) as [number, number, number];
    const word = p.node.client.malloc(P);
    p.node.do("D3DKMT_REGISTER_TRIM_NOTIFICATION", { address: word });
    expect(resident(p, [a])).toEqual({ status: 0, bytesToTrim: 0 });
    expect(resident(p, [b])).toEqual({ status: 0, bytesToTrim: 0 });
    expect(info()).toMatchObject({ budget: 32 * MIB, currentUsage: 30 * MIB });
    expect(resident(p, [c])).toEqual({ status: STATUS_NO_MEMORY, bytesToTrim: 8 * MIB });
    expect(p.node.client.sys.load32(word)).toBe(8 * 1024);
    expect(info().currentUsage).toBe(30 * MIB);
    expect(p.node.do("D3DKMT_EVICT", { context: p.context, handles: [b], bytesToTrim: 0 }).bytesToTrim).toBe(0);
    expect(resident(p, [c]).status).toBe(0);
    expect(resident(p, [b], true).status).toBe(0);
    expect(info().currentUsage).toBe(40 * MIB);
    rig.kernel.checkInvariants();
  });

  test("two programs whose lists do not fit at once take turns, and their bytes survive", () => {
    const rig = windows();
    const programs = [program(rig, "a"), program(rig, "b")];
    const buffers = programs.map((p) => {
      const handle = p.node.gem(40 * MIB);
      const address = p.node.reserve(40 * MIB);
      p.node.bind(p.vm, handle, address, 40 * MIB);
      return { handle, address };
    });
    const { vidmm } = rig.gpus[0]!.wddm!;
    programs.forEach((p, i) => {
      const { status } = resident(p, [buffers[i]!.handle]);
      expect([0, STATUS_PENDING]).toContain(status);
    });
    for (let round = 1; round <= 3; round++) {
      const points = programs.map((p, i) => p.node.exec(p.queue, fill(buffers[i]!.address, 40 * MIB, [10 * i + round])));
      programs.forEach((p, i) => expect(p.node.wait([{ syncobj: p.timeline, point: points[i]! }]).error).toBe(0));
      rig.kernel.checkInvariants();
    }
    expect(vidmm.statistics.pagedOut).toBeGreaterThan(2);
    programs.forEach((p, i) => {
      const small = p.node.buffer(p.vm, P);
      p.node.exec(p.queue, { kind: "copy", dst: small.address, src: buffers[i]!.address + 39 * MIB, extent: { width: P, height: 1, depth: 1 }, dstPitch: P, dstSlicePitch: P, srcPitch: P, srcSlicePitch: P });
      const last = p.node.exec(p.queue, marker);
      expect(p.node.wait([{ syncobj: p.timeline, point: last }]).error).toBe(0);
      expect(small.bytes[100]).toBe(10 * i + 3);
    });
    for (const p of programs) rig.kernel.kill(p.node.client.process);
    rig.run();
    rig.kernel.checkInvariants();
    expect(vidmm.known.size).toBe(0);
  });

  test("errors, offers and reclaims", () => {
    const p = program(windows(), "p");
    const handle = p.node.gem(P);
    expect(p.node.raw("D3DKMT_MAKE_RESIDENT", { context: 99, handles: [handle], cantTrimFurther: false, status: 0, bytesToTrim: 0 })).toBe(-Errno.ENOENT);
    expect(p.node.raw("D3DKMT_MAKE_RESIDENT", { context: p.context, handles: [99], cantTrimFurther: false, status: 0, bytesToTrim: 0 })).toBe(-Errno.ENOENT);
    expect(p.node.raw("D3DKMT_MAKE_RESIDENT", { context: p.context, handles: [], cantTrimFurther: false, status: 0, bytesToTrim: 0 })).toBe(-Errno.EINVAL);
    expect(p.node.raw("D3DKMT_MAKE_RESIDENT", { context: p.context, handles: [p.node.gem(P, "system")], cantTrimFurther: false, status: 0, bytesToTrim: 0 })).toBe(-Errno.EINVAL);
    resident(p, [handle]);
    p.node.do("D3DKMT_OFFER_ALLOCATIONS", { handles: [handle] });
    expect(p.node.do("D3DKMT_RECLAIM_ALLOCATIONS2", { handles: [handle], discarded: [] }).discarded).toEqual([false]);
    expect(p.node.raw("D3DKMT_EVICT", { context: p.context, handles: [99], bytesToTrim: 0 })).toBe(-Errno.ENOENT);
    expect(p.node.raw("D3DKMT_REGISTER_TRIM_NOTIFICATION", { address: 3 })).toBe(-Errno.EINVAL);
    expect(p.node.raw("D3DKMT_REGISTER_TRIM_NOTIFICATION", { address: 64 })).toBe(-Errno.EFAULT);
  });
});

describe("scheduling", () => {
  test("statistics say what ran where, and whose", () => {
    const rig = windows();
    const p = program(rig, "busy");
    p.node.wait([{ syncobj: p.timeline, point: p.node.exec(p.queue, launch(code, "long", 2, 32)) }]);
    const { statistics } = p.node.do("D3DKMT_QUERY_STATISTICS", { statistics: null });
    expect(statistics).toMatchObject({ hardwareScheduling: false, computePreemption: 500, engineResets: 0, adapterResets: 0 });
    expect(statistics!.nodes.map((node) => node.name)).toEqual(["compute", "copy0", "copy1"]);
    expect(statistics!.nodes[0]).toMatchObject({ submitted: 1, completed: 1, hardwareQueue: 0, softwareQueue: 0 });
    const mine = statistics!.processes.find((process) => process.name === "busy")!;
    expect(mine.runningNs).toBe(statistics!.nodes[0]!.busyNs);
    expect(p.node.do("D3DKMT_GET_DEVICE_STATE", { context: p.context, state: "" }).state).toBe("ACTIVE");
  });

  test("hardware scheduling: properties and bands, their limits and the privilege they need", () => {
    const rig = windows({ hardwareScheduling: true });
    const p = program(rig, "p");
    const properties = { queue: p.queue, band: 1, realtimeBandPriorityLevel: 0, inProcessPriority: 0, quantum: 1000, gracePeriodSamePriority: 0, gracePeriodLowerPriority: 0 };
    const set = (change: Partial<typeof properties>): number => p.node.raw("D3DKMT_SET_CONTEXT_SCHEDULING_PROPERTIES", { ...properties, ...change });
    expect(set({})).toBe(0);
    expect(set({ band: 3, realtimeBandPriorityLevel: 31 })).toBe(0);
    for (const bad of [{ band: 4 }, { realtimeBandPriorityLevel: 32 }, { inProcessPriority: 8 }, { quantum: 0 }, { gracePeriodSamePriority: -1 }]) expect(set(bad)).toBe(-Errno.EINVAL);
    expect(set({ queue: 99 })).toBe(-Errno.ENOENT);
    const four = [0, 10, 10, 0];
    const bands = { gracePeriodForBand: four, processQuantumForBand: [10, 10, 10, 10], processGracePeriodForBand: four, targetNormalBandPercentage: 50 };
    expect(p.node.raw("D3DKMT_SETUP_PRIORITY_BANDS", bands)).toBe(0);
    expect(p.node.raw("D3DKMT_SETUP_PRIORITY_BANDS", { ...bands, targetNormalBandPercentage: 51 })).toBe(-Errno.EINVAL);
    expect(p.node.raw("D3DKMT_SETUP_PRIORITY_BANDS", { ...bands, gracePeriodForBand: [1] })).toBe(-Errno.EINVAL);
    p.node.client.process.cred = userCredentials(1000);
    expect([1, 2, 3].map((band) => set({ band }))).toEqual([0, -Errno.EACCES, -Errno.EACCES]);
    expect(p.node.raw("D3DKMT_SETUP_PRIORITY_BANDS", bands)).toBe(-Errno.EACCES);
    const software = program(windows(), "q");
    expect(software.node.raw("D3DKMT_SET_CONTEXT_SCHEDULING_PROPERTIES", { ...properties, queue: software.queue })).toBe(-Errno.EOPNOTSUPP);
    expect(software.node.raw("D3DKMT_SET_CONTEXT_IN_PROCESS_SCHEDULING_PRIORITY", { queue: software.queue, priority: 7 })).toBe(0);
    expect(software.node.raw("D3DKMT_SET_CONTEXT_IN_PROCESS_SCHEDULING_PRIORITY", { queue: software.queue, priority: 8 })).toBe(-Errno.EINVAL);
  });

  test("a realtime context overtakes, and what it overtook goes on and ends", () => {
    const rig = windows({ hardwareScheduling: true });
    const [slow, urgent] = [program(rig, "slow"), program(rig, "urgent")];
    urgent.node.do("D3DKMT_SET_CONTEXT_SCHEDULING_PROPERTIES", { queue: urgent.queue, band: 3, realtimeBandPriorityLevel: 1, inProcessPriority: 0, quantum: 10_000, gracePeriodSamePriority: 0, gracePeriodLowerPriority: 0 });
    const long = slow.node.exec(slow.queue, launch(code, "long", 8, 32));
    rig.kernel.events.advance(rig.kernel.clock.now + 50_000);
    const at = rig.kernel.clock.now;
    urgent.node.wait([{ syncobj: urgent.timeline, point: urgent.node.exec(urgent.queue, launch(code, "short", 1, 32)) }]);
    expect(rig.kernel.clock.now - at).toBeLessThan(500_000);
    expect(slow.node.do("GLASS_JOB_STATE", { queue: slow.queue, point: long, state: "done", error: 0 }).state).toBe("running");
    expect(slow.node.wait([{ syncobj: slow.timeline, point: long }]).error).toBe(0);
    rig.kernel.checkInvariants();
  });
});
