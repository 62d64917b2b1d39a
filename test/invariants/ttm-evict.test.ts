import fc from "fast-check";
import { test } from "vitest";
import { expect } from "../expect.ts";
import { FRAME } from "../../src/gpu/frames.ts";
import { tiny } from "../../src/gpu/profiles/tiny.ts";
import { Errno } from "../../src/kernel/errors.ts";
import { GEM_CONTIGUOUS, GEM_PINNED } from "../../src/kernel/sys/uapi.ts";
import type { TtmBo } from "../../src/kernel/ttm/bo.ts";
import { place, PLACE_CONTIGUOUS, PLACE_DESIRED, PLACE_FALLBACK, TT, VRAM } from "../../src/kernel/ttm/placement.ts";
import { marker, Rig, type Node } from "../kernel/drm/rig.ts";

const P = FRAME;
const PAGES = 16;
const small = { ...tiny, vramBytes: PAGES * P };

interface Held {
  readonly bo: TtmBo;
  readonly handle: number;
  readonly node: number;
  readonly pages: number;
  readonly priority: number;
  readonly pinned: boolean;
  used: number;
}

function setup(): { rig: Rig; nodes: Node[]; vms: number[]; queues: { queue: number; timeline: number }[] } {
  const rig = new Rig({ gpus: [small], ram: 256 * P });
  const nodes = ["a", "b"].map((name) => rig.process(name).open());
  const vms = nodes.map((node) => node.vm());
  return { rig, nodes, vms, queues: nodes.map((node, i) => node.queue(node.context(vms[i]!))) };
}

function newest(rig: Rig): TtmBo {
  return [...rig.gpus[0]!.ttm.bos].at(-1)!;
}

const step = fc.record({ kind: fc.constantFrom("create", "create", "create", "use", "use", "close", "run", "validate"), node: fc.nat(1), pages: fc.integer({ min: 1, max: 9 }), pick: fc.nat(40), flags: fc.constantFrom(0, 0, 0, GEM_PINNED, GEM_CONTIGUOUS) });

/** Whether evicting every object that may be evicted leaves room. */
function wouldFit(held: readonly Held[], pages: number, contiguous: boolean, rig: Rig): boolean {
  const taken = new Set<number>();
  for (const h of held) if (h.pinned) for (const run of h.bo.resource.runs) for (let at = run.start; at < run.end; at += P) taken.add(at / P);
  if (!contiguous) return pages <= PAGES - taken.size;
  let run = 0;
  for (let at = 0; at < rig.gpus[0]!.ttm.vram.size / P; at++) {
    run = taken.has(at) ? 0 : run + 1;
    if (run >= pages) return true;
  }
  return false;
}

test("invariants 76, 77 and 78: what is in place stays; victims go least recently used first; room is found whenever evicting can make it", () => {
  let steps = 0;
  let evictions = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 60, maxLength: 120, size: "max" }), (program) => {
      const { rig, nodes, vms, queues } = setup();
      const { ttm } = rig.gpus[0]!;
      const held: Held[] = [];
      let clock = 0;
      for (const s of program) {
        steps++;
        const h = held[s.pick % Math.max(1, held.length)];
        if (s.kind === "create") {
          const before = held.filter((x) => x.bo.memType === VRAM && !x.pinned);
          const mine = held.filter((x) => x.node === s.node).reduce((sum, x) => sum + x.pages, 0);
          const fits = mine + s.pages <= PAGES && wouldFit(held, s.pages, s.flags === GEM_CONTIGUOUS, rig);
          const arg = { size: s.pages * P, placement: "vram" as const, label: "", flags: s.flags, handle: 0 };
          // Invariant 78.
          expect(nodes[s.node]!.raw("GLASS_GEM_CREATE", arg)).toBe(fits ? 0 : -Errno.ENOMEM);
          // Invariant 77: who is out was used before all who stayed.
          const gone = before.filter((x) => x.bo.memType !== VRAM);
          const stayed = before.filter((x) => x.bo.memType === VRAM);
          evictions += gone.length;
          for (const x of gone) for (const y of stayed) expect(x.used).toBeLessThan(y.used);
          if (fits) held.push({ bo: newest(rig), handle: arg.handle, node: s.node, pages: s.pages, priority: 0, pinned: s.flags === GEM_PINNED, used: ++clock });
        } else if (s.kind === "use" && h !== undefined) {
          h.bo.bump();
          h.used = ++clock;
        } else if (s.kind === "close" && h !== undefined) {
          held.splice(held.indexOf(h), 1);
          nodes[h.node]!.do("DRM_IOCTL_GEM_CLOSE", { handle: h.handle });
        } else if (s.kind === "validate" && h !== undefined) {
          // Invariant 76: compatible already, so nothing moves and nothing is allocated.
          const moves = ttm.counts.moves;
          const { resource, storage } = h.bo;
          const usage = [ttm.vram.usage, ttm.tt.usage];
          expect(ttm.validate(h.bo, [place(VRAM, PLACE_DESIRED), place(TT)])).toBe(0);
          if (h.bo.resource === resource) expect([h.bo.storage, ttm.counts.moves, ttm.vram.usage, ttm.tt.usage]).toEqual([storage, moves, ...usage]);
          else expect(resource.manager).toBe(ttm.tt);
          expect(ttm.validate(h.bo, [place(h.bo.memType)])).toBe(0);
          const again = h.bo.resource;
          expect(ttm.validate(h.bo, [place(h.bo.memType)])).toBe(0);
          expect(h.bo.resource).toBe(again);
          if (again !== resource) h.used = ++clock;
        } else if (s.kind === "run") {
          const q = queues[s.node]!;
          const point = nodes[s.node]!.exec(q.queue, marker);
          nodes[s.node]!.wait([{ syncobj: q.timeline, point }]);
          void vms;
          rig.run();
        }
        rig.kernel.checkInvariants();
      }
      rig.run();
      rig.store.dispose();
    }),
    { seed: 77, numRuns: 125 },
  );
  expect(steps).toBeGreaterThan(10_000);
  expect(evictions).toBeGreaterThan(300);
});

