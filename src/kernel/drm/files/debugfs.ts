import type { GpuDevice } from "../device.ts";
import type { DrmScheduler } from "../sched/scheduler.ts";
import { memoryFiles } from "../../ttm/debug-files.ts";
import { directory, text, type Directory, type TreeEntry } from "./tree.ts";

/** Width of the column of client names. */
const NAME_WIDTH = 37;

function clients(device: GpuDevice): string {
  const head = `${"command".padStart(20)} ${"tgid".padStart(5)} ${"dev".padStart(3)} master a ${"uid".padStart(5)} ${"magic".padStart(10)} ${"name".padStart(NAME_WIDTH)} id\n`;
  const rows = [...device.files].map((file) => {
    const minor = file.minor === "primary" ? device.index : 128 + device.index;
    const { auth } = file;
    const name = file.clientName === "" ? "<unset>" : file.clientName;
    return `${file.command.padStart(20)} ${String(file.pid).padStart(5)} ${String(minor).padStart(3)}   ${auth.isCurrentMaster ? "y" : "n"}    ${auth.authenticated ? "y" : "n"} ${String(file.uid).padStart(5)} ${String(auth.magic).padStart(10)} ${name.padStart(NAME_WIDTH)} ${file.clientId}\n`;
  });
  return head + rows.join("");
}

function gemNames(device: GpuDevice): string {
  const rows = [...device.names].map(([name, object]) => `${String(name).padStart(6)} ${String(object.size).padStart(8)} ${String(object.handleCount).padStart(7)} ${String(object.refcount).padStart(8)}\n`);
  return `  name     size handles refcount\n${rows.join("")}`;
}

function fenceInfo(device: GpuDevice): string {
  const word = (n: number): string => `0x${n.toString(16).padStart(8, "0")}`;
  const ring = (scheduler: DrmScheduler, i: number): string => `--- ring ${i} (${scheduler.name}) ---\nLast signaled fence ${word(scheduler.freed)}\nLast emitted        ${word(scheduler.started)}\n`;
  return [device.computeScheduler, device.copyScheduler, device.markerScheduler].map(ring).join("");
}

/** Our own file: how often a context was stopped in the middle for another, and what that cost on average. */
function recovery(device: GpuDevice): string {
  const { preemptions, preemptionNs } = device.gpu.compute.turns;
  return `preempt_count=${preemptions}\navg_delay=${preemptions === 0 ? 0 : Math.round(preemptionNs / preemptions / 1000)}us\nreset_count=${device.resets}\n`;
}

/** Our own file: what serving page faults has done since the machine was made. */
function svmInfo({ batches, pages }: GpuDevice): string {
  const { faults, batches: served, pages: serviced, bytes } = batches.counts;
  return `faults ${faults}\nbatches ${served}\npages_serviced ${serviced}\nbytes_over_bus ${bytes}\nmigrated_to_device ${pages.counts.toDevice}\nmigrated_to_ram ${pages.counts.toRam}\nresident_bytes ${pages.bytes}\n`;
}

/** Reading it resets the GPU: all running work is lost, and the contexts it belongs to are banned. */
function recover(device: GpuDevice): string {
  device.reset();
  return "0\n";
}

function deviceEntries(device: GpuDevice): Readonly<Record<string, TreeEntry>> {
  const own: Record<string, TreeEntry> = {
    ...memoryFiles(device),
    svm_info: text(() => svmInfo(device)),
    fence_info: text(() => fenceInfo(device)),
    gpu_recover: text(() => recover(device)),
    gpu_recovery: text(() => recovery(device)),
  };
  return {
    name: text(() => `${device.driver} dev=${device.name} unique=${device.name}\n`),
    clients: text(() => clients(device)),
    gem_names: text(() => gemNames(device)),
    ...own,
    ...(device.driver === "amdgpu" ? Object.fromEntries(Object.entries(own).map(([name, entry]) => [`amdgpu_${name}`, entry])) : {}),
  };
}

/** /sys/kernel/debug/dri: each device by number and by PCI address. */
export function debugTree(devices: readonly GpuDevice[]): Directory {
  return directory(() => Object.fromEntries(devices.flatMap((device) => {
    const entry = directory(() => deviceEntries(device));
    return [[String(device.index), entry], [String(128 + device.index), entry], [device.name, entry]];
  })));
}
