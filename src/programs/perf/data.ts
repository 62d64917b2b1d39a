/** One sample of a recording. */
export interface Sample {
  readonly comm: string;
  readonly tid: number;
  readonly cpu: number;
  /** "1.234567" */
  readonly time: string;
  /** "gpu_scheduler:drm_sched_job_run" */
  readonly event: string;
  readonly text: string;
}

/** What perf.data begins with. */
export const MAGIC = "PERFILE2";

/** Lines of a trace file as samples. @param names tracepoints that were on, "system:event" */
export function parseTrace(text: string, names: readonly string[]): Sample[] {
  const systems = new Map(names.map((name) => [name.slice(name.indexOf(":") + 1), name]));
  const found: Sample[] = [];
  for (const line of text.split("\n")) {
    const [, comm, tid, cpu, time, event, rest] = /^\s*(.+)-(\d+)\s+\[(\d+)\] \S+\s+([\d.]+): (\w+): (.*)$/.exec(line) ?? [];
    const name = event === undefined ? undefined : systems.get(event);
    if (name === undefined || line.startsWith("#")) continue;
    found.push({ comm: comm === "<idle>" ? "swapper" : comm!, tid: Number(tid), cpu: Number(cpu), time: time!, event: name, text: rest! });
  }
  return found;
}

/** The text of perf.data. */
export function encode(command: string, samples: readonly Sample[]): string {
  return `${MAGIC}\n${command}\n${samples.map((s) => [s.comm, s.tid, s.cpu, s.time, s.event, s.text].join("\t")).join("\n")}${samples.length > 0 ? "\n" : ""}`;
}

/** Reads it back; null: it is none. */
export function decode(text: string): Sample[] | null {
  const [magic, , ...lines] = text.split("\n");
  if (magic !== MAGIC) return null;
  return lines.filter((line) => line !== "").map((line) => {
    const [comm = "", tid, cpu, time = "", event = "", ...rest] = line.split("\t");
    return { comm, tid: Number(tid), cpu: Number(cpu), time, event, text: rest.join("\t") };
  });
}

/** perf script's line: command, thread, processor, seconds, event (right-aligned), text. @param width of the event's column */
export function scriptLine({ comm, tid, cpu, time, event, text }: Sample, width: number): string {
  return `${comm.padStart(16)} ${String(tid).padStart(7)} [${String(cpu).padStart(3, "0")}] ${time.padStart(12)}: ${event.padStart(width)}: ${text}\n`;
}
