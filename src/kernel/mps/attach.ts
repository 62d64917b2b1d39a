import { Errno } from "../errors.ts";
import type { SysCaller } from "../fs/file.ts";
import type { DrmFile } from "../drm/file.ts";
import type { IoctlTable } from "../sys/uapi.ts";
import { PipeFile } from "./pipe.ts";

/** GLASS_MPS_ATTACH: see uapi.ts. */
export function mpsAttach(file: DrmFile, caller: SysCaller, arg: IoctlTable["GLASS_MPS_ATTACH"]): number {
  const open = caller.process.files.get(arg.connection);
  if (open === undefined) return -Errno.EBADF;
  const { driver } = open;
  if (!(driver instanceof PipeFile)) return -Errno.EINVAL;
  const { client } = driver;
  if (client === null || client.terminated || client.server.process.exit !== null) return -Errno.ENOTCONN;
  if (file.slice.shared !== null || !file.unused) return -Errno.EBUSY;
  return client.server.attach(client, file);
}
