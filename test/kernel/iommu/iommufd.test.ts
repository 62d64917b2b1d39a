import { expect, test } from "vitest";
import { tiny } from "../../../src/gpu/profiles/tiny.ts";
import { Errno } from "../../../src/kernel/errors.ts";
import type { PciFunction } from "../../../src/kernel/pci/bus.ts";
import type { IoctlName, IoctlTable } from "../../../src/kernel/sys/uapi.ts";
import { Rig, type Client } from "../drm/rig.ts";

const P = 65536;
const RW = 6;
const FIXED = 1;
const free = (device: number, fn = 0, multiFunction = false): PciFunction => ({
  domain: 0, bus: 0x40, device, function: fn, vendorId: 0x1234, deviceId: 0x11e8, subsystemId: 0, classCode: 0x00ff00, driver: null, link: { generation: 3, lanes: 4 }, bars: [2 ** 20], multiFunction,
});

function setup(): { rig: Rig; client: Client; fd: number; vfio: number; do: <K extends IoctlName>(fd: number, request: K, arg: IoctlTable[K]) => number } {
  const rig = new Rig({ gpus: [tiny], pciFunctions: [free(0), free(1, 0, true), free(1, 1, true)] });
  const client = rig.process();
  return { rig, client, fd: client.sys.open("/dev/iommu", 2), vfio: client.sys.open("/dev/vfio/devices/vfio0", 2), do: (fd, request, arg) => client.sys.ioctl(fd, request, arg) };
}

test("a program maps its memory for a device, and the device reaches that and nothing else", () => {
  const { rig, client, fd, vfio, do: io } = setup();
  const ioas = { outIoasId: 0 };
  expect(io(fd, "IOMMU_IOAS_ALLOC", ioas)).toBe(0);
  const memory = client.malloc(2 * P);
  const map = { ioasId: ioas.outIoasId, flags: RW, userVa: memory, length: 2 * P, iova: 0 };
  expect(io(fd, "IOMMU_IOAS_MAP", map)).toBe(0);
  const bind = { iommufd: fd, outDevId: 0 };
  expect(io(vfio, "VFIO_DEVICE_BIND_IOMMUFD", bind)).toBe(0);
  const data = Uint8Array.from({ length: 100 }, (_, i) => i + 1);
  const dma = (iova: number, write: boolean, bytes: Uint8Array): number => io(vfio, "VFIO_DEVICE_DMA", { iova, write, data: bytes });
  // Bound, not attached: blocked.
  expect(dma(map.iova, true, data)).toBe(-Errno.EIO);
  expect(io(vfio, "VFIO_DEVICE_ATTACH_IOMMUFD_PT", { ptId: ioas.outIoasId })).toBe(0);
  expect(dma(map.iova + P - 50, true, data)).toBe(0);
  expect([...client.sys.memory(memory + P - 50, 100, false)!]).toEqual([...data]);
  const back = new Uint8Array(100);
  expect(dma(map.iova + P - 50, false, back)).toBe(0);
  expect(back).toEqual(data);
  // Half inside: nothing moves at all.
  client.sys.memory(memory, 2 * P, true)!.fill(9);
  expect(dma(map.iova + 2 * P - 50, true, data)).toBe(-Errno.EIO);
  expect(client.sys.memory(memory, 2 * P, false)!.every((byte) => byte === 9)).toBe(true);
  expect(client.sys.readFile("/sys/kernel/debug/iommu/faults")).toContain("0000:40:00.0 write iova");
  client.sys.munmap(memory, P);
  expect(dma(map.iova + P, true, data)).toBe(-Errno.EIO);
  rig.kernel.checkInvariants();
  rig.kernel.kill(client.process);
  rig.kernel.checkInvariants();
  expect(rig.store.counts().system).toBe(0);
  expect(rig.gpus[0]!.core.iommu.find("0000:40:00.0")!.group.owner).toBeNull();
});

