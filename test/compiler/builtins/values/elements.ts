import { halfPattern, halfValue } from "../ulp/formats.ts";

/** Element types of OpenCL C by their mangled code: integers are bigints here, floats numbers. */
export interface Element {
  readonly code: string;
  readonly bits: number;
  readonly float: boolean;
  readonly signed: boolean;
}

export type Value = bigint | number;

const element = (code: string, bits: number, signed: boolean, float = false): Element => ({ code, bits, signed, float });

/** All element types, b being a truth value as its byte. */
export const ELEMENTS: Readonly<Record<string, Element>> = Object.fromEntries([
  element("c", 8, true), element("h", 8, false), element("s", 16, true), element("t", 16, false), element("i", 32, true), element("j", 32, false), element("l", 64, true), element("m", 64, false),
  element("Dh", 16, true, true), element("f", 32, true, true), element("d", 64, true, true), element("b", 8, false),
].map((e) => [e.code, e]));

export function elementOf(code: string): Element {
  const found = ELEMENTS[code];
  if (found === undefined) throw new Error(`no element type ${code}`);
  return found;
}

/** Smallest and largest integers of a type. */
export function low({ signed, bits }: Element): bigint {
  return signed ? -(1n << BigInt(bits - 1)) : 0n;
}
export function high({ signed, bits }: Element): bigint {
  return (1n << BigInt(signed ? bits - 1 : bits)) - 1n;
}

/** An integer as the type keeps it. */
export function wrap({ signed, bits }: Element, v: bigint): bigint {
  return signed ? BigInt.asIntN(bits, v) : BigInt.asUintN(bits, v);
}

/** The end of the type's range where v lies beyond it. */
export function clamped(e: Element, v: bigint): bigint {
  return v < low(e) ? low(e) : v > high(e) ? high(e) : v;
}

/** A number rounded to the float type. */
export function rounded(e: Element, v: number): number {
  return e.bits === 16 ? halfValue(halfPattern(v)) : e.bits === 32 ? Math.fround(v) : v;
}

/** The bits of a value of the type, and the value of bits. */
export function bitsOf(e: Element, v: Value): bigint {
  const view = new DataView(new ArrayBuffer(8));
  put(e, view, 0, v);
  return BigInt.asUintN(e.bits, view.getBigUint64(0, true));
}
export function fromBits(e: Element, bits: bigint): Value {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt.asUintN(64, bits), true);
  return get(e, view, 0);
}

export function put(e: Element, view: DataView, at: number, v: Value): void {
  if (e.float) {
    const x = Number(v);
    if (e.bits === 16) view.setUint16(at, halfPattern(x), true);
    else if (e.bits === 32) view.setFloat32(at, x, true);
    else view.setFloat64(at, x, true);
  } else if (e.bits === 8) view.setUint8(at, Number(BigInt.asUintN(8, BigInt(v))));
  else if (e.bits === 16) view.setUint16(at, Number(BigInt.asUintN(16, BigInt(v))), true);
  else if (e.bits === 32) view.setUint32(at, Number(BigInt.asUintN(32, BigInt(v))), true);
  else view.setBigUint64(at, BigInt.asUintN(64, BigInt(v)), true);
}

export function get(e: Element, view: DataView, at: number): Value {
  if (e.float) return e.bits === 16 ? halfValue(view.getUint16(at, true)) : e.bits === 32 ? view.getFloat32(at, true) : view.getFloat64(at, true);
  const raw = e.bits === 8 ? BigInt(view.getUint8(at)) : e.bits === 16 ? BigInt(view.getUint16(at, true)) : e.bits === 32 ? BigInt(view.getUint32(at, true)) : view.getBigUint64(at, true);
  return wrap(e, raw);
}

function floats(e: Element): number[] {
  const [digits, least, most] = e.bits === 16 ? [11, -14, 15] : e.bits === 32 ? [24, -126, 127] : [53, -1022, 1023];
  const large = 2 ** most! * (2 - 2 ** (1 - digits!));
  const positive = [
    0, 1, 0.5, 1.5, 2.5, 0.75, 3, 7.25, 100.5, 1 - 2 ** -digits!, 1 + 2 ** (1 - digits!), 2 ** least!, 2 ** least! * 2 ** (1 - digits!), 2 ** least! * (1 - 2 ** (1 - digits!)), large, Infinity,
    127, 128, 255, 255.5, 256, 32767, 32768, 65504, 2 ** 23 + 0.5, 2 ** 24, 2 ** 31, 2 ** 31 - 1, 2 ** 32, 2 ** 53, 2 ** 63, 2 ** 64, Math.PI, 1e-3, 1e10,
  ].map((v) => rounded(e, v));
  return [...new Set(positive), NaN].flatMap((v) => (Number.isNaN(v) ? [v] : [v, -v]));
}

function integers(e: Element): bigint[] {
  const list: bigint[] = [0n, 1n, 2n, 3n, 5n, 7n, 100n, -1n, -2n, -3n, -100n, low(e), low(e) + 1n, low(e) + 2n, high(e), high(e) - 1n, high(e) - 2n, high(e) / 2n, high(e) / 2n + 1n, low(e) / 2n, 0x5aa5_1234_8001_c37en, -0x1234_5678_9abc_def1n];
  for (let n = 1; n < e.bits; n += e.bits / 8) list.push(1n << BigInt(n));
  return [...new Set(list.map((v) => wrap(e, v)))];
}

const pools = new Map<string, readonly Value[]>();
/** Values of a type that functions are weak at: the ends of its range, zeros, and so on. */
export function edges(e: Element): readonly Value[] {
  let pool = pools.get(e.code);
  if (pool === undefined) pools.set(e.code, (pool = e.float ? floats(e) : integers(e)));
  return pool;
}

/** Whether a result is what was wanted: any NaN stands for any other, and zeros have signs. */
export function same(e: Element, got: Value, want: Value): boolean {
  return e.float ? Object.is(got, want) || (Number.isNaN(got) && Number.isNaN(want)) : got === want;
}
