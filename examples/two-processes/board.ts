import type { Machine } from "glassgpu";
import { formatDiagnostic } from "glassgpu";

/** What the two programs of this example tell each other and the person who watches. Real programs would use a file or a pipe. */
export class Board {
  readonly lines: string[] = [];
  /** An address in A's GPU memory, once A has some. */
  pointer: number | null = null;
  /** B has its kernels, or knows that it cannot have them. */
  ready = false;
  /** B is over, with its fault. */
  finished = false;
  private readonly machine: Machine;

  constructor(machine: Machine) {
    this.machine = machine;
  }

  say(who: string, what: string): void {
    this.lines.push(`${(this.machine.now / 1e6).toFixed(3).padStart(9)} ms  ${who}  ${what}`);
    console.log(this.lines.at(-1));
  }

  /** Ends the program when a call failed, with what the machine says about it. */
  check(code: number): void {
    if (code === 0) return;
    const diagnostic = this.machine.lastDiagnostic();
    throw new Error(diagnostic === null ? `error ${code}` : formatDiagnostic(diagnostic));
  }
}
