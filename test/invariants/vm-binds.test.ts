import fc from "fast-check";
import { test } from "vitest";
import { expect } from "../expect.ts";
import type { GemObject } from "../../src/kernel/drm/gem.ts";
import type { GpuVm } from "../../src/kernel/drm/vm.ts";
import type { BindOp } from "../../src/kernel/sys/uapi.ts";
import { Rig, type Node } from "../kernel/drm/rig.ts";

const P = 65536;

interface Bind {
  readonly side: number;
  readonly queue: number;
  readonly page: number;
  readonly unmap: boolean;
  readonly gate: number;
  readonly point: number;
  readonly object: GemObject;
}

interface Side {
  readonly node: Node;
  readonly vm: number;
  readonly space: GpuVm;
  readonly va: number;
  readonly queues: readonly number[];
  readonly gates: number;
  readonly out: readonly number[];
  opened: number;
}

function makeSide(rig: Rig, name: string): Side {
  const node = rig.process(name).open();
  const vm = node.vm();
  const syncobj = (): number => node.do("DRM_IOCTL_SYNCOBJ_CREATE", { flags: 0, handle: 0 }).handle;
  return {
    node, vm, space: [...rig.gpus[0]!.vms].at(-1)!, va: node.reserve(128 * P),
    queues: [0, 1].map(() => node.do("GLASS_BIND_QUEUE_CREATE", { vm, queue: 0 }).queue), gates: syncobj(), out: [syncobj(), syncobj()], opened: 0,
  };
}

const step = fc.record({ kind: fc.constantFrom("bind", "bind", "unmap", "open", "event", "event", "event"), side: fc.nat(1), queue: fc.nat(1), gate: fc.nat(4) });

test("invariants 70 and 72: binds of a line happen in order, not before their in-fences; out-fences come after the effect; what is unmapped is freed after the TLB flush", () => {
  let steps = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 60, size: "max" }), (program) => {
      const rig = new Rig();
      const device = rig.gpus[0]!;
      const sides = [makeSide(rig, "a"), makeSide(rig, "b")];
      const binds: Bind[] = [];
      const pages = [0, 0];
      const reached = (b: Bind): boolean => sides[b.side]!.node.do("DRM_IOCTL_SYNCOBJ_QUERY", { handles: [sides[b.side]!.out[b.queue]!], points: [0] }).points[0]! >= b.point;
      /** When the page table was first seen without a page that is to be unmapped. */
      const zapped = new Map<Bind, number>();
      const check = (): void => {
        rig.kernel.checkInvariants();
        for (const b of binds) {
          const side = sides[b.side]!;
          const entry = side.space.pageTable.entry(side.va + b.page * P);
          const undone = binds.some((u) => u.unmap && u.side === b.side && u.page === b.page);
          const done = reached(b);
          // The in-fence first.
          if (done) expect(side.opened).toBeGreaterThanOrEqual(b.gate);
          // In order.
          if (done) for (const earlier of binds) if (earlier.side === b.side && earlier.queue === b.queue && earlier.point < b.point) expect(reached(earlier)).toBe(true);
          // The effect before the fence.
          if (done && !b.unmap && !undone) expect(entry).not.toBe(0);
          if (!b.unmap) {
            if (entry !== 0) expect(side.opened).toBeGreaterThanOrEqual(b.gate);
            continue;
          }
          if (done) expect(entry).toBe(0);
          if (side.opened >= b.gate && entry === 0 && !zapped.has(b)) {
            // Its map may not have happened yet.
            const map = binds.find((m) => !m.unmap && m.side === b.side && m.page === b.page)!;
            if (reached(map)) zapped.set(b, rig.kernel.clock.now);
          }
          // Nothing but the mapping holds the object: it goes with the flush, not before.
          const since = zapped.get(b);
          if (since === undefined) expect(device.objects.has(b.object)).toBe(true);
          else if (!device.objects.has(b.object)) expect(rig.kernel.clock.now).toBeGreaterThanOrEqual(since + rig.kernel.costs.tlbFlush);
          else expect(done).toBe(false);
          if (!device.objects.has(b.object)) expect(b.object.backing.storage).toBeNull();
        }
      };
      for (const s of program) {
        steps++;
        const side = sides[s.side]!;
        const submit = (op: BindOp, page: number, unmap: boolean, object: GemObject, queue: number, gate: number): void => {
          const point = binds.filter((b) => b.side === s.side && b.queue === queue).length + 1;
          side.node.do("GLASS_VM_BIND_ARRAY", { vm: side.vm, queue: side.queues[queue]!, ops: [op], waits: gate === 0 ? [] : [{ syncobj: side.gates, point: gate }], signals: [{ syncobj: side.out[queue]!, point }] });
          binds.push({ side: s.side, queue, page, unmap, gate, point, object });
        };
        if (s.kind === "bind") {
          const handle = side.node.gem(P);
          const object = [...device.objects].at(-1)!;
          const page = pages[s.side]!++;
          submit({ op: "map", handle, offset: 0, address: side.va + page * P, size: P, flags: 3 }, page, false, object, s.queue, s.gate);
          side.node.do("DRM_IOCTL_GEM_CLOSE", { handle });
        } else if (s.kind === "unmap") {
          const map = binds.find((b) => !b.unmap && b.side === s.side && !binds.some((u) => u.unmap && u.side === b.side && u.page === b.page));
          // In the line of its map, so that it comes after it.
          if (map !== undefined) submit({ op: "unmap", handle: 0, offset: 0, address: side.va + map.page * P, size: P, flags: 0 }, map.page, true, map.object, map.queue, s.gate);
        } else if (s.kind === "open") {
          side.opened = Math.max(side.opened, s.gate);
          if (s.gate > 0) side.node.raw("DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL", { handles: [side.gates], points: [side.opened] });
        } else {
          rig.kernel.events.runNext();
        }
        check();
      }
      for (const { node } of sides) node.client.process.terminate({ code: 0, signal: 0 });
      rig.run();
      expect([device.objects.size, device.vms.size, device.gpu.vram.used, rig.store.counts().pagetable]).toEqual([0, 0, 0, 0]);
      rig.store.dispose();
    }),
    { seed: 70, numRuns: 270 },
  );
  expect(steps).toBeGreaterThan(10_000);
});

