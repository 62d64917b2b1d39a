import type { Caller } from "../../../api/caller.ts";
import { EmulatorBug, Errno } from "../../../kernel/errors.ts";
import { GEM_PINNED, GPU_READ, GPU_WRITE } from "../../../kernel/sys/uapi.ts";
import type { Device } from "./device.ts";

/** The machine's page: what the GPU maps in. */
export const PAGE = 65536;

/** `bytes` rounded up to whole pages. */
export function pageUp(bytes: number): number {
  return Math.ceil(bytes / PAGE) * PAGE;
}

/** A GPU address space of this process on one device. */
export class GpuSpace {
  readonly device: Device;
  readonly vm: number;
  /** What is bound here, so that it can be taken out when the space goes. */
  readonly mappings: Set<Mapping> = new Set();

  constructor(device: Device, vm: number) {
    this.device = device;
    this.vm = vm;
  }

  /** Makes one. @returns the space, or a negative errno. */
  static create(t: Caller, device: Device): GpuSpace | number {
    const arg = { faultMode: true, vm: 0 };
    let error = t.sys.ioctl(device.fd, "GLASS_VM_CREATE", arg);
    if (error < 0 || device.profile.svm?.fineGrainSystem !== true) return error < 0 ? error : new GpuSpace(device, arg.vm);
    // Pageable memory access: all that the process has, below what is mapped by name.
    const { vaStart, vaEnd } = device.info;
    error = t.sys.ioctl(device.fd, "GLASS_VM_BIND", { vm: arg.vm, op: "cpu-mirror", handle: 0, offset: 0, address: vaStart, size: vaEnd - vaStart, flags: GPU_READ | GPU_WRITE });
    if (error >= 0) return new GpuSpace(device, arg.vm);
    t.sys.ioctl(device.fd, "GLASS_VM_DESTROY", { vm: arg.vm });
    return error;
  }

  /** Destroys it; its mappings forget it. */
  destroy(t: Caller): void {
    for (const mapping of this.mappings) mapping.spaces.delete(this);
    this.mappings.clear();
    t.sys.ioctl(this.device.fd, "GLASS_VM_DESTROY", { vm: this.vm });
  }
}

/**
 * A buffer object of the kernel, as this process holds it: one handle in each device's open file. It is imported where it is needed
 * (through a dma-buf) and given back by `close`.
 */
export class Backing {
  readonly device: Device;
  readonly size: number;
  private readonly handles: Map<Device, number> = new Map();
  private references = 1;

  constructor(device: Device, handle: number, size: number) {
    this.device = device;
    this.size = size;
    this.handles.set(device, handle);
    device.handles.set(handle, this);
  }

  /** Makes memory on a device. @returns it, or a negative errno. */
  static create(t: Caller, device: Device, size: number, placement: "vram" | "system", label: string): Backing | number {
    // Memory that a program was given stays on the device: other processes get an error, not its place (docs/decisions/0031-memory-moves.md).
    const arg = { size, placement, label, flags: placement === "vram" ? GEM_PINNED : 0, handle: 0 };
    const error = t.sys.ioctl(device.fd, "GLASS_GEM_CREATE", arg);
    return error < 0 ? error : new Backing(device, arg.handle, pageUp(size));
  }

  /** Its handle in a device's file; imports it on first use. @returns the handle, or a negative errno. */
  handleOn(t: Caller, device: Device): number {
    const known = this.handles.get(device);
    if (known !== undefined) return known;
    const fd = this.exportFd(t);
    if (fd < 0) return fd;
    const arg = { fd, handle: 0 };
    const error = t.sys.ioctl(device.fd, "DRM_IOCTL_PRIME_FD_TO_HANDLE", arg);
    t.sys.close(fd);
    if (error < 0) return error;
    this.handles.set(device, arg.handle);
    device.handles.set(arg.handle, this);
    return arg.handle;
  }

  /** A dma-buf descriptor of it; the caller closes it. */
  exportFd(t: Caller): number {
    const arg = { handle: this.handles.get(this.device)!, flags: 0, fd: -1 };
    const error = t.sys.ioctl(this.device.fd, "DRM_IOCTL_PRIME_HANDLE_TO_FD", arg);
    return error < 0 ? error : arg.fd;
  }

  reference(): void {
    this.references++;
  }

  /** Drops one reference; the last one closes the handles. Mappings keep the kernel's object alive on their own. */
  close(t: Caller): void {
    if (--this.references > 0) return;
    for (const [device, handle] of this.handles) {
      device.handles.delete(handle);
      t.sys.ioctl(device.fd, "DRM_IOCTL_GEM_CLOSE", { handle });
    }
    this.handles.clear();
  }
}

/** Something that new contexts must see too. */
export interface Shared {
  /** Makes it accessible in a space, where it should be. @returns 0 or a negative errno. */
  bindInto(t: Caller, space: GpuSpace): number;
  /** The space is going: what is bound there goes with it. */
  forget(space: GpuSpace): void;
}

/**
 * One range of addresses with memory behind it, bound into any number of address spaces at the same address.
 * `backing` null: the process's own pages at that address, held in RAM (userptr), or mirrored: wherever they are (managed memory).
 */
export class Mapping implements Shared {
  readonly address: number;
  /** Whole pages. */
  readonly bytes: number;
  readonly backing: Backing | null;
  readonly offset: number;
  private readonly mirror: boolean;
  readonly spaces: Set<GpuSpace> = new Set();

  constructor(address: number, bytes: number, backing: Backing | null, offset: number = 0, mirror: boolean = false) {
    this.mirror = mirror;
    this.address = address;
    this.bytes = bytes;
    this.backing = backing;
    this.offset = offset;
  }

  /** Makes the memory accessible in a space. @returns 0 or a negative errno. */
  bind(t: Caller, space: GpuSpace, flags: number = GPU_READ | GPU_WRITE): number {
    const handle = this.backing === null ? 0 : this.backing.handleOn(t, space.device);
    if (handle < 0) return handle;
    const error = t.sys.ioctl(space.device.fd, "GLASS_VM_BIND", {
      vm: space.vm, op: this.mirror ? "cpu-mirror" : this.backing === null ? "map-userptr" : "map", handle, offset: this.backing === null ? this.address : this.offset,
      address: this.address, size: this.bytes, flags,
    });
    if (error < 0) return error;
    this.spaces.add(space);
    space.mappings.add(this);
    return 0;
  }

  bindInto(t: Caller, space: GpuSpace): number {
    return this.bind(t, space);
  }

  forget(_space: GpuSpace): void {
    // The space itself takes its mappings out.
  }

  unbind(t: Caller, space: GpuSpace): void {
    if (!this.spaces.delete(space)) return;
    space.mappings.delete(this);
    const error = t.sys.ioctl(space.device.fd, "GLASS_VM_BIND", { vm: space.vm, op: "unmap", handle: 0, offset: 0, address: this.address, size: this.bytes, flags: 0 });
    if (error < 0 && error !== -Errno.ENODEV) throw new EmulatorBug(`unbinding 0x${this.address.toString(16)} failed with ${error}`);
  }

  unbindAll(t: Caller): void {
    for (const space of [...this.spaces]) this.unbind(t, space);
  }
}
