import { Errno } from "../errors.ts";
import { ready, type Blocking } from "../process/wait.ts";
import type { OpenFile, SysCaller } from "./file.ts";
import type { Vfs } from "./vfs.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** lseek(2)'s origins. */
export const SEEK_SET = 0;
export const SEEK_CUR = 1;
export const SEEK_END = 2;
/** open(2): every write goes to the end. */
export const O_APPEND = 0o2000;

/** A plain file by bytes: reads and writes at the position, holes are zeros. */
export class PlainFile {
  readonly kind = "text";
  readonly seek = "text";
  private readonly vfs: Vfs;
  private readonly path: string;

  constructor(vfs: Vfs, path: string) {
    this.vfs = vfs;
    this.path = path;
  }

  read(): string {
    return this.vfs.plain(this.path) ?? "";
  }

  write(text: string, caller: SysCaller): number {
    return this.vfs.write(this.path, text, caller);
  }

  readBytes(_caller: SysCaller, file: OpenFile, into: Uint8Array): Blocking<number> {
    return ready(copyOut(file, encoder.encode(this.read()), into));
  }

  writeBytes(caller: SysCaller, file: OpenFile, data: Uint8Array): Blocking<number> {
    const old = encoder.encode(this.read());
    if ((file.flags & O_APPEND) !== 0) file.position = old.length;
    const all = new Uint8Array(Math.max(old.length, file.position + data.length));
    all.set(old);
    all.set(data, file.position);
    const result = this.vfs.write(this.path, decoder.decode(all), caller);
    if (result < 0) return ready(result);
    file.position += data.length;
    return ready(data.length);
  }

  release(): void {}
}

function copyOut(file: OpenFile, content: Uint8Array, into: Uint8Array): number {
  const n = Math.max(0, Math.min(into.length, content.length - file.position));
  into.set(content.subarray(file.position, file.position + n));
  file.position += n;
  return n;
}

/** read(2). -EBADF: not open for reading; -EINVAL: not readable at all; or what the driver answers. */
export function readFile(caller: SysCaller, file: OpenFile, into: Uint8Array): Blocking<number> {
  const { driver } = file;
  if ((file.flags & 3) === 1) return ready(-Errno.EBADF);
  if (driver.readBytes !== undefined) return driver.readBytes(caller, file, into);
  if (driver.read === undefined) return ready(-Errno.EINVAL);
  if (file.position === 0 || file.snapshot === null) {
    const text = driver.read();
    if (typeof text === "number") return ready(text);
    file.snapshot = encoder.encode(text);
  }
  return ready(copyOut(file, file.snapshot, into));
}

/** write(2). -EBADF: not open for writing; -EINVAL: not writable at all; or what the driver answers. */
export function writeFile(caller: SysCaller, file: OpenFile, data: Uint8Array): Blocking<number> {
  const { driver } = file;
  if ((file.flags & 3) === 0) return ready(-Errno.EBADF);
  if (driver.writeBytes !== undefined) return driver.writeBytes(caller, file, data);
  if (driver.write === undefined) return ready(-Errno.EINVAL);
  const result = driver.write(decoder.decode(data), caller);
  return ready(result < 0 ? result : data.length);
}

/** lseek(2): the new position. -ESPIPE: has none; -EINVAL: before the beginning, or no such origin. */
export function seekFile(file: OpenFile, offset: number, whence: number): number {
  const { driver } = file;
  if (driver.seekTo !== undefined) return driver.seekTo(offset, whence);
  const kind = driver.seek ?? (driver.read === undefined ? "none" : "text");
  if (kind === "none") return -Errno.ESPIPE;
  if (kind === "noop") return file.position;
  const text = whence === SEEK_END ? (driver.read?.() ?? "") : "";
  const base = whence === SEEK_SET ? 0 : whence === SEEK_CUR ? file.position : whence === SEEK_END ? (typeof text === "number" ? text : encoder.encode(text).length) : Number.NaN;
  const to = base + offset;
  if (!Number.isSafeInteger(to) || to < 0) return -Errno.EINVAL;
  file.position = to;
  return to;
}
