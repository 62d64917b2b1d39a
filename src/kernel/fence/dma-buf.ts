import type { FileDriver, MappableRange, SysCaller } from "../fs/file.ts";

/** The object that a dma-buf exports, as far as the dma-buf needs it. */
export interface Exporter {
  readonly size: number;
  /** Drops the dma-buf's reference. */
  released(): void;
  mappable(offset: number, length: number): MappableRange | number;
}

/**
 * Memory that processes and devices share by passing a descriptor (struct dma_buf). Whoever has the descriptor may import or map it: possession
 * is the permission. It keeps its exporter alive until the last descriptor and import are gone.
 */
export class DmaBuf<E extends Exporter = Exporter> implements FileDriver {
  readonly kind = "dma-buf";
  readonly exporter: E;

  constructor(exporter: E) {
    this.exporter = exporter;
  }

  mmap(_caller: SysCaller, offset: number, length: number, _write: boolean): MappableRange | number {
    return this.exporter.mappable(offset, length);
  }

  fdinfo(): string {
    return `size:\t${this.exporter.size}\ncount:\t1\nexp_name:\tglass\n`;
  }

  release(_killed: boolean): void {
    this.exporter.released();
  }
}
