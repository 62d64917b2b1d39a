import { Errno } from "../errors.ts";
import type { OpenFile, SysCaller } from "../fs/file.ts";
import { mutant } from "../mutants.ts";
import type { IoctlName, IoctlTable, WaitIoctlName } from "../sys/uapi.ts";
import type { FaultInjector } from "./injector.ts";

/** Requests that give something back or only look: they take no memory. */
const takesNothing = /CLOSE|DESTROY|DROP|DETACH|QUERY|STATE|STATUS|INFO|VERSION|GET_|OCCUPANCY|RANGES|EVICT|UNMAP|DEADLINE/;
/** Requests that give something back. */
const givesBack = /CLOSE|DESTROY|DROP|DETACH|UNMAP/;

function isUnmap(arg: unknown): boolean {
  return typeof arg === "object" && arg !== null && "op" in arg && (arg.op === "unmap" || arg.op === "unmap-all");
}

type Undo<K extends IoctlName> = (driver: NonNullable<OpenFile["driver"]["ioctl"]>, caller: SysCaller, arg: IoctlTable[K]) => void;

/**
 * How to take back what a request has made when its answer cannot be copied out. Where Linux's drivers leave it to the closing of the file, this kernel keeps
 * the promise that a failed request has changed nothing. Requests that are not here have their answer's place looked at before they do anything.
 */
const undo: { readonly [K in IoctlName]?: Undo<K> } = {
  DRM_IOCTL_SYNCOBJ_CREATE: (ioctl, caller, { handle }) => ioctl(caller, "DRM_IOCTL_SYNCOBJ_DESTROY", { handle }),
  DRM_IOCTL_GEM_OPEN: (ioctl, caller, { handle }) => ioctl(caller, "DRM_IOCTL_GEM_CLOSE", { handle }),
  GLASS_GEM_CREATE: (ioctl, caller, { handle }) => ioctl(caller, "DRM_IOCTL_GEM_CLOSE", { handle }),
  GLASS_VM_CREATE: (ioctl, caller, { vm }) => ioctl(caller, "GLASS_VM_DESTROY", { vm }),
  GLASS_BIND_QUEUE_CREATE: (ioctl, caller, { vm, queue }) => ioctl(caller, "GLASS_BIND_QUEUE_DESTROY", { vm, queue }),
  GLASS_CONTEXT_CREATE: (ioctl, caller, { context }) => ioctl(caller, "GLASS_CONTEXT_DESTROY", { context }),
  GLASS_EXEC_QUEUE_CREATE: (ioctl, caller, { queue, timeline }) => {
    ioctl(caller, "GLASS_EXEC_QUEUE_DESTROY", { queue });
    ioctl(caller, "DRM_IOCTL_SYNCOBJ_DESTROY", { handle: timeline });
  },
};

/** A request while faults are asked for. @param run does it @returns what the program sees */
export function faultyRequest<K extends IoctlName>(faults: FaultInjector, caller: SysCaller, file: OpenFile, request: K, arg: IoctlTable[K], run: () => number): number {
  const before = faults.enter(caller.thread);
  try {
    const refused = refusal(faults, caller, request, arg);
    if (refused < 0) return refused;
    const back = undo[request] as Undo<K> | undefined;
    if (back === undefined) return run();
    const given = { ...arg };
    const result = run();
    if (result < 0 || !faults.should("fail_usercopy")) return result;
    const { driver } = file;
    if (!mutant("answer-not-taken-back")) faults.sparing(() => back(driver.ioctl!.bind(driver), caller, arg));
    Object.assign(arg, given);
    return -Errno.EFAULT;
  } finally {
    faults.leave(before);
  }
}

/** What stops a request before it does anything: 0 or a negative errno. */
export function refusal(faults: FaultInjector, caller: SysCaller, request: IoctlName | WaitIoctlName, arg: unknown): number {
  const task = caller.thread;
  const overridden = faults.function(request, task);
  if (overridden < 0) return overridden;
  const giving = givesBack.test(request) || isUnmap(arg);
  if (!(giving && faults.ignoreRelease) && faults.should("fail_usercopy", task)) return -Errno.EFAULT;
  if (!takesNothing.test(request) && !isUnmap(arg) && faults.should("failslab", task)) return -Errno.ENOMEM;
  return 0;
}
