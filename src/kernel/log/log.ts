/** Levels of printk (include/linux/kern_levels.h). */
export const LogLevel = { emerg: 0, alert: 1, crit: 2, err: 3, warning: 4, notice: 5, info: 6, debug: 7 } as const;
export type LogLevel = (typeof LogLevel)[keyof typeof LogLevel];

/** One message. */
export interface LogRecord {
  readonly seq: number;
  readonly level: LogLevel;
  /** Facility: 0 the kernel, 1 a program that wrote to /dev/kmsg. */
  readonly facility: number;
  /** Virtual nanoseconds since boot. */
  readonly time: number;
  readonly text: string;
}

/** How many records the ring keeps (CONFIG_LOG_BUF_SHIFT=17 is about so many lines). */
export const MAX_LOG_RECORDS = 2048;

/** The kernel log: what printk writes and dmesg shows. */
export class KernelLog {
  private readonly clock: { readonly now: number };
  private list: LogRecord[] = [];
  private next = 0;
  /** What was said while the machine was made: written out when somebody looks, or more is said. */
  private early: (() => void)[] | null = [];
  /** Sequence number of the first record after the last "clear" (dmesg -c, -C). */
  cleared = 0;

  constructor(clock: { readonly now: number }) {
    this.clock = clock;
  }

  /** Nobody has looked, and nothing was said. */
  get untouched(): boolean {
    return this.early !== null;
  }

  /** Messages of the machine's making, at time 0. Machines are made by the thousand and nobody reads most of their logs. */
  atBoot(say: () => void): void {
    this.early?.push(say);
  }

  private boot(): void {
    const { early } = this;
    if (early === null) return;
    this.early = null;
    for (const say of early) say();
    this.list = this.list.map((record) => ({ ...record, time: 0 }));
  }

  /** Writes a message; each line of it is a record. */
  printk(level: LogLevel, text: string, facility: number = 0): void {
    if (this.early !== null) this.boot();
    for (const line of text.split("\n")) {
      this.list.push({ seq: this.next++, level, facility, time: this.clock.now, text: line });
      if (this.list.length > MAX_LOG_RECORDS) this.list = this.list.slice(-MAX_LOG_RECORDS);
    }
  }

  /** What is still there, oldest first. */
  records(): readonly LogRecord[] {
    this.boot();
    return this.list;
  }

  /** The oldest record of at least that number; undefined when there is none yet. */
  after(seq: number): LogRecord | undefined {
    this.boot();
    const first = this.list[0]?.seq ?? this.next;
    return this.list[Math.max(0, seq - first)];
  }
}
