import type { DeviceFault } from "../../compiler/abi.ts";
import type { GpuDevice } from "../drm/device.ts";
import type { GpuJob } from "../drm/gpu-job.ts";
import type { ContextFault } from "../sys/uapi.ts";
import { LogLevel } from "./log.ts";

/** What graphics drivers say in the kernel log, in their own words. */

const DRIVER_VERSIONS: Readonly<Record<string, string>> = { amdgpu: "3.64.0", xe: "1.1.0", "nvidia-drm": "0.0.0" };

/** A GPU was found and its driver is ready. */
export function logProbe(device: GpuDevice): void {
  const { log } = device.core.kernel;
  const { profile } = device.gpu;
  const mib = Math.floor(profile.vramBytes / 2 ** 20);
  if (device.driver === "amdgpu") {
    log.printk(LogLevel.info, `amdgpu ${device.name}: amdgpu: VRAM: ${mib}M 0x0000008000000000 - 0x${(0x8000000000 + profile.vramBytes - 1).toString(16).padStart(16, "0")} (${mib}M used)`);
    log.printk(LogLevel.info, `amdgpu ${device.name}: amdgpu: SE 8, SH per SE 1, CU per SH ${Math.ceil(profile.multiprocessors / 8)}, active_cu_number ${profile.multiprocessors}`);
  } else if (device.driver === "nvidia-drm") {
    log.printk(LogLevel.info, `nvidia ${device.name}: enabling device (0000 -> 0002)`);
    log.printk(LogLevel.info, `[drm] [nvidia-drm] [GPU ID 0x${(device.pci.bus * 256 + device.pci.device * 8).toString(16).padStart(8, "0")}] Loading driver`);
  }
  log.printk(LogLevel.info, `[drm] Initialized ${device.driver} ${DRIVER_VERSIONS[device.driver]} for ${device.name} on minor ${device.index}`);
}

/** "NVRM: Xid (PCI:0000:01:00): 31, " and the process. */
function xid(device: GpuDevice, code: number, who: { readonly pid: number; readonly command: string } | null, text: string): string {
  const process = who === null ? "pid='<unknown>', name=<unknown>" : `pid=${who.pid}, name=${who.command}`;
  return `NVRM: Xid (PCI:${device.name.slice(0, -2)}): ${code}, ${process}, ${text}`;
}

/** "0x7f12_34567000" */
function split(address: bigint): string {
  const hex = address.toString(16).padStart(12, "0");
  return `0x${hex.slice(0, -8).replace(/^0+(?=.)/, "")}_${hex.slice(-8)}`;
}

const warpExceptions: { readonly [K in DeviceFault["kind"]]?: string } = {
  misaligned: "Misaligned Address", "illegal-instruction": "Illegal Instruction Encoding", "invalid-pc": "Invalid Program Counter", "stack-overflow": "Stack Error", "illegal-address": "Out Of Range Address",
};

function nvidiaLines(device: GpuDevice, job: GpuJob, reason: ContextFault["reason"], fault: DeviceFault | null): string[] {
  const { file } = job.context;
  const channel = `Ch ${job.queue.id.toString(16).padStart(8, "0")}`;
  if (reason === "reset-innocent" || reason === "device-lost") return [xid(device, 45, file, channel)];
  if (reason !== "fault") return [xid(device, 43, file, channel)];
  const access = fault?.access ?? null;
  if (access !== null && (fault!.kind === "illegal-address" || fault!.kind === "write-protected")) {
    const type = access.kind === "read" ? "READ" : access.kind === "write" ? "WRITE" : "ATOMIC_STRONG";
    const why = fault!.kind === "write-protected" ? "FAULT_RO_VIOLATION" : "FAULT_PDE";
    return [xid(device, 31, file, `${channel}, intr 00000000. MMU Fault: ENGINE GRAPHICS GPCCLIENT_T1_0 faulted @ ${split(access.address)}. Fault is of type ${why} ACCESS_TYPE_VIRT_${type}`)];
  }
  const exception = fault === null ? undefined : warpExceptions[fault.kind];
  const lines = exception === undefined ? [] : [xid(device, 13, file, `Graphics SM Warp Exception on (GPC 0, TPC 0, SM 0): ${exception}`)];
  return [...lines, xid(device, 43, file, channel)];
}

