/**
 * The operating system of the simulated machine, for those who study or test it: processes, files, memory, time, choices, traces.
 * @packageDocumentation
 */
export { Kernel, type KernelOptions, type OsPersonality, type Subsystem } from "./machine.ts";
export { Errno, errnoName, EmulatorBug, DeadlockError, type ErrnoName, type Stuck } from "./errors.ts";
export { Choices, firstStrategy, replayStrategy, seededStrategy, type Strategy } from "./choices.ts";
export { EventQueue, type Clock, type EventHandle, type EventOrder } from "./clock.ts";
export { costTable, makeCosts, type Cost, type CostName, type Costs } from "./costs.ts";
export { CAPABILITIES, ROOT, userCredentials, type Capability, type Credentials } from "./process/cred.ts";
export { SCHED_FIFO, SCHED_OTHER, SCHED_RR } from "./process/sched-policy.ts";
export { Signal } from "./signal/numbers.ts";
export { SA_RESTART, SIG_DFL, SIG_IGN, type SigAction, type SigInfo, type SignalHandler } from "./signal/state.ts";
export { Cgroup, CgroupTree } from "./cgroup/cgroup.ts";
export { DmemController, DmemPool, DmemRegion, type DmemCharge } from "./cgroup/dmem.ts";
export { Process, type ExitStatus } from "./process/process.ts";
export { Thread, type ThreadState } from "./process/thread.ts";
export { WaitQueue, type Blocking, type WaitRequest, type WakeReason } from "./process/wait.ts";
export { AddressSpace, type SystemMemory, type MmuNotifier } from "./mm/address-space.ts";
export { Tracer, type TraceEvent, type TraceContext } from "./trace/tracer.ts";
export { Vfs, type FileProvider, type NodeOpen } from "./fs/vfs.ts";
export { OpenFile, type FileDriver, type MappableRange, type SysCaller } from "./fs/file.ts";
export type { Sys, ThreadBody } from "./sys/sys.ts";
export type * from "./sys/uapi.ts";
export type { NvIoctlTable } from "./sys/nv-uapi.ts";
export { ttmBoAlloc, ttmBoFree, type BoAllocation, type BoAllocOptions } from "./ttm/bo-alloc.ts";
export { PCI_ANY_ID, PciBus, pciName, type PciFunction } from "./pci/bus.ts";
export { drmSchedMain, loopSteps, type LoopStep } from "./drm/sched/main-loop.ts";
export { DXGK_SUBMIT_PREEMPT, DXGK_SUBMITCOMMANDFLAGS } from "./wddm/constants.ts";
export type { SubmitCommand, WddmOptions } from "./wddm/options.ts";
export type { TtmOptions } from "./ttm/options.ts";
