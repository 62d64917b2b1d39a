import fc from "fast-check";
import { test } from "vitest";
import { expect } from "../expect.ts";
import { FRAME } from "../../src/gpu/frames.ts";
import { tiny } from "../../src/gpu/profiles/tiny.ts";
import type { TtmBo } from "../../src/kernel/ttm/bo.ts";
import { fakeCode, launch } from "../gpu/fake-code.ts";
import { Rig, type Node } from "../kernel/drm/rig.ts";

const P = FRAME;
const PAGES = 16;
const small = { ...tiny, vramBytes: PAGES * P };

function setup(): { rig: Rig; nodes: Node[]; vms: number[]; queues: { queue: number; timeline: number }[] } {
  const rig = new Rig({ gpus: [small], ram: 256 * P });
  const nodes = ["a", "b"].map((name) => rig.process(name).open());
  const vms = nodes.map((node) => node.vm());
  return { rig, nodes, vms, queues: nodes.map((node, i) => node.queue(node.context(vms[i]!))) };
}

function newest(rig: Rig): TtmBo {
  return [...rig.gpus[0]!.ttm.bos].at(-1)!;
}

test("invariants 79 and 14: the new owner of room begins after the move that emptied it; nothing is moved or freed under a running kernel", () => {
  let steps = 0;
  let delayed = 0;
  fc.assert(
    fc.property(fc.array(fc.record({ side: fc.nat(1), pages: fc.integer({ min: 5, max: 8 }), long: fc.integer({ min: 1, max: 40 }), drop: fc.boolean(), wait: fc.boolean() }), { minLength: 40, maxLength: 120, size: "max" }), (program) => {
      const { rig, nodes, vms, queues } = setup();
      const device = rig.gpus[0]!;
      const { ttm } = device;
      const running = new Map<number, number>();
      const code = fakeCode({ k: { instructions: 200_000, body: (g) => {
        const address = g.param(0);
        const vm = [...device.vms].find((v) => v.maps.find(address) !== null)!;
        const bo = vm.maps.find(address)!.object!.backing;
        // Its own memory, in VRAM, and nobody else's.
        expect(bo.storage!.kind).toBe("vram");
        g.store(address, g.load(address) + 1);
        running.set(address, (running.get(address) ?? 0) + 1);
      } } });
      const sides: { address: number; pages: number; handle: number; runs: number; bo: TtmBo }[][] = [[], []];
      for (const s of program) {
        steps++;
        const node = nodes[s.side]!;
        const mine = sides[s.side]!;
        if (s.drop && mine.length > 0 && (running.get(mine[0]!.address) ?? 0) === mine[0]!.runs) {
          const gone = mine.shift()!;
          const moving = gone.bo.pending !== null;
          node.unbind(vms[s.side]!, gone.address, gone.pages * P);
          node.do("DRM_IOCTL_GEM_CLOSE", { handle: gone.handle });
          // Invariant 14: while its move is under way the memory stays.
          if (moving) {
            delayed++;
            expect(ttm.delayed.has(gone.bo)).toBe(true);
            expect(gone.bo.storage).not.toBeNull();
          }
        }
        const sum = mine.reduce((n, x) => n + x.pages, 0);
        if (sum + s.pages <= PAGES && mine.length < 2) {
          const there = [...ttm.bos].filter((bo) => bo.memType === 2);
          const handle = node.gem(s.pages * P);
          const fresh = newest(rig);
          // Somebody had to leave for it, and has not left yet: it cannot be used.
          if (there.some((bo) => bo.memType !== 2 && bo.pending !== null && bo.storage?.kind === "vram")) expect(fresh.pending).not.toBeNull();
          // Invariant 79: whatever is still on its way out of VRAM has to be waited for.
          for (const fence of ttm.vram.moves()) expect(fence.signaled).toBe(false);
          if (ttm.vram.moves().length > 0) expect(fresh.pending).not.toBeNull();
          const address = node.reserve(s.pages * P);
          node.bind(vms[s.side]!, handle, address, s.pages * P);
          mine.push({ address, pages: s.pages, handle, runs: 0, bo: fresh });
        }
        const target = mine.at(-1);
        if (target !== undefined && !s.drop) {
          const outgoing = target.bo.pending?.fence.signaled === false ? target.bo.pending.fence : null;
          node.exec(queues[s.side]!.queue, launch(code, "k", 1, 32, [target.address]));
          target.runs++;
          if (outgoing !== null && !outgoing.signaled) expect(running.get(target.address) ?? 0).toBeLessThan(target.runs);
        }
        if (s.wait) rig.run();
        rig.kernel.checkInvariants();
      }
      rig.run();
      for (const { bo } of sides.flat()) expect(bo.deleted).toBe(false);
      expect(ttm.delayed.size).toBe(0);
      rig.store.dispose();
    }),
    { seed: 79, numRuns: 145 },
  );
  expect(steps).toBeGreaterThan(10_000);
  expect(delayed).toBeGreaterThan(20);
});
