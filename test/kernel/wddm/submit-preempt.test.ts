import { expect, test } from "vitest";
import { tiny } from "../../../src/gpu/profiles/tiny.ts";
import { DXGK_SUBMIT_PREEMPT } from "../../../src/kernel/wddm/constants.ts";
import type { SubmitCommand, WddmOptions } from "../../../src/kernel/wddm/options.ts";
import type { GpuProfile } from "../../../src/gpu/profile.ts";
import { fakeCode, launch } from "../../gpu/fake-code.ts";
import { Rig } from "../drm/rig.ts";
import { program } from "./program.ts";

const code = fakeCode({ long: { instructions: 1e8 }, short: { instructions: 1000 } });

/** A long launch of many groups, and an urgent short one that comes in the middle. */
function scene(wddm: WddmOptions, preemption: GpuProfile["preemption"] = "instruction"): { ns: number; preemptions: number; savedBytes: number; groupNs: number } {
  const rig = new Rig({ os: "windows", gpus: [{ ...tiny, preemption }], wddm });
  const long = program(rig, "long");
  const urgent = rig.process("urgent").open();
  const { queue, timeline } = urgent.queue(urgent.context(urgent.vm()), { priority: 1 });
  // Two multiprocessors hold eight groups each: five waves.
  const point = long.node.exec(long.queue, launch(code, "long", 80, 128));
  const from = rig.kernel.clock.now;
  rig.kernel.events.at(from + 1e6, () => {}, "middle");
  while (rig.kernel.clock.now < from + 1e6) rig.kernel.events.runNext();
  const asked = rig.kernel.clock.now;
  const done = urgent.exec(queue, launch(code, "short", 1, 32));
  urgent.wait([{ syncobj: timeline, point: done }]);
  const ns = rig.kernel.clock.now - asked;
  long.node.wait([{ syncobj: long.timeline, point }]);
  rig.kernel.checkInvariants();
  const { preemptions, savedBytes } = rig.gpus[0]!.wddm!.nodes[0]!.statistics;
  return { ns, preemptions, savedBytes, groupNs: (rig.kernel.clock.now - from) / 5 };
}

test("DXGK_SUBMIT_PREEMPT is what VidSch does by itself; without it an urgent packet waits like an equal one", () => {
  const seen: SubmitCommand[] = [];
  const flags = (value: number): WddmOptions => ({ submitCommand: (command) => {
    seen.push({ ...command });
    command.flags = value;
  } });
  const [usual, asked, polite] = [scene({}), scene(flags(DXGK_SUBMIT_PREEMPT)), scene(flags(0))];
  expect(asked).toEqual(usual);
  expect([usual.preemptions, polite.preemptions]).toEqual([1, 1]);
  expect(polite.ns).toBeGreaterThan(20 * usual.ns);
  expect(polite.ns).toBeGreaterThan(tiny.timesliceNs / 2);
  expect(seen.map(({ process, label, flags: before }) => [process, label, before])).toContainEqual(["urgent", "launch", DXGK_SUBMIT_PREEMPT]);
  expect(Math.max(...seen.map(({ priority }) => priority))).toBe(24);
});

test("where the hardware can stop decides how long that takes, and what has to be saved", () => {
  const [dispatch, group, instruction] = (["dispatch", "thread-group", "instruction"] as const).map((one) => scene({}, one)) as [ReturnType<typeof scene>, ReturnType<typeof scene>, ReturnType<typeof scene>];
  expect(dispatch.ns).toBeGreaterThan(2 * group.ns);
  // What is in the middle of its work ends: the groups that the hardware holds at once do so together.
  expect(group.ns).toBeGreaterThan(instruction.ns);
  expect(group.ns).toBeLessThan(1.5 * group.groupNs);
  const { registersPerMultiprocessor, sharedPerMultiprocessor } = tiny.limits;
  expect([dispatch.savedBytes, group.savedBytes, instruction.savedBytes]).toEqual([0, 0, 2 * (4 * registersPerMultiprocessor + sharedPerMultiprocessor)]);
});
