import type { Mutant } from "./mutant.ts";

const test = "test/invariants/iommu.test.ts";

/** Planted faults of the IOMMU. */
export const mutants: readonly Mutant[] = [
  { name: "iommu-ignores-permission", invariant: 88, what: "a device may write what is mapped for reading", test },
  { name: "iommu-strict-skips-sync", invariant: 89, what: "a strict unmap leaves the IOTLB as it is", test },
  { name: "iommu-lazy-reuses-early", invariant: 89, what: "an address is given out again before the flush", test },
  { name: "iommu-group-mixup", invariant: 90, what: "every device is translated by the first group's domain", test },
  { name: "iommu-failed-map-stays", invariant: 91, what: "what a failed map had entered stays", test },
  { name: "sva-unbind-keeps-access", invariant: 92, what: "a PASID works after its unbinding", test },
  { name: "sva-outlives-process", invariant: 92, what: "the end of a process does not end its PASID", test },
];
