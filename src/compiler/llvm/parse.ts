import type { LFunction, LGlobal, LModule } from "./ast.ts";
import { Lexer } from "./lexer.ts";
import { parseFunctionHeader, parseGlobal } from "./parse-header.ts";
import { parseType, type NamedTypes } from "./parse-type.ts";
import type { LType } from "./types.ts";

/** Named types by where their definition stands. */
class TypeTable implements NamedTypes {
  readonly resolved = new Map<string, LType>();
  private readonly at = new Map<string, number>();
  private readonly src: string;

  constructor(src: string) {
    this.src = src;
    for (const match of src.matchAll(/^%("[^"]*"|[^\s=]+) = type /gm)) {
      const name = match[1]!;
      this.at.set(name.startsWith('"') ? name.slice(1, -1) : name, match.index + match[0].length);
    }
  }

  named(name: string): LType | null {
    const known = this.resolved.get(name);
    if (known !== undefined) return known;
    const at = this.at.get(name);
    if (at === undefined) return null;
    const type = parseType(new Lexer(this.src, at), this);
    this.resolved.set(name, type);
    return type;
  }
}

/** What a parsed module can still be asked: types for bodies that are parsed when wanted. */
export interface ParsedModule extends LModule {
  readonly namedTypes: NamedTypes;
}

/**
 * Parses the top level of a module of textual LLVM IR (version 15 or later: opaque pointers). Bodies of functions and
 * metadata nodes are only located: most are never needed (Clang leaves a second copy of every kernel's body, for kernels that call kernels).
 * @throws CompileError of kind "syntax"
 */
export function parseModule(text: string): ParsedModule {
  const namedTypes = new TypeTable(text);
  const functions = new Map<string, LFunction>();
  const globals = new Map<string, LGlobal>();
  const aliases = new Map<string, string>();
  const attributes = new Map<string, string>();
  const metadata = new Map<number, string>();
  const namedMetadata = new Map<string, string>();
  let triple = "";
  let pos = 0;
  while (pos < text.length) {
    const eol = text.indexOf("\n", pos);
    const end = eol === -1 ? text.length : eol;
    let next = end + 1;
    switch (text.charCodeAt(pos)) {
      case 33 /* ! */: {
        const equals = text.indexOf("=", pos);
        const key = text.slice(pos + 1, equals).trim();
        const value = text.slice(equals + 1, end).trim();
        if (/^\d+$/.test(key)) metadata.set(Number(key), value);
        else namedMetadata.set(key, value);
        break;
      }
      case 64 /* @ */: {
        const lx = new Lexer(text, pos);
        const name = lx.take("global");
        lx.expect("=");
        const variable = parseGlobal(lx, namedTypes, name, (target) => aliases.set(name, target));
        if (variable !== null) globals.set(name, variable);
        break;
      }
      case 100 /* d: define, declare */: {
        const lx = new Lexer(text, pos);
        const defined = lx.take("word") === "define";
        const fn = parseFunctionHeader(lx, namedTypes, defined);
        functions.set(fn.name, fn);
        if (defined) {
          const close = text.indexOf("\n}", lx.start);
          if (close === -1) lx.fail(`function @${fn.name} does not end`);
          next = close + 2;
        }
        break;
      }
      case 97 /* a: attributes #n = { ... } */: {
        const match = /^attributes #(\d+) = \{(.*)\}/.exec(text.slice(pos, end));
        if (match !== null) attributes.set(match[1]!, match[2]!);
        break;
      }
      case 116 /* t: target */: {
        const match = /^target triple = "([^"]*)"/.exec(text.slice(pos, end));
        if (match !== null) triple = match[1]!;
        break;
      }
      case 37: case 59: case 115: case 10: case 13: case 36: case 94: case 32: case 117:
        // Types (found above), comments, source_filename, blank lines, comdats, summaries, use-list orders.
        break;
      default: {
        const lx = new Lexer(text, pos);
        if (lx.start < end) lx.unexpected("a definition");
      }
    }
    pos = next;
  }
  return { text, functions, globals, aliases, attributes, types: namedTypes.resolved, metadata, namedMetadata, triple, namedTypes };
}
