import type { SyncPoint } from "../../../kernel/sys/uapi.ts";
import type { CUstream } from "../../abi/driver/types.ts";
import { NO_TIPS, type Capture, type Tip } from "./capture-state.ts";
import type { Context } from "./context.ts";
import type { Queue } from "./device.ts";
import type { HostLine } from "./host-work.ts";

/** No wait. Shared: never written to. */
export const NO_POINTS: readonly SyncPoint[] = Object.freeze([]);

/**
 * A stream: work that runs in order. Kernels and copies go to different engines, so it has up to two in-order queues; work on one waits for the last work on
 * the other through its timeline. `tail` is the last work of all.
 */
export class Stream {
  /** 0 until it is filed; CU_STREAM_LEGACY and CU_STREAM_PER_THREAD for the default streams. */
  handle: CUstream = 0;
  readonly context: Context;
  readonly flags: number;
  priority: number;
  readonly id: bigint;
  /** The context's one legacy default stream. */
  readonly isLegacy: boolean;
  /** Synchronises with the legacy default stream. */
  readonly blocking: boolean;
  compute: Queue | null = null;
  copy: Queue | null = null;
  /** Timeline (syncobj of the context's device file) and point of the last work; timeline 0: there never was any. */
  tail = 0;
  tailPoint = 0;
  /** The last work is known to have ended. */
  idle = true;
  /** Work of other streams that the next work must wait for. */
  waits: readonly SyncPoint[] = NO_POINTS;
  /** The context's sequence number at the stream's last action. */
  touched = 0;
  /** The legacy stream's `touched` that this stream has already waited for. */
  legacySeen = 0;
  destroyed = false;
  /** The capture that takes its work, and the nodes that the next one depends on. */
  capture: Capture | null = null;
  tips: readonly Tip[] = NO_TIPS;
  /** Host functions of this stream, once it had one. */
  host: HostLine | null = null;
  /** Attributes that the model keeps and does not act on. */
  syncPolicy = 1;
  accessPolicy: object | null = null;
  memSyncDomain = 0;
  memSyncDomainMap: { readonly default_: number; readonly remote: number } = { default_: 0, remote: 1 };

  constructor(context: Context, flags: number, priority: number, kind: "legacy" | "blocking" | "non-blocking", id: number) {
    this.context = context;
    this.flags = flags;
    this.priority = priority;
    this.id = BigInt(id);
    this.isLegacy = kind === "legacy";
    this.blocking = kind === "blocking";
  }

  /** Notes new last work. */
  advance(timeline: number, point: number): void {
    const context = this.context;
    this.tail = timeline;
    this.tailPoint = point;
    this.idle = false;
    this.waits = NO_POINTS;
    this.touched = ++context.sequence;
    if (this.isLegacy) context.legacySeen = this.touched;
    else this.legacySeen = context.legacy.touched;
  }
}

/** Whether a blocking stream has not yet waited for the legacy stream's last action. */
function owesLegacy(stream: Stream): boolean {
  const legacy = stream.context.legacy;
  return stream.blocking && legacy.touched > stream.legacySeen && !legacy.idle;
}

/** Points that must be reached before all work of the stream so far has ended; `except`: leave out that timeline (work on it follows in order anyway). */
export function frontier(stream: Stream, except: number = 0): readonly SyncPoint[] {
  const { context } = stream;
  const own = !stream.idle && stream.tail !== except;
  if (!own && stream.waits.length === 0 && !stream.isLegacy && !owesLegacy(stream)) return NO_POINTS;
  const points: SyncPoint[] = [];
  if (own) points.push({ syncobj: stream.tail, point: stream.tailPoint });
  for (const wait of stream.waits) points.push(wait);
  if (owesLegacy(stream)) points.push({ syncobj: context.legacy.tail, point: context.legacy.tailPoint });
  if (stream.isLegacy) {
    for (const other of context.streams) {
      if (!other.blocking || other.touched <= context.legacySeen) continue;
      if (!other.idle) points.push({ syncobj: other.tail, point: other.tailPoint });
      for (const wait of other.waits) points.push(wait);
    }
  }
  return points;
}
