import type { ValueId } from "../../../ir/ops.ts";
import type { Operand } from "../../ast.ts";
import type { Mnemonic } from "../../mnemonic.ts";
import { ptxType, type PtxType } from "../../types.ts";
import type { FnLowering } from "../function.ts";
import type { Lower, Row } from "../rows.ts";
import { accumulators, deliver, elementAt, elementOf, fromLane, limit32, multiplyAdd, registerType, type Element } from "./matrix-elements.ts";

/**
 * mma.sp (PTX ISA 9.7.14.6): products in which half of A is zero and left out. A row of A falls into chunks: four elements of 16 or 8 bits, two of tf32, four pairs of 4 bits. Half of a
 * chunk is given, and four bits of metadata say where it belongs: two indices, low bits first. The fragment of A is the dense one of half the depth (mma.ts), those of B, C and D are dense.
 *
 * Where the metadata of rows g and g+8 lie (g = lane/4), in the four lanes of a group, lowest chunk in the lowest bits (docs/evidence/sparse-products.md has the sources):
 * - of 16-bit elements and tf32, a lane has four chunks of row g below and of row g+8 above. Four chunks in all: the selector names the lane. Eight: it names the pair, whose first lane has the first half;
 * - of 8 and 4 bits, a lane has eight chunks of one row: even lanes row g, odd ones g+8. Eight chunks in all: the selector names the pair. Sixteen: the first pair has the first half.
 *   (The eight of u8 and s8 at k32, u4 and s4 at k64 are inferred from the sixteen.)
 *
 * NON-SPEC: what the ISA leaves undefined is settled so: two equal indices take the same line of B twice; the indices of sp::ordered_metadata need not be ordered; of tf32's four bits the second alone counts.
 * Sums are formed in the order of A's registers with one rounding a step.
 */

const b32 = ptxType("b32");

interface Shape {
  readonly element: Element;
  /** Elements of a chunk, with the zeros. */
  readonly width: 2 | 4 | 8;
  readonly chunks: number;
  /** Whether elements have 16 bits or more: a chunk of B is two registers of neighbours then, else one register. */
  readonly wide: boolean;
}

function shapeOf(m: Mnemonic, type: PtxType): Shape {
  const k = Number(/^m16n8k(\d+)$/.exec(m.mods.find((mod) => mod.startsWith("m16n8k"))!)![1]);
  const width = type.bits === 32 ? 2 : type.bits === 4 ? 8 : 4;
  return { element: elementOf(type), width, chunks: k / width, wide: type.bits >= 16 };
}

/** The selector, a constant. NON-SPEC: of .f32.f16.f16.f32 the assembler takes 2 and 3 as well where 0 and 1 name the pairs, which the ISA leaves undefined: they name the same pairs here. */
function selectorOf(c: FnLowering, op: Operand | undefined, { chunks, element }: Shape, d: PtxType): number {
  const selector = c.literal(op);
  if (selector === undefined) return c.fail("the sparsity selector must be a constant");
  const most = chunks === 4 || (chunks === 8 && element.type.name === "f16" && d.name === "f32") ? 3 : chunks === 8 ? 1 : 0;
  if (selector > most) c.fail(`the sparsity selector is ${most === 0 ? "0" : `0 to ${most}`} with this shape and type`);
  return selector;
}

/** For rows g and g+8 the four bits of each chunk, lowest, with others above them. */
function metadataOf(c: FnLowering, op: Operand | undefined, selector: number, { chunks, wide }: Shape, group: ValueId): ValueId[][] {
  const { em } = c;
  if (c.literal(op) !== undefined) c.fail("the metadata must be in a register");
  const mine = em.bits(c.src(op, b32));
  const lanes = new Map<number, ValueId>();
  const word = (t: number): ValueId => {
    const known = lanes.get(t) ?? fromLane(c, mine, em.bin("or", "i32", group, em.i32(t)));
    lanes.set(t, known);
    return known;
  };
  return [0, 1].map((h) => Array.from({ length: chunks }, (_, chunk) => {
    const pair = chunks === 16 ? chunk >> 3 : selector & 1;
    const [lane, shift] = wide ? [chunks === 4 ? selector : 2 * pair + (chunk >> 2), 16 * h + 4 * (chunk & 3)] : [2 * pair + h, 4 * (chunk & 7)];
    return em.bin("lshr", "i32", word(lane), em.i32(shift));
  }));
}

/** A chunk of a column of B as one value, and where in it an index points to. */
interface Chunk {
  readonly low: ValueId;
  readonly high: ValueId | null;
}

