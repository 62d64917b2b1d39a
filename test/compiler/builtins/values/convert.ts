import { declarations } from "../declarations.ts";
import { faultsOf, namesOf, perElement, type Reference } from "./batch.ts";
import { clamped, high, low, wrap, type Value } from "./elements.ts";
import { narrowed, toFloat, toInteger, type Mode } from "./rounding.ts";

/** Explicit conversions (OpenCL C 3.0 section 6.4.3): every pair of types, every width, with and without saturation, in every rounding. */
const names = namesOf(declarations());

function converted(name: string): Reference {
  const saturate = name.includes("_sat");
  const mode = (/_(rt[ezpn])$/.exec(name)?.[1] ?? null) as Mode | null;
  return perElement((from, to, v: Value) => {
    if (to.float) {
      if (!from.float) return toFloat(to, BigInt(v), 0, mode ?? "rte");
      return narrowed(to, Number(v), mode ?? "rte");
    }
    if (!from.float) return saturate ? clamped(to, BigInt(v)) : wrap(to, BigInt(v));
    const x = Number(v);
    // Out of range is undefined without saturation; NaN saturates to 0 (6.4.3.3).
    if (Number.isNaN(x)) return saturate ? 0n : null;
    if (!Number.isFinite(x)) return saturate ? (x < 0 ? low(to) : high(to)) : null;
    const whole = toInteger(x, mode ?? "rtz");
    return saturate ? clamped(to, whole) : whole === clamped(to, whole) ? whole : null;
  });
}


/** Faults of all conversions to a type, from every type. */
export function faultsTo(type: string): string[] {
  const all = [...names.keys()].filter((name) => new RegExp(`^convert_${type}\\d*(_|$)`).test(name));
  const suffixOf = (name: string): string => name.replace(/^convert_[a-z]+\d*/, "");
  return [...new Set(all.map(suffixOf))].flatMap((suffix) => faultsOf(all.filter((name) => suffixOf(name) === suffix).flatMap((name) => names.get(name)!), converted(suffix), { compiled: 9 }));
}
