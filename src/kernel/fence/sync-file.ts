import { Errno } from "../errors.ts";
import { OpenFile, type FileDriver, type SysCaller } from "../fs/file.ts";
import { POLLIN, type Pollable } from "../fs/poll.ts";
import { mutant } from "../mutants.ts";
import type { SyncFenceInfo } from "../sys/sync-uapi.ts";
import type { IoctlName, IoctlTable } from "../sys/uapi.ts";
import type { DmaFence, FenceRegistry } from "./fence.ts";
import { unwrap, unwrapMerge } from "./unwrap.ts";

/** Who counts sync files: they belong to no device. */
export interface SyncFileOwner {
  readonly fences: FenceRegistry;
  readonly syncFiles: Set<SyncFile>;
  readonly counts: { syncFiles: number };
}

/** A descriptor of one fence, for good (sync_file): what happens later where it came from does not change it. */
export class SyncFile implements FileDriver {
  readonly kind = "sync_file";
  /** Never another, once it is made. */
  fence: DmaFence;
  readonly name: string;
  readonly poll: Pollable;
  private readonly owner: SyncFileOwner;

  /** @param name given by a merge; otherwise made from the fence */
  constructor(owner: SyncFileOwner, fence: DmaFence, name: string = `${fence.context.driver}-${fence.context.name}${fence.context.id}-${fence.seqno}`) {
    this.owner = owner;
    this.fence = fence.get();
    this.name = name;
    owner.counts.syncFiles++;
    owner.syncFiles.add(this);
    this.poll = {
      mask: () => (this.fence.check() || mutant("sync-file-always-ready") ? POLLIN : 0),
      subscribe: (changed) => {
        const callback = { fenceSignaled: changed };
        fence.addCallback(callback);
        return () => void fence.removeCallback(callback);
      },
    };
  }

  ioctl<K extends IoctlName>(caller: SysCaller, request: K, arg: IoctlTable[K]): number {
    switch (request) {
      case "SYNC_IOC_MERGE":
        return this.merge(caller, arg as IoctlTable["SYNC_IOC_MERGE"]);
      case "SYNC_IOC_FILE_INFO":
        return this.info(arg as IoctlTable["SYNC_IOC_FILE_INFO"]);
      case "SYNC_IOC_SET_DEADLINE":
        return this.deadline(arg as IoctlTable["SYNC_IOC_SET_DEADLINE"]);
      default:
        return -Errno.ENOTTY;
    }
  }

  release(_killed: boolean): void {
    this.owner.counts.syncFiles--;
    this.owner.syncFiles.delete(this);
    this.fence.put();
  }

  private merge(caller: SysCaller, arg: IoctlTable["SYNC_IOC_MERGE"]): number {
    if ((arg.flags ?? 0) !== 0 || (arg.pad ?? 0) !== 0) return -Errno.EINVAL;
    const other = caller.process.files.get(arg.fd2)?.driver;
    if (!(other instanceof SyncFile)) return -Errno.ENOENT;
    const merged = unwrapMerge(this.owner.fences, [this.fence, other.fence]);
    const fd = installSyncFile(caller, new SyncFile(this.owner, merged, arg.name));
    merged.put();
    if (fd < 0) return fd;
    arg.fence = fd;
    return 0;
  }

  private info(arg: IoctlTable["SYNC_IOC_FILE_INFO"]): number {
    if ((arg.flags ?? 0) !== 0 || (arg.pad ?? 0) !== 0) return -Errno.EINVAL;
    const leaves = unwrap(this.fence);
    if (arg.numFences > 0 && arg.numFences < leaves.length) return -Errno.EINVAL;
    const wanted = arg.numFences > 0;
    arg.name = this.name;
    arg.status = statusOf(this.fence);
    arg.numFences = leaves.length;
    arg.fences = wanted ? leaves.map(describe) : [];
    return 0;
  }

  private deadline(arg: IoctlTable["SYNC_IOC_SET_DEADLINE"]): number {
    if ((arg.pad ?? 0) !== 0) return -Errno.EINVAL;
    this.fence.setDeadline(arg.deadlineNs);
    return 0;
  }
}

function statusOf(fence: DmaFence): number {
  fence.check();
  return fence.status;
}

function describe(fence: DmaFence): SyncFenceInfo {
  return { objName: fence.context.name, driverName: fence.context.driver, status: statusOf(fence), timestampNs: Math.max(0, fence.timestamp) };
}

/** Gives a sync file a descriptor, closed on exec; or -EMFILE, and it is gone. */
export function installSyncFile(caller: SysCaller, file: SyncFile): number {
  const open = new OpenFile("anon_inode:sync_file", 2, file);
  const fd = caller.process.files.install(open, true);
  if (fd < 0) open.put(false);
  return fd;
}
