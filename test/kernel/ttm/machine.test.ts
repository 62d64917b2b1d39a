import { expect, test } from "vitest";
import { tiny } from "../../../src/gpu/profiles/tiny.ts";
import { Errno } from "../../../src/kernel/errors.ts";
import { GEM_CPU_VISIBLE, GEM_DISCARDABLE, GEM_FALLBACK, GEM_PINNED, GEM_TOPDOWN } from "../../../src/kernel/sys/uapi.ts";
import { ttmBoAlloc, ttmBoFree } from "../../../src/kernel/ttm/bo-alloc.ts";
import { VRAM } from "../../../src/kernel/ttm/placement.ts";
import { DmaBuf } from "../../../src/kernel/fence/dma-buf.ts";
import { Rig, type Node } from "../drm/rig.ts";

const P = 65536;
const small = { ...tiny, vramBytes: 16 * P };
const amd = { ...small, vendor: "amd" as const };

function create(node: Node, pages: number, flags: number, placement: "vram" | "system" = "vram"): number {
  const arg = { size: pages * P, placement, label: "bo", flags, handle: 0 };
  const result = node.raw("GLASS_GEM_CREATE", arg);
  return result < 0 ? result : arg.handle;
}

test("GEM_CREATE flags: pinned memory is not evicted, a fallback goes to system memory, discardable contents go, bad flags are -EINVAL", () => {
  const rig = new Rig({ gpus: [small], memory: { visibleVramBytes: 4 * P } });
  const [a, b, c] = ["a", "b", "c"].map((name) => rig.process(name).open()) as [Node, Node, Node];
  const { ttm } = rig.gpus[0]!;
  for (const flags of [64, GEM_PINNED | GEM_FALLBACK, GEM_PINNED | GEM_DISCARDABLE]) expect(create(a, 1, flags)).toBe(-Errno.EINVAL);
  create(a, 8, GEM_PINNED);
  expect(create(b, 9, 0)).toBe(-Errno.ENOMEM);
  const lossy = create(b, 8, GEM_DISCARDABLE);
  expect(create(c, 4, GEM_FALLBACK)).toBeGreaterThan(0);
  expect([...ttm.bos].at(-1)!.where).toBe("GTT");
  create(c, 4, 0);
  expect([...ttm.bos].map((bo) => bo.where)).toEqual(["VRAM", "CPU", "GTT", "VRAM"]);
  expect(ttm.counts.discarded).toBe(1);
  b.do("DRM_IOCTL_GEM_CLOSE", { handle: lossy });
  create(c, 1, GEM_TOPDOWN);
  expect([...ttm.bos].at(-1)!.resource.runs[0]!.end).toBe(16 * P);
  // The CPU reaches the first four pages only, and those are pinned.
  expect(create(c, 1, GEM_CPU_VISIBLE)).toBe(-Errno.ENOMEM);
  rig.run();
  rig.kernel.checkInvariants();
});

test("reading evict_vram and evict_gtt makes everything leave; the dumps show it", () => {
  const rig = new Rig({ gpus: [amd] });
  const node = rig.process("python").open();
  const read = (name: string): string => String(node.client.sys.readFile(`/sys/kernel/debug/dri/0/${name}`));
  const vm = node.vm();
  const b = node.buffer(vm, 2 * P);
  b.bytes.fill(7);
  expect(read("amdgpu_gem_info")).toContain(`0x00000001: ${String(2 * P).padStart(12)} byte VRAM bo`);
  expect(read("amdgpu_vram_mm")).toContain(`usage: ${2 * P}`);
  expect(read("amdgpu_evict_vram")).toBe("0\n");
  rig.run();
  expect(read("amdgpu_gem_info")).toContain("byte GTT  bo");
  expect(read("amdgpu_gtt_mm")).toContain("2: used");
  expect(read("amdgpu_vm_info")).toMatch(/^vm \d+: 0 pages present, 1 evicted, 0 moving/);
  expect(read("amdgpu_evict_gtt")).toBe("0\n");
  expect(read("amdgpu_gem_info")).toContain("byte CPU  bo");
  // The CPU has it where it is now.
  expect(node.client.sys.memory(b.address, 2 * P, true)!.every((byte) => byte === 7)).toBe(true);
  const info = String(node.client.sys.readFile(`/proc/${node.client.process.pid}/fdinfo/${node.fd}`));
  expect(info).toContain(`drm-total-cpu:\t${(2 * P) / 1024} KiB`);
  expect(info).toContain(`amd-evicted-vram:\t${(2 * P) / 1024} KiB`);
  const { queue, timeline } = node.queue(node.context(vm));
  const point = node.exec(queue, { kind: "fill", dst: b.address, extent: { width: P, height: 1, depth: 1 }, pitch: 0, slicePitch: 0, pattern: Uint8Array.of(9) });
  expect(node.wait([{ syncobj: timeline, point }])).toEqual({ result: 0, error: 0 });
  const bytes = node.client.sys.memory(b.address, 2 * P, false)!;
  expect([bytes[0], bytes[P]]).toEqual([9, 7]);
  expect([...rig.gpus[0]!.ttm.bos][0]!.memType).toBe(VRAM);
});

