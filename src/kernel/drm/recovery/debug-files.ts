import { Errno } from "../../errors.ts";
import type { GpuDevice } from "../device.ts";
import { directory, text, type Directory, type TextFile, type TreeEntry } from "../files/tree.ts";
import type { DrmScheduler } from "../sched/scheduler.ts";

function hex(n: number): string {
  return `0x${(n >>> 0).toString(16).padStart(8, "0")}`;
}

/** amdgpu_fence_info: what each ring has taken and finished. */
function fenceInfo(device: GpuDevice): string {
  return device.schedulers.map((s, i) => `--- ring ${i} (${s.name}) ---\nLast signaled fence ${hex(s.freed)}\nLast emitted        ${hex(s.started)}\n`).join("");
}

/** amdgpu_ring_<name>: read and write pointers, then the jobs that are in it. The real file is those words in binary. */
function ring(scheduler: DrmScheduler): string {
  const rows = scheduler.pending.jobs().map((job, i) => `[${hex(scheduler.freed + i)}] fence=${job.finished.context.id}:${job.finished.seqno} credits=${job.credits} client=${job.clientId}\n`);
  return `rptr: ${hex(scheduler.freed)}\nwptr: ${hex(scheduler.started)}\ndriver wptr: ${hex(scheduler.started)}\n${rows.join("")}`;
}

/** amdgpu_error_<name>: a number written here is the error that everything now in the ring ends with, if it ends well otherwise. */
function injection(scheduler: DrmScheduler): TextFile {
  return {
    read: () => -Errno.EACCES,
    write: (given) => {
      const error = Number(given.trim());
      if (!Number.isInteger(error) || error > -1 || error < -4095) return -Errno.EINVAL;
      scheduler.injectError(error);
      return given.length;
    },
  };
}

/** gpu_recovery is ours: how often a context was stopped in the middle for another, and how long that took on average. */
function recovery(device: GpuDevice): string {
  const { count, delayNs, averageNs, savedBytes } = device.gpu.compute.turns.preemption;
  const { engineResets, adapterResets, vramLosses, wedged } = device.recovery;
  return `${[
    `preempt_count=${count}`,
    `avg_delay=${Math.round(averageNs / 1000)}us`,
    `total_delay=${Math.round(delayNs / 1000)}us`,
    `saved_bytes=${savedBytes}`,
    `reset_count=${device.resets}`,
    `engine_resets=${engineResets}`,
    `adapter_resets=${adapterResets}`,
    `vram_lost=${vramLosses}`,
    `wedged=${wedged ? 1 : 0}`,
  ].join("\n")}\n`;
}

/** gpu_recover: reading it resets the adapter. The answer is the reset's result. */
function recover(device: GpuDevice): string {
  device.recovery.reset(null);
  return `${device.recovery.wedged ? -Errno.ENODEV : 0}\n`;
}

/** gpu_wedge is ours (i915 has i915_wedged): a 1 written here loses the device. */
function wedge(device: GpuDevice): TextFile {
  return {
    read: () => `${device.recovery.wedged ? 1 : 0}\n`,
    write: (given) => {
      if (given.trim() !== "1") return -Errno.EINVAL;
      device.recovery.wedge();
      return given.length;
    },
  };
}

function entries(device: GpuDevice): Readonly<Record<string, TreeEntry>> {
  const own: Record<string, TreeEntry> = {
    fence_info: text(() => fenceInfo(device)),
    gpu_recover: text(() => recover(device)),
    gpu_recovery: text(() => recovery(device)),
    gpu_wedge: wedge(device),
  };
  for (const scheduler of device.schedulers) {
    own[`ring_${scheduler.name}`] = text(() => ring(scheduler));
    own[`error_${scheduler.name}`] = injection(scheduler);
  }
  return { ...own, ...(device.driver === "amdgpu" ? Object.fromEntries(Object.entries(own).map(([name, entry]) => [`amdgpu_${name}`, entry])) : {}) };
}

/** Recovery's share of /sys/kernel/debug/dri: each device by number and by PCI address. */
export function recoveryTree(devices: readonly GpuDevice[]): Directory {
  return directory(() => Object.fromEntries(devices.flatMap((device) => {
    const entry = directory(() => entries(device));
    return [[String(device.index), entry], [String(128 + device.index), entry], [device.name, entry]];
  })));
}