test("invariant 77: objects that a VM uses together stay together, and priorities come before use", () => {
  const { rig, nodes, vms, queues } = setup();
  const { ttm } = rig.gpus[0]!;
  const [a, b] = [nodes[0]!, nodes[1]!];
  a.buffer(vms[0]!, 2 * P);
  const a1 = newest(rig);
  b.buffer(vms[1]!, 2 * P);
  const b1 = newest(rig);
  a.buffer(vms[0]!, 2 * P);
  const a2 = newest(rig);
  const important = ttm.create(2 * P, { places: [place(VRAM)], priority: 2, discardable: false, cgroup: null, account: null }, false) as TtmBo;
  expect(ttm.victims(ttm.vram)).toEqual([b1, a1, a2, important]);
  a.exec(queues[0]!.queue, marker);
  expect(ttm.victims(ttm.vram)).toEqual([b1, a1, a2, important]);
  b.exec(queues[1]!.queue, marker);
  expect(ttm.victims(ttm.vram)).toEqual([a1, a2, b1, important]);
  rig.run();
});

test("validation: errno table", () => {
  const { rig, nodes } = setup();
  const { ttm } = rig.gpus[0]!;
  nodes[0]!.gem(4 * P);
  const bo = newest(rig);
  expect(ttm.validate(bo, [place(VRAM)])).toBe(0);
  // Nowhere to go.
  expect(ttm.validate(bo, [place(VRAM, 0, 0, 2)])).toBe(-Errno.ENOMEM);
  expect(ttm.validate(bo, [place(VRAM, 0, 8, 16)])).toBe(0);
  expect(bo.resource.runs.every((run) => run.start >= 8 * P)).toBe(true);
  rig.run();
  expect(bo.pin([place(VRAM)])).toBe(0);
  expect(ttm.validate(bo, [place(VRAM)])).toBe(0);
  expect(ttm.validate(bo, [place(TT)])).toBe(-Errno.EINVAL);
  expect(ttm.validate(bo, [])).toBe(-Errno.EINVAL);
  bo.unpin();
  expect(ttm.validate(bo, [place(TT)])).toBe(0);
  // A move is under way: who may not wait gets -EBUSY.
  expect(ttm.validate(bo, [place(VRAM)], { noWaitGpu: true })).toBe(-Errno.EBUSY);
  rig.run();
  expect(ttm.validate(bo, [place(VRAM)], { noWaitGpu: true })).toBe(0);
  // A fallback is where it may stay, not where it is sent.
  rig.run();
  expect(ttm.validate(bo, [place(VRAM, PLACE_DESIRED | PLACE_CONTIGUOUS), place(TT, PLACE_FALLBACK)])).toBe(0);
  expect(bo.memType).toBe(VRAM);
  // No placement at all: the contents are thrown away.
  expect(ttm.validate(bo, [])).toBe(0);
  rig.run();
  expect([bo.storage, ttm.vram.usage]).toEqual([null, 0]);
  expect(ttm.validate(bo, [place(VRAM)])).toBe(0);
  rig.kernel.checkInvariants();
});
