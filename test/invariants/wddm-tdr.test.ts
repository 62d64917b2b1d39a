import fc from "fast-check";
import { test } from "vitest";
import { expect } from "../expect.ts";
import { Errno } from "../../src/kernel/errors.ts";
import { Dxgkrnl } from "../../src/kernel/wddm/dxgkrnl.ts";
import { SoftwarePolicy } from "../../src/kernel/wddm/policy.ts";
import { fakeCode, launch } from "../gpu/fake-code.ts";
import { Rig } from "../kernel/drm/rig.ts";
import { Bench } from "../kernel/wddm/rig.ts";
import { program, type Program } from "../kernel/wddm/program.ts";

const runs = { seed: 101, numRuns: 300 };
const START = "Microsoft-Windows-DxgKrnl/DmaPacket/Start";

test("invariant 102: a timeout is a preemption that was not obeyed for TdrDelay, and nothing else", () => {
  let steps = 0;
  let timeouts = 0;
  const delay = 2000;
  const program = fc.array(
    fc.oneof(
      { weight: 4, arbitrary: fc.record({ kind: fc.constant("submit" as const), context: fc.nat(3), ns: fc.oneof(fc.integer({ min: 1, max: 9000 }), fc.constant(Infinity)), stopNs: fc.oneof(fc.integer({ min: 0, max: 4000 }), fc.constant(Infinity)) }) },
      { weight: 6, arbitrary: fc.record({ kind: fc.constant("pass" as const), ns: fc.integer({ min: 1, max: 2500 }) }) },
    ),
    { minLength: 20, maxLength: 60 },
  );
  fc.assert(
    fc.property(program, fc.boolean(), (list, watched) => {
      const bench = new Bench((choices) => new SoftwarePolicy(choices, 1000), { tdrDelayNs: delay, ...(watched ? { watchNs: 1000 } : {}) });
      const contexts = [1, 1, 2, 2].map((pid, i) => bench.context(bench.device(bench.process(pid)), [12, 20, 12, 20][i]!));
      let asked: number | null = null;
      let seen = 0;
      let met = 0;
      const check = (): void => {
        steps++;
        bench.node.checkInvariants();
        for (; seen < bench.lines.length; seen++) {
          const line = bench.lines[seen]!;
          if (line.name === START && line.fields["PacketType"] === "preemption") asked = line.time;
        }
        for (; met < bench.timeouts.length; met++) {
          timeouts++;
          const { time, work } = bench.timeouts[met]!;
          expect(asked).not.toBeNull();
          expect(time - asked!).toBe(delay);
          expect(work.state).toBe("lost");
        }
        // No request stays unanswered for longer.
        const running = bench.node.running?.work;
        if (bench.node.preempting && running !== undefined && bench.onEngine !== null) expect(bench.clock.now - asked!).toBeLessThanOrEqual(delay);
      };
      for (const step of list) {
        if (step.kind === "submit") {
          bench.submit(contexts[step.context]!, step);
          check();
          continue;
        }
        const until = bench.clock.now + step.ns;
        for (let next = bench.events.peekTime(); next !== null && next <= until; next = bench.events.peekTime()) {
          bench.events.runNext();
          check();
        }
        bench.pass(until - bench.clock.now);
        check();
      }
    }),
    runs,
  );
  expect(steps).toBeGreaterThan(10_000);
  expect(timeouts).toBeGreaterThan(100);
});

test("invariant 102: more than TdrLimitCount adapter resets within TdrLimitTime, and only that, stop the machine", () => {
  let steps = 0;
  const { kernel } = new Rig({ os: "windows" });
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 20, maxLength: 60 }), fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 90 }), (gaps, limit, window) => {
      const dxgkrnl = new Dxgkrnl(kernel, { registry: { TdrLimitCount: limit, TdrLimitTime: window } });
      const times: number[] = [];
      for (const gap of gaps) {
        kernel.clock.now += gap * 1e9;
        times.push(kernel.clock.now);
        steps++;
        expect(dxgkrnl.noteRecovery()).toBe(times.filter((time) => time > kernel.clock.now - window * 1e9).length <= limit);
      }
    }),
    { seed: 6, numRuns: 400 },
  );
  expect(steps).toBeGreaterThan(10_000);
});

test("invariant 104: an invalid address removes the device that used it and no other", () => {
  let steps = 0;
  let faults = 0;
  const code = fakeCode({ good: { instructions: 20_000 }, bad: { instructions: 20_000, body: (g) => g.store(64, 1) } });
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant("good" as const), device: fc.nat(3), blocks: fc.integer({ min: 1, max: 40 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("bad" as const), device: fc.nat(3), blocks: fc.integer({ min: 1, max: 4 }) }) },
    { weight: 5, arbitrary: fc.record({ kind: fc.constant("pass" as const), ns: fc.integer({ min: 1, max: 400_000 }) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 45 }), fc.boolean(), (list, hardwareScheduling) => {
      const rig = new Rig({ os: "windows", wddm: { hardwareScheduling, quantumNs: 50_000 } });
      // Two programs, with two devices each.
      const [a, b] = [program(rig, "a"), program(rig, "b")];
      const second = (p: Program): Program => {
        const context = p.node.context(p.vm);
        return { ...p, context, ...p.node.queue(context) };
      };
      const devices = [a, second(a), b, second(b)];
      const guilty = new Set<number>();
      const points = devices.map((): number[] => []);
      const check = (): void => {
        steps++;
        rig.kernel.checkInvariants();
        devices.forEach((p, i) => {
          const { fault } = p.node.do("GLASS_CONTEXT_STATE", { context: p.context, fault: null });
          if (fault !== null) expect([guilty.has(i), fault.reason]).toEqual([true, "fault"]);
        });
      };
      for (const s of list) {
        if (s.kind === "pass") rig.kernel.events.advance(rig.kernel.clock.now + s.ns);
        else {
          const p = devices[s.device]!;
          const args = p.node.args(p.queue, launch(code, s.kind, s.blocks, 32));
          const result = p.node.raw("GLASS_EXEC", args);
          if (result < 0) expect([result, guilty.has(s.device)]).toEqual([-Errno.ECANCELED, true]);
          else if (s.kind === "bad") guilty.add(s.device);
          else if (!guilty.has(s.device)) points[s.device]!.push(args.point);
        }
        check();
      }
      rig.run();
      check();
      faults += guilty.size;
      devices.forEach((p, i) => {
        expect(p.node.do("GLASS_CONTEXT_STATE", { context: p.context, fault: null }).fault === null).toBe(!guilty.has(i));
        // What others submitted, and what came before the fault, was done.
        for (const point of points[i]!) expect(p.node.do("GLASS_JOB_STATE", { queue: p.queue, point, state: "queued", error: 1 })).toMatchObject({ state: "done", error: 0 });
      });
    }),
    { seed: 104, numRuns: 330 },
  );
  expect(steps).toBeGreaterThan(10_000);
  expect(faults).toBeGreaterThan(100);
});
