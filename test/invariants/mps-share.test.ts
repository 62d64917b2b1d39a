import fc from "fast-check";
import { test } from "vitest";
import { expect } from "../expect.ts";
import { UNITS } from "../../src/gpu/compute-engine.ts";
import { tiny } from "../../src/gpu/profiles/tiny.ts";
import type { Resident } from "../../src/gpu/resident.ts";
import type { GpuJob } from "../../src/kernel/drm/gpu-job.ts";
import { fakeCode, launch } from "../gpu/fake-code.ts";
import { MpsRig, type MpsProgram } from "../kernel/mps/mps-rig.ts";

const code = fakeCode({ good: { instructions: 50_000 } });

/** What each client holds of the multiprocessors right now, by its process: the engine's own list of what runs. */
function held(mps: MpsRig): Map<number, number> {
  const { running } = mps.rig.gpus[0]!.gpu.compute as unknown as { readonly running: readonly Resident[] };
  const units = new Map<number, number>();
  for (const resident of running) {
    const { pid } = (resident.work as GpuJob).context.file;
    units.set(pid, (units.get(pid) ?? 0) + resident.units);
  }
  return units;
}

const wide = { ...tiny, multiprocessors: 16, id: "wide" };
const job = fc.record({ who: fc.nat(3), blocks: fc.integer({ min: 1, max: 200 }), threads: fc.constantFrom(32, 128, 512, 1024), more: fc.nat(6), cooperative: fc.boolean() });

test("invariant 109: at every moment each client holds no more multiprocessors than its percentage", () => {
  let [moments, together] = [0, 0];
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 4, maxLength: 4 }), fc.array(job, { minLength: 50, maxLength: 110 }), fc.nat(1000), (percentages, jobs, seed) => {
      const mps = new MpsRig({ gpus: [wide], strategy: { pick: (n) => (seed * 7919 + moments) % n } });
      const clients = percentages.map((percentage) => mps.program({ percentage }) as MpsProgram);
      const check = (): void => {
        moments++;
        const now = held(mps);
        if (now.size > 1) together++;
        clients.forEach(({ client }, i) => expect(now.get(client.process.pid) ?? 0).toBeLessThanOrEqual(Math.max(1, Math.floor((16 * percentages[i]!) / 100)) * UNITS));
      };
      for (const { who, blocks, threads, more, cooperative } of jobs) {
        const { node, context, queue } = clients[who]!;
        const target = more === 0 ? node.queue(context).queue : queue;
        const n = cooperative ? Math.max(1, Math.floor((16 * percentages[who]!) / 100)) : blocks;
        expect(node.raw("GLASS_EXEC", node.args(target, launch(code, "good", n, threads, [], { cooperative })))).toBe(0);
        for (let i = 0; i < more; i++) {
          mps.rig.kernel.events.runNext();
          check();
        }
        mps.rig.kernel.checkInvariants();
      }
      while (mps.rig.kernel.events.runNext()) check();
      for (const { node, timeline } of clients) expect(node.wait([{ syncobj: timeline, point: 0 }]).error).toBe(0);
      mps.rig.store.dispose();
    }),
    { seed: 109, numRuns: 48 },
  );
  expect(moments).toBeGreaterThan(10_000);
  expect(together).toBeGreaterThan(1000);
});
