import { Errno } from "../errors.ts";
import type { FileDriver, OpenFile, SysCaller } from "../fs/file.ts";
import { ready, type Blocking } from "../process/wait.ts";
import { LogLevel, type KernelLog } from "./log.ts";

const encoder = new TextEncoder();

/**
 * One open of /dev/kmsg (Documentation/ABI/testing/dev-kmsg): each read gives one record, "prio,seq,usec,-;text"; -EAGAIN at the end (readers here never wait), -EINVAL when the
 * room is too small. What is written, with or without "<prio>", becomes a record. lseek: SEEK_SET to the oldest, SEEK_DATA (3) behind the last clear, SEEK_END behind the newest.
 */
export class KmsgFile implements FileDriver {
  readonly kind = "kmsg";
  private readonly log: KernelLog;
  private at = 0;

  constructor(log: KernelLog) {
    this.log = log;
  }

  readBytes(_caller: SysCaller, _file: OpenFile, into: Uint8Array): Blocking<number> {
    const record = this.log.after(this.at);
    if (record === undefined) return ready(-Errno.EAGAIN);
    const data = encoder.encode(`${record.facility * 8 + record.level},${record.seq},${Math.floor(record.time / 1000)},-;${record.text}\n`);
    if (data.length > into.length) return ready(-Errno.EINVAL);
    this.at = record.seq + 1;
    into.set(data);
    return ready(data.length);
  }

  write(text: string): number {
    const [, prio, rest] = /^<(\d+)>(.*)$/s.exec(text) ?? [null, undefined, text];
    const level = prio === undefined ? LogLevel.warning : ((Number(prio) & 7) as LogLevel);
    this.log.printk(level, (rest ?? "").replace(/\n$/, ""), prio !== undefined && Number(prio) >= 8 ? Number(prio) >> 3 : 1);
    return text.length;
  }

  seekTo(_offset: number, whence: number): number {
    if (whence === 0) this.at = 0;
    else if (whence === 2) this.at = (this.log.records().at(-1)?.seq ?? -1) + 1;
    else if (whence === 3) this.at = this.log.cleared;
    else return -Errno.EINVAL;
    return 0;
  }

  release(): void {}
}
