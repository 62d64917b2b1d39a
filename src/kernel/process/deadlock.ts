import { DrmFile } from "../drm/file.ts";
import { GpuJob } from "../drm/gpu-job.ts";
import type { DmaFence } from "../fence/fence.ts";
import type { Kernel } from "../machine.ts";
import type { Thread } from "./thread.ts";

/** Steps of one explanation. */
const MAX_STEPS = 8;

/** The job whose end writes to a word that a thread sleeps on. */
function jobOfWord(thread: Thread, word: number): GpuJob | null {
  for (const [, { driver }] of thread.process.files.entries()) {
    if (!(driver instanceof DrmFile)) continue;
    for (const [, queue] of driver.queues.entries()) {
      for (const job of queue.running) if (job.writesTo(thread.process.mm, word)) return job;
      for (let job = queue.entity.first; job !== null; job = job.next) if (job instanceof GpuJob && job.writesTo(thread.process.mm, word)) return job;
    }
  }
  return null;
}

const nameOf = (job: GpuJob): string => `job "${job.label}" of queue "${job.queue.label}" ${job.queue.id}`;

/** What stands behind a thread's wait, step by step: "is the end of job ...". */
export function because(thread: Thread): readonly string[] {
  const { waiting } = thread;
  if (waiting === null) return [];
  const steps: string[] = [];
  let job = waiting.word === undefined ? null : jobOfWord(thread, waiting.word);
  let fence: DmaFence | null = waiting.fences?.()[0] ?? null;
  while (steps.length < MAX_STEPS && (job !== null || fence !== null)) {
    if (job === null) {
      const owner = fence!.job;
      if (!(owner instanceof GpuJob)) {
        steps.push(fence!.indefinite ? "only a program can bring about (a user event, a host function, a timeline that it signals)" : `is ${fence!.toString()}`);
        break;
      }
      job = owner;
    }
    if (job.state !== "queued") {
      steps.push(`is the end of ${nameOf(job)}, which was given to its engine`);
      break;
    }
    steps.push(`is the end of ${nameOf(job)}, which has not begun`);
    [fence] = [job.waitsFor()[0] ?? null];
    const before = job.previous;
    job = fence === null && before instanceof GpuJob ? before : null;
  }
  return steps;
}

/** Threads that a thread waits for, where the kernel knows: whose end it awaits, who owns the lock. */
function awaited(thread: Thread): readonly Thread[] {
  const owner = thread.pi.blockedOn?.owner;
  return [...(thread.waiting?.threads?.() ?? []), ...(owner === undefined ? [] : [owner])];
}

/** Parked threads of which each waits for the next and the last for the first; empty: there is no such circle that the kernel knows of. */
export function circle(kernel: Kernel): readonly string[] {
  for (const process of kernel.processes.values()) {
    for (const first of process.threads.values()) {
      const path: Thread[] = [];
      let at: Thread | undefined = first;
      while (at !== undefined && at.state === "parked" && !path.includes(at)) {
        path.push(at);
        [at] = awaited(at);
      }
      if (at === first && path.length > 0 && at.state === "parked") return path.map(({ name, tid }) => `"${name}" (tid ${tid})`);
    }
  }
  return [];
}
