import type { SysCaller } from "../fs/file.ts";
import type { IoctlTable } from "../sys/uapi.ts";
import type { DrmFile } from "./file.ts";

/** Who drives the device. */
export function version(file: DrmFile, _caller: SysCaller, arg: IoctlTable["DRM_IOCTL_VERSION"]): number {
  arg.name = file.device.driver;
  arg.date = "20250101";
  arg.version = file.device.driver === "amdgpu" ? [3, 64, 0] : file.device.driver === "xe" ? [1, 1, 0] : [0, 0, 0];
  arg.desc = `${file.device.gpu.profile.name} (modelled)`;
  return 0;
}

/** What the device is, as seen by the calling process. */
export function deviceQuery(file: DrmFile, caller: SysCaller, arg: IoctlTable["GLASS_DEVICE_QUERY"]): number {
  const { device } = file;
  const { gpu, pci, core } = device;
  const { start, size } = caller.process.mm.gpuWindow;
  arg.info = {
    index: device.index,
    name: file.slice.profile.name,
    vendorId: pci.vendorId,
    deviceId: pci.deviceId,
    pciDomain: pci.domain,
    pciBus: pci.bus,
    pciDevice: pci.device,
    pciFunction: pci.function,
    uuid: file.slice.uuid,
    vramBytes: gpu.vram.total,
    vramFree: gpu.vram.free,
    profile: file.slice.profile,
    timestamp: core.kernel.clock.now,
    vaStart: start,
    vaEnd: start + size,
  };
  return 0;
}

/** GPU memory, all and free, of this moment. */
export function memQuery(file: DrmFile, _caller: SysCaller, arg: IoctlTable["GLASS_MEM_QUERY"]): number {
  arg.vramTotal = file.device.gpu.vram.total;
  arg.vramFree = Math.min(file.device.gpu.vram.free, file.quota?.free ?? Infinity);
  return 0;
}
