import { Errno } from "../errors.ts";
import type { FileDriver, OpenFile, SysCaller } from "../fs/file.ts";
import type { SystemMemory } from "../mm/address-space.ts";
import type { IoctlName, IoctlTable } from "../sys/uapi.ts";
import { IOMMU_PAGE } from "./domain.ts";
import { IommufdFile, type Hwpt } from "./iommufd.ts";
import type { Iommu, IommuDevice } from "./iommu.ts";

/** One open of a device without a kernel driver (/dev/vfio/devices/vfioN): a program drives it. */
export class VfioFile implements FileDriver {
  readonly kind = "vfio";
  private readonly iommu: Iommu;
  private readonly device: IommuDevice;
  private readonly memory: SystemMemory;
  /** The open /dev/iommu that has the device. */
  private owner: { readonly file: OpenFile; readonly driver: IommufdFile; readonly id: number } | null = null;
  private hwpt: Hwpt | null = null;

  constructor(iommu: Iommu, device: IommuDevice, memory: SystemMemory) {
    this.iommu = iommu;
    this.device = device;
    this.memory = memory;
  }

  ioctl<K extends IoctlName>(caller: SysCaller, request: K, arg: IoctlTable[K]): number {
    switch (request) {
      case "VFIO_DEVICE_BIND_IOMMUFD": return this.bind(caller, arg as IoctlTable["VFIO_DEVICE_BIND_IOMMUFD"]);
      case "VFIO_DEVICE_ATTACH_IOMMUFD_PT": return this.attach((arg as IoctlTable["VFIO_DEVICE_ATTACH_IOMMUFD_PT"]).ptId);
      case "VFIO_DEVICE_DETACH_IOMMUFD_PT": return this.hwpt === null ? -Errno.EINVAL : this.detach();
      case "VFIO_DEVICE_DMA": return this.dma(arg as IoctlTable["VFIO_DEVICE_DMA"]);
      default: return -Errno.ENOTTY;
    }
  }

  private bind(caller: SysCaller, arg: IoctlTable["VFIO_DEVICE_BIND_IOMMUFD"]): number {
    const file = caller.process.files.get(arg.iommufd);
    if (file === undefined) return -Errno.EBADF;
    if (!(file.driver instanceof IommufdFile) || this.owner !== null) return -Errno.EINVAL;
    const claimed = this.iommu.claimOwner(this.device.group, file.driver);
    if (claimed < 0) return claimed;
    arg.outDevId = file.driver.add({ kind: "device", device: this.device });
    this.owner = { file: file.get(), driver: file.driver, id: arg.outDevId };
    return 0;
  }

  private attach(ptId: number): number {
    if (this.owner === null) return -Errno.EINVAL;
    if (this.hwpt !== null) return -Errno.EBUSY;
    const { driver } = this.owner;
    const target = driver.get(ptId);
    if (target === undefined || target.kind === "device") return -Errno.ENOENT;
    const { group } = this.device;
    const made = target.kind === "hwpt" ? target : driver.makeHwpt(target.ioas, true);
    if (typeof made === "number") return made;
    // All devices of a group see one domain.
    if (group.domain !== made.domain && this.iommu.attachGroup(made.domain, group) < 0) {
      if (made.auto) made.ioas.domains.delete(made.domain);
      return -Errno.EINVAL;
    }
    made.users.add(this.device);
    this.hwpt = made;
    return 0;
  }

  private detach(): number {
    const hwpt = this.hwpt!;
    this.hwpt = null;
    hwpt.users.delete(this.device);
    if (hwpt.users.size > 0) return 0;
    this.iommu.detachGroup(hwpt.domain, this.device.group);
    if (hwpt.auto) hwpt.ioas.domains.delete(hwpt.domain);
    return 0;
  }

  /** All or nothing: every page is asked for before a byte moves. */
  private dma({ iova, write, data }: IoctlTable["VFIO_DEVICE_DMA"]): number {
    const pieces: (readonly [number, number, number])[] = [];
    for (let done = 0; done < data.length; ) {
      const at = iova + done;
      const bytes = Math.min(data.length - done, IOMMU_PAGE - (at % IOMMU_PAGE));
      const linear = this.iommu.translate(this.device, at, write);
      if (linear < 0) return -Errno.EIO;
      pieces.push([linear, done, bytes]);
      done += bytes;
    }
    for (const [linear, at, bytes] of pieces) {
      if (write) this.memory.u8.set(data.subarray(at, at + bytes), linear);
      else data.set(this.memory.u8.subarray(linear, linear + bytes), at);
    }
    return 0;
  }

  release(killed: boolean): void {
    if (this.hwpt !== null) this.detach();
    if (this.owner === null) return;
    this.owner.driver.forget(this.owner.id);
    this.iommu.releaseOwner(this.device.group);
    this.owner.file.put(killed);
    this.owner = null;
  }
}
