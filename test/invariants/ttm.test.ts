import fc from "fast-check";
import { test } from "vitest";
import { expect } from "../expect.ts";
import { FRAME } from "../../src/gpu/frames.ts";
import { tiny } from "../../src/gpu/profiles/tiny.ts";
import { Errno } from "../../src/kernel/errors.ts";
import { GEM_DISCARDABLE, GEM_FALLBACK, GEM_PINNED } from "../../src/kernel/sys/uapi.ts";
import type { TtmBo } from "../../src/kernel/ttm/bo.ts";
import { place, TT, VRAM } from "../../src/kernel/ttm/placement.ts";
import { swapOut } from "../../src/kernel/ttm/swap.ts";
import { fakeCode, launch } from "../gpu/fake-code.ts";
import { Rig, type Node } from "../kernel/drm/rig.ts";

const P = FRAME;
/** A GPU of 16 pages. */
const small = { ...tiny, vramBytes: 16 * P };

interface Buffer {
  readonly owner: number;
  readonly handle: number;
  readonly pages: number;
  readonly address: number;
  readonly bo: TtmBo;
  /** First word of each page. */
  readonly words: number[];
  readonly pinned: boolean;
  /** Its contents may have gone. */
  readonly lossy: boolean;
}

interface Side {
  readonly node: Node;
  readonly vm: number;
  readonly queue: { queue: number; timeline: number };
  seen: number[];
}

const code = fakeCode({
  put: { body: (g) => g.store(g.param(0), g.param(1)) },
  see: { instructions: 50_000, body: (g) => void seen.push(g.load(g.param(0))) },
});
let seen: number[] = [];

function world(options: { swap?: boolean; order?: "timed" | "any" } = {}): { rig: Rig; sides: Side[] } {
  const rig = new Rig({ gpus: [small], ram: 64 * P, memory: { gttBytes: 24 * P, swapBytes: options.swap === false ? 0 : 64 * P } });
  const sides = ["a", "b"].map((name) => {
    const node = rig.process(name).open();
    const vm = node.vm();
    return { node, vm, queue: node.queue(node.context(vm)), seen: [] };
  });
  return { rig, sides };
}

function bo(rig: Rig, node: Node, handle: number): TtmBo {
  const file = [...rig.gpus[0]!.files].find((f) => f.pid === node.client.process.pid)!;
  return file.objects.get(handle)!.backing;
}

const step = fc.record({
  kind: fc.constantFrom("create", "create", "write", "read", "read", "close", "evictVram", "evictGtt", "swap", "cpu", "settle"),
  side: fc.nat(1), pages: fc.integer({ min: 1, max: 6 }), pick: fc.nat(30), page: fc.nat(5), value: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  flags: fc.constantFrom(0, 0, 0, 0, GEM_FALLBACK, GEM_PINNED, GEM_DISCARDABLE), system: fc.boolean(),
});
type Step = { kind: string; side: number; pages: number; pick: number; page: number; value: number; flags: number; system: boolean };

