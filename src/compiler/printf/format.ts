import { fixed, general, hexadecimal, scientific, type Magnitude } from "./decimal.ts";

/** Where a format's arguments come from. Each call takes the next one. */
export interface PrintfArguments {
  /** An integer as its bit pattern (at least `bits` wide); the formatter cuts and sign-extends. */
  int(bits: 32 | 64): bigint;
  /** A floating-point number as the pattern of an f64. */
  float(): bigint;
  /** A pointer for %p. */
  pointer(): bigint;
  /** The text that a pointer for %s points to, without its final NUL, at most `limit` bytes; null for a null pointer. */
  string(limit: number): Uint8Array | null;
  /** Arguments taken so far. */
  readonly taken: number;
}

interface Spec {
  readonly flags: string;
  readonly width: number;
  readonly precision: number | null;
  readonly vector: number;
  readonly length: string;
  readonly conversion: string;
}

const pattern = /%(%|([-+ #0]*)(\*|\d+)?(?:\.(\*|-?\d*))?(?:v(2|3|4|8|16))?(hh|hl|h|ll|l|j|z|t|L|q)?([diouxXcsSpeEfFgGaA]))/g;

/**
 * The text that printf produces. Sources: C99 7.19.6.1, and for `v` the chapter on printf of the OpenCL C specification.
 * A `%` that begins no valid conversion is printed as it stands.
 */
export function formatPrintf(format: string, args: PrintfArguments): string {
  return format.replace(pattern, (_, body: string, flags: string | undefined, width: string | undefined, precision: string | undefined, vector: string | undefined, length: string | undefined, conversion: string | undefined) => {
    if (body === "%") return "%";
    const star = (): number => Number(BigInt.asIntN(32, args.int(32)));
    let allFlags = flags ?? "";
    let fieldWidth = width === undefined ? 0 : width === "*" ? star() : Number(width);
    if (fieldWidth < 0) {
      allFlags += "-";
      fieldWidth = -fieldWidth;
    }
    let digits = precision === undefined ? null : precision === "*" ? star() : Number(precision);
    if (digits !== null && digits < 0) digits = null;
    const spec: Spec = { flags: allFlags, width: fieldWidth, precision: digits, vector: Number(vector ?? 1), length: length ?? "", conversion: conversion! };
    const parts: string[] = [];
    for (let i = 0; i < spec.vector; i++) parts.push(pad(spec, convert(spec, args)));
    return parts.join(",");
  });
}

/** A converted argument: sign or prefix apart from the digits, because zero padding goes between them. */
interface Converted {
  readonly prefix: string;
  readonly body: string;
  readonly zeroPad: boolean;
}

function pad({ flags, width }: Spec, { prefix, body, zeroPad }: Converted): string {
  const missing = Math.max(0, width - prefix.length - body.length);
  if (flags.includes("-")) return prefix + body + " ".repeat(missing);
  if (zeroPad && flags.includes("0")) return prefix + "0".repeat(missing) + body;
  return " ".repeat(missing) + prefix + body;
}

function convert(spec: Spec, args: PrintfArguments): Converted {
  switch (spec.conversion) {
    case "d":
    case "i": {
      const bits = integerBits(spec);
      const value = BigInt.asIntN(bits, args.int(bits === 64 ? 64 : 32));
      return integer(spec, value < 0n ? "-" : plus(spec), (value < 0n ? -value : value).toString());
    }
    case "u": return integer(spec, "", unsigned(spec, args).toString());
    case "o": {
      const text = unsigned(spec, args).toString(8);
      return integer(spec, "", text, spec.flags.includes("#") && text !== "0");
    }
    case "x":
    case "X": {
      const value = unsigned(spec, args);
      const text = value.toString(16);
      const prefix = spec.flags.includes("#") && value !== 0n ? `0${spec.conversion}` : "";
      return integer(spec, prefix, spec.conversion === "X" ? text.toUpperCase() : text);
    }
    case "c": return { prefix: "", body: String.fromCharCode(Number(args.int(32) & 0xffn)), zeroPad: false };
    case "s":
    case "S": {
      const bytes = args.string(spec.precision ?? Infinity);
      const body = bytes === null ? (spec.precision !== null && spec.precision < 6 ? "" : "(null)") : new TextDecoder().decode(bytes);
      return { prefix: "", body, zeroPad: false };
    }
    case "p": {
      const value = args.pointer();
      return { prefix: "", body: value === 0n ? "(nil)" : `0x${value.toString(16)}`, zeroPad: false };
    }
    default: return float(spec, args.float());
  }
}

/** Width of an integer argument. OpenCL's `hl` is a 4-byte element; `l` and beyond are 8 bytes in CUDA and OpenCL C. */
function integerBits({ length }: Spec): 8 | 16 | 32 | 64 {
  switch (length) {
    case "hh": return 8;
    case "h": return 16;
    case "":
    case "hl": return 32;
    default: return 64;
  }
}

function unsigned(spec: Spec, args: PrintfArguments): bigint {
  const bits = integerBits(spec);
  return BigInt.asUintN(bits, args.int(bits === 64 ? 64 : 32));
}

function plus({ flags }: Spec): string {
  return flags.includes("+") ? "+" : flags.includes(" ") ? " " : "";
}

/** @param octal `#o`: the first digit must be a zero */
function integer({ precision }: Spec, prefix: string, digits: string, octal = false): Converted {
  if (precision === 0 && digits === "0") return { prefix, body: "", zeroPad: false };
  let body = digits.padStart(precision ?? 1, "0");
  if (octal && !body.startsWith("0")) body = `0${body}`;
  return { prefix, body, zeroPad: precision === null };
}

function float(spec: Spec, bits: bigint): Converted {
  const negative = bits >> 63n === 1n;
  const field = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  const kind = spec.conversion.toLowerCase();
  const shout = (text: string): string => (kind === spec.conversion ? text : text.toUpperCase());
  const sign = negative ? "-" : plus(spec);
  if (field === 0x7ff) return { prefix: sign, body: shout(fraction === 0n ? "inf" : "nan"), zeroPad: false };
  const value: Magnitude = { significand: field === 0 ? fraction : fraction | (1n << 52n), exponent: Math.max(field, 1) - 1075 };
  const alternate = spec.flags.includes("#");
  const precision = spec.precision ?? 6;
  switch (kind) {
    case "f": return { prefix: sign, body: fixed(value, precision, alternate), zeroPad: true };
    case "e": return { prefix: sign, body: shout(scientific(value, precision, alternate)), zeroPad: true };
    case "g": return { prefix: sign, body: shout(general(value, precision, alternate)), zeroPad: true };
    default: {
      const text = hexadecimal(value, spec.precision, alternate);
      return { prefix: sign + shout(text.slice(0, 2)), body: shout(text.slice(2)), zeroPad: true };
    }
  }
}
