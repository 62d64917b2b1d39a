import type { DmaFence } from "../fence/fence.ts";
import { invariant } from "../errors.ts";
import type { FileDriver } from "../fs/file.ts";
import type { DrmCore } from "./core.ts";
import { UserTimeline, type Timeline } from "./timeline.ts";

/**
 * A container of fences that a program holds by handle (drm_syncobj): one fence at point 0 (binary use), and a timeline. It lives while any file has a handle or
 * a descriptor of it.
 */
export class Syncobj {
  readonly timeline: Timeline;
  private readonly core: DrmCore;
  private fence: DmaFence | null = null;
  private references = 1;

  /** @param timeline of an exec queue; absent: one that the program signals */
  constructor(core: DrmCore, timeline?: Timeline) {
    this.core = core;
    this.timeline = timeline ?? new UserTimeline(core.fences.context("syncobj", "timeline"));
    core.counts.syncobjs++;
  }

  /** The fence at point 0, or null. */
  get binary(): DmaFence | null {
    return this.fence;
  }

  /** Replaces the fence at point 0. */
  replaceFence(fence: DmaFence): void {
    fence.get();
    this.fence?.put();
    this.fence = fence;
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

/** A descriptor of one fence, for good (sync_file): what happens to the syncobj later does not change it. */
export class SyncFile implements FileDriver {
  readonly kind = "sync_file";
  readonly fence: DmaFence;
  private readonly core: DrmCore;

  constructor(core: DrmCore, fence: DmaFence) {
    this.core = core;
    this.fence = fence.get();
    core.counts.syncFiles++;
  }

  release(_killed: boolean): void {
    this.core.counts.syncFiles--;
    this.fence.put();
  }
}
