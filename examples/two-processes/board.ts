import { formatDiagnostic, type Machine } from "glassgpu";
import { WaitQueue, type Blocking } from "glassgpu/kernel";

/** Something that happens once, and who waits for it. Real programs would use a pipe or a semaphore. */
export class Signal<T> {
  value: T | null = null;
  private readonly what: string;
  private readonly queue: WaitQueue = new WaitQueue();

  constructor(what: string) {
    this.what = what;
  }

  set(value: T): void {
    this.value = value;
    this.queue.wakeAll();
  }

  /** Sleeps until it has happened. */
  *wait(): Blocking<T> {
    while (this.value === null) yield { queue: this.queue, deadline: null, what: this.what };
    return this.value;
  }
}

/** What the two programs of this example tell each other and the person who watches. */
export class Board {
  /** An address in A's GPU memory. */
  readonly pointer: Signal<number> = new Signal("a pointer of A");
  /** B has its kernels. */
  readonly ready: Signal<true> = new Signal("B to be ready");
  /** B is over, with its fault. */
  readonly finished: Signal<true> = new Signal("B to be over");
  private readonly machine: Machine;

  constructor(machine: Machine) {
    this.machine = machine;
  }

  say(who: string, what: string): void {
    console.log(`${(this.machine.now / 1e6).toFixed(3).padStart(9)} ms  ${who}  ${what}`);
  }

  /** Ends the program when a call failed, with what the machine says about it. */
  check(code: number): void {
    if (code === 0) return;
    const diagnostic = this.machine.lastDiagnostic();
    throw new Error(diagnostic === null ? `error ${code}` : formatDiagnostic(diagnostic));
  }
}
