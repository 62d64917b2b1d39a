import { invariant } from "../../errors.ts";
import { mutant } from "../../mutants.ts";
import type { SchedEntity } from "./entity.ts";
import { AverageTime } from "./entity-stats.ts";
import type { SchedJob } from "./job.ts";
import type { RunQueue } from "./run-queue.ts";

/** How fast virtual time runs for each priority: time on the hardware counts that many times doubled (sched_rq.c). */
const SHIFT = [1, 2, 4, 7] as const;
/** A microsecond, ns. */
const US = 1000;

/** What the queue knows of an entity, as long as the entity lives. */
class Share {
  readonly entity: SchedEntity;
  /** Virtual ns: in the tree absolute, outside relative to the least of those inside. */
  vruntime = 0;
  runtime = 0;
  accounted = 0;
  /** Jobs in the entity's line for this scheduler. */
  queued = 0;
  readonly ready: SchedJob[] = [];
  readonly average: AverageTime = new AverageTime();
  /** Among equals who came first goes first. */
  place = 0;

  constructor(entity: SchedEntity) {
    this.entity = entity;
  }

  get shift(): number {
    return SHIFT[mutant("sched-fair-ignores-priority") ? 2 : this.entity.priority as 0 | 1 | 2 | 3];
  }

  /** Turns the time since the last look into virtual time. */
  account(): void {
    this.vruntime += (this.runtime - this.accounted) * 2 ** this.shift;
    this.accounted = this.runtime;
  }
}

/**
 * Fair shares (drm_sched today): the entity with the least virtual time among those with a ready job. Time on the hardware counts 2, 4, 16 or 128-fold by priority, so that
 * of two that always want more high gets four times what normal gets, and normal eight times what low gets; nobody starves.
 */
export class FairRunQueue implements RunQueue {
  /** Entities with a job in their line, by virtual time. */
  private readonly tree: Share[] = [];
  private readonly shares = new WeakMap<SchedEntity, Share>();
  /** Over the jobs of all entities. */
  private readonly average = new AverageTime();
  private places = 0;
  size = 0;

  /** Priority of who stands first in the tree. */
  private get headPriority(): number {
    return this.tree[0]!.entity.priority;
  }

  pushed(job: SchedJob): void {
    const share = this.of(job.entity);
    if (++share.queued > 1) return;
    if (this.tree.length > 0) this.restore(share);
    else share.vruntime = 0;
    this.insert(share);
  }

  add(job: SchedJob): void {
    const { ready } = this.of(job.entity);
    let at = ready.length;
    while (at > 0 && ready[at - 1]!.sequence > job.sequence) at--;
    ready.splice(at, 0, job);
    this.size++;
  }

  peek(): SchedJob | null {
    for (const share of this.tree) if (share.ready.length > 0) return share.ready[0]!;
    return null;
  }

  take(): void {
    const share = this.tree.find((s) => s.ready.length > 0);
    invariant(share !== undefined, "a job is taken when there is one");
    share.ready.shift();
    this.size--;
    this.left(share);
  }

  remove(job: SchedJob): boolean {
    const { ready } = this.of(job.entity);
    const at = ready.indexOf(job);
    if (at < 0) return false;
    ready.splice(at, 1);
    this.size--;
    return true;
  }

  dropped(job: SchedJob): void {
    this.left(this.of(job.entity));
  }

  ran(entity: SchedEntity, ns: number): void {
    const share = this.of(entity);
    share.runtime += ns;
    share.average.add(ns);
    this.average.add(ns);
  }

  jobs(): readonly SchedJob[] {
    return this.tree.flatMap((share) => share.ready);
  }

  /** For tests and debugfs: virtual time of an entity in the tree, ns. */
  vruntime(entity: SchedEntity): number {
    return this.of(entity).vruntime;
  }

  private of(entity: SchedEntity): Share {
    let share = this.shares.get(entity);
    if (share === undefined) this.shares.set(entity, (share = new Share(entity)));
    return share;
  }

  /** A job went from its entity's line: the entity moves to its new place, or out of the tree with its lead over the least. */
  private left(share: Share): void {
    this.tree.splice(this.tree.indexOf(share), 1);
    if (!mutant("sched-fair-forgets-runtime")) share.account();
    if (--share.queued > 0) {
      this.insert(share);
      return;
    }
    const least = this.tree[0]?.vruntime ?? 0;
    share.vruntime = this.tree.length > 0 && share.vruntime > least ? share.vruntime - least : 0;
  }

  /** An entity comes back. One that was first has its place decided by priority, then by whose jobs are shorter. */
  private restore(share: Share): void {
    const least = this.tree[0]!.vruntime;
    if (share.vruntime === 0 && !mutant("sched-fair-head-first")) {
      const { priority } = share.entity;
      const head = this.headPriority;
      if (priority > head) share.vruntime = (1 + share.average.us + this.average.us) * US * 2 ** share.shift;
      else if (priority < head) share.vruntime = (priority - head) * US;
      else if (share.average.us < this.average.us) share.vruntime = -1;
    }
    share.vruntime += least;
  }

  private insert(share: Share): void {
    share.place = ++this.places;
    const { tree } = this;
    let at = tree.length;
    while (at > 0 && share.vruntime < tree[at - 1]!.vruntime) at--;
    tree.splice(at, 0, share);
  }
}
