import { Errno } from "../errors.ts";
import { GROUPS, permits } from "../process/cred.ts";
import type { FileDriver, SysCaller } from "./file.ts";

/** Who a file belongs to, and what they and others may do. */
export interface FileMode {
  /** Permission bits, 0o660 and the like. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** What stat(2) tells. */
export interface FileStat extends FileMode {
  readonly kind: "file" | "directory" | "device" | "link";
  /** Bytes; 0 for what is made up on demand. */
  readonly size: number;
}

const PUBLIC: FileMode = { mode: 0o644, uid: 0, gid: 0 };
const DIRECTORY: FileMode = { mode: 0o755, uid: 0, gid: 0 };
/** debugfs is root's alone. */
const DEBUG_MODE: FileMode = { mode: 0o600, uid: 0, gid: 0 };
const DEBUG = "/sys/kernel/debug";

/** Usual rights of a node by its name: GPUs belong to the groups "video" and "render". */
function nodeMode(path: string): FileMode {
  if (path.startsWith("/dev/dri/render")) return { mode: 0o660, uid: 0, gid: GROUPS.render };
  if (path.startsWith("/dev/dri/")) return { mode: 0o660, uid: 0, gid: GROUPS.video };
  return { mode: 0o666, uid: 0, gid: 0 };
}

/** A part of the tree whose files are made up on demand: sysfs, procfs, debugfs. Paths are absolute. */
export interface FileProvider {
  /** Names in a directory, or null when the path is no directory here. */
  list(path: string): readonly string[] | null;
  /** A file's text, or null when there is none; a negative errno for one that may not be read. */
  read(path: string, caller: SysCaller): string | number | null;
  /** `echo text > path`. A negative errno, or the length written. */
  write?(path: string, text: string, caller: SysCaller): number;
  /** mkdir(2) and rmdir(2): 0 or a negative errno. Absent: -EPERM. */
  mkdir?(path: string, caller: SysCaller): number;
  /** See `mkdir`. */
  rmdir?(path: string, caller: SysCaller): number;
  /** Whether there is a file (no directory) at a path; absent: when reading gives something. For files whose reading does something. */
  has?(path: string, caller: SysCaller): boolean;
  /** Where a symbolic link leads; null when the path is none. */
  readlink?(path: string, caller: SysCaller): string | null;
  /** Rights of a file; absent or null: 0644, root's. */
  mode?(path: string): FileMode | null;
}

/** Opens a device node: its driver's state for this open, or a negative errno. */
export type NodeOpen = (caller: SysCaller, flags: number) => FileDriver | number;

/** The one tree of files: device nodes, providers by prefix, and plain files that programs make. */
export class Vfs {
  private readonly nodes = new Map<string, NodeOpen>();
  private readonly providers: { readonly prefix: string; readonly provider: FileProvider }[] = [];
  private readonly files = new Map<string, string>();
  private readonly modes = new Map<string, FileMode>();
  private readonly directories = new Set<string>();
  private readonly absent: readonly string[];

  /** @param absent trees that this operating system does not have: what is mounted there is not seen */
  constructor(absent: readonly string[] = []) {
    this.absent = absent;
  }

  /** Makes a device node. @param mode whose it is; absent: what udev's rules give a node of that name */
  mknod(path: string, open: NodeOpen, mode: FileMode = nodeMode(path)): void {
    this.nodes.set(path, open);
    this.modes.set(path, mode);
  }

  /** Rights of what is at a path. */
  modeOf(path: string): FileMode {
    const known = this.modes.get(path);
    if (known !== undefined) return known;
    if (path === DEBUG || path.startsWith(`${DEBUG}/`)) return DEBUG_MODE;
    for (const { prefix, provider } of this.providers) {
      const mode = path.startsWith(prefix) ? provider.mode?.(path) : null;
      if (mode !== null && mode !== undefined) return mode;
    }
    return PUBLIC;
  }

  /** Whether a caller may read (4) or write (2) a path. */
  permits(path: string, caller: SysCaller, want: number): boolean {
    const { mode, uid, gid } = this.modeOf(path);
    return permits(caller.process.cred, mode, uid, gid, want);
  }

  /** chmod(2) and chown(2) of nodes and plain files: 0, -ENOENT, -EPERM. */
  chmod(path: string, caller: SysCaller, change: Partial<FileMode>): number {
    if (!this.nodes.has(path) && !this.files.has(path)) return -Errno.ENOENT;
    const old = this.modeOf(path);
    const { cred } = caller.process;
    if (cred.euid !== old.uid && !cred.capabilities.has("CAP_DAC_OVERRIDE")) return -Errno.EPERM;
    this.modes.set(path, { ...old, ...change });
    return 0;
  }

  /** stat(2), following no links. -ENOENT. */
  stat(path: string, caller: SysCaller): FileStat | number {
    const mode = this.modeOf(path);
    if (this.nodes.has(path)) return { kind: "device", size: 0, ...mode };
    const plain = this.files.get(path);
    if (plain !== undefined) return { kind: "file", size: plain.length, ...mode };
    if (this.list(path) !== null || this.directories.has(path)) return { kind: "directory", size: 0, ...DIRECTORY };
    if (typeof this.readlink(path, caller) === "string") return { kind: "link", size: 0, ...mode };
    return this.isFile(path, caller) ? { kind: "file", size: 0, ...mode } : -Errno.ENOENT;
  }

