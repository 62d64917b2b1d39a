import type { GpuJob } from "./drm/gpu-job.ts";
import type { ExecQueue } from "./drm/queue.ts";
import type { Timeline } from "./drm/timeline.ts";
import type { Thread } from "./process/thread.ts";
import type { SyncPoint } from "./sys/uapi.ts";

/** A point of a timeline, as the kernel knows it. */
export interface PointOf {
  readonly timeline: Timeline;
  readonly point: number;
}

/** Points of the timelines that an open file knows. */
export interface PointsOfFile {
  readonly fd: number;
  readonly points: readonly SyncPoint[];
}

/**
 * Watches what host threads and devices do to each other: a race detector, for instance. Null on a machine that nobody watches (`kernel.observer`), so that each hook costs one comparison.
 * No method may change anything that the machine or a program can see.
 */
export interface Observer {
  /** A thread enters an API function, or is back from it. */
  called(thread: Thread, name: string): void;
  returned(thread: Thread): void;
  /** A simulated thread's code runs now, or has parked. */
  resumed(thread: Thread): void;
  parked(thread: Thread): void;
  /** @param parent who started it; null: nobody in the machine */
  threadStarted(child: Thread, parent: Thread | null): void;
  /** A thread knows that another has ended. */
  joined(thread: Thread, ended: Thread): void;
  /** A thread has handed a job to a queue. @param wholeQueue by the rules of its API it comes after everything before it in its queue, in order or not */
  submitted(thread: Thread, job: GpuJob, waits: readonly PointOf[], wholeQueue: boolean): void;
  /** All that a job waits for is over, and it goes to its engine. */
  started(job: GpuJob): void;
  /** A job is over, whether it ran or not. */
  ended(job: GpuJob): void;
  /** A thread reaches a point by its own doing. */
  signaled(thread: Thread, timeline: Timeline, point: number): void;
  /** A thread knows that a point is reached. */
  saw(thread: Thread, timeline: Timeline, point: number): void;
  /** A thread knows that all of a queue's work so far is over. */
  sawQueue(thread: Thread, queue: ExecQueue): void;
  /** What a thread did so far comes before whatever a thread does that takes the same key later. */
  released(thread: Thread, key: object): void;
  acquired(thread: Thread, key: object): void;
  /** Memory of a process begins a new life: `bytes` of an allocation. Nothing that was done there before counts. */
  allocated(thread: Thread, address: number, bytes: number): void;
  /** The allocation ends. @param after as soon as these points are reached; null: now */
  freed(thread: Thread, address: number, bytes: number, after: readonly PointOf[] | null): void;
  /** A thread reads or writes its process's memory. */
  touched(thread: Thread, address: number, bytes: number, write: boolean): void;
  /** A thread looks at its process's memory, and may go on looking and writing. */
  viewed(thread: Thread, address: number, bytes: number): void;
  /** The job that the thread submits next reads or writes bytes that are the JavaScript program's own. */
  lent(thread: Thread, bytes: Uint8Array, write: boolean): void;
}

/** What a user-mode driver tells whoever watches the machine: what only it knows of its own calls. Null (`sys.watch`) on a machine that nobody watches. */
export interface Watch {
  /** The caller knows by one of its API's synchronisation points that these points (of an open file) are reached. */
  sawPoints(fd: number, points: readonly SyncPoint[]): void;
  /** The caller knows that everything in a queue so far is over. */
  sawQueue(fd: number, queue: number): void;
  release(key: object): void;
  acquire(key: object): void;
  allocated(address: number, bytes: number): void;
  freed(address: number, bytes: number): void;
  /** It ends when these points (of open files) are reached. */
  freedAfter(after: readonly PointsOfFile[], address: number, bytes: number): void;
  touched(address: number, bytes: number, write: boolean): void;
  lent(bytes: Uint8Array, write: boolean): void;
}
