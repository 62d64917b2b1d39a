import type { Capacity } from "../../gpu/capacity.ts";
import { FRAME } from "../../gpu/frames.ts";
import { DmaResv } from "../fence/resv.ts";
import { mutant } from "../mutants.ts";
import { Errno, invariant } from "../errors.ts";
import type { OpenFile, MappableRange } from "../fs/file.ts";
import type { DmaBuf } from "../fence/dma-buf.ts";
import type { TtmBo } from "../ttm/bo.ts";
import type { GpuDevice } from "./device.ts";

/**
 * A buffer object of a device (drm_gem_object). It lives while it has references: one for all its handles together, one for each GPU or CPU mapping
 * and one while it is exported as a dma-buf.
 */
export class GemObject {
  readonly device: GpuDevice;
  readonly id: number;
  /** Its memory. An object that was imported has that of the object it is an import of. */
  readonly backing: TtmBo;
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

  constructor(device: GpuDevice, id: number, backing: TtmBo, label: string, importedFrom: OpenFile | null) {
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

  /** Whether the GPU reaches it over the bus, where its bytes are now: system memory, or another GPU's. */
  get remote(): boolean {
    return (this.backing.storage?.kind ?? this.backing.placement) === "system" || this.backing.device !== this.device;
  }

  /** Fences on its memory: one reservation for all devices and files that share it. */
  get resv(): DmaResv {
    return this.imported && mutant("import-has-own-resv") ? new DmaResv() : this.backing.resv;
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
    if (this.name !== 0 && !mutant("name-outlives-handles")) {
      this.device.names.delete(this.name);
      this.name = 0;
    }
    if (this.exportKept) {
      this.exportKept = false;
      this.dmaBufFile!.put(false);
    }
    if (!mutant("last-handle-keeps-object")) this.put();
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
    if (this.backing.storage !== null && this.backing.pages !== null) return -Errno.EOPNOTSUPP;
    return new GemRange(this, offset, length);
  }

  private free(): void {
    invariant(this.handleCount === 0 && this.name === 0, "a freed object has no handle and no name");
    this.device.objects.delete(this);
    this.device.wddm?.untrack(this);
    if (this.mmapOffset !== 0) this.device.mmapOffsets.delete(this.mmapOffset);
    this.quota?.uncharge(this.size);
    if (this.importedFrom === null) {
      this.backing.release();
    } else {
      this.device.imports.delete(this.dmaBuf!);
      this.importedFrom.put(false);
    }
  }
}

/** A CPU mapping of an object: keeps it alive, also without handle and file. Follows the object when it moves. */
export class GemRange implements MappableRange {
  readonly object: GemObject;
  readonly length: number;
  readonly offset: number;

  constructor(object: GemObject, offset: number, length: number) {
    this.object = object;
    this.offset = offset;
    this.length = length;
  }

  /** Linear address now; where the object is swapped out, what leads to a fault at the first access. */
  get linear(): number {
    const { storage } = this.object.backing;
    return storage === null ? -2 : storage.linear + this.offset;
  }

  get label(): string {
    return `drm mm object ${this.object.id} ${this.object.label}`;
  }

  reference(): void {
    this.object.get();
    this.object.backing.cpuMappings++;
  }

  unreference(): void {
    this.object.backing.cpuMappings--;
    this.object.put();
  }

  fault(): number {
    const base = this.object.backing.cpuFault();
    return base < 0 ? base : base + this.offset;
  }
}
