import { expect, test } from "vitest";
import { Errno } from "../../../src/kernel/errors.ts";
import { tiny } from "../../../src/gpu/profiles/tiny.ts";
import { copy, fill, marker, Rig, type Node } from "./rig.ts";

const P = 65536;

function setup(): { rig: Rig; node: Node; vm: number; va: number; handle: number } {
  const rig = new Rig();
  const node = rig.process().open();
  return { rig, node, vm: node.vm(), va: node.reserve(64 * P), handle: node.gem(4 * P) };
}

test.each([
  ["an unknown VM", { vm: 9 }, Errno.ENOENT],
  ["an unknown object", { handle: 9 }, Errno.ENOENT],
  ["a misaligned address", { address: 1 }, Errno.EINVAL],
  ["a misaligned size", { size: P + 1 }, Errno.EINVAL],
  ["a misaligned offset", { offset: 100 }, Errno.EINVAL],
  ["nothing", { size: 0 }, Errno.EINVAL],
  ["more than the object", { size: 5 * P }, Errno.EINVAL],
  ["beyond the object", { offset: P, size: 4 * P }, Errno.EINVAL],
  ["no flags", { flags: 0 }, Errno.EINVAL],
  ["unknown flags", { flags: 8 }, Errno.EINVAL],
  ["an unknown operation", { op: "swap" as "map" }, Errno.EINVAL],
  ["an address outside the window", { address: P }, Errno.EINVAL],
])("bind: %s", (_what, change, errno) => {
  const { rig, node, vm, va, handle } = setup();
  const good = { vm, op: "map" as const, handle, offset: 0, address: va, size: 4 * P, flags: 3 };
  // A relative address keeps the case independent of where the window is.
  const bad = { ...good, ...change, ...("address" in change && change.address === 1 ? { address: va + 1 } : {}) };
  expect(node.raw("GLASS_VM_BIND", bad)).toBe(-errno);
  expect(rig.gpus[0]!.vms.values().next().value!.maps.size).toBe(0);
  expect(node.raw("GLASS_VM_BIND", good)).toBe(0);
});

test("unmap of nothing is fine; of a bad range is not", () => {
  const { node, vm, va } = setup();
  const unmap = (address: number, size: number): number => node.raw("GLASS_VM_BIND", { vm, op: "unmap", handle: 0, offset: 0, address, size, flags: 0 });
  expect(unmap(va, P)).toBe(0);
  expect(unmap(va, 0)).toBe(-Errno.EINVAL);
  expect(unmap(va + 1, P)).toBe(-Errno.EINVAL);
  expect(unmap(0, P)).toBe(-Errno.EINVAL);
});

test("a mapping keeps its object alive; the last piece lets it go", () => {
  const { rig, node, vm, va, handle } = setup();
  node.bind(vm, handle, va, 4 * P);
  node.do("DRM_IOCTL_GEM_CLOSE", { handle });
  expect(rig.gpus[0]!.objects.size).toBe(1);
  node.unbind(vm, va + P, P);
  rig.kernel.checkInvariants();
  expect(rig.gpus[0]!.objects.values().next().value!.refcount).toBe(2);
  node.unbind(vm, va, P);
  expect(rig.gpus[0]!.objects.size).toBe(1);
  node.unbind(vm, va + 2 * P, 2 * P);
  expect(rig.gpus[0]!.objects.size).toBe(0);
  expect(rig.gpus[0]!.gpu.vram.used).toBe(0);
});

test("process memory: the GPU sees it, at any address that lies alike in its page", () => {
  const { rig, node, vm, va } = setup();
  const cpu = node.client.malloc(3 * P);
  const bytes = node.client.sys.memory(cpu, 3 * P, true)!;
  bytes.fill(5);
  const at = va + 1000;
  node.do("GLASS_VM_BIND", { vm, op: "map-userptr", handle: 0, offset: cpu + 1000, address: at, size: P, flags: 3 });
  const { queue, timeline } = node.queue(node.context(vm));
  node.exec(queue, fill(at, P, [9]));
  node.wait([{ syncobj: timeline, point: 1 }]);
  expect([bytes[999], bytes[1000], bytes[P + 999], bytes[P + 1000]]).toEqual([5, 9, 9, 5]);
  expect(rig.gpus[0]!.domain.mapped).toBe(2 * P);
  rig.kernel.checkInvariants();
});

test("process memory: -EFAULT for holes, missing rights, reserved space and a GPU's own memory; -EINVAL for unlike addresses", () => {
  const { node, vm, va } = setup();
  const { sys } = node.client;
  const bind = (offset: number, size: number, flags = 3, address = va): number => node.raw("GLASS_VM_BIND", { vm, op: "map-userptr", handle: 0, offset, address, size, flags });
  const readOnly = sys.mmap(0, P, 1, 0x22, -1, 0);
  expect(bind(readOnly, P)).toBe(-Errno.EFAULT);
  expect(bind(readOnly, P, 1)).toBe(0);
  expect(bind(node.reserve(P), P)).toBe(-Errno.EFAULT);
  const cpu = node.client.malloc(2 * P);
  expect(bind(cpu, 200 * P)).toBe(-Errno.EFAULT);
  expect(bind(cpu + 4, P)).toBe(-Errno.EINVAL);
  expect(bind(node.buffer(vm, P).address, P)).toBe(-Errno.EFAULT);
  expect(bind(node.buffer(vm, P, "system").address, P)).toBe(0);
});

