import type { Iommu, IommuGroup } from "../iommu/iommu.ts";
import { pciName, type PciBus, type PciFunction } from "./bus.ts";

/** The bridge above a function, or null on the root bus. */
export function upstream(bus: PciBus, f: PciFunction): PciFunction | null {
  return bus.all().find((other) => other.bridge !== undefined && other.domain === f.domain && other.bridge.secondary === f.bus) ?? null;
}

/** Bridges above a function that may turn its requests round: all up to the first with access control. */
function openBridges(bus: PciBus, f: PciFunction): readonly PciFunction[] {
  const found: PciFunction[] = [];
  for (let above = upstream(bus, f); above !== null && above.acs !== true; above = upstream(bus, above)) found.push(above);
  return found;
}

/** Functions whose requests the IOMMU cannot tell from those of `f`: they must share a group (pci_device_group, drivers/iommu/iommu.c). */
export function inseparable(bus: PciBus, f: PciFunction): readonly PciFunction[] {
  const found = new Set<PciFunction>([f]);
  // What requests in another's name.
  for (const other of bus.all()) if (other.aliasOf === pciName(f) || f.aliasOf === pciName(other)) found.add(other);
  // A way up on which a request may be turned round before the IOMMU sees it.
  for (const above of openBridges(bus, f)) {
    found.add(above);
    for (const other of bus.all()) if (other.domain === above.domain && other.bus === above.bridge!.secondary) found.add(other);
  }
  if (f.bridge !== undefined) for (const other of bus.all()) if (openBridges(bus, other).includes(f)) found.add(other);
  // Functions of one device may talk to one another inside it.
  const slot = bus.all().filter((other) => other.domain === f.domain && other.bus === f.bus && other.device === f.device);
  if (slot.length > 1 && !slot.every((other) => other.acs === true)) for (const other of slot) found.add(other);
  return [...found];
}

/** The group of a function: that of whatever it cannot be separated from, else a new one. */
export function groupFor(bus: PciBus, iommu: Iommu, f: PciFunction): IommuGroup {
  const options = { maxPasids: f.pasids ?? 0, pageRequests: f.pri === true };
  for (const other of inseparable(bus, f)) {
    const known = iommu.find(pciName(other));
    if (known === undefined || other === f) continue;
    iommu.joinGroup(known.group, pciName(f), options);
    return known.group;
  }
  return iommu.addDevice(pciName(f), options);
}

/** A root port of the machine, with one slot behind it. @param acs whether it keeps requests of its slot on their way to the IOMMU */
export function rootPort(index: number, acs: boolean, link: PciFunction["link"]): PciFunction {
  return {
    domain: 0, bus: 0, device: index + 1, function: 0, vendorId: 0x8086, deviceId: 0x347a, subsystemId: 0, classCode: 0x060400, driver: "pcieport", link, bars: [], acs,
    bridge: { secondary: index + 1, subordinate: index + 1 },
  };
}
