import type { ValueId } from "../../../ir/ops.ts";
import type { Mnemonic } from "../../mnemonic.ts";
import { ptxType } from "../../types.ts";
import type { FnLowering } from "../function.ts";
import type { Lower, Row } from "../rows.ts";
import { relu } from "./convert-half.ts";
import { fromSingle, toSingle } from "./half.ts";

/** cvt to and from the eight-bit formats e4m3 (no infinity, largest 448) and e5m2 (largest 57344), always in pairs (PTX ISA 9.7.9). */

interface Format {
  readonly largest: number;
  readonly smallestNormal: number;
  /** Reciprocal of the smallest subnormal. */
  readonly steps: number;
  /** Mantissa bits that f32 has more. */
  readonly drop: number;
  /** What the exponent difference takes off the shifted bits. */
  readonly rebias: number;
}

const formats: Readonly<Record<string, Format>> = {
  e4m3x2: { largest: 448, smallestNormal: 2 ** -6, steps: 2 ** 9, drop: 20, rebias: (127 - 7) << 3 },
  e5m2x2: { largest: 57344, smallestNormal: 2 ** -14, steps: 2 ** 16, drop: 21, rebias: (127 - 15) << 2 },
};

/** An f32 as an eight-bit pattern (i32), to nearest even; too large values become the largest, NaN 0x7f. */
function encode(c: FnLowering, f: Format, v: ValueId): ValueId {
  const { em } = c;
  const size = em.fbin("fmin", "f32", em.un("fabs", "f32", v), em.float("f32", f.largest));
  const bits = em.bits(size);
  const odd = em.bin("and", "i32", em.bin("lshr", "i32", bits, em.i32(f.drop)), em.i32(1));
  const up = em.bin("add", "i32", em.bin("add", "i32", bits, em.i32((1 << (f.drop - 1)) - 1)), odd);
  const normal = em.bin("sub", "i32", em.bin("lshr", "i32", up, em.i32(f.drop)), em.i32(f.rebias));
  // Subnormals count in steps of the smallest one; a full count is the smallest normal's pattern.
  const small = em.cast("fptoui", "i32", em.un("frint", "f32", em.fbin("fmul", "f32", size, em.float("f32", f.steps))), "rz");
  const magnitude = em.select(em.fcmp("olt", size, em.float("f32", f.smallestNormal)), small, normal);
  const sign = em.bin("and", "i32", em.bin("lshr", "i32", em.bits(v), em.i32(24)), em.i32(0x80));
  return em.select(em.fcmp("uno", v, v), em.i32(0x7f), em.bin("or", "i32", magnitude, sign));
}

function join(c: FnLowering, high: ValueId, low: ValueId): ValueId {
  const { em } = c;
  return em.trunc(em.bin("or", "i32", low, em.bin("shl", "i32", high, em.i32(8))), "i16");
}

const fromSingles = (m: Mnemonic): Lower => {
  const format = formats[m.types[0]!.name]!;
  const cut = m.mods.includes("relu");
  return (c, ops) => {
    const source = (i: number): ValueId => {
      const v = c.src(ops[i], m.types[1]!);
      return encode(c, format, cut ? relu(c, v) : v);
    };
    const high = source(1);
    c.wide(ops[0], ptxType("b16"), join(c, high, source(2)));
  };
};

const fromPair = (m: Mnemonic): Lower => {
  const format = formats[m.types[0]!.name]!;
  const half = ptxType("f16");
  const cut = m.mods.includes("relu");
  return (c, ops) => {
    const { em } = c;
    const pair = em.bits(c.src(ops[1], m.types[1]!));
    const part = (shift: number): ValueId => {
      const v = toSingle(c, half, em.trunc(shift === 0 ? pair : em.bin("lshr", "i32", pair, em.i32(shift)), "i16"));
      return encode(c, format, cut ? relu(c, v) : v);
    };
    const high = part(16);
    c.wide(ops[0], ptxType("b16"), join(c, high, part(0)));
  };
};

/** An e5m2 byte is the high byte of an f16; an e4m3 byte is one with the exponent 2^8 too small. */
export function decodeFp8(c: FnLowering, name: string, byte: ValueId): ValueId {
  const { em } = c;
  if (name.startsWith("e5m2")) return em.trunc(em.bin("shl", "i32", byte, em.i32(8)), "i16");
  const half = ptxType("f16");
  const magnitude = em.bin("and", "i32", byte, em.i32(0x7f));
  const value = em.fbin("fmul", "f32", toSingle(c, half, em.trunc(em.bin("shl", "i32", magnitude, em.i32(7)), "i16")), em.float("f32", 256));
  const sign = em.trunc(em.bin("shl", "i32", em.bin("and", "i32", byte, em.i32(0x80)), em.i32(8)), "i16");
  const number = em.bin("or", "i16", fromSingle(c, half, value), sign);
  return em.select(em.icmp("eq", magnitude, em.i32(0x7f)), em.int("i16", 0x7fff), number);
}

const toPair = (m: Mnemonic): Lower => {
  const [to, from] = [m.types[0]!, m.types[1]!];
  const cut = m.mods.includes("relu");
  return (c, ops) => {
    const { em } = c;
    const half = ptxType("f16");
    const bytes = em.zext(c.relaxed(ops[1], from), "i32");
    const part = (shift: number): ValueId => {
      const v = decodeFp8(c, from.name, em.bin("and", "i32", shift === 0 ? bytes : em.bin("lshr", "i32", bytes, em.i32(shift)), em.i32(255)));
      return em.zext(cut ? fromSingle(c, half, relu(c, toSingle(c, half, v))) : v, "i32");
    };
    const high = part(8);
    c.dst(ops[0], to, em.bin("or", "i32", part(0), em.bin("shl", "i32", high, em.i32(16))));
  };
};

const FORMATS = "e4m3x2 e5m2x2";

/** Rows of cvt to and from eight-bit formats. */
export const convertFp8Rows: readonly Row[] = [
  { op: "cvt", types: [FORMATS, "f32"], needs: "rn satfinite", mods: "relu", operands: 3, mode: "pure", make: fromSingles },
  { op: "cvt", types: [FORMATS, "f16x2"], needs: "rn satfinite", mods: "relu", operands: 2, mode: "pure", make: fromPair },
  { op: "cvt", types: ["f16x2", FORMATS], needs: "rn", mods: "relu", operands: 2, mode: "pure", make: toPair },
];
