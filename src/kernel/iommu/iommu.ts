import { Errno, invariant } from "../errors.ts";
import type { AddressSpace } from "../mm/address-space.ts";
import { mutant } from "../mutants.ts";
import { IommuDomain, type DomainPorts, type DomainType } from "./domain.ts";
import { SvaDomains } from "./sva.ts";

/** Default domains of a machine: `strict` and `lazy` translate, `identity` is pass-through, `off` is no IOMMU at all (devices see physical addresses). */
export type IommuMode = "strict" | "lazy" | "identity" | "off";

/** What words of the kernel's command line make of it (Documentation/admin-guide/kernel-parameters.txt): iommu=off, iommu=pt, iommu.passthrough=, iommu.strict=. Later words win; passthrough before lazy. */
export function modeOfCommandLine(line: string): IommuMode {
  let passthrough = false;
  let strict = true;
  for (const word of line.split(/\s+/)) {
    if (word === "iommu=off" || word === "intel_iommu=off" || word === "amd_iommu=off") return "off";
    if (word === "iommu=pt" || word === "iommu.passthrough=1") passthrough = true;
    else if (word === "iommu=nopt" || word === "iommu.passthrough=0") passthrough = false;
    else if (word === "iommu.strict=0") strict = false;
    else if (word === "iommu.strict=1") strict = true;
  }
  return passthrough ? "identity" : strict ? "strict" : "lazy";
}

/** A device behind the IOMMU. */
export interface IommuDevice {
  readonly name: string;
  readonly group: IommuGroup;
  /** Process address spaces that it can tell apart; 0: none. */
  readonly maxPasids: number;
  /** It asks for pages that are not there (PCI PRI). */
  readonly pageRequests: boolean;
  /** A kernel driver is bound to it. */
  bound: boolean;
  readonly pasids: Map<number, IommuDomain>;
}

/** What a device can do, beside plain DMA. */
export interface IommuDeviceOptions {
  readonly maxPasids?: number;
  readonly pageRequests?: boolean;
}

/** The smallest set of devices that can be told apart by the IOMMU: all of them see one domain. */
export class IommuGroup {
  readonly id: number;
  /** PCI addresses, "0000:01:00.0". */
  readonly devices: string[] = [];
  readonly members: IommuDevice[] = [];
  /** What the DMA API uses. */
  defaultDomain: IommuDomain;
  readonly blocking: IommuDomain;
  /** What translates now. */
  domain: IommuDomain;
  /** Who has taken it from the kernel's drivers (iommu_group_claim_dma_owner), and how often. */
  owner: object | null = null;
  ownerCount = 0;

  constructor(id: number, defaultDomain: IommuDomain, blocking: IommuDomain) {
    this.id = id;
    this.defaultDomain = defaultDomain;
    this.domain = defaultDomain;
    this.blocking = blocking;
  }
}

/** Types that may be written to a group's `type` file. */
const writable: Readonly<Record<string, DomainType>> = { identity: "identity", DMA: "DMA", "DMA-FQ": "DMA-FQ" };

/** The machine's IOMMU: groups and their domains (drivers/iommu/iommu.c). */
export class Iommu {
  readonly groups: IommuGroup[] = [];
  readonly mode: IommuMode;
  readonly sva: SvaDomains;
  private readonly ports: DomainPorts;
  private lastDomain = 0;

  constructor(ports: DomainPorts, mode: IommuMode = "strict") {
    this.ports = ports;
    this.mode = mode;
    this.sva = new SvaDomains((type) => this.allocateDomain(type));
  }

  /** A domain that no device sees yet (iommu_domain_alloc). */
  allocateDomain(type: DomainType): IommuDomain {
    return new IommuDomain(this.ports, ++this.lastDomain, type);
  }

  /** A device that is isolated from all others: a group of its own, with a default domain. */
  addDevice(address: string, options: IommuDeviceOptions = {}): IommuGroup {
    const id = this.groups.length;
    const type = ({ strict: "DMA", lazy: "DMA-FQ", identity: "identity", off: "identity" } as const)[this.mode];
    const group = new IommuGroup(id, this.allocateDomain(type), new IommuDomain(this.ports, 0, "blocked"));
    this.groups.push(group);
    this.joinGroup(group, address, options);
    return group;
  }

  /** Puts a further device into a group: it sees the same domain from then on. */
  joinGroup(group: IommuGroup, address: string, options: IommuDeviceOptions = {}): IommuDevice {
    const device: IommuDevice = { name: address, group, maxPasids: options.maxPasids ?? 0, pageRequests: options.pageRequests ?? false, bound: false, pasids: new Map() };
    group.devices.push(address);
    group.members.push(device);
    return device;
  }

  /** A device by its PCI address. */
  find(address: string): IommuDevice | undefined {
    for (const group of this.groups) for (const device of group.members) if (device.name === address) return device;
    return undefined;
  }

  /** Lets all devices of a group see another domain (iommu_attach_group). @returns 0, or -EBUSY: the group has a domain that is neither its default nor its blocking one */
  attachGroup(domain: IommuDomain, group: IommuGroup): number {
    if (group.domain !== group.defaultDomain && group.domain !== group.blocking) return -Errno.EBUSY;
    group.domain = domain;
    return 0;
  }

