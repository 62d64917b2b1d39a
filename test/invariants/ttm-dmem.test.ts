import fc from "fast-check";
import { test } from "vitest";
import { expect } from "../expect.ts";
import { tiny } from "../../src/gpu/profiles/tiny.ts";
import { Errno } from "../../src/kernel/errors.ts";
import type { TtmBo } from "../../src/kernel/ttm/bo.ts";
import { VRAM } from "../../src/kernel/ttm/placement.ts";
import { Rig } from "../kernel/drm/rig.ts";

const P = 65536;
const PAGES = 16;

test("invariant 82: VRAM of a cgroup stays below dmem.max by evicting inside it; what dmem.min protects is not evicted by others; charges are exact", () => {
  let steps = 0;
  fc.assert(
    fc.property(
      fc.integer({ min: 4, max: 16 }), fc.integer({ min: 0, max: 8 }),
      fc.array(fc.record({ kind: fc.constantFrom("create", "create", "close", "run"), side: fc.nat(1), pages: fc.integer({ min: 1, max: 8 }), pick: fc.nat(20) }), { minLength: 60, maxLength: 120, size: "max" }),
      (max, min, program) => {
        const rig = new Rig({ gpus: [{ ...tiny, vramBytes: PAGES * P }], ram: 512 * P });
        const { ttm } = rig.gpus[0]!;
        const { cgroups } = rig.kernel;
        const groups = ["limited", "protected"].map((name) => {
          cgroups.mkdir(cgroups.root, name);
          return cgroups.find(`/${name}`)!;
        });
        const pools = groups.map((group) => cgroups.dmem.pool(group, ttm.region));
        pools[0]!.counter.max = max * P;
        pools[1]!.counter.min = min * P;
        const nodes = groups.map((group, i) => {
          const client = rig.process(`p${i}`);
          expect(cgroups.attach(group, client.process)).toBe(0);
          return client.open();
        });
        const held: { side: number; handle: number; bo: TtmBo; pages: number }[] = [];
        for (const s of program) {
          steps++;
          if (s.kind === "create") {
            const budget = held.filter((h) => h.side === s.side).reduce((n, h) => n + h.pages, 0);
            const safe = pools[1]!.counter.usage <= min * P;
            const before = held.filter((h) => h.side === 1 && h.bo.memType === VRAM);
            const arg = { size: s.pages * P, placement: "vram" as const, label: "", handle: 0 };
            const result = nodes[s.side]!.raw("GLASS_GEM_CREATE", arg);
            expect([0, -Errno.ENOMEM]).toContain(result);
            if (s.side === 0 && s.pages > max) expect(result).toBe(-Errno.ENOMEM);
            if (s.side === 0 && s.pages <= Math.min(max, PAGES - min) && budget + s.pages <= PAGES) expect(result).toBe(0);
            if (result === 0) held.push({ side: s.side, handle: arg.handle, bo: [...ttm.bos].at(-1)!, pages: s.pages });
            if (s.side === 0 && safe) for (const h of before) expect(h.bo.memType).toBe(VRAM);
          } else if (s.kind === "close") {
            const [gone] = held.splice(s.pick % Math.max(1, held.length), 1);
            if (gone !== undefined) nodes[gone.side]!.do("DRM_IOCTL_GEM_CLOSE", { handle: gone.handle });
          } else rig.run();
          rig.kernel.checkInvariants();
          cgroups.dmem.checkInvariants();
          for (const side of [0, 1]) {
            const inVram = [...ttm.bos].filter((bo) => bo.cgroup === groups[side] && bo.resource.pool !== null).reduce((n, bo) => n + bo.size, 0);
            expect(pools[side]!.counter.usage).toBe(inVram);
          }
          expect(pools[0]!.counter.usage).toBeLessThanOrEqual(max * P);
        }
        rig.store.dispose();
      },
    ),
    { seed: 82, numRuns: 125 },
  );
  expect(steps).toBeGreaterThan(10_000);
});
