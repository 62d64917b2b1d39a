import { Errno } from "../../errors.ts";
import type { SysCaller } from "../../fs/file.ts";
import type { IoctlTable, ResetStatus } from "../../sys/uapi.ts";
import type { GpuContext } from "../context.ts";
import type { DrmFile } from "../file.ts";

/** Whose fault it was that a context lost work, if it did. */
function statusOf(context: GpuContext): ResetStatus {
  switch (context.fault?.reason) {
    case undefined:
      return context.hangs > 0 ? "guilty" : "none";
    case "reset-innocent":
    case "device-lost":
    case "mps-terminated":
    case "mps-server-lost":
      return "innocent";
    case "fault":
    case "timeout":
    case "reset-guilty":
      return "guilty";
  }
}

/** GLASS_RESET_STATUS. -ENOENT: context. */
export function resetStatus(file: DrmFile, _caller: SysCaller, arg: IoctlTable["GLASS_RESET_STATUS"]): number {
  const context = file.contexts.get(arg.context);
  if (context === undefined) return -Errno.ENOENT;
  const { recovery } = file.device;
  const adapter = file.device.whole?.recovery ?? recovery;
  arg.status = statusOf(context);
  arg.hangs = context.hangs;
  arg.engineResets = recovery.engineResets;
  arg.adapterResets = adapter.adapterResets;
  arg.vramLost = adapter.vramLosses !== context.vramLossesBefore;
  arg.wedged = recovery.wedged;
  return 0;
}
