import type { Caller } from "../../api/caller.ts";
import { Errno } from "../../kernel/errors.ts";
import type { ContextObject, Slot } from "./context-object.ts";
import type { QueueObject } from "./queue-object.ts";
import { stateOf } from "./state.ts";

/**
 * The kernel banned a context's fault domain on one device (a kernel faulted or hung). Under the policy `propagate` a new one takes its place over the
 * same address space, with new exec queues: "the command-queue ... may no longer be available" is left to the implementation. What was in flight has
 * failed already.
 * @returns false when the policy is `poisonContext`, or the kernel gives nothing new
 */
export function recover(t: Caller, context: ContextObject, slot: Slot): boolean {
  const state = stateOf(t);
  if (state.settings.onFault === "poisonContext") {
    context.poisoned = true;
    return false;
  }
  const fresh = { vm: slot.vm, notifier: slot.notifier, label: "opencl", context: 0 };
  t.sys.store32(slot.notifier, 0);
  if (t.sys.ioctl(slot.device.fd, "GLASS_CONTEXT_CREATE", fresh) < 0) return false;
  const old = slot.glass;
  slot.glass = fresh.context;
  for (const queue of state.queuesAlive) {
    if (queue.slot !== slot) continue;
    const exec = queue.exec;
    if (queue.start(t, "queue") < 0) return false;
    t.sys.ioctl(slot.device.fd, "GLASS_EXEC_QUEUE_DESTROY", { queue: exec });
  }
  t.sys.ioctl(slot.device.fd, "GLASS_CONTEXT_DESTROY", { context: old });
  return true;
}

/** Makes a queue's exec queue, in a fresh fault domain when the old one is banned. @returns 0 or a negative errno */
export function startQueue(t: Caller, queue: QueueObject, label: string): number {
  const result = queue.start(t, label);
  if (result !== -Errno.ECANCELED || !recover(t, queue.context, queue.slot)) return result;
  return queue.start(t, label);
}
