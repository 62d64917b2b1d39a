import type { LFunction, LGlobal, LParam } from "./ast.ts";
import type { Lexer } from "./lexer.ts";
import { parseConst } from "./parse-const.ts";
import { parseAddressSpace, parsePlainType, parseType, type NamedTypes } from "./parse-type.ts";
import { type LType } from "./types.ts";

/** Words that begin a type or a value, so that no attribute can be meant. */
const TYPE_WORDS = /^(i\d+|ptr|void|half|bfloat|float|double|label|metadata|token|target|opaque|x)$/;
const VALUE_WORDS = new Set([
  "true", "false", "null", "undef", "poison", "zeroinitializer", "none", "c", "splat", "getelementptr", "trunc", "ptrtoint", "inttoptr",
  "bitcast", "addrspacecast", "add", "sub", "mul", "xor", "asm", "blockaddress",
]);

/** The attributes that change what is made of a function, parameter or call. */
export interface Attributes {
  readonly byval: LType | null;
  readonly align: number;
  readonly groups: readonly string[];
  readonly kernel: boolean;
}

/**
 * Skips attributes, linkage, calling conventions and the like; keeps the few that change meaning.
 * @param sameLine stop at the end of the line (behind a call, where the next line's instruction would look like an attribute)
 */
export function parseAttributes(lx: Lexer, types: NamedTypes, sameLine = false): Attributes {
  let byval: LType | null = null;
  let align = 0;
  let kernel = false;
  const groups: string[] = [];
  for (;;) {
    if (sameLine && lx.first) return { byval, align, groups, kernel };
    if (lx.has("attr")) groups.push(lx.take("attr"));
    else if (lx.has("string")) {
      lx.next();
      if (lx.eat("=")) lx.take("string");
    } else if (lx.has("word") && !TYPE_WORDS.test(lx.text) && !VALUE_WORDS.has(lx.text)) {
      const word = lx.take("word");
      if (word === "align") align = lx.eat("(") ? closing(lx) : lx.int();
      else if (word === "byval" || word === "byref") {
        lx.expect("(");
        byval = parseType(lx, types);
        lx.expect(")");
      } else if (word === "cc") lx.int();
      else {
        if (word === "spir_kernel" || word === "ptx_kernel" || word === "amdgpu_kernel") kernel = true;
        if (lx.is("(")) lx.skipBalanced();
      }
    } else return { byval, align, groups, kernel };
  }
}

function closing(lx: Lexer): number {
  const n = lx.int();
  lx.expect(")");
  return n;
}

/** Attachments such as `!dbg !5`: kind to node number. */
function parseAttachments(lx: Lexer, metadata: Map<string, number>): void {
  while (lx.has("meta")) {
    const kind = lx.take("meta");
    if (lx.has("meta")) metadata.set(kind, Number(lx.take("meta")));
    else {
      lx.expect("!");
      lx.skipBalanced();
    }
  }
}

/** Parses from behind `define` or `declare` up to the body. */
export function parseFunctionHeader(lx: Lexer, types: NamedTypes, defined: boolean): LFunction {
  const metadata = new Map<string, number>();
  parseAttachments(lx, metadata);
  const local = lx.isWord("internal") || lx.isWord("private");
  const before = parseAttributes(lx, types);
  const ret = parsePlainType(lx, types);
  const name = lx.take("global");
  lx.expect("(");
  const params: LParam[] = [];
  let varargs = false;
  let unnamed = 0;
  while (!lx.is(")")) {
    if (lx.eatWord("...")) varargs = true;
    else {
      const type = parseType(lx, types);
      const { byval, align } = parseAttributes(lx, types);
      params.push({ type, byval, align, name: lx.has("local") ? lx.take("local") : String(unnamed++) });
    }
    if (!lx.eat(",")) break;
  }
  lx.expect(")");
  let attrs: readonly string[] = [];
  for (;;) {
    const { start } = lx;
    parseAttachments(lx, metadata);
    if (lx.has("comdat")) lx.next();
    attrs = [...attrs, ...parseAttributes(lx, types).groups];
    if (lx.start === start) break;
  }
  // The lexer stands on "{": its position is where the body's first token begins.
  const body = defined ? lx.pos : -1;
  if (defined && !lx.is("{")) lx.unexpected("'{'");
  return { name, kernel: before.kernel, local, ret, params, varargs, attrs, metadata, body };
}

const LINKAGES = new Set([
  "private", "internal", "available_externally", "linkonce", "weak", "common", "appending", "extern_weak", "linkonce_odr", "weak_odr", "external",
]);

/** Parses behind `@name =`; null for an alias or ifunc (those come back through `alias`). */
export function parseGlobal(lx: Lexer, types: NamedTypes, name: string, alias: (target: string) => void): LGlobal | null {
  let linkage = "visible";
  let space = 0;
  for (;;) {
    if (!lx.has("word")) lx.unexpected("a global variable");
    const word = lx.text;
    if (word === "global" || word === "constant") break;
    if (word === "alias") {
      lx.next();
      parseType(lx, types);
      lx.expect(",");
      parseType(lx, types);
      alias(lx.take("global"));
      return null;
    }
    if (word === "addrspace") {
      space = parseAddressSpace(lx);
      continue;
    }
    if (LINKAGES.has(word)) linkage = word;
    lx.next();
    if (lx.is("(")) lx.skipBalanced();
  }
  const constant = lx.take("word") === "constant";
  const type = parseType(lx, types);
  const declared = linkage === "external" || linkage === "extern_weak";
  const init = declared ? null : parseConst(lx, types, type);
  let align = 0;
  while (lx.eat(",")) {
    if (lx.eatWord("align")) align = lx.int();
    else if (lx.has("meta")) {
      lx.next();
      if (lx.has("meta")) lx.next();
    } else {
      lx.next();
      if (lx.is("(")) lx.skipBalanced();
      else if (lx.has("string")) lx.next();
    }
  }
  return { name, type, space, constant, linkage, init, align };
}
