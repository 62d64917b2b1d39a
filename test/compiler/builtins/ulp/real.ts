/**
 * Real numbers with 200 significant bits, for reference values: mantissa times 2^exponent, bigints so that nothing overflows. Written for
 * accuracy that is easy to see, not for speed.
 */
export interface Real {
  readonly m: bigint;
  readonly e: number;
}

/** Significant bits kept by each operation. */
export const PRECISION = 200;

/** Bits of |m|. */
export function bitLength(m: bigint): number {
  const text = (m < 0n ? -m : m).toString(16);
  return m === 0n ? 0 : 4 * (text.length - 1) + (32 - Math.clz32(Number.parseInt(text[0]!, 16)));
}

/** m >> by, rounded to the nearest; a negative `by` shifts left. */
export function shifted(m: bigint, by: number): bigint {
  if (by <= 0) return m << BigInt(-by);
  return (m + (1n << BigInt(by - 1))) >> BigInt(by);
}

function make(m: bigint, e: number): Real {
  const excess = bitLength(m) - PRECISION;
  return excess <= 0 ? { m, e } : { m: shifted(m, excess), e: e + excess };
}

export const ZERO: Real = { m: 0n, e: 0 };
export const ONE: Real = { m: 1n, e: 0 };

/** m * 2^e. */
export function real(m: bigint | number, e = 0): Real {
  return make(BigInt(m), e);
}

/** A finite double, exactly. */
export function fromNumber(x: number): Real {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  const bits = view.getBigUint64(0);
  const field = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & ((1n << 52n) - 1n);
  const m = field === 0 ? fraction : fraction | (1n << 52n);
  return { m: bits >> 63n === 1n ? -m : m, e: Math.max(field, 1) - 1075 };
}

/** The exponent of the leading bit: |x| lies in [2^n, 2^(n+1)). Meaningless for zero. */
export function exponentOf(x: Real): number {
  return bitLength(x.m) + x.e - 1;
}

export function isZero(x: Real): boolean {
  return x.m === 0n;
}

export function sign(x: Real): number {
  return x.m < 0n ? -1 : x.m > 0n ? 1 : 0;
}

export function neg(x: Real): Real {
  return { m: -x.m, e: x.e };
}

export function abs(x: Real): Real {
  return x.m < 0n ? neg(x) : x;
}

/** The sum, exact unless the operands are more than 2500 bits apart, then rounded. */
export function add(a: Real, b: Real): Real {
  if (isZero(a)) return b;
  if (isZero(b)) return a;
  const [high, low] = a.e >= b.e ? [a, b] : [b, a];
  const distance = high.e - low.e;
  if (distance > 2500 && exponentOf(high) - exponentOf(low) > PRECISION + 8) return make(high.m, high.e);
  return make((high.m << BigInt(distance)) + low.m, low.e);
}

export function sub(a: Real, b: Real): Real {
  return add(a, neg(b));
}

export function mul(a: Real, b: Real): Real {
  return make(a.m * b.m, a.e + b.e);
}

export function div(a: Real, b: Real): Real {
  const by = PRECISION + 8 + Math.max(0, bitLength(b.m) - bitLength(a.m));
  return make((a.m << BigInt(by)) / b.m, a.e - b.e - by);
}

/** x * 2^n. */
export function scale(x: Real, n: number): Real {
  return { m: x.m, e: x.e + n };
}

/** The whole part of the square root. */
function rootOf(n: bigint): bigint {
  if (n === 0n) return 0n;
  let x = 1n << BigInt((bitLength(n) + 1) >> 1);
  for (;;) {
    const next = (x + n / x) >> 1n;
    if (next >= x) return x;
    x = next;
  }
}

export function sqrt(x: Real): Real {
  let by = 2 * PRECISION + 8 - bitLength(x.m);
  if (by < 0) by = 0;
  if ((x.e - by) % 2 !== 0) by++;
  return make(rootOf(x.m << BigInt(by)), (x.e - by) / 2);
}

/** Whether a < b. */
export function less(a: Real, b: Real): boolean {
  return sub(a, b).m < 0n;
}

/** x as a fixed-point number with so many bits behind the point. */
export function fixed(x: Real, bits: number): bigint {
  return shifted(x.m, -(x.e + bits));
}

/** The whole number nearest to x. */
export function nearest(x: Real): bigint {
  return fixed(x, 0);
}

/** x as a double, good to 52 bits, 0 or infinite beyond its range. */
export function toNumber(x: Real): number {
  if (isZero(x)) return 0;
  const by = bitLength(x.m) - 60;
  const top = Number(shifted(x.m, by));
  const e = x.e + by;
  if (e > 1100) return top * Infinity;
  return e < -1022 ? top * 2 ** -1000 * 2 ** Math.max(e + 1000, -1074) : top * 2 ** Math.min(e, 1000) * 2 ** Math.max(e - 1000, 0);
}
