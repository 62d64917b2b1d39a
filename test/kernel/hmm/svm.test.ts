import { expect, test } from "vitest";
import { tiny } from "../../../src/gpu/profiles/tiny.ts";
import { Errno } from "../../../src/kernel/errors.ts";
import { Rig } from "../drm/rig.ts";
import { Gpu, P, peek, poke } from "./rig.ts";

function setup(pages = 32, gpus = 1): { rig: Rig; process: Rig["kernel"] extends never ? never : ReturnType<Rig["process"]>; at: number; g: Gpu[] } {
  const rig = new Rig({ gpus: Array.from({ length: gpus }, () => tiny) });
  const process = rig.process();
  // 2 MiB aligned, so that a block is a block.
  const reserved = process.sys.reserve(4 * 2 ** 20, 2 ** 21);
  const at = process.sys.mmap(reserved, pages * P, 3, 0x32, -1, 0);
  return { rig, process, at, g: Array.from({ length: gpus }, (_, i) => new Gpu(process, i, at, pages * P)) };
}

test("a GPU's touch of process memory faults, moves the page and goes on; the CPU's touch brings it back", () => {
  const { rig, process, at, g: [gpu] } = setup();
  poke(process.process, at, 41);
  expect(gpu!.run("add", at)).toBe(0);
  expect(gpu!.query(at)).toMatchObject({ location: 0, mapped: true });
  rig.kernel.checkInvariants();
  expect(rig.gpus[0]!.batches.counts).toMatchObject({ faults: 1, batches: 1, bytes: P });
  expect(peek(process.process, at)).toBe(42);
  expect(gpu!.query(at)).toMatchObject({ location: "ram", mapped: false });
  rig.kernel.checkInvariants();
});

test("memory that the process does not have is a fatal fault, as is a write to what may only be read", () => {
  const { process, at, g: [gpu] } = setup(4);
  expect(process.sys.mprotect(at, P, 1)).toBe(0);
  expect(gpu!.run("load", at, at + P)).toBe(0);
  expect(gpu!.run("store", at, 1)).toBe(-Errno.EIO);
  const again = setup(4);
  again.process.sys.munmap(again.at + P, P);
  expect(again.g[0]!.run("store", again.at + 2 * P, 5)).toBe(0);
  expect(again.g[0]!.run("store", again.at + P, 5)).toBe(-Errno.EIO);
});

test("a fault costs a batch, a page and the bytes over the bus; a touch of what is there costs nothing", () => {
  const { rig, at, g: [gpu] } = setup();
  const time = (run: () => void): number => {
    const before = rig.kernel.clock.now;
    run();
    return rig.kernel.clock.now - before;
  };
  const first = time(() => gpu!.run("store", at, 1));
  const second = time(() => gpu!.run("store", at, 1));
  const { costs } = rig.kernel;
  expect(first - second).toBeGreaterThan(costs.pageFault + costs.pageFaultPage);
  expect(first - second).toBeLessThan(2 * (costs.pageFault + costs.pageFaultPage + costs.migrateSetup) + (P / tiny.pcie.bandwidth) * 1e9);
});

test("what is more than half there is filled up: the density rule takes neighbours along", () => {
  const { at, g: [gpu] } = setup();
  for (let page = 0; page < 3; page++) gpu!.run("store", at + page * P, 1);
  // Three of the first four pages: more than 51 percent, so the fourth came along.
  expect(gpu!.query(at + 3 * P)).toMatchObject({ location: 0, mapped: true });
  expect(gpu!.query(at + 20 * P).location).toBe("ram");
});

test("prefetch moves pages ahead of use, there and back, and says so", () => {
  const { rig, process, at, g: [gpu] } = setup();
  poke(process.process, at + 7 * P, 7);
  expect(gpu!.prefetch(at, 32 * P, 0)).toBe(0);
  for (const page of [0, 7, 31]) expect(gpu!.query(at + page * P)).toMatchObject({ location: 0, mapped: true, lastPrefetch: 0 });
  expect(gpu!.run("add", at + 7 * P)).toBe(0);
  expect(rig.gpus[0]!.batches.counts.faults).toBe(0);
  expect(gpu!.prefetch(at, 32 * P, "ram")).toBe(0);
  expect(gpu!.query(at + 7 * P)).toMatchObject({ location: "ram", mapped: false, lastPrefetch: "ram" });
  expect(peek(process.process, at + 7 * P)).toBe(8);
});

