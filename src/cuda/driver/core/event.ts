import type { Caller } from "../../../api/caller.ts";
import type { SyncPoint } from "../../../kernel/sys/uapi.ts";
import type { CUevent } from "../../abi/driver/types.ts";
import type { Captured } from "./capture-state.ts";
import type { Context } from "./context.ts";
import type { SharedEvent } from "./shared-event.ts";
import type { Stream } from "./stream.ts";

/** What an event's latest record captured. */
export interface Recorded {
  /** Points of `device`'s file; all reached: the event has happened. */
  readonly points: readonly SyncPoint[];
  readonly stream: Stream;
  /** Slot of time stamps, or 0 without timing. */
  readonly stamps: number;
  done: boolean;
}

/** An event: the content of a stream at one moment, and when it was over. */
export class Event {
  handle: CUevent = 0;
  readonly context: Context;
  readonly flags: number;
  /** Records of this process; of an interprocess event `shared` has the latest of any. */
  recorded: Recorded | null = null;
  readonly shared: SharedEvent | null;
  /** The record was made while its stream captured: these nodes, and nothing of the machine's. */
  captured: Captured | null = null;

  constructor(context: Context, flags: number, shared: SharedEvent | null = null) {
    this.context = context;
    this.flags = flags;
    this.shared = shared;
  }

  /** Forgets the latest record; its slot is free once the work that writes to it is over. */
  forget(): void {
    const old = this.recorded;
    this.recorded = null;
    this.captured = null;
    if (old === null || old.stamps === 0) return;
    if (old.done) this.context.driver.slots.give(old.stamps);
    else this.context.retiredStamps.push(old.stamps);
  }

  /** Takes the event out of its context. Work that waits for it is not touched. */
  release(t: Caller): void {
    this.forget();
    this.shared?.destroy(t);
    this.context.events.delete(this);
    this.context.driver.events.remove(this.handle);
  }
}
