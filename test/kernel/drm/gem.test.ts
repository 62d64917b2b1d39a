import { expect, test } from "vitest";
import { Errno } from "../../../src/kernel/errors.ts";
import { Rig } from "./rig.ts";

const MIB = 2 ** 20;

test("sizes are rounded up to pages and charged to the GPU", () => {
  const rig = new Rig();
  const node = rig.process().open();
  const free = (): number => node.do("GLASS_MEM_QUERY", { vramTotal: 0, vramFree: 0 }).vramFree;
  const before = free();
  const a = node.gem(1);
  expect(before - free()).toBe(65536);
  node.gem(65537);
  expect(before - free()).toBe(3 * 65536);
  node.do("DRM_IOCTL_GEM_CLOSE", { handle: a });
  expect(before - free()).toBe(2 * 65536);
});

test("VRAM and RAM are finite: -ENOMEM, and nothing changes", () => {
  const rig = new Rig({ ram: 4 * MIB });
  const node = rig.process().open();
  const create = (size: number, placement: "vram" | "system"): number => node.raw("GLASS_GEM_CREATE", { size, placement, label: "", handle: 0 });
  expect(create(64 * MIB, "vram")).toBe(0);
  expect(create(1, "vram")).toBe(-Errno.ENOMEM);
  expect(create(5 * MIB, "system")).toBe(-Errno.ENOMEM);
  expect(create(4 * MIB, "system")).toBe(0);
  expect(create(1, "system")).toBe(-Errno.ENOMEM);
  expect(rig.gpus[0]!.objects.size).toBe(2);
});

test.each([[0], [-1], [1.5], [Number.NaN], [Infinity]])("size %s is -EINVAL", (size) => {
  const node = new Rig().process().open();
  expect(node.raw("GLASS_GEM_CREATE", { size, placement: "vram", label: "", handle: 0 })).toBe(-Errno.EINVAL);
});

test("an unknown placement is -EINVAL, an absurd size -ENOMEM", () => {
  const node = new Rig().process().open();
  expect(node.raw("GLASS_GEM_CREATE", { size: 1, placement: "moon" as "vram", label: "", handle: 0 })).toBe(-Errno.EINVAL);
  expect(node.raw("GLASS_GEM_CREATE", { size: 2 ** 50, placement: "vram", label: "", handle: 0 })).toBe(-Errno.ENOMEM);
});

test("GEM_CLOSE of what is no handle is -EINVAL, also the second time", () => {
  const node = new Rig().process().open();
  const handle = node.gem(1);
  expect(node.raw("DRM_IOCTL_GEM_CLOSE", { handle: 0 })).toBe(-Errno.EINVAL);
  expect(node.raw("DRM_IOCTL_GEM_CLOSE", { handle })).toBe(0);
  expect(node.raw("DRM_IOCTL_GEM_CLOSE", { handle })).toBe(-Errno.EINVAL);
});

test("an object larger than the contiguous limit is backed where it is touched", () => {
  const rig = new Rig({ gpus: [{ ...new Rig().gpus[0]!.gpu.profile, vramBytes: 2 ** 34 }] });
  const node = rig.process().open();
  const vm = node.vm();
  const size = 2 ** 33;
  const handle = node.gem(size);
  const va = node.reserve(size);
  node.bind(vm, handle, va, size);
  expect(rig.store.counts().vram).toBe(0);
  const { queue, timeline } = node.queue(node.context(vm));
  const b = node.buffer(vm, 65536, "system");
  b.bytes.fill(7);
  const far = va + 5 * 2 ** 30;
  node.exec(queue, { kind: "copy", dst: far - 100, src: b.address, extent: { width: 200, height: 1, depth: 1 }, dstPitch: 0, srcPitch: 0, dstSlicePitch: 0, srcSlicePitch: 0 });
  node.exec(queue, { kind: "copy", dst: b.address + 1000, src: far - 150, extent: { width: 300, height: 1, depth: 1 }, dstPitch: 0, srcPitch: 0, dstSlicePitch: 0, srcSlicePitch: 0 });
  // Clearing what was never touched costs no storage.
  const point = node.exec(queue, { kind: "fill", dst: va, extent: { width: 2 ** 32, height: 1, depth: 1 }, pitch: 0, slicePitch: 0, pattern: Uint8Array.of(0) });
  expect(node.wait([{ syncobj: timeline, point }])).toEqual({ result: 0, error: 0 });
  expect([...b.bytes.subarray(1000, 1300)]).toEqual([...new Array<number>(50).fill(0), ...new Array<number>(200).fill(7), ...new Array<number>(50).fill(0)]);
  expect(rig.store.counts().vram).toBe(2);
  expect(node.raw("GLASS_GEM_MMAP_OFFSET", { handle, offset: 0 })).toBe(0);
  rig.kernel.checkInvariants();
  node.do("DRM_IOCTL_GEM_CLOSE", { handle });
  node.unbind(vm, va, size);
  expect(rig.store.counts().vram).toBe(0);
});

test("mmap: by offset, for whoever has a handle, of no more than the object", () => {
  const rig = new Rig();
  const client = rig.process();
  const node = client.open();
  const handle = node.gem(2 * 65536, "system");
  const { offset } = node.do("GLASS_GEM_MMAP_OFFSET", { handle, offset: 0 });
  const mmap = (fd: number, length: number, at: number): number => client.sys.mmap(0, length, 3, 1, fd, at);
  expect(mmap(node.fd, 65536, offset)).toBeGreaterThan(0);
  // The place of an object begins where it begins.
  expect(mmap(node.fd, 65536, offset + 65536)).toBe(-Errno.EINVAL);
  expect(mmap(node.fd, 3 * 65536, offset)).toBe(-Errno.EINVAL);
  expect(mmap(node.fd, 65536, offset - 65536)).toBe(-Errno.EINVAL);
  expect(mmap(client.open().fd, 65536, offset)).toBe(-Errno.EACCES);
  expect(node.raw("GLASS_GEM_MMAP_OFFSET", { handle: 99, offset: 0 })).toBe(-Errno.ENOENT);
});
