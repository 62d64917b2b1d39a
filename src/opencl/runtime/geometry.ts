import type { KernelInfo } from "../../compiler/abi.ts";
import type { DeviceObject } from "./device-object.ts";
import { maxWorkGroup, maxWorkItems } from "./capabilities.ts";
import type { KernelObject } from "./kernel-object.ts";

/** CL_KERNEL_WORK_GROUP_SIZE: what registers and attributes leave of the device's limit. */
export function kernelWorkGroup(device: DeviceObject, kernel: KernelObject): number {
  const { attributes } = kernel.infoOn(device);
  const { limits, warpSize } = device.info.profile;
  const byRegisters = Math.floor(limits.registersPerBlock / Math.max(1, attributes.registers) / warpSize) * warpSize;
  return Math.max(1, Math.min(maxWorkGroup(device), byRegisters, attributes.maxThreads ?? Infinity));
}

/** Greatest divisor of `n` that is at most `limit`. */
function divisor(n: number, limit: number): number {
  for (let d = Math.min(n, limit); d > 1; d--) if (n % d === 0) return d;
  return 1;
}

/**
 * The work-group size that is used when the program gives none: dimensions from the first on get the greatest divisor of the global size that fits.
 * It is always uniform.
 */
export function suggestLocal(device: DeviceObject, kernel: KernelObject, global: readonly number[]): number[] {
  const required = kernel.infoOn(device).attributes.reqdWorkGroupSize;
  if (required !== null) return required.slice(0, global.length);
  let left = Math.min(kernelWorkGroup(device, kernel), 256);
  return global.map((n, i) => {
    const size = divisor(n, Math.min(left, maxWorkItems(device)[i]!));
    left = Math.floor(left / size);
    return size;
  });
}

/**
 * Bytes of static and `__local` argument memory, and where each argument lies: behind each other, aligned as the largest type that fits in them.
 * @param info the kernel as it is on the device
 */
export function localLayout(kernel: KernelObject, info: KernelInfo): { readonly offsets: readonly number[]; readonly dynamicBytes: number; readonly total: number } {
  const start = Math.ceil(info.sharedBytes / 16) * 16;
  let at = start;
  const offsets = kernel.localBytes.map((bytes, i) => {
    if (info.params[i]!.kind !== "shared") return 0;
    let align = 16;
    while (align < 128 && align < bytes) align *= 2;
    at = Math.ceil(at / align) * align;
    const offset = at;
    at += bytes;
    return offset;
  });
  return { offsets, dynamicBytes: at - start, total: at };
}
