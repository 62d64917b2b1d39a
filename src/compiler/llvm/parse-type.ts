import { intType, LABEL, METADATA, ptrType, TOKEN, VOID, type LType } from "./types.ts";
import type { Lexer } from "./lexer.ts";

/** Named types of a module, resolved when first used (they may be defined in any order). */
export interface NamedTypes {
  named(name: string): LType | null;
}

/** Most elements of a vector: no compiler writes more, and each becomes a value of the IR. */
const MOST_ELEMENTS = 65536;

const floats = new Map<string, LType>((["half", "bfloat", "float", "double"] as const).map((kind) => [kind, { k: "float", kind }]));

/** Parses a type; a function type when a parameter list follows (calls of variadic functions). */
export function parseType(lx: Lexer, types: NamedTypes): LType {
  const type = parsePlainType(lx, types);
  return lx.is("(") ? parseParameterTypes(lx, types, type) : type;
}

function parseParameterTypes(lx: Lexer, types: NamedTypes, ret: LType): LType {
  lx.expect("(");
  const params: LType[] = [];
  let varargs = false;
  while (!lx.is(")")) {
    if (lx.eatWord("...")) varargs = true;
    else params.push(parseType(lx, types));
    if (!lx.eat(",")) break;
  }
  lx.expect(")");
  return { k: "func", ret, params, varargs };
}

function parseList(lx: Lexer, types: NamedTypes, end: string): LType[] {
  const fields: LType[] = [];
  while (!lx.is(end)) {
    fields.push(parseType(lx, types));
    if (!lx.eat(",")) break;
  }
  lx.expect(end);
  return fields;
}

/** `( addrspace ( n ) )?` */
export function parseAddressSpace(lx: Lexer): number {
  if (!lx.eatWord("addrspace")) return 0;
  lx.expect("(");
  const space = lx.int();
  lx.expect(")");
  return space;
}

/** Parses a type that is no function type. */
export function parsePlainType(lx: Lexer, types: NamedTypes): LType {
  if (lx.has("word")) {
    const word = lx.text;
    const float = floats.get(word);
    if (float !== undefined) {
      lx.next();
      return float;
    }
    if (/^i\d+$/.test(word)) {
      lx.next();
      return intType(Number(word.slice(1)));
    }
    switch (word) {
      case "ptr": lx.next(); return ptrType(parseAddressSpace(lx));
      case "void": lx.next(); return VOID;
      case "label": lx.next(); return LABEL;
      case "metadata": lx.next(); return METADATA;
      case "token": lx.next(); return TOKEN;
      case "opaque": lx.next(); return { k: "struct", fields: [], packed: false };
      case "target": {
        lx.next();
        lx.expect("(");
        const name = lx.take("string");
        while (!lx.is(")")) lx.next();
        lx.expect(")");
        return { k: "target", name };
      }
    }
    return lx.unexpected("a type");
  }
  if (lx.has("local")) {
    const type = types.named(lx.text);
    if (type === null) lx.fail(`unknown type %${lx.text}`);
    lx.next();
    return type;
  }
  if (lx.eat("[")) {
    const n = lx.int();
    if (!lx.eatWord("x")) lx.unexpected("'x'");
    const elem = parseType(lx, types);
    lx.expect("]");
    return { k: "array", n, elem };
  }
  if (lx.eat("{")) return { k: "struct", fields: parseList(lx, types, "}"), packed: false };
  if (lx.eat("<")) {
    if (lx.eat("{")) {
      const fields = parseList(lx, types, "}");
      lx.expect(">");
      return { k: "struct", fields, packed: true };
    }
    const n = lx.int();
    if (!(n <= MOST_ELEMENTS)) lx.fail(`a vector of ${n} elements: no more than ${MOST_ELEMENTS}`);
    if (!lx.eatWord("x")) lx.unexpected("'x'");
    const elem = parseType(lx, types);
    lx.expect(">");
    return { k: "vec", n, elem };
  }
  return lx.unexpected("a type");
}
