import { DmaBuf, type Exporter } from "../fence/dma-buf.ts";
import { Errno } from "../errors.ts";
import type { BufInfo } from "../fence/debug-files.ts";
import type { GpuDevice } from "./device.ts";
import type { DmaResv } from "../fence/resv.ts";
import type { SyncFileOwner } from "../fence/sync-file.ts";
import { OpenFile, type MappableRange, type SysCaller } from "../fs/file.ts";
import { O_CLOEXEC, O_RDWR } from "../sys/sys.ts";
import type { IoctlTable } from "../sys/uapi.ts";
import type { DrmFile } from "./file.ts";
import { mutant } from "../mutants.ts";
import type { Attachment } from "../fence/dma-buf-attach.ts";
import { place, TT } from "../ttm/placement.ts";
import { GemObject } from "./gem.ts";

/** A buffer object as the exporter of its dma-buf. */
class GemExporter implements Exporter {
  readonly object: GemObject;

  constructor(object: GemObject) {
    this.object = object.get();
  }

  get size(): number {
    return this.object.size;
  }

  get resv(): DmaResv {
    return this.object.resv;
  }

  get owner(): SyncFileOwner {
    return this.object.device.core;
  }

  mappable(offset: number, length: number): MappableRange | number {
    return this.object.mappable(offset, length);
  }

  get attachments(): Set<Attachment> {
    return this.object.backing.attachments;
  }

  /** Bound system memory: every device reaches that. */
  pin(): number {
    return this.object.backing.pin([place(TT)]);
  }

  unpin(): void {
    this.object.backing.unpin();
  }

  released(): void {
    this.object.device.core.counts.dmaBufs--;
    this.object.dmaBuf = null;
    this.object.dmaBufFile = null;
    if (!mutant("dma-buf-keeps-exporter")) this.object.put();
  }
}

/** The open file of the dma-buf that stands for an object: one as long as it has handles; an imported object's is where it came from. */
function exportFile(object: GemObject): OpenFile {
  if (object.dmaBufFile !== null && !mutant("export-new-dma-buf-each-time") && !(object.imported && mutant("reexport-makes-new-dma-buf"))) return object.dmaBufFile.get();
  const dmaBuf = new DmaBuf(new GemExporter(object));
  object.device.core.counts.dmaBufs++;
  object.dmaBuf = dmaBuf;
  object.dmaBufFile = new OpenFile("/dmabuf:", O_RDWR, dmaBuf);
  return object.dmaBufFile;
}

/** DRM_IOCTL_PRIME_HANDLE_TO_FD: -EINVAL flags, -ENOENT handle, -EMFILE. */
export function primeHandleToFd(file: DrmFile, caller: SysCaller, arg: IoctlTable["DRM_IOCTL_PRIME_HANDLE_TO_FD"]): number {
  if ((arg.flags & ~(O_CLOEXEC | O_RDWR)) !== 0) return -Errno.EINVAL;
  const object = file.objects.get(arg.handle);
  if (object === undefined) return -Errno.ENOENT;
  const open = exportFile(object);
  const fd = caller.process.files.install(open, (arg.flags & O_CLOEXEC) !== 0);
  if (fd < 0) {
    open.put(false);
    return fd;
  }
  object.keepExport();
  if (!file.prime.has(object.dmaBuf!)) file.prime.set(object.dmaBuf!, arg.handle);
  arg.fd = fd;
  return 0;
}

/** DRM_IOCTL_PRIME_FD_TO_HANDLE: -EBADF no such descriptor, -EINVAL no dma-buf, -EOPNOTSUPP memory of another GPU instance (MIG has no peer-to-peer). The same dma-buf has one handle in a file. */
export function primeFdToHandle(file: DrmFile, caller: SysCaller, arg: IoctlTable["DRM_IOCTL_PRIME_FD_TO_HANDLE"]): number {
  const open = caller.process.files.get(arg.fd);
  if (open === undefined) return -Errno.EBADF;
  const dmaBuf = open.driver;
  if (!(dmaBuf instanceof DmaBuf) || !(dmaBuf.exporter instanceof GemExporter)) return -Errno.EINVAL;
  const known = file.prime.get(dmaBuf);
  if (known !== undefined) {
    arg.handle = known;
    return 0;
  }
  const source = dmaBuf.exporter.object;
  const device = file.device;
  // Instances of a partitioned GPU reach no memory but their own.
  if (source.device !== device && source.backing.placement === "vram" && (source.device.whole !== null || device.whole !== null)) return -Errno.EOPNOTSUPP;
  let object = source.device === device && !mutant("self-import-makes-object") ? source : device.imports.get(dmaBuf);
  if (object === undefined) {
    object = new GemObject(device, device.nextObjectId(), source.backing, source.label, open.get());
    object.dmaBuf = dmaBuf;
    object.dmaBufFile = open;
    device.imports.set(dmaBuf, object);
  }
  // An object that was made for this handle goes with it.
  const handle = object.get() && file.addHandle(object);
  if (handle >= 0 || !mutant("failed-import-stays")) object.put();
  if (handle < 0) return handle;
  arg.handle = handle;
  object.keepExport();
  file.prime.set(dmaBuf, arg.handle);
  return 0;
}

/** All dma-bufs there are, for debugfs: each once, with the devices that have imported it. */
export function liveBuffers(devices: readonly GpuDevice[]): readonly BufInfo[] {
  return devices.flatMap((device) => [...device.objects].filter((object) => !object.imported && object.dmaBuf !== null).map((object) => ({
    dmaBuf: object.dmaBuf!,
    count: object.dmaBufFile!.count,
    attached: devices.filter((other) => other.imports.has(object.dmaBuf!)).map((other) => other.name),
  })));
}
