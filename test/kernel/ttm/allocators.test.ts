import fc from "fast-check";
import { expect, test } from "vitest";
import { Errno } from "../../../src/kernel/errors.ts";
import { BUDDY_CLEAR, BUDDY_CONTIGUOUS, BUDDY_RANGE, BUDDY_TOPDOWN, BUDDY_TRIM_DISABLE, GpuBuddy, type BuddyBlock } from "../../../src/kernel/ttm/buddy.ts";
import { DrmMm } from "../../../src/kernel/ttm/drm-mm.ts";

const K4 = 4096;

function buddy(pages: number): GpuBuddy {
  const made = GpuBuddy.create(pages * K4, K4);
  if (typeof made === "number") throw new Error(`create: ${made}`);
  return made;
}

function blocks(result: BuddyBlock[] | number): BuddyBlock[] {
  if (typeof result === "number") throw new Error(`alloc: ${result}`);
  return result;
}

test.each([
  ["less than a chunk", 1024, K4],
  ["a chunk below 4 KiB", 65536, 2048],
  ["a chunk that is no power of two", 65536, 12288],
  ["no size", 0, K4],
])("gpu_buddy init: %s is -EINVAL", (_what, size, chunk) => expect(GpuBuddy.create(size, chunk)).toBe(-Errno.EINVAL));

test("a root for each set bit of the size", () => {
  expect(buddy(13).roots.map((root) => [root.offset / K4, root.order])).toEqual([[0, 3], [8, 2], [12, 0]]);
});

test.each([
  ["size below a chunk", 0, 0, 100, K4, 0],
  ["smallest block below a chunk", 0, 0, K4, 2048, 0],
  ["smallest block no power of two", 0, 0, 3 * K4, 3 * K4, 0],
  ["size not aligned", 0, 0, K4 + 1, K4, 0],
  ["range not aligned", 100, 10 * K4, K4, K4, BUDDY_RANGE],
  ["range smaller than the size", 0, K4, 2 * K4, K4, BUDDY_RANGE],
  ["larger than everything", 0, 0, 32 * K4, K4, 0],
])("gpu_buddy alloc: %s is -EINVAL and takes nothing", (_what, start, end, size, min, flags) => {
  const mm = buddy(16);
  expect(mm.alloc(start, end, size, min, flags)).toBe(-Errno.EINVAL);
  expect(mm.avail).toBe(16 * K4);
});

test("TOPDOWN, RANGE, CONTIGUOUS with and without trimming", () => {
  const mm = buddy(16);
  expect(blocks(mm.alloc(0, 0, K4, K4, BUDDY_TOPDOWN))[0]!.offset).toBe(15 * K4);
  expect(blocks(mm.alloc(0, 0, K4, K4, 0))[0]!.offset).toBe(14 * K4);
  const ranged = blocks(mm.alloc(4 * K4, 8 * K4, 4 * K4, K4, BUDDY_RANGE));
  expect(ranged.reduce((sum, b) => sum + mm.bytes(b), 0)).toBe(4 * K4);
  expect(mm.alloc(4 * K4, 8 * K4, 4 * K4, K4, BUDDY_RANGE)).toBe(-Errno.ENOSPC);
  const before = mm.avail;
  blocks(mm.alloc(0, 0, 3 * K4, K4, BUDDY_CONTIGUOUS));
  expect(before - mm.avail).toBe(3 * K4);
  mm.checkInvariants();
  const other = buddy(16);
  blocks(other.alloc(0, 0, 3 * K4, K4, BUDDY_CONTIGUOUS | BUDDY_TRIM_DISABLE));
  expect(other.avail).toBe(12 * K4);
});

test("CONTIGUOUS finds neighbours that no single block covers", () => {
  const mm = buddy(16);
  const taken = [0, 1, 2, 3].map((i) => blocks(mm.alloc(i * 4 * K4, (i + 1) * 4 * K4, 4 * K4, K4, BUDDY_RANGE)));
  mm.free(taken[1]!);
  mm.free(taken[2]!);
  const run = blocks(mm.alloc(0, 0, 8 * K4, K4, BUDDY_CONTIGUOUS));
  expect(run.map((b) => b.offset).toSorted((a, b) => a - b)).toEqual([4 * K4, 8 * K4]);
  mm.checkInvariants();
});

test("trim: bad sizes are -EINVAL, the rest goes back", () => {
  const mm = buddy(16);
  const all = blocks(mm.alloc(0, 0, 8 * K4, K4, 0));
  for (const size of [0, 100, 9 * K4]) expect(mm.trim(all, size)).toBe(-Errno.EINVAL);
  const left = mm.trim(all, 5 * K4) as BuddyBlock[];
  expect(left.reduce((sum, b) => sum + mm.bytes(b), 0)).toBe(5 * K4);
  mm.checkInvariants();
});