  /** readlink(2). -ENOENT; -EINVAL: no link. */
  readlink(path: string, caller: SysCaller): string | number {
    for (const { prefix, provider } of this.providers) {
      const target = path.startsWith(prefix) ? provider.readlink?.(path, caller) : null;
      if (target !== null && target !== undefined) return target;
    }
    return this.exists(path, caller) || this.list(path) !== null ? -Errno.EINVAL : -Errno.ENOENT;
  }

  /** mkdir(2). -EEXIST, -ENOENT (no parent), -EACCES, -EPERM (not there). */
  mkdir(path: string, caller: SysCaller): number {
    if (this.list(path) !== null || this.directories.has(path) || this.exists(path, caller)) return -Errno.EEXIST;
    if (this.isMadeUp(path)) return this.change(path, caller, (provider) => provider.mkdir?.(path, caller));
    this.directories.add(path);
    return 0;
  }

  /** rmdir(2). -ENOENT, -ENOTDIR, -ENOTEMPTY, -EBUSY, -EACCES, -EPERM. */
  rmdir(path: string, caller: SysCaller): number {
    if (this.providers.some(({ prefix }) => prefix === path)) return -Errno.EBUSY;
    if (this.isMadeUp(path)) return this.change(path, caller, (provider) => provider.rmdir?.(path, caller));
    if (this.list(path) !== null) return -Errno.ENOTEMPTY;
    if (this.directories.delete(path)) return 0;
    return this.exists(path, caller) ? -Errno.ENOTDIR : -Errno.ENOENT;
  }

  private isMadeUp(path: string): boolean {
    return this.providers.some(({ prefix }) => path.startsWith(`${prefix}/`));
  }

  private change(path: string, caller: SysCaller, call: (provider: FileProvider) => number | undefined): number {
    if (!permits(caller.process.cred, DIRECTORY.mode, DIRECTORY.uid, DIRECTORY.gid, 2)) return -Errno.EACCES;
    for (const { prefix, provider } of this.providers) {
      const result = path.startsWith(`${prefix}/`) ? call(provider) : undefined;
      if (result !== undefined) return result;
    }
    return -Errno.EPERM;
  }

  /** Removes a node or a plain file: 0 or -ENOENT. */
  unlink(path: string): number {
    this.modes.delete(path);
    return this.nodes.delete(path) || this.files.delete(path) ? 0 : -Errno.ENOENT;
  }

  /** Puts a provider in charge of all paths below a prefix. */
  mount(prefix: string, provider: FileProvider): void {
    if (this.absent.some((tree) => prefix === tree || prefix.startsWith(`${tree}/`))) return;
    this.providers.push({ prefix, provider });
  }

  /** Places a plain file, as if it had been on the disk. */
  put(path: string, text: string): void {
    this.files.set(path, text);
  }

  /** How to open a device node, if there is one. */
  node(path: string): NodeOpen | undefined {
    return this.nodes.get(path);
  }

  /** The text of a file, or a negative errno. */
  read(path: string, caller: SysCaller): string | number {
    const plain = this.files.get(path);
    if (plain !== undefined) return plain;
    for (const { prefix, provider } of this.providers) {
      if (!path.startsWith(prefix)) continue;
      const text = provider.read(path, caller);
      if (text !== null) return text;
    }
    return this.list(path) === null ? -Errno.ENOENT : -Errno.EISDIR;
  }

  /** Whether a path is a plain or made-up file. Reads nothing that does something when read. */
  isFile(path: string, caller: SysCaller): boolean {
    if (this.files.has(path)) return true;
    return this.providers.some(({ prefix, provider }) => path.startsWith(prefix) && (provider.has?.(path, caller) ?? provider.read(path, caller) !== null));
  }

  /** The content of a file that programs made; undefined: there is none. */
  plain(path: string): string | undefined {
    return this.files.get(path);
  }

  /** Writes a whole file: its length, or a negative errno. A new one belongs to the caller. */
  write(path: string, text: string, caller: SysCaller): number {
    for (const { prefix, provider } of this.providers) {
      if (path.startsWith(prefix) && (provider.has?.(path, caller) ?? provider.read(path, caller) !== null)) return provider.write?.(path, text, caller) ?? -Errno.EACCES;
    }
    if (this.list(path) !== null) return -Errno.EISDIR;
    if (/^\/(sys|proc|dev)\//.test(path)) return -Errno.EACCES;
    const { euid, egid } = caller.process.cred;
    if (!this.files.has(path)) this.modes.set(path, { mode: 0o644, uid: euid, gid: egid });
    this.files.set(path, text);
    return text.length;
  }

  /** Whether a path can be opened or read. */
  exists(path: string, caller: SysCaller): boolean {
    return this.nodes.has(path) || this.isFile(path, caller);
  }

  /** Sorted names in a directory, or null. */
  list(path: string): readonly string[] | null {
    const directory = path.endsWith("/") ? path : `${path}/`;
    const names = new Set<string>();
    for (const known of [...this.nodes.keys(), ...this.files.keys(), ...this.providers.map((p) => p.prefix)]) {
      if (known.startsWith(directory) && known.length > directory.length) names.add(known.slice(directory.length).split("/")[0]!);
    }
    for (const { prefix, provider } of this.providers) {
      if (directory.startsWith(prefix.endsWith("/") ? prefix : `${prefix}/`)) for (const name of provider.list(directory.slice(0, -1)) ?? []) names.add(name);
    }
    for (const made of this.directories) if (made.startsWith(directory) && made.length > directory.length) names.add(made.slice(directory.length).split("/")[0]!);
    return names.size === 0 && !this.directories.has(path) ? null : [...names].toSorted();
  }
}
