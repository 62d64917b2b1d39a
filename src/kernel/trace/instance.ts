import { Errno } from "../errors.ts";
import type { FileDriver, OpenFile, SysCaller } from "../fs/file.ts";
import { O_NONBLOCK } from "../fs/pipe.ts";
import { WaitQueue, type Blocking } from "../process/wait.ts";
import { printTrace, tracepoints } from "./formats.ts";
import type { TraceEvent, Tracer } from "./tracer.ts";

/** Events that an instance keeps (buffer_size_kb); older ones go. */
export const MAX_BUFFERED = 200_000;

/** "          python-21198   [000] .....     1.234567: sched_switch: ..." */
export function traceLine(event: TraceEvent): string {
  const time = `${Math.floor(event.time / 1e9)}.${String(Math.floor((event.time % 1e9) / 1000)).padStart(6, "0")}`;
  return `${event.comm.padStart(16)}-${String(event.tid).padEnd(7)} [000] ..... ${time.padStart(12)}: ${event.name.slice(event.name.indexOf(":") + 1)}: ${printTrace(event)}\n`;
}

/** One trace buffer with its own choice of events: /sys/kernel/tracing, or one of its instances. */
export class TraceInstance {
  readonly enabled: Set<string> = new Set();
  /** tracing_on */
  on = true;
  /** Events written since the buffer was cleared, those that were dropped or read from the pipe too. */
  written = 0;
  private readonly tracer: Tracer;
  private buffer: TraceEvent[] = [];
  private readonly queue = new WaitQueue();
  private stop: (() => void) | null = null;

  constructor(tracer: Tracer) {
    this.tracer = tracer;
  }

  /** Chooses events: "sys:event", "sys:*", "*:event", "event", "*:*". @returns whether there is such an event */
  set(pattern: string, enable: boolean): boolean {
    const [system, event] = pattern.includes(":") ? (pattern.split(":") as [string, string]) : ["*", pattern];
    const matches = (wanted: string, name: string): boolean => new RegExp(`^${wanted.replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`).replaceAll("*", ".*")}$`).test(name);
    const found = tracepoints.filter((name) => matches(system || "*", name.slice(0, name.indexOf(":"))) && matches(event || "*", name.slice(name.indexOf(":") + 1)));
    for (const name of found) {
      if (enable) this.enabled.add(name);
      else this.enabled.delete(name);
    }
    if (this.enabled.size > 0) this.stop ??= this.tracer.tap((e) => this.take(e));
    else this.close();
    return found.length > 0;
  }

  /** Listens no more. */
  close(): void {
    this.stop?.();
    this.stop = null;
  }

  private take(event: TraceEvent): void {
    if (!this.on || !this.enabled.has(event.name)) return;
    this.written++;
    this.buffer.push(event);
    if (this.buffer.length > 2 * MAX_BUFFERED) this.buffer = this.buffer.slice(-MAX_BUFFERED);
    if (this.queue.size > 0) this.queue.wakeAll();
  }

  /** The file "trace": a head and what is in the buffer. */
  text(): string {
    const rows = this.buffer.slice(-MAX_BUFFERED);
    return [
      "# tracer: nop\n#\n", `# entries-in-buffer/entries-written: ${rows.length}/${this.written}   #P:1\n#\n`, "#                                _-----=> irqs-off/BH-disabled\n",
      "#                               / _----=> need-resched\n", "#                              | / _---=> hardirq/softirq\n", "#                              || / _--=> preempt-depth\n",
      "#                              ||| / _-=> migrate-disable\n", "#                              |||| /     delay\n", "#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION\n",
      "#              | |         |   |||||     |         |\n", ...rows.map(traceLine),
    ].join("");
  }

  /** Empties the buffer. */
  clear(): void {
    this.buffer = [];
    this.written = 0;
  }

  /** One open of "trace_pipe": lines, which leave the buffer; waits for more unless O_NONBLOCK. */
  pipe(): FileDriver {
    const encoder = new TextEncoder();
    let rest = new Uint8Array(0);
    const queue = this.queue;
    const next = (): TraceEvent | undefined => this.buffer.shift();
    return {
      kind: "trace_pipe",
      *readBytes(_caller: SysCaller, file: OpenFile, into: Uint8Array): Blocking<number> {
        while (rest.length === 0) {
          const event = next();
          if (event !== undefined) rest = encoder.encode(traceLine(event));
          else if ((file.flags & O_NONBLOCK) !== 0) return -Errno.EAGAIN;
          else if ((yield { queue, deadline: null, what: "trace events", interruptible: true }) === "interrupted") return -Errno.ERESTARTSYS;
        }
        const n = Math.min(into.length, rest.length);
        into.set(rest.subarray(0, n));
        rest = rest.slice(n);
        return n;
      },
      release: () => {},
    };
  }
}
