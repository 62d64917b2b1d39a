import type { Caller } from "../../api/caller.ts";
import { MAP_ANONYMOUS, MAP_PRIVATE, PROT_READ, PROT_WRITE } from "../../kernel/sys/sys.ts";

const CHUNK = 65536;

/**
 * Small equal pieces of the process's own memory, for the kernel to write to: status words, time stamps. Kept for the life of the process.
 */
export class Pool {
  private readonly size: number;
  private readonly free: number[] = [];
  private bump = 0;
  private end = 0;

  /** @param size bytes of a piece, a power of two */
  constructor(size: number) {
    this.size = size;
  }

  /** Address of a piece, or 0 when the process has no memory. Contents are what its last user left. */
  take(t: Caller): number {
    const reused = this.free.pop();
    if (reused !== undefined) return reused;
    if (this.bump === this.end) {
      const chunk = t.sys.mmap(0, CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (chunk < 0) return 0;
      this.bump = chunk;
      this.end = chunk + CHUNK;
    }
    const address = this.bump;
    this.bump += this.size;
    return address;
  }

  give(address: number): void {
    this.free.push(address);
  }
}
