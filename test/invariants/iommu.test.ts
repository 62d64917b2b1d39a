import fc from "fast-check";
import { test } from "vitest";
import { expect } from "../expect.ts";
import { LinearStore } from "../../src/gpu/linear.ts";
import { EventQueue } from "../../src/kernel/clock.ts";
import { Choices, firstStrategy } from "../../src/kernel/choices.ts";
import { Errno } from "../../src/kernel/errors.ts";
import { IommuDomain, PAGE_SIZES, type DomainPorts } from "../../src/kernel/iommu/domain.ts";
import { FLUSH_QUEUE_ENTRIES, FLUSH_QUEUE_TIMEOUT_NS } from "../../src/kernel/iommu/flush-queue.ts";
import { Iommu, type IommuDevice } from "../../src/kernel/iommu/iommu.ts";
import { AddressSpace } from "../../src/kernel/mm/address-space.ts";
import { fakeCode, launch } from "../gpu/fake-code.ts";
import { Rig } from "../kernel/drm/rig.ts";

const P = 65536;

/** What domains need of a machine, with a clock that the test moves. */
function machine(): DomainPorts & { readonly clock: { now: number }; pass(ns: number): void } {
  const clock = { now: 0 };
  const events = new EventQueue(clock, new Choices(firstStrategy), "timed");
  return { clock, events, trace: { enabled: false, emit: () => {} }, pass: (ns) => events.advance(clock.now + ns) };
}

interface Page {
  readonly linear: number;
  readonly prot: number;
}

const step = fc.record({
  map: fc.boolean(), group: fc.nat(1), page: fc.nat(20), n: fc.integer({ min: 1, max: 6 }), linear: fc.nat(100), prot: fc.constantFrom(1, 2, 3), probe: fc.nat(27), write: fc.boolean(),
});

test("invariant 88: an access gets through exactly where it is mapped with the right; else it is recorded and nothing more", () => {
  fc.assert(fc.property(fc.array(step, { minLength: 120, maxLength: 120 }), (steps) => {
    const iommu = new Iommu(machine());
    const groups = [iommu.addDevice("0000:01:00.0"), iommu.addDevice("0000:02:00.0")];
    const models = groups.map(() => new Map<number, Page>());
    for (const s of steps) {
      const { domain } = groups[s.group]!;
      const model = models[s.group]!;
      const pages = Array.from({ length: s.n }, (_, i) => s.page + i);
      if (s.map) {
        if (domain.map(s.page * P, s.linear * P, s.n * P, s.prot) === 0) pages.forEach((page, i) => model.set(page, { linear: (s.linear + i) * P, prot: s.prot }));
      } else {
        const bytes = domain.unmap(s.page * P, s.n * P);
        for (const page of pages.slice(0, bytes / P)) model.delete(page);
      }
      iommu.checkInvariants();
      for (const device of iommu.groups.flatMap((group) => group.members)) {
        const m = models[device.group.id]!.get(s.probe);
        const allowed = m !== undefined && (m.prot & (s.write ? 2 : 1)) !== 0;
        const before = device.group.domain.faults.length;
        expect(iommu.translate(device, s.probe * P + 9, s.write)).toBe(allowed ? m.linear + 9 : -1);
        const { faults } = device.group.domain;
        expect(faults.length).toBe(Math.min(256, before + (allowed ? 0 : 1)));
        if (!allowed) expect(faults.at(-1)).toEqual({ device: device.name, iova: s.probe * P + 9, write: s.write });
      }
    }
  }), { seed: 88, numRuns: 60 });
});

test("invariant 88: a kernel's or copy's access whose translation is gone has no effect", () => {
  const rig = new Rig();
  const node = rig.process().open();
  const vm = node.vm();
  const buffer = node.buffer(vm, P, "system");
  const { domain, iommuGroup } = rig.gpus[0]!;
  const mapping = [...[...rig.gpus[0]!.vms][0]!.maps].find((m) => m.start === buffer.address)!;
  const q = node.queue(node.context(vm));
  buffer.bytes.fill(7);
  // Behind the driver's back.
  domain.unmap(mapping.iova, P);
  node.exec(q.queue, launch(fakeCode({ k: { body: (g) => g.store(buffer.address, 1) } }), "k", 1, 32, []));
  expect(node.wait([{ syncobj: q.timeline, point: 1 }]).error).toBe(-Errno.EIO);
  expect(buffer.bytes.every((byte) => byte === 7)).toBe(true);
  expect(domain.faults).toEqual([{ device: "0000:01:00.0", iova: mapping.iova, write: true }]);
  expect(iommuGroup.domain).toBe(domain);
});