test("clearing is tracked: cleared memory first for those who ask, merged by force for large requests", () => {
  const mm = buddy(8);
  const [a, b] = [blocks(mm.alloc(0, 0, K4, K4, 0)), blocks(mm.alloc(0, 0, K4, K4, 0))];
  const rest = blocks(mm.alloc(0, 0, 6 * K4, K4, 0));
  mm.free(b, true);
  mm.free(a, false);
  expect(mm.clearAvail).toBe(K4);
  mm.checkInvariants();
  const clear = blocks(mm.alloc(0, 0, K4, K4, BUDDY_CLEAR));
  expect(clear[0]!.offset).toBe(b[0]!.offset);
  expect(clear[0]!.clear).toBe(true);
  mm.free(clear, true);
  expect(mm.alloc(0, 0, 2 * K4, 2 * K4, 0)).not.toBe(-Errno.ENOSPC);
  expect(mm.clearAvail).toBe(0);
  mm.free(rest);
  mm.checkInvariants();
});

const step = fc.record({ kind: fc.constantFrom("alloc", "alloc", "free"), pages: fc.integer({ min: 1, max: 9 }), flags: fc.constantFrom(0, BUDDY_RANGE, BUDDY_TOPDOWN, BUDDY_CONTIGUOUS, BUDDY_CLEAR, BUDDY_CONTIGUOUS | BUDDY_RANGE), at: fc.nat(40), min: fc.constantFrom(1, 1, 2), cleared: fc.boolean() });

test("invariant 80: buddy: free and allocated make the whole, equal free buddies are merged, blocks are aligned, CLEAR prefers what is cleared", () => {
  let steps = 0;
  fc.assert(
    fc.property(fc.integer({ min: 4, max: 60 }), fc.array(step, { minLength: 10, maxLength: 60 }), (pages, program) => {
      const mm = buddy(pages);
      const held: BuddyBlock[][] = [];
      const owner = new Array<number>(pages).fill(-1);
      let serial = 0;
      for (const s of program) {
        steps++;
        if (s.kind === "free") {
          const gone = held.splice(s.at % Math.max(1, held.length), 1)[0];
          if (gone !== undefined) {
            mm.free(gone, s.cleared);
            for (const b of gone) owner.fill(-1, b.offset / K4, (b.offset + mm.bytes(b)) / K4);
          }
        } else {
          const from = Math.min(s.at, pages - 1);
          const to = Math.min(pages, from + s.pages + 3);
          const free = owner.filter((o) => o < 0).length;
          const clearBefore = mm.clearAvail;
          const got = mm.alloc(from * K4, to * K4, s.pages * K4, s.min * K4, s.flags);
          const [low, high] = (s.flags & BUDDY_RANGE) === 0 ? [0, pages] : [from, to];
          if (typeof got === "number") {
            expect([-Errno.EINVAL, -Errno.ENOSPC]).toContain(got);
            // Single pages, anywhere: only a full memory refuses them.
            if (s.flags === 0 && s.min === 1 && s.pages <= pages) expect(free).toBeLessThan(s.pages);
          } else {
            const bytes = got.reduce((sum, b) => sum + mm.bytes(b), 0);
            expect(bytes).toBe(s.pages * K4);
            const sorted = got.toSorted((a, b) => a.offset - b.offset);
            if ((s.flags & BUDDY_CONTIGUOUS) !== 0) sorted.forEach((b, i) => i > 0 && expect(b.offset).toBe(sorted[i - 1]!.offset + mm.bytes(sorted[i - 1]!)));
            for (const b of got) {
              const root = mm.roots.findLast((r) => r.offset <= b.offset)!;
              expect((b.offset - root.offset) % mm.bytes(b)).toBe(0);
              for (let p = b.offset / K4; p < (b.offset + mm.bytes(b)) / K4; p++) {
                expect(owner[p]).toBe(-1);
                expect(p >= low && p < high).toBe(true);
                owner[p] = serial;
              }
            }
            if (s.flags === BUDDY_CLEAR && s.pages === 1 && s.min === 1 && clearBefore > 0) expect(got[0]!.clear).toBe(true);
            serial++;
            held.push(got);
          }
        }
        mm.checkInvariants();
        expect(mm.avail).toBe(owner.filter((o) => o < 0).length * K4);
      }
      for (const gone of held) mm.free(gone);
      mm.checkInvariants();
    }),
    { seed: 80, numRuns: 600 },
  );
  expect(steps).toBeGreaterThan(10_000);
});

