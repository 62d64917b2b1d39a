import type { Diagnostics } from "../api/diagnostics.ts";
import type { CheckClass, Site } from "../compiler/abi.ts";
import type { Allocation } from "./allocations.ts";

/** Reports of one class about one line of one kernel; further ones are only counted. */
export const MAX_REPORTS = 4;

/** For tests: how many there are. */
export const reportPolicy: { most: number } = { most: MAX_REPORTS };

/** Something that a check found. */
export interface Finding {
  readonly class: CheckClass;
  readonly site: Site;
  /** Global index of the work-item. */
  readonly globalId: readonly [number, number, number];
  readonly message: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/** Whose device code it is. */
export interface Owner {
  readonly pid: number;
  readonly name: string;
}

/** "global bytes 12 to 15 of buffer #3 (64 bytes)" */
export function describe(allocation: Allocation, address: number): string {
  const offset = address - allocation.address;
  const what = `${allocation.label} #${allocation.number} (${allocation.size} bytes at 0x${allocation.address.toString(16)}, allocated at ${allocation.since} ns${allocation.until === null ? "" : `, freed at ${allocation.until} ns`})`;
  if (offset < 0) return `${-offset} bytes before ${what}`;
  return offset >= allocation.size ? `${offset - allocation.size} bytes past the end of ${what}` : `byte ${offset} of ${what}`;
}

/** Puts findings into the machine's diagnostics, a few of each kind. */
export class Reports {
  private readonly seen = new Map<string, number>();
  private readonly diagnostics: Diagnostics;
  private readonly now: () => number;

  constructor(diagnostics: Diagnostics, now: () => number) {
    this.diagnostics = diagnostics;
    this.now = now;
  }

  /** Whether another finding of the class about the line is wanted. Counts it. */
  wants(kind: CheckClass, owner: Owner, kernel: string, line: number | null): boolean {
    const key = `${kind} ${owner.pid} ${kernel} ${line}`;
    const count = (this.seen.get(key) ?? 0) + 1;
    this.seen.set(key, count);
    return count <= reportPolicy.most;
  }

  add(owner: Owner, finding: Finding): void {
    const { site } = finding;
    this.diagnostics.add({
      kind: "checker", api: "device", call: site.kernel, code: 0, codeName: finding.class,
      message: `${finding.message}, by work-item ${finding.globalId.join(",")} (group ${site.block.join(",")}, local ${site.thread.join(",")})${site.line === null ? "" : ` in line ${site.line}`}`,
      values: finding.values, process: owner.name, pid: owner.pid, tid: owner.pid, time: this.now(), site: null,
    });
  }
}
