import type { DeviceCode, LoadedCode } from "../../compiler/abi.ts";
import type { IoctlTable } from "../sys/uapi.ts";
import type { GpuContext } from "./context.ts";
import type { GpuJob } from "./gpu-job.ts";
import { SchedEntity } from "./sched/entity.ts";
import { QueueTimeline } from "./timeline.ts";

type CreateArgs = IoctlTable["GLASS_EXEC_QUEUE_CREATE"];

/** Urgency of a priority band is its number times this; `level` refines it. */
const BAND = 65536;
/** Bound of `level` either way. */
export const MAX_LEVEL = 32767;

/** A line of jobs that a program submits to: a scheduler entity with a timeline. Lives while it has a handle or unfinished jobs. */
export class ExecQueue {
  readonly context: GpuContext;
  readonly engine: "compute" | "copy";
  readonly entity: SchedEntity;
  readonly timeline: QueueTimeline = new QueueTimeline();
  readonly label: string;
  readonly priority: number;
  readonly level: number;
  /** Number over all queues of the device, for traces. */
  readonly id: number;
  /** Jobs on the engines. */
  readonly running: GpuJob[] = [];
  private open = true;
  private freed = false;
  private lastCode: DeviceCode | null = null;
  private lastLoaded: LoadedCode | null = null;

  constructor(context: GpuContext, args: CreateArgs) {
    const device = context.file.device;
    this.context = context.get();
    this.engine = args.engine;
    this.label = args.label;
    this.priority = args.priority;
    this.level = args.level;
    this.id = device.nextQueueId();
    this.entity = new SchedEntity(device.core.fences, device.driver, `${args.engine} ${this.id}`, args.order === "in-order", args.priority * BAND + args.level + context.file.slice.urgencyShift);
    this.entity.guilty = context.fault !== null;
    context.queues.add(this);
    device.counts.queues++;
  }

  /** The program's code, loaded into this machine. */
  load(code: DeviceCode): LoadedCode {
    if (code !== this.lastCode) {
      this.lastLoaded = this.context.file.code.load(code);
      this.lastCode = code;
    }
    return this.lastLoaded!;
  }

  /** The handle goes. Submitted jobs go on. */
  close(): void {
    this.open = false;
    this.freeIfIdle();
  }

  /** The owner was killed: queued jobs end without running, running ones are taken off the engines. */
  kill(): void {
    this.entity.kill();
    this.killRunning();
  }

  killRunning(): void {
    for (const job of [...this.running]) job.abort();
  }

  /** Called when a job has ended. */
  freeIfIdle(): void {
    if (this.open || this.freed || !this.entity.idle) return;
    this.freed = true;
    this.context.queues.delete(this);
    this.context.file.device.counts.queues--;
    this.context.put();
  }
}
