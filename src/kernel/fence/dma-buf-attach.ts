import { Errno, invariant } from "../errors.ts";

/** What an exporter lets importers do. */
export interface Pinnable {
  /** Keeps the memory where every importer reaches it. 0 or a negative errno. */
  pin(): number;
  unpin(): void;
}

/** Who imports. */
export interface Importer {
  readonly name: string;
  /** The memory is about to move: forget where it was (dynamic importers). Absent: the memory must not move while it is mapped. */
  moveNotify?(): void;
}

/**
 * An importer's tie to a dma-buf (struct dma_buf_attachment). A dynamic importer is told of moves; for one that is not the memory is pinned from its first map to its last unmap.
 */
export class Attachment {
  readonly importer: Importer;
  private readonly exporter: Pinnable;
  private readonly all: Set<Attachment>;
  private maps = 0;

  constructor(all: Set<Attachment>, exporter: Pinnable, importer: Importer) {
    this.all = all;
    this.exporter = exporter;
    this.importer = importer;
    all.add(this);
  }

  get dynamic(): boolean {
    return this.importer.moveNotify !== undefined;
  }

  /** The importer is about to use the memory. 0, -ENOENT: detached; -ENOMEM and what else pinning gives. */
  map(): number {
    if (!this.all.has(this)) return -Errno.ENOENT;
    if (this.maps === 0 && !this.dynamic) {
      const result = this.exporter.pin();
      if (result < 0) return result;
    }
    this.maps++;
    return 0;
  }

  unmap(): void {
    invariant(this.maps > 0, "a dma-buf is unmapped as often as mapped");
    if (--this.maps === 0 && !this.dynamic) this.exporter.unpin();
  }

  /** -EBUSY: still mapped; -ENOENT: detached already. */
  detach(): number {
    if (!this.all.has(this)) return -Errno.ENOENT;
    if (this.maps > 0) return -Errno.EBUSY;
    this.all.delete(this);
    return 0;
  }
}
