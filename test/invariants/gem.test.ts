import fc from "fast-check";
import { test } from "vitest";
import { expect } from "../expect.ts";
import { Errno } from "../../src/kernel/errors.ts";
import type { GemObject } from "../../src/kernel/drm/gem.ts";
import { Rig, type Client, type Node } from "../kernel/drm/rig.ts";

const P = 65536;
const runs = { seed: 6, numRuns: 150 };

const step = fc.record({ kind: fc.constantFrom("create", "close", "flink", "open", "export", "import", "mmap", "munmap", "closeFd", "reopen"), file: fc.nat(2), pick: fc.nat(9), other: fc.nat(9) });

interface World {
  readonly rig: Rig;
  readonly client: Client;
  readonly nodes: Node[];
  /** What each file may name, by handle. */
  readonly model: Map<number, GemObject>[];
  readonly names: Map<number, GemObject>;
  readonly fds: { fd: number; object: GemObject }[];
  readonly maps: { at: number; object: GemObject }[];
}

function lowestFree(handles: Map<number, GemObject>): number {
  let h = 1;
  while (handles.has(h)) h++;
  return h;
}

/** Objects in the order of their creation; the newest is the last. */
function newest(rig: Rig): GemObject {
  return [...rig.gpus[0]!.objects].at(-1)!;
}

function apply(w: World, s: { kind: string; file: number; pick: number; other: number }): void {
  const node = w.nodes[s.file]!;
  const mine = w.model[s.file]!;
  const [handle, object] = [...mine][s.pick % Math.max(1, mine.size)] ?? [s.pick + 50, undefined];
  const gained = (h: number, o: GemObject): void => {
    // Invariant 7: the lowest free number.
    expect(h).toBe(lowestFree(mine));
    mine.set(h, o);
  };
  switch (s.kind) {
    case "create":
      gained(node.gem(P, s.pick % 2 === 0 ? "vram" : "system"), newest(w.rig));
      break;
    case "close":
      // Invariant 9: closing twice succeeds once.
      expect(node.raw("DRM_IOCTL_GEM_CLOSE", { handle })).toBe(object === undefined ? -Errno.EINVAL : 0);
      mine.delete(handle);
      expect(node.raw("DRM_IOCTL_GEM_CLOSE", { handle })).toBe(-Errno.EINVAL);
      break;
    case "flink": {
      const arg = { handle, name: 0 };
      expect(node.raw("DRM_IOCTL_GEM_FLINK", arg)).toBe(object === undefined ? -Errno.ENOENT : 0);
      if (object === undefined) break;
      // Invariant 11: one object, one name; one name, one object.
      const known = [...w.names].find(([, o]) => o === object);
      if (known === undefined) expect(w.names.has(arg.name)).toBe(false);
      else expect(arg.name).toBe(known[0]);
      w.names.set(arg.name, object);
      break;
    }
    case "open": {
      const name = [...w.names.keys()][s.other % Math.max(1, w.names.size)] ?? 77;
      const arg = { name, handle: 0, size: 0 };
      const target = w.names.get(name);
      expect(node.raw("DRM_IOCTL_GEM_OPEN", arg)).toBe(target === undefined ? -Errno.ENOENT : 0);
      // Invariant 12: a new handle each time.
      if (target !== undefined) gained(arg.handle, target);
      break;
    }
    case "export": {
      const arg = { handle, flags: 0, fd: 0 };
      expect(node.raw("DRM_IOCTL_PRIME_HANDLE_TO_FD", arg)).toBe(object === undefined ? -Errno.ENOENT : 0);
      if (object === undefined) break;
      // Invariant 16: repeated export is the same dma-buf.
      const twin = w.fds.find((f) => f.object === object);
      if (twin !== undefined) expect(w.client.process.files.get(arg.fd)).toBe(w.client.process.files.get(twin.fd));
      w.fds.push({ fd: arg.fd, object });
      break;
    }
    case "import": {
      const source = w.fds[s.other % Math.max(1, w.fds.length)];
      if (source === undefined) break;
      const { handle: got } = node.do("DRM_IOCTL_PRIME_FD_TO_HANDLE", { fd: source.fd, handle: 0 });
      // Invariants 16 and 17: the object itself; its handle where the file knows the dma-buf already.
      if (mine.has(got)) expect(mine.get(got)).toBe(source.object);
      else gained(got, source.object);
      expect(node.do("DRM_IOCTL_PRIME_FD_TO_HANDLE", { fd: source.fd, handle: 0 }).handle).toBe(got);
      break;
    }
    case "mmap": {
      const target = w.model[s.other % 3]!.values().next().value;
      if (target === undefined) break;
      const holder = w.nodes[s.other % 3]!;
      const h = [...w.model[s.other % 3]!].find(([, o]) => o === target)![0];
      const { offset } = holder.do("GLASS_GEM_MMAP_OFFSET", { handle: h, offset: 0 });
      const at = w.client.sys.mmap(0, P, 3, 1, node.fd, offset);
      // Invariant 13: for files that hold a handle, and only for those.
      if ([...mine.values()].includes(target)) {
        expect(at).toBeGreaterThan(0);
        w.maps.push({ at, object: target });
      } else {
        expect(at).toBe(-Errno.EACCES);
      }
      break;
    }
    case "munmap": {
      const map = w.maps.splice(s.pick % Math.max(1, w.maps.length), 1)[0];
      if (map !== undefined) w.client.sys.munmap(map.at, P);
      break;
    }
    case "closeFd": {
      const f = w.fds.splice(s.pick % Math.max(1, w.fds.length), 1)[0];
      if (f !== undefined) w.client.sys.close(f.fd);
      break;
    }
    default:
      w.client.sys.close(node.fd);
      mine.clear();
      w.nodes[s.file] = w.client.open(0, "primary");
  }
  for (const [name, object] of w.names) if (!w.model.some((m) => [...m.values()].includes(object))) w.names.delete(name);
}

