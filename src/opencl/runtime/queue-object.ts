import type { Caller } from "../../api/caller.ts";
import { CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE, CL_QUEUE_PROFILING_ENABLE } from "../abi/constants.ts";
import type { ContextObject, Slot } from "./context-object.ts";
import type { EventObject } from "./event.ts";
import { ClObject } from "./object.ts";
import { stateOf } from "./state.ts";
import { Timeline } from "./timeline.ts";

/** What a queue was asked to be. */
export interface QueueOptions {
  /** CL_QUEUE_* bits. */
  readonly properties: number;
  /** The list it was created with, for CL_QUEUE_PROPERTIES_ARRAY. */
  readonly list: readonly number[] | null;
  /** Kernel priority: 1 high, 2 normal, 3 low. */
  readonly priority: 1 | 2 | 3;
}

/** A cl_command_queue: an exec queue of the kernel, and the commands whose end the host has not seen. */
export class QueueObject extends ClObject {
  readonly context: ContextObject;
  readonly slot: Slot;
  readonly options: QueueOptions;
  readonly outOfOrder: boolean;
  readonly profiling: boolean;
  /** Kernel handle. */
  exec = 0;
  timeline: Timeline | null = null;
  /** Timelines of exec queues that a ban took away. */
  private readonly oldTimelines: Timeline[] = [];
  /** Commands in the order of enqueueing; ended ones are dropped from the front. */
  readonly open: EventObject[] = [];
  /** Out of order: what all later commands come after (the last barrier). */
  gate: EventObject | null = null;
  /** strictFlush: commands not yet given to the kernel, and whether a flush asked for them. */
  readonly held: EventObject[] = [];
  flushed = false;

  private readonly internal: boolean;

  /** @param internal a queue of the context's own: it does not keep the context */
  constructor(context: ContextObject, slot: Slot, options: QueueOptions, internal: boolean = false) {
    super(internal ? null : context);
    this.internal = internal;
    this.context = context;
    this.slot = slot;
    this.options = options;
    this.outOfOrder = (options.properties & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE) !== 0;
    this.profiling = (options.properties & CL_QUEUE_PROFILING_ENABLE) !== 0;
  }

  protected get parent(): ContextObject | null {
    return this.internal ? null : this.context;
  }

  /** Makes the exec queue. @returns 0 or a negative errno. */
  start(t: Caller, label: string): number {
    const arg = {
      context: this.slot.glass, engine: this.internal ? ("copy" as const) : ("compute" as const), order: this.outOfOrder ? ("out-of-order" as const) : ("in-order" as const),
      priority: this.options.priority, level: 0, label, queue: 0, timeline: 0,
    };
    const result = t.sys.ioctl(this.slot.device.fd, "GLASS_EXEC_QUEUE_CREATE", arg);
    if (result < 0) return result;
    if (this.timeline !== null) this.oldTimelines.push(this.timeline);
    this.exec = arg.queue;
    this.timeline = new Timeline(this.slot, arg.timeline);
    stateOf(t).queuesAlive.add(this);
    return 0;
  }

  protected dispose(t: Caller): void {
    stateOf(t).queuesAlive.delete(this);
    t.sys.ioctl(this.slot.device.fd, "GLASS_EXEC_QUEUE_DESTROY", { queue: this.exec });
    this.timeline?.dispose(t);
    for (const timeline of this.oldTimelines) timeline.dispose(t);
  }
}
