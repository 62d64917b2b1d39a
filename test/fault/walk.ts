import type { Kernel } from "../../src/kernel/machine.ts";
import type { Process } from "../../src/kernel/process/process.ts";

/** What a walk looks at: whose calls, what must not change, and which codes are right. */
export interface Walked {
  readonly kernel: Kernel;
  readonly process: Process;
  /** What must be as before after a call that failed. */
  state(): object;
  /** The code that a call gave: 0 when it worked. */
  code(name: string, args: readonly unknown[], result: unknown): number;
  /** Whether a function may answer this. */
  allowed(name: string, code: number): boolean;
  /** For messages. */
  named(code: number): string;
}

/** What walks have done. */
export interface Tally {
  /** Calls of API functions that a fault was injected into. */
  faults: number;
  /** Of those: calls that worked all the same. */
  tolerated: number;
  /** Failures after which something was kept, once, for later calls. */
  kept: number;
  /** Functions that failed at least once. */
  readonly functions: Set<string>;
  /** Codes that they failed with. */
  readonly codes: Map<string, number>;
}

/** An empty tally. */
export function tally(): Tally {
  return { faults: 0, tolerated: 0, kept: 0, functions: new Set(), codes: new Map() };
}

/** Where two states differ: "path: before -> after". */
export function differences(before: unknown, after: unknown, path: string = ""): string[] {
  if (Object.is(before, after)) return [];
  if (typeof before !== "object" || typeof after !== "object" || before === null || after === null) return [`${path}: ${String(before)} -> ${String(after)}`];
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) => differences((before as Record<string, unknown>)[key], (after as Record<string, unknown>)[key], path === "" ? key : `${path}.${key}`));
}

/** What is wrong with a call that failed, or null. */
function wrong(w: Walked, name: string, code: number, before: object): string | null {
  if (!w.allowed(name, code)) return `${name} may not answer ${w.named(code)}`;
  try {
    w.kernel.checkInvariants();
  } catch (error) {
    return `${name} (${w.named(code)}): ${(error as Error).message}`;
  }
  const changes = differences(before, w.state());
  return changes.length === 0 ? null : `${name} (${w.named(code)}) changed ${changes.join(", ")}`;
}

/**
 * The functions of an API, watched: a call that an injected fault makes fail must answer a code that it may answer, leave everything as it was, and work when it is made
 * again. Whoever called gets the result of that second call.
 * @param problems gets what was wrong
 */
export function watched<A extends object>(api: A, w: Walked, counts: Tally, problems: string[]): A {
  const task = w.process.main;
  return new Proxy(api, {
    get(target, name: string) {
      const fn = (target as Record<string, unknown>)[name];
      if (typeof fn !== "function") return fn;
      return (...args: unknown[]): unknown => {
        if (task.failNth === 0) return (fn as (...a: unknown[]) => unknown)(...args);
        w.kernel.runUntilIdle();
        const before = w.state();
        const armed = task.failNth;
        const result = (fn as (...a: unknown[]) => unknown)(...args);
        if (task.failNth > 0) return result;
        counts.faults++;
        const code = w.code(name, args, result);
        if (code === 0) {
          counts.tolerated++;
          return result;
        }
        counts.functions.add(name);
        counts.codes.set(w.named(code), (counts.codes.get(w.named(code)) ?? 0) + 1);
        w.kernel.runUntilIdle();
        let problem = wrong(w, name, code, before);
        // What a driver keeps for its next calls (bounce buffers, names) may be there after the first failure, but failing takes no more.
        for (let left = 16; problem?.includes(" changed kernel.") === true && left > 0; left--) {
          w.kernel.faults.setNth(task, armed);
          const kept = w.state();
          const made = (fn as (...a: unknown[]) => unknown)(...args);
          w.kernel.faults.setNth(task, 0);
          if (w.code(name, args, made) === 0) return made;
          w.kernel.runUntilIdle();
          if (differences(kept, w.state()).length === 0) {
            counts.kept++;
            problem = null;
          }
        }
        if (problem !== null) problems.push(problem);
        const again = (fn as (...a: unknown[]) => unknown)(...args);
        const second = w.code(name, args, again);
        if (second !== 0 && problem === null) problems.push(`${name} (${w.named(code)}) gives ${w.named(second)} when it is called again`);
        return again;
      };
    },
  });
}

/** Lets the n-th point of a task's calls fail. */
export function failNth(w: Pick<Walked, "kernel" | "process">, n: number): void {
  w.kernel.faults.setNth(w.process.main, n);
}

/** Ends every process and says what is left of the kernel's objects. */
export function leftAfterExit(kernel: Kernel): Readonly<Record<string, number>> {
  for (const process of [...kernel.processes.values()]) process.terminate({ code: 0, signal: 0 });
  kernel.runUntilIdle();
  kernel.checkInvariants();
  const left: Record<string, number> = {};
  for (const [subsystem, counts] of Object.entries(kernel.objectCounts())) {
    if (subsystem === "vfs") continue;
    for (const [kind, count] of Object.entries(counts)) if (count !== 0) left[`${subsystem}.${kind}`] = count;
  }
  return left;
}
