import { TraceScript } from "../../kernel/trace/sample.ts";

/** A long made-up trace: `rounds` rounds of launches and copies by three processes on two GPUs, after contexts that took 150 ms each. */
export function bigTrace(rounds: number): TraceScript {
  const s = new TraceScript();
  const names = ["matmul", "saxpy", "render"];
  const pids = [1000, 1004, 1009];
  pids.forEach((pid, i) => s.name(pid, names[i]!));
  for (const pid of pids) s.emit(pid, "api:enter", { call: "createContext" }).after(150_000_000).emit(pid, "api:exit", { call: "createContext", code: 0 }).after(2000);
  let slice = 0;
  for (let round = 0; round < rounds; round++) {
    const which = round % 3;
    const pid = pids[which]!;
    const copy = `${pid}:${2 * round}`;
    const kernel = `${pid}:${2 * round + 1}`;
    const gpu = which === 2 ? 1 : 0;
    s.emit(pid, "api:enter", { call: "memcpyAsync" }).after(300).submit(pid, copy, "copy").after(900).emit(pid, "api:exit", { call: "memcpyAsync", code: 0 });
    s.emit(pid, "api:enter", { call: "launchKernel" }).after(400).submit(pid, kernel, "compute").after(1500).emit(pid, "api:exit", { call: "launchKernel", code: 0 });
    s.emit(0, "gpu_mem:gpu_mem_total", { gpu_id: gpu, pid: 0, size: (1 + (round % 17)) * 4 * 2 ** 20 });
    s.begin(++slice, pid, "copy0", "memcpy HtoD", copy, gpu).emit(pid, "api:enter", { call: "streamSynchronize" }).emit(pid, "syscalls:sys_enter_futex", { uaddr: "0x7f00", op: "FUTEX_WAIT", val: 0 });
    s.after(4000 + (round % 5) * 700).end(slice, "copy0", 0, gpu).done(copy);
    s.begin(++slice, pid, "compute", names[which]!, kernel, gpu).after(9000 + (round % 7) * 2300);
    if (round % 50 === 49) s.emit(0, "gpu:fault", { gpu, engine: "compute", pid, reason: "illegal-address" });
    s.end(slice, "compute", round % 50 === 49 ? -14 : 0, gpu).done(kernel).after(2000);
    s.emit(pid, "syscalls:sys_exit_futex", { ret: 0 }).after(1000).emit(pid, "api:exit", { call: "streamSynchronize", code: round % 50 === 49 ? 700 : 0 }).after(500);
  }
  return s;
}