/** Two processes that allocate, write, read and lose memory on a GPU that cannot hold it all. */
function run(program: readonly Step[], after: (w: { rig: Rig; sides: Side[]; buffers: Buffer[] }) => void): void {
  const { rig, sides } = world();
  const { ttm } = rig.gpus[0]!;
  const buffers: Buffer[] = [];
  const expected: { value: number; at: number }[] = [];
  seen = [];
  const waitAll = (): void => {
    for (const { node, queue } of sides) {
      const file = [...rig.gpus[0]!.files].find((f) => f.pid === node.client.process.pid)!;
      const { last } = file.queues.get(queue.queue)!.timeline;
      if (last > 0) expect(node.wait([{ syncobj: queue.timeline, point: last }]).error).toBe(0);
    }
    // Kernels of two processes run in any order: what they saw is compared as a whole.
    expect(seen.toSorted((x, y) => x - y)).toEqual(expected.map((e) => e.value).toSorted((x, y) => x - y));
    seen = [];
    expected.length = 0;
  };
  for (const s of program) {
    const side = sides[s.side]!;
    const mine = buffers.filter((b) => b.owner === s.side);
    const b = mine[s.pick % Math.max(1, mine.length)];
    switch (s.kind) {
      case "create": {
        const arg = { size: s.pages * P, placement: s.system ? ("system" as const) : ("vram" as const), label: "", flags: s.system ? 0 : s.flags, handle: 0 };
        const result = side.node.raw("GLASS_GEM_CREATE", arg);
        expect([0, -Errno.ENOMEM]).toContain(result);
        if (result < 0) break;
        const { offset } = side.node.do("GLASS_GEM_MMAP_OFFSET", { handle: arg.handle, offset: 0 });
        const address = side.node.client.sys.mmap(0, arg.size, 3, 1, side.node.fd, offset);
        const bind = side.node.raw("GLASS_VM_BIND", { vm: side.vm, op: "map", handle: arg.handle, offset: 0, address, size: arg.size, flags: 3 });
        if (bind < 0) {
          expect(bind).toBe(-Errno.ENOSPC);
          side.node.client.sys.munmap(address, arg.size);
          side.node.do("DRM_IOCTL_GEM_CLOSE", { handle: arg.handle });
          break;
        }
        buffers.push({ owner: s.side, handle: arg.handle, pages: s.pages, address, bo: bo(rig, side.node, arg.handle), words: new Array<number>(s.pages).fill(0), pinned: arg.flags === GEM_PINNED, lossy: arg.flags === GEM_DISCARDABLE });
        break;
      }
      case "write":
      case "read": {
        if (b === undefined || (b.lossy && s.kind === "read")) break;
        const page = s.page % b.pages;
        const params = s.kind === "write" ? [b.address + page * P, s.value] : [b.address + page * P];
        const arg = side.node.args(side.queue.queue, launch(code, s.kind === "write" ? "put" : "see", 1, 32, params));
        const result = side.node.raw("GLASS_EXEC", arg);
        // Only pinned memory of others can stand in the way.
        expect([0, -Errno.ENOMEM]).toContain(result);
        if (result < 0) break;
        if (s.kind === "write") b.words[page] = s.value;
        else expected.push({ value: b.words[page]!, at: b.address });
        break;
      }
      case "close": {
        if (b === undefined) break;
        buffers.splice(buffers.indexOf(b), 1);
        waitAll();
        side.node.unbind(side.vm, b.address, b.pages * P);
        side.node.client.sys.munmap(b.address, b.pages * P);
        side.node.do("DRM_IOCTL_GEM_CLOSE", { handle: b.handle });
        break;
      }
      case "evictVram":
        ttm.evictAll(VRAM);
        break;
      case "evictGtt":
        ttm.evictAll(TT);
        break;
      case "swap":
        if (s.pick % 2 === 0) waitAll();
        swapOut(ttm, 64 * P, null);
        break;
      case "cpu": {
        if (b === undefined || b.lossy) break;
        waitAll();
        const words = side.node.client.sys.memory(b.address, b.pages * P, true);
        expect(words).not.toBeNull();
        const view = new DataView(words!.buffer, words!.byteOffset);
        b.words.forEach((word, i) => expect(view.getUint32(i * P, true)).toBe(word));
        b.words[s.page % b.pages] = s.value;
        view.setUint32((s.page % b.pages) * P, s.value, true);
        break;
      }
      default:
        waitAll();
    }
    rig.kernel.checkInvariants();
    after({ rig, sides, buffers });
  }
  waitAll();
  for (const { node } of sides) node.client.process.terminate({ code: 0, signal: 0 });
  rig.run();
  const counts = rig.kernel.objectCounts();
  expect([ttm.bos.size, ttm.vram.usage, ttm.tt.usage, ttm.moves.size, ttm.delayed.size, counts["drm"]!["fences"], rig.gpus[0]!.core.swap.used, rig.store.ram.used]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  rig.store.dispose();
}

test("invariants 73, 74 and 75: usage is the sum of resources, contents survive eviction, swap and moves, pinned objects stay", () => {
  let steps = 0;
  const counts = { moves: 0, evictions: 0, swappedOut: 0, swappedIn: 0 };
  fc.assert(
    fc.property(fc.array(step, { minLength: 60, maxLength: 120, size: "max" }), (program) => {
      const places = new Map<TtmBo, string>();
      run(program, ({ rig, buffers }) => {
        steps++;
        const { ttm } = rig.gpus[0]!;
        const held = new Set<number>();
        for (const resource of ttm.vram.resources) for (const run of resource.runs) for (let at = run.start; at < run.end; at += P) {
          expect(held.has(at)).toBe(false);
          held.add(at);
        }
        expect(held.size * P).toBe(ttm.vram.usage);
        expect(ttm.vram.usage).toBeLessThanOrEqual(ttm.vram.size);
        for (const b of buffers) {
          if (!b.pinned) continue;
          expect(b.bo.memType).toBe(VRAM);
          const where = JSON.stringify(b.bo.resource.runs);
          expect(places.get(b.bo) ?? where).toBe(where);
          places.set(b.bo, where);
          expect(ttm.validate(b.bo, [place(TT)])).toBe(-Errno.EINVAL);
          expect(ttm.victims(ttm.vram)).not.toContain(b.bo);
        }
        for (const key of Object.keys(counts) as (keyof typeof counts)[]) counts[key] = Math.max(counts[key], ttm.counts[key]);
      });
    }),
    { seed: 73, numRuns: 125 },
  );
  expect(steps).toBeGreaterThan(10_000);
  // The programs really did all of it.
  for (const [what, n] of Object.entries(counts)) expect(n, what).toBeGreaterThan(3);
});

test("over-commit: two processes whose objects together exceed VRAM run their kernels in turn and read right results", () => {
  const { rig, sides } = world({ swap: false });
  const { ttm } = rig.gpus[0]!;
  seen = [];
  const buffers = sides.map(({ node, vm }) => [0, 1].map(() => node.buffer(vm, 6 * P)));
  expect(ttm.counts.evictions).toBeGreaterThan(0);
  const want: number[] = [];
  for (let round = 0; round < 6; round++) {
    sides.forEach(({ node, queue }, i) => {
      for (const [k, b] of buffers[i]!.entries()) {
        node.exec(queue.queue, launch(code, "see", 1, 32, [b.address + 4 * round]));
        node.exec(queue.queue, launch(code, "put", 1, 32, [b.address + 4 * round, 100 * round + 10 * i + k + 1]));
        node.exec(queue.queue, launch(code, "see", 1, 32, [b.address + 4 * round]));
        want.push(0, 100 * round + 10 * i + k + 1);
      }
    });
    rig.kernel.checkInvariants();
  }
  rig.run();
  expect(seen.toSorted((a, b) => a - b)).toEqual(want.toSorted((a, b) => a - b));
  sides.forEach(({ node }, i) => buffers[i]!.forEach((b, k) => {
    const words = new Uint32Array(node.client.sys.memory(b.address, 24, false)!.slice().buffer);
    expect([...words]).toEqual([0, 1, 2, 3, 4, 5].map((round) => 100 * round + 10 * i + k + 1));
  }));
  // It took time: moves cross the bus.
  expect(rig.kernel.clock.now).toBeGreaterThan((ttm.counts.moves * 6 * P * 1e9) / small.pcie.bandwidth / 2);
});
