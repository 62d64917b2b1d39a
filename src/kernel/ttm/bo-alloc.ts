import { MAP_SHARED, PROT_READ, PROT_WRITE, type Sys } from "../sys/sys.ts";
import { GPU_READ, GPU_WRITE, type Placement } from "../sys/uapi.ts";

/** What ttmBoAlloc made. */
export interface BoAllocation {
  /** GEM handle in the file that made it. */
  readonly handle: number;
  /** Where the CPU has it, and the GPU through the VM. */
  readonly address: number;
  /** Whole pages. */
  readonly size: number;
  /** For mmap of the same file. */
  readonly mapOffset: number;
}

/** How ttmBoAlloc is to do it. */
export interface BoAllocOptions {
  /** Default "vram". */
  readonly placement?: Placement;
  /** GEM_* flags. Default 0. */
  readonly flags?: number;
  readonly label?: string;
}

/**
 * What an older text calls `ttm_bo_alloc`: memory with a handle, mapped for GPU and CPU at one address. No kernel has such a function: an object is made
 * (`ttm_bo_init_reserved`, `ttm_bo_validate`), GEM gives the handle, the GPU mapping is a VM_BIND, the CPU mapping an mmap at a fake offset. This does these steps by system calls, as a
 * user-mode driver would; when one fails, those before it are undone. See docs/seed.md.
 *
 * @param sys the calling thread's system calls
 * @param fd a DRM node
 * @param vm where to map it for the GPU
 * @param size bytes; rounded up to whole pages
 * @returns what was made, or the negative errno of the step that failed
 */
export function ttmBoAlloc(sys: Sys, fd: number, vm: number, size: number, options: BoAllocOptions = {}): BoAllocation | number {
  const gem = { size, placement: options.placement ?? "vram", label: options.label ?? "ttm_bo_alloc", flags: options.flags ?? 0, handle: 0 };
  let result = sys.ioctl(fd, "GLASS_GEM_CREATE", gem);
  if (result < 0) return result;
  const { handle } = gem;
  const bytes = Math.ceil(size / 65536) * 65536;
  const map = { handle, offset: 0 };
  result = sys.ioctl(fd, "GLASS_GEM_MMAP_OFFSET", map);
  const address = result < 0 ? result : sys.mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, map.offset);
  result = address < 0 ? address : sys.ioctl(fd, "GLASS_VM_BIND", { vm, op: "map", handle, offset: 0, address, size: bytes, flags: GPU_READ | GPU_WRITE });
  if (result >= 0) return { handle, address, size: bytes, mapOffset: map.offset };
  if (address > 0) sys.munmap(address, bytes);
  sys.ioctl(fd, "DRM_IOCTL_GEM_CLOSE", { handle });
  return result;
}

/** Undoes ttmBoAlloc. */
export function ttmBoFree(sys: Sys, fd: number, vm: number, bo: BoAllocation): void {
  sys.ioctl(fd, "GLASS_VM_BIND", { vm, op: "unmap", handle: 0, offset: 0, address: bo.address, size: bo.size, flags: 0 });
  sys.munmap(bo.address, bo.size);
  sys.ioctl(fd, "DRM_IOCTL_GEM_CLOSE", { handle: bo.handle });
}
