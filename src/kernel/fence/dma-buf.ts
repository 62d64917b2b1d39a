import { Errno } from "../errors.ts";
import type { FileDriver, MappableRange, SysCaller } from "../fs/file.ts";
import type { Pollable } from "../fs/poll.ts";
import type { Blocking } from "../process/wait.ts";
import { DMA_BUF_SYNC_END, DMA_BUF_SYNC_READ, DMA_BUF_SYNC_WRITE } from "../sys/sync-uapi.ts";
import type { IoctlName, IoctlTable, WaitIoctlName, WaitIoctlTable } from "../sys/uapi.ts";
import { Attachment, type Importer } from "./dma-buf-attach.ts";
import { resvPoll } from "./resv-poll.ts";
import { Usage, usageFor, type DmaResv } from "./resv.ts";
import { installSyncFile, SyncFile, type SyncFileOwner } from "./sync-file.ts";
import { unwrap, unwrapMerge } from "./unwrap.ts";

/** The object that a dma-buf exports, as far as the dma-buf needs it. */
export interface Exporter {
  readonly size: number;
  /** Fences on the memory: one reservation for everybody who shares it. */
  readonly resv: DmaResv;
  readonly owner: SyncFileOwner;
  /** Keeps the memory where every importer reaches it. 0 or a negative errno. */
  pin(): number;
  unpin(): void;
  /** Who is to be told before the memory moves. */
  readonly attachments: Set<Attachment>;
  /** Drops the dma-buf's reference. */
  released(): void;
  mappable(offset: number, length: number): MappableRange | number;
}

const SEEK_SET = 0;
const SEEK_END = 2;
const RW = DMA_BUF_SYNC_READ | DMA_BUF_SYNC_WRITE;

/**
 * Memory that processes and devices share by passing a descriptor (struct dma_buf). Whoever has the descriptor may import or map it: possession
 * is the permission. It keeps its exporter alive until the last descriptor and import are gone.
 */
export class DmaBuf<E extends Exporter = Exporter> implements FileDriver {
  readonly kind = "dma-buf";
  readonly exporter: E;
  /** Ready to read: nobody writes the memory; ready to write: nobody uses it. */
  readonly poll: Pollable;

  constructor(exporter: E) {
    this.exporter = exporter;
    this.poll = resvPoll(() => exporter.resv);
  }

  /** Ties an importer to it (dma_buf_dynamic_attach). */
  attach(importer: Importer): Attachment {
    return new Attachment(this.exporter.attachments, this.exporter, importer);
  }

  /** dma_buf_llseek: only the two ends, to learn the size. */
  seekTo(offset: number, whence: number): number {
    if (offset !== 0) return -Errno.EINVAL;
    return whence === SEEK_END ? this.exporter.size : whence === SEEK_SET ? 0 : -Errno.EINVAL;
  }

  mmap(_caller: SysCaller, offset: number, length: number, _write: boolean): MappableRange | number {
    return this.exporter.mappable(offset, length);
  }

  ioctl<K extends IoctlName>(caller: SysCaller, request: K, arg: IoctlTable[K]): number {
    switch (request) {
      case "DMA_BUF_IOCTL_EXPORT_SYNC_FILE":
        return this.exportSyncFile(caller, arg as IoctlTable["DMA_BUF_IOCTL_EXPORT_SYNC_FILE"]);
      case "DMA_BUF_IOCTL_IMPORT_SYNC_FILE":
        return this.importSyncFile(caller, arg as IoctlTable["DMA_BUF_IOCTL_IMPORT_SYNC_FILE"]);
      default:
        return -Errno.ENOTTY;
    }
  }

  *ioctlWait<K extends WaitIoctlName>(_caller: SysCaller, request: K, arg: WaitIoctlTable[K]): Blocking<number> {
    if (request !== "DMA_BUF_IOCTL_SYNC") return -Errno.ENOTTY;
    const { flags } = arg as WaitIoctlTable["DMA_BUF_IOCTL_SYNC"];
    if ((flags & ~(RW | DMA_BUF_SYNC_END)) !== 0 || (flags & RW) === 0) return -Errno.EINVAL;
    if ((flags & DMA_BUF_SYNC_END) !== 0) return 0;
    return yield* this.exporter.resv.wait(usageFor((flags & DMA_BUF_SYNC_WRITE) !== 0), null, "the users of a dma-buf");
  }

  fdinfo(): string {
    return `size:\t${this.exporter.size}\ncount:\t1\nexp_name:\tglass\n`;
  }

  release(_killed: boolean): void {
    this.exporter.released();
  }

  private exportSyncFile(caller: SysCaller, arg: IoctlTable["DMA_BUF_IOCTL_EXPORT_SYNC_FILE"]): number {
    if ((arg.flags & ~RW) !== 0 || (arg.flags & RW) === 0) return -Errno.EINVAL;
    const { resv, owner } = this.exporter;
    const fence = unwrapMerge(owner.fences, resv.fences(usageFor((arg.flags & DMA_BUF_SYNC_WRITE) !== 0)));
    const fd = installSyncFile(caller, new SyncFile(owner, fence));
    fence.put();
    if (fd < 0) return fd;
    arg.fd = fd;
    return 0;
  }

  private importSyncFile(caller: SysCaller, arg: IoctlTable["DMA_BUF_IOCTL_IMPORT_SYNC_FILE"]): number {
    if ((arg.flags & ~RW) !== 0 || (arg.flags & RW) === 0) return -Errno.EINVAL;
    const file = caller.process.files.get(arg.fd)?.driver;
    if (!(file instanceof SyncFile)) return -Errno.EINVAL;
    const leaves = unwrap(file.fence).filter((fence) => !fence.signaled);
    const { resv } = this.exporter;
    const result = resv.reserve(leaves.length);
    if (result < 0) return result;
    for (const leaf of leaves) resv.add(leaf, (arg.flags & DMA_BUF_SYNC_WRITE) !== 0 ? Usage.write : Usage.read);
    return 0;
  }
}
