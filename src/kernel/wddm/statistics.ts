import type { WddmStatistics } from "../sys/wddm-uapi.ts";
import type { WddmAdapter } from "./adapter.ts";
import { D3DKMDT_COMPUTE_PREEMPTION as Granularity } from "./constants.ts";
import type { GpuProfile } from "../../gpu/profile.ts";

/** Granularity of an adapter's compute preemption: the D3DKMDT_COMPUTE_PREEMPTION value of its profile. */
export function computePreemption(profile: GpuProfile): number {
  switch (profile.preemption) {
    case "none": return Granularity.NONE;
    case "dma-buffer": return Granularity.DMA_BUFFER_BOUNDARY;
    case "dispatch": return Granularity.DISPATCH_BOUNDARY;
    case "thread-group": return Granularity.THREAD_GROUP_BOUNDARY;
    case "instruction": return Granularity.SHADER_BOUNDARY;
  }
}

/** What GPUView and Task Manager would show of an adapter now. */
export function statistics(adapter: WddmAdapter): WddmStatistics {
  return {
    hardwareScheduling: adapter.hardwareScheduling,
    computePreemption: computePreemption(adapter.gpu.gpu.profile),
    nodes: adapter.nodes.map((node) => ({
      name: node.name, ...node.statistics, hardwareQueue: node.hardware.length, softwareQueue: node.ready.length + node.pagingAgain.length,
    })),
    processes: adapter.knownProcesses().map((process) => ({ pid: process.pid, name: process.name, resets: process.resets, runningNs: process.runningNs, residentBytes: adapter.vidmm.usage(process) })),
    ...adapter.tdr.statistics,
    pagedIn: adapter.vidmm.statistics.pagedIn,
    pagedOut: adapter.vidmm.statistics.pagedOut,
  };
}
