import type { Kernel } from "../machine.ts";
import type { Process } from "../process/process.ts";
import type { FileProvider } from "./vfs.ts";

/** /proc: the processes, their memory maps, what their descriptors are. */
export function procfs(kernel: Kernel): FileProvider {
  const files = ["cmdline", "comm", "maps", "stat", "status"];
  const find = (pid: string): Process | undefined => kernel.processes.get(Number(pid));
  return {
    list(path) {
      const [, , pid, part] = path.split("/");
      if (pid === undefined) return ["uptime", ...[...kernel.processes.keys()].map(String)];
      const process = find(pid);
      if (process === undefined) return null;
      if (part === undefined) return [...files, "fd", "fdinfo"];
      return part === "fd" || part === "fdinfo" ? [...process.files.entries()].map(([fd]) => String(fd)) : null;
    },
    read(path, caller) {
      const [, , name, part, fd] = path.split("/");
      if (name === "uptime") return `${(kernel.clock.now / 1e9).toFixed(2)} 0.00\n`;
      const process = name === "self" ? caller.process : find(name ?? "");
      if (process === undefined) return null;
      switch (part) {
        case "comm":
        case "cmdline":
          return `${process.name}\n`;
        case "maps":
          return maps(process);
        case "stat":
          return `${process.pid} (${process.name}) ${stateLetter(process)} ${process.ppid}\n`;
        case "status":
          return `Name:\t${process.name}\nState:\t${stateLetter(process)}\nTgid:\t${process.pid}\nPid:\t${process.pid}\nPPid:\t${process.ppid}\nThreads:\t${process.threads.size}\n`;
        case "fd":
          return fd === undefined ? null : (process.files.get(Number(fd))?.path ?? null);
        case "fdinfo": {
          const file = fd === undefined ? undefined : process.files.get(Number(fd));
          return file === undefined ? null : `pos:\t0\nflags:\t0${file.flags.toString(8)}\n${file.driver.fdinfo?.() ?? ""}`;
        }
        default:
          return null;
      }
    },
  };
}

function stateLetter(process: Process): string {
  return process.main.state === "parked" ? "S" : "R";
}

function maps(process: Process): string {
  const hex = (n: number): string => n.toString(16).padStart(12, "0");
  return process.mm.mappings().map((vma) => {
    const rights = `${vma.prot & 1 ? "r" : "-"}${vma.prot & 2 ? "w" : "-"}-${vma.shared ? "s" : "p"}`;
    return `${hex(vma.start)}-${hex(vma.end)} ${rights} 00000000 00:00 0 ${vma.kind === "reserved" ? "[reserved]" : (vma.backing?.label ?? "")}\n`;
  }).join("");
}