function check(w: World): void {
  const device = w.rig.gpus[0]!;
  w.rig.kernel.checkInvariants();
  const alive = new Set([...w.model.flatMap((m) => [...m.values()]), ...w.fds.map((f) => f.object), ...w.maps.map((m) => m.object)]);
  // Invariants 10 and 19: exactly what somebody refers to lives.
  expect(new Set(device.objects)).toEqual(alive);
  for (const object of alive) {
    const handles = w.model.reduce((n, m) => n + [...m.values()].filter((o) => o === object).length, 0);
    expect(object.handleCount).toBe(handles);
    const exported = object.dmaBuf !== null ? 1 : 0;
    expect(object.refcount).toBe((handles > 0 ? 1 : 0) + w.maps.filter((m) => m.object === object).length + exported);
  }
  expect(new Map(device.names)).toEqual(w.names);
  // Invariants 6 and 7: handles mean what they mean in their own file, and 0 nothing.
  w.nodes.forEach((node, i) => {
    for (let h = 0; h <= 12; h++) expect(node.raw("GLASS_GEM_MMAP_OFFSET", { handle: h, offset: 0 })).toBe(w.model[i]!.has(h) ? 0 : -Errno.ENOENT);
  });
}

test("invariants 6, 7, 9 to 13, 16, 17, 19: handles, names, dma-bufs and mappings against a plain model", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const rig = new Rig();
      const client = rig.process();
      const nodes = [0, 1, 2].map(() => client.open(0, "primary"));
      const w: World = { rig, client, nodes, model: [new Map(), new Map(), new Map()], names: new Map(), fds: [], maps: [] };
      for (const s of steps) {
        apply(w, s);
        check(w);
      }
      client.process.terminate({ code: 0, signal: 0 });
      expect(rig.gpus[0]!.objects.size).toBe(0);
      expect(rig.kernel.objectCounts()["drm"]!["dmaBufs"]).toBe(0);
      rig.store.dispose();
    }),
    runs,
  );
});

test("invariant 8: a failed create leaves no slot", () => {
  const node = new Rig().process().open();
  const first = node.gem(P);
  expect(node.raw("GLASS_GEM_CREATE", { size: 2 ** 40, placement: "vram", label: "", handle: 0 })).toBe(-Errno.ENOMEM);
  expect(node.gem(P)).toBe(first + 1);
});