const use = fc.record({ unmap: fc.boolean(), pick: fc.nat(30), n: fc.integer({ min: 1, max: 4 }), linear: fc.nat(100), wait: fc.nat(40) });

test("invariant 89: strictly, what is unmapped is out of reach at once; lazily, only until the flush, and its address is not given out before", () => {
  for (const mode of ["strict", "lazy"] as const) {
    fc.assert(fc.property(fc.array(use, { minLength: 130, maxLength: 130 }), (steps) => {
      const ports = machine();
      const iommu = new Iommu(ports, mode);
      const [a, b] = [iommu.addDevice("0000:01:00.0").members[0]!, iommu.addDevice("0000:02:00.0").members[0]!];
      const live: { device: IommuDevice; iova: number; bytes: number; linear: number }[] = [];
      let stale: { device: IommuDevice; iova: number; bytes: number; linear: number; at: number }[] = [];
      for (const [i, s] of steps.entries()) {
        const device = i % 2 === 0 ? a : b;
        const { domain } = device.group;
        if (s.unmap && live.length > 0) {
          const gone = live.splice(s.pick % live.length, 1)[0]!;
          gone.device.group.domain.dmaUnmap(gone.iova, gone.bytes);
          stale.push({ ...gone, at: ports.clock.now });
        } else {
          const iova = domain.dmaMap(s.linear * P, s.n * P, 3);
          for (const old of stale) if (old.device === device) expect(iova + s.n * P <= old.iova || iova >= old.iova + old.bytes || !isWaiting(old)).toBe(true);
          // Given out again: the old meaning is over.
          stale = stale.filter((old) => old.device !== device || iova + s.n * P <= old.iova || iova >= old.iova + old.bytes);
          live.push({ device, iova, bytes: s.n * P, linear: s.linear * P });
        }
        ports.pass(s.wait * 10_000);
        iommu.checkInvariants();
        for (const m of live.slice(-4)) expect(iommu.translate(m.device, m.iova + P - 1, true)).toBe(m.linear + P - 1);
        for (const old of stale.slice(-4)) {
          const got = iommu.translate(old.device, old.iova, true);
          if (mode === "strict" || !isWaiting(old)) expect(got).toBe(-1);
          else expect([-1, old.linear]).toContain(got);
          if (mode === "lazy" && ports.clock.now - old.at > FLUSH_QUEUE_TIMEOUT_NS) expect(isWaiting(old)).toBe(false);
        }
        expect(a.group.domain.unflushed.length).toBeLessThan(FLUSH_QUEUE_ENTRIES);
      }
      function isWaiting(old: { device: IommuDevice; iova: number }): boolean {
        return old.device.group.domain.unflushed.some(([start]) => start === old.iova);
      }
    }), { seed: 89, numRuns: 60 });
  }
});

test("invariant 89: the stale window of a lazy domain is real, and a full queue closes it", () => {
  const ports = machine();
  const iommu = new Iommu(ports, "lazy");
  const device = iommu.addDevice("0000:01:00.0").members[0]!;
  const { domain } = device.group;
  const iova = domain.dmaMap(5 * P, P, 3);
  expect(iommu.translate(device, iova, true)).toBe(5 * P);
  domain.dmaUnmap(iova, P);
  expect(iommu.translate(device, iova, true)).toBe(5 * P);
  for (let i = 0; i < FLUSH_QUEUE_ENTRIES - 1; i++) domain.dmaUnmap(domain.dmaMap(9 * P, P, 3), P);
  expect(domain.unflushed.length).toBe(0);
  expect(iommu.translate(device, iova, true)).toBe(-1);
});