test("drm_mm: modes choose holes, reserve and insert refuse with -ENOSPC", () => {
  const mm = new DrmMm(0, 100);
  const [a, , c] = [mm.reserve(0, 10), mm.reserve(30, 10), mm.reserve(45, 10)];
  expect(mm.reserve(35, 3)).toBe(-Errno.ENOSPC);
  expect(mm.reserve(95, 10)).toBe(-Errno.ENOSPC);
  expect(mm.insert({ size: 46 })).toBe(-Errno.ENOSPC);
  expect(mm.insert({ size: 4, mode: "best" })).toMatchObject({ start: 40 });
  expect(mm.insert({ size: 4, mode: "low" })).toMatchObject({ start: 10 });
  expect(mm.insert({ size: 4, mode: "high" })).toMatchObject({ start: 96 });
  mm.remove(c as never);
  expect(mm.insert({ size: 4, mode: "evict" })).toMatchObject({ start: 44 });
  expect(mm.insert({ size: 30, mode: "low", once: true })).toBe(-Errno.ENOSPC);
  expect(mm.insert({ size: 8, alignment: 16, mode: "low" })).toMatchObject({ start: 16 });
  expect(mm.insert({ size: 8, start: 50, end: 57 })).toBe(-Errno.ENOSPC);
  mm.remove(a as never);
  expect(mm.insert({ size: 10, mode: "evict", once: true })).toMatchObject({ start: 0 });
  mm.checkInvariants();
});

test("drm_mm: an eviction scan names exactly what must go", () => {
  const mm = new DrmMm(0, 40);
  const nodes = [0, 10, 20, 30].map((at) => mm.reserve(at, 10) as Exclude<ReturnType<typeof mm.reserve>, number>);
  const scan = mm.scan({ size: 20 });
  expect(scan.addBlock(nodes[0]!)).toBe(false);
  expect(scan.addBlock(nodes[2]!)).toBe(false);
  expect(scan.addBlock(nodes[3]!)).toBe(true);
  const evict = [nodes[3]!, nodes[2]!, nodes[0]!].filter((node) => scan.removeBlock(node));
  expect(evict).toEqual([nodes[3], nodes[2]]);
  for (const node of evict) mm.remove(node);
  expect(mm.insert({ size: 20, mode: "evict" })).toMatchObject({ start: 20 });
});

const mmStep = fc.record({ kind: fc.constantFrom("insert", "insert", "reserve", "remove"), size: fc.integer({ min: 1, max: 24 }), at: fc.nat(99), mode: fc.constantFrom("best", "low", "high", "evict"), align: fc.constantFrom(0, 1, 4, 8, 7), color: fc.nat(1) });

test("invariant 81: drm_mm: holes and nodes make the range; insert respects range, alignment and colour", () => {
  let steps = 0;
  fc.assert(
    fc.property(fc.boolean(), fc.array(mmStep, { minLength: 10, maxLength: 60 }), (colored, program) => {
      // Neighbours of another colour keep one unit apart.
      const mm = new DrmMm(0, 100, colored ? (before, after, color, hole) => {
        if (before !== null && before.color !== color) hole.start++;
        if (after !== null && after.color !== color) hole.end--;
      } : null);
      const used = new Int8Array(102).fill(-1);
      const placeable = (at: number, s: { size: number; color: number }): boolean => {
        if (at < 0 || at + s.size > 100) return false;
        for (let i = at; i < at + s.size; i++) if (used[i]! >= 0) return false;
        if (!colored) return true;
        return (at === 0 || used[at - 1]! < 0 || used[at - 1] === s.color) && (at + s.size === 100 || used[at + s.size]! < 0 || used[at + s.size] === s.color);
      };
      for (const s of program) {
        steps++;
        if (s.kind === "remove") {
          const node = mm.nodes[s.at % Math.max(1, mm.nodes.length)];
          if (node !== undefined) {
            mm.remove(node);
            used.fill(-1, node.start, node.start + node.size);
          }
        } else {
          const [start, end] = [s.at % 40, 60 + (s.at % 41)];
          const align = Math.max(1, s.align);
          const sites = s.kind === "reserve" ? [s.at].filter((at) => placeable(at, s)) : Array.from({ length: 100 }, (_, i) => i).filter((i) => i % align === 0 && i >= start && i + s.size <= end && placeable(i, s));
          const got = s.kind === "reserve" ? mm.reserve(s.at, s.size, s.color) : mm.insert({ size: s.size, alignment: s.align, color: s.color, start, end, mode: s.mode as "low" });
          if (typeof got === "number") {
            expect(got).toBe(-Errno.ENOSPC);
            expect(sites).toEqual([]);
          } else {
            expect(sites).toContain(got.start);
            if (s.kind === "insert" && s.mode === "low") expect(got.start).toBe(sites[0]);
            if (s.kind === "insert" && s.mode === "high") expect(got.start).toBe(sites.at(-1));
            used.fill(s.color, got.start, got.start + got.size);
          }
        }
        mm.checkInvariants();
        const cover = [...mm.nodes.map((n) => [n.start, n.start + n.size] as const), ...[...mm.holes()].map((h) => [h.start, h.end] as const)].toSorted((a, b) => a[0] - b[0]);
        cover.forEach(([from], i) => expect(from).toBe(i === 0 ? 0 : cover[i - 1]![1]));
        expect(cover.at(-1)![1]).toBe(100);
      }
    }),
    { seed: 81, numRuns: 600 },
  );
  expect(steps).toBeGreaterThan(10_000);
});
