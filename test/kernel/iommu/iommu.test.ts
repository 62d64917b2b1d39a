import { expect, test } from "vitest";
import { tiny } from "../../../src/gpu/profiles/tiny.ts";
import { LinearStore } from "../../../src/gpu/linear.ts";
import { Errno } from "../../../src/kernel/errors.ts";
import { IommuDomain } from "../../../src/kernel/iommu/domain.ts";
import { Iommu, modeOfCommandLine } from "../../../src/kernel/iommu/iommu.ts";
import { AddressSpace } from "../../../src/kernel/mm/address-space.ts";
import { copy, Rig } from "../drm/rig.ts";

const P = 65536;
const ports = { trace: { enabled: false, emit: (): void => {} }, clock: { now: 0 }, events: { at: (): object => ({}), cancel: (): void => {} } };

test("attach: single-device groups by device, any by group, one domain at a time", () => {
  const iommu = new Iommu(ports);
  const one = iommu.addDevice("0000:01:00.0");
  const two = iommu.addDevice("0000:02:00.0");
  iommu.joinGroup(two, "0000:02:00.1");
  const domain = iommu.allocateDomain("unmanaged");
  expect(iommu.attachDevice(domain, one.members[0]!)).toBe(0);
  expect(iommu.attachDevice(domain, one.members[0]!)).toBe(-Errno.EBUSY);
  expect(iommu.attachDevice(domain, two.members[0]!)).toBe(-Errno.EINVAL);
  expect(iommu.attachGroup(domain, two)).toBe(0);
  iommu.detachGroup(domain, one);
  expect(one.domain).toBe(one.defaultDomain);
  expect(iommu.attachDevice(domain, one.members[0]!)).toBe(0);
});

test("ownership: nothing goes through until a domain is attached; drivers and other owners are in the way", () => {
  const iommu = new Iommu(ports);
  const group = iommu.addDevice("0000:01:00.0");
  const [me, other] = [{}, {}];
  expect(iommu.claimOwner(group, null)).toBe(-Errno.EINVAL);
  group.members[0]!.bound = true;
  expect(iommu.claimOwner(group, me)).toBe(-Errno.EBUSY);
  group.members[0]!.bound = false;
  const iova = group.defaultDomain.dmaMap(5 * P, P, 3);
  expect(iommu.claimOwner(group, me)).toBe(0);
  expect(iommu.claimOwner(group, other)).toBe(-Errno.EPERM);
  expect(iommu.claimOwner(group, me)).toBe(0);
  expect(iommu.translate(group.members[0]!, iova, false)).toBe(-1);
  const domain = iommu.allocateDomain("unmanaged");
  expect(iommu.attachGroup(domain, group)).toBe(0);
  iommu.detachGroup(domain, group);
  expect(group.domain).toBe(group.blocking);
  iommu.releaseOwner(group);
  iommu.releaseOwner(group);
  expect(iommu.translate(group.members[0]!, iova, false)).toBe(5 * P);
  iommu.checkInvariants();
});

test("the default domain's type: only for one device, unbound; strict to lazy while in use", () => {
  const iommu = new Iommu(ports);
  const group = iommu.addDevice("0000:01:00.0");
  const type = (wanted: string): number => iommu.setType(group, wanted);
  expect(type("nonsense")).toBe(-Errno.EINVAL);
  expect(type("identity")).toBe(0);
  expect(iommu.translate(group.members[0]!, 12345, true)).toBe(12345);
  expect(type("auto")).toBe(0);
  expect(group.domain.type).toBe("DMA");
  group.members[0]!.bound = true;
  expect(type("identity")).toBe(-Errno.EBUSY);
  expect(type("DMA")).toBe(0);
  expect(type("DMA-FQ")).toBe(0);
  expect(type("DMA")).toBe(-Errno.EBUSY);
  iommu.joinGroup(group, "0000:01:00.1");
  expect(type("DMA-FQ")).toBe(-Errno.EINVAL);
});

test("domains that cannot be mapped; the handler of faults; the DMA API of each type", () => {
  for (const type of ["identity", "blocked", "sva"] as const) expect(new IommuDomain(ports, 1, type).map(P, P, P, 3)).toBe(-Errno.EINVAL);
  expect(new IommuDomain(ports, 1, "blocked").dmaMap(P, P, 3)).toBe(-Errno.ENOMEM);
  expect(new IommuDomain(ports, 1, "identity").dmaMap(7 * P, P, 3)).toBe(7 * P);
  const domain = new IommuDomain(ports, 1);
  const fault = { device: "d", iova: P, write: true };
  expect(domain.report(fault)).toBe(-Errno.ENOSYS);
  domain.handler = () => 0;
  expect(domain.report(fault)).toBe(0);
});

