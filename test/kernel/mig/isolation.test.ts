import { describe, expect, test } from "vitest";
import { Errno } from "../../../src/kernel/errors.ts";
import type { ContextFault } from "../../../src/kernel/sys/uapi.ts";
import { fakeCode, launch } from "../../gpu/fake-code.ts";
import { copy, type Client, type Node } from "../drm/rig.ts";
import { MigRig } from "./mig-rig.ts";

const code = fakeCode({ k: { instructions: 2e5 }, bytes: { instructions: 100, bytes: 5e6 }, bad: { body: (group) => group.store(64, 1) }, hang: { instructions: Infinity } });

/** A program on a compute instance, with one queue. */
interface Program {
  readonly client: Client;
  readonly node: Node;
  readonly vm: number;
  readonly context: number;
  readonly queue: number;
}

function program(mig: MigRig, gi: number, ci = 0): Program {
  const client = mig.rig.process("client");
  const node = mig.node(client, gi, ci);
  const vm = node.vm();
  const context = node.context(vm);
  return { client, node, vm, context, queue: node.queue(context).queue };
}

/** Submits a job and gives the function that says how long it took on its engine. */
function timed({ client, node, queue }: Program, job: Parameters<Node["exec"]>[1]): () => number {
  const stamps = client.malloc(65536);
  node.exec(queue, job, { timestamps: stamps });
  return () => client.sys.load64(stamps + 16)! - client.sys.load64(stamps + 8)!;
}

const fault = ({ node, context }: Program): ContextFault | null => node.do("GLASS_CONTEXT_STATE", { context, fault: null }).fault;

/** Time of a copy inside the instance's memory. */
function copyTime(profile: number): number {
  const mig = new MigRig();
  const gi = mig.gi(profile);
  mig.ci(gi);
  const p = program(mig, gi);
  const size = 2 ** 22;
  const va = p.node.reserve(2 * size);
  p.node.bind(p.vm, p.node.gem(2 * size), va, 2 * size);
  // A time stamp of 0 means none.
  mig.rig.kernel.events.advance(1000);
  const took = timed(p, copy(va, va + size, size));
  mig.rig.run();
  const result = took();
  mig.rig.store.dispose();
  return result;
}

describe("a GPU instance", () => {
  test("has its share of the memory's bandwidth", () => {
    expect(copyTime(14) / copyTime(0)).toBeGreaterThan(2);
    expect(copyTime(9) / copyTime(14)).toBeLessThan(0.7);
  });

  test("has its multiprocessors: cooperative launches and occupancy go by them", () => {
    const mig = new MigRig();
    const gi = mig.gi(14);
    mig.ci(gi);
    const { node, queue } = program(mig, gi);
    const run = (blocks: number): number => node.raw("GLASS_EXEC", node.args(queue, launch(code, "k", blocks, 1024, [], { cooperative: true })));
    expect([run(56), run(57)]).toEqual([0, -Errno.ENOSPC]);
  });

  test("is reset alone", () => {
    const mig = new MigRig();
    const [a, b] = [mig.gi(14), mig.gi(14)];
    for (const gi of [a, b]) mig.ci(gi);
    const [one, two] = [program(mig, a), program(mig, b)];
    for (const p of [one, two]) p.node.exec(p.queue, launch(code, "hang", 4, 64));
    mig.rig.kernel.events.runNext();
    [...mig.rig.gpus[0]!.parts!].find(({ gpu }) => gpu.part === ` gi${a}`)!.reset();
    expect([fault(one) === null, fault(two)]).toEqual([false, null]);
    // And with the whole GPU every instance.
    mig.rig.gpus[0]!.reset();
    expect(fault(two)).not.toBe(null);
  });

  test("takes no turns with others: their kernels run at once", () => {
    const mig = new MigRig();
    const [a, b] = [mig.gi(14), mig.gi(14)];
    for (const gi of [a, b]) mig.ci(gi);
    const stamps = [a, b].map((gi) => {
      const { client, node, queue } = program(mig, gi);
      const at = client.malloc(65536);
      return { client, at, go: () => node.exec(queue, launch(code, "k", 112, 1024), { timestamps: at }) };
    });
    for (const { go } of stamps) go();
    mig.rig.run();
    expect(stamps.map(({ client, at }) => client.sys.load64(at + 8))).toEqual([0, 1].map(() => stamps[0]!.client.sys.load64(stamps[0]!.at + 8)));
  });
});

describe("compute instances of one GPU instance", () => {
  function split(): { mig: MigRig; a: Program; b: Program } {
    const mig = new MigRig();
    const gi = mig.gi(9);
    for (const profile of [0, 0, 0]) mig.ci(gi, profile);
    return { mig, a: program(mig, gi, 0), b: program(mig, gi, 1) };
  }

  test("share memory: one's allocation is missing from the other's, and a buffer can be handed over", () => {
    const { mig, a, b } = split();
    const free = (): number => b.node.do("GLASS_MEM_QUERY", { vramTotal: 0, vramFree: 0 }).vramFree;
    const before = free();
    const out = { handle: a.node.gem(2 ** 24), flags: 0, fd: -1 };
    expect(before - free()).toBe(2 ** 24);
    a.node.do("DRM_IOCTL_PRIME_HANDLE_TO_FD", out);
    const again = mig.node(a.client, 2, 1);
    expect(again.raw("DRM_IOCTL_PRIME_FD_TO_HANDLE", { fd: out.fd, handle: 0 })).toBe(0);
    mig.rig.kernel.checkInvariants();
  });

  test("have multiprocessors of their own, run at once, and share the bandwidth", () => {
    const alone = split();
    const compute = timed(alone.a, launch(code, "k", 28, 1024));
    alone.mig.rig.run();
    const both = split();
    const [first, second] = [both.a, both.b].map((p) => timed(p, launch(code, "k", 28, 1024)));
    both.mig.rig.run();
    expect(first!()).toBe(compute());
    expect(second!()).toBe(compute());
    const bound = split();
    const quiet = timed(bound.a, launch(code, "bytes", 28, 1024));
    bound.mig.rig.run();
    const [x, y] = [bound.a, bound.b].map((p) => timed(p, launch(code, "bytes", 28, 1024)));
    bound.mig.rig.run();
    expect(Math.max(x!(), y!())).toBeGreaterThan(1.5 * quiet());
  });

  test("fault alone, and are reset together", () => {
    const { mig, a, b } = split();
    a.node.exec(a.queue, launch(code, "bad", 1, 32));
    mig.rig.run();
    expect([fault(a) === null, fault(b)]).toEqual([false, null]);
    b.node.exec(b.queue, launch(code, "hang", 1, 32));
    mig.rig.kernel.events.runNext();
    [...mig.rig.gpus[0]!.parts!][0]!.reset();
    expect(fault(b)).not.toBe(null);
  });
});
