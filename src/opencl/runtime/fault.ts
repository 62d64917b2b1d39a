import type { Caller } from "../../api/caller.ts";
import { CL_DEVICE_NOT_AVAILABLE, CL_OUT_OF_RESOURCES, errorNames } from "../abi/errors.ts";
import type { ContextFault } from "../../kernel/sys/uapi.ts";
import { runCallback } from "./callback.ts";
import type { ContextObject, Slot } from "./context-object.ts";
import type { EventObject } from "./event.ts";
import { stateOf } from "./state.ts";

/** Faults already told about, by kernel handle of the fault domain. */
const told = new WeakMap<Slot, number>();

/** The status of a command that the kernel ended badly. The first of a fault domain tells the program why. */
export function explainFault(t: Caller, event: EventObject): number {
  const slot = event.queue?.slot;
  if (slot === undefined) return CL_OUT_OF_RESOURCES;
  const arg = { context: slot.glass, fault: null as ContextFault | null };
  const result = t.sys.ioctl(slot.device.fd, "GLASS_CONTEXT_STATE", arg);
  if (result < 0 || arg.fault === null) return CL_OUT_OF_RESOURCES;
  const code = arg.fault.reason === "device-lost" ? CL_DEVICE_NOT_AVAILABLE : CL_OUT_OF_RESOURCES;
  if (told.get(slot) !== slot.glass) {
    told.set(slot, slot.glass);
    tell(t, event.context, arg.fault, code);
  }
  if (stateOf(t).settings.onFault === "poisonContext") event.context.poisoned = true;
  return code;
}

const reasons: Readonly<Record<ContextFault["reason"], string>> = {
  fault: "a kernel was ended by a fault of its own",
  timeout: "a kernel ran longer than the device's watchdog allows",
  "reset-innocent": "the device was reset because of another context's work",
  "reset-guilty": "the device was reset because of this context's work",
  "device-lost": "the device is gone",
  "mps-terminated": "the MPS server has ended this client",
  "mps-server-lost": "the MPS server is gone",
};

function tell(t: Caller, context: ContextObject, fault: ContextFault, code: typeof CL_OUT_OF_RESOURCES | typeof CL_DEVICE_NOT_AVAILABLE): void {
  const message = fault.fault === null ? `${reasons[fault.reason]}: "${fault.label}"` : `${reasons[fault.reason]}: ${fault.fault.message}`;
  const access = fault.fault?.access;
  t.diagnostics.add({
    kind: "fault", api: "opencl", call: fault.label, code, codeName: errorNames.get(code) ?? "", message,
    values: {
      reason: fault.reason,
      ...(access ? { address: access.address, access: access.kind, size: access.size } : {}),
      ...(fault.fault === null ? {} : { block: fault.fault.site.block, thread: fault.fault.site.thread, line: fault.fault.site.line }),
    },
    process: t.process.name, pid: t.sys.pid, tid: t.sys.tid, time: fault.time, site: null,
  });
  if (context.notify !== null) runCallback(t, () => context.notify!(message, null, 0, context.userData));
}
