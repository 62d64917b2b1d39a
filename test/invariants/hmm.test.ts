import fc from "fast-check";
import { test } from "vitest";
import { expect } from "../expect.ts";
import { migrateVmaFinalize, migrateVmaPages, migrateVmaSetup } from "../../src/kernel/hmm/migrate.ts";
import { P, peek, poke } from "../kernel/hmm/rig.ts";
import { PAGES, steps, World, type Step } from "../kernel/hmm/world.ts";

const touches = ["cpu-read", "cpu-write", "gpu-read", "gpu-write", "gpu-write", "gpu-read"] as const;

/** Everything that the CPU's side can do to a page while a GPU looks at it. */
const races = ["unmap", "map", "protect", "cpu-write", "cpu-read", "prefetch", "to-ram", "pin"] as const;

test("invariant 83: after an invalidation no GPU has a use of the range; a fault that raced with one is served anew", () => {
  const pair = fc.array(fc.tuple(steps([...touches, "read-mostly", "prefer", "unpin", "map"], 1), steps(races, 1), fc.boolean()), { minLength: 190, maxLength: 190 });
  fc.assert(fc.property(pair, (program) => {
    const world = new World();
    for (const [[first], [other], race] of program) {
      const actor = world.actors[first!.who]!;
      const disturb = { ...other!, who: first!.who, page: Math.min(PAGES - 1, Math.max(0, first!.page - (other!.page % 4) + 1)) };
      if (!race || (first!.op !== "gpu-read" && first!.op !== "gpu-write")) {
        world.step(first!);
        world.step(disturb);
        const hit = Array.from({ length: Math.min(disturb.n, PAGES - disturb.page) }, (_, i) => disturb.page + i);
        // A failed mprotect (a page is missing) changes nothing.
        if (disturb.op === "unmap" || (disturb.op === "protect" && hit.every((page) => actor.model[page] !== null))) {
          for (const [g] of actor.gpus.entries()) for (const page of hit) expect(world.entry(actor, g, page)).toBe(0);
        }
        continue;
      }
      // The other step happens between the fault's look at the pages and its commit.
      actor.gpus[first!.gpu]!.svm.meanwhile = () => world.step(disturb);
      const before = actor.model[first!.page];
      const result = world.access(actor, first!.gpu, first!.page, first!.op === "gpu-write" ? first!.value : null);
      const now = actor.model[first!.page];
      const raced = actor.gpus[first!.gpu]!.svm.meanwhile === null;
      actor.gpus[first!.gpu]!.svm.meanwhile = null;
      // Whatever came first: the access saw the memory as it is after, for nothing else was committed.
      const state = raced ? now : before;
      const allowed = state != null && (first!.op === "gpu-write" ? state.prot === 3 : (state.prot & 1) !== 0);
      expect(result).toBe(!allowed ? null : first!.op === "gpu-write" ? first!.value : state.value);
      if (allowed && first!.op === "gpu-write") state.value = first!.value;
      world.rig.kernel.checkInvariants();
    }
    for (const actor of world.actors) actor.model.forEach((page, i) => expect(peek(actor.process, actor.at(i))).toBe(page === null || (page.prot & 1) === 0 ? null : page.value));
    world.dispose();
  }), { seed: 83, numRuns: 30 });
});

test("invariant 84: a page is in one place, and whoever looks at it sees what was written last", () => {
  fc.assert(fc.property(steps([...touches, ...touches, "view", "prefetch", "to-ram", "pin", "unpin", "read-mostly", "prefer"], 340), (program) => {
    const world = new World();
    for (const s of program) {
      world.step(s);
      const actor = world.actors[s.who]!;
      const { residency } = actor.process.mm;
      const page = actor.base + s.page * P;
      if (s.op === "cpu-read" || s.op === "cpu-write" || s.op === "view" || s.op === "pin") expect(residency.away.has(page)).toBe(false);
      // What the GPUs' memories hold is the pages that are away, and the copies.
      let held = 0;
      for (const each of world.actors) {
        held += each.process.mm.residency.away.size;
        for (const gpu of each.gpus) for (const range of gpu.svm.gpusvm.ranges()) for (const mapped of range.pages.values()) if (mapped.copy !== null) held++;
      }
      expect(world.rig.gpus.reduce((sum, gpu) => sum + gpu.pages.bytes, 0)).toBe(held * P);
    }
    world.dispose();
  }), { seed: 84, numRuns: 30 });
});

test("invariant 85: munmap of any part takes the GPU's mapping of the whole range; what is still there faults and goes on, the rest is fatal", () => {
  fc.assert(fc.property(steps([...touches, "unmap", "map", "prefetch", "protect"], 340), (program) => {
    const world = new World();
    for (const s of program) {
      const actor = world.actors[s.who]!;
      const end = actor.base + Math.min(PAGES, s.page + s.n) * P;
      const hit = s.op !== "unmap" ? [] : actor.gpus.flatMap((gpu, g) => [...gpu.svm.gpusvm.ranges()].filter((r) => r.start < end && r.end > actor.base + s.page * P).map((r) => [g, r] as const));
      world.step(s);
      for (const [g, range] of hit) for (let va = range.start; va < range.end; va += P) expect(world.entry(actor, g, (va - actor.base) / P)).toBe(0);
    }
    world.dispose();
  }), { seed: 85, numRuns: 30 });
});

