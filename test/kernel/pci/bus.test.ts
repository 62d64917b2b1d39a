import { expect, test } from "vitest";
import { PCI_ANY_ID, PciBus, pciName, type PciFunction } from "../../../src/kernel/pci/bus.ts";

const f = (bus: number, vendorId: number, deviceId: number): PciFunction => ({
  domain: 0, bus, device: 0, function: 0, vendorId, deviceId, subsystemId: 0, classCode: 0x030200, driver: null, link: { generation: 4, lanes: 16 }, bars: [],
});

test("a probe walks the functions that match, in bus order, and ends", () => {
  const bus = new PciBus();
  const [a, b, c] = [f(1, 0x10de, 1), f(2, 0x1002, 2), f(0x3b, 0x10de, 3)];
  for (const each of [a, b, c]) bus.add(each);
  const walk = (vendor: number, device: number): PciFunction[] => {
    const found: PciFunction[] = [];
    for (let at = bus.getDevice(vendor, device, null); at !== null; at = bus.getDevice(vendor, device, at)) found.push(at);
    return found;
  };
  expect(walk(0x10de, PCI_ANY_ID)).toEqual([a, c]);
  expect(walk(PCI_ANY_ID, PCI_ANY_ID)).toEqual([a, b, c]);
  expect(walk(0x1002, 2)).toEqual([b]);
  expect(walk(0x8086, PCI_ANY_ID)).toEqual([]);
  expect(pciName(c)).toBe("0000:3b:00.0");
  expect(bus.find("0000:3b:00.0")).toBe(c);
});
