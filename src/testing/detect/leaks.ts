import { observeHandles } from "../../api/handles.ts";
import type { Observer } from "../../kernel/observe.ts";
import type { Process } from "../../kernel/process/process.ts";
import type { Thread } from "../../kernel/process/thread.ts";
import type { Machine } from "../../machine.ts";
import type { Finding } from "../schedule/finding.ts";
import { Calls, type Call } from "./calls.ts";
import { silent } from "./silent.ts";

/** Calls that give a program something it has to give back. */
const GIVES = /Create|Alloc|Load|Enqueue|Register|Open|Import|Clone|Malloc/;

interface Held {
  readonly what: string;
  readonly process: Process;
  readonly call: Call;
}

/** What a program was given and had not given back when it ended, with where it got it. */
export class LeakDetector {
  readonly observer: Observer;
  private readonly calls = new Calls();
  private readonly held = new Map<string, Held>();
  private readonly tables = new Map<object, number>();

  constructor(machine: Machine) {
    this.observer = {
      ...silent,
      called: (thread, name) => void this.calls.enter(thread, name),
      returned: (thread) => void this.calls.leave(thread),
      allocated: (thread, address, bytes) => this.holdMemory(thread, address, bytes),
      freed: (thread, address) => void this.held.delete(`m${thread.process.pid} ${address}`),
    };
    observeHandles({
      added: (table, handle) => {
        const thread = machine.kernel.scheduler.current;
        if (thread !== null) this.hold(`h${this.numberOf(table)} ${handle}`, thread, "an object");
      },
      removed: (table, handle) => void this.held.delete(`h${this.numberOf(table)} ${handle}`),
    });
  }

  private numberOf(table: object): number {
    let number = this.tables.get(table);
    if (number === undefined) this.tables.set(table, (number = this.tables.size));
    return number;
  }

  /** Memory that a program holds by its address; what stands behind an object is the object's. */
  private holdMemory(thread: Thread, address: number, bytes: number): void {
    const name = this.calls.of(thread)?.name ?? "";
    if (name === "" || name.startsWith("cu") || name.startsWith("clSVM")) this.hold(`m${thread.process.pid} ${address}`, thread, `${bytes} bytes`);
  }

  private hold(key: string, thread: Thread, what: string): void {
    const call = this.calls.of(thread);
    if (call !== null && !GIVES.test(call.name)) return;
    this.held.set(key, { what, process: thread.process, call: call ?? { ...this.calls.here(thread), name: "malloc" } });
  }

  /** What is still held. Call sites are told apart, not objects: a loop that leaks does it at one place. */
  finish(): readonly Finding[] {
    observeHandles(null);
    const places = new Map<string, { readonly first: Held; count: number }>();
    for (const held of this.held.values()) {
      const { process, call } = held;
      // Processes that were killed gave nothing back, and that is nobody's mistake.
      if (process.exit !== null && process.exit.signal !== 0) continue;
      const key = `${call.name} at ${call.site() ?? "an unknown place"}`;
      const known = places.get(key);
      if (known === undefined) places.set(key, { first: held, count: 1 });
      else known.count++;
    }
    return [...places].map(([key, { first, count }]) => ({
      kind: "leak",
      key,
      message: `${first.process.name} (pid ${first.process.pid}) never gave back ${count === 1 ? "what it got" : `${count} things that it got`} by ${key} (${first.what})`,
    }));
  }
}