test("preferred location RAM: the GPU reaches the page over the bus; accessed-by does the same; the preference of a GPU moves it", () => {
  const { process, at, g: [gpu] } = setup();
  expect(gpu!.attr("preferred-location", at, P, "ram")).toBe(0);
  expect(gpu!.attr("accessed-by", at + P, P, 0)).toBe(0);
  expect(gpu!.attr("preferred-location", at + 2 * P, P, 0)).toBe(0);
  for (let page = 0; page < 3; page++) gpu!.run("store", at + page * P, page + 1);
  expect([0, 1, 2].map((page) => gpu!.query(at + page * P).location)).toEqual(["ram", "ram", 0]);
  expect([0, 1, 2].map((page) => peek(process.process, at + page * P))).toEqual([1, 2, 3]);
});

test("read-mostly: copies for readers; a write of either side leaves one page", () => {
  const { rig, process, at, g } = setup(32, 2);
  poke(process.process, at, 5);
  expect(g[0]!.attr("read-mostly", at, P, true)).toBe(0);
  for (const gpu of g) expect(gpu.run("load", at, at + 8 * P)).toBe(0);
  expect(g.map((gpu) => gpu.query(at))).toMatchObject([{ location: "ram", mapped: true }, { location: "ram", mapped: true }]);
  rig.kernel.checkInvariants();
  expect(g[1]!.run("add", at)).toBe(0);
  expect(g.map((gpu) => gpu.query(at))).toMatchObject([{ location: 1, mapped: false }, { location: 1, mapped: true }]);
  rig.kernel.checkInvariants();
  expect(peek(process.process, at)).toBe(6);
  expect(g[0]!.run("load", at, at + 8 * P)).toBe(0);
  poke(process.process, at, 9);
  expect(g[0]!.query(at)).toMatchObject({ location: "ram", mapped: false });
  expect(g[0]!.run("load", at, at + 8 * P)).toBe(0);
  expect(peek(process.process, at + 8 * P)).toBe(9);
});

test("between two GPUs a page goes by way of RAM, and is in one place", () => {
  const { rig, process, at, g } = setup(32, 2);
  for (let i = 0; i < 3; i++) for (const gpu of g) expect(gpu.run("add", at)).toBe(0);
  expect(g[0]!.query(at)).toMatchObject({ location: 1, mapped: false });
  rig.kernel.checkInvariants();
  expect(peek(process.process, at)).toBe(6);
});

test("thrashing: a page that both sides want all the time ends up pinned in RAM", () => {
  const { rig, process, at, g: [gpu] } = setup();
  for (let i = 0; i < 12; i++) {
    expect(gpu!.run("add", at)).toBe(0);
    expect(peek(process.process, at)).toBe(i + 1);
  }
  const { thrashing } = rig.gpus[0]!.core.svm.stateOf(process.process.mm);
  expect(thrashing.counts.throttled).toBeGreaterThan(0);
  expect(thrashing.counts.pinned).toBe(1);
  expect(gpu!.run("add", at)).toBe(0);
  expect(gpu!.query(at)).toMatchObject({ location: "ram", mapped: true });
});

test("live arrays are right whenever the program runs, and writes through them reach the GPU", () => {
  const { process, at, g: [gpu] } = setup();
  const view = new Uint32Array(process.sys.memory(at, 4 * P, true)!.buffer, process.sys.memory(at, 4, true)!.byteOffset, P);
  view[0] = 10;
  expect(gpu!.run("add", at)).toBe(0);
  expect(view[0]).toBe(11);
  view[0] = 20;
  expect(gpu!.run("add", at)).toBe(0);
  expect(view[0]).toBe(21);
});

test("a copy engine faults and goes on, too", () => {
  const { rig, process, at, g: [gpu] } = setup();
  for (let page = 0; page < 4; page++) poke(process.process, at + page * P, page + 1);
  const queue = gpu!.node.queue(gpu!.node.context(gpu!.vm), { engine: "copy" });
  const point = gpu!.node.exec(queue.queue, { kind: "copy", dst: at + 8 * P, src: at, extent: { width: 4 * P, height: 1, depth: 1 }, dstPitch: 0, dstSlicePitch: 0, srcPitch: 0, srcSlicePitch: 0 });
  expect(gpu!.node.wait([{ syncobj: queue.timeline, point }]).error).toBe(0);
  expect([8, 9, 10, 11].map((page) => peek(process.process, at + page * P))).toEqual([1, 2, 3, 4]);
  expect(rig.gpus[0]!.batches.counts.faults).toBeGreaterThan(0);
});

