import type { GpuDevice } from "./device.ts";

/** Whether a GPU, or the one that it is a part of, was taken out of the machine. */
export function isUnplugged(device: GpuDevice): boolean {
  return (device.whole ?? device).unplugged;
}