test("address spaces: each error of map, unmap, copy, allow", () => {
  const { client, fd, do: io } = setup();
  const [a, b] = [{ outIoasId: 0 }, { outIoasId: 0 }];
  io(fd, "IOMMU_IOAS_ALLOC", a);
  io(fd, "IOMMU_IOAS_ALLOC", b);
  const ioasId = a.outIoasId;
  const memory = client.malloc(4 * P);
  const map = (change: Partial<IoctlTable["IOMMU_IOAS_MAP"]>): number => io(fd, "IOMMU_IOAS_MAP", { ioasId, flags: RW | FIXED, userVa: memory, length: 2 * P, iova: 16 * P, ...change });
  expect(map({})).toBe(0);
  expect(map({ iova: 17 * P })).toBe(-Errno.EEXIST);
  expect(map({ ioasId: 9 })).toBe(-Errno.ENOENT);
  expect(map({ flags: 8 })).toBe(-Errno.EOPNOTSUPP);
  expect(map({ flags: FIXED, iova: 32 * P })).toBe(-Errno.EINVAL);
  expect(map({ iova: 32 * P + 1 })).toBe(-Errno.EINVAL);
  expect(map({ iova: 32 * P, length: 0 })).toBe(-Errno.EINVAL);
  expect(map({ iova: 0xfee00000 })).toBe(-Errno.EINVAL);
  expect(map({ iova: 32 * P, userVa: memory + 8 * P })).toBe(-Errno.EFAULT);
  const ranges = { ioasId, outRanges: [] as readonly (readonly [number, number])[], outIovaAlignment: 0 };
  expect(io(fd, "IOMMU_IOAS_IOVA_RANGES", ranges)).toBe(0);
  expect(ranges.outRanges.length).toBe(2);
  expect(io(fd, "IOMMU_IOAS_IOVA_RANGES", { ...ranges, ioasId: 9 })).toBe(-Errno.ENOENT);
  const allow = (allowed: readonly (readonly [number, number])[]): number => io(fd, "IOMMU_IOAS_ALLOW_IOVAS", { ioasId, allowed });
  expect(allow([[0, P]])).toBe(-Errno.EADDRINUSE);
  expect(allow([[5, 4]])).toBe(-Errno.EINVAL);
  expect(allow([[16 * P, 20 * P - 1]])).toBe(0);
  expect(map({ iova: 32 * P })).toBe(-Errno.EINVAL);
  expect(map({ flags: RW })).toBe(0);
  expect(map({ flags: RW, length: 4 * P })).toBe(-Errno.ENOSPC);
  const copy = (change: Partial<IoctlTable["IOMMU_IOAS_COPY"]>): number => io(fd, "IOMMU_IOAS_COPY", { srcIoasId: ioasId, dstIoasId: b.outIoasId, flags: RW | FIXED, length: 2 * P, srcIova: 16 * P, dstIova: 64 * P, ...change });
  expect(copy({})).toBe(0);
  expect(copy({})).toBe(-Errno.EEXIST);
  expect(copy({ length: P, dstIova: P })).toBe(-Errno.ENOENT);
  expect(copy({ dstIoasId: 9 })).toBe(-Errno.ENOENT);
  const unmap = (iova: number, length: number): number => io(fd, "IOMMU_IOAS_UNMAP", { ioasId, iova, length });
  expect(unmap(16 * P, P)).toBe(-Errno.ENOENT);
  expect(unmap(16 * P, 1)).toBe(-Errno.EINVAL);
  expect(unmap(16 * P, 2 * P)).toBe(0);
  expect(unmap(16 * P, 2 * P)).toBe(-Errno.ENOENT);
  expect(unmap(0, Infinity)).toBe(0);
  expect(io(fd, "IOMMU_DESTROY", { id: ioasId })).toBe(0);
  expect(io(fd, "IOMMU_DESTROY", { id: ioasId })).toBe(-Errno.ENOENT);
  expect(io(fd, "GLASS_VM_CREATE", { vm: 0 })).toBe(-Errno.ENOTTY);
});

