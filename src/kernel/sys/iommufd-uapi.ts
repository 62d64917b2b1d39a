/** Rights and wishes of IOMMU_IOAS_MAP. */
export const IOMMU_IOAS_MAP_FIXED_IOVA = 1;
export const IOMMU_IOAS_MAP_WRITEABLE = 2;
export const IOMMU_IOAS_MAP_READABLE = 4;

/**
 * Requests of /dev/iommu (Documentation/userspace-api/iommufd.rst) and of the nodes of devices without a driver (/dev/vfio/devices/vfioN). Ids are of the open file. Everything
 * is whole pages. -ENOENT: no such object, or one of another kind. A request that fails changes nothing.
 */
export interface IommufdIoctlTable {
  /** -EBUSY while something uses it. */
  IOMMU_DESTROY: { readonly id: number };
  /** An I/O address space: what the page tables made of it have in common. */
  IOMMU_IOAS_ALLOC: { outIoasId: number };
  /** OUT: first and last address of each range that may be mapped, and their alignment. */
  IOMMU_IOAS_IOVA_RANGES: { readonly ioasId: number; outRanges: readonly (readonly [number, number])[]; outIovaAlignment: number };
  /** Ranges (first and last address) that IOVAs may be chosen from. -EADDRINUSE: something is mapped outside of them. */
  IOMMU_IOAS_ALLOW_IOVAS: { readonly ioasId: number; readonly allowed: readonly (readonly [number, number])[] };
  /**
   * Maps memory of the caller. `iova` is obeyed with FIXED_IOVA, else OUT. -EOPNOTSUPP: unknown flags; -EINVAL: not whole pages, no right, a reserved or disallowed range; -EEXIST: something
   * is mapped there; -EFAULT: no such memory; -ENOSPC: no room.
   */
  IOMMU_IOAS_MAP: { readonly ioasId: number; readonly flags: number; readonly userVa: number; readonly length: number; iova: number };
  /** Maps in one space what another has. Errors as IOMMU_IOAS_MAP, -ENOENT: nothing, or not all of it, is mapped at `srcIova`. */
  IOMMU_IOAS_COPY: { readonly srcIoasId: number; readonly dstIoasId: number; readonly flags: number; readonly length: number; readonly srcIova: number; dstIova: number };
  /** Unmaps whole earlier mappings; OUT length: bytes. -ENOENT: none there, or a part of one; -EINVAL: not whole pages. */
  IOMMU_IOAS_UNMAP: { readonly ioasId: number; readonly iova: number; length: number };
  /** Page tables of a space for a device. -EOPNOTSUPP: nested under other page tables. */
  IOMMU_HWPT_ALLOC: { readonly devId: number; readonly ptId: number; outHwptId: number };
  /** Gives a device to an open /dev/iommu. -EBADF; -EINVAL: no such file, or bound already; -EBUSY, -EPERM: its group is in use. */
  VFIO_DEVICE_BIND_IOMMUFD: { readonly iommufd: number; outDevId: number };
  /** Lets the device see a space or page tables. -EINVAL: not bound, or its group sees others; -EADDRINUSE: reserved addresses are mapped; -EBUSY: attached already. */
  VFIO_DEVICE_ATTACH_IOMMUFD_PT: { readonly ptId: number };
  /** -EINVAL: not attached. */
  VFIO_DEVICE_DETACH_IOMMUFD_PT: { readonly flags: number };
  /** Ours: the device reads or writes memory at an I/O address. -EIO: it was refused, and nothing has moved. */
  VFIO_DEVICE_DMA: { readonly iova: number; readonly write: boolean; readonly data: Uint8Array };
}
