import type { Machine, MachineOptions } from "../../machine.ts";

/** Whether two machines made with these differ in nothing but their strategy. Options that are more than plain values and lists of them are never the same. */
function same(a: MachineOptions, b: MachineOptions): boolean {
  let count = 0;
  for (const name in a) {
    count++;
    if (name === "strategy") continue;
    // Checkers keep what they know of the kernel's programs.
    if (name === "check") return false;
    const [x, y] = [a[name as keyof MachineOptions], b[name as keyof MachineOptions]];
    if (x === y && typeof x !== "object") continue;
    if (!Array.isArray(x) || !Array.isArray(y) || x.length !== y.length) return false;
    for (let i = 0; i < x.length; i++) if (x[i] !== y[i] || typeof x[i] === "object") return false;
  }
  for (const _name in b) count--;
  return count === 0;
}

interface Spare {
  readonly machine: Machine;
  readonly options: MachineOptions;
}

/**
 * Machines of earlier runs of a program, made new again for the next: making a machine costs more than running a small program on it. Only those on which nothing but processes, threads
 * and memory were used come back (Machine.restart).
 */
export class Spares {
  private readonly idle: Spare[] = [];
  private readonly out: Spare[] = [];

  /** A machine like new, or null. */
  take(options: MachineOptions): Machine | null {
    for (let i = this.idle.length - 1; i >= 0; i--) {
      const spare = this.idle[i]!;
      if (!same(spare.options, options)) continue;
      this.idle.splice(i, 1);
      if (spare.machine.restart(options.strategy!)) return spare.machine;
      spare.machine.dispose();
    }
    return null;
  }

  /** A machine is in use, and may be taken again after its run. */
  give(machine: Machine, options: MachineOptions): void {
    this.out.push({ machine, options });
  }

  /** The run is over. @returns whether the machine is kept */
  keeps(machine: Machine): boolean {
    const i = this.out.findIndex((spare) => spare.machine === machine);
    if (i < 0) return false;
    const [spare] = this.out.splice(i, 1);
    // What cannot come back would only keep its memory.
    if (machine.kernel.booted) return false;
    this.idle.push(spare!);
    return true;
  }

  dispose(): void {
    for (const { machine } of this.idle.splice(0)) machine.dispose();
  }
}
