import type { ValueId } from "../../../ir/ops.ts";
import type { Operand } from "../../ast.ts";
import type { Mnemonic } from "../../mnemonic.ts";
import { ptxType, type PtxType } from "../../types.ts";
import type { FnLowering } from "../function.ts";
import type { Lower, Row } from "../rows.ts";
import { fromSingle, toSingle } from "./half.ts";
import { fromLane } from "./matrix-elements.ts";

/**
 * mma.m8n8k4 of halves (PTX ISA 9.7.14.5.1): four products at once, each of eight lanes: four neighbours (a quad) of the lower half of the warp and those sixteen higher. Of A's rows
 * and B's columns the lower quad has 0 to 3, the upper 4 to 7. An operand by rows (A) or columns (B) lies one line to a lane; by the other layout one lane has the line's
 * four neighbours at one depth. D and C of halves are one row to a lane; of single precision, two rows and four columns.
 */

const half = ptxType("f16");
const b32 = ptxType("b32");

/** The four halves of two registers. */
function halves(c: FnLowering, op: Operand | undefined): ValueId[] {
  return c.items(op, 2).map((item) => c.em.bits(c.src(item, b32)));
}

/** Element `i` of two registers from another lane, as f32. */
function elementFrom(c: FnLowering, words: readonly ValueId[], lane: ValueId, i: number): ValueId {
  const { em } = c;
  const word = fromLane(c, words[i >> 1]!, lane);
  return toSingle(c, half, em.trunc((i & 1) === 0 ? word : em.bin("lshr", "i32", word, em.i32(16)), "i16"));
}

const accumulate = (type: PtxType, op: Operand | undefined, c: FnLowering): ValueId[] => {
  const { em } = c;
  if (type.name === "f32") return c.items(op, 8).map((item) => c.src(item, type));
  return c.items(op, 4).flatMap((item) => {
    const word = em.bits(c.src(item, b32));
    return [toSingle(c, half, em.trunc(word, "i16")), toSingle(c, half, em.trunc(em.bin("lshr", "i32", word, em.i32(16)), "i16"))];
  });
};

const mma = (m: Mnemonic): Lower => {
  const [dType, , , cType] = m.types as [PtxType, PtxType, PtxType, PtxType];
  const layouts = m.mods.filter((mod) => mod === "row" || mod === "col");
  const byRow = layouts[0] === "row";
  const byColumn = layouts[1] === "col";
  return (c, ops) => {
    const { em } = c;
    if (cType.name === "f32" && dType.name === "f16") c.fail("D of halves goes with C of halves");
    const [a, b] = [halves(c, ops[1]), halves(c, ops[2])];
    const given = accumulate(cType, ops[3], c);
    const lane = em.sreg("lane");
    const bit = (v: ValueId, n: number): ValueId => em.bin("and", "i32", v, em.i32(n));
    const add = (x: ValueId, y: ValueId): ValueId => em.bin("add", "i32", x, y);
    const quad = bit(lane, 12);
    const upper = bit(lane, 16);
    /** Line `n` (0 to 7) of an operand at depth k; `mine`: whether lanes hold lines. What is looked for lies in a lane and an element, either of which may depend on the lane that asks. */
    const at = (words: readonly ValueId[], mine: boolean, n: ValueId, k: number): ValueId => {
      const high = em.bin("shl", "i32", bit(n, 4), em.i32(2));
      const inQuad = bit(n, 3);
      if (mine) return elementFrom(c, words, add(add(quad, high), inQuad), k);
      const from = add(add(quad, high), em.i32(k));
      const [first, second, third, fourth] = [0, 1, 2, 3].map((i) => elementFrom(c, words, from, i)) as [ValueId, ValueId, ValueId, ValueId];
      const odd = em.icmp("ne", bit(n, 1), em.i32(0));
      return em.select(em.icmp("ne", bit(n, 2), em.i32(0)), em.select(odd, fourth, third), em.select(odd, second, first));
    };
    /** Row and column of the i-th accumulator of a type. */
    const place = (type: PtxType, i: number): readonly [ValueId, ValueId] => {
      const four = em.bin("lshr", "i32", upper, em.i32(2));
      if (type.name === "f16") return [add(bit(lane, 3), four), em.i32(i)];
      return [add(add(bit(lane, 1), em.i32(i & 2)), four), add(bit(lane, 2), em.i32((i & 4) + (i & 1)))];
    };
    let sums = given;
    if (dType.name !== cType.name) {
      // C of halves, D of single precision: what a lane adds to lies in the lane that has the row.
      const words = c.items(ops[3], 4).map((item) => em.bits(c.src(item, b32)));
      sums = given.map((_, i) => {
        const [row, column] = place(dType, i);
        const from = add(add(quad, upper), bit(row, 3));
        const pick = [0, 2].map((low) => {
          const word = fromLane(c, words[((i & 4) + low) >> 1]!, from);
          return toSingle(c, half, em.trunc((i & 1) === 0 ? word : em.bin("lshr", "i32", word, em.i32(16)), "i16"));
        });
        return em.select(em.icmp("ne", bit(column, 2), em.i32(0)), pick[1]!, pick[0]!);
      });
    }
    const results = sums.map((start, i) => {
      const [row, column] = place(dType, i);
      return [0, 1, 2, 3].reduce((sum, k) => em.fma("f32", at(a, byRow, row, k), at(b, byColumn, column, k), sum), start);
    });
    if (dType.name === "f32") return c.items(ops[0], 8).forEach((item, i) => c.dst(item, dType, results[i]!));
    c.items(ops[0], 4).forEach((item, i) => {
      const [low, high] = [0, 1].map((n) => em.zext(fromSingle(c, half, results[2 * i + n]!), "i32")) as [ValueId, ValueId];
      c.dst(item, b32, em.bin("or", "i32", low, em.bin("shl", "i32", high, em.i32(16))));
    });
  };
};

/** Rows of mma.m8n8k4 of halves. */
export const mmaQuadRows: readonly Row[] = [
  { op: "mma", types: ["f16 f32", "f16", "f16", "f16 f32"], needs: "sync aligned m8n8k4", mods: "row col", operands: 4, mode: "effect", make: mma },
];
