import { Errno } from "../../errors.ts";
import type { OpenFile } from "../../fs/file.ts";
import { AF_UNIX, MSG_CMSG_CLOEXEC, MSG_CTRUNC, SCM_MAX_FD, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK, SOCK_SEQPACKET, SOCK_STREAM, UnixSocket, type Message } from "../../fs/socket.ts";
import { mutant } from "../../mutants.ts";
import type { Blocking } from "../../process/wait.ts";
import { FileCalls } from "./files.ts";

/** What sendmsg(2) sends: bytes, and descriptors (SCM_RIGHTS). */
export interface SendMessage {
  readonly data: Uint8Array;
  readonly fds?: readonly number[];
}

/** What recvmsg(2) fills. */
export interface ReceiveMessage {
  /** OUT: the bytes. */
  readonly data: Uint8Array;
  /** How many descriptors there is room for. */
  readonly maxFds: number;
  /** OUT: new descriptors. */
  fds: number[];
  /** OUT: MSG_CTRUNC when some did not fit. */
  flags: number;
}

/** System calls on unix sockets. */
export abstract class SocketCalls extends FileCalls {
  socketpair(domain: number, type: number): readonly [number, number] | number {
    this.charge();
    if (domain !== AF_UNIX) return -Errno.EAFNOSUPPORT;
    const kind = type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (kind !== SOCK_STREAM && kind !== SOCK_DGRAM && kind !== SOCK_SEQPACKET) return -Errno.ESOCKTNOSUPPORT;
    if (this.fails("failslab")) return -Errno.ENOMEM;
    const pair = this.installBoth(UnixSocket.pair(this.kernel, kind, type & SOCK_NONBLOCK), (type & SOCK_CLOEXEC) !== 0);
    return pair;
  }

  *sendmsg(fd: number, message: SendMessage): Blocking<number> {
    this.charge();
    const fds = message.fds ?? [];
    const files: OpenFile[] = [];
    if (fds.length > SCM_MAX_FD) return -Errno.EINVAL;
    for (const passed of fds) {
      const file = this.process.files.get(passed);
      if (file === undefined) return -Errno.EBADF;
      files.push(file);
    }
    if (this.fails("fail_usercopy")) return -Errno.EFAULT;
    if (this.fails("failslab")) return -Errno.ENOMEM;
    for (const file of files) file.get();
    const result = yield* this.onSocket(fd, (socket, file) => socket.send(this.caller, file, { data: message.data, files }));
    if (result < 0) for (const file of files) file.put(false);
    return result;
  }

  *recvmsg(fd: number, message: ReceiveMessage, flags: number = 0): Blocking<number> {
    this.charge();
    if (this.fails("fail_usercopy")) return -Errno.EFAULT;
    const got: Message = { data: message.data, files: [] };
    const result = yield* this.onSocket(fd, (socket, file) => socket.receive(file, got));
    message.fds = [];
    message.flags = 0;
    for (const file of got.files) {
      const installed = message.fds.length < message.maxFds ? this.asTask(() => this.process.files.install(file, (flags & MSG_CMSG_CLOEXEC) !== 0, this.fdLimit)) : -Errno.EMFILE;
      if (installed >= 0) message.fds.push(installed);
      else {
        message.flags |= MSG_CTRUNC;
        if (!mutant("scm-rights-leak-when-truncated")) file.put(false);
      }
    }
    return result;
  }

  private *onSocket(fd: number, call: (socket: UnixSocket, file: OpenFile) => Blocking<number>): Blocking<number> {
    const { driver } = this.process.files.get(fd) ?? {};
    if (driver === undefined) return -Errno.EBADF;
    if (!(driver instanceof UnixSocket)) return -Errno.ENOTSOCK;
    return yield* this.onFile(fd, (file) => call(driver, file));
  }
}
