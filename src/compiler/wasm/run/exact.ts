import * as precise from "../../interp/exact.ts";
import type { Rounding } from "../../ir/ops.ts";
import { EmulatorBug } from "../../../kernel/errors.ts";

/** The imported functions that compute what WebAssembly cannot round: by exact arithmetic, named `exact.<operation>.<format>.<rounding>`. */

const formats: Readonly<Record<string, precise.Format>> = { f32: precise.F32, f64: precise.F64, f16: precise.F16, bf16: precise.BF16 };

type Numeric = (...values: never[]) => number;

/** @throws EmulatorBug for a name that is none of ours */
export function exactFunction(name: string): Numeric {
  const [, operation, formatName, rounding] = name.split(".") as [string, string, string, string];
  const format = formats[formatName];
  const mode = rounding as Rounding;
  if (format === undefined) throw new EmulatorBug(`no function ${name}`);
  switch (operation) {
    case "sum": return (a: number, b: number) => precise.sum(format, a, b, mode);
    case "difference": return (a: number, b: number) => precise.sum(format, a, -b, mode);
    case "product": return (a: number, b: number) => precise.product(format, a, b, mode);
    case "quotient": return (a: number, b: number) => precise.quotient(format, a, b, mode);
    case "squareRoot": return (a: number) => precise.squareRoot(format, a, mode);
    case "fma": return (a: number, b: number, c: number) => precise.fma(format, a, b, c, mode);
    case "signed": return (a: bigint) => precise.fromInteger(format, a, mode);
    case "unsigned": return (a: bigint) => precise.fromInteger(format, BigInt.asUintN(64, a), mode);
    case "narrow": return (a: number) => (Number.isFinite(a) ? precise.asNumber(precise.round(format, precise.exact(a), mode)) : a);
    case "half": return (a: number) => half(format, a, mode);
    default: throw new EmulatorBug(`no function ${name}`);
  }
}

function half(format: precise.Format, value: number, mode: Rounding): number {
  if (Number.isNaN(value)) return format === precise.F16 ? 0x7e00 : 0x7fc0;
  const rounded: precise.Rounded = Number.isFinite(value) ? precise.round(format, precise.exact(value), mode) : { negative: value < 0, infinite: true };
  return precise.asBits(format, 16, rounded);
}
