import { nodeModule } from "./host.ts";

/** Files that a program may include, by the path that the compiler will look for. */
export type Headers = Readonly<Record<string, string>>;

/** Headers a program may draw in, all together. */
const MAX_HEADERS = 1000;

function folderOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash === -1 ? "" : path.slice(0, slash);
}

/** `a/../b` as `b`; no leading "./". */
function normal(path: string): string {
  const out: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === ".." && out.length > 0 && out.at(-1) !== "..") out.pop();
    else out.push(part);
  }
  return (path.startsWith("/") ? "/" : "") + out.join("/");
}

/**
 * Collects what a source includes, directly or not: from `given` (the headers of clCompileProgram) and from folders of the computer
 * that -I names. Includes are found by their text; one that is computed by a macro is not, and the compiler will say so.
 */
export function collectHeaders(source: string, given: Headers, folders: readonly string[]): Headers {
  const found: Record<string, string> = { ...given };
  const fs = folders.length === 0 ? null : nodeModule("node:fs");
  const seen = new Set<string>();
  const visit = (text: string, from: string): void => {
    for (const match of text.matchAll(/^[ \t]*#[ \t]*include[ \t]*(?:"([^"\n]+)"|<([^>\n]+)>)/gm)) {
      const name = match[1] ?? match[2]!;
      for (const folder of [from, ...folders]) {
        const path = normal(folder === "" ? name : `${folder}/${name}`);
        if (seen.has(path)) break;
        const content = found[path] ?? given[name] ?? read(fs, path);
        if (content === null) continue;
        seen.add(path);
        if (Object.keys(found).length >= MAX_HEADERS) return;
        found[path] = content;
        visit(content, folderOf(path));
        break;
      }
    }
  };
  visit(source, "");
  return found;
}

function read(fs: typeof import("node:fs") | null, path: string): string | null {
  try {
    return fs === null ? null : fs.readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
