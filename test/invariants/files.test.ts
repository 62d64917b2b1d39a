import fc from "fast-check";
import { expect, test } from "vitest";
import { LinearStore } from "../../src/gpu/linear.ts";
import { Errno } from "../../src/kernel/errors.ts";
import { Kernel } from "../../src/kernel/machine.ts";
import { ThreadSys } from "../../src/kernel/sys/thread-sys.ts";

test("invariant 4: descriptors are the lowest free number, failed calls leak none, the last reference releases", () => {
  const step = fc.record({ kind: fc.constantFrom("open", "missing", "dup", "close", "fork"), pick: fc.nat(30) });
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const kernel = new Kernel(new LinearStore(2 ** 30));
    let live = 0;
    kernel.vfs.mknod("/dev/thing", () => {
      live++;
      return { kind: "thing", release: () => live-- };
    });
    const process = kernel.createProcess("p", null);
    const sys = new ThreadSys(kernel, process.main);
    const model = new Map<number, number>(); // descriptor -> open file
    const children: Map<number, number>[] = [];
    let opened = 0;
    const lowest = (): number => {
      let fd = 3;
      while (model.has(fd)) fd++;
      return fd;
    };
    for (const s of steps) {
      const before = lowest();
      if (s.kind === "open") {
        expect(sys.open("/dev/thing", 2)).toBe(before);
        model.set(before, opened++);
      } else if (s.kind === "missing") {
        expect(sys.open("/dev/nothing", 2)).toBe(-Errno.ENOENT);
        expect(lowest()).toBe(before);
      } else if (s.kind === "dup") {
        const known = model.get(s.pick);
        expect(sys.dup(s.pick)).toBe(known === undefined ? -Errno.EBADF : before);
        if (known !== undefined) model.set(before, known);
      } else if (s.kind === "close") {
        expect(sys.close(s.pick)).toBe(model.delete(s.pick) ? 0 : -Errno.EBADF);
      } else if (children.length < 3) {
        kernel.fork(process, "child", null);
        children.push(new Map(model));
      }
      const files = new Set([...model.values(), ...children.flatMap((child) => [...child.values()])]);
      expect(live).toBe(files.size);
    }
    for (const p of [...kernel.processes.values()]) kernel.kill(p);
    expect(live).toBe(0);
  }), { numRuns: 200 });
});