test("devices and page tables: what is in use stays; a group sees one; other owners are kept out", () => {
  const { rig, client, fd, vfio, do: io } = setup();
  const ioas = { outIoasId: 0 };
  io(fd, "IOMMU_IOAS_ALLOC", ioas);
  const device = { iommufd: fd, outDevId: 0 };
  expect(io(vfio, "VFIO_DEVICE_ATTACH_IOMMUFD_PT", { ptId: ioas.outIoasId })).toBe(-Errno.EINVAL);
  expect(io(vfio, "VFIO_DEVICE_BIND_IOMMUFD", { iommufd: 99, outDevId: 0 })).toBe(-Errno.EBADF);
  expect(io(vfio, "VFIO_DEVICE_BIND_IOMMUFD", { iommufd: vfio, outDevId: 0 })).toBe(-Errno.EINVAL);
  expect(io(vfio, "VFIO_DEVICE_BIND_IOMMUFD", device)).toBe(0);
  expect(io(vfio, "VFIO_DEVICE_BIND_IOMMUFD", device)).toBe(-Errno.EINVAL);
  const hwpt = { devId: device.outDevId, ptId: ioas.outIoasId, outHwptId: 0 };
  expect(io(fd, "IOMMU_HWPT_ALLOC", hwpt)).toBe(0);
  expect(io(fd, "IOMMU_HWPT_ALLOC", { ...hwpt, devId: ioas.outIoasId })).toBe(-Errno.ENOENT);
  expect(io(fd, "IOMMU_HWPT_ALLOC", { ...hwpt, ptId: hwpt.outHwptId })).toBe(-Errno.EOPNOTSUPP);
  expect(io(fd, "IOMMU_DESTROY", { id: ioas.outIoasId })).toBe(-Errno.EBUSY);
  expect(io(fd, "IOMMU_DESTROY", { id: device.outDevId })).toBe(-Errno.EBUSY);
  expect(io(vfio, "VFIO_DEVICE_ATTACH_IOMMUFD_PT", { ptId: 99 })).toBe(-Errno.ENOENT);
  expect(io(vfio, "VFIO_DEVICE_ATTACH_IOMMUFD_PT", { ptId: hwpt.outHwptId })).toBe(0);
  expect(io(vfio, "VFIO_DEVICE_ATTACH_IOMMUFD_PT", { ptId: hwpt.outHwptId })).toBe(-Errno.EBUSY);
  expect(io(fd, "IOMMU_DESTROY", { id: hwpt.outHwptId })).toBe(-Errno.EBUSY);
  expect(io(vfio, "VFIO_DEVICE_DETACH_IOMMUFD_PT", { flags: 0 })).toBe(0);
  expect(io(vfio, "VFIO_DEVICE_DETACH_IOMMUFD_PT", { flags: 0 })).toBe(-Errno.EINVAL);
  expect(io(fd, "IOMMU_DESTROY", { id: hwpt.outHwptId })).toBe(0);
  // Two functions of one device share a group: one owner, one space.
  const [one, two] = [1, 2].map((i) => client.sys.open(`/dev/vfio/devices/vfio${i}`, 2));
  const other = { outIoasId: 0 };
  io(fd, "IOMMU_IOAS_ALLOC", other);
  for (const each of [one!, two!]) expect(io(each, "VFIO_DEVICE_BIND_IOMMUFD", { iommufd: fd, outDevId: 0 })).toBe(0);
  const pt = { devId: 0, ptId: ioas.outIoasId, outHwptId: 0 };
  expect(io(fd, "IOMMU_HWPT_ALLOC", { ...pt, devId: device.outDevId })).toBe(0);
  expect(io(one!, "VFIO_DEVICE_ATTACH_IOMMUFD_PT", { ptId: ioas.outIoasId })).toBe(0);
  expect(io(two!, "VFIO_DEVICE_ATTACH_IOMMUFD_PT", { ptId: other.outIoasId })).toBe(-Errno.EINVAL);
  const stranger = rig.process("other");
  const theirs = stranger.sys.open("/dev/iommu", 2);
  const again = stranger.sys.open("/dev/vfio/devices/vfio0", 2);
  expect(stranger.sys.ioctl(again, "VFIO_DEVICE_BIND_IOMMUFD", { iommufd: theirs, outDevId: 0 })).toBe(-Errno.EPERM);
  client.sys.close(vfio);
  expect(stranger.sys.ioctl(again, "VFIO_DEVICE_BIND_IOMMUFD", { iommufd: theirs, outDevId: 0 })).toBe(0);
  rig.kernel.checkInvariants();
});
