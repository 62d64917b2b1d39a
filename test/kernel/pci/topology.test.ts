import { expect, test } from "vitest";
import { tiny } from "../../../src/gpu/profiles/tiny.ts";
import { Iommu } from "../../../src/kernel/iommu/iommu.ts";
import { PciBus, pciName, type PciFunction } from "../../../src/kernel/pci/bus.ts";
import {
  barRanges, configSpace, findCapability, findExtendedCapability, PCI_ACS_ISOLATION, PCI_CAP_ID_EXP, PCI_CAP_ID_MSI, PCI_EXT_CAP_ID_ACS, PCI_EXT_CAP_ID_ATS, PCI_EXT_CAP_ID_PASID, PCI_EXT_CAP_ID_PRI,
} from "../../../src/kernel/pci/config-space.ts";
import { groupFor, rootPort } from "../../../src/kernel/pci/topology.ts";
import { Rig } from "../drm/rig.ts";

const link = { generation: 4, lanes: 16 };
const endpoint = (bus: number, device = 0, fn = 0, rest: Partial<PciFunction> = {}): PciFunction => ({
  domain: 0, bus, device, function: fn, vendorId: 0x10de, deviceId: 0x20f1, subsystemId: 0x145f10de, classCode: 0x030200, driver: null, link, bars: [2 ** 24, 2 ** 36, 2 ** 25], ...rest,
});

/** Groups of the functions, each by the addresses in it. */
function groups(functions: readonly PciFunction[]): readonly string[][] {
  const bus = new PciBus();
  const iommu = new Iommu({ trace: { enabled: false, emit: () => {} } });
  for (const f of functions) bus.add(f);
  for (const f of bus.all()) groupFor(bus, iommu, f);
  return iommu.groups.map((group) => group.devices);
}

test("with access control each function is by itself; without it all below a port share its group", () => {
  expect(groups([rootPort(0, true, link), endpoint(1), rootPort(1, true, link), endpoint(2)])).toEqual([["0000:00:01.0"], ["0000:00:02.0"], ["0000:01:00.0"], ["0000:02:00.0"]]);
  expect(groups([rootPort(0, false, link), endpoint(1), endpoint(1, 1), rootPort(1, true, link), endpoint(2)])).toEqual([["0000:00:01.0", "0000:01:00.0", "0000:01:01.0"], ["0000:00:02.0"], ["0000:02:00.0"]]);
});

test("functions of one device share unless all control access; aliases share; a switch without control joins everything behind it", () => {
  expect(groups([endpoint(1, 0, 0, { multiFunction: true }), endpoint(1, 0, 1)])).toEqual([["0000:01:00.0", "0000:01:00.1"]]);
  expect(groups([endpoint(1, 0, 0, { acs: true }), endpoint(1, 0, 1, { acs: true })])).toEqual([["0000:01:00.0"], ["0000:01:00.1"]]);
  expect(groups([endpoint(1), endpoint(2, 0, 0, { aliasOf: "0000:01:00.0" })])).toEqual([["0000:01:00.0", "0000:02:00.0"]]);
  const port = (bus: number, device: number, secondary: number, acs: boolean): PciFunction => ({ ...rootPort(0, acs, link), bus, device, bridge: { secondary, subordinate: 9 } });
  // Root port with control, switch without: its two downstream ports and what hangs on them are one.
  expect(groups([port(0, 1, 1, true), port(1, 0, 2, false), port(2, 0, 3, false), port(2, 1, 4, false), endpoint(3), endpoint(4)])).toEqual([["0000:00:01.0"], ["0000:01:00.0", "0000:02:00.0", "0000:02:01.0", "0000:03:00.0", "0000:04:00.0"]]);
});

test("configuration space: identity, base addresses, capabilities", () => {
  const f = endpoint(1, 0, 0, { acs: true, ats: true, pri: true, pasids: 65535 });
  const config = configSpace(f);
  const view = new DataView(config.buffer);
  expect([view.getUint16(0, true), view.getUint16(2, true), view.getUint32(8, true) >>> 8, view.getUint16(0x2c, true), view.getUint16(0x2e, true)]).toEqual([0x10de, 0x20f1, 0x030200, 0x10de, 0x145f]);
  barRanges(f).forEach(({ start, bytes }, i) => {
    expect(start % bytes).toBe(0);
    const low = view.getUint32(0x10 + 8 * i, true);
    expect((low & 0xf) === 0xc && view.getUint32(0x14 + 8 * i, true) * 2 ** 32 + (low - 0xc) === start).toBe(true);
  });
  expect([PCI_CAP_ID_MSI, PCI_CAP_ID_EXP].every((id) => findCapability(config, id) !== 0)).toBe(true);
  expect(findCapability(config, 0x42)).toBe(0);
  const at = [PCI_EXT_CAP_ID_ACS, PCI_EXT_CAP_ID_ATS, PCI_EXT_CAP_ID_PRI, PCI_EXT_CAP_ID_PASID].map((id) => findExtendedCapability(config, id));
  expect(at.every((offset) => offset >= 0x100)).toBe(true);
  expect(view.getUint16(at[0]! + 6, true)).toBe(PCI_ACS_ISOLATION);
  expect((view.getUint16(at[3]! + 4, true) >>> 8) & 31).toBe(16);
  const plain = configSpace(endpoint(1));
  expect([PCI_EXT_CAP_ID_ACS, PCI_EXT_CAP_ID_PASID].map((id) => findExtendedCapability(plain, id))).toEqual([0, 0]);
  const bridge = configSpace(rootPort(0, true, link));
  expect([bridge[0x0e], bridge[0x19]]).toEqual([1, 1]);
});

test("a program reads the same from /sys; without access control a GPU's group holds its port, and its type cannot change", () => {
  const rig = new Rig({ gpus: [tiny], acs: false, pciFunctions: [endpoint(0x40)] });
  const { sys } = rig.process();
  expect(sys.readdir("/sys/bus/pci/devices")).toEqual(["0000:00:01.0", "0000:01:00.0", "0000:40:00.0"]);
  const config = sys.readFile("/sys/bus/pci/devices/0000:01:00.0/config");
  expect(typeof config === "string" && config.length === 4096 && config.charCodeAt(0) + 256 * config.charCodeAt(1) === tiny.vendorId).toBe(true);
  expect(sys.readFile("/sys/bus/pci/devices/0000:00:01.0/secondary_bus_number")).toBe("1\n");
  expect(sys.readdir("/sys/bus/pci/devices/0000:01:00.0/iommu_group/devices")).toEqual(["0000:00:01.0", "0000:01:00.0"]);
  expect(sys.writeFile("/sys/kernel/iommu_groups/0/type", "DMA-FQ")).toBeLessThan(0);
  expect(sys.writeFile(`/sys/bus/pci/devices/0000:40:00.0/iommu_group/type`, "identity")).toBe(8);
  expect(rig.gpus[0]!.core.pci.find("0000:40:00.0")).toBeDefined();
  expect(pciName(rig.gpus[0]!.pci)).toBe("0000:01:00.0");
  const slots = new Set(rig.gpus[0]!.core.pci.all().map(pciName));
  expect(slots.size).toBe(3);
});
