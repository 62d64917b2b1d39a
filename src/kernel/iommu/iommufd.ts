import { Errno } from "../errors.ts";
import type { FileDriver, SysCaller } from "../fs/file.ts";
import { PAGE } from "../mm/vma.ts";
import type { IommufdIoctlTable } from "../sys/iommufd-uapi.ts";
import type { IoctlName, IoctlTable } from "../sys/uapi.ts";
import type { IommuDomain } from "./domain.ts";
import { Ioas, protOf } from "./ioas.ts";
import type { Iommu, IommuDevice } from "./iommu.ts";

/** Page tables made of a space. */
export interface Hwpt {
  readonly kind: "hwpt";
  readonly ioas: Ioas;
  readonly domain: IommuDomain;
  /** Devices that see it. */
  readonly users: Set<IommuDevice>;
  /** Made by an attach to a space: it goes with its last device. */
  readonly auto: boolean;
}

type Entry = { readonly kind: "ioas"; readonly ioas: Ioas } | Hwpt | { readonly kind: "device"; readonly device: IommuDevice };

type Handler<K extends keyof IommufdIoctlTable> = (file: IommufdFile, caller: SysCaller, arg: IommufdIoctlTable[K]) => number;

const handlers: { readonly [K in keyof IommufdIoctlTable]?: Handler<K> } = {
  IOMMU_DESTROY: (file, _caller, { id }) => file.destroy(id),
  IOMMU_IOAS_ALLOC: (file, _caller, arg) => {
    arg.outIoasId = file.add({ kind: "ioas", ioas: new Ioas() });
    return 0;
  },
  IOMMU_IOAS_IOVA_RANGES: (file, _caller, arg) => {
    const ioas = file.ioas(arg.ioasId);
    if (ioas === undefined) return -Errno.ENOENT;
    arg.outRanges = ioas.ranges();
    arg.outIovaAlignment = PAGE;
    return 0;
  },
  IOMMU_IOAS_ALLOW_IOVAS: (file, _caller, { ioasId, allowed }) => file.ioas(ioasId)?.allow(allowed) ?? -Errno.ENOENT,
  IOMMU_IOAS_MAP: (file, caller, arg) => {
    const ioas = file.ioas(arg.ioasId);
    if ((arg.flags & ~7) !== 0) return -Errno.EOPNOTSUPP;
    if (ioas === undefined) return -Errno.ENOENT;
    const iova = ioas.map(caller.process.mm, arg.userVa, arg.length, protOf(arg.flags), (arg.flags & 1) === 0 ? null : arg.iova);
    if (iova < 0) return iova;
    arg.iova = iova;
    return 0;
  },
  IOMMU_IOAS_COPY: (file, _caller, arg) => {
    const [from, to] = [file.ioas(arg.srcIoasId), file.ioas(arg.dstIoasId)];
    if ((arg.flags & ~7) !== 0) return -Errno.EOPNOTSUPP;
    if (from === undefined || to === undefined) return -Errno.ENOENT;
    const iova = to.copy(from, arg.srcIova, arg.length, protOf(arg.flags), (arg.flags & 1) === 0 ? null : arg.dstIova);
    if (iova < 0) return iova;
    arg.dstIova = iova;
    return 0;
  },
  IOMMU_IOAS_UNMAP: (file, _caller, arg) => {
    const bytes = file.ioas(arg.ioasId)?.unmap(arg.iova, arg.length) ?? -Errno.ENOENT;
    if (bytes < 0) return bytes;
    arg.length = bytes;
    return 0;
  },
  IOMMU_HWPT_ALLOC: (file, _caller, arg) => {
    if (file.device(arg.devId) === undefined) return -Errno.ENOENT;
    const parent = file.get(arg.ptId);
    if (parent === undefined || parent.kind === "device") return -Errno.ENOENT;
    // Under another page table: nested translation, for guests.
    if (parent.kind === "hwpt") return -Errno.EOPNOTSUPP;
    const made = file.makeHwpt(parent.ioas, false);
    if (typeof made === "number") return made;
    arg.outHwptId = file.add(made);
    return 0;
  },
};

/** One open of /dev/iommu: its objects, by number. */
export class IommufdFile implements FileDriver {
  readonly kind = "iommufd";
  readonly iommu: Iommu;
  private readonly objects: Map<number, Entry> = new Map();

  constructor(iommu: Iommu) {
    this.iommu = iommu;
  }

  ioctl<K extends IoctlName>(caller: SysCaller, request: K, arg: IoctlTable[K]): number {
    const handler = handlers[request as keyof IommufdIoctlTable] as ((file: IommufdFile, caller: SysCaller, arg: IoctlTable[K]) => number) | undefined;
    return handler === undefined ? -Errno.ENOTTY : handler(this, caller, arg);
  }

  /** A number for a new object: the lowest free one. */
  add(entry: Entry): number {
    let id = 1;
    while (this.objects.has(id)) id++;
    this.objects.set(id, entry);
    return id;
  }

  get(id: number): Entry | undefined {
    return this.objects.get(id);
  }

  ioas(id: number): Ioas | undefined {
    const entry = this.objects.get(id);
    return entry?.kind === "ioas" ? entry.ioas : undefined;
  }

  device(id: number): IommuDevice | undefined {
    const entry = this.objects.get(id);
    return entry?.kind === "device" ? entry.device : undefined;
  }

  /** -ENOENT, -EBUSY. A bound device goes with its own file. */
  destroy(id: number): number {
    const entry = this.objects.get(id);
    if (entry === undefined) return -Errno.ENOENT;
    if (entry.kind === "device" || (entry.kind === "ioas" ? entry.ioas.domains.size > 0 : entry.users.size > 0)) return -Errno.EBUSY;
    this.objects.delete(id);
    if (entry.kind === "ioas") entry.ioas.destroy();
    else entry.ioas.domains.delete(entry.domain);
    return 0;
  }

  /** Page tables of a space, or -EADDRINUSE. */
  makeHwpt(ioas: Ioas, auto: boolean): Hwpt | number {
    const domain = this.iommu.allocateDomain("unmanaged");
    const result = ioas.addDomain(domain);
    return result < 0 ? result : { kind: "hwpt", ioas, domain, users: new Set(), auto };
  }

  /** A device's file was closed. */
  forget(id: number): void {
    this.objects.delete(id);
  }

  release(): void {
    for (const entry of this.objects.values()) if (entry.kind === "ioas") entry.ioas.destroy();
    this.objects.clear();
  }
}
