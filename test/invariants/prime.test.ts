import fc from "fast-check";
import { test } from "vitest";
import { expect } from "../expect.ts";
import { tiny } from "../../src/gpu/profiles/tiny.ts";
import type { GemObject } from "../../src/kernel/drm/gem.ts";
import { Rig } from "../kernel/drm/rig.ts";

const P = 65536;
const step = fc.record({ kind: fc.constantFrom("create", "export", "export", "import", "import", "close", "closeFd", "race"), file: fc.nat(3), pick: fc.nat(20), other: fc.nat(20) });

test("invariants 16 to 21: dma-bufs between two processes and two GPUs: one identity, one reservation, no cycles, no handle of what is gone", () => {
  let steps = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 60, maxLength: 110, size: "max" }), (program) => {
      const rig = new Rig({ gpus: [tiny, tiny] });
      // Four files: two processes on each of two GPUs.
      const clients = [rig.process("a"), rig.process("b")];
      const nodes = [0, 1, 2, 3].map((i) => clients[i % 2]!.open(i >> 1));
      const files = nodes.map((node) => [...node.device.files].find((f) => f.pid === node.client.process.pid)!);
      const model = nodes.map(() => new Map<number, GemObject>());
      const fds: { client: number; fd: number; root: GemObject }[] = [];
      const rootOf = (object: GemObject): GemObject => {
        for (const device of rig.gpus) for (const o of device.objects) if (!o.imported && o.backing === object.backing) return o;
        throw new Error("an import has an exporter");
      };
      const share = (fd: number, from: number, to: number): number => (from === to ? fd : clients[to]!.process.files.install(clients[from]!.process.files.get(fd)!.get(), false));
      for (const s of program) {
        steps++;
        const node = nodes[s.file]!;
        const mine = model[s.file]!;
        const [handle, object] = [...mine][s.pick % Math.max(1, mine.size)] ?? [0, null];
        const client = s.file % 2;
        if (s.kind === "create") {
          const h = node.gem(P, s.pick % 2 === 0 ? "vram" : "system");
          mine.set(h, [...node.device.objects].at(-1)!);
        } else if (s.kind === "export" && object !== null) {
          const { fd } = node.do("DRM_IOCTL_PRIME_HANDLE_TO_FD", { handle, flags: 0, fd: 0 });
          const root = rootOf(object);
          // 16 and 18: whoever exports it, it is the same dma-buf.
          for (const f of fds) if (f.root === root) expect(clients[client]!.process.files.get(fd)).toBe(clients[f.client]!.process.files.get(f.fd));
          fds.push({ client, fd, root });
        } else if (s.kind === "import" || s.kind === "race") {
          const source = fds[s.other % Math.max(1, fds.length)];
          if (source !== undefined) {
            const fd = share(source.fd, source.client, client);
            const known = [...mine].find(([, o]) => o.backing === source.root.backing);
            // 21: an import right after the last handle was closed gives a handle of the living object.
            if (s.kind === "race" && known !== undefined) {
              mine.delete(known[0]);
              node.do("DRM_IOCTL_GEM_CLOSE", { handle: known[0] });
            }
            const { handle: got } = node.do("DRM_IOCTL_PRIME_FD_TO_HANDLE", { fd, handle: 0 });
            const found = files[s.file]!.objects.get(got)!;
            expect(found).toBeDefined();
            expect(node.device.objects.has(found)).toBe(true);
            // 16: once in a file; 17: in the exporter's device the object itself.
            expect(node.do("DRM_IOCTL_PRIME_FD_TO_HANDLE", { fd, handle: 0 }).handle).toBe(got);
            expect(found.backing).toBe(source.root.backing);
            if (node.device === source.root.device) expect(found).toBe(source.root);
            else expect(found.imported).toBe(true);
            mine.set(got, found);
            if (client !== source.client) clients[client]!.sys.close(fd);
          }
        } else if (s.kind === "close" && object !== null) {
          mine.delete(handle);
          node.do("DRM_IOCTL_GEM_CLOSE", { handle });
        } else if (s.kind === "closeFd") {
          const gone = fds.splice(s.other % Math.max(1, fds.length), 1)[0];
          if (gone !== undefined) clients[gone.client]!.sys.close(gone.fd);
        }
        rig.kernel.checkInvariants();
        // 20: one reservation.
        const all = model.flatMap((m) => [...m.values()]);
        for (const o of all) expect(o.resv).toBe(o.backing.resv);
        // 19: what nobody refers to is gone; importers refer to the exporter, never back.
        const alive = new Set([...all, ...fds.map((f) => f.root)].map((o) => o.backing));
        for (const device of rig.gpus) {
          expect(device.ttm.bos.size).toBe([...alive].filter((bo) => bo.device === device).length);
          for (const o of device.objects) expect(all.includes(o) || fds.some((f) => f.root === o) || all.some((x) => x.imported && x.backing === o.backing)).toBe(true);
        }
      }
      for (const client of clients) client.process.terminate({ code: 0, signal: 0 });
      expect(rig.gpus.map((device) => [device.objects.size, device.imports.size, device.ttm.bos.size, device.gpu.vram.used])).toEqual([[0, 0, 0, 0], [0, 0, 0, 0]]);
      expect(rig.kernel.objectCounts()["drm"]!["dmaBufs"]).toBe(0);
      rig.store.dispose();
    }),
    { seed: 19, numRuns: 140 },
  );
  expect(steps).toBeGreaterThan(10_000);
});
