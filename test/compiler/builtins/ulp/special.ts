import { exp, log, PI, sincosPi } from "./elementary.ts";
import { add, div, exponentOf, fixed, isZero, less, mul, ONE, real, sign, sub, toNumber, type Real } from "./real.ts";

/** Gamma and error functions of `Real`. */

/** Bernoulli numbers B(2), B(4), ... as fractions, by the triangle of binomial sums. */
function bernoulli(count: number): readonly (readonly [bigint, bigint])[] {
  const gcd = (a: bigint, b: bigint): bigint => (b === 0n ? a : gcd(b, a % b));
  const all: [bigint, bigint][] = [[1n, 1n]];
  for (let n = 1; n <= 2 * count; n++) {
    let [top, bottom] = [0n, 1n];
    let choose = 1n;
    for (let k = 0; k < n; k++) {
      const [p, q] = all[k]!;
      [top, bottom] = [top * q + choose * p * bottom, bottom * q];
      const common = gcd(top < 0n ? -top : top, bottom);
      if (common > 1n) [top, bottom] = [top / common, bottom / common];
      choose = choose * BigInt(n + 1 - k) / BigInt(k + 1);
    }
    all.push([-top, bottom * BigInt(n + 1)]);
  }
  return all.filter((_, n) => n > 0 && n % 2 === 0);
}

const B = bernoulli(36);
/** Stirling's series is good to 2^-200 from here on. */
const SHIFT = 40;

/** log gamma(x) for x of 40 and more. */
function stirling(x: Real): Real {
  const square = mul(x, x);
  let power = x;
  let sum = sub(mul(sub(x, real(1, -1)), log(x)), x);
  sum = add(sum, div(log(mul(real(2), PI)), real(2)));
  if (exponentOf(x) > 300) return sum;
  for (const [n, [top, bottom]] of B.entries()) {
    const k = BigInt(2 * n + 2);
    sum = add(sum, div(real(top), mul(real(bottom * k * (k - 1n)), power)));
    power = mul(power, square);
  }
  return sum;
}

/** x (x + 1) ... up to 40, and where that ended. */
function risen(x: Real): { product: Real; at: Real } {
  let product = ONE;
  let at = x;
  while (less(at, real(SHIFT))) {
    product = mul(product, at);
    at = add(at, ONE);
  }
  return { product, at };
}

/** gamma(x); null at its poles. */
export function gamma(x: Real): Real | null {
  if (less(x, real(1, -1))) {
    const { sin } = sincosPi(x);
    if (isZero(sin)) return null;
    const other = gamma(sub(ONE, x))!;
    return div(PI, mul(sin, other));
  }
  const { product, at } = risen(x);
  return div(exp(stirling(at)), product);
}

/** log |gamma(x)|; null at its poles. */
export function lgamma(x: Real): Real | null {
  if (less(x, real(1, -1))) {
    const { sin } = sincosPi(x);
    if (isZero(sin)) return null;
    const size = sign(sin) < 0 ? sub(real(0), sin) : sin;
    return sub(log(div(PI, size)), lgamma(sub(ONE, x))!);
  }
  const { product, at } = risen(x);
  return sub(stirling(at), log(product));
}

/** erf x by its Taylor series, with as many more bits as its terms cancel and erfc is small. */
function erfWith(x: Real, extra: number): Real {
  const bits = 140 + extra + Math.max(0, isZero(x) ? 0 : -exponentOf(x));
  const v = fixed(x, bits);
  const square = v * v >> BigInt(bits);
  let power = v;
  let sum = v;
  for (let n = 1n; power !== 0n && power !== -1n; n++) {
    power = -(power * square >> BigInt(bits)) / n;
    sum += power / (2n * n + 1n);
  }
  // The quotient by sqrt(pi) needs all the bits too when the sum is close to 1.
  return fractionOf(sum, bits);
}

/** 2 sum / sqrt(pi) in fixed point. */
function fractionOf(sum: bigint, bits: number): Real {
  return { m: (2n * sum << BigInt(bits)) / rootOfPi(bits), e: -bits };
}

const roots = new Map<number, bigint>();
/** sqrt(pi) in fixed point. */
function rootOfPi(bits: number): bigint {
  const key = bits <= 200 ? 200 : Math.ceil(bits / 1000) * 1000;
  let known = roots.get(key);
  if (known === undefined) roots.set(key, (known = longRoot(key)));
  return known >> BigInt(key - bits);
}

function longRoot(bits: number): bigint {
  const arc = (n: bigint): bigint => {
    let power = (1n << BigInt(2 * bits + 16)) / n;
    let sum = 0n;
    for (let k = 0n; power !== 0n; k++) {
      sum += (k % 2n === 0n ? power : -power) / (2n * k + 1n);
      power /= n * n;
    }
    return sum;
  };
  const pi = 4n * (4n * arc(5n) - arc(239n)) >> 16n;
  let x = 1n << BigInt(bits + 1);
  for (;;) {
    const next = (x + pi / x) >> 1n;
    if (next >= x) return x;
    x = next;
  }
}

function squareBits(x: Real): number {
  const v = Math.abs(toNumber(x));
  return Math.ceil(v * v * Math.LOG2E);
}

export function erf(x: Real): Real {
  if (Math.abs(toNumber(x)) > 10) return sign(x) < 0 ? real(-1) : ONE;
  return erfWith(x, squareBits(x));
}

/** 1 - erf x; null from 28 on, where it is below every double, and 2 for far negative numbers. */
export function erfc(x: Real): Real | null {
  const v = toNumber(x);
  if (v < -10) return real(2);
  if (v > 28) return null;
  const value = erfWith(x, 2 * squareBits(x) + 16);
  return real((1n << BigInt(-value.e)) - value.m, value.e);
}

