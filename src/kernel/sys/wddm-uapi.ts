/**
 * Requests that only Windows has, by the names of the D3DKMT thunks. The others stand for thunks too: see the table in src/kernel/wddm/README.md. On Linux they are no requests (-EINVAL).
 */

/** What Task Manager and GPUView show of one node (engine). Times in ns, since boot. */
export interface NodeStatisticsReport {
  readonly name: string;
  readonly busyNs: number;
  readonly submitted: number;
  readonly completed: number;
  readonly resubmitted: number;
  readonly preemptions: number;
  readonly preemptionNs: number;
  readonly longestPreemptionNs: number;
  /** Registers and shared memory that preempted work has left in memory, bytes. */
  readonly savedBytes: number;
  readonly contextSwitches: number;
  /** Packets with the hardware, and packets that wait for it. */
  readonly hardwareQueue: number;
  readonly softwareQueue: number;
}

/** What is known of one process on an adapter. */
export interface ProcessStatisticsReport {
  readonly pid: number;
  readonly name: string;
  /** Resets that its work caused. */
  readonly resets: number;
  readonly runningNs: number;
  /** Bytes on its residency lists. */
  readonly residentBytes: number;
}

/** D3DKMTQueryStatistics, in one piece. */
export interface WddmStatistics {
  readonly hardwareScheduling: boolean;
  /** D3DKMDT_COMPUTE_PREEMPTION granularity. */
  readonly computePreemption: number;
  readonly nodes: readonly NodeStatisticsReport[];
  readonly processes: readonly ProcessStatisticsReport[];
  readonly engineResets: number;
  readonly adapterResets: number;
  readonly pageFaults: number;
  readonly devicesRemoved: number;
  readonly pagedIn: number;
  readonly pagedOut: number;
}

/** Argument types of the requests. */
export interface WddmIoctlTable {
  D3DKMT_QUERY_STATISTICS: { statistics: WddmStatistics | null };
  /** OUT state: D3DKMT_DEVICEEXECUTION_STATE of a context's device. */
  D3DKMT_GET_DEVICE_STATE: { readonly context: number; state: string };
  /** -7 to +7 beside what the queue was made with. */
  D3DKMT_SET_CONTEXT_IN_PROCESS_SCHEDULING_PRIORITY: { readonly queue: number; readonly priority: number };
  /** Hardware scheduling only. Bands: 0 IDLE, 1 NORMAL, 2 FOCUS, 3 REALTIME; the last two need the privilege to raise priorities (-EACCES). Times in units of 100 ns. */
  D3DKMT_SET_CONTEXT_SCHEDULING_PROPERTIES: {
    readonly queue: number;
    readonly band: number;
    readonly realtimeBandPriorityLevel: number;
    readonly inProcessPriority: number;
    readonly quantum: number;
    readonly gracePeriodSamePriority: number;
    readonly gracePeriodLowerPriority: number;
  };
  /** What DxgkDdiSetupPriorityBands hands to the GPU. Times in units of 100 ns, one a band; needs the privilege. */
  D3DKMT_SETUP_PRIORITY_BANDS: {
    readonly gracePeriodForBand: readonly number[];
    readonly processQuantumForBand: readonly number[];
    readonly processGracePeriodForBand: readonly number[];
    readonly targetNormalBandPercentage: number;
  };
  /**
   * A monitored fence: `fence` is a syncobj handle whose points are values; `memory` a buffer object whose first u64 is CurrentValue, the second MonitoredValue. Wait for it as for any syncobj.
   */
  D3DKMT_CREATE_MONITORED_FENCE: { readonly initialValue: number; fence: number; memory: number };
  D3DKMT_SIGNAL_SYNC_OBJECT_FROM_CPU: { readonly fence: number; readonly value: number };
  /** After everything submitted to the queue so far. */
  D3DKMT_SIGNAL_SYNC_OBJECT_FROM_GPU: { readonly queue: number; readonly fence: number; readonly value: number };
  /** OUT value: what waiters see. */
  D3DKMT_QUERY_MONITORED_FENCE: { readonly fence: number; value: number };
  /** OUT status: 0, STATUS_PENDING or STATUS_NO_MEMORY with bytesToTrim. */
  D3DKMT_MAKE_RESIDENT: { readonly context: number; readonly handles: readonly number[]; readonly cantTrimFurther: boolean; status: number; bytesToTrim: number };
  D3DKMT_EVICT: { readonly context: number; readonly handles: readonly number[]; bytesToTrim: number };
  D3DKMT_OFFER_ALLOCATIONS: { readonly handles: readonly number[] };
  /** OUT discarded: for each handle, whether its contents are lost. */
  D3DKMT_RECLAIM_ALLOCATIONS2: { readonly handles: readonly number[]; discarded: boolean[] };
  /** OUT: budget and use of the caller's process in a segment group, bytes. */
  D3DKMT_QUERY_VIDEO_MEMORY_INFO: { readonly segment: "local" | "non-local"; budget: number; currentUsage: number };
  /** Bytes to trim are added to the u32 at `address` in KiB, and its waiters are woken. 0 takes the callback away. */
  D3DKMT_REGISTER_TRIM_NOTIFICATION: { readonly address: number };
}