test("when process memory goes, its GPU mapping goes first", () => {
  const { rig, node, vm, va } = setup();
  const cpu = node.client.malloc(2 * P);
  node.do("GLASS_VM_BIND", { vm, op: "map-userptr", handle: 0, offset: cpu, address: va, size: 2 * P, flags: 3 });
  node.client.sys.munmap(cpu + P, P);
  const { queue, timeline } = node.queue(node.context(vm));
  node.exec(queue, fill(va, P, [1]));
  node.exec(queue, fill(va + P, 4, [1]));
  expect(node.wait([{ syncobj: timeline, point: 1 }]).error).toBe(0);
  expect(node.wait([{ syncobj: timeline, point: 2 }]).error).toBe(-Errno.EIO);
  expect(rig.gpus[0]!.domain.mapped).toBe(P);
});

test("a read-only mapping can be read and not written", () => {
  const { node, vm, va, handle } = setup();
  node.bind(vm, handle, va, P, 1);
  node.bind(vm, handle, va + P, P, 3, P);
  const context = node.context(vm);
  const { queue, timeline } = node.queue(context);
  node.exec(queue, copy(va + P, va, 100));
  node.exec(queue, copy(va, va + P, 100));
  expect(node.wait([{ syncobj: timeline, point: 1 }]).error).toBe(0);
  expect(node.wait([{ syncobj: timeline, point: 2 }]).error).toBe(-Errno.EIO);
  expect(node.do("GLASS_CONTEXT_STATE", { context, fault: null }).fault?.fault?.kind).toBe("write-protected");
});

test("without its IOMMU translation a page over the bus faults, and comes back with it", () => {
  const { rig, node, vm } = setup();
  const { domain } = rig.gpus[0]!;
  const b = node.buffer(vm, 2 * P, "system");
  const mapping = [...rig.gpus[0]!.vms.values().next().value!.maps][0]!;
  const linear = domain.translate("test", mapping.iova, false);
  const first = node.queue(node.context(vm));
  domain.unmap(mapping.iova, P);
  node.exec(first.queue, fill(b.address, 4, [1]));
  expect(node.wait([{ syncobj: first.timeline, point: 1 }]).error).toBe(-Errno.EIO);
  expect(domain.faults.at(-1)).toEqual({ device: "0000:01:00.0", iova: mapping.iova, write: true });
  const second = node.queue(node.context(vm));
  node.exec(second.queue, fill(b.address + P, 4, [1]));
  domain.map(mapping.iova, linear, P, 3);
  node.exec(second.queue, fill(b.address, 4, [1]));
  expect(node.wait([{ syncobj: second.timeline, point: 2 }]).error).toBe(0);
  expect(b.bytes[0]).toBe(1);
});

test("another GPU's memory is reached over the bus, through this GPU's IOMMU domain", () => {
  const rig = new Rig({ gpus: [tiny, tiny] });
  const client = rig.process();
  const [n0, n1] = [client.open(0), client.open(1)];
  const handle = n0.gem(P);
  const { fd } = n0.do("DRM_IOCTL_PRIME_HANDLE_TO_FD", { handle, flags: 0, fd: 0 });
  const peer = n1.do("DRM_IOCTL_PRIME_FD_TO_HANDLE", { fd, handle: 0 }).handle;
  const vm0 = n0.vm();
  const vm1 = n1.vm();
  const va = n0.reserve(P);
  n0.bind(vm0, handle, va, P);
  n1.bind(vm1, peer, va, P);
  expect([rig.gpus[0]!.domain.mapped, rig.gpus[1]!.domain.mapped]).toEqual([0, P]);
  expect(rig.gpus[1]!.gpu.vram.used).toBe(0);
  const q0 = n0.queue(n0.context(vm0));
  const q1 = n1.queue(n1.context(vm1));
  n1.exec(q1.queue, fill(va, P, [3]));
  n1.wait([{ syncobj: q1.timeline, point: 1 }]);
  const b = n0.buffer(vm0, P, "system");
  n0.exec(q0.queue, copy(b.address, va, P));
  n0.wait([{ syncobj: q0.timeline, point: 1 }]);
  expect(b.bytes[777]).toBe(3);
  rig.kernel.checkInvariants();
});

test("a VM lives as long as contexts over it; its handle is gone at once", () => {
  const { rig, node, vm } = setup();
  const { queue, timeline } = node.queue(node.context(vm));
  node.do("GLASS_VM_DESTROY", { vm });
  expect(node.raw("GLASS_VM_DESTROY", { vm })).toBe(-Errno.ENOENT);
  expect(node.raw("GLASS_CONTEXT_CREATE", { vm, notifier: 0, label: "", context: 0 })).toBe(-Errno.ENOENT);
  node.exec(queue, marker);
  expect(node.wait([{ syncobj: timeline, point: 1 }]).error).toBe(0);
  expect(rig.gpus[0]!.vms.size).toBe(1);
});
