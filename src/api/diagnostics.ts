/** One explained error. `kind` says what found it. */
export interface Diagnostic {
  readonly kind: "api-error" | "fault" | "misuse" | "checker";
  /** "cuda", "cudart", "opencl", "nvml", "device". */
  readonly api: string;
  /** The API function, or the kernel. */
  readonly call: string;
  /** The API's code, and its name. 0 and "" when there is none. */
  readonly code: number;
  readonly codeName: string;
  /** The rule that was broken, as a sentence, and what to do about it. */
  readonly message: string;
  /** The values that broke it. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly process: string;
  readonly pid: number;
  readonly tid: number;
  /** Virtual nanoseconds. */
  readonly time: number;
  /** Where in the host program: "file:line:column", null when unknown. */
  readonly site: string | null;
}

/** How many diagnostics a machine keeps; the oldest go first. */
export const MAX_DIAGNOSTICS = 10_000;

/** The machine's list of explained errors, and those who listen. */
export class Diagnostics {
  private readonly list: Diagnostic[] = [];
  private readonly listeners = new Set<(diagnostic: Diagnostic) => void>();

  add(diagnostic: Diagnostic): void {
    if (this.list.length >= MAX_DIAGNOSTICS) this.list.shift();
    this.list.push(diagnostic);
    for (const listener of this.listeners) listener(diagnostic);
  }

  all(): readonly Diagnostic[] {
    return this.list;
  }

  last(): Diagnostic | null {
    return this.list.at(-1) ?? null;
  }

  /** Calls `listener` for each new one; the result ends that. */
  on(listener: (diagnostic: Diagnostic) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  clear(): void {
    this.list.length = 0;
  }

  /** Forgets the listeners too. */
  restart(): void {
    this.clear();
    this.listeners.clear();
  }
}

/** One line for people: "cuMemFree: CUDA_ERROR_INVALID_VALUE: dptr is no base of an allocation (dptr=0x7f..)". */
export function formatDiagnostic(d: Diagnostic): string {
  const values = Object.entries(d.values).map(([name, value]) => `${name}=${formatValue(value)}`).join(", ");
  return `${d.call}: ${d.codeName === "" ? d.kind : d.codeName}: ${d.message}${values === "" ? "" : ` (${values})`}${d.site === null ? "" : ` at ${d.site}`}`;
}

function formatValue(value: unknown): string {
  if (typeof value === "number" && Number.isInteger(value) && value > 0xffff) return `0x${value.toString(16)}`;
  if (typeof value === "bigint") return `0x${value.toString(16)}`;
  if (typeof value === "string") return JSON.stringify(value);
  return String(value);
}

/** Folder of this library's own code, as stack frames name it: ".../src/" here, ".../dist/" as published. */
const own: string = /^.*\/(?:src|dist)\//.exec(import.meta.url)?.[0] ?? "\0";
const ownPath: string = own.replace(/^file:\/\//, "");

/**
 * The first frame of the host program on the stack: not of this library, not of node. Costs microseconds, so it is asked for on errors only.
 */
export function callSite(): string | null {
  return siteOf(new Error("site").stack ?? "");
}

/** The same of a stack that was taken before: "Error: ...", then a line a frame. */
export function siteOf(stack: string): string | null {
  for (const line of stack.split("\n").slice(1)) {
    const place = /\(?((?:file:\/\/)?[^\s()]+:\d+:\d+)\)?$/.exec(line.trim())?.[1];
    if (place === undefined || place.startsWith("node:") || place.startsWith(own) || place.startsWith(ownPath) || place.includes("/node_modules/")) continue;
    // A module that is loaded several times has a query behind its name.
    return place.replace(/^file:\/\//, "").replace(/\?[^:]*(?=:\d+:\d+$)/, "");
  }
  return null;
}
