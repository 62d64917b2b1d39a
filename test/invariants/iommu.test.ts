import fc from "fast-check";
import { expect, test } from "vitest";
import { Errno } from "../../src/kernel/errors.ts";
import { IommuDomain } from "../../src/kernel/iommu/domain.ts";
import { Iommu } from "../../src/kernel/iommu/iommu.ts";

const P = 65536;
const trace = { enabled: false, emit: (): void => {} };

const step = fc.record({ map: fc.boolean(), page: fc.nat(20), n: fc.integer({ min: 1, max: 6 }), linear: fc.nat(100), prot: fc.constantFrom(1, 2, 3) });

test("invariants 88, 89, 91: translation is what was mapped, exactly; a failed map and an ended mapping leave nothing", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const domain = new IommuDomain({ trace }, 1);
      const cached = new Map<number, number>();
      domain.caches.add({ invalidate: (iova, bytes) => { for (let at = iova; at < iova + bytes; at += P) cached.delete(at); } });
      const model = new Map<number, { linear: number; prot: number }>();
      for (const s of steps) {
        const pages = Array.from({ length: s.n }, (_, i) => s.page + i);
        if (s.map) {
          const free = pages.every((page) => !model.has(page));
          expect(domain.map(s.page * P, s.linear * P, s.n * P, s.prot)).toBe(free ? 0 : -Errno.EEXIST);
          if (free) pages.forEach((page, i) => model.set(page, { linear: (s.linear + i) * P, prot: s.prot }));
        } else {
          const hole = pages.findIndex((page) => !model.has(page));
          const expected = hole < 0 ? s.n : hole;
          expect(domain.unmap(s.page * P, s.n * P)).toBe(expected * P);
          for (const page of pages.slice(0, expected)) model.delete(page);
        }
        domain.checkInvariants();
        const faults = domain.faults.length;
        let refused = 0;
        for (let page = 0; page < 28; page++) {
          for (const write of [false, true]) {
            const m = model.get(page);
            const allowed = m !== undefined && (m.prot & (write ? 2 : 1)) !== 0;
            const got = domain.translate("d", page * P + 9, write);
            expect(got).toBe(allowed ? m.linear + 9 : -1);
            if (!allowed) refused++;
            else cached.set(page * P, m.linear);
          }
        }
        expect(domain.faults.length).toBe(Math.min(256, faults + refused));
        // Strict: a device's own cache holds nothing that is not mapped now.
        for (const [iova, linear] of cached) expect(model.get(iova / P)?.linear).toBe(linear);
      }
    }),
    { seed: 88, numRuns: 100 },
  );
});

test("invariant 90: groups see their own domain and no other, the devices of a group the same", () => {
  const iommu = new Iommu({ trace });
  const [a, b] = [iommu.addDevice("0000:01:00.0"), iommu.addDevice("0000:02:00.0")];
  iommu.joinGroup(a, "0000:01:00.1");
  a.domain.map(P, 5 * P, P, 3);
  expect(a.devices.map((device) => a.domain.translate(device, P, true))).toEqual([5 * P, 5 * P]);
  expect(b.domain.translate("0000:02:00.0", P, false)).toBe(-1);
  expect(a.domain.id).not.toBe(b.domain.id);
});

test("invariant 89: I/O addresses are not used again, so a stale one never means something new", () => {
  const domain = new IommuDomain({ trace }, 1);
  const seen = new Set<number>();
  for (let i = 0; i < 50; i++) {
    const iova = domain.allocateIova(((i % 5) + 1) * P);
    for (let page = 0; page <= i % 5; page++) {
      expect(seen.has(iova + page * P)).toBe(false);
      seen.add(iova + page * P);
    }
    domain.map(iova, P, P, 3);
    domain.unmap(iova, P);
  }
});