test("invariant 15: new memory is zero, whoever had it before", () => {
  const placement = fc.constantFrom("vram" as const, "system" as const);
  fc.assert(
    fc.property(fc.array(fc.record({ pages: fc.integer({ min: 1, max: 5 }), placement, drop: fc.nat(4) }), { maxLength: 15 }), (steps) => {
      const rig = new Rig();
      const clients = [rig.process("a"), rig.process("b")];
      const nodes = clients.map((c) => c.open());
      const vms = nodes.map((n) => n.vm());
      const held: { node: Node; vm: number; address: number; handle: number; size: number }[] = [];
      steps.forEach((s, i) => {
        const node = nodes[i % 2]!;
        const b = node.buffer(vms[i % 2]!, s.pages * P, s.placement);
        expect(b.bytes.every((byte) => byte === 0)).toBe(true);
        b.bytes.fill(0xa5);
        held.push({ node, vm: vms[i % 2]!, address: b.address, handle: b.handle, size: s.pages * P });
        const old = held[s.drop];
        if (old === undefined) return;
        held.splice(s.drop, 1);
        old.node.unbind(old.vm, old.address, old.size);
        old.node.client.sys.munmap(old.address, old.size);
        old.node.do("DRM_IOCTL_GEM_CLOSE", { handle: old.handle });
      });
      rig.store.dispose();
    }),
    { seed: 15, numRuns: 60 },
  );
});

test("invariant 18: re-export of an imported object is the original dma-buf", () => {
  const gpus = [...new Rig().gpus, ...new Rig().gpus].map((g) => g.gpu.profile);
  const rig = new Rig({ gpus });
  const client = rig.process();
  const [a, b] = [client.open(0), client.open(1)];
  const { fd } = a.do("DRM_IOCTL_PRIME_HANDLE_TO_FD", { handle: a.gem(P), flags: 0, fd: 0 });
  const { handle } = b.do("DRM_IOCTL_PRIME_FD_TO_HANDLE", { fd, handle: 0 });
  const again = b.do("DRM_IOCTL_PRIME_HANDLE_TO_FD", { handle, flags: 0, fd: 0 }).fd;
  expect(client.process.files.get(again)!.driver).toBe(client.process.files.get(fd)!.driver);
});

test("invariant 73: VRAM in use is the sum of live objects, never above its size, and no byte belongs to two", () => {
  fc.assert(
    fc.property(fc.array(fc.record({ pages: fc.integer({ min: 1, max: 400 }), close: fc.option(fc.nat(5)) }), { maxLength: 40 }), (steps) => {
      const rig = new Rig();
      const node = rig.process().open();
      const device = rig.gpus[0]!;
      const live: { handle: number; pages: number }[] = [];
      for (const s of steps) {
        const arg = { size: s.pages * P, placement: "vram" as const, label: "", handle: 0 };
        const used = live.reduce((sum, o) => sum + o.pages, 0);
        const fits = used + s.pages <= device.gpu.vram.total / P;
        expect(node.raw("GLASS_GEM_CREATE", arg)).toBe(fits ? 0 : -Errno.ENOMEM);
        if (fits) live.push({ handle: arg.handle, pages: s.pages });
        const gone = s.close === null ? undefined : live.splice(s.close, 1)[0];
        if (gone !== undefined) node.do("DRM_IOCTL_GEM_CLOSE", { handle: gone.handle });
        const ranges = [...device.objects].map((o) => [o.backing.linear, o.backing.linear + o.size] as const).toSorted((x, y) => x[0] - y[0]);
        for (let i = 1; i < ranges.length; i++) expect(ranges[i]![0]).toBeGreaterThanOrEqual(ranges[i - 1]![1]);
        expect(device.gpu.vram.used).toBe(live.reduce((sum, o) => sum + o.pages * P, 0));
      }
      rig.store.dispose();
    }),
    { seed: 73, numRuns: 60 },
  );
});
