import fc from "fast-check";
import { test } from "vitest";
import { expect } from "../expect.ts";
import { a100Sxm40 } from "../../src/gpu/profiles/a100.ts";
import { Errno } from "../../src/kernel/errors.ts";
import { O_RDONLY, O_RDWR } from "../../src/kernel/sys/sys.ts";
import { ThreadSys } from "../../src/kernel/sys/thread-sys.ts";
import type { ExecArgs, Job } from "../../src/kernel/sys/uapi.ts";
import type { Process } from "../../src/kernel/process/process.ts";
import type { Blocking } from "../../src/kernel/process/wait.ts";
import { fakeCode, launch } from "../gpu/fake-code.ts";
import type { Client } from "../kernel/drm/rig.ts";
import { copy } from "../kernel/drm/rig.ts";
import { MigRig } from "../kernel/mig/mig-rig.ts";

const profiles = a100Sxm40.mig!.profiles;

const step = fc.record({
  op: fc.constantFrom("gi", "gi", "gi", "ci", "ci", "drop-gi", "drop-gi", "drop-ci", "drop-ci", "open", "open", "close", "mode", "reset"),
  profile: fc.constantFrom(...profiles),
  start: fc.option(fc.nat(7), { freq: 2 }),
  pick: fc.nat(13),
  part: fc.option(fc.nat(4)),
  who: fc.nat(1),
});

interface Ci {
  readonly slices: number;
  readonly clients: Set<number>;
}

interface Gi {
  readonly slices: number;
  readonly start: number;
  readonly end: number;
  readonly profile: number;
  readonly ci: Map<number, Ci>;
}

test("invariants 106 and 107: slices are never promised twice; an instance with compute instances or clients stays", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 60 }), (steps) => {
      const mig = new MigRig();
      const clients: [Client, Client] = [mig.rig.process("a"), mig.rig.process("b")];
      /** The clients' descriptors, and what each works on. */
      const open: { readonly who: number; readonly fd: number; readonly gi: number; readonly ci: number }[] = [];
      const model = new Map<number, Gi>();
      let [on, wanted] = [true, true];
      const used = (): boolean => open.length > 0;
      for (const s of steps) {
        const ids = [...model.keys()];
        const gi = ids.length === 0 ? s.pick : ids[s.pick % ids.length]!;
        const known = model.get(gi);
        const cis = [...(known?.ci.keys() ?? [])];
        const ci = cis.length === 0 ? 0 : cis[s.pick % cis.length]!;
        switch (s.op) {
          case "gi": {
            const made = mig.gi(s.profile.id, s.start);
            const free = [...model.values()].reduce((sum, { slices }) => sum + slices, 0) + s.profile.slices <= 7 && [...model.values()].filter(({ profile }) => profile === s.profile.id).length < s.profile.most
              ? s.profile.starts.filter((at) => [...model.values()].every((other) => at >= other.end || other.start >= at + s.profile.memorySlices))
              : [];
            if (!on) expect(made).toBe(-Errno.EOPNOTSUPP);
            else if (s.start !== null && !s.profile.starts.includes(s.start)) expect(made).toBe(-Errno.EINVAL);
            else if (s.start === null ? free.length === 0 : !free.includes(s.start)) expect(made).toBe(-Errno.ENOSPC);
            else {
              expect(made).toBeGreaterThanOrEqual(0);
              expect(model.has(made)).toBe(false);
              const { start } = mig.instances().find(({ id }) => id === made)!;
              expect(free).toContain(start);
              model.set(made, { slices: s.profile.slices, start, end: start + s.profile.memorySlices, profile: s.profile.id, ci: new Map() });
            }
            break;
          }
          case "ci": {
            const made = mig.ci(gi, s.part);
            if (known === undefined) expect(made).toBe(-Errno.ENOENT);
            else if (made >= 0) {
              const info = mig.instances().find(({ id }) => id === gi)!.compute.find(({ id }) => id === made)!;
              known.ci.set(made, { slices: info.slices, clients: new Set() });
              expect([...known.ci.values()].reduce((sum, { slices }) => sum + slices, 0)).toBeLessThanOrEqual(known.slices);
            } else expect([-Errno.ENOSPC, -Errno.EINVAL]).toContain(made);
            break;
          }
          case "drop-gi": {
            const result = mig.dropGi(gi);
            expect(result).toBe(known === undefined ? -Errno.ENOENT : known.ci.size > 0 ? -Errno.EBUSY : 0);
            if (result === 0) model.delete(gi);
            break;
          }
          case "drop-ci": {
            const result = mig.dropCi(gi, ci);
            const mine = known?.ci.get(ci);
            expect(result).toBe(mine === undefined ? -Errno.ENOENT : mine.clients.size > 0 ? -Errno.EBUSY : 0);
            if (result === 0) known!.ci.delete(ci);
            break;
          }
          case "open": {
            if (known?.ci.has(ci) !== true) break;
            const node = mig.node(clients[s.who]!, gi, ci);
            open.push({ who: s.who, fd: node.fd, gi, ci });
            known.ci.get(ci)!.clients.add(node.fd + s.who * 4096);
            // Memory of an instance is its own, and its compute instances share it.
            node.gem(65536 * (1 + s.pick));
            break;
          }
          case "close": {
            const at = open.splice(s.pick % Math.max(1, open.length), 1)[0];
            if (at === undefined) break;
            clients[at.who]!.sys.close(at.fd);
            model.get(at.gi)!.ci.get(at.ci)!.clients.delete(at.fd + at.who * 4096);
            break;
          }
          case "mode": {
            wanted = s.who === 0;
            const state = mig.mode(wanted);
            expect(state).toBe(wanted === on || (!used() && model.size === 0) ? "set" : "pending");
            if (state === "set") on = wanted;
            break;
          }
          case "reset": {
            const result = mig.raw("NV_GPU_RESET", { gpu: 0 });
            expect(result).toBe(used() ? -Errno.EBUSY : 0);
            if (result !== 0) break;
            model.clear();
            on = wanted;
          }
        }
        expect(mig.instances().map(({ id }) => id)).toEqual([...model.keys()].sort((a, b) => a - b));
        const slots = [...model.values()].flatMap(({ start, end }) => Array.from({ length: end - start }, (_, i) => start + i));
        expect(new Set(slots).size).toBe(slots.length);
        expect(slots.length).toBeLessThanOrEqual(8);
        mig.rig.kernel.checkInvariants();
      }
      for (const { process } of clients) process.terminate({ code: 0, signal: 0 });
      const counts = mig.rig.kernel.objectCounts()["nvidia"]!;
      expect([counts["files"], counts["objects"], counts["vramBytes"]]).toEqual([0, 0, 0]);
      mig.rig.store.dispose();
    }),
    { seed: 106, numRuns: 280 },
  );
});

