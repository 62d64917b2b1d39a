import type { Capacity } from "../../gpu/capacity.ts";
import { FRAME } from "../../gpu/frames.ts";
import { Errno, invariant } from "../errors.ts";
import type { OpenFile, MappableRange } from "../fs/file.ts";
import type { Placement } from "../sys/uapi.ts";
import type { DmaBuf } from "../fence/dma-buf.ts";
import type { GpuDevice } from "./device.ts";

/** Above this, a VRAM object is backed page by page on first touch; bytes. */
export const CONTIGUOUS_LIMIT: number = 256 * 2 ** 20;

/** Shows how much memory of a GPU is taken (pid 0: by all together). */
function traceTotal(device: GpuDevice): void {
  const { trace } = device.core.kernel;
  if (trace.enabled) trace.emit("gpu_mem:gpu_mem_total", { gpu_id: device.index, pid: 0, size: device.gpu.vram.used });
}

/** The memory behind a buffer object, and the account it is charged to. */
export class GemBacking {
  readonly device: GpuDevice;
  readonly placement: Placement;
  readonly size: number;
  /** Linear address of the first byte, or 0 when backed page by page. */
  readonly linear: number;
  /** Linear address of each page, 0 where not backed; null when contiguous. */
  readonly pages: Uint32Array | null;

  private constructor(device: GpuDevice, placement: Placement, size: number, linear: number, pages: Uint32Array | null) {
    this.device = device;
    this.placement = placement;
    this.size = size;
    this.linear = linear;
    this.pages = pages;
  }

  /** Zeroed memory; null when there is none. @param size multiple of the page size */
  static create(device: GpuDevice, placement: Placement, size: number): GemBacking | null {
    const store = device.core.store;
    if (placement === "system") {
      const linear = store.allocatePages(size);
      return linear === null ? null : new GemBacking(device, placement, size, linear, null);
    }
    if (!device.gpu.vram.charge(size)) return null;
    traceTotal(device);
    const linear = size <= CONTIGUOUS_LIMIT ? store.allocateFrames("vram", size / FRAME) : null;
    return linear === null ? new GemBacking(device, placement, size, 0, new Uint32Array(size / FRAME)) : new GemBacking(device, placement, size, linear, null);
  }

  /** Linear address of the page at `offset` (a multiple of the page size), or 0: not backed. */
  page(offset: number): number {
    return this.pages === null ? this.linear + offset : this.pages[offset / FRAME]!;
  }

  /** The same, backing the page when it is not. 0: the machine has no more memory. */
  touch(offset: number): number {
    const have = this.page(offset);
    if (have !== 0) return have;
    const fresh = this.device.core.store.allocateFrames("vram", 1) ?? 0;
    this.pages![offset / FRAME] = fresh;
    return fresh;
  }

  free(): void {
    const store = this.device.core.store;
    if (this.placement === "system") {
      store.releasePages(this.linear, this.size);
      return;
    }
    this.device.gpu.vram.uncharge(this.size);
    traceTotal(this.device);
    if (this.pages === null) store.freeFrames("vram", this.linear, this.size / FRAME);
    else for (const page of this.pages) if (page !== 0) store.freeFrames("vram", page, 1);
  }
}

/**
 * A buffer object of a device (drm_gem_object). It lives while it has references: one for all its handles together, one for each GPU or CPU mapping
 * and one while it is exported as a dma-buf.
 */
export class GemObject {
  readonly device: GpuDevice;
  readonly id: number;
  readonly backing: GemBacking;
  readonly label: string;
  /** (file, handle) pairs. */
  handleCount = 0;
  /** Flink name, 0 for none. */
  name = 0;
  /** The dma-buf that it is exported as or was imported from, and its open file. */
  dmaBuf: DmaBuf | null = null;
  dmaBufFile: OpenFile | null = null;
  /** The handles hold one reference to that file, so that repeated exports are the same dma-buf. */
  private exportKept = false;
  private references = 0;
  /** Where mmap finds it on a node of the device; 0 until asked for. */
  mmapOffset = 0;
  /** What it is charged to beside its device's memory, or null. */
  quota: Capacity | null = null;
  /** Memory of another device's object, through its dma-buf. */
  private readonly importedFrom: OpenFile | null;

  constructor(device: GpuDevice, id: number, backing: GemBacking, label: string, importedFrom: OpenFile | null) {
    this.device = device;
    this.id = id;
    this.backing = backing;
    this.label = label;
    this.importedFrom = importedFrom;
    device.objects.add(this);
  }

  get size(): number {
    return this.backing.size;
  }

  get imported(): boolean {
    return this.importedFrom !== null;
  }

  /** Whether the GPU reaches it over the bus: system memory, or another GPU's. */
  get remote(): boolean {
    return this.backing.placement === "system" || this.backing.device !== this.device;
  }

  get refcount(): number {
    return this.references;
  }

  get(): this {
    this.references++;
    return this;
  }

  put(): void {
    this.references--;
    invariant(this.references >= 0, "a buffer object is put as often as got");
    if (this.references === 0) this.free();
  }

  /** A file gets a handle. */
  handleGet(): void {
    if (this.handleCount++ === 0) this.get();
  }

  /** A file's handle goes. With the last one the flink name goes, and what kept repeated exports the same. */
  handlePut(): void {
    invariant(this.handleCount > 0, "an object without handles loses none");
    if (--this.handleCount > 0) return;
    if (this.name !== 0) {
      this.device.names.delete(this.name);
      this.name = 0;
    }
    if (this.exportKept) {
      this.exportKept = false;
      this.dmaBufFile!.put(false);
    }
    this.put();
  }

  /** Lets the handles keep the dma-buf. */
  keepExport(): void {
    if (this.exportKept || this.imported) return;
    this.exportKept = true;
    this.dmaBufFile!.get();
  }

  /** What mmap of [offset, offset + length) maps, or a negative errno. */
  mappable(offset: number, length: number): MappableRange | number {
    if (offset % FRAME !== 0 || offset + length > this.size) return -Errno.EINVAL;
    if (this.backing.pages !== null) return -Errno.EOPNOTSUPP;
    return new GemRange(this, offset, length);
  }

  private free(): void {
    invariant(this.handleCount === 0 && this.name === 0, "a freed object has no handle and no name");
    this.device.objects.delete(this);
    if (this.mmapOffset !== 0) this.device.mmapOffsets.delete(this.mmapOffset);
    this.quota?.uncharge(this.size);
    if (this.importedFrom === null) {
      this.backing.free();
    } else {
      this.device.imports.delete(this.dmaBuf!);
      this.importedFrom.put(false);
    }
  }
}

/** A CPU mapping of an object: keeps it alive, also without handle and file. */
export class GemRange implements MappableRange {
  readonly object: GemObject;
  readonly linear: number;
  readonly length: number;

  constructor(object: GemObject, offset: number, length: number) {
    this.object = object;
    this.linear = object.backing.linear + offset;
    this.length = length;
  }

  get label(): string {
    return `drm mm object ${this.object.id} ${this.object.label}`;
  }

  reference(): void {
    this.object.get();
  }

  unreference(): void {
    this.object.put();
  }
}
