import fc from "fast-check";
import { test } from "vitest";
import { expect } from "../expect.ts";
import { PAGING_PRIORITY } from "../../src/kernel/wddm/constants.ts";
import { SoftwarePolicy } from "../../src/kernel/wddm/policy.ts";
import { fakeCode, launch } from "../gpu/fake-code.ts";
import { Rig } from "../kernel/drm/rig.ts";
import { Bench, type Line } from "../kernel/wddm/rig.ts";
import { program } from "../kernel/wddm/program.ts";

const runs = { seed: 101, numRuns: 300 };
const START = "Microsoft-Windows-DxgKrnl/DmaPacket/Start";
const STOP = "Microsoft-Windows-DxgKrnl/DmaPacket/Stop";

const schedule = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant("submit" as const), context: fc.nat(3), ns: fc.integer({ min: 1, max: 4000 }), stopNs: fc.integer({ min: 0, max: 300 }) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("page" as const), context: fc.nat(1), ns: fc.integer({ min: 1, max: 1500 }), stopNs: fc.integer({ min: 0, max: 300 }) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("preempt" as const) }) },
    { weight: 6, arbitrary: fc.record({ kind: fc.constant("pass" as const), ns: fc.integer({ min: 1, max: 3000 }) }) },
  ),
  { minLength: 20, maxLength: 60 },
);

test("invariant 101: preempted paging packets go first and keep their fences, others get new ones", () => {
  let steps = 0;
  let again = 0;
  fc.assert(
    fc.property(schedule, (program) => {
      const bench = new Bench((choices) => new SoftwarePolicy(choices, 1000));
      const [a, b] = [bench.device(bench.process(1)), bench.device(bench.process(2))];
      const contexts = [bench.context(a, 12), bench.context(a, 17), bench.context(b, 12), bench.context(b, 3)];
      const paging = [bench.context(a, PAGING_PRIORITY), bench.context(b, PAGING_PRIORITY)];
      const fences = new Map<string, number>();
      const preempted = new Set<string>();
      let newest = 0;
      let seen = 0;
      const look = (line: Line): void => {
        const fence = line.fields["SubmissionFenceId"] as number;
        if (line.name === STOP) {
          if (line.fields["bPreempted"] === 1) preempted.add(line.fields["Label"] as string);
          return;
        }
        if (line.name !== START) return;
        if (line.fields["PacketType"] === "preemption") {
          expect(line.fields["PreemptionFenceId"]).toBeGreaterThan(newest);
          newest = line.fields["PreemptionFenceId"] as number;
          return;
        }
        const label = line.fields["Label"] as string;
        const isPaging = line.fields["PacketType"] === "paging";
        const resubmission = ((line.fields["Flags"] as number) & 0x80) !== 0;
        expect(resubmission).toBe(preempted.has(label));
        if (isPaging && preempted.has(label)) {
          expect(fence).toBe(fences.get(label));
        } else {
          expect(fence).toBeGreaterThan(newest);
          newest = fence;
        }
        const pagingBack = [...preempted].some((other) => bench.work.find((w) => w.label === other)!.packet.type === "paging" && other !== label);
        if (!isPaging) expect(pagingBack).toBe(false);
        again += resubmission ? 1 : 0;
        fences.set(label, fence);
        preempted.delete(label);
      };
      const check = (): void => {
        steps++;
        bench.node.checkInvariants();
        for (; seen < bench.lines.length; seen++) look(bench.lines[seen]!);
      };
      for (const step of program) {
        if (step.kind === "submit") bench.submit(contexts[step.context]!, step);
        else if (step.kind === "page") bench.submit(paging[step.context]!, step, true);
        else if (step.kind === "preempt") bench.node.preempt();
        else bench.pass(step.ns);
        check();
      }
      while (bench.events.runNext()) check();
      expect(bench.work.every((w) => w.state === "done" && w.left === 0)).toBe(true);
    }),
    runs,
  );
  expect(steps).toBeGreaterThan(10_000);
  expect(again).toBeGreaterThan(1000);
});

