/** What VidSch moves about (GPUView's packet types). `preemption` packets carry no work: they are the request to stop. */
export type PacketType = "render" | "compute" | "present" | "paging" | "preemption";

/** The process that a context belongs to, as hardware scheduling needs it. */
export interface SchedProcess {
  readonly pid: number;
}

/** One application's hold on an adapter (D3DKMT device): what is removed when its work goes wrong, and what must be resident before any of its contexts runs. */
export interface SchedDevice {
  readonly process: SchedProcess;
}

/** How hardware scheduling treats a context (DXGKARG_SETCONTEXTSCHEDULINGPROPERTIES). Times in ns. */
export interface SchedulingProperties {
  /** A `Band`. */
  readonly band: 0 | 1 | 2 | 3;
  /** 0 to 31, inside REALTIME only. */
  readonly realtimeBandPriorityLevel: number;
  /** -7 to +7: among the contexts of one process. */
  readonly inProcessPriority: number;
  /** Time among contexts of the same process and priority. */
  readonly quantumNs: number;
  /** Time left to a running context when an equally urgent one of its process has its turn; when a more urgent one comes. */
  readonly gracePeriodSamePriorityNs: number;
  readonly gracePeriodLowerPriorityNs: number;
}

/** A line of packets for one node (D3DKMT context). */
export interface SchedContext {
  readonly id: number;
  /** Its packets run in the order they came; else any ready one may be next. */
  readonly inOrder: boolean;
  readonly device: SchedDevice;
  /** Software priority, 0 to 31; PAGING_PRIORITY for the memory manager's own. */
  priority: number;
  properties: SchedulingProperties;
  /** The node's own note: when it had its last turn. */
  lastTurn: number;
}

/** What a packet makes its engine do. */
export interface DmaWork {
  /** For traces. */
  readonly label: string;
  /** Begins. It answers through `VidSchNode.completed`, never from inside. False: it was not to run any more, and is over. */
  begin(): boolean;
  /** Stops where it is, as soon as the hardware can; `stopped` unless it ends before. */
  suspend(stopped: () => void): void;
  /** Goes on where it stopped. */
  resume(): void;
  /** What a preemption of it costs: saving its state, ns; and loading it again. */
  saveNs(): number;
  restoreNs(): number;
  /** Size of that state, bytes. */
  savedBytes(): number;
}

/** A packet: work of a context, on its way to a node. */
export class Packet {
  readonly type: Exclude<PacketType, "preemption">;
  readonly context: SchedContext;
  readonly work: DmaWork;
  /** Order of arrival at the node. */
  readonly sequence: number;
  /** The submission's fence; 0 before the first. Paging packets keep theirs over a preemption, others get a new one. */
  fenceId = 0;
  /** DXGK_SUBMITCOMMANDFLAGS of the last submission. */
  flags = 0;
  /** Flags of ours that it is submitted with (DXGK_SUBMIT_PREEMPT), beside those; 0: nobody was asked. */
  ownFlags = 0;
  /** Less urgent work is preempted for it at once. */
  preempts = true;
  /** Whether its work has begun. */
  begun = false;
  /** How often it was preempted. */
  preempted = 0;
  readonly queuedAt: number;
  /** Since when it is ready: arrival, or the last preemption. */
  readyAt: number;
  /** Time on the engine so far, ns; and what of it its process was charged. */
  ranNs = 0;
  accountedNs = 0;

  constructor(type: Exclude<PacketType, "preemption">, context: SchedContext, work: DmaWork, sequence: number, now: number) {
    this.type = type;
    this.context = context;
    this.work = work;
    this.sequence = sequence;
    this.queuedAt = now;
    this.readyAt = now;
  }
}
