/** One number of the cost model. */
export interface Cost {
  readonly value: number;
  readonly unit: "ns" | "ns/KiB" | "bytes/s";
  /** Where it is from. MODEL: chosen by us. */
  readonly source: string;
}

/**
 * What things cost in virtual time. Tests rely on order and ratio, never on a value. Rates of GPUs stand in their profiles.
 */
export const costTable = {
  syscall: { value: 150, unit: "ns", source: "system call entry and exit on current x86, 100 to 200 ns" },
  ioctl: { value: 400, unit: "ns", source: "MODEL: syscall plus argument copy and handle look-up" },
  submit: { value: 1500, unit: "ns", source: "MODEL: job submission in a DRM driver, part of the 2 to 5 us that enqueueing a kernel takes" },
  launchOverhead: { value: 2500, unit: "ns", source: "MODEL: doorbell to first work-group; launch to start is about 5 us in all" },
  marker: { value: 500, unit: "ns", source: "MODEL: a semaphore or time stamp command of a queue" },
  copySetup: { value: 1000, unit: "ns", source: "MODEL: descriptor fetch and start of a copy engine" },
  irq: { value: 2000, unit: "ns", source: "interrupt to fence signal, 2 to 5 us" },
  futexWake: { value: 5000, unit: "ns", source: "futex wake to run, about 5 us" },
  schedSwitch: { value: 2000, unit: "ns", source: "CPU context switch, 1 to 3 us" },
  apiCall: { value: 100, unit: "ns", source: "MODEL: a user-mode driver call that needs no kernel" },
  fork: { value: 60_000, unit: "ns", source: "MODEL: fork of a small process, 50 to 100 us; copying its memory is not counted" },
  exec: { value: 300_000, unit: "ns", source: "MODEL: exec of a dynamically linked program, 0.3 to 1 ms" },
  mmap: { value: 1000, unit: "ns", source: "MODEL: mmap of untouched memory" },
  gemCreate: { value: 2000, unit: "ns", source: "MODEL: allocating a buffer object; clearing it is the GPU's work" },
  vmBind: { value: 2000, unit: "ns", source: "MODEL: page table update" },
  tlbFlush: { value: 2000, unit: "ns", source: "GPU TLB invalidation, 1 to 10 us" },
  iommuMap: { value: 300, unit: "ns", source: "MODEL: IOMMU page table update of one range" },
  pageFault: { value: 30_000, unit: "ns", source: "far page fault service of a GPU, 20 to 50 us" },
  pageFaultPage: { value: 1000, unit: "ns", source: "MODEL: one page of a fault batch, beside the batch's own time" },
  migrateSetup: { value: 10_000, unit: "ns", source: "MODEL: setting up the copy of one 2 MiB block of a migration" },
  ioPageRequest: { value: 5000, unit: "ns", source: "MODEL: PRI page request to page response" },
  hostCopy: { value: 100, unit: "ns/KiB", source: "MODEL: memcpy at 10 GB/s on one core" },
  contextCreate: { value: 150_000_000, unit: "ns", source: "creating a CUDA context takes 100 to 300 ms" },
  contextSwitch: { value: 2000, unit: "ns", source: "MODEL: the firmware's part in stopping a context; carrying its state comes on top: register files and shared memory over the bandwidth of the GPU's memory" },
  mpsRpc: { value: 50_000, unit: "ns", source: "MODEL: one exchange with the MPS control daemon over its socket, two thread switches each way" },
  mpsServerStart: { value: 200_000_000, unit: "ns", source: "MODEL: an MPS server starts and creates its contexts, as long as creating a context takes" },
  engineReset: { value: 5_000_000, unit: "ns", source: "MODEL: engine reset" },
} as const;

// Every row is a Cost.
costTable satisfies Readonly<Record<string, Cost>>;

/** What has a cost of its own. */
export type CostName = keyof typeof costTable;
/** Values by name, nanoseconds (or as the table says). */
export type Costs = { readonly [K in CostName]: number };

/** The table's values, some replaced. */
export function makeCosts(overrides: Partial<Costs> = {}): Costs {
  // A copy of an object is many times cheaper than filling one key by key, and machines are made by the thousand.
  const costs = { ...defaults };
  for (const name of Object.keys(overrides) as CostName[]) costs[name] = overrides[name] ?? defaults[name];
  return costs;
}

const defaults = Object.fromEntries(Object.entries(costTable).map(([name, { value }]) => [name, value])) as Record<CostName, number>;
