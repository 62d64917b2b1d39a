import { abs, add, div, exponentOf, fixed, fromNumber, isZero, less, mul, nearest, neg, ONE, PRECISION, real, scale, sign, sqrt, sub, toNumber, ZERO, type Real } from "./real.ts";

/** Elementary functions of `Real`. Relative errors stay below 2^-150. */

/** Fixed-point bits for a series in x: small arguments give small results, which want as many significant bits. */
function bitsFor(x: Real): number {
  return PRECISION + 40 + Math.max(0, isZero(x) ? 0 : -exponentOf(x));
}

/** arctan(1/n) in fixed point. */
function arcOfReciprocal(n: bigint, bits: number): bigint {
  let power = (1n << BigInt(bits)) / n;
  let sum = 0n;
  for (let k = 0n; power !== 0n; k++) {
    sum += (k % 2n === 0n ? power : -power) / (2n * k + 1n);
    power /= n * n;
  }
  return sum;
}

/** Bits of pi that reduce the largest double. */
const PI_BITS = 1500;
const piFixed: bigint = 4n * (4n * arcOfReciprocal(5n, PI_BITS + 16) - arcOfReciprocal(239n, PI_BITS + 16)) >> 16n;
export const PI: Real = real(piFixed, -PI_BITS);

const LN2_BITS = 1500;
/** ln 2 = 2 artanh(1/3). */
const ln2Fixed: bigint = (() => {
  let power = (2n << BigInt(LN2_BITS + 16)) / 3n;
  let sum = 0n;
  for (let k = 1n; power !== 0n; k += 2n) {
    sum += power / k;
    power /= 9n;
  }
  return sum >> 16n;
})();
export const LN2: Real = real(ln2Fixed, -LN2_BITS);

/** e^r - 1 for |r| below 1: halved eight times, Taylor's series, then (1 + t)^2 - 1 = t (2 + t) as often. */
function expm1Small(r: Real): Real {
  if (isZero(r)) return ZERO;
  const bits = bitsFor(r) + 16;
  const x = fixed(scale(r, -8), bits);
  let term = x;
  let sum = x;
  for (let k = 2n; term !== 0n && term !== -1n; k++) {
    term = (term * x >> BigInt(bits)) / k;
    sum += term;
  }
  for (let k = 0; k < 8; k++) sum = 2n * sum + (sum * sum >> BigInt(bits));
  return real(sum, -bits);
}

/** e^x; 0 or a number far beyond every format when |x| is enormous. */
export function exp(x: Real): Real {
  if (!isZero(x) && exponentOf(x) > 20) return sign(x) > 0 ? real(1, 1 << 21) : real(1, -(1 << 21));
  const n = Number(nearest(div(x, LN2)));
  const r = sub(x, real(BigInt(n) * (ln2Fixed >> BigInt(LN2_BITS - 400)), -400));
  return scale(add(ONE, expm1Small(r)), n);
}

export function expm1(x: Real): Real {
  return isZero(x) || exponentOf(x) < -1 ? expm1Small(x) : sub(exp(x), ONE);
}

/** log(1 + x): the double's value, then Halley's iteration, which triples the number of good bits. */
export function log1p(x: Real): Real {
  if (isZero(x)) return ZERO;
  const whole = add(ONE, x);
  if (exponentOf(x) > 300 || exponentOf(whole) < -300) return log(whole);
  let y = exponentOf(x) < -100 ? x : fromNumber(Math.log1p(toNumber(x)));
  for (let k = 0; k < 2; k++) {
    // whole - e^y = x - expm1(y), and whole + e^y.
    const t = expm1(y);
    y = add(y, div(scale(sub(x, t), 1), add(add(ONE, t), whole)));
  }
  return y;
}

export function log(x: Real): Real {
  const n = exponentOf(x);
  const near = scale(x, -n);
  // In [0.75, 1.5), so that x near 1 has no ln 2 to cancel.
  const [m, e] = less(near, real(3, -1)) ? [near, n] : [scale(near, -1), n + 1];
  return add(mul(LN2, real(e)), log1p(sub(m, ONE)));
}

/** x - n pi/2 and n modulo 4, for x of any size. */
function quarter(x: Real): { r: Real; n: number } {
  if (isZero(x) || exponentOf(x) < -1) return { r: x, n: 0 };
  const bits = 300;
  const precise = exponentOf(x) + bits + 8;
  const half = piFixed >> BigInt(PI_BITS + 1 - precise);
  const wide = fixed(x, precise);
  let n = wide / half;
  let rest = wide - n * half;
  if (2n * rest > half) [n, rest] = [n + 1n, rest - half];
  else if (2n * rest < -half) [n, rest] = [n - 1n, rest + half];
  return { r: real(rest, -precise), n: Number(((n % 4n) + 4n) % 4n) };
}

