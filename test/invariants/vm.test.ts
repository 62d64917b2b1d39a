import fc from "fast-check";
import { test } from "vitest";
import { expect } from "../expect.ts";
import { Errno } from "../../src/kernel/errors.ts";
import { fakeCode, launch } from "../gpu/fake-code.ts";
import { fill, marker, Rig, type Node } from "../kernel/drm/rig.ts";

const P = 65536;
const PAGES = 24;

const step = fc.record({
  op: fc.constantFrom("map", "map", "unmap", "userptr", "bad"), object: fc.nat(2), page: fc.nat(PAGES - 1), n: fc.integer({ min: 1, max: 8 }), offset: fc.nat(7), flags: fc.constantFrom(1, 2, 3),
});

interface Page {
  readonly linear: number;
  readonly flags: number;
}

/** A VM with three objects (VRAM, system, VRAM) and some process memory to map. */
function setup(): { rig: Rig; node: Node; vm: number; va: number; handles: number[]; cpu: number } {
  const rig = new Rig();
  const node = rig.process().open();
  const handles = [node.gem(8 * P), node.gem(8 * P, "system"), node.gem(8 * P)];
  return { rig, node, vm: node.vm(), va: node.reserve(PAGES * P), handles, cpu: node.client.malloc(8 * P) };
}

test("invariants 67, 68, 71: mapping is overwriting pages, whatever was there; a failed bind changes nothing", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const { rig, node, vm, va, handles, cpu } = setup();
      const device = rig.gpus[0]!;
      const space = [...device.vms][0]!;
      const objects = [...device.objects];
      const model: (Page | null)[] = new Array<Page | null>(PAGES).fill(null);
      for (const s of steps) {
        const n = Math.min(s.n, PAGES - s.page, 8 - s.offset);
        const at = { vm, address: va + s.page * P, size: n * P, flags: s.flags };
        if (s.op === "bad") {
          const before = [...space.maps];
          expect(node.raw("GLASS_VM_BIND", { ...at, op: "map", handle: handles[s.object]!, offset: s.offset * P, size: 9 * P })).toBeLessThan(0);
          expect([...space.maps]).toEqual(before);
          continue;
        }
        let linear = 0;
        if (s.op === "map") {
          node.do("GLASS_VM_BIND", { ...at, op: "map", handle: handles[s.object]!, offset: s.offset * P });
          linear = objects[s.object]!.backing.linear + s.offset * P;
        } else if (s.op === "userptr") {
          node.do("GLASS_VM_BIND", { ...at, op: "map-userptr", handle: 0, offset: cpu + s.offset * P });
          linear = node.client.process.mm.resolve(cpu + s.offset * P, 1, false)!;
        } else {
          node.do("GLASS_VM_BIND", { ...at, op: "unmap", handle: 0, offset: 0 });
        }
        for (let i = 0; i < n; i++) model[s.page + i] = s.op === "unmap" ? null : { linear: linear + i * P, flags: s.flags };
        rig.kernel.checkInvariants();
        let bus = 0;
        model.forEach((page, i) => {
          const entry = space.pageTable.entry(va + i * P);
          expect(page === null ? 0 : (page.linear | page.flags) >>> 0).toBe(entry === 0 ? 0 : (entry & 0xffff0003) >>> 0);
          if ((entry & 4) !== 0) bus++;
        });
        // Every page over the bus has its translation, and there is no other.
        expect(device.domain.mapped).toBe(bus * P);
      }
      // Invariant 10, for mappings: each piece holds one reference.
      objects.forEach((object) => expect(object.refcount).toBe(1 + [...space.maps].filter((m) => m.object === object).length));
      node.client.process.terminate({ code: 0, signal: 0 });
      expect([device.objects.size, device.domain.mapped, rig.store.counts().pagetable]).toEqual([0, 0, 0]);
      rig.store.dispose();
    }),
    { seed: 67, numRuns: 100 },
  );
});

test("invariant 68: one bind splits at most one mapping in two, and leaves offsets continuous", () => {
  fc.assert(
    fc.property(fc.nat(7), fc.integer({ min: 1, max: 8 }), (first, n) => {
      const { rig, node, vm, va, handles } = setup();
      const space = [...rig.gpus[0]!.vms][0]!;
      node.bind(vm, handles[0]!, va, 8 * P);
      const pages = Math.min(n, 8 - first);
      node.bind(vm, handles[2]!, va + first * P, pages * P);
      const mine = [...space.maps].filter((m) => m.object!.id === 1);
      expect(mine.length).toBeLessThanOrEqual(2);
      for (const m of mine) expect(m.offset).toBe(m.start - va);
      rig.store.dispose();
    }),
    { seed: 68, numRuns: 50 },
  );
});

