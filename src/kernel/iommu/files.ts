import { Errno } from "../errors.ts";
import { directory, text, type Directory } from "../drm/files/tree.ts";
import type { Iommu, IommuGroup } from "./iommu.ts";

/** What DMA may not be mapped at: addresses of message-signalled interrupts (x86). */
const RESERVED = "0x00000000fee00000 0x00000000feefffff msi\n";

/** Text of a group's `type` file. */
function typeOf(group: IommuGroup): string {
  return group.defaultDomain.type;
}

/** /sys/kernel/iommu_groups. `type` may be written: Iommu.setType. */
export function groupTree(iommu: Iommu): Directory {
  return directory(() => (iommu.mode === "off" ? {} : Object.fromEntries(iommu.groups.map((group) => [
    String(group.id),
    directory(() => ({
      type: {
        read: () => `${typeOf(group)}\n`,
        write: (wanted: string) => {
          const result = iommu.setType(group, wanted.trim());
          return result < 0 ? result : wanted.length;
        },
      },
      name: text(() => "\n"),
      reserved_regions: text(() => RESERVED),
      devices: directory(() => Object.fromEntries(group.devices.map((name) => [name, { target: `/sys/bus/pci/devices/${name}` }]))),
    })),
  ]))));
}

/** /sys/kernel/debug/iommu: our own figures of each domain, its faults, and page requests (the drivers of real IOMMUs each have files of their own). */
export function debugTree(iommu: Iommu): Directory {
  const hex = (n: number): string => `0x${n.toString(16)}`;
  return directory(() => (iommu.mode === "off" ? {} : {
    domains: text(() => iommu.groups.map(({ id, domain }) => `group ${id}: domain ${domain.id} type ${domain.type} ranges ${domain.count} bytes ${domain.mapped} iotlb ${domain.iotlb.size} unflushed ${domain.unflushed.length}\n`).join("")),
    faults: text(() => iommu.groups.flatMap(({ domain }) => domain.faults.map((f) => `${f.device} ${f.write ? "write" : "read"} iova ${hex(f.iova)}${f.pasid === undefined ? "" : ` pasid ${f.pasid}`}\n`)).join("")),
    page_requests: text(() => iommu.sva.requests.map((r) => `${r.device} pasid ${r.pasid} ${r.write ? "write" : "read"} ${hex(r.address)} ${r.response}\n`).join("")),
    flush: { read: () => -Errno.EACCES, write: (content: string) => (iommu.groups.forEach(({ domain }) => domain.flush()), content.length) },
  }));
}
