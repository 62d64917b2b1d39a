import { CompileError } from "../abi.ts";
import { f64Bits, f64Value, f32Value, isDigit, literal, type Literal } from "./numbers.ts";
import { ch, type Scanner } from "./scanner.ts";

/**
 * Constant expressions (PTX ISA 4.5.5): C's operators on 64-bit integers, and + - * / and comparisons on doubles.
 */
export type Constant =
  | { readonly kind: "int"; readonly value: number | bigint; readonly unsigned: boolean }
  | { readonly kind: "f32"; readonly bits: number }
  | { readonly kind: "f64"; readonly bits: bigint };

const MAX_DEPTH = 64;

const precedence: Readonly<Record<string, number>> = {
  "*": 10, "/": 10, "%": 10, "+": 9, "-": 9, "<<": 8, ">>": 8, "<": 7, "<=": 7, ">": 7, ">=": 7, "==": 6, "!=": 6, "&": 5, "^": 4, "|": 3, "&&": 2, "||": 1,
};

function wrap(value: bigint, unsigned: boolean): Constant {
  const bits = unsigned ? BigInt.asUintN(64, value) : BigInt.asIntN(64, value);
  const small = bits >= -9007199254740991n && bits <= 9007199254740991n;
  return { kind: "int", value: small ? Number(bits) : bits, unsigned };
}

/** The double that a floating constant stands for. */
export function floatOf(c: Constant): number {
  return c.kind === "f32" ? f32Value(c.bits) : c.kind === "f64" ? f64Value(c.bits) : Number(c.value);
}

/**
 * The value of an integer constant.
 * @throws CompileError when it is a floating-point one.
 */
export function intOf(s: Scanner, c: Constant): bigint {
  if (c.kind !== "int") s.fail("expected an integer constant, found a floating-point one");
  return BigInt(c.value);
}

function truth(value: boolean): Constant {
  return { kind: "int", value: value ? 1 : 0, unsigned: false };
}

function compare(op: string, a: number | bigint, b: number | bigint): Constant | null {
  switch (op) {
    case "<": return truth(a < b);
    case "<=": return truth(a <= b);
    case ">": return truth(a > b);
    case ">=": return truth(a >= b);
    case "==": return truth(a === b);
    case "!=": return truth(a !== b);
    default: return null;
  }
}

function onFloats(s: Scanner, op: string, a: number, b: number): Constant {
  const compared = compare(op, a, b);
  if (compared !== null) return compared;
  const value = op === "+" ? a + b : op === "-" ? a - b : op === "*" ? a * b : op === "/" ? a / b : null;
  if (value === null) s.fail(`operator '${op}' does not take floating-point constants`);
  return { kind: "f64", bits: f64Bits(value) };
}

function onInts(s: Scanner, op: string, x: Constant, y: Constant): Constant {
  let a = intOf(s, x);
  let b = intOf(s, y);
  if (op === "&&") return truth(a !== 0n && b !== 0n);
  if (op === "||") return truth(a !== 0n || b !== 0n);
  const unsignedX = x.kind === "int" && x.unsigned;
  // Shifts keep the left operand's signedness; the rest is unsigned when either side is (4.5.5).
  if (op === "<<") return wrap(b < 0n || b > 63n ? 0n : a << b, unsignedX);
  if (op === ">>") return wrap(a >> (b < 0n || b > 63n ? 63n : b), unsignedX);
  const unsigned = unsignedX || (y.kind === "int" && y.unsigned);
  if (unsigned) {
    a = BigInt.asUintN(64, a);
    b = BigInt.asUintN(64, b);
  }
  const compared = compare(op, a, b);
  if (compared !== null) return compared;
  switch (op) {
    case "+": return wrap(a + b, unsigned);
    case "-": return wrap(a - b, unsigned);
    case "*": return wrap(a * b, unsigned);
    case "&": return wrap(a & b, unsigned);
    case "|": return wrap(a | b, unsigned);
    case "^": return wrap(a ^ b, unsigned);
    default:
      if (b === 0n) s.fail("division by zero in a constant expression");
      return wrap(op === "/" ? a / b : a % b, unsigned);
  }
}

