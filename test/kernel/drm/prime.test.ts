import { expect, test } from "vitest";
import { tiny } from "../../../src/gpu/profiles/tiny.ts";
import { Errno } from "../../../src/kernel/errors.ts";
import { Rig, type Client } from "./rig.ts";

const P = 65536;

/** Passes a descriptor, as SCM_RIGHTS does. */
function pass(from: Client, fd: number, to: Client): number {
  return to.process.files.install(from.process.files.get(fd)!.get(), false);
}

test("errors", () => {
  const node = new Rig().process().open();
  const handle = node.gem(P);
  expect(node.raw("DRM_IOCTL_PRIME_HANDLE_TO_FD", { handle: 9, flags: 0, fd: 0 })).toBe(-Errno.ENOENT);
  expect(node.raw("DRM_IOCTL_PRIME_HANDLE_TO_FD", { handle, flags: 1, fd: 0 })).toBe(-Errno.EINVAL);
  expect(node.raw("DRM_IOCTL_PRIME_FD_TO_HANDLE", { fd: 99, handle: 0 })).toBe(-Errno.EBADF);
  expect(node.raw("DRM_IOCTL_PRIME_FD_TO_HANDLE", { fd: node.fd, handle: 0 })).toBe(-Errno.EINVAL);
});

test("no descriptor left: -EMFILE, and no dma-buf stays behind", () => {
  const rig = new Rig();
  const client = rig.process();
  const node = client.open();
  const handle = node.gem(P);
  while (client.sys.dup(node.fd) >= 0);
  expect(node.raw("DRM_IOCTL_PRIME_HANDLE_TO_FD", { handle, flags: 0, fd: 0 })).toBe(-Errno.EMFILE);
  expect(rig.kernel.objectCounts()["drm"]!["dmaBufs"]).toBe(0);
});

test("another process gets the same bytes; each file has its own handle; the last to let go frees", () => {
  const rig = new Rig();
  const [a, b] = [rig.process("a"), rig.process("b")];
  const [na, nb] = [a.open(), b.open()];
  const handle = na.gem(P, "system");
  nb.gem(P);
  const { fd } = na.do("DRM_IOCTL_PRIME_HANDLE_TO_FD", { handle, flags: 0, fd: 0 });
  const got = nb.do("DRM_IOCTL_PRIME_FD_TO_HANDLE", { fd: pass(a, fd, b), handle: 0 }).handle;
  expect(got).toBe(2);
  const map = (n: typeof na, h: number): Uint8Array => {
    const { offset } = n.do("GLASS_GEM_MMAP_OFFSET", { handle: h, offset: 0 });
    return n.client.sys.memory(n.client.sys.mmap(0, P, 3, 1, n.fd, offset), P, true)!;
  };
  map(na, handle)[3] = 9;
  expect(map(nb, got)[3]).toBe(9);
  rig.kernel.kill(a.process);
  expect(map(nb, got)[3]).toBe(9);
  rig.kernel.checkInvariants();
  rig.kernel.kill(b.process);
  expect(rig.gpus[0]!.objects.size).toBe(0);
});

test("a dma-buf can be mapped without any GPU node", () => {
  const rig = new Rig();
  const [a, b] = [rig.process("a"), rig.process("b")];
  const na = a.open();
  const handle = na.gem(P);
  const fd = pass(a, na.do("DRM_IOCTL_PRIME_HANDLE_TO_FD", { handle, flags: 0, fd: 0 }).fd, b);
  const at = b.sys.mmap(0, P, 3, 1, fd, 0);
  b.sys.memory(at, P, true)![1] = 4;
  expect(b.sys.mmap(0, 2 * P, 3, 1, fd, 0)).toBe(-Errno.EINVAL);
  b.sys.close(fd);
  rig.kernel.kill(a.process);
  expect(b.sys.memory(at, P, false)![1]).toBe(4);
  rig.kernel.kill(b.process);
  expect(rig.gpus[0]!.objects.size).toBe(0);
});

test("to another GPU and back: the object is the first one again", () => {
  const rig = new Rig({ gpus: [tiny, tiny] });
  const client = rig.process();
  const [n0, n1] = [client.open(0), client.open(1)];
  const handle = n0.gem(P);
  const { fd } = n0.do("DRM_IOCTL_PRIME_HANDLE_TO_FD", { handle, flags: 0, fd: 0 });
  const there = n1.do("DRM_IOCTL_PRIME_FD_TO_HANDLE", { fd, handle: 0 }).handle;
  const back = n1.do("DRM_IOCTL_PRIME_HANDLE_TO_FD", { handle: there, flags: 0, fd: 0 }).fd;
  expect(client.process.files.get(back)).toBe(client.process.files.get(fd));
  expect(n0.do("DRM_IOCTL_PRIME_FD_TO_HANDLE", { fd: back, handle: 0 }).handle).toBe(handle);
  expect(rig.gpus.map((gpu) => gpu.gpu.vram.used)).toEqual([P, 0]);
  for (const f of [fd, back]) client.sys.close(f);
  n0.do("DRM_IOCTL_GEM_CLOSE", { handle });
  expect(rig.gpus.map((gpu) => gpu.objects.size)).toEqual([1, 1]);
  n1.do("DRM_IOCTL_GEM_CLOSE", { handle: there });
  expect(rig.gpus.map((gpu) => gpu.objects.size)).toEqual([0, 0]);
  rig.kernel.checkInvariants();
});

test("while an object has handles, its dma-buf stays the same one, also with no descriptor open", () => {
  const rig = new Rig();
  const client = rig.process();
  const node = client.open();
  const handle = node.gem(P);
  const exported = (): unknown => {
    const { fd } = node.do("DRM_IOCTL_PRIME_HANDLE_TO_FD", { handle, flags: 0, fd: 0 });
    const { driver } = client.process.files.get(fd)!;
    client.sys.close(fd);
    return driver;
  };
  expect(exported()).toBe(exported());
  expect(rig.kernel.objectCounts()["drm"]!["dmaBufs"]).toBe(1);
  node.do("DRM_IOCTL_GEM_CLOSE", { handle });
  expect(rig.kernel.objectCounts()["drm"]!["dmaBufs"]).toBe(0);
});

test("flink works on the primary node and nowhere else", () => {
  const rig = new Rig();
  const client = rig.process();
  const [card, render] = [client.open(0, "primary"), client.open(0, "render")];
  const handle = card.gem(P);
  const { name } = card.do("DRM_IOCTL_GEM_FLINK", { handle, name: 0 });
  expect(render.raw("DRM_IOCTL_GEM_OPEN", { name, handle: 0, size: 0 })).toBe(-Errno.EACCES);
  expect(render.raw("DRM_IOCTL_GEM_FLINK", { handle: render.gem(P), name: 0 })).toBe(-Errno.EACCES);
  expect(card.raw("DRM_IOCTL_GEM_OPEN", { name: 99, handle: 0, size: 0 })).toBe(-Errno.ENOENT);
  expect(card.raw("DRM_IOCTL_GEM_FLINK", { handle: 99, name: 0 })).toBe(-Errno.ENOENT);
  expect(card.do("DRM_IOCTL_GEM_OPEN", { name, handle: 0, size: 0 })).toMatchObject({ handle: 2, size: P });
});
