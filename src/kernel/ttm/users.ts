import type { DmaFence } from "../fence/fence.ts";
import type { GpuJob } from "../drm/gpu-job.ts";
import type { GpuVm } from "../drm/vm.ts";
import { mutant } from "../mutants.ts";
import type { TtmBo } from "./bo.ts";

/**
 * Fences of the jobs that may use what a VM maps now. These are the jobs on the engines, and those that nothing but the engines keeps from running: each line of
 * jobs up to the first that waits for something else. They were, or are from now on, promised what is mapped (`prepared`). A later job is not waited for: it may depend on a
 * program, or on whoever asks; it has to see for itself that everything is in place before it runs.
 * @param promise remember the decision in the jobs
 */
export function vmUsers(vm: GpuVm, promise: boolean): DmaFence[] {
  const fences: DmaFence[] = [];
  for (const context of vm.device.contexts) {
    if (context.vm !== vm) continue;
    for (const { timeline, entity } of context.queues) {
      let open = true;
      for (let point = timeline.reached + 1; point <= timeline.last; point++) {
        const job = timeline.job(point) as GpuJob | undefined;
        if (job === undefined || job.state === "done") continue;
        const counts = job.state === "running" || (open && (job.pending === 0 || job.prepared));
        if (counts) fences.push(job.finished);
        else if (entity.inOrder) open = false;
        if (promise && job.state !== "running") job.prepared = counts;
      }
    }
  }
  return mutant("evict-ignores-users") ? [] : fences;
}

/** The same over all VMs that map an object. */
export function usersOf(bo: TtmBo, promise: boolean): DmaFence[] {
  const fences: DmaFence[] = [];
  for (const { vm } of bo.vmBos) fences.push(...vmUsers(vm, promise));
  return fences;
}
