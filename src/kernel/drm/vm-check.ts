import { FRAME } from "../../gpu/frames.ts";
import { PTE_WRITE } from "../../gpu/page-table.ts";
import { invariant } from "../errors.ts";
import type { SvmPage } from "../hmm/gpusvm.ts";
import { isSparse } from "./mapping.ts";
import type { GpuVm } from "./vm.ts";

/** What holds of an address space between two events: its mappings, objects, page table and the IOMMU say the same. */
export function checkVm(vm: GpuVm): void {
  vm.maps.checkInvariants(vm.start, vm.end);
  let present = 0;
  for (const m of vm.maps) {
    if (m.iova !== 0) invariant(m.object === null || m.object.remote, "only memory over the bus has an I/O address");
    invariant(m.object === null || m.offset + (m.end - m.start) <= m.object.size, "a mapping lies inside its object");
    const vmBo = m.object === null ? null : vm.vmBos.get(m.object);
    invariant(vmBo === null || vmBo?.mappings.has(m) === true, "a mapping is known to its object");
    for (let va = m.start; va < m.end; va += FRAME) {
      const entry = vm.pageTable.entry(va);
      if (entry === 0) continue;
      present++;
      if (isSparse(m)) continue;
      invariant(vmBo === null || vmBo?.live === true, "no page of an object that is moving or evicted is present");
      invariant((entry & 3) === m.flags, "a page table entry allows what its mapping does");
      if (m.iova === 0) invariant((entry & 0xffff0000) >>> 0 === m.object!.backing.page(m.offset + (va - m.start)), "a page table entry leads to its mapping's memory");
      else invariant(vm.device.domain.covers(m.iova + (va - m.start), FRAME), "a page over the bus has an IOMMU translation");
    }
  }
  vm.svm?.checkInvariants();
  if (vm.svm !== null) for (const range of vm.svm.gpusvm.ranges()) for (const [va, page] of range.pages) present += checkMirrored(vm, va, page);
  invariant(present === vm.pageTable.present, "no page is present outside mappings");
}

/** 1 when a mirrored page is present; it leads where it should then. */
function checkMirrored(vm: GpuVm, va: number, page: SvmPage): number {
  const entry = vm.pageTable.entry(va);
  if (entry === 0) {
    invariant(page.iova !== 0 && !vm.device.domain.covers(page.iova, FRAME), "a mirrored page is present unless the IOMMU took its translation away");
    return 0;
  }
  invariant((entry & 0xffff0000) >>> 0 === page.linear && ((entry & PTE_WRITE) !== 0) === page.writable, "a mirrored page's entry leads to the page");
  if (page.iova !== 0) invariant(vm.device.domain.covers(page.iova, FRAME), "a page over the bus has an IOMMU translation");
  return 1;
}
