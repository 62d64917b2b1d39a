import { Errno } from "../../errors.ts";
import { OpenFile } from "../../fs/file.ts";
import { PidFd } from "../../fs/pidfd.ts";
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

/** System calls that pass descriptors: on unix sockets, and by taking another process's. */
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

  pidfdOpen(pid: number, flags: number): number {
    this.charge();
    if (flags !== 0 || !(pid > 0)) return -Errno.EINVAL;
    const process = this.kernel.processes.get(pid);
    if (process === undefined) return -Errno.ESRCH;
    if (this.fails("failslab")) return -Errno.ENOMEM;
    return this.installFile(new OpenFile("anon_inode:[pidfd]", 2, new PidFd(process)), true);
  }

  pidfdGetfd(pidfd: number, fd: number, flags: number): number {
    this.charge();
    if (flags !== 0) return -Errno.EINVAL;
    const driver = this.process.files.get(pidfd)?.driver;
    if (!(driver instanceof PidFd)) return -Errno.EBADF;
    const { process: target } = driver;
    const { cred } = this.process;
    // PTRACE_MODE_ATTACH_REALCREDS.
    const other = [target.cred.uid !== cred.uid, target.cred.euid !== cred.uid, target.cred.gid !== cred.gid, target.cred.egid !== cred.gid].includes(true);
    if (target !== this.process && other && !cred.capabilities.has("CAP_SYS_PTRACE")) return -Errno.EPERM;
    if (this.kernel.processes.get(target.pid) !== target) return -Errno.ESRCH;
    const file = target.files.get(fd);
    return file === undefined ? -Errno.EBADF : this.installFile(file.get(), true);
  }
}
