import { FRAME } from "../../../gpu/frames.ts";
import type { GpuDevice } from "../device.ts";
import type { GpuVm } from "../vm.ts";

/** What is read from memory that has lost its contents: no value that a program would have written by itself. */
export const LOST_BYTE = 0xdb;

/** Whether memory of the GPU itself is mapped somewhere in a VM. */
export function usesVram(vm: GpuVm): boolean {
  for (const m of vm.maps) if (m.object !== null && m.object.backing.placement === "vram") return true;
  return false;
}

/** The GPU's own memory loses its contents: every object there, whoever it belongs to. Objects, handles and mappings stay. */
export function loseVram(device: GpuDevice): void {
  const { store } = device.core;
  for (const object of device.objects) {
    if (object.imported || object.backing.storage?.kind !== "vram") continue;
    for (let offset = 0; offset < object.size; offset += FRAME) {
      const at = object.backing.page(offset);
      if (at !== 0) store.fill(at, LOST_BYTE, FRAME);
    }
  }
}