const op = fc.record({ op: fc.constantFrom("map", "map", "unmap", "map-null", "unmap-all", "bad"), object: fc.nat(2), page: fc.nat(23), n: fc.integer({ min: 1, max: 8 }), offset: fc.nat(7), flags: fc.constantFrom(1, 3) });

test("invariants 67, 68 and 71: arrays of binds are page-wise overwriting, in two VMs; one that fails leaves its VM as it was, and never touches the other", () => {
  let steps = 0;
  fc.assert(
    fc.property(fc.array(fc.record({ side: fc.nat(1), ops: fc.array(op, { minLength: 1, maxLength: 5 }) }), { minLength: 10, maxLength: 30, size: "max" }), (program) => {
      const rig = new Rig();
      const device = rig.gpus[0]!;
      const sides = ["a", "b"].map((name) => {
        const node = rig.process(name).open();
        const handles = [node.gem(8 * P), node.gem(8 * P, "system"), node.gem(8 * P)];
        return { node, vm: node.vm(), space: [...device.vms].at(-1)!, va: node.reserve(24 * P), handles, objects: [...device.objects].slice(-3), model: new Array<string>(24).fill("") };
      });
      for (const { side: which, ops } of program) {
        steps += ops.length;
        const side = sides[which]!;
        const next = [...side.model];
        const list: BindOp[] = ops.map((o) => {
          const n = Math.min(o.n, 24 - o.page, 8 - o.offset);
          const base = { handle: side.handles[o.object]!, offset: o.offset * P, address: side.va + o.page * P, size: n * P, flags: o.flags };
          if (o.op === "bad") return { ...base, op: "map", size: 9 * P, offset: 0 };
          if (o.op === "unmap-all") next.forEach((page, i) => page.startsWith(`${o.object}:`) && (next[i] = ""));
          else for (let i = 0; i < n; i++) next[o.page + i] = o.op === "map" ? `${o.object}:${o.offset + i}:${o.flags}` : o.op === "unmap" ? "" : `null:${o.flags}`;
          return { ...base, op: o.op } as BindOp;
        });
        const fails = ops.some((o) => o.op === "bad");
        const result = side.node.raw("GLASS_VM_BIND_ARRAY", { vm: side.vm, queue: 0, ops: list, waits: [], signals: [] });
        expect(result < 0).toBe(fails);
        if (!fails) next.forEach((page, i) => (side.model[i] = page));
        rig.kernel.checkInvariants();
        for (const s of sides) {
          const shown = new Array<string>(24).fill("");
          for (const m of s.space.maps) for (let va = m.start; va < m.end; va += P) {
            const index = m.object === null ? "null" : s.objects.indexOf(m.object);
            expect(shown[(va - s.va) / P]).toBe("");
            shown[(va - s.va) / P] = m.object === null ? `null:${m.flags}` : `${index}:${(m.offset + va - m.start) / P}:${m.flags}`;
          }
          expect(shown).toEqual(s.model);
          s.model.forEach((page, i) => page !== "" && !page.startsWith("null") && expect(s.space.pageTable.entry(s.va + i * P) & 3).toBe(Number(page.split(":")[2])));
        }
      }
      rig.store.dispose();
    }),
    { seed: 68, numRuns: 180 },
  );
  expect(steps).toBeGreaterThan(10_000);
});
