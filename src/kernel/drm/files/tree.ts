import { Errno } from "../../errors.ts";
import type { FileProvider } from "../../fs/vfs.ts";

/** A file made up on demand. Reading gives its text, or a negative errno. */
export interface TextFile {
  read(): string | number;
  /** Absent: read-only. A negative errno, or the length written. */
  write?(text: string): number;
  /** Permission bits; absent: as the file system says. The owner is root. */
  readonly mode?: number;
}

/** A directory, listed anew each time. */
export interface Directory {
  entries(): Readonly<Record<string, TreeEntry>>;
}

/** A symbolic link to an absolute path; followed, so that what lies below the target is found below the link. */
export interface Link {
  readonly target: string;
}

/** What a name in a directory may be. */
export type TreeEntry = TextFile | Directory | Link;

/** A file with this text. */
export function text(read: () => string | number): TextFile {
  return { read };
}

/** A directory with these entries. */
export function directory(entries: () => Readonly<Record<string, TreeEntry>>): Directory {
  return { entries };
}

/** One tree as the file system mounts it. */
export function provide(prefix: string, root: Directory): FileProvider {
  const forest = new Forest();
  forest.add(prefix, root);
  return forest.provider();
}

/** Links followed in one look-up. */
const MAX_LINKS = 8;

/** Several trees of made-up files, each at its place; links may lead from one to another. */
export class Forest {
  private readonly roots = new Map<string, Directory>();

  add(prefix: string, root: Directory): void {
    this.roots.set(prefix, root);
  }

  /** What the file system mounts at each place. */
  *providers(): Generator<readonly [string, FileProvider]> {
    for (const prefix of this.roots.keys()) yield [prefix, this.provider()];
  }

  /** What is at an absolute path; undefined when nothing is. */
  find(path: string, links: number = 0): TextFile | Directory | undefined {
    for (const [prefix, root] of this.roots) {
      if (path !== prefix && !path.startsWith(`${prefix}/`)) continue;
      let at: TreeEntry | undefined = root;
      const names = path.slice(prefix.length).split("/").filter((name) => name !== "");
      for (let i = 0; i <= names.length && at !== undefined; i++) {
        if ("target" in at) return links === MAX_LINKS ? undefined : this.find([at.target, ...names.slice(i)].join("/"), links + 1);
        if (i === names.length) return at;
        at = "entries" in at ? at.entries()[names[i]!] : undefined;
      }
    }
    return undefined;
  }

  /** Where the link at a path leads; null: there is none. */
  private link(path: string): string | null {
    const at = path.lastIndexOf("/");
    const parent = at > 0 ? this.find(path.slice(0, at)) : undefined;
    const entry = parent !== undefined && "entries" in parent ? parent.entries()[path.slice(at + 1)] : undefined;
    return entry !== undefined && "target" in entry ? entry.target : null;
  }

  /** The trees as one part of the file system. */
  provider(): FileProvider {
    return {
      mode: (path) => {
        const found = this.find(path);
        return found !== undefined && "read" in found && found.mode !== undefined ? { mode: found.mode, uid: 0, gid: 0 } : null;
      },
      has: (path) => {
        const found = this.find(path);
        return found !== undefined && "read" in found;
      },
      readlink: (path) => this.link(path),
      list: (path) => {
        const found = this.find(path);
        return found !== undefined && "entries" in found ? Object.keys(found.entries()) : null;
      },
      read: (path) => {
        const found = this.find(path);
        return found !== undefined && "read" in found ? found.read() : null;
      },
      write: (path, content) => {
        const found = this.find(path);
        return found !== undefined && "read" in found && found.write !== undefined ? found.write(content) : -Errno.EACCES;
      },
    };
  }
}
