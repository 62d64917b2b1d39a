/** Exact conversion of binary floating point to decimal and hexadecimal text, rounded to nearest even as C does by default. */

/** significand * 2^exponent, significand at least 0. */
export interface Magnitude {
  readonly significand: bigint;
  readonly exponent: number;
}

/** round(a / b), ties to even. */
function divideRounding(a: bigint, b: bigint): bigint {
  const whole = a / b;
  const rest = (a - whole * b) * 2n;
  return rest > b || (rest === b && whole % 2n === 1n) ? whole + 1n : whole;
}

/** round(value * 10^digits) */
function scaled({ significand, exponent }: Magnitude, digits: number): bigint {
  let numerator = significand;
  let denominator = 1n;
  if (digits >= 0) numerator *= 10n ** BigInt(digits);
  else denominator *= 10n ** BigInt(-digits);
  if (exponent >= 0) numerator <<= BigInt(exponent);
  else denominator <<= BigInt(-exponent);
  return divideRounding(numerator, denominator);
}

/** `%f`: with `digits` digits behind the point. `point`: keep the point when there are none. */
export function fixed(value: Magnitude, digits: number, point: boolean): string {
  const text = scaled(value, digits).toString().padStart(digits + 1, "0");
  const whole = text.slice(0, text.length - digits);
  return digits > 0 ? `${whole}.${text.slice(-digits)}` : point ? `${whole}.` : whole;
}

function atLeastPowerOfTen({ significand, exponent }: Magnitude, power: number): boolean {
  const left = (significand << BigInt(Math.max(exponent, 0))) * 10n ** BigInt(Math.max(-power, 0));
  const right = 10n ** BigInt(Math.max(power, 0)) << BigInt(Math.max(-exponent, 0));
  return left >= right;
}

/** The `digits + 1` leading decimal digits of the rounded value and the power of ten of the first. */
function leading(value: Magnitude, digits: number): { readonly text: string; readonly power: number } {
  if (value.significand === 0n) return { text: "0".repeat(digits + 1), power: 0 };
  // floor(log10) is the estimate from floor(log2), or one more.
  const log2 = value.significand.toString(2).length - 1 + value.exponent;
  let power = Math.floor(log2 * Math.log10(2));
  if (atLeastPowerOfTen(value, power + 1)) power += 1;
  const text = scaled(value, digits - power).toString();
  // Rounding may carry into a new digit: 9.99 becomes 10.0.
  return text.length === digits + 1 ? { text, power } : { text: text.slice(0, -1), power: power + 1 };
}

/** `%e` */
export function scientific(value: Magnitude, digits: number, point: boolean): string {
  const { text, power } = leading(value, digits);
  const rest = text.slice(1);
  return `${text[0]!}${digits > 0 ? `.${rest}` : point ? "." : ""}${exponentText(power)}`;
}

/** At least two digits. */
function exponentText(power: number): string {
  return `e${power < 0 ? "-" : "+"}${Math.abs(power).toString().padStart(2, "0")}`;
}

/** `%g` with precision `precision` (0 counts as 1); `alternate` (#) keeps trailing zeros. */
export function general(value: Magnitude, precision: number, alternate: boolean): string {
  const significant = Math.max(precision, 1);
  const { power } = leading(value, significant - 1);
  const useScientific = power < -4 || power >= significant;
  const text = useScientific ? scientific(value, significant - 1, alternate) : fixed(value, significant - 1 - power, alternate);
  if (alternate || !text.includes(".")) return text;
  const [number, exponent] = text.split("e") as [string, string | undefined];
  return `${number.replace(/\.?0+$/, "")}${exponent === undefined ? "" : `e${exponent}`}`;
}

/** `%a`: 0x1.8p+1; `digits` null: as many as needed. The leading digit is 1 for normal numbers of f64, 0 for subnormal ones. */
export function hexadecimal(value: Magnitude, digits: number | null, point: boolean): string {
  const { significand, exponent } = value;
  if (significand === 0n) return `0x0${digits !== null && digits > 0 ? `.${"0".repeat(digits)}` : point ? "." : ""}p+0`;
  // As an f64: 52 fraction bits behind the leading digit.
  let fraction = significand;
  let power = exponent + 52;
  while (fraction < 1n << 52n && power > -1022) {
    fraction <<= 1n;
    power -= 1;
  }
  let kept = 13;
  if (digits !== null && digits < 13) {
    fraction = divideRounding(fraction, 1n << BigInt(52 - 4 * digits));
    kept = digits;
  }
  const text = fraction.toString(16).padStart(kept + 1, "0");
  const head = text.slice(0, text.length - kept);
  let tail = kept === 0 ? "" : text.slice(-kept);
  tail = digits === null ? tail.replace(/0+$/, "") : tail.padEnd(digits, "0");
  return `0x${head}${tail === "" ? (point ? "." : "") : `.${tail}`}p${power < 0 ? "-" : "+"}${Math.abs(power)}`;
}
