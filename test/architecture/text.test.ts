import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { filesUnder, root, textOf } from "./sources.ts";

/** Files that git knows, or all of the usual folders where there is no git (an unpacked archive). */
function repositoryFiles(): string[] {
  try {
    return execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).split("\0").filter((file) => file !== "");
  } catch {
    return ["src", "test", "examples", "bench", "docs", "scripts"].flatMap((folder) => filesUnder(folder)).filter((file) => !file.startsWith("docs/api/"));
  }
}

const texts = repositoryFiles().filter((file) => /\.(ts|mjs|json|md|html|ptx|cl|ll|yml|cu)$|^\.ci\/run$/.test(file));
const readable = texts.flatMap((file) => {
  try {
    return [{ file, text: textOf(file) }];
  } catch {
    return []; // listed by git, deleted on disk
  }
});

/** Lines of all files that match. */
function lines(pattern: RegExp, files = readable): string[] {
  return files.flatMap(({ file, text }) => text.split("\n").flatMap((line, i) => (pattern.test(line) ? [`${file}:${i + 1}: ${line.trim().slice(0, 120)}`] : [])));
}

describe("what the repository says", () => {
  test("no path of somebody's own computer", () => {
    // Assembled, so that this file does not match itself.
    const homes = ["work", "home", "root", "Users", "mnt"].join("|");
    expect(lines(new RegExp(`(^|[\\s"'\`(=])/(${homes})/[\\w.-]`))).toEqual([]);
  });

  test("nothing left for later, nothing skipped, nothing hidden from the compiler", () => {
    const code = readable.filter(({ file }) => file.endsWith(".ts") || file.endsWith(".mjs"));
    // Written in two pieces, so that this file does not match itself.
    const word = (...pieces: readonly string[]): string => pieces.join("");
    const marks = [word("TO", "DO"), word("FIX", "ME"), word("XX", "X:"), word("HA", "CK")].join("|");
    expect(lines(new RegExp(`\\b(${marks})\\b`), code)).toEqual([]);
    expect(lines(new RegExp(word("@ts", "-(ignore|nocheck|expect-error)")), code.filter(({ file }) => !file.startsWith("test/")))).toEqual([]);
    const skips = [word("sk", "ip"), word("to", "do"), word("on", "ly"), word("fai", "ls")].join("|");
    expect(lines(new RegExp(`\\b(it|test|describe)\\.(${skips})\\b`), code)).toEqual([]);
  });

  test("the lock file takes nothing from anywhere but the registry", () => {
    const lock = JSON.parse(textOf("package-lock.json")) as { packages: Record<string, { resolved?: string; integrity?: string; link?: boolean }> };
    const strange = Object.entries(lock.packages).filter(([name, entry]) => name !== "" && (entry.link === true || entry.integrity === undefined || (entry.resolved !== undefined && !entry.resolved.startsWith("https://registry.npmjs.org/"))));
    expect(strange.map(([name]) => name)).toEqual([]);
  });
});
