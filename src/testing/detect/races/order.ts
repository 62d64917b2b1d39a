import type { GpuJob } from "../../../kernel/drm/gpu-job.ts";
import type { ExecQueue } from "../../../kernel/drm/queue.ts";
import type { Timeline } from "../../../kernel/drm/timeline.ts";
import type { PointOf } from "../../../kernel/observe.ts";
import type { Thread } from "../../../kernel/process/thread.ts";
import { Actor, join, type VectorClock } from "./clock.ts";

/** A job as far as order goes. */
export class JobOrder {
  readonly job: GpuJob;
  /** What whoever submitted it knew. */
  private readonly known: VectorClock;
  private readonly waits: readonly PointOf[];
  private readonly before: readonly JobOrder[];
  private readonly actor: Actor;
  /** Its step of the actor. */
  readonly tick: number;
  private clock: VectorClock | null = null;

  constructor(job: GpuJob, known: VectorClock, waits: readonly PointOf[], before: readonly JobOrder[], actor: Actor) {
    this.job = job;
    this.known = known;
    this.waits = waits;
    this.before = before;
    this.actor = actor;
    this.tick = actor.tick;
    actor.step();
  }

  get actorId(): number {
    return this.actor.id;
  }

  /** What is known when it runs, itself included. Final once it has been given to an engine: all that it waits for is over then. */
  settle(order: Order): VectorClock {
    if (this.clock !== null) return this.clock;
    const clock = this.known.slice();
    for (const { timeline, point } of this.waits) join(clock, order.clockOf(timeline, point));
    for (const other of this.before) join(clock, other.settle(order));
    while (clock.length <= this.actor.id) clock.push(0);
    clock[this.actor.id] = Math.max(clock[this.actor.id]!, this.tick);
    return (this.clock = clock);
  }
}

interface QueueOrder {
  readonly inOrder: boolean;
  /** Of a queue in order, and of all queues of one stream together. */
  readonly line: { actor: Actor; last: JobOrder | null };
  readonly jobs: JobOrder[];
}

const NOTHING: VectorClock = [];

/** What happens before what: of threads, queues, timelines and keys. */
export class Order {
  private actors = 0;
  private script: Actor | null = null;
  private readonly threads = new Map<Thread, Actor>();
  private readonly queues = new Map<ExecQueue, QueueOrder>();
  private readonly streams = new Map<string, QueueOrder["line"]>();
  private readonly timelines = new Map<Timeline, Map<number, JobOrder | VectorClock>>();
  private readonly keys = new Map<object, VectorClock>();
  private readonly jobs = new Map<GpuJob, JobOrder>();

  /** Threads that plain calls drive are one line: the script makes their calls one after another. */
  actorOf(thread: Thread): Actor {
    if (!thread.simulated) return (this.script ??= this.newActor());
    let actor = this.threads.get(thread);
    if (actor === undefined) this.threads.set(thread, (actor = this.newActor()));
    return actor;
  }

  private newActor(): Actor {
    return new Actor(this.actors++);
  }

  started(child: Thread, parent: Thread | null): void {
    if (parent !== null) join(this.actorOf(child).clock, this.actorOf(parent).publish());
  }

  joined(thread: Thread, ended: Thread): void {
    join(this.actorOf(thread).clock, this.actorOf(ended).clock);
  }

  private queueOf(queue: ExecQueue): QueueOrder {
    let known = this.queues.get(queue);
    if (known !== undefined) return known;
    // A stream that has a queue for each kind of engine gives both its own name.
    const name = `${queue.context.file.clientId} ${queue.label}`;
    const inOrder = queue.entity.inOrder;
    let line = inOrder && queue.label.startsWith("stream ") ? this.streams.get(name) : undefined;
    if (line === undefined) {
      line = { actor: this.newActor(), last: null };
      if (inOrder && queue.label.startsWith("stream ")) this.streams.set(name, line);
    }
    this.queues.set(queue, (known = { inOrder, line, jobs: [] }));
    return known;
  }

  submitted(thread: Thread, job: GpuJob, waits: readonly PointOf[], wholeQueue: boolean): JobOrder {
    const queue = this.queueOf(job.queue);
    const { line } = queue;
    const before = queue.inOrder ? (line.last === null ? [] : [line.last]) : wholeQueue ? queue.jobs.slice() : [];
    const known = this.actorOf(thread).publish();
    const order = new JobOrder(job, known, waits, before, queue.inOrder ? line.actor : this.newActor());
    line.last = order;
    queue.jobs.push(order);
    this.jobs.set(job, order);
    this.pointsOf(job.queue.timeline).set(job.point, order);
    return order;
  }

  jobOf(job: GpuJob): JobOrder | undefined {
    return this.jobs.get(job);
  }

  signaled(thread: Thread, timeline: Timeline, point: number): void {
    this.pointsOf(timeline).set(point, this.actorOf(thread).publish());
  }

  saw(thread: Thread, timeline: Timeline, point: number): void {
    join(this.actorOf(thread).clock, this.clockOf(timeline, point));
  }

  sawQueue(thread: Thread, queue: ExecQueue): void {
    const { clock } = this.actorOf(thread);
    for (const job of this.queues.get(queue)?.jobs ?? []) join(clock, job.settle(this));
  }

  released(thread: Thread, key: object): void {
    const known = this.keys.get(key) ?? [];
    join(known, this.actorOf(thread).publish());
    this.keys.set(key, known);
  }

  acquired(thread: Thread, key: object): void {
    const known = this.keys.get(key);
    if (known !== undefined) join(this.actorOf(thread).clock, known);
  }

  /** What is known when a point is reached. */
  clockOf(timeline: Timeline, point: number): VectorClock {
    const found = this.timelines.get(timeline)?.get(point);
    if (found === undefined) return NOTHING;
    return found instanceof JobOrder ? found.settle(this) : found;
  }

  private pointsOf(timeline: Timeline): Map<number, JobOrder | VectorClock> {
    let points = this.timelines.get(timeline);
    if (points === undefined) this.timelines.set(timeline, (points = new Map()));
    return points;
  }
}
