import type { Choices } from "../choices.ts";

/** How often a fault happens: settings of one capability, by the names of Documentation/fault-injection/fault-injection.rst in camel case. */
export interface FaultSettings {
  /**
   * Percent of the calls that fail, 0 (default) to 100. NON-SPEC: "choice" lets the choice point decide between two alternatives each time, so that an explorer
   * tries both; 1 to 99 asks it for one of a hundred.
   */
  readonly probability?: number | "choice";
  /** Of the calls that could fail only each `interval`-th may. Default 1. */
  readonly interval?: number;
  /** How many calls fail at most; -1: no limit. Default 1, as the kernel's. */
  readonly times?: number;
  /** Bytes that may be had before anything fails; calls without a size count 1. Default 0. */
  readonly space?: number;
  /** Only tasks whose /proc/<pid>/make-it-fail is 1 fail. Default false. */
  readonly taskFilter?: boolean;
  /** 0: silent; 1 and 2 (default): a trace event "fault:fault_inject" for each fault. */
  readonly verbose?: number;
  /** How long what comes late is late, virtual ns (fail_dma, fail_fence). 0 for fail_dma (default): the transfer fails instead. */
  readonly delayNs?: number;
}

/** The settings and counters of one capability (struct fault_attr). */
export class FaultAttr {
  readonly name: string;
  probability: number | "choice" = 0;
  interval = 1;
  times = 1;
  space = 0;
  taskFilter = false;
  verbose = 2;
  delayNs: number;
  /** Faults injected since boot. */
  injected = 0;
  /** Calls that could have failed since the settings were made; only each `interval`-th may. */
  private count = 0;

  constructor(name: string, delayNs: number) {
    this.name = name;
    this.delayNs = delayNs;
  }

  /** Whether anything is asked for at all. */
  get armed(): boolean {
    return this.probability !== 0 && this.times !== 0;
  }

  /** @throws RangeError for a value that is out of range */
  set(settings: FaultSettings): void {
    const whole = (value: number | undefined, least: number, what: string): void => {
      if (value !== undefined && !(Number.isSafeInteger(value) && value >= least)) throw new RangeError(`${this.name}: ${what} must be a whole number from ${least} on, not ${value}`);
    };
    const { probability } = settings;
    if (probability !== "choice") whole(probability, 0, "probability");
    if (typeof probability === "number" && probability > 100) throw new RangeError(`${this.name}: probability is a percentage, not ${probability}`);
    whole(settings.interval, 0, "interval");
    whole(settings.times, -1, "times");
    whole(settings.space, 0, "space");
    whole(settings.verbose, 0, "verbose");
    whole(settings.delayNs, 0, "delayNs");
    Object.assign(this, Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)));
    this.count = 0;
  }

  /** The decision for one call, without what is said of single tasks (should_fail_ex). */
  decides(choices: Choices, size: number): boolean {
    if (!this.armed) return false;
    if (this.space > size) {
      this.space -= size;
      return false;
    }
    if (this.interval > 1 && ++this.count % this.interval !== 0) return false;
    if (this.probability === "choice") return choices.choose(2, `whether ${this.name} fails`) === 1;
    // Alternative 0 is the natural one: nothing fails.
    return this.probability === 100 || choices.choose(100, `whether ${this.name} fails`) >= 100 - (this.probability as number);
  }

  /** A fault happens. */
  took(): void {
    this.injected++;
    if (this.times > 0) this.times--;
  }
}

/** Reads a boot option, "interval,probability,space,times" (setup_fault_attr). @throws RangeError */
export function parseBootOption(name: string, text: string): FaultSettings {
  const match = /^(\d+),(\d+),(\d+),(-?\d+)$/.exec(text);
  if (match === null) throw new RangeError(`${name}: a boot option is "<interval>,<probability>,<space>,<times>", not ${JSON.stringify(text)}`);
  const [interval, probability, space, times] = match.slice(1).map(Number) as [number, number, number, number];
  return { interval, probability, space, times };
}
