import type { DmaFence } from "../fence/fence.ts";
import { invariant } from "../errors.ts";
import { mutant } from "../mutants.ts";
import type { FileDriver } from "../fs/file.ts";
import type { DrmCore } from "./core.ts";
import { UserTimeline } from "./user-timeline.ts";
import type { Timeline } from "./timeline.ts";

/**
 * A container of fences that a program holds by handle (drm_syncobj): one fence at point 0 (binary use), and a timeline. It lives while any file has a handle or
 * a descriptor of it.
 */
export class Syncobj {
  readonly timeline: Timeline;
  private readonly core: DrmCore;
  private fence: DmaFence | null = null;
  private references = 1;
  private readonly watchers = new Set<() => void>();

  /** @param timeline of an exec queue; absent: one that the program signals */
  constructor(core: DrmCore, timeline?: Timeline) {
    this.core = core;
    this.timeline = timeline ?? new UserTimeline(core.fences.context("syncobj", "timeline"));
    core.counts.syncobjs++;
  }

  /** The fence at point 0: the one put there, or else that of the timeline's last point; null: none. */
  get binary(): DmaFence | null {
    return this.fence ?? this.timeline.tail();
  }

  /** Replaces the fence at point 0. Null takes it out. */
  replaceFence(fence: DmaFence | null): void {
    if (mutant("sync-file-follows") && fence !== null) for (const file of this.core.syncFiles) if (file.fence === this.fence) file.fence = fence;
    fence?.get();
    this.fence?.put();
    this.fence = fence;
    if (fence !== null) this.changed();
  }

  /** Whether a point has a fence, or had one. */
  available(point: number): boolean {
    return point === 0 ? this.binary !== null : point <= this.timeline.last;
  }

  /** Calls `changed` each time that a point gets a fence, until the result is called. */
  watch(changed: () => void): () => void {
    const entry = (): void => changed();
    this.watchers.add(entry);
    this.timeline.onAdd ??= () => this.changed();
    return () => void this.watchers.delete(entry);
  }

  get(): this {
    this.references++;
    return this;
  }

  put(): void {
    this.references--;
    invariant(this.references >= 0, "a syncobj is put as often as got");
    if (this.references > 0) return;
    this.core.counts.syncobjs--;
    this.timeline.abandon();
    this.fence?.put();
    this.fence = null;
    this.timeline.onAdd = null;
    this.watchers.clear();
  }

  private changed(): void {
    for (const watcher of [...this.watchers]) watcher();
  }
}

/** A descriptor of a syncobj: another process, or another node, gets a handle of the same object from it. */
export class SyncobjFile implements FileDriver {
  readonly kind = "syncobj";
  readonly syncobj: Syncobj;

  constructor(syncobj: Syncobj) {
    this.syncobj = syncobj.get();
  }

  release(_killed: boolean): void {
    this.syncobj.put();
  }
}