test("invariant 86: when a process ends, no GPU reaches its pages any more before they are freed, also where its files live on", () => {
  fc.assert(fc.property(steps([...touches, "prefetch", "read-mostly"], 260), fc.boolean(), (program, heir) => {
    const world = new World();
    for (const s of program) world.step(s);
    const [actor, other] = world.actors;
    // A child holds the same open files, so that the VMs outlive the process.
    const child = heir ? world.rig.kernel.fork(actor!.process, "heir", null) : null;
    for (let page = 0; page < PAGES; page += 3) world.step({ op: "gpu-write", who: 0, gpu: page % 2, page, n: 1, value: page + 1 });
    const { store } = world.rig;
    const vms = world.rig.gpus.flatMap((gpu) => [...gpu.vms]);
    const free = store.freeFrames.bind(store);
    let watched = 0;
    store.freeFrames = (kind, address, frames, clean) => {
      if (kind === "system" || kind === "vram") {
        watched++;
        for (const vm of vms) for (let page = 0; page < PAGES; page++) {
          const entry = vm.svm === null || vm.pageTable.present === 0 ? 0 : vm.pageTable.entry((vm.svm === actor!.gpus[0]!.svm || vm.svm === actor!.gpus[1]!.svm ? actor! : other!).base + page * P);
          const frame = (entry & 0xffff0000) >>> 0;
          if (entry !== 0) expect(frame < address || frame >= address + frames * P).toBe(true);
        }
      }
      free(kind, address, frames, clean);
    };
    world.rig.kernel.kill(actor!.process);
    store.freeFrames = free;
    expect(watched).toBeGreaterThan(0);
    world.rig.kernel.checkInvariants();
    if (child !== null && typeof child !== "number") {
      expect(world.access(actor!, 0, 0, null)).toBeNull();
      world.rig.kernel.kill(child);
    }
    for (let page = 0; page < 4; page++) world.step({ op: "gpu-write", who: 1, gpu: 0, page, n: 1, value: page + 1 });
    world.dispose();
  }), { seed: 86, numRuns: 40 });
});

const fate = fc.record({ start: fc.nat(PAGES - 1), n: fc.integer({ min: 1, max: 8 }), who: fc.nat(1), gpu: fc.nat(1), targets: fc.integer({ min: 0, max: 255 }), late: fc.integer({ min: 0, max: 255 }) });

test("invariant 87: each page of a migration moves whole or stays as it was", () => {
  fc.assert(fc.property(fc.array(fc.tuple(fate, steps([...touches, "pin", "unpin", "to-ram"], 3)), { minLength: 95, maxLength: 95 }), (program) => {
    const world = new World();
    for (const [f, rest] of program) {
      for (const s of rest) world.step(s);
      const actor = world.actors[f.who]!;
      const { mm } = actor.process;
      const start = actor.base + f.start * P;
      const end = Math.min(start + f.n * P, actor.base + PAGES * P);
      const before = new Map([...mm.residency.away].map(([page, there]) => [page, there.linear]));
      const migration = migrateVmaSetup(mm, start, end, "system");
      if (typeof migration === "number") throw new Error(String(migration));
      const home = world.rig.gpus[f.gpu]!.pages;
      migration.pages.forEach((entry, i) => {
        if (!entry.movable || ((f.targets >>> i) & 1) === 0) return;
        entry.target = home.allocate();
        if (entry.target !== null) home.fill(entry.target, entry.linear);
      });
      // Somebody takes hold of pages in the middle of it.
      const late = migration.pages.filter((entry, i) => ((f.late >>> i) & 1) === 1 && !mm.residency.away.has(entry.page)).map((entry) => entry.page);
      for (const page of late) mm.residency.pin(page, page + P);
      const moved = migrateVmaPages(migration);
      expect(moved).toBe(migration.pages.filter((entry) => entry.moved).length);
      migrateVmaFinalize(migration);
      for (const entry of migration.pages) {
        const now = mm.residency.away.get(entry.page);
        if (entry.moved) expect(now).toBe(entry.target);
        else expect(now?.linear).toBe(before.get(entry.page));
        if (late.includes(entry.page) || actor.pins.has((entry.page - actor.base) / P)) expect(entry.moved).toBe(false);
      }
      for (const page of late) mm.residency.unpin(page, page + P);
      world.rig.kernel.checkInvariants();
      const looks: Step = { op: "cpu-read", who: f.who, gpu: f.gpu, page: f.start, n: 1, value: 1 };
      for (let page = f.start; page < Math.min(PAGES, f.start + f.n); page++) world.step({ ...looks, op: page % 2 === 0 ? "cpu-read" : "gpu-read", page });
    }
    world.dispose();
  }), { seed: 87, numRuns: 30 });
});

test("invariant 84: a poke through one process never shows in the other, though both use the same GPUs", () => {
  const world = new World();
  const [a, b] = world.actors;
  poke(a!.process, a!.at(0), 11);
  poke(b!.process, b!.at(0), 22);
  for (const gpu of [0, 1, 0]) {
    expect(world.access(a!, gpu, 0, null)).toBe(11);
    expect(world.access(b!, gpu, 0, null)).toBe(22);
  }
  expect(a!.base).not.toBe(b!.base);
  world.dispose();
});
