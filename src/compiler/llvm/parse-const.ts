import type { Const, Operand } from "./ast.ts";
import type { Lexer } from "./lexer.ts";
import { parseType, type NamedTypes } from "./parse-type.ts";
import { I1, METADATA, showType, type LType } from "./types.ts";

const scratch = new DataView(new ArrayBuffer(8));

function doubleBits(value: number): bigint {
  scratch.setFloat64(0, value);
  return scratch.getBigUint64(0);
}

/**
 * Bits of a floating-point literal in its own format. LLVM writes float and double alike, as a decimal or as the hexadecimal bits of a double;
 * 0xH and 0xR are bits of half and bfloat.
 */
function floatBits(lx: Lexer, type: LType & { k: "float" }, text: string): bigint {
  if (/^0x/i.test(text) && !/^0x[HR]?[0-9a-f]+$/i.test(text)) lx.fail(`a number, not '${text}'`);
  if (/^0x[HR]/i.test(text)) return BigInt(`0x${text.slice(3)}`);
  const bits = /^0x/i.test(text) ? BigInt(text) : doubleBits(Number(text));
  if (type.kind === "double") return bits;
  scratch.setBigUint64(0, bits);
  const value = scratch.getFloat64(0);
  if (type.kind === "float") {
    if (value !== value) return (bits >> 63n << 31n) | 0x7f80_0000n | (bits >> 29n & 0x7f_ffffn);
    scratch.setFloat32(0, value);
    return BigInt(scratch.getUint32(0));
  }
  return lx.fail(`${type.kind} constant ${text} in an unknown form`);
}

/** Parses a value of a known type. */
export function parseValue(lx: Lexer, types: NamedTypes, type: LType): Operand {
  switch (lx.kind) {
    case "local": return { k: "local", type, name: lx.take("local") };
    case "global": return { k: "global", type, name: lx.take("global") };
    case "int": {
      const text = lx.take("int");
      if (type.k === "float") return { k: "float", type, bits: floatBits(lx, type, text) };
      if (type.k !== "int") return lx.fail(`integer constant of type ${showType(type)}`);
      return { k: "int", type, value: BigInt.asUintN(type.bits, BigInt(text)) };
    }
    case "float":
      if (type.k !== "float") return lx.fail(`floating-point constant of type ${showType(type)}`);
      return { k: "float", type, bits: floatBits(lx, type, lx.take("float")) };
    case "meta":
      lx.next();
      if (lx.is("(")) lx.skipBalanced();
      return { k: "meta", type: METADATA };
    default: return parseConstant(lx, types, type);
  }
}

/** Parses a constant of a known type. */
export function parseConst(lx: Lexer, types: NamedTypes, type: LType): Const {
  const value = parseValue(lx, types, type);
  if (value.k === "local" || value.k === "meta") return lx.fail("expected a constant");
  return value;
}

function parseItems(lx: Lexer, types: NamedTypes, end: string): Const[] {
  const items: Const[] = [];
  while (!lx.is(end)) {
    items.push(parseTypedConst(lx, types));
    if (!lx.eat(",")) break;
  }
  lx.expect(end);
  return items;
}

function parseTypedConst(lx: Lexer, types: NamedTypes): Const {
  return parseConst(lx, types, parseType(lx, types));
}

const FLAGS = new Set(["nuw", "nsw", "exact", "inbounds", "nusw", "disjoint", "nneg", "samesign"]);

function parseConstant(lx: Lexer, types: NamedTypes, type: LType): Operand {
  if (lx.has("word")) {
    const word = lx.text;
    switch (word) {
      case "true": case "false": lx.next(); return { k: "int", type: I1, value: word === "true" ? 1n : 0n };
      case "null": case "zeroinitializer": case "undef": case "poison": case "none": lx.next(); return { k: "zero", type };
      case "c": lx.next(); return { k: "bytes", type, text: lx.take("string") };
      case "splat": {
        lx.next();
        lx.expect("(");
        const item = parseTypedConst(lx, types);
        lx.expect(")");
        return { k: "list", type, items: new Array<Const>(type.k === "vec" ? type.n : 1).fill(item) };
      }
      case "trunc": case "ptrtoint": case "inttoptr": case "bitcast": case "addrspacecast": {
        lx.next();
        lx.expect("(");
        const arg = parseTypedConst(lx, types);
        if (!lx.eatWord("to")) lx.unexpected("'to'");
        const to = parseType(lx, types);
        lx.expect(")");
        return { k: "expr", type: to, op: word, args: [arg] };
      }
      case "getelementptr": {
        lx.next();
        while (FLAGS.has(lx.text)) lx.next();
        if (lx.eatWord("inrange")) lx.skipBalanced();
        lx.expect("(");
        const elem = parseType(lx, types);
        lx.expect(",");
        const args = parseItems(lx, types, ")");
        return { k: "expr", type, op: word, args, elem };
      }
      case "add": case "sub": case "mul": case "xor": {
        lx.next();
        while (FLAGS.has(lx.text)) lx.next();
        lx.expect("(");
        return { k: "expr", type, op: word, args: parseItems(lx, types, ")") };
      }
    }
    return lx.unexpected(`a constant of type ${showType(type)}`);
  }
  if (lx.eat("[")) return { k: "list", type, items: parseItems(lx, types, "]") };
  if (lx.eat("{")) return { k: "list", type, items: parseItems(lx, types, "}") };
  if (lx.eat("<")) {
    if (lx.eat("{")) {
      const items = parseItems(lx, types, "}");
      lx.expect(">");
      return { k: "list", type, items };
    }
    return { k: "list", type, items: parseItems(lx, types, ">") };
  }
  if (lx.is("!")) {
    lx.next();
    if (lx.is("{")) lx.skipBalanced();
    else lx.next();
    return { k: "meta", type: METADATA };
  }
  return lx.unexpected(`a value of type ${showType(type)}`);
}

/** Parses a type and a value of it. */
export function parseOperand(lx: Lexer, types: NamedTypes): Operand {
  return parseValue(lx, types, parseType(lx, types));
}
