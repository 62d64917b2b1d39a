import { siteOf } from "../../api/diagnostics.ts";
import type { Thread } from "../../kernel/process/thread.ts";

/** An API call under way, or the last one. */
export interface Call {
  readonly name: string;
  /** Where in the host program it stands: "file:line:column". Worked out when it is asked for. */
  readonly site: () => string | null;
}

/** Frames that are taken: the library's own come first. */
const FRAMES = 40;

function siteLater(): () => string | null {
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = FRAMES;
  // Taking a stack is cheap; making text of it is not, and happens for reports only.
  const here = new Error("site");
  Error.stackTraceLimit = before;
  let known: string | null | undefined;
  return () => (known === undefined ? (known = siteOf(here.stack ?? "")) : known);
}

/** Which API call each thread is in. */
export class Calls {
  private readonly inside = new Map<Thread, Call[]>();

  /** @returns whether the program's own code called it, not another API function */
  enter(thread: Thread, name: string): boolean {
    let stack = this.inside.get(thread);
    if (stack === undefined) this.inside.set(thread, (stack = []));
    stack.push({ name, site: siteLater() });
    return stack.length === 1;
  }

  /** @returns whether the program's own code goes on now */
  leave(thread: Thread): boolean {
    const stack = this.inside.get(thread);
    stack?.pop();
    return stack === undefined || stack.length === 0;
  }

  /** The outermost call that a thread is in; null: none. */
  of(thread: Thread): Call | null {
    return this.inside.get(thread)?.[0] ?? null;
  }

  /** Where the program is, inside a call or not. */
  here(thread: Thread): Call {
    return this.of(thread) ?? { name: "", site: siteLater() };
  }
}
