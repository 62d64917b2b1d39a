import fc from "fast-check";
import { test } from "vitest";
import { expect } from "../expect.ts";
import { Errno } from "../../src/kernel/errors.ts";
import { FenceArray } from "../../src/kernel/fence/array.ts";
import { chainFind, FenceChain, unwrapChain } from "../../src/kernel/fence/chain.ts";
import { DmaFence, FenceRegistry } from "../../src/kernel/fence/fence.ts";
import { unwrap, unwrapMerge } from "../../src/kernel/fence/unwrap.ts";
import { DmaResv, usageFor, type Usage } from "../../src/kernel/fence/resv.ts";

/** The numbers are those of the list of invariants that the kernel model promises to keep. */
const runs = { seed: 22, numRuns: 200 };

function world(): { clock: { now: number }; registry: FenceRegistry } {
  const clock = { now: 0 };
  return { clock, registry: new FenceRegistry({ clock, trace: { enabled: false, emit: () => {} } }) };
}

const op = fc.oneof(
  fc.record({ kind: fc.constant("add" as const), fence: fc.nat(3) }),
  fc.record({ kind: fc.constant("remove" as const), callback: fc.nat(20) }),
  fc.record({ kind: fc.constant("signal" as const), fence: fc.nat(3), error: fc.constantFrom(0, -5) }),
);

test("invariants 22, 23, 24, 25 and 26: a fence signals once and for good, its callbacks run once, in order, or never when removed or late", () => {
  fc.assert(
    fc.property(fc.array(op, { minLength: 50, maxLength: 80, size: "max" }), (ops) => {
      const { clock, registry } = world();
      const line = registry.context("d", "t");
      const fences = [line.emit(), line.emit(), line.emit(), line.emit()];
      const calls: number[] = [];
      const callbacks: { id: number; fence: number; state: "queued" | "removed" | "late"; run: { fenceSignaled: () => void } }[] = [];
      const ends: ({ time: number; error: number } | null)[] = [null, null, null, null];
      for (const o of ops) {
        clock.now++;
        if (o.kind === "add") {
          const id = callbacks.length;
          const run = { fenceSignaled: (): void => void calls.push(id) };
          const result = fences[o.fence]!.addCallback(run);
          expect(result).toBe(ends[o.fence] === null ? 0 : -Errno.ENOENT);
          callbacks.push({ id, fence: o.fence, state: result === 0 ? "queued" : "late", run });
        } else if (o.kind === "remove") {
          const c = callbacks[o.callback];
          if (c === undefined) continue;
          const expected = c.state === "queued" && ends[c.fence] === null;
          expect(fences[c.fence]!.removeCallback(c.run)).toBe(expected);
          if (expected) c.state = "removed";
        } else {
          const before = calls.length;
          const fence = fences[o.fence]!;
          if (ends[o.fence] === null && o.error !== 0) fence.setError(o.error);
          expect(fence.status).toBe(ends[o.fence] === null ? 0 : ends[o.fence]!.error || 1);
          expect(fence.signal()).toBe(ends[o.fence] === null ? 0 : -Errno.EINVAL);
          const due = ends[o.fence] === null ? callbacks.filter((c) => c.fence === o.fence && c.state === "queued").map((c) => c.id) : [];
          expect(calls.slice(before)).toEqual(due);
          ends[o.fence] ??= { time: clock.now, error: o.error };
        }
        fences.forEach((fence, i) => {
          expect(fence.signaled).toBe(ends[i] !== null);
          expect(fence.timestamp).toBe(ends[i]?.time ?? -1);
          if (ends[i] !== null) expect(fence.error).toBe(ends[i]!.error);
        });
      }
      expect(new Set(calls).size).toBe(calls.length);
    }),
    runs,
  );
});

test("invariant 27: signaling is enabled at most once, by the first who waits", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 10 }), (signals) => {
      const { registry } = world();
      let asked = 0;
      const fence = new DmaFence(registry.context("d", "t"), 1, { enableSignaling: () => { asked++; return true; } });
      let waited = false;
      let over = false;
      for (const signal of signals) {
        if (signal) {
          fence.signal();
          over = true;
        } else {
          fence.addCallback({ fenceSignaled: () => {} });
          waited ||= !over;
        }
        expect(asked).toBe(waited ? 1 : 0);
      }
    }),
    runs,
  );
});

test("invariants 28 and 29: seqnos of a context grow, context numbers are never used twice", () => {
  const { registry } = world();
  const seen = new Set<number>();
  for (let i = 0; i < 3400; i++) {
    const line = registry.context("d", "t");
    expect(seen.has(line.id)).toBe(false);
    seen.add(line.id);
    const numbers = [line.emit().seqno, line.emit(7).seqno, line.emit().seqno];
    expect(numbers).toEqual([1, 7, 8]);
    expect(() => line.emit(8)).toThrow(/grow/);
  }
});

const order = fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 0, maxLength: 5 });

test("invariant 31: an array of all signals with its last member, of any with its first; the error is a member's", () => {
  fc.assert(
    fc.property(order, fc.constantFrom("all" as const, "any" as const), fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }), fc.nat(5), (signals, mode, bad, early) => {
      const { registry } = world();
      const work = registry.context("d", "t");
      const members = Array.from({ length: 5 }, () => work.emit());
      const signal = (i: number): void => {
        if (bad[i]) members[i]!.setError(-Errno.EIO);
        members[i]!.signal();
      };
      signals.slice(0, early).forEach(signal);
      const array = new FenceArray(registry.context("d", "array"), members, mode);
      const check = (done: readonly number[]): void => {
        const expected = mode === "all" ? done.length === 5 : done.length > 0;
        expect(array.fence.signaled).toBe(expected);
        if (!expected || array.fence.error === 0) return;
        expect(done.some((i) => bad[i])).toBe(true);
      };
      check(signals.slice(0, early));
      for (let n = early; n < signals.length; n++) {
        signal(signals[n]!);
        check(signals.slice(0, n + 1));
      }
      if (mode === "all" && signals.length === 5) expect(array.fence.error !== 0).toBe(bad.includes(true));
      for (const member of members) member.put();
      array.fence.put();
      expect(registry.live).toBe(array.fence.signaled ? 0 : 5);
    }),
    { ...runs, numRuns: 3000 },
  );
});

