import { DrmFile } from "../drm/file.ts";
import type { Kernel } from "../machine.ts";
import type { Observer, PointOf, PointsOfFile, Watch } from "../observe.ts";
import type { Thread } from "../process/thread.ts";
import type { SyncPoint } from "./uapi.ts";

function fileOf(thread: Thread, fd: number): DrmFile | null {
  const driver = thread.process.files.get(fd)?.driver;
  return driver instanceof DrmFile ? driver : null;
}

/** The kernel's own objects behind points. */
function pointsOf(thread: Thread, points: readonly PointsOfFile[]): PointOf[] {
  return points.flatMap((part) => {
    const file = fileOf(thread, part.fd);
    return part.points.flatMap(({ syncobj, point }) => {
      const found = file?.syncobjs.get(syncobj);
      return found === undefined ? [] : [{ timeline: found.timeline, point }];
    });
  });
}

/** Tells later whether points have been reached by then. */
export function reachedBy(thread: Thread, points: readonly PointsOfFile[]): () => boolean {
  let left = pointsOf(thread, points);
  return () => (left = left.filter(({ timeline, point }) => timeline.reached < point)).length === 0;
}

/** What the libraries of one thread tell the observer. Handles become the kernel's own objects here. */
export class ThreadWatch implements Watch {
  private readonly kernel: Kernel;
  private readonly thread: Thread;

  constructor(kernel: Kernel, thread: Thread) {
    this.kernel = kernel;
    this.thread = thread;
  }

  private get observer(): Observer {
    return this.kernel.observer!;
  }

  private fileOf(fd: number): DrmFile | null {
    return fileOf(this.thread, fd);
  }

  sawPoints(fd: number, points: readonly SyncPoint[]): void {
    const file = this.fileOf(fd);
    for (const { syncobj, point } of points) {
      const found = file?.syncobjs.get(syncobj);
      if (found !== undefined) this.observer.saw(this.thread, found.timeline, point);
    }
  }

  sawQueue(fd: number, queue: number): void {
    const found = this.fileOf(fd)?.queues.get(queue);
    if (found !== undefined) this.observer.sawQueue(this.thread, found);
  }

  release(key: object): void {
    this.observer.released(this.thread, key);
  }

  acquire(key: object): void {
    this.observer.acquired(this.thread, key);
  }

  allocated(address: number, bytes: number): void {
    this.observer.allocated(this.thread, address, bytes);
  }

  freed(address: number, bytes: number): void {
    this.observer.freed(this.thread, address, bytes, null);
  }

  freedAfter(after: readonly PointsOfFile[], address: number, bytes: number): void {
    this.observer.freed(this.thread, address, bytes, pointsOf(this.thread, after));
  }

  touched(address: number, bytes: number, write: boolean): void {
    this.observer.touched(this.thread, address, bytes, write);
  }

  lent(bytes: Uint8Array, write: boolean): void {
    this.observer.lent(this.thread, bytes, write);
  }
}