/** Takes out of a chunk of B what an index names: one element, or two of 4 bits. */
function taker(c: FnLowering, shape: Shape, eb: Element, code: ValueId, i: number): (chunk: Chunk) => ValueId[] {
  const { em } = c;
  if (shape.width === 2) {
    const second = em.icmp("ne", em.bin("and", "i32", code, em.i32(2)), em.i32(0));
    return ({ low, high }) => [elementAt(c, eb, em.select(second, high!, low), 0)];
  }
  const index = em.bin("and", "i32", i === 0 ? code : em.bin("lshr", "i32", code, em.i32(2)), em.i32(3));
  if (!shape.wide) {
    const shift = em.bin("shl", "i32", index, em.i32(3));
    return ({ low }) => {
      const word = em.bin("lshr", "i32", low, shift);
      return Array.from({ length: shape.width / 4 }, (_, e) => elementAt(c, eb, word, e));
    };
  }
  const shift = em.zext(em.bin("shl", "i32", index, em.i32(4)), "i64");
  return ({ low }) => [elementAt(c, eb, em.trunc(em.bin("lshr", "i64", low, shift), "i32"), 0)];
}

const mma = (m: Mnemonic): Lower => {
  const [dType, aType, bType, cType] = m.types as [PtxType, PtxType, PtxType, PtxType];
  const shape = shapeOf(m, aType);
  const [ea, eb] = [shape.element, elementOf(bType)];
  const per = ea.perRegister;
  const depth = shape.width * shape.chunks;
  const saturates = m.mods.includes("satfinite");
  return (c, ops) => {
    const { em } = c;
    const selector = selectorOf(c, ops[5], shape, dType);
    const a = c.items(ops[1], depth / (4 * per)).map((item) => em.bits(c.src(item, registerType(ea))));
    const b = c.items(ops[2], depth / (4 * per)).map((item) => em.bits(c.src(item, registerType(eb))));
    let sums = accumulators(c, cType, ops[3], 4);
    const lane = em.sreg("lane");
    const group = em.bin("and", "i32", lane, em.i32(-4));
    const column = em.bin("shl", "i32", em.bin("and", "i32", lane, em.i32(3)), em.i32(3));
    const threads = [0, 1, 2, 3];
    const rows = threads.map((t) => a.map((register) => fromLane(c, register, em.bin("or", "i32", group, em.i32(t)))));
    const columns = [0, 1].map((j) => threads.map((t) => b.map((register) => fromLane(c, register, em.bin("add", "i32", column, em.i32(4 * j + t))))));
    const codes = metadataOf(c, ops[4], selector, shape, group);
    /** Registers of B that have this chunk of column j; 64 bits become one value, but for tf32, whose elements are whole registers. */
    const chunkOf = (j: number, chunk: number): Chunk => {
      const first = chunk * shape.width / per;
      const [low, high] = [first, first + 1].map((n) => columns[j]![n & 3]![n >> 2]!) as [ValueId, ValueId];
      if (!shape.wide) return { low, high: null };
      return shape.width === 2 ? { low, high } : { low: em.bin("or", "i64", em.zext(low, "i64"), em.bin("shl", "i64", em.zext(high, "i64"), em.int("i64", 32))), high: null };
    };
    if (saturates) sums = sums.map((v) => em.sext(v, "i64"));
    for (let chunk = 0; chunk < shape.chunks; chunk++) {
      const taken = [0, 1].map((j) => chunkOf(j, chunk));
      for (let h = 0; h < 2; h++) {
        for (let i = 0; i < Math.min(2, shape.width / 2); i++) {
          const take = taker(c, shape, eb, codes[h]![chunk]!, i);
          const lines = taken.map(take);
          lines[0]!.forEach((_, e) => {
            const at = chunk * shape.width / 2 + i * lines[0]!.length + e;
            const r = Math.floor(at / per);
            const element = elementAt(c, ea, rows[r & 3]![2 * (r >> 2) + h]!, at % per);
            for (let j = 0; j < 2; j++) sums[2 * h + j] = multiplyAdd(c, ea, element, lines[j]![e]!, sums[2 * h + j]!, "and");
          });
        }
      }
    }
    deliver(c, dType, ops[0], saturates ? sums.map((v) => limit32(c, v)) : sums);
  };
};

function rows(shapes: readonly string[], types: readonly string[], mods = ""): Row[] {
  return ["sp", "sp::ordered_metadata"].flatMap((variant) => shapes.map((shape): Row => ({ op: "mma", types, needs: `${variant} sync aligned ${shape} row col`, mods, operands: 6, mode: "effect", make: mma })));
}

/** Rows of mma.sp. */
export const mmaSparseRows: readonly Row[] = [
  ...rows(["m16n8k16", "m16n8k32"], ["f16", "f16", "f16", "f16"]),
  ...rows(["m16n8k16", "m16n8k32"], ["f32", "f16", "f16", "f32"]),
  ...rows(["m16n8k16", "m16n8k32"], ["f32", "bf16", "bf16", "f32"]),
  ...rows(["m16n8k8", "m16n8k16"], ["f32", "tf32", "tf32", "f32"]),
  ...rows(["m16n8k64"], ["f32", "e4m3 e5m2", "e4m3 e5m2", "f32"]),
  ...rows(["m16n8k32", "m16n8k64"], ["s32", "s8 u8", "s8 u8", "s32"], "satfinite"),
  ...rows(["m16n8k64", "m16n8k128"], ["s32", "s4 u4", "s4 u4", "s32"], "satfinite"),
];
