import { PROT_READ, PROT_WRITE } from "../sys/flags.ts";
import { LogLevel } from "../log/log.ts";
import type { GpuDevice } from "./device.ts";
import { GemRange } from "./gem.ts";

/**
 * Takes a GPU away while it is in use (drm_dev_unplug): its nodes go, every later request and mmap on open files answers -ENODEV, its jobs end with -ENODEV, and
 * CPU mappings of its objects lead to dummy pages of zeros, each mapping to its own.
 */
export function unplug(device: GpuDevice): void {
  if (device.unplugged) return;
  device.unplugged = true;
  const { core } = device;
  const { kernel } = core;
  for (const node of [device.primaryNode, device.renderNode]) kernel.vfs.unlink(`/dev/dri/${node}`);
  core.pci.remove(device.pci);
  if (kernel.trace.enabled) kernel.trace.emit("gpu:unplug", { gpu: device.index, dev: device.name });
  if (kernel.os === "linux" && device.driver === "nvidia-drm" && device.files.size > 0) kernel.log.printk(LogLevel.warning, `NVRM: Attempting to remove device ${device.name} with non-zero usage count!`);
  device.recovery.wedge();
  for (const process of kernel.processes.values()) {
    const { mm } = process;
    const mapped = mm.mappings().filter((vma) => vma.backing instanceof GemRange && (vma.backing.object.device.whole ?? vma.backing.object.device) === device);
    for (const vma of mapped) mm.mapAnonymous(vma.start, vma.end - vma.start, vma.prot & (PROT_READ | PROT_WRITE), true, false);
  }
}
