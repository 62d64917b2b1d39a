import type { Observer } from "../../kernel/observe.ts";
import type { Thread } from "../../kernel/process/thread.ts";
import type { Finding } from "../schedule/finding.ts";
import { Calls } from "./calls.ts";
import { silent } from "./silent.ts";

/** Calls that only ask whether something is over. */
const ASKS = /^(clGetEventInfo|cu(da)?(Stream|Event)Query)$/;
/** So many times in a row is a loop. */
const LOOP = 32;

/** Loops that ask again and again instead of waiting: they burn a processor, and with clGetEventInfo what they see is no synchronisation point. */
export class PollingDetector {
  readonly observer: Observer;
  private readonly calls = new Calls();
  private readonly asked = new Map<Thread, { readonly key: string; times: number }>();
  private readonly found = new Map<string, Finding>();

  constructor() {
    this.observer = {
      ...silent,
      called: (thread, name) => {
        if (this.calls.enter(thread, name)) this.look(thread, name);
      },
      returned: (thread) => void this.calls.leave(thread),
    };
  }

  private look(thread: Thread, name: string): void {
    const last = this.asked.get(thread);
    if (!ASKS.test(name)) {
      this.asked.delete(thread);
      return;
    }
    if (last === undefined || last.key !== name) this.asked.set(thread, { key: name, times: 1 });
    else if (++last.times === LOOP) {
      const site = this.calls.of(thread)?.site() ?? "an unknown place";
      const rule = name === "clGetEventInfo" ? "; seeing CL_COMPLETE there is no synchronisation point: wait with clWaitForEvents" : "; wait with the Synchronize call";
      const key = `${name} at ${site}`;
      this.found.set(key, { kind: "polling", key, message: `${name} was called ${LOOP} times in a row at ${site}${rule}` });
    }
  }

  finish(): readonly Finding[] {
    return [...this.found.values()];
  }
}
