import { Errno } from "../errors.ts";
import { touch } from "../footprint.ts";
import type { Kernel } from "../machine.ts";
import { mutant } from "../mutants.ts";
import type { Process } from "../process/process.ts";
import type { Thread } from "../process/thread.ts";
import { defaultAction, isSignal, isUnblockable, Signal } from "./numbers.ts";
import { SIG_DFL, SIG_IGN, type SigInfo } from "./state.ts";

/** Whether `sender` may signal `target` (kill_ok_by_cred). */
export function maySignal(sender: Process, target: Process, signo: number): boolean {
  const [from, to] = [sender.cred, target.cred];
  if (sender === target || from.capabilities.has("CAP_KILL") || mutant("kill-without-permission")) return true;
  if (from.euid === to.uid || from.uid === to.uid) return true;
  return signo === Signal.SIGCONT && sender.sid === target.sid;
}

/**
 * kill(2): one process (pid > 0), the sender's group (0), everybody (-1) or a group (-pgid). Signal 0 only asks.
 * -EINVAL: no such signal; -ESRCH: nobody there; -EPERM: not one of them may be signaled.
 */
export function kill(kernel: Kernel, sender: Process, pid: number, signo: number): number {
  if (signo !== 0 && !isSignal(signo)) return -Errno.EINVAL;
  const targets = pid > 0 ? [kernel.processes.get(pid)].filter((p) => p !== undefined) : groupOf(kernel, sender, pid);
  if (targets.length === 0) return -Errno.ESRCH;
  const allowed = targets.filter((target) => maySignal(sender, target, signo));
  if (allowed.length === 0) return -Errno.EPERM;
  const info = { signo, pid: sender.pid, uid: sender.cred.uid, status: 0 };
  if (signo !== 0) for (const target of allowed) sendToProcess(kernel, target, info);
  return 0;
}

function groupOf(kernel: Kernel, sender: Process, pid: number): Process[] {
  const all = [...kernel.processes.values()];
  if (pid === -1) return all.filter((p) => p !== sender);
  const group = pid === 0 ? sender.pgid : -pid;
  return all.filter((p) => p.pgid === group);
}

/** tgkill(2): one thread. -EINVAL, -ESRCH, -EPERM. */
export function tgkill(kernel: Kernel, sender: Process, pid: number, tid: number, signo: number): number {
  if (pid <= 0 || tid <= 0 || (signo !== 0 && !isSignal(signo))) return -Errno.EINVAL;
  const target = kernel.processes.get(pid);
  const thread = target?.threads.get(tid);
  if (target === undefined || thread === undefined) return -Errno.ESRCH;
  if (!maySignal(sender, target, signo)) return -Errno.EPERM;
  if (signo !== 0) send(kernel, target, thread, { signo, pid: sender.pid, uid: sender.cred.uid, status: 0 });
  return 0;
}

/** A signal for a process as a whole: any thread that does not block it may take it. */
export function sendToProcess(kernel: Kernel, target: Process, info: SigInfo): void {
  send(kernel, target, null, info);
}

function send(kernel: Kernel, target: Process, thread: Thread | null, info: SigInfo): void {
  touch(target);
  if (target.exit !== null) return;
  const { signo } = info;
  if (kernel.trace.enabled) kernel.trace.emit("signal:signal_generate", { sig: signo, errno: 0, code: info.pid === 0 ? 128 : 0, comm: target.name, pid: target.pid, grp: thread === null ? 1 : 0, res: 0 });
  if (signo === Signal.SIGKILL) {
    target.terminate({ code: 128 + signo, signal: signo });
    return;
  }
  if (signo === Signal.SIGCONT) {
    for (const stop of [Signal.SIGSTOP, Signal.SIGTSTP, Signal.SIGTTIN, Signal.SIGTTOU]) forget(target, stop);
    target.resumeAll();
  } else if (defaultAction(signo) === "stop") {
    forget(target, Signal.SIGCONT);
  }
  const takers = thread === null ? [...target.threads.values()].filter((t) => t.state !== "dead" && !t.blocked.has(signo)) : thread.blocked.has(signo) ? [] : [thread];
  const { handler } = target.signals.action(signo);
  const action = defaultAction(signo);
  const caught = typeof handler === "function";
  if (takers.length > 0 && !caught) {
    if (handler === SIG_IGN && !isUnblockable(signo)) return;
    if (action === "ignore" || action === "continue") return;
    if (action === "stop") target.stopAll(signo);
    else target.terminate({ code: 128 + signo, signal: signo });
    return;
  }
  (thread?.pending ?? target.signals.pending).add(info);
  if (takers.length === 0) return;
  // A main thread that waits comes first, as on Linux; among the others any will do.
  const waiting = takers.filter((t) => t.interruptible);
  if (waiting.length === 0) return;
  const chosen = waiting.includes(target.main) ? target.main : waiting[kernel.choices.choose(waiting.length, "thread for signal")]!;
  chosen.interrupt();
}

function forget(target: Process, signo: number): void {
  target.signals.pending.discard(signo);
  for (const t of target.threads.values()) t.pending.discard(signo);
}

/**
 * Sets what a process does with a signal. What is ignored from now on is forgotten if it was pending.
 * -EINVAL: no such signal, or SIGKILL or SIGSTOP.
 */
export function checkAction(target: Process, signo: number): number {
  return isSignal(signo) && !isUnblockable(signo) && target.exit === null ? 0 : -Errno.EINVAL;
}

/** Drops pending signals that are ignored now. */
export function dropIgnored(target: Process, signo: number): void {
  const { handler } = target.signals.action(signo);
  if (handler === SIG_IGN || (handler === SIG_DFL && ["ignore", "continue"].includes(defaultAction(signo)))) forget(target, signo);
}
