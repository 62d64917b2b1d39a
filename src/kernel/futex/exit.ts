import type { Kernel } from "../machine.ts";
import { mutant } from "../mutants.ts";
import type { Thread } from "../process/thread.ts";
import { FUTEX_OWNER_DIED, FUTEX_TID_MASK, FUTEX_WAITERS, ROBUST_LIST_LIMIT } from "./constants.ts";

/**
 * What a thread's end, or its process's exec, does to futexes: words on its robust list are marked and one waiter of each is woken, locks with waiters go to
 * the next, and the word that its joiners wait for is zeroed. Its memory must still be there.
 */
export function threadExited(kernel: Kernel, thread: Thread): void {
  if (thread.robustList !== 0) walkRobustList(kernel, thread);
  thread.robustList = 0;
  kernel.futex.pi.ownerDied(thread);
  if (thread.clearChildTid === 0) return;
  const { mm } = thread.process;
  if (mm.store32(thread.clearChildTid, 0)) kernel.futex.wake(mm, thread.clearChildTid, 1);
  thread.clearChildTid = 0;
}

/** exit_robust_list: the list is the program's own, so nothing in it is believed. */
function walkRobustList(kernel: Kernel, thread: Thread): void {
  const head = thread.robustList;
  const first = load64(thread, head);
  const offset = load64(thread, head + 8);
  const pending = load64(thread, head + 16);
  if (first === null || offset === null || pending === null) return;
  let at = first;
  for (let n = 0; n < ROBUST_LIST_LIMIT && clean(at) !== head; n++) {
    // Where to go on is read before the word is given back: its next owner may change the entry.
    const next = load64(thread, clean(at));
    if (clean(at) !== clean(pending) && !ownerDied(kernel, thread, clean(at) + offset, isPi(at), false)) return;
    if (next === null) return;
    at = next;
  }
  if (clean(pending) !== 0) ownerDied(kernel, thread, clean(pending) + offset, isPi(pending), true);
}

/** handle_futex_death. False: the address is no good. */
function ownerDied(kernel: Kernel, thread: Thread, address: number, pi: boolean, isPending: boolean): boolean {
  const { mm } = thread.process;
  if ((address & 3) !== 0) return false;
  const value = mm.load32(address);
  if (value === null) return false;
  // The thread died between unlocking and waking: somebody may sleep on a free word.
  if (isPending && !pi && value === 0) {
    kernel.futex.wake(mm, address, 1);
    return true;
  }
  if ((value & FUTEX_TID_MASK) !== thread.tid) return true;
  if (!mutant("robust-owner-died-not-set") && !mm.store32(address, ((value & FUTEX_WAITERS) | FUTEX_OWNER_DIED) >>> 0)) return false;
  // Only waiters that use the word as a shared one are found, as on Linux.
  if (!pi && (value & FUTEX_WAITERS) !== 0) kernel.futex.wake(mm, address, 1);
  return true;
}

/** Lists link to the next entry with the lowest bit telling the kind of lock. */
function clean(link: number): number {
  return link % 2 === 0 ? link : link - 1;
}

function isPi(link: number): boolean {
  return link % 2 === 1;
}

/** A signed 64-bit word of the thread's memory as a number, or null. */
function load64(thread: Thread, address: number): number | null {
  const { mm } = thread.process;
  const low = mm.load32(address);
  const high = mm.load32(address + 4);
  return low === null || high === null ? null : (high | 0) * 2 ** 32 + low;
}
