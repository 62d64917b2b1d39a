import { Errno } from "../errors.ts";
import type { FileDriver, SysCaller } from "./file.ts";

/** A part of the tree whose files are made up on demand: sysfs, procfs, debugfs. Paths are absolute. */
export interface FileProvider {
  /** Names in a directory, or null when the path is no directory here. */
  list(path: string): readonly string[] | null;
  /** A file's text, or null when there is none; a negative errno for one that may not be read. */
  read(path: string, caller: SysCaller): string | number | null;
  /** `echo text > path`. A negative errno, or the length written. */
  write?(path: string, text: string, caller: SysCaller): number;
}

/** Opens a device node: its driver's state for this open, or a negative errno. */
export type NodeOpen = (caller: SysCaller, flags: number) => FileDriver | number;

/** The one tree of files: device nodes, providers by prefix, and plain files that programs make. */
export class Vfs {
  private readonly nodes = new Map<string, NodeOpen>();
  private readonly providers: { readonly prefix: string; readonly provider: FileProvider }[] = [];
  private readonly files = new Map<string, string>();
  private readonly absent: readonly string[];

  /** @param absent trees that this operating system does not have: what is mounted there is not seen */
  constructor(absent: readonly string[] = []) {
    this.absent = absent;
  }

  /** Makes a device node. */
  mknod(path: string, open: NodeOpen): void {
    this.nodes.set(path, open);
  }

  /** Removes a node or a plain file: 0 or -ENOENT. */
  unlink(path: string): number {
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

  /** Writes a whole file: its length, or a negative errno. */
  write(path: string, text: string, caller: SysCaller): number {
    for (const { prefix, provider } of this.providers) {
      if (path.startsWith(prefix) && provider.read(path, caller) !== null) return provider.write?.(path, text, caller) ?? -Errno.EACCES;
    }
    if (/^\/(sys|proc|dev)\//.test(path)) return -Errno.EACCES;
    this.files.set(path, text);
    return text.length;
  }

  /** Whether a path can be opened or read. */
  exists(path: string, caller: SysCaller): boolean {
    return this.nodes.has(path) || typeof this.read(path, caller) === "string";
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
    return names.size === 0 ? null : [...names].toSorted();
  }
}
