import type { Caller } from "../../api/caller.ts";
import type { cl_context } from "../abi/types.ts";
import type { DeviceObject } from "./device-object.ts";
import { DeviceMemory } from "./memory.ts";
import { ClObject } from "./object.ts";
import { runCallback } from "./callback.ts";
import type { SvmAllocation } from "./svm-allocation.ts";

/** A device as a context uses it: an address space and a fault domain of its own. */
export interface Slot {
  readonly index: number;
  readonly device: DeviceObject;
  readonly vm: number;
  /** Kernel handle of the fault domain; replaced after a ban under the policy `propagate`. */
  glass: number;
  /** Word that the kernel sets when it bans the fault domain. */
  readonly notifier: number;
}

/** Whether a device of the context shares all of the process's memory (CL_DEVICE_SVM_FINE_GRAIN_SYSTEM). */
export function hasSystemSvm(context: ContextObject): boolean {
  return context.slots.some((slot) => slot.device.info.profile.svm?.fineGrainSystem === true);
}

/** `void (*pfn_notify)(const char* errinfo, const void* private_info, size_t cb, void* user_data)` */
export type ContextNotify = (errinfo: string, private_info: Uint8Array | null, cb: number, user_data: unknown) => unknown;

/** A cl_context. */
export class ContextObject extends ClObject {
  readonly slots: readonly Slot[];
  readonly properties: readonly number[] | null;
  readonly notify: ContextNotify | null;
  readonly userData: unknown;
  readonly destructors: { readonly call: (context: cl_context, user_data: unknown) => unknown; readonly data: unknown }[] = [];
  readonly memory: DeviceMemory;
  /** Live SVM allocations. */
  readonly svm: SvmAllocation[] = [];
  /** Queues of its own for initial contents, by device; made when first needed. */
  readonly uploads: Map<Slot, ClObject> = new Map();
  /** Set when a fault poisoned it (policy `poisonContext`). */
  poisoned = false;

  constructor(slots: readonly Slot[], properties: readonly number[] | null, notify: ContextNotify | null, userData: unknown) {
    super(null);
    this.slots = slots;
    this.properties = properties;
    this.notify = notify;
    this.userData = userData;
    this.memory = new DeviceMemory(slots);
  }

  protected get parent(): null {
    return null;
  }

  slotOf(device: DeviceObject): Slot | undefined {
    return this.slots.find((slot) => slot.device === device);
  }

  protected dispose(t: Caller): void {
    for (let i = this.destructors.length - 1; i >= 0; i--) {
      const { call, data } = this.destructors[i]!;
      runCallback(t, () => call(this.handle as cl_context, data));
    }
    for (const queue of this.uploads.values()) queue.release(t);
    for (const allocation of this.svm.splice(0)) this.memory.destroy(t, allocation.backing);
    this.memory.disposeAll(t);
    for (const slot of this.slots) {
      t.sys.ioctl(slot.device.fd, "GLASS_CONTEXT_DESTROY", { context: slot.glass });
      t.sys.ioctl(slot.device.fd, "GLASS_VM_DESTROY", { vm: slot.vm });
    }
  }
}
