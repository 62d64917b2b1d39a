import type { TraceEvent } from "../../../src/kernel/trace/tracer.ts";

/** Writes trace events by hand, in the shape the machine makes. */
export class TraceScript {
  readonly events: TraceEvent[] = [];
  time = 0;
  private readonly fences = new Map<number, string>();
  private readonly names = new Map<number, string>();

  /** Lets virtual nanoseconds pass. */
  after(ns: number): this {
    this.time += ns;
    return this;
  }

  /** An event of a thread; tid 0 is the machine itself. */
  emit(tid: number, name: string, fields: TraceEvent["fields"] = {}, pid: number = tid): this {
    this.events.push({ time: this.time, seq: this.events.length, name, pid, tid, comm: this.names.get(pid) ?? (pid === 0 ? "<idle>" : `p${pid}`), fields });
    return this;
  }

  name(pid: number, name: string): this {
    this.names.set(pid, name);
    return this;
  }

  /** A submission of one job by a thread, inside a call. */
  submit(tid: number, fence: string, ring: string): this {
    return this.emit(tid, "gpu_scheduler:drm_sched_job_queue", { dev: "0000:01:00.0", fence, ring, "job count": 1, "hw job count": 0, client_id: tid });
  }

  begin(slice: number, pid: number, engine: string, label: string, fence: string, gpu = 0): this {
    this.fences.set(slice, fence);
    this.emit(0, "gpu_scheduler:drm_sched_job_run", { dev: "0000:01:00.0", fence, ring: engine, "job count": 0, "hw job count": 1, client_id: pid });
    return this.emit(0, "gpu:slice_begin", { gpu, engine, queue: 1, pid, process: this.names.get(pid) ?? `p${pid}`, label, slice, fence });
  }

  end(slice: number, engine: string, error = 0, gpu = 0): this {
    const fence = this.fences.get(slice);
    return this.emit(0, "gpu:slice_end", { gpu, engine, queue: 1, slice, error, ...(fence === undefined ? {} : { fence }) });
  }

  done(fence: string): this {
    return this.emit(0, "gpu_scheduler:drm_sched_job_done", { fence });
  }
}

/** Two processes, two engines, overlap, a nested call, a wait, a failing call, a fault. */
export function sampleTrace(): TraceEvent[] {
  const s = new TraceScript().name(1000, "vecadd").name(1001, "saxpy");
  s.after(1000).emit(1000, "api:enter", { call: "launch" }).after(500).submit(1000, "1:1", "compute").after(500).emit(1000, "api:exit", { call: "launch", code: 0 });
  s.after(100).emit(0, "gpu_mem:gpu_mem_total", { gpu_id: 0, pid: 0, size: 65536 });
  s.after(400).begin(1, 1000, "compute", "vecadd", "1:1");
  s.after(100).emit(1001, "api:enter", { call: "copy" }).emit(1001, "api:enter", { call: "inner" }).submit(1001, "2:1", "copy").after(50).emit(1001, "api:exit", { call: "inner", code: 0 });
  s.after(50).begin(2, 1001, "copy", "memcpy HtoD", "2:1");
  s.emit(1000, "api:enter", { call: "sync" }).emit(1000, "syscalls:sys_enter_futex", { uaddr: "0x7f00", op: "FUTEX_WAIT", val: 0 });
  s.after(700).begin(3, 1001, "compute", "saxpy", "2:2");
  s.after(1000).end(1, "compute").done("1:1").after(20).emit(1000, "syscalls:sys_exit_futex", { ret: 0 }).after(80).emit(1000, "api:exit", { call: "sync", code: 0 });
  s.after(100).end(2, "copy").done("2:1").emit(1001, "api:exit", { call: "copy", code: 700 });
  s.after(100).end(3, "compute").emit(0, "gpu:fault", { gpu: 0, engine: "compute", queue: 1, pid: 1001, reason: "illegal-address" });
  s.after(100).emit(0, "gpu_mem:gpu_mem_total", { gpu_id: 0, pid: 0, size: 0 });
  return s.events;
}
