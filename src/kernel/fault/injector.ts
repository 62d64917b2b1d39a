import { mutant } from "../mutants.ts";
import type { Choices } from "../choices.ts";
import type { Thread } from "../process/thread.ts";
import { FaultAttr, parseBootOption, type FaultSettings } from "./attr.ts";
import { FaultFunctions } from "./functions.ts";
import { UnseenEnds } from "./unseen.ts";
import { faultPoints, type FaultName } from "./points.ts";

/** Faults that a machine begins with: settings by capability, or a boot option "interval,probability,space,times"; and what requests answer under fail_function. */
export interface FaultOptions extends Partial<Readonly<Record<FaultName, FaultSettings | string>>> {
  /** Requests under fail_function and the negative errno that they answer, such as { GLASS_GEM_CREATE: -12 }. */
  readonly functions?: Readonly<Record<string, number>>;
}

/** What the injector needs of the kernel. */
export interface FaultPorts {
  readonly choices: Choices;
  readonly trace: { readonly enabled: boolean; emit(name: string, fields: Readonly<Record<string, string | number>>): void };
  readonly scheduler: { readonly current: Thread | null };
}

/**
 * Decides at every named point whether what is about to be done fails. While nothing is asked for, `active` is false and that is all anybody looks at.
 */
export class FaultInjector {
  /** Something may fail: some capability has a probability, or a task counts to its n-th call. */
  active = false;
  readonly attrs: Readonly<Record<FaultName, FaultAttr>>;
  readonly functions: FaultFunctions = new FaultFunctions();
  /** fail_usercopy/ignore-release: requests that give something back are spared. Linux has flags of this kind too (failslab/ignore-gfp-wait). */
  ignoreRelease = true;
  /** Rings with ends of jobs that nobody has noticed. */
  readonly unseen: Map<object, UnseenEnds> = new Map();
  private readonly ports: FaultPorts;
  /** Tasks that count. */
  private readonly counting = new Set<Thread>();
  private entered: Thread | null = null;
  private quiet = 0;

  /** @throws RangeError for settings that are out of range, names that are none */
  constructor(ports: FaultPorts, options: FaultOptions = {}) {
    this.ports = ports;
    this.attrs = Object.fromEntries(faultPoints.map(({ name, delayNs }) => [name, new FaultAttr(name, delayNs ?? 0)])) as Record<FaultName, FaultAttr>;
    const { functions = {}, ...settings } = options;
    for (const [name, value] of Object.entries(settings)) {
      if (!(name in this.attrs)) throw new RangeError(`faults: there is no capability ${JSON.stringify(name)}; there are ${faultPoints.map((point) => point.name).join(", ")}`);
      this.configure(name as FaultName, value);
    }
    for (const [name, retval] of Object.entries(functions)) this.functions.inject(name, retval);
  }

  /** Changes settings of one capability; what is not named stays. @throws RangeError */
  configure(name: FaultName, settings: FaultSettings | string): void {
    this.attrs[name].set(typeof settings === "string" ? parseBootOption(name, settings) : settings);
    this.look();
  }

  /** Lets the n-th call that could fail fail, of those that this task makes from now on; 0: none. @throws RangeError */
  setNth(task: Thread, n: number): void {
    if (!(Number.isSafeInteger(n) && n >= 0)) throw new RangeError(`fail-nth must be a whole number from 0 on, not ${n}`);
    task.failNth = n;
    if (n === 0) this.counting.delete(task);
    else this.counting.add(task);
    this.look();
  }

  /** Who is running: system calls of programs that are driven from outside say so themselves. */
  get task(): Thread | null {
    return this.entered ?? this.ports.scheduler.current;
  }

  /** What follows, until `leave`, is done for this task. @returns for `leave` */
  enter(task: Thread): Thread | null {
    const before = this.entered;
    this.entered = task;
    return before;
  }

  leave(before: Thread | null): void {
    this.entered = before;
  }

  /** Runs what must not fail, because it takes back what was done. */
  sparing<T>(run: () => T): T {
    this.quiet++;
    try {
      return run();
    } finally {
      this.quiet--;
    }
  }

  /**
   * Whether a call fails. Ask only while `active`.
   * @param task whose call it is; null: nobody's, as in an interrupt
   * @param size bytes asked for, for `space`
   */
  should(name: FaultName, task: Thread | null = this.task, size: number = 1): boolean {
    if (this.quiet > 0) return false;
    const attr = this.attrs[name];
    if (task !== null && task.failNth > 0 && counted.has(name)) {
      if (--task.failNth > 0) return false;
      this.counting.delete(task);
      return this.fail(attr, task);
    }
    if (!attr.armed || (attr.taskFilter && task?.makeItFail !== true && !mutant("faults-hit-others"))) return false;
    return attr.decides(this.ports.choices, size) && this.fail(attr, task);
  }

  /** An allocation of kernel memory for the running task: true when it fails. */
  slab(): boolean {
    return this.active && this.should("failslab");
  }

  /** What a function answers instead of being run, or 0 when it is run. */
  function(name: string, task: Thread): number {
    const retval = this.functions.retval(name);
    return retval !== 0 && this.should("fail_function", task) ? retval : 0;
  }

  /** Ends on a ring (by its scheduler) that are not noticed yet. */
  unseenOf(ring: object): UnseenEnds {
    let ends = this.unseen.get(ring);
    if (ends === undefined) this.unseen.set(ring, (ends = new UnseenEnds()));
    return ends;
  }

  private fail(attr: FaultAttr, task: Thread | null): true {
    attr.took();
    if (attr.verbose > 0 && this.ports.trace.enabled) {
      const { name, interval, probability, space, times } = attr;
      this.ports.trace.emit("fault:fault_inject", { name, interval, probability, space, times, pid: task?.tid ?? 0 });
    }
    this.look();
    return true;
  }

  private look(): void {
    for (const task of this.counting) if (task.state === "dead") this.counting.delete(task);
    this.active = this.counting.size > 0 || Object.values(this.attrs).some((attr) => attr.armed);
  }
}

const counted: ReadonlySet<FaultName> = new Set(faultPoints.filter((point) => point.counted).map((point) => point.name));
