import fc from "fast-check";
import { test } from "vitest";
import { expect } from "../expect.ts";
import { Errno } from "../../src/kernel/errors.ts";
import type { GemObject } from "../../src/kernel/drm/gem.ts";
import { Rig, type Node } from "../kernel/drm/rig.ts";

const P = 65536;
const kinds = ["create", "close", "refuse", "open", "import"] as const;

test("invariants 8 and 9: a handle is there when the driver has agreed, not before; a closed one is gone at once, its number free when the teardown is over", () => {
  let steps = 0;
  fc.assert(
    fc.property(fc.array(fc.record({ kind: fc.constantFrom(...kinds), file: fc.nat(1), pick: fc.nat(20) }), { minLength: 60, maxLength: 150, size: "max" }), (program) => {
      const rig = new Rig();
      const device = rig.gpus[0]!;
      const nodes = [rig.process("a").open(0, "primary"), rig.process("b").open(0, "primary")];
      const files = [...device.files];
      const model = [new Map<number, GemObject>(), new Map<number, GemObject>()];
      let refuse = false;
      let current = 0;
      let closes = 0;
      const resolves = (node: Node, handle: number): boolean => node.raw("GLASS_GEM_MMAP_OFFSET", { handle, offset: 0 }) === 0;
      const agree = (count: number): void => {
        nodes.forEach((node, i) => {
          for (let h = 0; h < count; h++) expect(resolves(node, h)).toBe(model[i]!.has(h));
        });
      };
      device.gemHooks.open = (object, file) => {
        // In the middle of the creation: nobody finds the new handle.
        expect(files.indexOf(file)).toBe(current);
        expect(object.handleCount).toBe(model.reduce((n, m) => n + [...m.values()].filter((o) => o === object).length, 0) + 1);
        agree(12);
        return refuse ? -Errno.EPERM : 0;
      };
      device.gemHooks.close = (_object, file) => {
        // In the middle of the teardown: a second close fails, the handle leads nowhere, and its number is not given out.
        closes++;
        const node = nodes[files.indexOf(file)]!;
        expect(node.raw("DRM_IOCTL_GEM_CLOSE", { handle: closing })).toBe(-Errno.EINVAL);
        expect(resolves(node, closing)).toBe(false);
        expect(files[current]!.objects.reserve()).not.toBe(closing);
        for (let h = 1; h < 400; h++) if (files[current]!.objects.get(h) === undefined && h !== closing) {
          files[current]!.objects.release(h);
          break;
        }
      };
      let closing = 0;
      for (const s of program) {
        steps++;
        const node = nodes[s.file]!;
        const mine = model[s.file]!;
        current = s.file;
        let lowest = 1;
        while (mine.has(lowest)) lowest++;
        refuse = s.kind === "refuse";
        if (s.kind === "create" || s.kind === "refuse") {
          const arg = { size: P, placement: "system" as const, label: "", handle: 0 };
          const objects = device.objects.size;
          expect(node.raw("GLASS_GEM_CREATE", arg)).toBe(refuse ? -Errno.EPERM : 0);
          if (refuse) expect([device.objects.size, resolves(node, lowest)]).toEqual([objects, false]);
          else {
            expect(arg.handle).toBe(lowest);
            mine.set(arg.handle, [...device.objects].at(-1)!);
          }
        } else if (s.kind === "close") {
          const [handle] = [...mine.keys()].slice(s.pick % Math.max(1, mine.size));
          if (handle === undefined) continue;
          closing = handle;
          const before = closes;
          mine.delete(handle);
          expect(node.raw("DRM_IOCTL_GEM_CLOSE", { handle })).toBe(0);
          expect(closes).toBe(before + 1);
        } else {
          const other = nodes[1 - s.file]!;
          const [handle, object] = [...model[1 - s.file]!][s.pick % Math.max(1, model[1 - s.file]!.size)] ?? [0, null];
          if (object === null) continue;
          if (s.kind === "open") {
            const { name } = other.do("DRM_IOCTL_GEM_FLINK", { handle, name: 0 });
            const arg = { name, handle: 0, size: 0 };
            node.do("DRM_IOCTL_GEM_OPEN", arg);
            expect(arg.handle).toBe(lowest);
            mine.set(arg.handle, object);
          }
        }
        refuse = false;
        agree(12);
        rig.kernel.checkInvariants();
      }
      rig.store.dispose();
    }),
    { seed: 8, numRuns: 110 },
  );
  expect(steps).toBeGreaterThan(10_000);
});
