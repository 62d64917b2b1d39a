import type { SchedJob } from "./job.ts";

/** The jobs that the hardware was given and that are not freed yet, in the order they were given (drm_gpu_scheduler.pending_list). */
export class PendingList {
  head: SchedJob | null = null;
  tail: SchedJob | null = null;
  length = 0;

  append(job: SchedJob): void {
    const { hw } = job;
    hw.listed = true;
    hw.previous = this.tail;
    hw.next = null;
    if (this.tail === null) this.head = job;
    else this.tail.hw.next = job;
    this.tail = job;
    this.length++;
  }

  /** Puts a job back at the head, from where the timeout took it. */
  prepend(job: SchedJob): void {
    const { hw } = job;
    hw.listed = true;
    hw.previous = null;
    hw.next = this.head;
    if (this.head === null) this.tail = job;
    else this.head.hw.previous = job;
    this.head = job;
    this.length++;
  }

  remove(job: SchedJob): void {
    const { hw } = job;
    if (hw.previous === null) this.head = hw.next;
    else hw.previous.hw.next = hw.next;
    if (hw.next === null) this.tail = hw.previous;
    else hw.next.hw.previous = hw.previous;
    hw.next = hw.previous = null;
    hw.listed = false;
    this.length--;
  }

  /** In order; the list may change meanwhile only by what was given. */
  jobs(): readonly SchedJob[] {
    const list: SchedJob[] = [];
    for (let job = this.head; job !== null; job = job.hw.next) list.push(job);
    return list;
  }
}
