import type { FileStat } from "../../kernel/sys/sys.ts";
import { errorWords } from "../io.ts";
import type { Program, ProgramContext } from "../program.ts";

const LETTERS: Readonly<Record<FileStat["kind"], string>> = { file: "-", directory: "d", device: "c", link: "l" };
const users: ReadonlyMap<number, string> = new Map([[0, "root"]]);
const groups: ReadonlyMap<number, string> = new Map([[0, "root"], [44, "video"], [992, "render"]]);

function rights(mode: number): string {
  return [6, 3, 0].map((shift) => ["r", "w", "x"].map((letter, i) => ((mode >> (shift + 2 - i)) & 1 ? letter : "-")).join("")).join("");
}

/** One line of `ls -l`, without link counts and dates, which made-up files have none of. */
function long(c: ProgramContext, path: string, name: string): string {
  const stat = c.sys.stat(path);
  if (typeof stat === "number") return `?????????? ${name}\n`;
  const target = c.sys.readlink(path);
  const letter = typeof target === "string" ? "l" : LETTERS[stat.kind];
  const owner = `${(users.get(stat.uid) ?? String(stat.uid)).padEnd(5)} ${(groups.get(stat.gid) ?? String(stat.gid)).padEnd(6)}`;
  return `${letter}${rights(stat.mode)} ${owner} ${String(stat.size).padStart(8)} ${name}${typeof target === "string" ? ` -> ${target}` : ""}\n`;
}

/** ls(1): names, one a line; -l with rights, owner and size; -d a directory itself. */
export const ls: Program = function* (c) {
  const options = new Set(c.args.filter((arg) => /^-[a-zA-Z1]+$/.test(arg)).flatMap((arg) => [...arg.slice(1)]));
  const given = c.args.filter((arg) => !arg.startsWith("-"));
  const paths = given.length === 0 ? ["/"] : given;
  let code = 0;
  for (const [i, path] of paths.entries()) {
    const clean = path.length > 1 ? path.replace(/\/+$/, "") : path;
    const names = options.has("d") ? -20 : c.sys.readdir(clean);
    const stat = typeof names === "number" ? c.sys.stat(clean) : null;
    if (typeof stat === "number") {
      yield* c.io.err(`ls: cannot access '${path}': ${errorWords(stat)}\n`);
      code = 2;
      continue;
    }
    if (paths.length > 1 && stat === null) yield* c.io.out(`${i > 0 ? "\n" : ""}${path}:\n`);
    const shown = typeof names === "number" ? [path] : names;
    const at = (name: string): string => (typeof names === "number" ? clean : `${clean === "/" ? "" : clean}/${name}`);
    yield* c.io.out(shown.map((name) => (options.has("l") ? long(c, at(name), name) : `${name}\n`)).join(""));
  }
  return code;
};
