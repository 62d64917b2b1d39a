import { Errno } from "../errors.ts";
import type { Kernel } from "../machine.ts";
import { WaitQueue, type Blocking } from "../process/wait.ts";
import { Signal } from "../signal/numbers.ts";
import { sendToProcess } from "../signal/send.ts";
import { OpenFile, type FileDriver, type SysCaller } from "./file.ts";
import { POLLERR, POLLHUP, POLLIN, POLLOUT, PollSource } from "./poll.ts";

/** Bytes that a pipe holds. */
export const PIPE_CAPACITY = 65_536;
/** Writes of at most so many bytes are never torn (pipe(7)). */
export const PIPE_BUF = 4096;
/** open(2): calls that would block answer -EAGAIN. */
export const O_NONBLOCK = 0o4000;

/** Tells the writer that nobody reads: SIGPIPE, and the errno for the call. */
export function brokenPipe(kernel: Kernel, caller: SysCaller): number {
  sendToProcess(kernel, caller.process, { signo: Signal.SIGPIPE, pid: 0, uid: 0, status: 0 });
  return -Errno.EPIPE;
}

/** A pipe (pipe(7)): bytes in order, a bounded buffer, two ends. */
export class Pipe {
  private readonly kernel: Kernel;
  private data: Uint8Array = new Uint8Array(0);
  private readers = true;
  private writers = true;
  private readonly source = new PollSource();
  private readonly queue = new WaitQueue();

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  /** The two ends. @param flags O_NONBLOCK or 0 */
  ends(flags: number): readonly [OpenFile, OpenFile] {
    const subscribe = (changed: () => void): (() => void) => this.source.subscribe(changed);
    const reading: FileDriver = {
      kind: "pipe",
      poll: { mask: () => (this.data.length > 0 ? POLLIN : 0) | (this.writers ? 0 : POLLHUP), subscribe },
      readBytes: (_caller, file, into) => this.read(file, into),
      release: () => {
        this.readers = false;
        this.changed();
      },
    };
    const writing: FileDriver = {
      kind: "pipe",
      poll: { mask: () => (PIPE_CAPACITY - this.data.length >= PIPE_BUF ? POLLOUT : 0) | (this.readers ? 0 : POLLERR), subscribe },
      writeBytes: (caller, file, data) => this.write(caller, file, data),
      release: () => {
        this.writers = false;
        this.changed();
      },
    };
    return [new OpenFile("pipe:[1]", flags, reading), new OpenFile("pipe:[1]", flags | 1, writing)];
  }

  private changed(): void {
    this.queue.wakeAll();
    this.source.notify();
  }

  private *read(file: OpenFile, into: Uint8Array): Blocking<number> {
    if (into.length === 0) return 0;
    while (this.data.length === 0) {
      if (!this.writers) return 0;
      if ((file.flags & O_NONBLOCK) !== 0) return -Errno.EAGAIN;
      const reason = yield { queue: this.queue, deadline: null, what: "data in a pipe", interruptible: true };
      if (reason === "interrupted" && this.data.length === 0) return -Errno.ERESTARTSYS;
    }
    const n = Math.min(into.length, this.data.length);
    into.set(this.data.subarray(0, n));
    this.data = this.data.slice(n);
    this.changed();
    return n;
  }

  private *write(caller: SysCaller, file: OpenFile, data: Uint8Array): Blocking<number> {
    // The caller may change its memory while the call sleeps; what is copied is of the moment there is room.
    let written = 0;
    for (;;) {
      if (!this.readers) return written > 0 ? written : brokenPipe(this.kernel, caller);
      const room = PIPE_CAPACITY - this.data.length;
      const left = data.length - written;
      const n = left <= PIPE_BUF && written === 0 && room < left ? 0 : Math.min(room, left);
      if (n > 0) {
        const all = new Uint8Array(this.data.length + n);
        all.set(this.data);
        all.set(data.subarray(written, written + n), this.data.length);
        this.data = all;
        written += n;
        this.changed();
      }
      if (written === data.length) return written;
      if ((file.flags & O_NONBLOCK) !== 0) return written > 0 ? written : -Errno.EAGAIN;
      const reason = yield { queue: this.queue, deadline: null, what: "room in a pipe", interruptible: true };
      if (reason === "interrupted") return written > 0 ? written : -Errno.ERESTARTSYS;
    }
  }
}