test("invariant 103: no context of a device runs while something on its residency list is not resident", () => {
  let steps = 0;
  let pagedOut = 0;
  const program = fc.array(
    fc.oneof(
      { weight: 4, arbitrary: fc.record({ kind: fc.constant("submit" as const), device: fc.nat(2), ns: fc.integer({ min: 1, max: 4000 }), stopNs: fc.integer({ min: 0, max: 50 }) }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant("resident" as const), device: fc.nat(2), which: fc.nat(7), force: fc.boolean() }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("evict" as const), device: fc.nat(2), which: fc.nat(7) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("offer" as const), which: fc.nat(7) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("free" as const), which: fc.nat(7) }) },
      { weight: 6, arbitrary: fc.record({ kind: fc.constant("pass" as const), ns: fc.integer({ min: 1, max: 3000 }) }) },
    ),
    { minLength: 30, maxLength: 60 },
  );
  fc.assert(
    fc.property(program, fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 8, maxLength: 8 }), (list, sizes) => {
      const bench = new Bench((choices) => new SoftwarePolicy(choices, 1000));
      const memory = bench.attachMemory(100);
      const processes = [bench.process(1), bench.process(2)];
      const devices = [0, 0, 1].map((p) => bench.device(processes[p]!));
      const contexts = devices.map((device) => bench.context(device, 12));
      sizes.forEach((bytes, i) => memory.created(`a${i}`, bytes));
      const check = (): void => {
        steps++;
        bench.node.checkInvariants();
        const engine = bench.onEngine;
        memory.checkInvariants(engine === null ? [] : [engine.packet.context.device]);
        // The same without the manager's own words.
        if (engine !== null) for (const record of memory.known.values()) if (record.lists.has(engine.packet.context.device)) expect(record.where).toBe("local");
      };
      for (const step of list) {
        if (step.kind === "pass") {
          const until = bench.clock.now + step.ns;
          for (let next = bench.events.peekTime(); next !== null && next <= until; next = bench.events.peekTime()) {
            bench.events.runNext();
            check();
          }
          bench.pass(until - bench.clock.now);
        } else if (step.kind === "submit") {
          bench.submit(contexts[step.device]!, step);
        } else if (step.kind === "resident") {
          memory.makeResident(devices[step.device]!, [`a${step.which}`], step.force);
        } else if (step.kind === "evict") {
          memory.evict(devices[step.device]!, [`a${step.which}`]);
        } else if (step.kind === "offer") {
          memory.offer([`a${step.which}`]);
        } else if (memory.known.get(`a${step.which}`)?.where !== "coming") {
          memory.destroyed(`a${step.which}`);
        }
        check();
      }
      for (let events = 0; bench.events.runNext(); events++) {
        check();
        if (events > 5000) throw new Error("devices take memory from each other without end");
      }
      // Nothing waits for ever for memory: every packet has run.
      expect(bench.work.filter((w) => w.state !== "done")).toEqual([]);
      pagedOut += memory.statistics.pagedOut;
    }),
    { seed: 103, numRuns: 300 },
  );
  expect(steps).toBeGreaterThan(10_000);
  expect(pagedOut).toBeGreaterThan(300);
});

test("invariant 100: a monitored fence's value never falls, and a wait is over exactly when the value is reached", () => {
  let steps = 0;
  const rig = new Rig({ os: "windows" });
  const code = fakeCode({ short: { instructions: 5000 } });
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("cpu" as const), who: fc.nat(1), value: fc.nat(40) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("gpu" as const), who: fc.nat(1), value: fc.nat(40) }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("wait" as const), who: fc.nat(1), value: fc.integer({ min: 1, max: 45 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("store" as const), who: fc.nat(1), value: fc.nat(40) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("pass" as const), ns: fc.integer({ min: 1, max: 20_000 }) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 50 }), (list) => {
      // Two processes share the fence by a descriptor of it.
      const owners = [program(rig, "a"), program(rig, "b")] as const;
      const made = owners[0].node.do("D3DKMT_CREATE_MONITORED_FENCE", { initialValue: 0, fence: 0, memory: 0 });
      const { offset } = owners[0].node.do("GLASS_GEM_MMAP_OFFSET", { handle: made.memory, offset: 0 });
      const address = owners[0].node.client.sys.mmap(0, 65536, 3, 1, owners[0].node.fd, offset);
      const fds = owners[0].node.do("DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD", { handle: made.fence, flags: 0, fd: 0 });
      const file = owners[0].node.client.process.files.get(fds.fd)!;
      file.get();
      const fd = owners[1].node.client.process.files.install(file, false);
      const other = owners[1].node.do("DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE", { fd, flags: 0, handle: 0 }).handle;
      const handles = [made.fence, other];
      const waits: { readonly who: number; readonly queue: number; readonly value: number }[] = [];
      let last = 0;
      const value = (): number => owners[0].node.do("D3DKMT_QUERY_MONITORED_FENCE", { fence: made.fence, value: 0 }).value;
      const check = (): void => {
        steps++;
        const now = value();
        expect(now).toBeGreaterThanOrEqual(last);
        last = now;
        expect(owners[0].node.client.sys.load64(address)).toBe(now);
        for (const wait of waits) {
          const { state } = owners[wait.who]!.node.do("GLASS_JOB_STATE", { queue: wait.queue, point: 1, state: "done", error: 0 });
          if (state !== "queued") expect(now).toBeGreaterThanOrEqual(wait.value);
          else expect(now).toBeLessThan(wait.value);
        }
      };
      for (const s of list) {
        if (s.kind === "pass") {
          rig.kernel.events.advance(rig.kernel.clock.now + s.ns);
        } else {
          const p = owners[s.who]!;
          const fence = handles[s.who]!;
          if (s.kind === "cpu") p.node.do("D3DKMT_SIGNAL_SYNC_OBJECT_FROM_CPU", { fence, value: s.value });
          else if (s.kind === "store") {
            owners[0].node.client.sys.store32(address, Math.max(s.value, last));
          } else if (s.kind === "gpu") {
            p.node.exec(p.queue, launch(code, "short", 1, 32));
            p.node.do("D3DKMT_SIGNAL_SYNC_OBJECT_FROM_GPU", { queue: p.queue, fence, value: s.value });
          } else {
            const { queue } = p.node.queue(p.context);
            p.node.exec(queue, { kind: "marker" }, { waits: [{ syncobj: fence, point: s.value }] });
            waits.push({ who: s.who, queue, value: s.value });
          }
        }
        check();
      }
      for (const p of owners) rig.kernel.kill(p.node.client.process);
      rig.run();
      rig.kernel.checkInvariants();
    }),
    { seed: 100, numRuns: 320 },
  );
  expect(steps).toBeGreaterThan(10_000);
});