test("pinned pages stay where they are; the GPU uses them there", () => {
  const { rig, at, g: [gpu] } = setup();
  const other = gpu!.node.vm();
  gpu!.node.do("GLASS_VM_BIND", { vm: other, op: "map-userptr", handle: 0, offset: at, address: at, size: P, flags: 3 });
  expect(gpu!.run("store", at, 3)).toBe(0);
  expect(gpu!.query(at)).toMatchObject({ location: "ram", mapped: true });
  expect(gpu!.prefetch(at, 2 * P, 0)).toBe(0);
  expect([gpu!.query(at).location, gpu!.query(at + P).location]).toEqual(["ram", 0]);
  rig.kernel.checkInvariants();
});

test("fork: the child has the bytes wherever they were; later writes of the GPU are the parent's", () => {
  const { rig, process, at, g: [gpu] } = setup();
  expect(gpu!.run("store", at, 77)).toBe(0);
  const child = rig.kernel.fork(process.process, "child", null);
  if (typeof child === "number") throw new Error(String(child));
  expect(gpu!.query(at)).toMatchObject({ location: 0, mapped: false });
  expect(gpu!.run("add", at)).toBe(0);
  expect([peek(child, at), peek(process.process, at)]).toEqual([77, 78]);
  rig.kernel.checkInvariants();
});

test("errors of the requests, each beside a good one", () => {
  const { process, at, g: [gpu] } = setup(4);
  const bind = (vm: number, address: number, size: number): number => gpu!.node.raw("GLASS_VM_BIND", { vm, op: "cpu-mirror", handle: 0, offset: 0, address, size, flags: 3 });
  expect(bind(gpu!.vm, at, P)).toBe(0);
  expect(bind(gpu!.vm, at + 1, P)).toBe(-Errno.EINVAL);
  expect(bind(gpu!.vm, at, 0)).toBe(-Errno.EINVAL);
  expect(bind(99, at, P)).toBe(-Errno.ENOENT);
  expect(bind(gpu!.node.vm(), at, P)).toBe(-Errno.EINVAL);
  expect(gpu!.attr("preferred-location", at, P, 0)).toBe(0);
  expect(gpu!.attr("preferred-location", at, P, 5)).toBe(-Errno.EINVAL);
  expect(gpu!.attr("preferred-location", at + 1, P, 0)).toBe(-Errno.EINVAL);
  expect(gpu!.attr("preferred-location", at + 64 * P, P, 0)).toBe(-Errno.EINVAL);
  expect(gpu!.attr("accessed-by", at, P, "ram")).toBe(0);
  expect(gpu!.attr("accessed-by", at, P, null)).toBe(-Errno.EINVAL);
  expect(gpu!.attr("read-mostly", at, P, 0)).toBe(-Errno.EINVAL);
  expect(gpu!.attr("read-mostly", at, P, false)).toBe(0);
  const query = { vm: gpu!.vm, address: at, location: "ram" as const, mapped: false, preferred: null, accessedBy: [], readMostly: false, lastPrefetch: null };
  expect(gpu!.node.raw("GLASS_SVM_QUERY", query)).toBe(0);
  expect(gpu!.node.raw("GLASS_SVM_QUERY", { ...query, vm: 99 })).toBe(-Errno.ENOENT);
  expect(gpu!.node.raw("GLASS_SVM_QUERY", { ...query, address: at + 64 * P })).toBe(-Errno.EFAULT);
  const prefetch = (address: number, size: number, location: number | "ram"): number => gpu!.node.raw("GLASS_EXEC", gpu!.node.args(gpu!.queue, { kind: "marker", prefetch: { address, size, location } }));
  expect(prefetch(at, P, 0)).toBe(0);
  expect(prefetch(at, 0, 0)).toBe(-Errno.EINVAL);
  expect(prefetch(at, P, 7)).toBe(-Errno.EINVAL);
  expect(prefetch(at, 64 * P, "ram")).toBe(-Errno.EINVAL);
  expect(process.sys.mprotect(at, P, 3)).toBe(0);
  expect(process.sys.mprotect(at + 1, P, 3)).toBe(-Errno.EINVAL);
  expect(process.sys.mprotect(at, P, 8)).toBe(-Errno.EINVAL);
  expect(process.sys.mprotect(at, 100 * P, 3)).toBe(-Errno.ENOMEM);
});

test("a full GPU leaves pages in RAM and reaches them over the bus", () => {
  const rig = new Rig({ gpus: [{ ...tiny, vramBytes: 4 * P }] });
  const process = rig.process();
  const at = process.malloc(16 * P);
  const gpu = new Gpu(process, 0, at, 16 * P);
  for (let page = 0; page < 16; page++) expect(gpu.run("store", at + page * P, page)).toBe(0);
  rig.kernel.checkInvariants();
  for (let page = 0; page < 16; page++) expect(peek(process.process, at + page * P)).toBe(page);
});
