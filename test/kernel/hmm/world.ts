import fc from "fast-check";
import { expect } from "vitest";
import type { MemoryAccess, Site } from "../../../src/compiler/abi.ts";
import { tiny } from "../../../src/gpu/profiles/tiny.ts";
import type { Process } from "../../../src/kernel/process/process.ts";
import { Rig, type Client } from "../drm/rig.ts";
import { Gpu, P, peek, poke } from "./rig.ts";

/** Pages of each process; not a whole number of blocks, so that ranges of both sizes come about. */
export const PAGES = 40;

/** One thing that a processor does. */
export interface Step {
  readonly op: "cpu-read" | "cpu-write" | "gpu-read" | "gpu-write" | "view" | "prefetch" | "to-ram" | "unmap" | "map" | "protect" | "pin" | "unpin" | "read-mostly" | "prefer";
  readonly who: number;
  readonly gpu: number;
  readonly page: number;
  readonly n: number;
  readonly value: number;
}

/** Steps, some kinds more often than others. */
export function steps(ops: readonly Step["op"][], length: number): fc.Arbitrary<Step[]> {
  return fc.array(fc.record({ op: fc.constantFrom(...ops), who: fc.nat(1), gpu: fc.nat(1), page: fc.nat(PAGES - 1), n: fc.integer({ min: 1, max: 6 }), value: fc.integer({ min: 1, max: 1 << 20 }) }), { minLength: length, maxLength: length });
}

interface ModelPage {
  value: number;
  prot: number;
}

/** One process, its mirrors on two GPUs, and what its memory must hold. */
export class Actor {
  readonly client: Client;
  readonly process: Process;
  readonly base: number;
  readonly gpus: readonly Gpu[];
  readonly model: (ModelPage | null)[];
  readonly pins: Map<number, number> = new Map();
  /** Live arrays that the program holds, by page. */
  readonly views: Map<number, Uint32Array> = new Map();

  constructor(rig: Rig, name: string) {
    this.client = rig.process(name);
    this.process = this.client.process;
    const place = this.client.sys.reserve(8 * 2 ** 20, 2 ** 21);
    this.base = this.client.sys.mmap(place, PAGES * P, 3, 0x32, -1, 0);
    this.gpus = rig.gpus.map((_, i) => new Gpu(this.client, i, this.base, PAGES * P));
    this.model = Array.from({ length: PAGES }, () => ({ value: 0, prot: 3 }));
  }

  at(page: number): number {
    return this.base + page * P + 64;
  }
}

const site: Site = { kernel: "k", line: null, block: [0, 0, 0], thread: [0, 0, 0] };

/** Two processes, two GPUs, and a model of what every page holds. */
export class World {
  readonly rig: Rig;
  readonly actors: readonly Actor[];

  constructor() {
    this.rig = new Rig({ gpus: [{ ...tiny, vramBytes: 64 * P }, { ...tiny, vramBytes: 64 * P }] });
    this.actors = [new Actor(this.rig, "a"), new Actor(this.rig, "b")];
  }

  dispose(): void {
    for (const actor of this.actors) if (actor.process.exit === null) this.rig.kernel.kill(actor.process);
    this.rig.kernel.checkInvariants();
    expect(this.rig.store.counts()).toEqual({ system: 0, vram: 0, pagetable: 0, scratch: 0 });
    this.rig.store.dispose();
  }

  /** What a kernel's load or store does: translation, fault, second try. Null: the kernel dies. */
  access(actor: Actor, gpu: number, page: number, value: number | null): number | null {
    const space = actor.gpus[gpu]!.svm;
    const vm = [...this.rig.gpus[gpu]!.vms].find((v) => v.svm === space)!;
    const address = actor.at(page);
    const request: MemoryAccess = { address: BigInt(address), size: 4, kind: value === null ? "read" : "write" };
    for (let attempt = 0; attempt < 4; attempt++) {
      const linear = vm.pageTable.translate(address, 4, value === null ? 1 : 2);
      if (linear >= 0) {
        if (value === null) return this.rig.store.u32[linear >>> 2]!;
        this.rig.store.u32[linear >>> 2] = value;
        return value;
      }
      if (!vm.fault(request, site)) return null;
    }
    throw new Error("a fault was served again and again");
  }