const P = 65536;
const work = fc.record({
  op: fc.constantFrom("launch", "launch", "launch", "copy", "copy", "alloc", "free", "wait", "sleep", "fault", "hang", "reset"),
  n: fc.integer({ min: 1, max: 64 }),
});
type Work = typeof work extends fc.Arbitrary<infer T> ? T : never;

const code = fakeCode({
  k: { instructions: 20_000, bytes: 100_000 },
  bad: { body: (group) => group.store(64, 1) },
  hang: { instructions: Infinity },
});

/** What a process has seen and when. */
type Seen = readonly [number, string, number];

/** A program that works on a compute instance from one second on, so that all have set up before. */
function* program(mig: MigRig, self: Process, gi: number, begin: number, steps: readonly Work[], wild: boolean, seen: Seen[]): Blocking<number> {
  const sys = new ThreadSys(mig.rig.kernel, self.main);
  const { kernel } = mig.rig;
  yield* sys.nanosleep(begin);
  const minor = 3 + gi * 9;
  const fd = sys.open("/dev/dri/renderD128", O_RDWR);
  const result = sys.ioctl(fd, "GLASS_MIG_SUBSCRIBE", { gi: sys.open(`/dev/nvidia-caps/nvidia-cap${minor}`, O_RDONLY), ci: sys.open(`/dev/nvidia-caps/nvidia-cap${minor + 1}`, O_RDONLY) });
  if (result !== 0) throw new Error(`subscribe: ${result}`);
  const vm = { vm: 0 };
  sys.ioctl(fd, "GLASS_VM_CREATE", vm);
  const gem = { size: 4 * P, placement: "vram" as const, label: "bo", handle: 0 };
  sys.ioctl(fd, "GLASS_GEM_CREATE", gem);
  const va = sys.reserve(4 * P, P);
  sys.ioctl(fd, "GLASS_VM_BIND", { ...vm, op: "map", handle: gem.handle, offset: 0, address: va, size: 4 * P, flags: 3 });
  const context = { ...vm, notifier: 0, label: "ctx", context: 0 };
  sys.ioctl(fd, "GLASS_CONTEXT_CREATE", context);
  const queues = [0, 1].map((i) => {
    const arg = { context: context.context, engine: "compute" as const, order: "in-order" as const, priority: 2 as const, level: 0, label: `q${i}`, queue: 0, timeline: 0 };
    sys.ioctl(fd, "GLASS_EXEC_QUEUE_CREATE", arg);
    return { ...arg, last: 0 };
  });
  yield* sys.nanosleep(2e9 - kernel.clock.now);
  const handles: number[] = [];
  const note = (what: string, value: number): void => void seen.push([kernel.clock.now, what, value]);
  const submit = (n: number, job: Job): void => {
    const queue = queues[n % 2]!;
    const arg: ExecArgs = { queue: queue.queue, job, waits: [], propagateErrors: false, userFence: null, timestamps: null, label: job.kind, point: 0 };
    note(job.kind, sys.ioctl(fd, "GLASS_EXEC", arg));
    if (arg.point > 0) queue.last = arg.point;
  };
  for (const { op, n } of steps) {
    switch (op) {
      case "launch": submit(n, launch(code, "k", 4 * n, 256)); break;
      case "copy": submit(n, copy(va, va + 2 * P, n * 1000)); break;
      case "alloc": {
        const arg = { size: n * 2 ** 27, placement: "vram" as const, label: "big", handle: 0 };
        note(op, sys.ioctl(fd, "GLASS_GEM_CREATE", arg));
        if (arg.handle > 0) handles.push(arg.handle);
        const memory = { vramTotal: 0, vramFree: 0 };
        sys.ioctl(fd, "GLASS_MEM_QUERY", memory);
        note("free", memory.vramFree);
        break;
      }
      case "free": if (handles.length > 0) note(op, sys.ioctl(fd, "DRM_IOCTL_GEM_CLOSE", { handle: handles.shift()! })); break;
      case "fault": if (wild) submit(n, launch(code, "bad", n, 32)); break;
      case "hang": if (wild) submit(n, launch(code, "hang", n, 32)); break;
      case "reset": if (wild) [...mig.rig.gpus[0]!.parts!].find(({ gpu }) => gpu.part === ` gi${gi}`)!.reset(); break;
      case "sleep": yield* sys.nanosleep(n * 1000); break;
      case "wait": {
        const arg = { points: queues.map(({ timeline, last }) => ({ syncobj: timeline, point: last })), all: true, deadline: null, error: 0 };
        yield* sys.ioctlWait(fd, "DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT", arg);
        note(op, arg.error);
      }
    }
    kernel.checkInvariants();
    yield { queue: null, deadline: null, what: "its turn" };
  }
  return 0;
}

