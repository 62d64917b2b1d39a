import fc from "fast-check";
import { test } from "vitest";
import { expect } from "../expect.ts";
import { tiny } from "../../src/gpu/profiles/tiny.ts";
import { Errno } from "../../src/kernel/errors.ts";
import { MAX_CLIENTS } from "../../src/kernel/mps/server.ts";
import type { ContextFault } from "../../src/kernel/sys/uapi.ts";
import { fakeCode, launch } from "../gpu/fake-code.ts";
import { MpsRig, type MpsProgram } from "../kernel/mps/mps-rig.ts";

const code = fakeCode({
  good: { instructions: 50_000 },
  bad: { instructions: 50_000, body: (group) => group.store(64, 1) },
  hang: { instructions: Infinity },
});

const step = fc.record({ op: fc.constantFrom("come", "come", "good", "good", "good", "good", "good", "good", "bad", "hang", "run", "run", "run", "leave", "leave", "kill", "look"), pick: fc.nat(7), gpu: fc.nat(1), n: fc.integer({ min: 1, max: 16 }) });

function faultOf({ node, context }: MpsProgram): ContextFault | null {
  return node.do("GLASS_CONTEXT_STATE", { context, fault: null }).fault;
}

test("invariant 108: a fault of one client is a fault of every client of that GPU and of none of the other; new ones are kept out until all are gone", () => {
  let [faults, refusals] = [0, 0];
  fc.assert(
    fc.property(fc.array(step, { minLength: 50, maxLength: 90 }), (steps) => {
      const mps = new MpsRig({ gpus: [tiny, tiny], hangLimitNs: 20e6, hangPatience: 2 ** 12 });
      const { kernel } = mps.rig;
      const clients: (MpsProgram & { readonly gpu: number })[] = [];
      const bystander = mps.alone(0, "bystander");
      /** GPUs whose context has faulted, as the clients see it. */
      const broken = (gpu: number): boolean => clients.some((client) => client.gpu === gpu && faultOf(client) !== null);
      for (const s of steps) {
        const client = clients[s.pick % Math.max(1, clients.length)];
        const wasBroken = [broken(0), broken(1)];
        switch (s.op) {
          case "come": {
            const made = mps.program({ percentage: 100 / s.n }, s.gpu);
            if (wasBroken[s.gpu]!) {
              refusals++;
              expect(made).toBe(-Errno.EAGAIN);
            } else if (typeof made !== "number") clients.push({ ...made, gpu: s.gpu });
            else expect(made).toBe(-Errno.EUSERS);
            break;
          }
          case "good": case "bad": case "hang": {
            if (client === undefined) break;
            const arg = client.node.args(client.queue, launch(code, s.op, s.n, 64));
            expect(client.node.raw("GLASS_EXEC", arg)).toBe(faultOf(client) === null ? 0 : -Errno.ECANCELED);
            break;
          }
          case "run": for (let i = 0; i < 8 * s.n; i++) if (!kernel.events.runNext()) break; break;
          case "leave": case "kill":
            if (client === undefined) break;
            clients.splice(clients.indexOf(client), 1);
            if (s.op === "kill") kernel.kill(client.client.process);
            else client.client.process.terminate({ code: 0, signal: 0 });
            break;
          case "look": bystander.node.exec(bystander.queue, launch(code, "good", 1, 32));
        }
        kernel.checkInvariants();
        for (const gpu of [0, 1]) {
          const fates = clients.filter((c) => c.gpu === gpu).map(faultOf);
          // All or none; and nobody learns whose it was but from his own work.
          expect(new Set(fates.map((fault) => fault !== null)).size).toBeLessThanOrEqual(1);
          if (fates.some((fault) => fault !== null) && !wasBroken[gpu]!) faults++;
          for (const fault of fates) if (fault !== null && fault.queue === 0) expect([fault.point, fault.fault?.access ?? null]).toEqual([0, null]);
        }
        // Who is no client shares no fate.
        expect(faultOf(bystander)).toBe(null);
        expect(clients.length).toBeLessThanOrEqual(MAX_CLIENTS);
      }
      kernel.runUntilIdle();
      kernel.checkInvariants();
      mps.rig.store.dispose();
    }),
    { seed: 108, numRuns: 150 },
  );
  expect(faults).toBeGreaterThan(100);
  expect(refusals).toBeGreaterThan(100);
});

test("invariant 108: a server has at most as many clients as it may", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 70, maxLength: 110 }), (steps) => {
      const mps = new MpsRig({ gpus: [tiny] });
      const clients: MpsProgram[] = [];
      for (const come of steps) {
        if (!come && clients.length % 3 === 0) clients.pop()?.client.process.terminate({ code: 0, signal: 0 });
        else {
          const made = mps.program();
          expect(typeof made === "number" ? made : 0).toBe(clients.length < MAX_CLIENTS ? 0 : -Errno.EUSERS);
          if (typeof made !== "number") clients.push(made);
        }
        mps.rig.kernel.checkInvariants();
      }
      mps.rig.store.dispose();
    }),
    { seed: 1080, numRuns: 6 },
  );
});
