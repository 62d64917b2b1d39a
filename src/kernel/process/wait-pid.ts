import { Errno } from "../errors.ts";
import type { Kernel } from "../machine.ts";
import { mutant } from "../mutants.ts";
import type { ExitStatus, Process } from "./process.ts";
import type { Blocking } from "./wait.ts";

/** waitpid(2)'s options, Linux values. */
export const WNOHANG = 1;
export const WUNTRACED = 2;
export const WCONTINUED = 8;

/** The status word of a process that has ended: exit code in the second byte, or the signal in the first. */
export function waitStatus(exit: ExitStatus): number {
  return exit.signal === 0 ? (exit.code & 255) << 8 : exit.signal & 127;
}

function matches(caller: Process, pid: number): (child: Process) => boolean {
  if (pid > 0) return (child) => child.pid === pid;
  if (pid === -1) return () => true;
  const group = pid === 0 ? caller.pgid : -pid;
  return (child) => child.pgid === group;
}

/** What there is to say about a child now, or null. Saying it uses it up. */
function report(kernel: Kernel, child: Process, options: number): number | null {
  if (child.exit !== null) {
    if (!mutant("zombie-reaped-twice")) kernel.release(child);
    return waitStatus(child.exit);
  }
  const { change } = child;
  if (change?.kind === "stopped" && (options & WUNTRACED) !== 0) {
    child.change = null;
    return (change.signal << 8) | 0x7f;
  }
  if (change?.kind === "continued" && (options & WCONTINUED) !== 0) {
    child.change = null;
    return 0xffff;
  }
  return null;
}

/**
 * waitpid(2): waits for a child (or any, or one of a group) to end, and forgets it. Returns its pid, 0 (WNOHANG, nothing to tell), or
 * -ECHILD: no such child; -EINVAL: unknown option; -ERESTARTSYS: a signal came.
 * @param status OUT: the status word
 */
export function* waitPid(kernel: Kernel, caller: Process, pid: number, status: { value: number } | null, options: number): Blocking<number> {
  if ((options & ~(WNOHANG | WUNTRACED | WCONTINUED)) !== 0) return -Errno.EINVAL;
  const wanted = matches(caller, pid);
  for (;;) {
    const mine = [...caller.children].filter(wanted);
    if (mine.length === 0) return -Errno.ECHILD;
    for (const child of mine) {
      const word = report(kernel, child, options);
      if (word === null) continue;
      if (status !== null) status.value = word;
      return child.pid;
    }
    if ((options & WNOHANG) !== 0) return 0;
    const reason = yield { queue: caller.childQueue, deadline: null, what: pid > 0 ? `child ${pid} to end` : "a child to end", interruptible: true };
    // A child that ended in the same moment as the signal came is still told first, as on Linux.
    if (reason === "interrupted" && ![...caller.children].some((child) => wanted(child) && child.exit !== null)) return -Errno.ERESTARTSYS;
  }
}