test("ttmBoAlloc takes all steps or none", () => {
  const rig = new Rig({ gpus: [small] });
  const node = rig.process().open();
  const { sys } = node.client;
  const vm = node.vm();
  const bo = ttmBoAlloc(sys, node.fd, vm, 100_000);
  if (typeof bo === "number") throw new Error(`ttmBoAlloc: ${bo}`);
  expect(bo.size).toBe(2 * P);
  sys.memory(bo.address, 4, true)!.fill(1);
  const { queue, timeline } = node.queue(node.context(vm));
  const point = node.exec(queue, { kind: "copy", dst: bo.address + P, src: bo.address, extent: { width: 4, height: 1, depth: 1 }, dstPitch: 0, srcPitch: 0, dstSlicePitch: 0, srcSlicePitch: 0 });
  node.wait([{ syncobj: timeline, point }]);
  expect([...sys.memory(bo.address + P, 5, false)!]).toEqual([1, 1, 1, 1, 0]);
  const objects = rig.gpus[0]!.objects.size;
  expect(ttmBoAlloc(sys, node.fd, vm, 17 * P)).toBe(-Errno.ENOMEM);
  expect(ttmBoAlloc(sys, node.fd, 99, P)).toBe(-Errno.ENOENT);
  expect(ttmBoAlloc(sys, node.fd, vm, 0)).toBe(-Errno.EINVAL);
  expect(rig.gpus[0]!.objects.size).toBe(objects);
  ttmBoFree(sys, node.fd, vm, bo);
  expect(rig.gpus[0]!.objects.size).toBe(0);
});

test("dma-buf: lseek tells the size; a static importer pins in system memory, a dynamic one is told of moves", () => {
  const rig = new Rig({ gpus: [small] });
  const node = rig.process().open();
  const handle = node.gem(2 * P);
  const { fd } = node.do("DRM_IOCTL_PRIME_HANDLE_TO_FD", { handle, flags: 0, fd: 0 });
  const { sys } = node.client;
  expect(sys.lseek(fd, 0, 2)).toBe(2 * P);
  expect(sys.lseek(fd, 0, 0)).toBe(0);
  for (const [offset, whence] of [[1, 2], [1, 0], [0, 1]] as const) expect(sys.lseek(fd, offset, whence)).toBe(-Errno.EINVAL);
  const bo = [...rig.gpus[0]!.ttm.bos][0]!;
  const driver = node.client.process.files.get(fd)!.driver;
  if (!(driver instanceof DmaBuf)) throw new Error("not a dma-buf");
  let moves = 0;
  const dynamic = driver.attach({ name: "gpu", moveNotify: () => void moves++ });
  const still = driver.attach({ name: "camera" });
  expect(dynamic.map()).toBe(0);
  expect(bo.pinCount).toBe(0);
  expect(still.map()).toBe(0);
  expect([bo.where, bo.pinCount, moves]).toEqual(["GTT", 1, 1]);
  rig.run();
  expect(rig.gpus[0]!.ttm.validate(bo, bo.places)).toBe(-Errno.EINVAL);
  expect(still.detach()).toBe(-Errno.EBUSY);
  still.unmap();
  expect(rig.gpus[0]!.ttm.validate(bo, bo.places)).toBe(0);
  expect(moves).toBe(2);
  expect([still.detach(), still.detach(), still.map()]).toEqual([0, -Errno.ENOENT, -Errno.ENOENT]);
  rig.run();
  const map = sys.mmap(0, 2 * P, 3, 1, fd, 0);
  expect(map).toBeGreaterThan(0);
  expect(sys.memory(map, 2 * P, false)!.every((byte) => byte === 0)).toBe(true);
});

test("the CPU touches an object in the middle of its move: it waits for the rest of it, and finds every byte", () => {
  const rig = new Rig();
  const node = rig.process().open();
  const bytes = 40 * 2 ** 20;
  const b = node.buffer(node.vm(), bytes);
  b.bytes[bytes - 1] = 9;
  const { ttm } = rig.gpus[0]!;
  expect(ttm.evictAll(VRAM)).toBe(0);
  const bo = [...ttm.bos][0]!;
  expect(bo.copying).not.toBeNull();
  let debt = 0;
  node.client.drive((function* () {
    const before = node.client.process.main.debt;
    expect(node.client.sys.memory(b.address, bytes, true)![bytes - 1]).toBe(9);
    debt = node.client.process.main.debt - before;
    node.client.sys.memory(b.address, bytes, true)![bytes - 1] = 11;
  })());
  // About as long as the bytes that were left take over the bus.
  expect(debt).toBeGreaterThan((bytes / tiny.pcie.bandwidth) * 1e9 * 0.5);
  rig.run();
  expect(bo.storage!.kind).toBe("system");
  expect(node.client.sys.memory(b.address, bytes, false)![bytes - 1]).toBe(11);
});
