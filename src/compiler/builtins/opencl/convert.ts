import type { Rounding, ValueId } from "../../ir/ops.ts";
import { bitsOf, type Type } from "../../ir/types.ts";
import type { Kit } from "../kit.ts";
import { codeOf, isFloatCode, isSignedCode } from "./mangle.ts";
import { perLane, typeOfCode, type Lowering } from "./site.ts";

/** Explicit conversions (OpenCL C 3.0 section 6.4.3): convert_<type><n>[_sat][_<rounding>]. */

const NAME = /^convert_(char|uchar|short|ushort|int|uint|long|ulong|half|float|double)(?:2|3|4|8|16)?(_sat)?(_rte|_rtz|_rtp|_rtn)?$/;

const CODES: Readonly<Record<string, string>> = {
  char: "c", uchar: "h", short: "s", ushort: "t", int: "i", uint: "j", long: "l", ulong: "m", half: "Dh", float: "f", double: "d",
};
const ROUNDINGS: Readonly<Record<string, Rounding>> = { _rte: "rn", _rtz: "rz", _rtp: "rp", _rtn: "rm" };

function range(signed: boolean, bits: number): { low: bigint; high: bigint } {
  return signed ? { low: -(1n << BigInt(bits - 1)), high: (1n << BigInt(bits - 1)) - 1n } : { low: 0n, high: (1n << BigInt(bits)) - 1n };
}

function intToInt(k: Kit, v: ValueId, signed: boolean, to: Type, toSigned: boolean, saturate: boolean): ValueId {
  const from = k.type(v);
  const limited = saturate ? clampTo(k, v, signed, range(toSigned, bitsOf[to])) : v;
  if (bitsOf[from] === bitsOf[to]) return limited;
  return k.conv(bitsOf[from] > bitsOf[to] ? "trunc" : signed ? "sext" : "zext", to, limited);
}

/** Limits an integer to what both its own type and `wanted` hold. */
function clampTo(k: Kit, v: ValueId, signed: boolean, wanted: { low: bigint; high: bigint }): ValueId {
  const own = range(signed, bitsOf[k.type(v)]);
  let value = v;
  if (own.low < wanted.low) value = k.int("max.s", value, k.like(v, wanted.low));
  if (own.high > wanted.high) value = k.int(signed ? "min.s" : "min.u", value, k.like(v, wanted.high));
  return value;
}

/** Integers to floats round to nearest even unless told otherwise. */
function intToFloat(k: Kit, v: ValueId, signed: boolean, code: string, round: Rounding): ValueId {
  const op = signed ? "sitofp" : "uitofp";
  if (code === "f" || code === "d") return k.conv(op, code === "f" ? "f32" : "f64", v, round);
  // What f64 cannot hold exactly is above the largest half; directed roundings of the two steps agree.
  return k.conv("f64tof16", "i16", k.conv(op, "f64", v, round), round);
}

function floatToFloat(k: Kit, v: ValueId, from: string, to: string, round: Rounding): ValueId {
  if (from === to) return v;
  if (to === "Dh") return k.conv(from === "d" ? "f64tof16" : "f32tof16", "i16", v, round);
  const single = from === "Dh" ? k.conv("f16tof32", "f32", v) : v;
  if (to === "d") return from === "d" ? single : k.widen(single);
  return from === "d" ? k.conv("fptrunc", "f32", single, round) : single;
}

/** The lowering of a conversion; null when the name is none. */
export function conversion(base: string): Lowering | null {
  const match = NAME.exec(base);
  if (match === null) return null;
  const to = CODES[match[1]!]!;
  const saturate = match[2] !== undefined;
  const mode = match[3];
  return (s) => {
    const { k } = s;
    const from = codeOf(s.params[0]);
    const target = typeOfCode[to]!;
    return perLane(s, (v) => {
      if (isFloatCode(from)) {
        if (isFloatCode(to)) return floatToFloat(k, v!, from, to, mode === undefined ? "rn" : ROUNDINGS[mode]!);
        // Floats to integers go toward zero; what is out of range saturates with or without _sat (undefined without).
        const working = from === "Dh" ? k.conv("f16tof32", "f32", v!) : v!;
        return k.conv(isSignedCode(to) ? "fptosi" : "fptoui", target, working, mode === undefined ? "rz" : ROUNDINGS[mode]!);
      }
      const signed = isSignedCode(from);
      if (isFloatCode(to)) return intToFloat(k, v!, signed, to, mode === undefined ? "rn" : ROUNDINGS[mode]!);
      return intToInt(k, v!, signed, target, isSignedCode(to), saturate);
    });
  };
}
