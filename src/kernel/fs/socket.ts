import { Errno } from "../errors.ts";
import type { Kernel } from "../machine.ts";
import { WaitQueue, type Blocking } from "../process/wait.ts";
import { OpenFile, type FileDriver, type SysCaller } from "./file.ts";
import { brokenPipe, O_NONBLOCK } from "./pipe.ts";
import { POLLHUP, POLLIN, POLLOUT, PollSource, type Pollable } from "./poll.ts";

/** socketpair(2): family and types, Linux values. */
export const AF_UNIX = 1;
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_SEQPACKET = 5;
export const SOCK_NONBLOCK: number = O_NONBLOCK;
export const SOCK_CLOEXEC = 0o2000000;
/** recvmsg(2)'s flags: received descriptors are close-on-exec. */
export const MSG_CMSG_CLOEXEC = 0x40000000;
/** Some descriptors of a message did not fit. */
export const MSG_CTRUNC = 8;
/** The rest of a message did not fit. */
export const MSG_TRUNC = 0x20;
/** Files in one message at most (SCM_MAX_FD). */
export const SCM_MAX_FD = 253;
/** Bytes that wait in a socket at most (default of net.core.wmem_default). */
const CAPACITY = 212_992;

/** A message with files (sendmsg with SCM_RIGHTS), or what was received. */
export interface Message {
  data: Uint8Array;
  files: OpenFile[];
}

/** One end of a socket pair. */
export class UnixSocket implements FileDriver {
  readonly kind = "socket";
  readonly poll: Pollable;
  private readonly kernel: Kernel;
  private readonly type: number;
  private peer: UnixSocket | null = null;
  private inbox: Message[] = [];
  private bytes = 0;
  private readonly source = new PollSource();
  private readonly queue = new WaitQueue();
  private own: OpenFile | null = null;

  private constructor(kernel: Kernel, type: number) {
    this.kernel = kernel;
    this.type = type;
    this.poll = {
      mask: () => (this.inbox.length > 0 || this.peer === null ? POLLIN : 0) | (this.peer === null ? POLLHUP | POLLOUT : this.peer.bytes < CAPACITY ? POLLOUT : 0),
      subscribe: (changed) => this.source.subscribe(changed),
    };
  }

  /** Two connected ends. */
  static pair(kernel: Kernel, type: number, flags: number): readonly [OpenFile, OpenFile] {
    const [a, b] = [new UnixSocket(kernel, type), new UnixSocket(kernel, type)];
    a.peer = b;
    b.peer = a;
    return [a.open(flags), b.open(flags)];
  }

  private open(flags: number): OpenFile {
    this.own = new OpenFile("socket:[1]", 2 | flags, this);
    this.kernel.sockets.add(this);
    return this.own;
  }

  get file(): OpenFile {
    return this.own!;
  }

  *inFlight(): Generator<OpenFile> {
    for (const message of this.inbox) yield* message.files;
  }

  purge(): void {
    const gone = this.inbox.splice(0);
    this.bytes = 0;
    for (const message of gone) for (const file of message.files) file.put(false);
  }

  release(): void {
    this.kernel.sockets.remove(this.file);
    const { peer } = this;
    this.peer = null;
    if (peer !== null) {
      peer.peer = null;
      peer.changed();
    }
    this.purge();
  }

  readBytes(_caller: SysCaller, file: OpenFile, into: Uint8Array): Blocking<number> {
    return this.receive(file, { data: into, files: [] });
  }

  writeBytes(caller: SysCaller, file: OpenFile, data: Uint8Array): Blocking<number> {
    return this.send(caller, file, { data, files: [] });
  }

  /**
   * Queues a message for the other end; its files' references go with it. -EPIPE (and SIGPIPE): the other end is closed; -EMSGSIZE: too long;
   * -EAGAIN: full; -ERESTARTSYS. On failure the references stay the caller's.
   */
  *send(caller: SysCaller, file: OpenFile, message: Message): Blocking<number> {
    if (message.data.length > CAPACITY && this.type !== SOCK_STREAM) return -Errno.EMSGSIZE;
    for (;;) {
      const { peer } = this;
      if (peer === null) return brokenPipe(this.kernel, caller);
      const room = CAPACITY - peer.bytes;
      if (room >= message.data.length || (this.type === SOCK_STREAM && room > 0)) {
        const data = message.data.slice(0, Math.min(room, message.data.length));
        if (data.length > 0 || message.files.length > 0 || this.type !== SOCK_STREAM) peer.inbox.push({ data, files: message.files });
        peer.bytes += data.length;
        peer.changed();
        return data.length;
      }
      if ((file.flags & O_NONBLOCK) !== 0) return -Errno.EAGAIN;
      const reason = yield { queue: this.queue, deadline: null, what: "room in a socket", interruptible: true };
      if (reason === "interrupted") return -Errno.ERESTARTSYS;
    }
  }

  /**
   * Takes what came first. `message.data` is filled; `message.files` gets the files of it, whose references are the caller's from then on.
   * A stream gives bytes of several messages together, but stops before one with files. 0: the other end is closed; -EAGAIN, -ERESTARTSYS.
   */
  *receive(file: OpenFile, message: Message): Blocking<number> {
    while (this.inbox.length === 0) {
      if (this.peer === null) return 0;
      if ((file.flags & O_NONBLOCK) !== 0) return -Errno.EAGAIN;
      const reason = yield { queue: this.queue, deadline: null, what: "a message in a socket", interruptible: true };
      if (reason === "interrupted" && this.inbox.length === 0) return -Errno.ERESTARTSYS;
    }
    const n = this.type === SOCK_STREAM ? this.takeBytes(message) : this.takeMessage(message);
    this.peer?.changed();
    return n;
  }

  private takeMessage(message: Message): number {
    const first = this.inbox.shift()!;
    this.bytes -= first.data.length;
    message.files.push(...first.files);
    const n = Math.min(first.data.length, message.data.length);
    message.data.set(first.data.subarray(0, n));
    return n;
  }

  private takeBytes(message: Message): number {
    let n = 0;
    while (this.inbox.length > 0) {
      const first = this.inbox[0]!;
      if (n > 0 && (first.files.length > 0 || n === message.data.length)) break;
      const part = Math.min(first.data.length, message.data.length - n);
      message.data.set(first.data.subarray(0, part), n);
      n += part;
      this.bytes -= part;
      message.files.push(...first.files.splice(0));
      if (part < first.data.length) {
        first.data = first.data.subarray(part);
        break;
      }
      this.inbox.shift();
      if (message.files.length > 0) break;
    }
    return n;
  }

  private changed(): void {
    this.queue.wakeAll();
    this.source.notify();
  }
}
