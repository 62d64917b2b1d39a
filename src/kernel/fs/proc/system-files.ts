import type { Kernel } from "../../machine.ts";
import { stateOf, ticks } from "./state.ts";

function running(kernel: Kernel): number {
  let n = 0;
  for (const process of kernel.processes.values()) for (const thread of process.threads.values()) if (stateOf(process, thread)[0] === "R") n++;
  return n;
}

function meminfo(kernel: Kernel): string {
  const { total, free } = kernel.memory.ram ?? { total: 0, free: 0 };
  const row = (name: string, bytes: number): string => `${`${name}:`.padEnd(15)} ${String(Math.floor(bytes / 1024)).padStart(8)} kB\n`;
  return row("MemTotal", total) + row("MemFree", free) + row("MemAvailable", free) + row("Buffers", 0) + row("Cached", 0) + row("SwapTotal", 0) + row("SwapFree", 0);
}

/** One processor line stands for all: the machine has as many as it has threads. */
function stat(kernel: Kernel): string {
  let busy = 0;
  let blocked = 0;
  for (const process of kernel.processes.values()) {
    for (const thread of process.threads.values()) {
      busy += thread.cpuNs;
      if (stateOf(process, thread)[0] === "D") blocked++;
    }
  }
  const cpu = `${ticks(busy)} 0 0 ${ticks(kernel.clock.now)} 0 0 0 0 0 0`;
  return `cpu  ${cpu}\ncpu0 ${cpu}\nintr ${kernel.events.ran}\nctxt ${kernel.scheduler.switches}\nbtime ${kernel.bootTime}\nprocesses ${kernel.forks}\nprocs_running ${running(kernel)}\nprocs_blocked ${blocked}\n`;
}

/** Files of /proc itself. */
export const systemFiles: Readonly<Record<string, (kernel: Kernel) => string>> = {
  cpuinfo: () => [0, 1].map((n) => `processor\t: ${n}\nvendor_id\t: GenuineGlass\ncpu family\t: 6\nmodel\t\t: 1\nmodel name\t: Glass Virtual CPU @ 3.00GHz\ncpu MHz\t\t: 3000.000\ncpu cores\t: 2\n\n`).join(""),
  loadavg: (kernel) => `0.00 0.00 0.00 ${running(kernel)}/${[...kernel.processes.values()].reduce((n, p) => n + p.threads.size, 0)} ${kernel.lastTid}\n`,
  meminfo,
  stat,
  uptime: (kernel) => `${(kernel.clock.now / 1e9).toFixed(2)} ${(kernel.clock.now / 1e9).toFixed(2)}\n`,
  version: () => "Linux version 6.17.0-glassgpu (glassgpu@glassgpu) #1 SMP PREEMPT_DYNAMIC\n",
};
