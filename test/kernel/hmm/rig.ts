import type { DeviceCode } from "../../../src/compiler/abi.ts";
import { EmulatorBug } from "../../../src/kernel/errors.ts";
import type { Svm } from "../../../src/kernel/hmm/svm.ts";
import type { Process } from "../../../src/kernel/process/process.ts";
import { fakeCode, launch } from "../../gpu/fake-code.ts";
import { marker, type Client, type Node, type Rig } from "../drm/rig.ts";

export const P = 65536;

/** Kernels that touch memory: store(address, value), load(address, to), add(address). */
export const code: DeviceCode = fakeCode({
  store: { body: (g) => g.store(g.param(0), g.param(1)) },
  load: { body: (g) => g.store(g.param(1), g.load(g.param(0))) },
  add: { body: (g) => g.store(g.param(0), g.load(g.param(0)) + 1) },
});

/** One GPU's side of a process: a fault-mode VM that mirrors, with a queue. */
export class Gpu {
  readonly node: Node;
  readonly vm: number;
  readonly queue: number;
  readonly timeline: number;
  readonly svm: Svm;
  private readonly context: number;

  constructor(client: Client, index: number, address: number, bytes: number) {
    this.node = client.open(index);
    this.vm = this.node.do("GLASS_VM_CREATE", { faultMode: true, vm: 0 }).vm;
    this.node.do("GLASS_VM_BIND", { vm: this.vm, op: "cpu-mirror", handle: 0, offset: 0, address, size: bytes, flags: 3 });
    this.context = this.node.context(this.vm);
    const q = this.node.queue(this.context);
    this.queue = q.queue;
    this.timeline = q.timeline;
    this.svm = [...client.rig.gpus[index]!.vms].at(-1)!.svm!;
  }

  /** Runs a kernel to its end. @returns its error, 0 when it went well */
  run(kernel: "store" | "load" | "add", ...params: readonly number[]): number {
    const point = this.node.exec(this.queue, launch(code, kernel, 1, 32, params));
    return this.node.wait([{ syncobj: this.timeline, point }]).error;
  }

  prefetch(address: number, size: number, location: number | "ram"): number {
    const point = this.node.exec(this.queue, { ...marker, kind: "marker", prefetch: { address, size, location } });
    return this.node.wait([{ syncobj: this.timeline, point }]).error;
  }

  attr(attribute: "preferred-location" | "accessed-by" | "not-accessed-by" | "read-mostly", address: number, size: number, value: number | "ram" | boolean | null): number {
    return this.node.raw("GLASS_SVM_ATTR", { vm: this.vm, address, size, attribute, value });
  }

  query(address: number): { location: number | "ram"; mapped: boolean; lastPrefetch: number | "ram" | null } {
    return this.node.do("GLASS_SVM_QUERY", { vm: this.vm, address, location: "ram", mapped: false, preferred: null, accessedBy: [], readMostly: false, lastPrefetch: null });
  }
}

/** The CPU's load and store, as a system call makes them: no live array is left behind. */
export function peek(process: Process, address: number): number | null {
  return process.mm.load32(address);
}

export function poke(process: Process, address: number, value: number): boolean {
  return process.mm.store32(address, value);
}

/** What a GPU has of a page of RAM or of its own memory, 0 when nothing. */
export function entryOf(rig: Rig, gpu: number, address: number): number {
  const vm = [...rig.gpus[gpu]!.vms][0];
  if (vm === undefined) throw new EmulatorBug("the GPU has no VM");
  return vm.pageTable.entry(address);
}