  /** Does a step, and compares what it shows with the model. */
  step(s: Step): void {
    const actor = this.actors[s.who]!;
    const { process, model, client } = actor;
    const { sys } = client;
    const there = model[s.page] ?? null;
    const at = actor.base + s.page * P;
    const n = Math.min(s.n, PAGES - s.page);
    const each = (f: (page: number) => void): void => { for (let i = 0; i < n; i++) f(s.page + i); };
    switch (s.op) {
      case "cpu-read":
        expect(peek(process, actor.at(s.page))).toBe(there === null || (there.prot & 1) === 0 ? null : there.value);
        break;
      case "cpu-write": {
        const ok = there !== null && (there.prot & 2) !== 0;
        expect(poke(process, actor.at(s.page), s.value)).toBe(ok);
        if (ok) there.value = s.value;
        break;
      }
      case "gpu-read":
        expect(this.access(actor, s.gpu, s.page, null)).toBe(there === null || (there.prot & 1) === 0 ? null : there.value);
        break;
      case "gpu-write": {
        const ok = there !== null && there.prot === 3;
        expect(this.access(actor, s.gpu, s.page, s.value)).toBe(ok ? s.value : null);
        if (ok) there.value = s.value;
        break;
      }
      case "view": {
        // A live array, written to at once and looked at later, whenever the program runs.
        if (there === null || there.prot !== 3) break;
        const bytes = sys.memory(actor.at(s.page), 4, true)!;
        const view = new Uint32Array(bytes.buffer, bytes.byteOffset, 1);
        view[0] = s.value;
        there.value = s.value;
        actor.views.set(s.page, view);
        break;
      }
      case "prefetch":
        actor.gpus[s.gpu]!.svm.prefetch(at, at + n * P);
        break;
      case "to-ram":
        actor.gpus[s.gpu]!.svm.prefetchToRam(at, at + n * P);
        break;
      case "unmap":
        expect(sys.munmap(at, n * P)).toBe(0);
        each((page) => { model[page] = null; actor.pins.delete(page); actor.views.delete(page); });
        break;
      case "map":
        expect(sys.mmap(at, n * P, 3, 0x32, -1, 0)).toBe(at);
        each((page) => { model[page] = { value: 0, prot: 3 }; actor.pins.delete(page); actor.views.delete(page); });
        break;
      case "protect": {
        const prot = s.value % 3 === 0 ? 0 : s.value % 3 === 1 ? 1 : 3;
        let whole = true;
        each((page) => { whole &&= model[page] !== null; });
        expect(sys.mprotect(at, n * P, prot)).toBe(whole ? 0 : -12);
        if (whole) each((page) => { model[page]!.prot = prot; });
        break;
      }
      case "pin":
        if (there === null) break;
        process.mm.residency.pin(at, at + P);
        actor.pins.set(s.page, (actor.pins.get(s.page) ?? 0) + 1);
        break;
      case "unpin":
        if (!actor.pins.has(s.page)) break;
        process.mm.residency.unpin(at, at + P);
        actor.pins.set(s.page, actor.pins.get(s.page)! - 1);
        if (actor.pins.get(s.page) === 0) actor.pins.delete(s.page);
        break;
      case "read-mostly":
        actor.gpus[s.gpu]!.attr("read-mostly", at, n * P, s.value % 2 === 0);
        break;
      case "prefer":
        actor.gpus[s.gpu]!.attr("preferred-location", at, n * P, s.value % 3 === 0 ? "ram" : s.value % 3 === 1 ? s.gpu : null);
        break;
    }
    this.rig.kernel.checkInvariants();
    // The programs run on, and look at what they have in hand.
    this.rig.kernel.restoreViews();
    for (const each of this.actors) for (const [page, view] of each.views) expect(view[0]).toBe(each.model[page]!.value);
  }

  /** Page table entry that a GPU has for a page. */
  entry(actor: Actor, gpu: number, page: number): number {
    const vm = [...this.rig.gpus[gpu]!.vms].find((v) => v.svm === actor.gpus[gpu]!.svm);
    return vm?.pageTable.entry(actor.base + page * P) ?? 0;
  }
}