test("invariant 90: groups with different domains never see one another's addresses; the devices of a group always see the same", () => {
  const act = fc.record({ group: fc.nat(1), op: fc.constantFrom("map", "unmap", "attach", "detach"), page: fc.nat(9), linear: fc.nat(50), domain: fc.nat(2) });
  fc.assert(fc.property(fc.array(act, { minLength: 130, maxLength: 130 }), (steps) => {
    const iommu = new Iommu(machine());
    const groups = [iommu.addDevice("0000:01:00.0"), iommu.addDevice("0000:02:00.0")];
    for (const group of groups) iommu.joinGroup(group, group.devices[0]!.replace(".0", ".1"));
    const own = Array.from({ length: 3 }, () => iommu.allocateDomain("unmanaged"));
    for (const s of steps) {
      const group = groups[s.group]!;
      if (s.op === "attach") {
        const free = group.domain === group.defaultDomain || group.domain === group.blocking;
        expect(iommu.attachGroup(own[s.domain]!, group)).toBe(free ? 0 : -Errno.EBUSY);
      }
      if (s.op === "detach") iommu.detachGroup(own[s.domain]!, group);
      else if (s.op === "map") group.domain.map(s.page * P, (s.linear + 100 * group.domain.id) * P, P, 3);
      else if (s.op === "unmap") group.domain.unmap(s.page * P, P);
      iommu.checkInvariants();
      for (const each of groups) {
        const seen = each.members.map((device) => iommu.translate(device, s.page * P, true));
        expect(new Set(seen).size).toBe(1);
        // Each domain's memory has its number in it.
        if (seen[0]! >= 0) expect(Math.floor(seen[0]! / P / 100)).toBe(each.domain.id);
      }
    }
  }), { seed: 90, numRuns: 60 });
});

test("invariant 91: a map that fails leaves nothing of itself; unmap gives back exactly what hung together", () => {
  const sizes = [P, 2 ** 21];
  const act = fc.record({ op: fc.constantFrom("map", "pieces", "unmap", "bad"), page: fc.nat(80), n: fc.integer({ min: 1, max: 40 }), linear: fc.nat(3), cut: fc.nat(39), who: fc.nat(1) });
  fc.assert(fc.property(fc.array(act, { minLength: 130, maxLength: 130 }), (steps) => {
    const iommu = new Iommu(machine());
    const domains = [iommu.allocateDomain("unmanaged"), new IommuDomain(machine(), 9, "unmanaged", sizes)];
    const models = domains.map(() => new Map<number, number>());
    for (const s of steps) {
      const domain = domains[s.who]!;
      const model = models[s.who]!;
      const before = domain.mapped;
      const linear = s.linear * 2 ** 22;
      const pages = Array.from({ length: s.n }, (_, i) => s.page + i);
      const free = pages.every((page) => !model.has(page));
      if (s.op === "bad") {
        expect([domain.map(s.page * P + 1, linear, P, 3), domain.map(s.page * P, linear + 1, P, 3), domain.map(s.page * P, linear, P + 1, 3), domain.map(s.page * P, linear, 0, 3), domain.map(s.page * P, linear, P, 0)]).toEqual(Array(5).fill(-Errno.EINVAL));
        expect(domain.unmap(s.page * P + 1, P)).toBe(0);
        expect(domain.mapped).toBe(before);
      } else if (s.op === "map" || s.op === "pieces") {
        const cut = Math.min(s.cut, s.n - 1);
        const result = s.op === "map" || cut === 0 ? domain.map(s.page * P, linear, s.n * P, 3) : domain.mapPieces(s.page * P, [{ linear, bytes: cut * P }, { linear: linear + cut * P, bytes: (s.n - cut) * P }], 3);
        if (free) pages.forEach((page, i) => model.set(page, linear + i * P));
        else expect(result).toBe(-Errno.EEXIST);
        if (!free) expect(domain.mapped).toBe(before);
      } else {
        const got = domain.unmap(s.page * P, s.n * P);
        const hole = pages.findIndex((page) => !model.has(page));
        const whole = hole < 0 ? s.n : hole;
        // Large pages go whole: never less than asked for, and what is gone is exactly what is said.
        expect(got).toBeGreaterThanOrEqual(whole * P);
        for (const page of [...model.keys()]) if (!domain.covers(page * P, P)) model.delete(page);
        expect(before - domain.mapped).toBe(got);
        expect(domain.mapped).toBe(model.size * P);
      }
      domain.checkInvariants();
      for (const page of [s.page, s.page + s.n, s.page + s.n - 1]) expect(domain.translate("d", page * P, false)).toBe(model.get(page) ?? -1);
    }
  }), { seed: 91, numRuns: 60 });
  expect(PAGE_SIZES[0]).toBeGreaterThan(P);
});