/** Sine and cosine of a small angle. */
function waves(r: Real): { sin: Real; cos: Real } {
  if (isZero(r)) return { sin: ZERO, cos: ONE };
  const bits = bitsFor(r);
  const x = fixed(r, bits);
  const square = x * x >> BigInt(bits);
  let term = x;
  let sin = x;
  for (let k = 1n; term !== 0n && term !== -1n; k++) {
    term = -(term * square >> BigInt(bits)) / (2n * k * (2n * k + 1n));
    sin += term;
  }
  term = 1n << BigInt(bits);
  let cos = term;
  for (let k = 1n; term !== 0n && term !== -1n; k++) {
    term = -(term * square >> BigInt(bits)) / (2n * k * (2n * k - 1n));
    cos += term;
  }
  return { sin: real(sin, -bits), cos: real(cos, -bits) };
}

function turned({ r, n }: { r: Real; n: number }): { sin: Real; cos: Real } {
  const { sin, cos } = waves(r);
  return n === 0 ? { sin, cos } : n === 1 ? { sin: cos, cos: neg(sin) } : n === 2 ? { sin: neg(sin), cos: neg(cos) } : { sin: neg(cos), cos: sin };
}

/** Sine and cosine. */
export function sincos(x: Real): { sin: Real; cos: Real } {
  return turned(quarter(x));
}

/** Sine and cosine of pi x: x is brought below a quarter exactly first. */
export function sincosPi(x: Real): { sin: Real; cos: Real } {
  const twice = nearest(scale(x, 1));
  const rest = sub(x, real(twice, -1));
  return turned({ r: mul(PI, rest), n: Number(((twice % 4n) + 4n) % 4n) });
}

/** The angle of the point (x, y), from -pi to pi: the double's value, then what is left of it by a short series. */
export function atan2(y: Real, x: Real): Real {
  if (isZero(y)) return sign(x) < 0 ? PI : ZERO;
  const a = abs(y);
  const b = abs(x);
  let angle: Real;
  if (isZero(b) || (less(b, a))) angle = sub(scale(PI, -1), isZero(b) ? ZERO : acuteAngle(div(b, a)));
  else angle = acuteAngle(div(a, b));
  if (sign(x) < 0) angle = sub(PI, angle);
  return sign(y) < 0 ? neg(angle) : angle;
}

/** arctan t for 0 < t <= 1. */
function acuteAngle(t: Real): Real {
  if (exponentOf(t) < -110) return t;
  const guess = fromNumber(Math.atan(toNumber(t)));
  const { sin, cos } = waves(guess);
  // tan(angle - guess), about 2^-53 of the angle: two terms are enough.
  const d = div(sub(mul(t, cos), sin), add(cos, mul(t, sin)));
  return add(guess, sub(d, div(mul(d, mul(d, d)), real(3))));
}

export function asin(x: Real): Real {
  return atan2(x, sqrt(mul(sub(ONE, x), add(ONE, x))));
}

export function acos(x: Real): Real {
  return atan2(sqrt(mul(sub(ONE, x), add(ONE, x))), x);
}

export function sinh(x: Real): Real {
  const t = expm1(abs(x));
  const value = scale(add(t, div(t, add(t, ONE))), -1);
  return sign(x) < 0 ? neg(value) : value;
}

export function cosh(x: Real): Real {
  const t = exp(abs(x));
  return scale(add(t, div(ONE, t)), -1);
}

export function tanh(x: Real): Real {
  const t = expm1(scale(abs(x), 1));
  const value = div(t, add(t, real(2)));
  return sign(x) < 0 ? neg(value) : value;
}

export function asinh(x: Real): Real {
  const v = abs(x);
  const square = mul(v, v);
  const value = log1p(add(v, div(square, add(ONE, sqrt(add(square, ONE))))));
  return sign(x) < 0 ? neg(value) : value;
}

export function acosh(x: Real): Real {
  const t = sub(x, ONE);
  return log1p(add(t, sqrt(mul(t, add(x, ONE)))));
}

export function atanh(x: Real): Real {
  const v = abs(x);
  const value = scale(log1p(div(scale(v, 1), sub(ONE, v))), -1);
  return sign(x) < 0 ? neg(value) : value;
}
