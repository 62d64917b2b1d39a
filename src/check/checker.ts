import type { Diagnostics } from "../api/diagnostics.ts";
import type { CheckClass, CodeEnv, PageTableView } from "../compiler/abi.ts";
import { Intervals } from "./intervals.ts";
import { ProcessChecker } from "./process-checker.ts";
import { Reports } from "./reports.ts";
import { Shadow } from "./shadow.ts";

export { RED_ZONE } from "./allocations.ts";

/** Checked mode of one machine: knows every process's device memory, and checks its device code against it. */
export class Checker {
  readonly classes: ReadonlySet<CheckClass>;
  readonly reports: Reports;
  readonly intervals: Intervals;
  readonly now: () => number;
  /** Whose pages the table of shadow pages leads to. */
  current: ProcessChecker | null = null;
  private readonly env: CodeEnv;
  private made: Shadow | null = null;
  private readonly processes = new Map<number, ProcessChecker>();
  private readonly byTable = new WeakMap<PageTableView, ProcessChecker>();
  /** What copy engines wrote in address spaces of which no launch has come yet: address, bytes, when. */
  private readonly early = new WeakMap<PageTableView, number[]>();

  /** @param env where shadow memory comes from @param now virtual ns */
  constructor(classes: ReadonlySet<CheckClass>, env: CodeEnv, diagnostics: Diagnostics, now: () => number) {
    this.classes = classes;
    this.env = env;
    this.now = now;
    this.reports = new Reports(diagnostics, now);
    this.intervals = new Intervals(() => this.made?.forget());
  }

  /** Made when the first checked code starts. */
  get shadow(): Shadow {
    return (this.made ??= new Shadow(this.env, this.classes.has("races")));
  }

  process(pid: number, name: string): ProcessChecker {
    let found = this.processes.get(pid);
    if (found === undefined) this.processes.set(pid, (found = new ProcessChecker(this, pid, name)));
    return found;
  }

  /** What device code of a process is loaded with. */
  envFor(pid: number, name: string): CodeEnv {
    const checker = this.process(pid, name);
    const { env } = this;
    return {
      linear: env.linear, checker,
      allocate: (bytes) => env.allocate(bytes),
      release: (address) => {
        // Scratch memory may become anything.
        checker.unmapUnknown();
        env.release(address);
      },
    };
  }

  /**
   * A library gives a program device memory.
   * @param defined whether its contents count as written: memory that the CPU can write to unseen
   * @param reached in stream order: whether the time has come; null: it has
   * @param zone bytes behind it that nobody else has
   */
  allocated(process: { readonly pid: number; readonly name: string }, address: number, size: number, label: string, defined: boolean, reached: (() => boolean) | null = null, zone: number = 0): void {
    const made = this.process(process.pid, process.name);
    made.when(address, reached, () => made.allocated(address, size, label, defined || !this.classes.has("uninitialised"), zone));
  }

  /** It takes it back. @param reached as in `allocated` */
  freed(process: { readonly pid: number; readonly name: string }, address: number, reached: (() => boolean) | null = null): void {
    const made = this.process(process.pid, process.name);
    made.when(address, reached, () => made.freed(address));
  }

  /** A copy engine has written [va, va + bytes) of an address space. */
  wrote(table: PageTableView, va: number, bytes: number): void {
    if (!this.classes.has("uninitialised")) return;
    const process = this.byTable.get(table);
    if (process !== undefined) {
      process.wrote(va, bytes);
      return;
    }
    const list = this.early.get(table);
    if (list === undefined) this.early.set(table, [va, bytes, this.now()]);
    else list.push(va, bytes, this.now());
  }

  /** A launch shows whose address space it is. */
  belongs(table: PageTableView, process: ProcessChecker): void {
    if (this.byTable.has(table)) return;
    this.byTable.set(table, process);
    const early = this.early.get(table) ?? [];
    for (let i = 0; i < early.length; i += 3) process.wrote(early[i]!, early[i + 1]!, early[i + 2]!);
    this.early.delete(table);
  }

  /** A process has ended. */
  exited(pid: number): void {
    this.processes.get(pid)?.dispose();
    this.processes.delete(pid);
  }
}