test("invariant 92: under a PASID a device sees the process it is bound to, and after unbinding or the process's end nothing", () => {
  const act = fc.record({ op: fc.constantFrom("bind", "bind", "unbind", "exit", "access", "access", "access", "unmap"), mm: fc.nat(2), device: fc.nat(1), page: fc.nat(3), write: fc.boolean(), pri: fc.boolean() });
  const store = new LinearStore(2 ** 30);
  let index = 0;
  fc.assert(fc.property(fc.array(act, { minLength: 130, maxLength: 130 }), (steps) => {
    const iommu = new Iommu(machine());
    const devices = [iommu.addDevice("0000:01:00.0", { maxPasids: 2 }).members[0]!, iommu.addDevice("0000:02:00.0", { maxPasids: 8, pageRequests: true }).members[0]!];
    const fresh = (): { mm: AddressSpace; at: number } => {
      const mm = new AddressSpace(store, index++ % 200);
      const at = mm.mapAnonymous(0, 4 * P, 3, false, false);
      mm.protect(at + P, P, 1);
      return { mm, at };
    };
    const processes = [fresh(), fresh(), fresh()];
    // Bindings by device and process, with the PASID that they were given; those of ended processes stay until they are undone.
    const bound: { device: IommuDevice; mm: AddressSpace; pasid: number; count: number }[] = [];
    for (const s of steps) {
      const device = devices[s.device]!;
      const p = processes[s.mm]!;
      const mine = bound.find((x) => x.device === device && x.mm === p.mm);
      switch (s.op) {
        case "bind": {
          const pasid = iommu.svaBind(device, p.mm);
          if (pasid < 0) expect([pasid, device.maxPasids]).toEqual([-Errno.ENOSPC, 2]);
          else if (mine === undefined) bound.push({ device, mm: p.mm, pasid, count: 1 });
          else {
            expect(pasid).toBe(mine.pasid);
            mine.count++;
          }
          break;
        }
        case "unbind":
          if (mine === undefined) break;
          expect(iommu.svaUnbind(device, mine.pasid)).toBe(0);
          if (--mine.count === 0) bound.splice(bound.indexOf(mine), 1);
          break;
        case "exit": {
          p.mm.destroy();
          iommu.checkInvariants();
          for (const gone of bound.filter((x) => x.mm === p.mm)) {
            expect(iommu.translate(gone.device, p.at, false, gone.pasid)).toBe(-1);
            for (; gone.count > 0; gone.count--) expect(iommu.svaUnbind(gone.device, gone.pasid)).toBe(0);
            bound.splice(bound.indexOf(gone), 1);
          }
          processes[s.mm] = fresh();
          break;
        }
        case "unmap":
          p.mm.unmap(p.at + 3 * P, P);
          break;
        case "access": {
          const address = p.at + s.page * P + 8;
          for (let pasid = 1; pasid <= 4; pasid++) {
            const to = bound.find((x) => x.device === device && x.pasid === pasid);
            const allowed = to?.mm === p.mm && p.mm.resolve(address, 1, s.write) !== null;
            const before = device.group.domain.faults.length + (device.pasids.get(pasid)?.faults.length ?? 0);
            const got = iommu.translate(device, address, s.write, pasid);
            expect(got).toBe(allowed ? p.mm.resolve(address, 1, s.write) : -1);
            const after = device.group.domain.faults.length + (device.pasids.get(pasid)?.faults.length ?? 0);
            if (!allowed && before < 200) expect(after).toBe(before + 1);
          }
        }
      }
      iommu.checkInvariants();
    }
    for (const { mm } of processes) mm.destroy();
  }), { seed: 92, numRuns: 60 });
  store.dispose();
});