  /** The same for the group of one device (iommu_attach_device). @returns as attachGroup, -EINVAL: the group has further devices */
  attachDevice(domain: IommuDomain, device: IommuDevice): number {
    return device.group.members.length === 1 ? this.attachGroup(domain, device.group) : -Errno.EINVAL;
  }

  /** Back to the default domain, or while somebody owns the group to the blocking one (iommu_detach_group). */
  detachGroup(domain: IommuDomain, group: IommuGroup): void {
    if (group.domain !== domain) return;
    group.domain = group.ownerCount > 0 ? group.blocking : group.defaultDomain;
  }

  /**
   * Takes a group from the kernel's drivers (iommu_group_claim_dma_owner): nothing goes through until a domain is attached.
   * @returns 0, -EPERM: somebody else has it; -EBUSY: a driver is bound to one of its devices, or a domain is attached; -EINVAL: no owner given
   */
  claimOwner(group: IommuGroup, owner: object | null): number {
    if (owner === null) return -Errno.EINVAL;
    if (group.ownerCount > 0) {
      if (group.owner !== owner) return -Errno.EPERM;
      group.ownerCount++;
      return 0;
    }
    if (group.members.some((device) => device.bound) || group.domain !== group.defaultDomain) return -Errno.EBUSY;
    group.owner = owner;
    group.ownerCount = 1;
    group.domain = group.blocking;
    return 0;
  }

  /** Gives it back. */
  releaseOwner(group: IommuGroup): void {
    invariant(group.ownerCount > 0, "only an owned group is released");
    if (--group.ownerCount > 0) return;
    group.owner = null;
    group.domain = group.defaultDomain;
  }

  /**
   * Changes what kind of default domain a group has (its `type` file; Documentation/ABI/testing/sysfs-kernel-iommu_groups).
   * @param type "identity", "DMA", "DMA-FQ", or "auto" for what the machine was started with
   * @returns 0, -EINVAL: no such type, or the group has several devices; -EBUSY: a driver is bound (only DMA to DMA-FQ goes then), or the group is owned
   */
  setType(group: IommuGroup, type: string): number {
    const wanted = type === "auto" ? ({ strict: "DMA", lazy: "DMA-FQ", identity: "identity", off: "identity" } as const)[this.mode] : writable[type];
    if (wanted === undefined || this.mode === "off" || group.members.length !== 1) return -Errno.EINVAL;
    const old = group.defaultDomain;
    if (wanted === old.type) return 0;
    if (wanted === "DMA-FQ" && old.type === "DMA") {
      old.startFlushQueue();
      return 0;
    }
    if (group.members.some((device) => device.bound) || group.ownerCount > 0) return -Errno.EBUSY;
    group.defaultDomain = this.allocateDomain(wanted);
    if (group.domain === old) group.domain = group.defaultDomain;
    return 0;
  }

  /**
   * Lets a device use a process's address space under a PASID (iommu_sva_bind_device). Binding again gives the same.
   * @returns the PASID; -ENODEV: the device has none; -EINVAL: its group has further devices; -ENOSPC: all in use; -ESRCH: the process has ended
   */
  svaBind(device: IommuDevice, mm: AddressSpace): number {
    if (device.maxPasids === 0 || this.mode === "off") return -Errno.ENODEV;
    if (device.group.members.length !== 1) return -Errno.EINVAL;
    return this.sva.bind(device, mm);
  }

  /** Ends a binding; with the last one the device's accesses under the PASID fault (iommu_sva_unbind_device). @returns 0 or -ENOENT: not bound */
  svaUnbind(device: IommuDevice, pasid: number): number {
    return this.sva.unbind(device, pasid);
  }

  /** Where an access of a device leads; -1: it faulted, was recorded and has no effect. */
  translate(device: IommuDevice, iova: number, write: boolean, pasid: number = 0): number {
    if (pasid === 0) {
      const domain = mutant("iommu-group-mixup") ? this.groups[0]!.domain : device.group.domain;
      return domain.translate(device.name, iova, write);
    }
    const domain = device.pasids.get(pasid);
    if (domain !== undefined) {
      if (device.pageRequests && domain.walk!(iova, write) < 0 && this.sva.pageRequest(device, pasid, iova, write) === "SUCCESS") return domain.translate(device.name, iova, write, pasid);
      return domain.translate(device.name, iova, write, pasid);
    }
    device.group.domain.report({ device: device.name, iova, write, pasid });
    return -1;
  }

  checkInvariants(): void {
    for (const group of this.groups) {
      group.domain.checkInvariants();
      group.defaultDomain.checkInvariants();
      invariant(group.members.length > 0 && group.members.length === group.devices.length, "a group has devices");
      invariant(group.ownerCount === 0 ? group.owner === null : group.owner !== null, "an owned group has an owner");
      invariant(group.ownerCount === 0 || group.domain !== group.defaultDomain, "an owned group is off the kernel's default domain");
      for (const device of group.members) invariant(device.pasids.size <= device.maxPasids, "a device has no more PASIDs than it can tell apart");
    }
    this.sva.checkInvariants();
  }
}
