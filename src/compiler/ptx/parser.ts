import { CompileError } from "../abi.ts";
import type { Alias, Linkage, PtxFunction, PtxModule, Variable } from "./ast.ts";
import { count } from "./expression.ts";
import { readHeader } from "./header.ts";
import { parseFunction } from "./parse-function.ts";
import { ParseState } from "./parse-state.ts";
import { variables } from "./parse-variable.ts";
import { ch } from "./scanner.ts";
import { ptxType } from "./types.ts";

/** Options of `parsePtx`. */
export interface ParseOptions {
  /** Highest PTX ISA version that is accepted, as major.minor; default 9.0, that of CUDA 13.0. */
  readonly maxVersion?: { readonly major: number; readonly minor: number };
}

interface Collected {
  readonly functions: PtxFunction[];
  readonly variables: Variable[];
  readonly aliases: Alias[];
  readonly files: Map<number, string>;
}

const linkages: ReadonlySet<string> = new Set(["visible", "extern", "weak", "common"]);

/**
 * Parses a PTX module (PTX ISA, chapters 4, 5, 6 and 11).
 *
 * @param text the module's text; a NUL ends it
 * @throws CompileError syntax (with line and column), or target: a version, target or address size we do not have
 */
export function parsePtx(text: string, options: ParseOptions = {}): PtxModule {
  const p = new ParseState(text);
  const header = readHeader(p.s, options.maxVersion);
  const out: Collected = { functions: [], variables: [], aliases: [], files: new Map() };
  for (;;) {
    const c = p.s.peek();
    if (c === -1) break;
    if (c === ch.dot) topLevel(p, out);
    else if (c === ch.at && p.s.at(1) === ch.at) p.s.skipLine(); // @@DWARF of old compilers
    else if (c === ch.semicolon) p.s.pos++;
    else p.s.fail(`expected a directive, found ${p.s.found()}`);
  }
  return { ...header, ...out };
}

function topLevel(p: ParseState, out: Collected): void {
  const s = p.s;
  let linkage: Linkage = "none";
  let word = s.directive();
  while (linkages.has(word)) {
    linkage = word as Linkage;
    if (s.peek() !== ch.dot) s.fail(`expected a declaration after .${word}, found ${s.found()}`);
    word = s.directive();
  }
  switch (word) {
    case "entry":
    case "func":
      out.functions.push(parseFunction(p, word === "entry", linkage));
      return;
    case "global":
    case "const":
    case "shared":
    case "shared::cta":
    case "local": {
      if (word === "const" && s.peek() === ch.lbracket) bank(p);
      const space = word === "shared::cta" ? "shared" : word;
      for (const variable of variables(p, space, linkage, false)) out.variables.push(variable);
      return;
    }
    case "tex":
      // NON-SPEC: legacy texture variables are parsed; using them is refused.
      for (const variable of variables(p, "global", linkage, false, ptxType("texref"))) out.variables.push(variable);
      return;
    case "file": return file(p, out);
    case "loc": {
      s.skipLine();
      return;
    }
    case "section": return section(p);
    case "pragma":
      do s.string(); while (s.eat(ch.comma));
      return s.expect(ch.semicolon, "after .pragma");
    case "alias": {
      const line = s.line;
      const name = s.expectName("a function's name");
      s.expect(ch.comma, "in .alias");
      const target = s.expectName("a function's name");
      s.expect(ch.semicolon, "after .alias");
      out.aliases.push({ kind: "alias", name, target, line });
      return;
    }
    case "version":
    case "target":
    case "address_size":
      throw new CompileError("syntax", `.${word} must stand once, at the start of the module`, s.line, s.column());
    default: s.fail(`unknown directive .${word}`);
  }
}

/** `.const[3]`: banks are a thing of the past; all constants share one space. */
function bank(p: ParseState): void {
  p.s.pos++;
  if (p.s.peek() !== ch.rbracket) count(p.s, "a constant bank");
  p.s.expect(ch.rbracket, "after a constant bank");
}

/** `.file n "name" [, timestamp, size]` */
function file(p: ParseState, out: Collected): void {
  const s = p.s;
  const number = count(s, "a file number");
  out.files.set(number, s.string());
  while (s.eat(ch.comma)) count(s, "a file's time or size");
}

/** `.section .debug_info { ... }`: DWARF; skipped. */
function section(p: ParseState): void {
  const s = p.s;
  while (s.peek() !== ch.lbrace) {
    if (s.peek() === -1) s.fail("expected '{' after .section");
    s.pos++;
  }
  s.pos++;
  for (;;) {
    const c = s.peek();
    if (c === -1) s.fail("section without end");
    s.pos++;
    if (c === ch.rbrace) return;
  }
}
