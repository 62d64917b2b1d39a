import { FRAME } from "../../gpu/frames.ts";
import { PTE_BUS, PTE_READ, PTE_WRITE } from "../../gpu/page-table.ts";
import type { SvmDevice } from "../hmm/svm.ts";
import type { GpuDevice } from "./device.ts";
import { isVram } from "./pieces.ts";
import type { GpuVm } from "./vm.ts";

/** What shared virtual memory needs of a GPU, for one of its address spaces: page table, I/O addresses, time. */
export function svmDevice(device: GpuDevice, vm: GpuVm): SvmDevice {
  const { kernel, svm } = device.core;
  const { domain } = device;
  return {
    index: device.index,
    pages: device.pages,
    batches: device.batches,
    core: svm,
    isDeviceMapping: isVram,
    now: () => kernel.clock.now,
    dmaMap: (linear, flags) => domain.dmaMap(linear, FRAME, flags),
    dmaUnmap: (iova) => domain.dmaUnmap(iova, FRAME, device),
    enter: (va, page) => {
      const linear = page.iova === 0 ? page.linear : domain.translate(device.name, page.iova, page.writable);
      if (linear >= 0) vm.pageTable.map(va, linear, FRAME, PTE_READ | (page.writable ? PTE_WRITE : 0) | (page.iova === 0 ? 0 : PTE_BUS));
    },
    clear: (va) => vm.pageTable.unmap(va, FRAME),
    trace: (name, fields) => {
      if (kernel.trace.enabled) kernel.trace.emit(name, { gpu: device.index, ...fields });
    },
  };
}