/** Everything that A saw, and every trace event of it and its instance, when it runs beside B or alone. */
function observe(a: readonly Work[], b: readonly Work[] | null): readonly [readonly Seen[], string] {
  const mig = new MigRig({ trace: true });
  const [mine, theirs] = [mig.gi(14), mig.gi(9)];
  mig.ci(mine);
  mig.ci(theirs);
  const seen: Seen[] = [];
  const { kernel } = mig.rig;
  const self = kernel.createProcess("A", (p) => program(mig, p, mine, 0, a, false, seen));
  const other = b === null ? null : kernel.createProcess("B", (p) => program(mig, p, theirs, 1e9, b, true, []));
  kernel.runUntilIdle();
  const text = kernel.trace.events().filter(({ fields }) => fields["pid"] === self.pid || String(fields["engine"] ?? fields["ring"] ?? "").endsWith(` gi${mine}`)).map((event) => JSON.stringify([event.time, event.name, event.fields]));
  for (const process of [self, other]) if (process !== null && process.failure !== null) throw process.failure;
  kernel.checkInvariants();
  mig.rig.store.dispose();
  return [seen, text.join("\n")];
}

test("invariant 106: what a program sees, when, and every trace event of its instance are the same beside another instance that works, faults, hangs and is reset", () => {
  let slices = 0;
  fc.assert(
    fc.property(fc.array(work, { minLength: 10, maxLength: 40 }), fc.array(work, { minLength: 10, maxLength: 40 }), (a, b) => {
      const alone = observe(a, null);
      slices += alone[1].split("gpu:slice_begin").length - 1;
      expect(observe(a, b)).toEqual(alone);
    }),
    { seed: 1060, numRuns: 150 },
  );
  expect(slices).toBeGreaterThan(1000);
});
