import type { TraceEvent } from "./tracer.ts";

/**
 * Tracepoints and how their lines read (TP_printk): {field} is replaced. Formats of the graphics scheduler, fences, scheduler, IOMMU and signals are Linux's
 * (include/trace/events, drivers/gpu/drm/scheduler/gpu_scheduler_trace.h); those of system "gpu" and "api" are ours.
 */
const formats: Readonly<Record<string, string>> = {
  "gpu_scheduler:drm_sched_job_queue": "dev={dev}, fence={fence}, ring={ring}, job count:{job count}, hw job count:{hw job count}, client_id:{client_id}",
  "gpu_scheduler:drm_sched_job_run": "dev={dev}, fence={fence}, ring={ring}, job count:{job count}, hw job count:{hw job count}, client_id:{client_id}",
  "gpu_scheduler:drm_sched_job_done": "fence={fence} signaled",
  "gpu_scheduler:drm_sched_job_add_dep": "fence={fence} depends on fence={dependency}",
  "gpu_scheduler:drm_sched_job_unschedulable": "fence={fence} depends on unsignalled fence={dependency}",
  ...Object.fromEntries(["emit", "init", "destroy", "enable_signal", "signaled", "wait_start", "wait_end"].map((name) => [`dma_fence:dma_fence_${name}`, "driver={driver} timeline={timeline} context={context} seqno={seqno}"])),
  "sched:sched_switch": "prev_comm={prev_comm} prev_pid={prev_pid} prev_prio={prev_prio} prev_state={prev_state} ==> next_comm={next_comm} next_pid={next_pid} next_prio={next_prio}",
  "sched:sched_pi_setprio": "comm={comm} pid={pid} oldprio={oldprio} newprio={newprio}",
  "sched:sched_process_fork": "comm={comm} pid={pid} child_comm={child_comm} child_pid={child_pid}",
  "sched:sched_process_exec": "filename={filename} pid={pid} old_pid={old_pid}",
  "sched:sched_process_exit": "comm={comm} pid={pid} prio=120 group_dead=true",
  "signal:signal_generate": "sig={sig} errno={errno} code={code} comm={comm} pid={pid} grp={grp} res={res}",
  "signal:signal_deliver": "sig={sig} errno={errno} code={code} sa_flags={sa_flags}",
  "iommu:map": "IOMMU: iova={iova} paddr={paddr} size={size}",
  "iommu:unmap": "IOMMU: iova={iova} size={size} unmapped_size={unmapped_size}",
  "iommu:io_page_fault": "IOMMU:{IOMMU} {dev} iova={iova} flags={flags}",
  "gpu_mem:gpu_mem_total": "gpu_id={gpu_id} pid={pid} size={size}",
  "amdgpu:amdgpu_bo_move": "bo={bo}, from={from}, to={to}, size={size}",
  "xe:xe_bo_move": "size={size}, from={from}, to={to}",
  "migrate:mm_migrate_pages": "nr_succeeded={nr_succeeded} nr_failed={nr_failed} mode={mode} reason={reason}",
  "exceptions:page_fault_user": "address={address} device={device}",
  "syscalls:sys_enter_futex": "uaddr: {uaddr}, op: {op}, val: {val}",
  "syscalls:sys_exit_futex": "{ret}",
  "syscalls:sys_enter_ioctl": "fd: {fd}, cmd: {cmd}",
  "syscalls:sys_exit_ioctl": "{ret}",
  "api:enter": "{call}",
  "api:exit": "{call} = {code}",
  ...Object.fromEntries(["slice_begin", "slice_end", "context_switch", "fault", "timeout", "reset", "adapter_reset", "wedged", "unplug", "tlb_flush"].map((name) => [`gpu:${name}`, ""])),
  "fault:fault_inject": "",
};

/** Names of all tracepoints, "system:event", sorted. */
export const tracepoints: readonly string[] = Object.keys(formats).toSorted();

/** The text of an event, as TP_printk makes it; events of no known format show all of their fields. */
export function printTrace({ name, fields }: Pick<TraceEvent, "name" | "fields">): string {
  const format = formats[name];
  if (format === undefined || format === "") return Object.entries(fields).map(([key, value]) => `${key}=${value}`).join(" ");
  return format.replaceAll(/\{([^}]+)\}/g, (_all, key: string) => String(fields[key] ?? ""));
}

/** The format file of a tracepoint. @param id its number */
export function formatFile(name: string, id: number): string {
  const format = formats[name] ?? "";
  const fields = [...format.matchAll(/\{([^}]+)\}/g)].map((match) => match[1]!);
  const lines = fields.map((field, i) => `\tfield:char * ${field};\toffset:${8 + 8 * i};\tsize:8;\tsigned:0;\n`);
  const args = fields.map((field) => `, REC->${field.replaceAll(" ", "_")}`).join("");
  return `name: ${name.slice(name.indexOf(":") + 1)}\nID: ${id}\nformat:\n\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n${lines.join("")}\nprint fmt: "${format.replaceAll(/\{[^}]+\}/g, "%s")}"${args}\n`;
}
