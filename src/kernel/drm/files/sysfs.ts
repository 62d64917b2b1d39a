import { loadOf } from "../../../gpu/board.ts";
import { Errno } from "../../errors.ts";
import { barRanges, configSpace } from "../../pci/config-space.ts";
import { pciName, type PciFunction } from "../../pci/bus.ts";
import type { DrmCore } from "../core.ts";
import type { GpuDevice } from "../device.ts";
import { unplug } from "../unplug.ts";
import { directory, text, type Directory, type TreeEntry } from "./tree.ts";

function hex(value: number, width: number): string {
  return value.toString(16).padStart(width, "0");
}

/** Giga-transfers of each PCI Express generation, as sysfs prints them. */
const speeds = ["?", "2.5", "5.0", "8.0", "16.0", "32.0", "64.0"];

function uevent(f: PciFunction): string {
  const id = (value: number): string => hex(value, 4).toUpperCase();
  const vendor = f.subsystemId & 0xffff;
  const subsystem = f.subsystemId >>> 16;
  const modalias = `pci:v${hex(f.vendorId, 8).toUpperCase()}d${hex(f.deviceId, 8).toUpperCase()}sv${hex(vendor, 8).toUpperCase()}sd${hex(subsystem, 8).toUpperCase()}`;
  const [base, sub] = [f.classCode >>> 16, (f.classCode >>> 8) & 0xff];
  return [
    ...(f.driver === null ? [] : [`DRIVER=${f.driver}`]),
    `PCI_CLASS=${f.classCode.toString(16).toUpperCase()}`,
    `PCI_ID=${id(f.vendorId)}:${id(f.deviceId)}`,
    `PCI_SUBSYS_ID=${id(vendor)}:${id(subsystem)}`,
    `PCI_SLOT_NAME=${pciName(f)}`,
    `MODALIAS=${modalias}bc${hex(base, 2).toUpperCase()}sc${hex(sub, 2).toUpperCase()}i${hex(f.classCode & 0xff, 2).toUpperCase()}`,
    "",
  ].join("\n");
}

/** Base address registers: start, end and flags of each, 64-bit ones from 256 GiB on. */
function resources(f: PciFunction): string {
  const lines = barRanges(f).map(({ start, bytes }) => `0x${hex(start, 16)} 0x${hex(start + bytes - 1, 16)} 0x000000000014220c`);
  return `${lines.join("\n")}\n`;
}

function pciDevice(core: DrmCore, f: PciFunction, device: GpuDevice | undefined): Readonly<Record<string, TreeEntry>> {
  const speed = `${speeds[f.link.generation] ?? "?"} GT/s PCIe\n`;
  const entries: Record<string, TreeEntry> = {
    vendor: text(() => `0x${hex(f.vendorId, 4)}\n`),
    device: text(() => `0x${hex(f.deviceId, 4)}\n`),
    subsystem_vendor: text(() => `0x${hex(f.subsystemId & 0xffff, 4)}\n`),
    subsystem_device: text(() => `0x${hex(f.subsystemId >>> 16, 4)}\n`),
    class: text(() => `0x${hex(f.classCode, 6)}\n`),
    revision: text(() => "0xa1\n"),
    enable: text(() => "1\n"),
    numa_node: text(() => "0\n"),
    current_link_speed: text(() => speed),
    max_link_speed: text(() => speed),
    current_link_width: text(() => `${f.link.lanes}\n`),
    max_link_width: text(() => `${f.link.lanes}\n`),
    resource: text(() => resources(f)),
    uevent: text(() => uevent(f)),
    // Bytes, one a character (Latin-1).
    config: text(() => String.fromCharCode(...configSpace(f))),
    irq: text(() => "0\n"),
    local_cpulist: text(() => "0-1\n"),
    driver_override: text(() => "(null)\n"),
    modalias: text(() => `${/MODALIAS=(.*)/.exec(uevent(f))![1]!}\n`),
  };
  if (f.bridge !== undefined) {
    entries["secondary_bus_number"] = text(() => `${f.bridge!.secondary}\n`);
    entries["subordinate_bus_number"] = text(() => `${f.bridge!.subordinate}\n`);
  }
  const group = core.iommu.mode === "off" ? undefined : core.iommu.find(pciName(f))?.group;
  if (group !== undefined) entries["iommu_group"] = { target: `/sys/kernel/iommu_groups/${group.id}` };
  if (device === undefined) return entries;
  entries["remove"] = {
    mode: 0o200,
    read: () => -Errno.EACCES,
    write: (content) => {
      if (!/^\s*[1-9]\d*\s*$/.test(content)) return /^\s*0\s*$/.test(content) ? content.length : -Errno.EINVAL;
      unplug(device);
      return content.length;
    },
  };
  entries["drm"] = directory(() => ({ [device.primaryNode]: { target: `/sys/class/drm/${device.primaryNode}` }, [device.renderNode]: { target: `/sys/class/drm/${device.renderNode}` } }));
  if (device.driver === "amdgpu") {
    const { vram } = device.gpu;
    entries["mem_info_vram_total"] = text(() => `${vram.total}\n`);
    entries["mem_info_vram_used"] = text(() => `${vram.used}\n`);
    entries["mem_info_gtt_total"] = text(() => `${device.core.store.ram.total}\n`);
    entries["mem_info_gtt_used"] = text(() => `${device.domain.mapped}\n`);
    entries["gpu_busy_percent"] = text(() => `${Math.round(100 * loadOf(device.gpu.profile, device.gpu.meter).compute)}\n`);
  }
  return entries;
}

/** /sys/bus/pci/devices */
export function pciTree(core: DrmCore, devices: readonly GpuDevice[]): Directory {
  return directory(() => Object.fromEntries(core.pci.all().map((f) => [pciName(f), directory(() => pciDevice(core, f, devices.find((d) => d.pci === f)))])));
}

/** /sys/class/drm */
export function drmClassTree(devices: readonly GpuDevice[]): Directory {
  const node = (device: GpuDevice, name: string, minor: number): Directory => directory(() => ({
    dev: text(() => `226:${minor}\n`),
    uevent: text(() => `MAJOR=226\nMINOR=${minor}\nDEVNAME=dri/${name}\nDEVTYPE=drm_minor\n`),
    device: { target: `/sys/bus/pci/devices/${device.name}` },
  }));
  return directory(() => ({
    ...Object.fromEntries(devices.filter((d) => !d.unplugged).flatMap((d) => [[d.primaryNode, node(d, d.primaryNode, d.index)], [d.renderNode, node(d, d.renderNode, 128 + d.index)]])),
    version: text(() => "drm 1.1.0 20060810\n"),
  }));
}