function binary(s: Scanner, op: string, a: Constant, b: Constant): Constant {
  return a.kind === "int" && b.kind === "int" ? onInts(s, op, a, b) : onFloats(s, op, floatOf(a), floatOf(b));
}

/** The binary operator that stands here, or "". */
function operator(s: Scanner): string {
  const c = s.peek();
  if (c === -1) return "";
  const two = s.src.slice(s.pos, Math.min(s.pos + 2, s.end));
  if (precedence[two] !== undefined) return two;
  const one = two.charAt(0);
  // `|` also joins the two destinations of setp and shfl; those are never constants.
  return precedence[one] === undefined ? "" : one;
}

function unary(s: Scanner, depth: number): Constant {
  if (depth > MAX_DEPTH) throw new CompileError("syntax", "constant expression nested too deeply", s.line, s.column());
  const c = s.peek();
  switch (c) {
    case ch.plus: s.pos++; return unary(s, depth + 1);
    case ch.minus: {
      s.pos++;
      const a = unary(s, depth + 1);
      if (a.kind === "f32") return { kind: "f32", bits: (a.bits ^ 0x8000_0000) >>> 0 };
      return a.kind === "int" ? wrap(-BigInt(a.value), a.unsigned) : { kind: "f64", bits: a.bits ^ (1n << 63n) };
    }
    case ch.bang: s.pos++; return truth(intOf(s, unary(s, depth + 1)) === 0n);
    case ch.tilde: {
      s.pos++;
      const a = unary(s, depth + 1);
      return wrap(~intOf(s, a), a.kind === "int" && a.unsigned);
    }
    case ch.lparen: return parenthesised(s, depth);
    default:
  }
  if ((c >= ch.zero && c <= ch.nine) || (c === ch.dot && isDigit(s.at(1)))) return literal(s);
  if (s.src.startsWith("WARP_SZ", s.pos)) {
    s.pos += 7;
    return { kind: "int", value: 32, unsigned: false };
  }
  return s.fail(`expected a constant, found ${s.found()}`);
}

/** `( expression )`, or a cast `(.s64) unary`. */
function parenthesised(s: Scanner, depth: number): Constant {
  s.pos++;
  if (s.peek() === ch.dot) {
    const type = s.directive();
    if (type !== "s64" && type !== "u64") s.fail(`constants are cast to .s64 or .u64 only, not to .${type}`);
    s.expect(ch.rparen, "after a cast");
    return wrap(intOf(s, unary(s, depth + 1)), type === "u64");
  }
  const value = conditional(s, depth + 1);
  s.expect(ch.rparen, "after an expression");
  return value;
}

function climb(s: Scanner, depth: number, least: number): Constant {
  let left = unary(s, depth);
  for (;;) {
    const op = operator(s);
    const level = op === "" ? 0 : precedence[op]!;
    if (level < least || level === 0) return left;
    s.pos += op.length;
    left = binary(s, op, left, climb(s, depth + 1, level + 1));
  }
}

function conditional(s: Scanner, depth: number): Constant {
  const test = climb(s, depth, 1);
  if (s.peek() !== ch.question) return test;
  s.pos++;
  const yes = conditional(s, depth + 1);
  s.expect(ch.colon, "in a conditional expression");
  const no = conditional(s, depth + 1);
  return intOf(s, test) === 0n ? no : yes;
}

/**
 * Reads a constant expression. Plain literals, which nearly all are, take the short way.
 * @throws CompileError
 */
export function constant(s: Scanner): Constant {
  const c = s.peek();
  if (c >= ch.zero && c <= ch.nine) {
    const start = s.pos;
    const line = s.line;
    const value: Literal = literal(s);
    const next = s.peek();
    if (next === ch.comma || next === ch.semicolon || next === ch.rbracket || next === ch.rbrace || next === ch.rparen) return value;
    s.pos = start;
    s.line = line;
  }
  return conditional(s, 0);
}

/** Reads a constant that must be an integer that JavaScript counts exactly, not negative: a size, an index. */
export function count(s: Scanner, what: string): number {
  const c = constant(s);
  if (c.kind !== "int" || typeof c.value === "bigint" || c.value < 0) return s.fail(`${what} must be an integer from 0 to 2^53`);
  return c.value;
}
