import type { LModule } from "./ast.ts";
import { unescape } from "./lexer.ts";

/**
 * Source lines from debug metadata. Each !DILocation names a line and a scope, and for inlined code where the call
 * stood; lines of other files than the main one (headers) give way to the line of the call in the main file.
 */
export class LineTable {
  private readonly module: LModule;
  private readonly lines = new Map<number, number>();
  readonly mainName: string;

  constructor(module: LModule, sourceName: string | null) {
    this.module = module;
    this.mainName = sourceName ?? /source_filename = "([^"]*)"/.exec(module.text.slice(0, 2000))?.[1] ?? "";
  }

  /** 1-based line of the main file for a !dbg node; 0 when there is none. */
  line(node: number): number {
    if (node < 0) return 0;
    const known = this.lines.get(node);
    if (known !== undefined) return known;
    const text = this.module.metadata.get(node) ?? "";
    let line = 0;
    if (text.includes("DILocation(")) {
      const scope = Number(/scope: !(\d+)/.exec(text)?.[1] ?? -1);
      const outer = Number(/inlinedAt: !(\d+)/.exec(text)?.[1] ?? -1);
      line = this.isMain(scope) ? Number(/line: (\d+)/.exec(text)?.[1] ?? 0) : this.line(outer);
    }
    this.lines.set(node, line);
    return line;
  }

  private isMain(scope: number): boolean {
    const text = this.module.metadata.get(scope) ?? "";
    const file = Number(/file: !(\d+)/.exec(text)?.[1] ?? -1);
    const name = /filename: "([^"]*)"/.exec(this.module.metadata.get(file) ?? "")?.[1];
    return name === undefined || name === "<stdin>" || this.mainName === "" || name === this.mainName;
  }
}

/** Operands of a metadata tuple `!{...}` without strings, as text. */
export function tuple(module: LModule, node: number | undefined): string[] {
  const text = node === undefined ? undefined : module.metadata.get(node);
  const inside = text === undefined ? null : /^(?:distinct )?!\{(.*)\}$/s.exec(text);
  if (inside === null || inside[1] === "") return [];
  return inside[1]!.split(",").map((part) => part.trim());
}

/** Numbers of a tuple of `i32 n`. */
export function tupleNumbers(module: LModule, node: number | undefined): number[] {
  return tuple(module, node).map((part) => Number(/-?\d+$/.exec(part)?.[0] ?? NaN));
}

/** Strings of a tuple of `!"..."`. */
export function tupleStrings(module: LModule, node: number | undefined): string[] {
  const text = node === undefined ? "" : module.metadata.get(node) ?? "";
  return [...text.matchAll(/!"([^"]*)"/g)].map((match) => unescape(match[1]!));
}
