import type { LinearStore } from "../../gpu/linear.ts";
import type { GpuProfile } from "../../gpu/profile.ts";
import type { Kernel } from "../machine.ts";
import { attachNvidia } from "../mig/nvidia.ts";
import { DrmCore, type DrmOptions } from "./core.ts";
import { GpuDevice } from "./device.ts";
import { DrmFile, type Minor } from "./file.ts";
import { debugTree } from "./files/debugfs.ts";
import { debugTree as iommuDebugTree, groupTree } from "../iommu/files.ts";
import { mountKfd } from "./files/kfd.ts";
import { drmClassTree, pciTree } from "./files/sysfs.ts";
import { dmaBufTree, syncFileTree } from "../fence/debug-files.ts";
import { liveBuffers } from "./prime.ts";
import { recoveryTree } from "./recovery/debug-files.ts";
import { IommufdFile } from "../iommu/iommufd.ts";
import { VfioFile } from "../iommu/vfio.ts";
import { LogLevel } from "../log/log.ts";
import { logProbe } from "../log/messages.ts";
import { pciName } from "../pci/bus.ts";
import { groupFor } from "../pci/topology.ts";
import { Forest } from "./files/tree.ts";

export type { GpuDevice } from "./device.ts";

/** /dev/iommu, and a node for each function that no kernel driver has. */
function attachIommufd(kernel: Kernel, core: DrmCore): void {
  if (core.iommu.mode === "off") return;
  kernel.vfs.mknod("/dev/iommu", () => new IommufdFile(core.iommu));
  const free = core.pci.all().filter((f) => f.driver === null && f.bridge === undefined);
  for (const [i, f] of free.entries()) kernel.vfs.mknod(`/dev/vfio/devices/vfio${i}`, () => new VfioFile(core.iommu, core.iommu.find(pciName(f))!, kernel.memory));
}

/**
 * Puts GPUs into a machine: on the PCI bus, each in an IOMMU group of its own, bound to its driver, with nodes under /dev/dri and files under /sys.
 * @returns the devices in the order of `profiles`
 */
export function attachGpus(kernel: Kernel, store: LinearStore, profiles: readonly GpuProfile[], options: DrmOptions): readonly GpuDevice[] {
  const core = new DrmCore(kernel, store, options);
  const devices = profiles.map((profile, index) => new GpuDevice(core, index, profile));
  for (const f of options.pciFunctions ?? []) core.pci.add(f);
  // Ports come last, so that a GPU's group has the GPU's number.
  for (const f of core.pci.all()) if (core.iommu.find(pciName(f)) === undefined) groupFor(core.pci, core.iommu, f);
  attachIommufd(kernel, core);
  for (const device of devices) {
    const node = (minor: Minor) => (...[caller]: Parameters<Parameters<Kernel["vfs"]["mknod"]>[1]>): DrmFile => new DrmFile(device, minor, caller);
    kernel.vfs.mknod(`/dev/dri/${device.primaryNode}`, node("primary"));
    kernel.vfs.mknod(`/dev/dri/${device.renderNode}`, node("render"));
    kernel.subsystems.push(device);
  }
  kernel.subsystems.push({
    name: "drm",
    checkInvariants: () => {
      core.iommu.checkInvariants();
      store.checkInvariants();
    },
    objectCounts: () => ({ ...core.counts, fences: core.fences.live, ...store.counts(), ramBytes: store.ram.used }),
  });
  attachNvidia(kernel, devices);
  if (kernel.os === "linux") kernel.log.atBoot(() => {
    if (core.iommu.mode !== "off") kernel.log.printk(LogLevel.info, "DMAR: IOMMU enabled");
    kernel.log.printk(LogLevel.info, `iommu: Default domain type: ${core.iommu.mode === "identity" ? "Passthrough" : "Translated"}`);
    const nvidia = devices.find((device) => device.driver === "nvidia-drm");
    if (nvidia !== undefined) kernel.log.printk(LogLevel.notice, `NVRM: loading NVIDIA UNIX x86_64 Kernel Module  ${nvidia.gpu.profile.driverVersion}`);
    for (const device of devices) logProbe(device);
  });
  const files = new Forest();
  files.add("/sys/bus/pci/devices", pciTree(core, devices));
  files.add("/sys/class/drm", drmClassTree(devices));
  files.add("/sys/kernel/iommu_groups", groupTree(core.iommu));
  files.add("/sys/kernel/debug/iommu", iommuDebugTree(core.iommu));
  files.add("/sys/kernel/debug/dri", debugTree(devices));
  kernel.atBoot(() => mountKfd(kernel, devices));
  const recovery = new Forest();
  recovery.add("/sys/kernel/debug/dri", recoveryTree(devices));
  recovery.add("/sys/kernel/debug/sync_file", syncFileTree(core.syncFiles));
  recovery.add("/sys/kernel/debug/dma_buf", dmaBufTree(() => liveBuffers(devices)));
  for (const [prefix, provider] of recovery.providers()) kernel.vfs.mount(prefix, provider);
  for (const [prefix, provider] of files.providers()) kernel.vfs.mount(prefix, provider);
  return devices;
}
