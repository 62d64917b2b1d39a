import fc from "fast-check";
import { test } from "vitest";
import { expect } from "../expect.ts";
import { Errno } from "../../src/kernel/errors.ts";
import { FenceRegistry, type DmaFence } from "../../src/kernel/fence/fence.ts";
import { DmaResv, Usage, usageFor } from "../../src/kernel/fence/resv.ts";
import { copy, fill, Rig } from "../kernel/drm/rig.ts";

const P = 65536;
const ports = { clock: { now: 0 }, trace: { enabled: false, emit: (): void => {} } };

const change = fc.record({ line: fc.nat(4), usage: fc.constantFrom<Usage>(0, 1, 2, 3), signal: fc.nat(80), kind: fc.constantFrom("add", "add", "add", "signal", "replace", "join", "leave", "vm") });

interface Added {
  readonly fence: DmaFence;
  readonly usage: Usage;
  gone: boolean;
}

/** Two clients' lines and an out-of-order one, on one buffer that a VM may map. */
function play(check: (resv: DmaResv, live: readonly Added[], all: readonly (readonly DmaFence[])[], open: readonly Added[]) => void): void {
  let steps = 0;
  fc.assert(
    fc.property(fc.array(change, { minLength: 50, maxLength: 80, size: "max" }), (program) => {
      const registry = new FenceRegistry(ports);
      const lines = [0, 1, 2, 3, 4].map((i) => registry.context("d", `t${i}`, i < 4));
      const [resv, vm] = [new DmaResv(), new DmaResv()];
      const added: Added[] = [];
      const inVm: Added[] = [];
      let joined = 0;
      for (const s of program) {
        steps++;
        const line = lines[s.line]!;
        const supersede = (list: readonly Added[], fence: DmaFence): void => {
          if (!line.ordered) return;
          // A line has at most one entry that a later fence of it may take the place of.
          const old = list.find((a) => !a.gone && !a.fence.signaled && a.fence.context === line && a.usage >= s.usage);
          if (old !== undefined && fence.seqno >= old.fence.seqno) old.gone = true;
        };
        if (s.kind === "add") {
          const fence = line.emit();
          supersede(added, fence);
          expect(resv.publish(fence, s.usage)).toBe(0);
          added.push({ fence, usage: s.usage, gone: false });
        } else if (s.kind === "vm") {
          const fence = registry.context("d", "job").emit();
          vm.publish(fence, Usage.bookkeep);
          inVm.push({ fence, usage: Usage.bookkeep, gone: false });
        } else if (s.kind === "signal") {
          const pool = [...added, ...inVm];
          const fence = pool[s.signal % Math.max(1, pool.length)]?.fence;
          // The fences of an ordered line signal in their order.
          for (const a of pool) if (fence !== undefined && (a.fence === fence || (a.fence.context === fence.context && fence.context.ordered && a.fence.seqno < fence.seqno)) && !a.fence.signaled) a.fence.signal();
        } else if (s.kind === "replace") {
          const stub = registry.stub;
          if (s.signal % 4 === 0) {
            resv.replace(line.id, stub, Usage.bookkeep);
            for (const a of added) if (a.fence.context === line) a.gone = true;
          }
        } else if (s.kind === "join") {
          resv.join(vm);
          joined++;
        } else if (joined > 0) {
          resv.leave(vm);
          // What runs there now is remembered.
          if (--joined === 0) for (const a of inVm) if (!a.fence.signaled && !added.includes(a)) added.push(a);
        }
        const all = [0, 1, 2, 3].map((u) => resv.fences(u as Usage));
        // A later fence of an ordered line, of no laxer usage, may stand in an earlier one's place.
        const superseded = (a: Added): boolean => a.fence.context.ordered && added.some((b) => b.fence.context === a.fence.context && b.fence.seqno > a.fence.seqno && b.usage <= a.usage);
        const open = [...added, ...(joined > 0 ? inVm : [])].filter((a) => !a.fence.signaled);
        check(resv, open.filter((a) => !a.gone && !superseded(a)), all, open);
      }
    }),
    { seed: 34, numRuns: 165, endOnFailure: true },
  );
  expect(steps).toBeGreaterThan(10_000);
}

test("invariant 34: a writer waits for readers, writers and kernel; a reader for writers and kernel; two readers never for one another", () => {
  play((resv, live, _all, open) => {
    const [read, write] = [resv.fences(usageFor(false)), resv.fences(usageFor(true))];
    for (const { fence, usage } of live) {
      if (usage <= Usage.write) expect(read.includes(fence)).toBe(true);
      if (usage <= Usage.read) expect(write.includes(fence)).toBe(true);
    }
    for (const fence of read) expect(open.some((a) => a.fence === fence && a.usage <= Usage.write)).toBe(true);
    for (const fence of write) expect(open.some((a) => a.fence === fence && a.usage <= Usage.read)).toBe(true);
  });
});

