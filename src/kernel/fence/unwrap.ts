import { mutant } from "../mutants.ts";
import { FenceArray } from "./array.ts";
import type { DmaFence, FenceRegistry } from "./fence.ts";

/** The fences without parts that fences are made of, each once, oldest part first (dma_fence_unwrap_for_each). */
export function unwrap(...fences: readonly DmaFence[]): readonly DmaFence[] {
  const leaves = new Set<DmaFence>();
  const repeated: DmaFence[] = [];
  const visit = (fence: DmaFence): void => {
    if (fence.container === null) {
      if (leaves.has(fence)) repeated.push(fence);
      leaves.add(fence);
    } else {
      for (const part of fence.container.parts()) visit(part);
    }
  };
  for (const fence of fences) visit(fence);
  return mutant("unwrap-repeats") ? [...leaves, ...repeated] : [...leaves];
}

/**
 * One fence for several (dma_fence_unwrap_merge): over their leaves, without those that have signaled, and of each ordered context only the latest. When nothing
 * is left, a signaled one with the time of the last to signal and the first error. The caller holds a reference.
 */
export function unwrapMerge(registry: FenceRegistry, fences: readonly DmaFence[]): DmaFence {
  const kept = new Map<unknown, DmaFence>();
  let time = -1;
  let error = 0;
  for (const leaf of unwrap(...fences)) {
    if (leaf.signaled) {
      time = Math.max(time, leaf.timestamp);
      error ||= leaf.error;
      continue;
    }
    const line = leaf.context.ordered ? leaf.context : leaf;
    const known = kept.get(line);
    if (known === undefined || known.seqno < leaf.seqno) kept.set(line, leaf);
  }
  const members = [...kept.values()];
  if (members.length === 1) return members[0]!.get();
  if (members.length > 1) return new FenceArray(registry.context("dma_fence_array", "unbound"), members, "all").fence;
  const over = registry.context("stub", "stub").emit();
  if (error !== 0) over.setError(error);
  over.signal(Math.max(0, time));
  return over;
}
