import { ch, type Scanner } from "./scanner.ts";

/** A literal: integer (with its U suffix), or floating point by bits or value. */
export type Literal =
  | { readonly kind: "int"; readonly value: number | bigint; readonly unsigned: boolean }
  | { readonly kind: "f32"; readonly bits: number }
  | { readonly kind: "f64"; readonly bits: bigint };

const view = new DataView(new ArrayBuffer(8));

/** The bits of a double. */
export function f64Bits(value: number): bigint {
  view.setFloat64(0, value);
  return view.getBigUint64(0);
}

/** The double with these bits. */
export function f64Value(bits: bigint): number {
  view.setBigUint64(0, BigInt.asUintN(64, bits));
  return view.getFloat64(0);
}

/** The bits (0 to 2^32-1) of the float nearest to `value`. */
export function f32Bits(value: number): number {
  view.setFloat32(0, value);
  return view.getUint32(0);
}

/** The float with these bits. */
export function f32Value(bits: number): number {
  view.setUint32(0, bits);
  return view.getFloat32(0);
}

function isHex(c: number): boolean {
  return (c >= 48 && c <= 57) || (c >= 65 && c <= 70) || (c >= 97 && c <= 102);
}

/** Whether a character is a decimal digit. */
export function isDigit(c: number): boolean {
  return c >= 48 && c <= 57;
}

/** Takes the U suffix, and sees to it that the literal ends here. */
function finish(s: Scanner, value: bigint | number, digits: number): Literal {
  if (digits === 0) s.fail("number without digits");
  const c = s.at(0);
  const unsigned = c === 85 || c === 117;
  if (unsigned) s.pos++;
  const next = s.at(0);
  if (s.inName(next)) s.fail(`number followed by '${String.fromCharCode(next)}'`);
  if (typeof value === "bigint" && value >= 1n << 64n) s.fail("integer does not fit in 64 bits");
  return { kind: "int", value, unsigned };
}

/** Digits of 0x, 0b and octal literals; `prefix` characters are skipped first. */
function radix(s: Scanner, prefix: number, base: 2 | 8 | 16): Literal {
  s.pos += prefix;
  const start = s.pos;
  while (base === 16 ? isHex(s.at(0)) : s.at(0) >= 48 && s.at(0) < 48 + base) s.pos++;
  const text = s.src.slice(start, s.pos);
  const small = text.length <= (base === 2 ? 52 : base === 8 ? 17 : 13);
  const value = text === "" ? 0 : small ? parseInt(text, base) : text.length > 64 ? 1n << 64n : BigInt((base === 16 ? "0x" : base === 8 ? "0o" : "0b") + text);
  return finish(s, value, text.length);
}

/** 0f and 0d: exactly 8 or 16 hexadecimal digits (PTX ISA 4.5.2). */
function floatBits(s: Scanner, digits: 8 | 16): Literal {
  s.pos += 2;
  const start = s.pos;
  while (s.pos - start < digits && isHex(s.at(0))) s.pos++;
  if (s.pos - start !== digits || isHex(s.at(0))) s.fail(`${digits === 8 ? "0f" : "0d"} takes exactly ${digits} hexadecimal digits`);
  const text = s.src.slice(start, s.pos);
  return digits === 8 ? { kind: "f32", bits: parseInt(text, 16) } : { kind: "f64", bits: BigInt(`0x${text}`) };
}

/** Decimal floating point; the integer digits are read. */
function decimalFloat(s: Scanner, start: number): Literal {
  if (s.at(0) === ch.dot) {
    s.pos++;
    while (isDigit(s.at(0))) s.pos++;
  }
  const e = s.at(0);
  if (e === 69 || e === 101) {
    s.pos++;
    if (s.at(0) === ch.plus || s.at(0) === ch.minus) s.pos++;
    if (!isDigit(s.at(0))) s.fail("exponent without digits");
    while (isDigit(s.at(0))) s.pos++;
  }
  const next = s.at(0);
  if (s.inName(next)) s.fail(`number followed by '${String.fromCharCode(next)}'`);
  return { kind: "f64", bits: f64Bits(Number(s.src.slice(start, s.pos))) };
}

/** Reads a literal (PTX ISA 4.5). The next character is a digit, or a point before one. */
export function literal(s: Scanner): Literal {
  const first = s.at(0);
  const second = s.at(1);
  if (first === 48) {
    if (second === 120 || second === 88) return radix(s, 2, 16);
    if (second === 102 || second === 70) return floatBits(s, 8);
    if (second === 100 || second === 68) return floatBits(s, 16);
    if ((second === 98 || second === 66)) return radix(s, 2, 2);
  }
  const start = s.pos;
  let value = 0;
  let c = first;
  while (isDigit(c)) {
    value = value * 10 + (c - 48);
    s.pos++;
    c = s.at(0);
  }
  if (c === ch.dot || c === 69 || c === 101) return decimalFloat(s, start);
  const digits = s.pos - start;
  if (first === 48 && digits > 1) {
    s.pos = start;
    return radix(s, 1, 8);
  }
  if (digits > 20) s.fail("integer does not fit in 64 bits");
  return finish(s, digits <= 15 ? value : BigInt(s.src.slice(start, s.pos)), digits);
}