test("invariant 35: fences of memory management are in every query", () => {
  play((_resv, live, all) => {
    for (const { fence, usage } of live) if (usage === Usage.kernel) expect(all.every((fences) => fences.includes(fence))).toBe(true);
  });
});

test("invariants 36 and 37: a query has what every stricter one has, and no unsignaled fence is lost but to a later one of its line", () => {
  play((resv, live, all) => {
    for (let u = 1; u < 4; u++) expect(all[u - 1]!.every((f) => all[u]!.includes(f))).toBe(true);
    expect(live.every(({ fence, usage }) => all[usage]!.includes(fence))).toBe(true);
    for (const [u, fences] of all.entries()) expect(resv.idle(u as Usage)).toBe(fences.length === 0);
  });
});

test("invariants 34 and 35 on the machine: two processes' jobs over one dma-buf follow one another as readers and writers must", () => {
  let steps = 0;
  const job = fc.record({ who: fc.nat(1), write: fc.boolean(), first: fc.nat(1), after: fc.nat(60_000) });
  fc.assert(
    fc.property(fc.array(job, { minLength: 50, maxLength: 70, size: "max" }), (jobs) => {
      const rig = new Rig({ trace: true });
      const nodes = ["a", "b"].map((name) => rig.process(name).open());
      const handle = nodes[0]!.gem(P);
      const { fd } = nodes[0]!.do("DRM_IOCTL_PRIME_HANDLE_TO_FD", { handle, flags: 0, fd: 0 });
      const theirs = nodes[1]!.client.process.files.install(nodes[0]!.client.process.files.get(fd)!.get(), true);
      const handles = [handle, nodes[1]!.do("DRM_IOCTL_PRIME_FD_TO_HANDLE", { fd: theirs, handle: 0 }).handle];
      const sides = nodes.map((node, i) => {
        const vm = node.vm();
        const address = node.reserve(2 * P);
        node.bind(vm, handles[i]!, address, P);
        node.bind(vm, node.gem(P), address + P, P);
        return { node, address, queues: [0, 1].map(() => node.queue(node.context(vm), { engine: "copy" })), handle: handles[i]! };
      });
      const at: { write: boolean; fence: string }[] = [];
      for (const j of jobs) {
        steps++;
        const side = sides[j.who]!;
        const work = j.write ? fill(side.address, P, [j.who + 1]) : copy(side.address + P, side.address, P);
        const q = side.queues[j.first]!;
        expect(side.node.raw("GLASS_EXEC", side.node.args(q.queue, work, { implicit: [{ handle: side.handle, write: j.write }] }))).toBe(0);
        const last = rig.kernel.trace.events().findLast((e) => e.name === "gpu_scheduler:drm_sched_job_queue")!;
        at.push({ write: j.write, fence: String(last.fields["fence"]) });
        rig.kernel.events.advance(rig.kernel.clock.now + j.after);
        if (steps % 8 === 0) rig.kernel.checkInvariants();
      }
      rig.run();
      rig.kernel.checkInvariants();
      const begun = new Map<string, number>();
      const over = new Map<string, number>();
      for (const e of rig.kernel.trace.events()) {
        if (e.name === "gpu_scheduler:drm_sched_job_run") begun.set(String(e.fields["fence"]), e.seq);
        if (e.name === "gpu_scheduler:drm_sched_job_done") over.set(String(e.fields["fence"]), e.seq);
      }
      for (let i = 0; i < at.length; i++) {
        for (let k = 0; k < i; k++) if (at[i]!.write || at[k]!.write) expect(over.get(at[k]!.fence)!).toBeLessThan(begun.get(at[i]!.fence)!);
      }
      rig.store.dispose();
    }),
    { seed: 35, numRuns: 12, endOnFailure: true },
  );
});

test("a reservation without room takes no fence; too many are refused", () => {
  const registry = new FenceRegistry(ports);
  const resv = new DmaResv();
  expect(() => resv.add(registry.context("d", "t").emit(), Usage.read)).toThrow(/room/);
  expect(resv.reserve(70_000)).toBe(-Errno.ENOMEM);
  expect(resv.reserve(2)).toBe(0);
  resv.add(registry.context("d", "t").emit(), Usage.read);
  resv.add(registry.context("d", "t").emit(), Usage.write);
  expect(() => resv.add(registry.context("d", "t").emit(), Usage.read)).toThrow(/room/);
});

test("an unlocked walk begins again when the reservation changes", () => {
  const registry = new FenceRegistry(ports);
  const resv = new DmaResv();
  const fences = [0, 1, 2].map(() => registry.context("d", "t").emit());
  for (const fence of fences) resv.publish(fence, Usage.read);
  const cursor = resv.cursor(Usage.read);
  expect([cursor.next(), cursor.restarted]).toEqual([fences[0], true]);
  expect([cursor.next(), cursor.restarted]).toEqual([fences[1], false]);
  resv.publish(registry.context("d", "t").emit(), Usage.read);
  expect([cursor.next(), cursor.restarted]).toEqual([fences[0], true]);
});
