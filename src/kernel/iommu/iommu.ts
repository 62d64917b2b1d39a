import { IommuDomain, type DomainPorts } from "./domain.ts";

/** The smallest set of devices that can be told apart by the IOMMU: all of them see one domain. */
export interface IommuGroup {
  readonly id: number;
  /** PCI addresses, "0000:01:00.0". */
  readonly devices: string[];
  readonly domain: IommuDomain;
}

/** The machine's IOMMU: groups and their domains. */
export class Iommu {
  readonly groups: IommuGroup[] = [];
  private readonly ports: DomainPorts;

  constructor(ports: DomainPorts) {
    this.ports = ports;
  }

  /** A device that is isolated from all others: a group of its own, with a default DMA domain. */
  addDevice(address: string): IommuGroup {
    const id = this.groups.length;
    const group: IommuGroup = { id, devices: [address], domain: new IommuDomain(this.ports, id + 1) };
    this.groups.push(group);
    return group;
  }

  /** Puts a further device into a group: it sees the same domain from then on. */
  joinGroup(group: IommuGroup, address: string): void {
    group.devices.push(address);
  }

  checkInvariants(): void {
    for (const group of this.groups) group.domain.checkInvariants();
  }
}