function amdLines(device: GpuDevice, job: GpuJob, reason: ContextFault["reason"], fault: DeviceFault | null): string[] {
  const { file } = job.context;
  const process = `process ${file.command} pid ${file.pid} thread ${file.command} pid ${file.pid}`;
  const from = `amdgpu ${device.name}: amdgpu:`;
  if (reason === "timeout" || reason === "reset-guilty") {
    const { freed, started } = job.scheduler as { freed?: number; started?: number };
    return [
      `[drm:amdgpu_job_timedout [amdgpu]] *ERROR* ring ${job.engine} timeout, signaled seq=${freed ?? 0}, emitted seq=${started ?? 0}`,
      `[drm:amdgpu_job_timedout [amdgpu]] *ERROR* Process information: ${process}`,
    ];
  }
  if (reason !== "fault") return [`${from} context of ${process} lost work on ring ${job.engine} by a reset`];
  const access = fault?.access ?? null;
  if (access === null) return [`${from} illegal instruction in command stream of ${process}`];
  const page = access.address - (access.address % 4096n);
  return [
    `${from} [gfxhub0] no-retry page fault (src_id:0 ring:24 vmid:8 pasid:${file.pid}, for ${process})`,
    `${from}   in page starting at address 0x${page.toString(16).padStart(16, "0")} from client 0x1b (UTCL2)`,
    `${from} \t RW: 0x${access.kind === "read" ? 0 : 1}`,
  ];
}

/** A context is banned: why, in the words of its driver. Windows has no such log. */
export function logBan(job: GpuJob, reason: ContextFault["reason"], fault: DeviceFault | null): void {
  const { device } = job.context.file;
  const { kernel } = device.core;
  if (kernel.os !== "linux") return;
  const lines = device.driver === "amdgpu" ? amdLines(device, job, reason, fault) : device.driver === "nvidia-drm" ? nvidiaLines(device, job, reason, fault) : [`xe ${device.name}: [drm] GT0: Engine reset: engine_class=ccs, logical_mask: 0x1, guc_id=${job.queue.id}, reason=${reason}`];
  for (const line of lines) kernel.log.printk(LogLevel.err, line);
}

/** A process was killed with this job on an engine: NVIDIA's driver takes the channel down and says so ("preemptive cleanup"), others do not. */
export function logKilled(job: GpuJob): void {
  const { file } = job.context;
  const { device } = file;
  const { kernel } = device.core;
  if (kernel.os === "linux" && device.driver === "nvidia-drm") kernel.log.printk(LogLevel.err, xid(device, 45, file, `Ch ${job.queue.id.toString(16).padStart(8, "0")}`));
}

/** An adapter reset begins. */
export function logResetBegin(device: GpuDevice): void {
  const { log } = device.core.kernel;
  if (device.driver === "amdgpu") log.printk(LogLevel.info, `amdgpu ${device.name}: amdgpu: GPU reset begin!. Source:  1`);
  else if (device.driver === "nvidia-drm") log.printk(LogLevel.err, xid(device, 154, null, "GPU recovery action changed from 0x0 (None) to 0x1 (GPU Reset Required)"));
  else log.printk(LogLevel.err, `xe ${device.name}: [drm] GT0: reset queued`);
}

/** It has ended well. @param count resets so far, with this one */
export function logResetEnd(device: GpuDevice, count: number): void {
  const { log } = device.core.kernel;
  if (device.driver === "amdgpu") log.printk(LogLevel.info, `amdgpu ${device.name}: amdgpu: GPU reset(${count}) succeeded!`);
  else if (device.driver !== "nvidia-drm") log.printk(LogLevel.info, `xe ${device.name}: [drm] GT0: reset done`);
}

/** The device is lost. */
export function logWedged(device: GpuDevice): void {
  const { log } = device.core.kernel;
  if (device.driver === "nvidia-drm") {
    log.printk(LogLevel.err, xid(device, 79, null, "GPU has fallen off the bus."));
    log.printk(LogLevel.err, `NVRM: GPU ${device.name}: GPU has fallen off the bus.`);
  } else log.printk(LogLevel.err, `${device.driver} ${device.name}: [drm] device wedged, needs recovery`);
}
