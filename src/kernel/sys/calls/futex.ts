import { Errno } from "../../errors.ts";
import * as F from "../../futex/constants.ts";
import type { Word } from "../../futex/key.ts";
import { cmpRequeuePi, requeue, waitRequeuePi } from "../../futex/requeue.ts";
import type { Blocking } from "../../process/wait.ts";
import { ProcessCalls } from "./processes.ts";

/** Arguments of futex(2) beyond address, operation and value. What an operation does not take is ignored. */
export interface FutexArgs {
  /** Virtual ns: relative for FUTEX_WAIT, absolute for the others; null: none. */
  readonly timeout?: number | null;
  /** The count that takes the timeout's place: nr_requeue, nr_wake2. */
  readonly val2?: number;
  readonly uaddr2?: number;
  readonly val3?: number;
}

/** One waiter of futex_waitv(2). */
export interface FutexWaitv {
  readonly val: number;
  readonly uaddr: number;
  readonly flags: number;
}

const timed: ReadonlySet<number> = new Set([F.FUTEX_WAIT, F.FUTEX_LOCK_PI, F.FUTEX_LOCK_PI2, F.FUTEX_WAIT_BITSET, F.FUTEX_WAIT_REQUEUE_PI]);
const clocked: ReadonlySet<number> = new Set([F.FUTEX_WAIT_BITSET, F.FUTEX_WAIT_REQUEUE_PI, F.FUTEX_LOCK_PI2]);

/** futex(2), futex_waitv(2) and the robust lists. */
export abstract class FutexCalls extends ProcessCalls {
  *futexWait(address: number, expected: number, deadline: number | null, what: string): Blocking<number> {
    const kernel = this.kernel;
    this.charge();
    if (kernel.trace.enabled) kernel.trace.emit("syscalls:sys_enter_futex", { uaddr: `0x${address.toString(16)}`, op: "FUTEX_WAIT", val: expected });
    if (this.fails("fail_futex")) return -Errno.EFAULT;
    const result = yield* this.interruptible(() => kernel.futex.wait(this.process.mm, address, expected, deadline, what), deadline === null ? "asked" : "never");
    if (result === 0) this.thread.debt += kernel.costs.futexWake;
    if (kernel.trace.enabled) kernel.trace.emit("syscalls:sys_exit_futex", { ret: result });
    return result;
  }

  futexWake(address: number, count: number): number {
    this.charge();
    if (this.kernel.trace.enabled) this.kernel.trace.emit("syscalls:sys_enter_futex", { uaddr: `0x${address.toString(16)}`, op: "FUTEX_WAKE", val: count });
    if (this.fails("fail_futex")) return -Errno.EFAULT;
    return this.kernel.futex.wake(this.process.mm, address, count);
  }

  *futex(uaddr: number, op: number, val: number, args: FutexArgs = {}): Blocking<number> {
    const { trace, costs } = this.kernel;
    this.charge();
    if (trace.enabled) trace.emit("syscalls:sys_enter_futex", { uaddr: `0x${uaddr.toString(16)}`, op, val });
    const result = this.fails("fail_futex") ? -Errno.EFAULT : yield* this.dispatch(uaddr, op, val, args);
    if (trace.enabled) trace.emit("syscalls:sys_exit_futex", { ret: result });
    if (result >= 0 && timed.has(op & 127)) this.thread.debt += costs.futexWake;
    return result;
  }

