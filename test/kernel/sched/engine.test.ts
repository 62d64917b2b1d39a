import { expect, test } from "vitest";
import type { GpuProfile } from "../../../src/gpu/profile.ts";
import { tiny } from "../../../src/gpu/profiles/tiny.ts";
import { drmSchedMain, type LoopStep } from "../../../src/kernel/drm/sched/main-loop.ts";
import { fakeCode, launch } from "../../gpu/fake-code.ts";
import { Rig } from "../drm/rig.ts";

const code = fakeCode({ k: { instructions: 2 ** 20 }, block: { instructions: 2 ** 23 } });

/** Two processes with a long launch each; what the engine had to do to share. */
function share(profile: Partial<GpuProfile>, kernel = "k", jobs = 1): { rig: Rig; starts: number[]; ends: number[]; count: number } {
  const rig = new Rig({ gpus: [{ ...tiny, timesliceNs: 500_000, ...profile }], trace: true });
  for (const name of ["a", "b"]) {
    const node = rig.process(name).open();
    const context = node.context(node.vm());
    for (let i = 0; i < jobs; i++) node.exec(node.queue(context).queue, launch(code, kernel, 400, 1024), { label: name });
  }
  rig.run();
  rig.kernel.checkInvariants();
  const of = (name: string, label: string): number[] => rig.kernel.trace.events().filter((e) => e.name === name && e.fields["label"] === label).map((e) => e.time);
  return { rig, starts: ["a", "b"].map((l) => of("gpu:slice_begin", l)[0]!), ends: ["a", "b"].map((l) => of("gpu:slice_end", l).at(-1)!), count: rig.gpus[0]!.gpu.compute.turns.preemption.count };
}

test("by instruction: contexts share by time slices, state goes to save areas in VRAM and comes back, and bytes over bandwidth is what it costs", () => {
  const { rig, starts, ends, count } = share({ preemption: "instruction" });
  const { preemption } = rig.gpus[0]!.gpu.compute.turns;
  expect(count).toBeGreaterThan(2);
  expect(starts[1]!).toBeLessThan(ends[0]!);
  expect(preemption.savedBytes).toBeGreaterThan(0);
  // What was saved comes back, but for a last save whose launch had nothing left to wait for.
  expect(preemption.restoredBytes).toBe(preemption.savedBytes);
  const area = 2 * (65536 * 4 + 100 * 1024);
  const areas = [...rig.gpus[0]!.objects].filter((object) => object.label === "context save area");
  expect(areas.length).toBe(2);
  for (const object of areas) expect([object.backing.placement, object.size >= area]).toEqual(["vram", true]);
  const least = rig.kernel.costs.contextSwitch + (area / tiny.memoryBandwidth) * 1e9;
  expect(preemption.averageNs).toBeGreaterThanOrEqual(least);
  const text = rig.kernel.vfs.read("/sys/kernel/debug/dri/0/gpu_recovery", { process: [...rig.kernel.processes.values()][0]!, thread: [...rig.kernel.processes.values()][0]!.main });
  expect(text).toMatch(new RegExp(`^preempt_count=${count}\\navg_delay=${Math.round(preemption.averageNs / 1000)}us\\n`));
  for (const process of [...rig.kernel.processes.values()]) rig.kernel.kill(process);
  rig.run();
  expect(rig.kernel.objectCounts()[rig.gpus[0]!.name]!["vramBytes"]).toBe(0);
});

test("by thread group: the switch waits for the work-groups in the middle, and there is no state to save", () => {
  const { rig, starts, ends, count } = share({ preemption: "thread-group" }, "block");
  const { preemption } = rig.gpus[0]!.gpu.compute.turns;
  expect(count).toBeGreaterThan(2);
  expect(starts[1]!).toBeLessThan(ends[0]!);
  expect(preemption.savedBytes).toBe(0);
});

test("by dispatch: a launch ends before the other context begins, but not the context's next one; by buffer and not at all: that one too", () => {
  const order = (preemption: GpuProfile["preemption"]): string => {
    const { rig } = share({ preemption, limits: { ...tiny.limits, maxConcurrentKernels: 16 } }, "k", 2);
    const events = rig.kernel.trace.events().filter((e) => e.name === "gpu:slice_begin").map((e) => String(e.fields["label"]));
    return events.filter((label, i) => label !== events[i - 1]).join("");
  };
  expect(share({ preemption: "dispatch" }).count).toBe(0);
  expect(order("dispatch").startsWith("ab")).toBe(true);
  expect(order("none")).toBe("ab");
});

test("the seed's loop: every job is picked, begun, run, its slices end, and it is done, in this order; contexts are preempted in between", () => {
  const rig = new Rig({ gpus: [{ ...tiny, timesliceNs: 500_000 }] });
  for (const name of ["a", "b"]) {
    const node = rig.process(name).open();
    node.exec(node.queue(node.context(node.vm())).queue, launch(code, "k", 400, 1024), { label: name });
  }
  const steps: LoopStep[] = [...drmSchedMain(rig.kernel)];
  expect(rig.kernel.trace.enabled).toBe(false);
  expect(steps.filter((s) => s.step === "preempt").length).toBe(rig.gpus[0]!.gpu.compute.turns.preemption.count);
  for (const fence of new Set(steps.filter((s) => s.step === "drm_sched_job_done").map((s) => s.fence))) {
    const mine = steps.filter((s) => s.fence === fence && s.step !== "preempt").map((s) => s.step);
    expect(mine.at(-1)).toBe("drm_sched_job_done");
    expect(mine.filter((s) => s === "run_job").length).toBe(mine.filter((s) => s === "slice_end").length);
  }
  for (const s of steps) if (s.step === "preempt") expect(s.delay).toBeGreaterThan(0);
});
