import { Errno } from "../errors.ts";
import { mutant } from "../mutants.ts";
import type { Blocking } from "../process/wait.ts";
import { reservationClass, type DmaResv } from "./resv.ts";
import type { WwTicket } from "./ww-mutex.ts";

/** DRM_EXEC_IGNORE_DUPLICATES: an object that is locked already counts as locked. */
export const EXEC_IGNORE_DUPLICATES = 1;

/** Objects that one call may lock. */
const MAX_LOCKED = 65536;

/**
 * Locks any number of reservations, in any order (drm_exec): `for (;;) { ... lock each; if (!(yield* exec.retry())) break; }`. When two callers meet, the younger
 * unlocks everything in reverse, waits for the one it could not get, and begins again with that one locked: so everybody gets through.
 */
export class DrmExec {
  private readonly flags: number;
  private ticket: WwTicket | null = null;
  private readonly held: DmaResv[] = [];
  /** The one that another had. */
  private contended: DmaResv | null = null;
  /** Locked ahead of its turn, after contention. */
  private prelocked: DmaResv | null = null;
  /** Passes that were given up. */
  retries = 0;

  constructor(flags: number = 0) {
    this.flags = flags;
  }

  /** Reservations that are locked now. */
  get locked(): readonly DmaResv[] {
    return this.held;
  }

  /**
   * drm_exec_lock_obj. 0; -EDEADLK: leave the pass, `retry` does the rest; -EALREADY: locked by this pass (unless duplicates are ignored); -ENOMEM; -EINTR.
   */
  *lock(resv: DmaResv): Blocking<number> {
    this.ticket ??= reservationClass.acquire();
    if (this.held.length >= MAX_LOCKED) return -Errno.ENOMEM;
    if (this.prelocked === resv) {
      this.prelocked = null;
      return 0;
    }
    const result = yield* resv.lock.lock(this.ticket, "the reservation of a buffer");
    if (result === -Errno.EDEADLK) {
      this.contended = resv;
      return result;
    }
    if (result === -Errno.EALREADY && (this.flags & EXEC_IGNORE_DUPLICATES) !== 0) return 0;
    if (result === 0) this.held.push(resv);
    return result;
  }

  /** drm_exec_retry_on_contention: true when the pass must begin again; then nothing is locked but the contended one. A negative errno when it was killed. */
  *retry(): Blocking<boolean | number> {
    const wanted = this.contended;
    if (wanted === null) return false;
    this.contended = null;
    this.unlockAll(mutant("exec-keeps-a-lock") ? 1 : 0);
    this.retries++;
    const result = yield* wanted.lock.lockSlow(this.ticket!, "the reservation of a buffer");
    if (result !== 0) return result;
    this.held.push(wanted);
    this.prelocked = wanted;
    return true;
  }

  /** Locks all of a list, in its order, as often as it takes. 0, -EALREADY, -ENOMEM, -EINTR; nothing is locked after an error. */
  *lockAll(resvs: readonly DmaResv[]): Blocking<number> {
    for (;;) {
      let result = 0;
      for (const resv of resvs) {
        result = yield* this.lock(resv);
        if (result !== 0) break;
      }
      if (result === 0) return 0;
      if (result === -Errno.EDEADLK) {
        const again = yield* this.retry();
        if (again === true) continue;
        result = again === false ? result : again;
      }
      this.fini();
      return result;
    }
  }

  /** drm_exec_fini: unlocks everything, the last locked first. */
  fini(): void {
    this.unlockAll();
    this.contended = null;
    this.ticket?.fini();
    this.ticket = null;
  }

  private unlockAll(keep: number = 0): void {
    while (this.held.length > keep) this.held.pop()!.lock.unlock();
    this.prelocked = null;
  }
}