  private *dispatch(uaddr: number, op: number, val: number, { timeout = null, val2 = 0, uaddr2 = 0, val3 = 0 }: FutexArgs): Blocking<number> {
    const command = op & ~(F.FUTEX_PRIVATE_FLAG | F.FUTEX_CLOCK_REALTIME);
    const { futex, clock } = this.kernel;
    const { mm } = this.process;
    const one: Word = { mm, address: uaddr };
    const two: Word = { mm, address: uaddr2 };
    const own = (op & F.FUTEX_PRIVATE_FLAG) !== 0;
    if ((op & F.FUTEX_CLOCK_REALTIME) !== 0 && !clocked.has(command)) return -Errno.ENOSYS;
    if (timeout !== null && timed.has(command) && !(timeout >= 0)) return -Errno.EINVAL;
    const until = timeout === null ? null : Math.ceil(command === F.FUTEX_WAIT ? clock.now + this.thread.debt + timeout : timeout);
    const restart = until === null ? "asked" : "never";
    const what = `the word at 0x${uaddr.toString(16)} to change from ${val >>> 0}`;
    switch (command) {
      case F.FUTEX_WAIT:
        return yield* this.interruptible(() => futex.wait(mm, uaddr, val, until, what, own), restart);
      case F.FUTEX_WAIT_BITSET:
        return yield* this.interruptible(() => futex.wait(mm, uaddr, val, until, what, own, val3), restart);
      case F.FUTEX_WAKE:
        return futex.wake(mm, uaddr, val | 0, own);
      case F.FUTEX_WAKE_BITSET:
        return futex.wake(mm, uaddr, val | 0, own, val3);
      case F.FUTEX_REQUEUE:
        return requeue(futex, one, two, own, { wake: val | 0, move: val2 | 0, expected: null });
      case F.FUTEX_CMP_REQUEUE:
        return requeue(futex, one, two, own, { wake: val | 0, move: val2 | 0, expected: val3 });
      case F.FUTEX_WAKE_OP:
        return futex.wakeOp(one, two, own, val | 0, val2 | 0, val3);
      case F.FUTEX_LOCK_PI:
      case F.FUTEX_LOCK_PI2:
        // The state of a lock is made at the first contention, before anything else (refill_pi_state_cache).
        if (this.fails("failslab")) return -Errno.ENOMEM;
        return yield* this.interruptible(() => futex.pi.lock(this.thread, one, own, until, false));
      case F.FUTEX_TRYLOCK_PI:
        return yield* futex.pi.lock(this.thread, one, own, null, true);
      case F.FUTEX_UNLOCK_PI:
        return futex.pi.unlock(this.thread, one, own);
      case F.FUTEX_WAIT_REQUEUE_PI:
        return yield* this.interruptible(() => waitRequeuePi(futex, one, val, two, own, F.FUTEX_BITSET_MATCH_ANY, until));
      case F.FUTEX_CMP_REQUEUE_PI:
        if (this.fails("failslab")) return -Errno.ENOMEM;
        return cmpRequeuePi(futex, one, two, own, { wake: val | 0, move: val2 | 0, expected: val3 });
      default:
        return -Errno.ENOSYS;
    }
  }

  *futexWaitv(waiters: readonly FutexWaitv[], flags: number, timeout: number | null, clock: number = F.CLOCK_MONOTONIC): Blocking<number> {
    this.charge();
    if (flags !== 0 || waiters.length === 0 || waiters.length > F.FUTEX_WAITV_MAX) return -Errno.EINVAL;
    if (timeout !== null && ((clock !== F.CLOCK_REALTIME && clock !== F.CLOCK_MONOTONIC) || !(timeout >= 0))) return -Errno.EINVAL;
    if (waiters.some((w) => (w.flags & ~(F.FUTEX2_PRIVATE | 3)) !== 0 || (w.flags & 3) !== F.FUTEX2_SIZE_U32)) return -Errno.EINVAL;
    if (this.fails("failslab")) return -Errno.ENOMEM;
    if (this.fails("fail_futex")) return -Errno.EFAULT;
    const words = waiters.map((w) => ({ address: w.uaddr, expected: w.val, isPrivate: (w.flags & F.FUTEX2_PRIVATE) !== 0 }));
    const deadline = timeout === null ? null : Math.ceil(timeout);
    const result = yield* this.interruptible(() => this.kernel.futex.waitv(this.process.mm, words, deadline), deadline === null ? "asked" : "never");
    if (result >= 0) this.thread.debt += this.kernel.costs.futexWake;
    return result;
  }

  setRobustList(head: number, length: number): number {
    this.charge();
    if (length !== F.ROBUST_LIST_HEAD_SIZE) return -Errno.EINVAL;
    this.thread.robustList = head;
    return 0;
  }

  getRobustList(tid: number, out: { head: number; length: number }): number {
    this.charge();
    const thread = tid === 0 ? this.thread : this.kernel.findThread(tid);
    if (thread === undefined) return -Errno.ESRCH;
    const { cred } = this.process;
    if (thread.process !== this.process && cred.uid !== thread.process.cred.uid && !cred.capabilities.has("CAP_SYS_PTRACE")) return -Errno.EPERM;
    out.head = thread.robustList;
    out.length = F.ROBUST_LIST_HEAD_SIZE;
    return 0;
  }

  setTidAddress(address: number): number {
    this.charge();
    this.thread.clearChildTid = address;
    return this.tid;
  }
}
