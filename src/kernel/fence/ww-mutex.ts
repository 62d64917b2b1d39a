import { Errno, invariant } from "../errors.ts";
import { mutant } from "../mutants.ts";
import { WaitQueue, type Blocking } from "../process/wait.ts";

/**
 * How a circle of lockers is broken. `wait-die`: the younger of two gives up when it meets the older (dma_resv's class); `wound-wait`: the older tells the younger to
 * give up (Documentation/locking/ww-mutex-design.rst).
 */
export type WwPolicy = "wait-die" | "wound-wait";

/** A family of mutexes that are locked several at a time, in any order. Hands out the tickets that say who is older. */
export class WwClass {
  readonly policy: WwPolicy;
  private stamps = 0;

  constructor(policy: WwPolicy) {
    this.policy = policy;
  }

  /** ww_acquire_init: a ticket, younger than all before it. */
  acquire(): WwTicket {
    return new WwTicket(++this.stamps);
  }
}

/** One locker's ticket (ww_acquire_ctx): it keeps its age until it has got all that it wants. */
export class WwTicket {
  readonly stamp: number;
  /** Locks held with it. */
  held = 0;
  /** An older one wants a lock that this one has: it must give up at its next wait. */
  wounded = false;
  /** Where it waits, so that it can be told. */
  waitsFor: WwMutex | null = null;

  constructor(stamp: number) {
    this.stamp = stamp;
  }

  /** ww_acquire_fini. */
  fini(): void {
    invariant(this.held === 0, "a ticket is given back without locks");
  }
}

interface Waiter {
  readonly ticket: WwTicket | null;
  readonly queue: WaitQueue;
  granted: boolean;
}

/** A mutex of a class. Waiters with a ticket stand in the order of age. */
export class WwMutex {
  readonly family: WwClass;
  private owned = false;
  private owner: WwTicket | null = null;
  private readonly waiters: Waiter[] = [];

  constructor(family: WwClass) {
    this.family = family;
  }

  get locked(): boolean {
    return this.owned;
  }

  /** Whether it is held with this ticket. */
  heldBy(ticket: WwTicket): boolean {
    return this.owner === ticket;
  }

  /** Takes it when it is free. */
  tryLock(ticket: WwTicket | null): boolean {
    if (this.owned) return false;
    this.give(ticket);
    return true;
  }

  /**
   * ww_mutex_lock_interruptible.
   *
   * @returns 0; -EALREADY: held with this ticket; -EDEADLK: unlock everything held with it, then lockSlow this one; -EINTR: killed while it waited
   */
  *lock(ticket: WwTicket | null, what: string = "a reservation"): Blocking<number> {
    if (ticket !== null && this.owner === ticket) return mutant("ww-locks-twice") ? 0 : -Errno.EALREADY;
    if (ticket !== null && ticket.wounded && ticket.held > 0) return -Errno.EDEADLK;
    if (!this.owned) {
      this.give(ticket);
      return 0;
    }
    return yield* this.wait(ticket, what, false);
  }

  /** ww_mutex_lock_slow: waits for the lock that could not be had. No other may be held. Never -EDEADLK. */
  *lockSlow(ticket: WwTicket, what: string = "a reservation"): Blocking<number> {
    invariant(ticket.held === 0, "the slow path is taken with no lock held");
    ticket.wounded = false;
    if (!this.owned) {
      this.give(ticket);
      return 0;
    }
    return yield* this.wait(ticket, what, true);
  }

  /** Gives it to the oldest who waits. */
  unlock(): void {
    invariant(this.owned, "a lock is given back by who has it");
    if (this.owner !== null) this.owner.held--;
    this.owned = false;
    this.owner = null;
    const next = this.waiters.shift();
    if (next === undefined) return;
    this.give(next.ticket);
    next.granted = true;
    next.queue.wakeAll();
  }

  private give(ticket: WwTicket | null): void {
    this.owned = true;
    this.owner = ticket;
    if (ticket === null) return;
    ticket.held++;
    // Waiters of the wait-die kind that are younger and hold locks must not go on waiting for an older one.
    this.settle();
  }

  private *wait(ticket: WwTicket | null, what: string, slow: boolean): Blocking<number> {
    if (ticket !== null && !slow && this.mustGiveUp(ticket)) return -Errno.EDEADLK;
    const waiter: Waiter = { ticket, queue: new WaitQueue(), granted: false };
    let at = this.waiters.length;
    if (ticket !== null) while (at > 0 && isOlder(ticket, this.waiters[at - 1]!.ticket)) at--;
    this.waiters.splice(at, 0, waiter);
    if (ticket !== null) ticket.waitsFor = this;
    this.settle();
    try {
      while (!waiter.granted) {
        const reason = yield { queue: waiter.queue, deadline: null, what, interruptible: true };
        if (waiter.granted) break;
        if (reason === "interrupted") return -Errno.EINTR;
        if (ticket !== null && ticket.held > 0 && (ticket.wounded || this.mustGiveUp(ticket))) return -Errno.EDEADLK;
      }
      return 0;
    } finally {
      if (ticket !== null) ticket.waitsFor = null;
      const i = this.waiters.indexOf(waiter);
      if (i >= 0) this.waiters.splice(i, 1);
    }
  }

  /** Wait-die: who holds locks does not wait for an older one. */
  private mustGiveUp(ticket: WwTicket): boolean {
    if (this.family.policy !== "wait-die" || ticket.held === 0) return false;
    const older = (other: WwTicket | null): boolean => other !== null && isOlder(other, ticket);
    if (mutant("ww-oldest-dies")) return this.owner !== null;
    return older(this.owner) || this.waiters.some((w) => older(w.ticket));
  }

  /** Somebody came or got the lock: tells those who must give up now. */
  private settle(): void {
    if (this.family.policy === "wait-die") {
      for (const waiter of [...this.waiters]) if (waiter.ticket !== null && this.mustGiveUp(waiter.ticket)) waiter.queue.wakeAll();
      return;
    }
    const { owner } = this;
    if (owner === null || owner.wounded) return;
    if (!this.waiters.some((w) => w.ticket !== null && isOlder(w.ticket, owner))) return;
    owner.wounded = true;
    owner.waitsFor?.wakeOf(owner);
  }

  private wakeOf(ticket: WwTicket): void {
    this.waiters.find((w) => w.ticket === ticket)?.queue.wakeAll();
  }
}

/** Whether `a` goes before `b`; those without a ticket come in their turn, before younger ones. */
function isOlder(a: WwTicket, b: WwTicket | null): boolean {
  return b !== null && a.stamp < b.stamp;
}
