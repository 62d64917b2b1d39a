import { readdirSync, readFileSync } from "node:fs";

/** The codes that each OpenCL function's own comment names ("as clOther" means that one's too). */
export function documentedCodes(): ReadonlyMap<string, ReadonlySet<string>> {
  const folder = new URL("../../src/opencl/", import.meta.url);
  const comments = new Map<string, string>();
  for (const name of readdirSync(folder)) {
    if (!name.endsWith(".ts")) continue;
    for (const [, comment, fn] of readFileSync(new URL(name, folder), "utf8").matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\nexport function\*? (cl[A-Z]\w+)\(/g)) comments.set(fn!, comment!);
  }
  const codes = (fn: string, seen: ReadonlySet<string>): string[] => {
    const text = comments.get(fn) ?? "";
    const others = [...text.matchAll(/\bas (cl[A-Z]\w+)/g)].map((match) => match[1]!).filter((other) => !seen.has(other));
    return [...(text.match(/CL_[A-Z_]+/g) ?? []), ...others.flatMap((other) => codes(other, new Set([...seen, other])))];
  };
  return new Map([...comments.keys()].map((fn) => [fn, new Set(codes(fn, new Set([fn])))]));
}