test("invariant 69: no kernel reads or writes a page that is not mapped in its own VM", () => {
  const secret = 0x5ec3e7;
  const probe = fakeCode({
    read: { body: (g) => g.store(g.param(1), g.load(g.param(0))) },
    write: { body: (g) => g.store(g.param(0), 0xbad) },
  });
  fc.assert(
    fc.property(fc.nat(3 * P), fc.constantFrom("read", "write"), fc.boolean(), (distance, kernel, system) => {
      const rig = new Rig();
      const [victim, spy] = [rig.process("victim").open(), rig.process("spy").open()];
      const hidden = victim.buffer(victim.vm(), 2 * P, system ? "system" : "vram");
      new Uint32Array(hidden.bytes.buffer, hidden.bytes.byteOffset, P / 2).fill(secret);
      const vm = spy.vm();
      const own = spy.buffer(vm, P);
      const q = spy.queue(spy.context(vm));
      // Its own addresses, the victim's, and around both.
      const address = (distance % 2 === 0 ? hidden.address : own.address + P) + distance - (distance % 4);
      spy.exec(q.queue, launch(probe, kernel, 1, 32, [address, own.address]));
      expect(spy.wait([{ syncobj: q.timeline, point: 1 }]).error).toBe(-Errno.EIO);
      expect(own.bytes.every((byte) => byte === 0)).toBe(true);
      expect(new Uint32Array(hidden.bytes.buffer, hidden.bytes.byteOffset, P / 2).every((word) => word === secret)).toBe(true);
      rig.store.dispose();
    }),
    { seed: 69, numRuns: 40 },
  );
});

test("invariant 70: binds take effect before they return, so the next job sees them", () => {
  const { node, vm, va, handles } = setup();
  const q = node.queue(node.context(vm));
  const seen: number[] = [];
  const code = fakeCode({ k: { body: (g) => void seen.push(g.load(g.param(0))) } });
  for (let i = 0; i < 4; i++) {
    const handle = handles[i % 2]!;
    node.bind(vm, handle, va, P);
    if (i < 2) node.exec(q.queue, fill(va, P, [i + 1, 0, 0, 0]));
    node.exec(q.queue, launch(code, "k", 1, 32, [va]));
    node.wait([{ syncobj: q.timeline, point: node.exec(q.queue, marker) }]);
  }
  expect(seen).toEqual([1, 2, 1, 2]);
});

test("invariant 72: memory is not given to another while a mapping can reach it", () => {
  const { rig, node, vm, va, handles } = setup();
  node.bind(vm, handles[0]!, va, 8 * P);
  node.do("DRM_IOCTL_GEM_CLOSE", { handle: handles[0]! });
  const space = [...rig.gpus[0]!.vms][0]!;
  const mine = (space.pageTable.entry(va) & 0xffff0000) >>> 0;
  const other = rig.process("other").open();
  for (let i = 0; i < 20; i++) {
    other.gem(P);
    const theirs = [...rig.gpus[0]!.objects].at(-1)!.backing.linear;
    expect(theirs < mine || theirs >= mine + 8 * P).toBe(true);
  }
  node.unbind(vm, va, 8 * P);
  expect(space.pageTable.present).toBe(0);
});

test("invariants 85 and 86: when process memory goes, or the process, no page of it is left in a GPU's reach", () => {
  fc.assert(
    fc.property(fc.array(fc.record({ at: fc.nat(7), n: fc.integer({ min: 1, max: 8 }) }), { minLength: 1, maxLength: 6 }), fc.nat(7), fc.integer({ min: 1, max: 8 }), (binds, from, count) => {
      const { rig, node, vm, va, cpu } = setup();
      const space = [...rig.gpus[0]!.vms][0]!;
      const shown = new Map<number, number>();
      for (const b of binds) {
        const n = Math.min(b.n, 8 - b.at);
        const to = b.at * 2;
        node.do("GLASS_VM_BIND", { vm, op: "map-userptr", handle: 0, offset: cpu + b.at * P, address: va + to * P, size: n * P, flags: 3 });
        for (let i = 0; i < n; i++) shown.set(to + i, b.at + i);
      }
      const end = Math.min(8, from + count);
      node.client.sys.munmap(cpu + from * P, (end - from) * P);
      for (const [page, source] of shown) expect(space.pageTable.entry(va + page * P) !== 0).toBe(source < from || source >= end);
      rig.kernel.checkInvariants();
      rig.kernel.kill(node.client.process);
      expect(rig.gpus[0]!.domain.mapped).toBe(0);
      expect(rig.store.counts()).toEqual({ system: 0, vram: 0, pagetable: 0, scratch: 0 });
      rig.store.dispose();
    }),
    { seed: 85, numRuns: 60 },
  );
});
