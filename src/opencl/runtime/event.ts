import type { Caller } from "../../api/caller.ts";
import type { Job } from "../../kernel/sys/uapi.ts";
import { CL_QUEUED } from "../abi/constants.ts";
import type { ContextObject } from "./context-object.ts";
import { ClObject } from "./object.ts";
import type { QueueObject } from "./queue-object.ts";
import type { Timeline } from "./timeline.ts";

/** No events. */
export const NONE: readonly EventObject[] = [];
/** No objects. */
export const NOTHING: readonly ClObject[] = [];

/** Instants of a profiled command, in nanoseconds of the device's clock. */
export interface Times {
  readonly queued: number;
  readonly submit: number;
  readonly start: number;
  readonly end: number;
}

/**
 * A command, or a user event. `status` is what the host knows: CL_QUEUED until it is submitted, CL_SUBMITTED until the host sees its end
 * (the kernel knows whether it runs), then CL_COMPLETE or a negative code, for ever.
 */
export class EventObject extends ClObject {
  readonly context: ContextObject;
  readonly queue: QueueObject | null;
  /** CL_COMMAND_*. */
  readonly type: number;
  status: number = CL_QUEUED;
  /** Address of the status word while it has not ended: 0 pending, 1 ended well, 2 ended badly. */
  word = 0;
  timeline: Timeline | null = null;
  point = 0;
  /** Kernel handle of the exec queue it went to. */
  exec = 0;
  /** Commands that must end well before this one begins. */
  deps: readonly EventObject[] = NONE;
  /** Commands that must merely end (barriers, markers, initial contents). */
  after: readonly EventObject[] = NONE;
  /** Kept until it has ended. */
  retained: readonly ClObject[] = NOTHING;
  /** Host work when it has ended well, by whoever sees it first. */
  finish: ((t: Caller) => void) | null = null;
  /** Host work when it has ended in any way. */
  cleanup: ((t: Caller) => void) | null = null;
  /** Address of the kernel's time stamps, 0: not profiled. */
  stamps = 0;
  queuedAt = 0;
  times: Times | null = null;
  /** Kept while it is held back. */
  job: Job | null = null;
  label = "";
  /** A marker or barrier for everything before it in its queue. */
  whole = false;
  private exposed = false;

  constructor(context: ContextObject, queue: QueueObject | null, type: number) {
    super(null);
    this.context = context;
    this.queue = queue;
    this.type = type;
  }

  /** From now on the program may hold it. */
  expose(): void {
    this.exposed = true;
    this.context.children++;
  }

  protected get parent(): ContextObject | null {
    return this.exposed ? this.context : null;
  }

  protected dispose(): void {
    // Nothing: a status word and time stamps are given back when it ends, the rest is the collector's.
  }
}