test("unmap inside a large page takes all of it, and says so", () => {
  const domain = new IommuDomain(ports, 1, "unmanaged");
  expect(domain.map(2 ** 21, 2 ** 22, 2 ** 21 + P, 3)).toBe(0);
  expect(domain.unmap(2 ** 21 + 4 * P, P)).toBe(2 ** 21);
  expect(domain.translate("d", 2 ** 22, false)).toBe(2 ** 22 + 2 ** 21);
  expect(domain.unmap(2 ** 22, P)).toBe(P);
  const gather = { ranges: [] };
  domain.map(P, P, P, 3);
  domain.translate("d", P, false);
  expect(domain.unmapFast(P, P, gather)).toBe(P);
  // Between unmap and sync the old translation may still be used.
  expect(domain.translate("d", P, false)).toBe(P);
  domain.iotlbSync(gather);
  expect(domain.translate("d", P, false)).toBe(-1);
});

test("PASIDs: who cannot have one, and answers to page requests", () => {
  const iommu = new Iommu(ports);
  const store = new LinearStore(2 ** 30);
  const [mm, next] = [new AddressSpace(store, 0), new AddressSpace(store, 1)];
  const at = mm.mapAnonymous(0, P, 1, false, false);
  const plain = iommu.addDevice("0000:01:00.0").members[0]!;
  const able = iommu.addDevice("0000:02:00.0", { maxPasids: 1, pageRequests: true }).members[0]!;
  const pair = iommu.addDevice("0000:03:00.0", { maxPasids: 8 });
  iommu.joinGroup(pair, "0000:03:00.1", { maxPasids: 8 });
  expect(iommu.svaBind(plain, mm)).toBe(-Errno.ENODEV);
  expect(iommu.svaBind(pair.members[0]!, mm)).toBe(-Errno.EINVAL);
  expect(iommu.svaBind(able, mm)).toBe(1);
  expect(iommu.svaBind(able, next)).toBe(-Errno.ENOSPC);
  const ask = (pasid: number, address: number, write: boolean): string => iommu.sva.pageRequest(able, pasid, address, write);
  expect([ask(1, at, false), ask(1, at, true), ask(1, at + P, false), ask(2, at, false)]).toEqual(["SUCCESS", "INVALID", "INVALID", "FAILURE"]);
  expect(iommu.svaUnbind(able, 2)).toBe(-Errno.ENOENT);
  mm.destroy();
  expect(ask(1, at, false)).toBe("INVALID");
  expect(iommu.svaUnbind(able, 1)).toBe(0);
  expect(iommu.svaBind(able, mm)).toBe(-Errno.ESRCH);
  expect(iommu.svaBind(able, next)).toBe(1);
  expect(iommu.sva.requests).toHaveLength(5);
});

test("words of the kernel's command line", () => {
  expect(["", "iommu.strict=0", "iommu.passthrough=1", "iommu=pt iommu.strict=0", "iommu=pt iommu=nopt", "quiet amd_iommu=off"].map(modeOfCommandLine)).toEqual(["strict", "lazy", "identity", "identity", "strict", "off"]);
});

test.each(["strict", "lazy", "identity", "off"] as const)("a machine with iommu %s: copies over the bus work, and files say what it is", (mode) => {
  const rig = new Rig({ iommu: mode, gpus: [tiny, tiny] });
  const client = rig.process();
  const node = client.open();
  const vm = node.vm();
  const [a, b] = [node.buffer(vm, 2 * P, "system"), node.buffer(vm, 2 * P)];
  a.bytes.fill(5);
  const q = node.queue(node.context(vm), { engine: "copy" });
  node.exec(q.queue, copy(b.address, a.address, 2 * P));
  expect(node.wait([{ syncobj: q.timeline, point: 1 }]).error).toBe(0);
  expect(b.bytes.every((byte) => byte === 5)).toBe(true);
  rig.kernel.checkInvariants();
  const { sys } = client;
  const type = sys.readFile("/sys/kernel/iommu_groups/0/type");
  expect(type).toBe({ strict: "DMA\n", lazy: "DMA-FQ\n", identity: "identity\n", off: -Errno.ENOENT }[mode]);
  expect(sys.readFile("/sys/bus/pci/devices/0000:01:00.0/iommu_group/type")).toBe(type);
  if (mode === "off") return;
  // Two GPUs and their two ports, each by itself.
  expect(sys.readdir("/sys/kernel/iommu_groups")).toEqual(["0", "1", "2", "3"]);
  expect(sys.readFile("/sys/kernel/iommu_groups/0/reserved_regions")).toContain("msi");
  if (mode === "strict") expect(sys.writeFile("/sys/kernel/iommu_groups/0/type", "DMA-FQ")).toBe(6);
  expect(sys.writeFile("/sys/kernel/iommu_groups/0/type", "identity")).toBe(mode === "identity" ? 8 : -Errno.EBUSY);
  expect(sys.readFile("/sys/kernel/debug/iommu/domains")).toContain("group 0: domain 1");
  rig.kernel.kill(client.process);
  expect(rig.gpus[0]!.domain.mapped).toBe(0);
  expect(sys.writeFile("/sys/kernel/debug/iommu/flush", "1")).toBe(1);
  expect(rig.gpus[0]!.domain.unflushed).toEqual([]);
});
