import { Errno } from "../errors.ts";
import { mutant } from "../mutants.ts";
import { WaitQueue, type Blocking } from "../process/wait.ts";
import type { FileDriver, OpenFile } from "./file.ts";
import { O_NONBLOCK } from "./pipe.ts";
import { POLLERR, POLLIN, POLLOUT, PollSource, type Pollable } from "./poll.ts";

/** eventfd(2)'s flag: each read takes one. */
export const EFD_SEMAPHORE = 1;
const MAX = 0xffff_ffff_ffff_fffen;

/** A counter that programs and the kernel add to, and wait for (eventfd(2)). */
export class EventFd implements FileDriver {
  readonly kind = "eventfd";
  readonly seek = "noop";
  readonly poll: Pollable;
  private count: bigint;
  private readonly semaphore: boolean;
  private readonly source = new PollSource();
  private readonly queue = new WaitQueue();

  constructor(initial: number, semaphore: boolean) {
    this.count = BigInt(initial);
    this.semaphore = semaphore;
    this.poll = {
      mask: () => (this.count > 0n ? POLLIN : 0) | (this.count < MAX ? POLLOUT : 0) | (this.count > MAX ? POLLERR : 0),
      subscribe: (changed) => this.source.subscribe(changed),
    };
  }

  /** From inside the kernel (eventfd_signal): adds, and stops at the highest count instead of waiting. */
  signal(n: bigint = 1n): void {
    this.count = this.count + n > MAX ? MAX + 1n : this.count + n;
    this.changed();
  }

  fdinfo(): string {
    return `eventfd-count: ${this.count.toString(16).padStart(16, " ")}\neventfd-semaphore: ${this.semaphore ? 1 : 0}\n`;
  }

  release(): void {}

  /** -EINVAL: fewer than 8 bytes; -EAGAIN: the count is 0 and the file does not block. */
  *readBytes(_caller: unknown, file: OpenFile, into: Uint8Array): Blocking<number> {
    if (into.length < 8) return -Errno.EINVAL;
    while (this.count === 0n) {
      if ((file.flags & O_NONBLOCK) !== 0) return -Errno.EAGAIN;
      const reason = yield { queue: this.queue, deadline: null, what: "an eventfd to be signaled", interruptible: true };
      if (reason === "interrupted" && this.count === 0n) return -Errno.ERESTARTSYS;
    }
    const value = this.semaphore ? 1n : this.count;
    new DataView(into.buffer, into.byteOffset).setBigUint64(0, value, true);
    if (!mutant("eventfd-read-keeps-count")) this.count -= value;
    this.changed();
    return 8;
  }

  /** -EINVAL: fewer than 8 bytes, or all ones; -EAGAIN: the count would be too high and the file does not block. */
  *writeBytes(_caller: unknown, file: OpenFile, data: Uint8Array): Blocking<number> {
    if (data.length < 8) return -Errno.EINVAL;
    const value = new DataView(data.buffer, data.byteOffset).getBigUint64(0, true);
    if (value > MAX) return -Errno.EINVAL;
    while (this.count + value > MAX) {
      if ((file.flags & O_NONBLOCK) !== 0) return -Errno.EAGAIN;
      const reason = yield { queue: this.queue, deadline: null, what: "an eventfd to be read", interruptible: true };
      if (reason === "interrupted") return -Errno.ERESTARTSYS;
    }
    this.count += value;
    this.changed();
    return 8;
  }

  private changed(): void {
    this.queue.wakeAll();
    this.source.notify();
  }
}