test("invariants 32 and 33: a chain node signals with all before it, find gives the first node that reaches, unwrap each leaf once", () => {
  fc.assert(
    fc.property(order, (signals) => {
      const { registry } = world();
      const [line, work] = [registry.context("d", "chain"), registry.context("d", "work")];
      const own = Array.from({ length: 5 }, () => work.emit());
      const nodes: FenceChain[] = [];
      own.forEach((fence, i) => nodes.push(new FenceChain(line, nodes.at(-1) ?? null, fence, (i + 1) * 2)));
      const last = nodes[4]!;
      for (const i of signals) {
        own[i]!.signal();
        nodes.forEach((node, n) => expect(node.fence.signaled).toBe(own.slice(0, n + 1).every((f) => f.signaled)));
      }
      for (let seqno = 1; seqno <= 11; seqno++) {
        const node = nodes.find((n) => n.seqno >= seqno);
        expect(chainFind(last, seqno)).toBe(node === undefined ? -Errno.EINVAL : node.fence.signaled ? null : node);
      }
      expect(unwrapChain(last)).toEqual(own.filter((f) => !f.signaled));
    }),
    { ...runs, numRuns: 1500 },
  );
});

test("invariant 33: containers in containers give each leaf once, and a merge waits for exactly the open ones", () => {
  let steps = 0;
  const build = fc.record({ kind: fc.constantFrom("leaf", "leaf", "array", "chain", "signal"), of: fc.array(fc.nat(60), { minLength: 1, maxLength: 4 }) });
  fc.assert(
    fc.property(fc.array(build, { minLength: 50, maxLength: 80, size: "max" }), (program) => {
      const { registry } = world();
      const made: { fence: DmaFence; leaves: Set<DmaFence> }[] = [];
      const leaves: DmaFence[] = [];
      for (const s of program) {
        steps++;
        const parts = [...new Set(s.of.map((i) => made[i % Math.max(1, made.length)]).filter((m) => m !== undefined))].filter((m) => !m.fence.signaled);
        if (s.kind === "leaf" || parts.length === 0) {
          const fence = registry.context("d", "t").emit();
          leaves.push(fence);
          made.push({ fence, leaves: new Set([fence]) });
        } else if (s.kind === "signal") {
          leaves[s.of[0]! % leaves.length]!.signal();
        } else if (s.kind === "array") {
          const array = new FenceArray(registry.context("d", "array"), parts.map((m) => m.fence), "all");
          made.push({ fence: array.fence, leaves: new Set(parts.flatMap((m) => [...m.leaves])) });
        } else {
          const line = registry.context("d", "chain");
          let last: FenceChain | null = null;
          parts.forEach((m, i) => (last = new FenceChain(line, last, m.fence, i + 1)));
          made.push({ fence: last!.fence, leaves: new Set(parts.flatMap((m) => [...m.leaves])) });
        }
        const all = made.map((m) => m.fence);
        const found = unwrap(...all);
        expect(new Set(found).size).toBe(found.length);
        const open = found.filter((f) => !f.signaled);
        expect(new Set(open)).toEqual(new Set(leaves.filter((f) => !f.signaled)));
        const newest = made.at(-1)!;
        const merged = unwrapMerge(registry, [newest.fence, newest.fence]);
        expect(merged.signaled).toBe([...newest.leaves].every((f) => f.signaled));
        merged.put();
      }
    }),
    { seed: 33, numRuns: 30, endOnFailure: true },
  );
  expect(steps).toBeGreaterThan(1500);
});

test("invariants 34, 36 and 37: queries nest, readers do not wait for readers, and no unsignaled fence is lost but to a later one of its line", () => {
  const step = fc.record({ line: fc.nat(3), usage: fc.constantFrom<Usage>(0, 1, 2, 3), signal: fc.nat(30) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const { registry } = world();
      const lines = Array.from({ length: 4 }, () => registry.context("d", "t"));
      const resv = new DmaResv();
      const added: { fence: DmaFence; line: number; usage: Usage }[] = [];
      for (const s of steps) {
        const fence = lines[s.line]!.emit();
        resv.publish(fence, s.usage);
        added.push({ fence, line: s.line, usage: s.usage });
        added[s.signal]?.fence.signal();
        const all = [0, 1, 2, 3].map((u) => resv.fences(u as Usage));
        for (let u = 1; u < 4; u++) for (const f of all[u - 1]!) expect(all[u]).toContain(f);
        for (const a of added) {
          if (a.fence.signaled) continue;
          const replaced = added.some((b) => b.line === a.line && b.fence.seqno > a.fence.seqno && b.usage <= a.usage);
          if (!replaced) expect(all[a.usage]).toContain(a.fence);
        }
        for (const f of resv.fences(usageFor(false))) expect(added.find((a) => a.fence === f)!.usage).toBeLessThanOrEqual(1);
        for (const f of resv.fences(usageFor(true))) expect(added.find((a) => a.fence === f)!.usage).toBeLessThanOrEqual(2);
      }
    }),
    runs,
  );
});
