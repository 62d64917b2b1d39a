import { bitLength, fromNumber } from "../ulp/real.ts";
import type { Element } from "./elements.ts";

/** Exact rounding of numbers m * 2^e to a floating-point type or an integer, in each of the four directions. */
export type Mode = "rte" | "rtz" | "rtp" | "rtn";

/** m / 2^by as an integer. */
export function shiftRounded(m: bigint, by: number, mode: Mode): bigint {
  if (by <= 0) return m << BigInt(-by);
  const down = m >> BigInt(by);
  const rest = m - (down << BigInt(by));
  if (rest === 0n || mode === "rtn") return down;
  if (mode === "rtp") return down + 1n;
  if (mode === "rtz") return m < 0n ? down + 1n : down;
  const half = 1n << BigInt(by - 1);
  return rest > half || (rest === half && (down & 1n) === 1n) ? down + 1n : down;
}

/** Significant bits, exponent of the smallest normal number and of the largest binade. */
export function limitsOf(e: Element): readonly [digits: number, least: number, most: number] {
  return e.bits === 16 ? [11, -14, 15] : e.bits === 32 ? [24, -126, 127] : [53, -1022, 1023];
}

/** m * 2^exponent as a number of the type. A zero has the sign that is asked for. */
export function toFloat(e: Element, m: bigint, exponent: number, mode: Mode = "rte", negativeZero = false): number {
  if (m === 0n) return negativeZero ? -0 : 0;
  const [digits, least, most] = limitsOf(e);
  const size = m < 0n ? -m : m;
  const unit = Math.max(bitLength(size) + exponent - 1, least) - (digits - 1);
  const q = shiftRounded(m, unit - exponent, mode);
  const top = 2 ** most * (2 - 2 ** (1 - digits));
  if (bitLength(q < 0n ? -q : q) + unit - 1 > most) {
    const stays = mode === "rtz" || mode === (m < 0n ? "rtp" : "rtn");
    return (stays ? top : Infinity) * (m < 0n ? -1 : 1);
  }
  return q === 0n ? (m < 0n ? -0 : 0) : Number(q) * 2 ** unit;
}

/** A number rounded to another type. */
export function narrowed(e: Element, x: number, mode: Mode = "rte"): number {
  if (!Number.isFinite(x)) return x;
  const { m, e: exponent } = fromNumber(x);
  return toFloat(e, m, exponent, mode, Object.is(x, -0));
}

/** A finite number as an integer. */
export function toInteger(x: number, mode: Mode): bigint {
  const { m, e } = fromNumber(x);
  return shiftRounded(m, -e, mode);
}
