import type { ValueId } from "../../../ir/ops.ts";
import type { Mnemonic } from "../../mnemonic.ts";
import type { PtxType } from "../../types.ts";
import type { FnLowering } from "../function.ts";
import type { Lower, Row } from "../rows.ts";
import { accumulators, deliver, elementAt, elementOf, fromLane, limit32, multiplyAdd, registerType, type Element } from "./matrix-elements.ts";

/**
 * mma (PTX ISA 9.7.14.5): matrix products whose operands lie scattered over the registers of a warp. Every shape with n = 8 follows
 * one rule. With g = lane/4, t = lane%4 and E elements in a register, register r of A holds row g (odd registers of a 16-row matrix: g+8), columns from
 * t*E + 4E*(its number in the row); register r of B holds rows from t*E + 4E*r of column g; C and D hold columns 2t and 2t+1 of rows g and g+8.
 * So a lane needs its rows of A from the four lanes of its group, and two columns of B from four lanes each: they come by shuffles.
 * NON-SPEC: sums are formed in order of k with one rounding a step; hardware leaves order and intermediate precision open.
 */

interface Shape {
  readonly m: 8 | 16;
  readonly k: number;
}

function shapeOf(m: Mnemonic): Shape {
  const [, rows, k] = /^m(\d+)n8k(\d+)$/.exec(m.mods.find((mod) => /^m\d+n8k\d+$/.test(mod))!)!;
  return { m: Number(rows) as 8 | 16, k: Number(k) };
}

/** Elements of registers that come from the lanes `lanes`: by lane, register, element. */
function gather(c: FnLowering, e: Element, registers: readonly ValueId[], lanes: readonly ValueId[]): ValueId[][][] {
  return lanes.map((lane) => registers.map((register) => {
    const word = fromLane(c, register, lane);
    return Array.from({ length: e.perRegister }, (_, i) => elementAt(c, e, word, i));
  }));
}

const mma = (m: Mnemonic): Lower => {
  const [dType, aType, bType, cType] = m.types as [PtxType, PtxType, PtxType, PtxType];
  const shape = shapeOf(m);
  const [ea, eb] = [elementOf(aType), elementOf(bType)];
  // b1 packs 32 one-bit elements into what counts as one here.
  const k = ea.type.name === "b1" ? shape.k / 32 : shape.k;
  const rowsOfRegisters = k / (4 * ea.perRegister);
  const halves = shape.m / 8;
  const saturates = m.mods.includes("satfinite") && ea.arithmetic === "i32";
  const bitOp = m.mods.includes("and") ? "and" : "xor";
  return (c, ops) => {
    const { em } = c;
    const a = c.items(ops[1], rowsOfRegisters * halves).map((item) => c.src(item, registerType(ea)));
    const b = c.items(ops[2], rowsOfRegisters).map((item) => c.src(item, registerType(eb)));
    let sums = accumulators(c, cType, ops[3], 2 * halves);
    const lane = em.sreg("lane");
    const group = em.bin("and", "i32", lane, em.i32(-4));
    const column = em.bin("shl", "i32", em.bin("and", "i32", lane, em.i32(3)), em.i32(3));
    const threads = [0, 1, 2, 3];
    const rows = gather(c, ea, a, threads.map((t) => em.bin("or", "i32", group, em.i32(t))));
    const columns = [0, 1].map((j) => gather(c, eb, b, threads.map((t) => em.bin("add", "i32", column, em.i32(4 * j + t)))));
    if (saturates) sums = sums.map((v) => em.sext(v, "i64"));
    const results: ValueId[] = [];
    for (let h = 0; h < halves; h++) {
      for (let j = 0; j < 2; j++) {
        let acc = sums[2 * h + j]!;
        for (let r = 0; r < rowsOfRegisters; r++) {
          for (const t of threads) {
            for (let e = 0; e < ea.perRegister; e++) acc = multiplyAdd(c, ea, rows[t]![r * halves + h]![e]!, columns[j]![t]![r]![e]!, acc, bitOp);
          }
        }
        results.push(saturates ? limit32(c, acc) : acc);
      }
    }
    deliver(c, dType, ops[0], results);
  };
};

function rows(shapes: readonly string[], types: readonly string[], mods = ""): Row[] {
  return shapes.map((shape): Row => ({ op: "mma", types, needs: `sync aligned ${shape} row col`, mods, operands: 4, mode: "effect", make: mma }));
}

/** Rows of mma. */
export const mmaRows: readonly Row[] = [
  ...rows(["m16n8k8", "m16n8k16"], ["f16", "f16", "f16", "f16"]),
  ...rows(["m16n8k8", "m16n8k16"], ["f32", "f16", "f16", "f32"]),
  ...rows(["m16n8k8", "m16n8k16"], ["f32", "bf16", "bf16", "f32"]),
  ...rows(["m16n8k4", "m16n8k8"], ["f32", "tf32", "tf32", "f32"]),
  ...rows(["m16n8k16", "m16n8k32"], ["f32", "e4m3 e5m2", "e4m3 e5m2", "f32"]),
  ...rows(["m16n8k16", "m16n8k32"], ["f16", "e4m3 e5m2", "e4m3 e5m2", "f16"]),
  ...rows(["m8n8k4", "m16n8k4", "m16n8k8", "m16n8k16"], ["f64", "f64", "f64", "f64"], "rn"),
  ...rows(["m8n8k16", "m16n8k16", "m16n8k32"], ["s32", "s8 u8", "s8 u8", "s32"], "satfinite"),
  ...rows(["m8n8k32", "m16n8k32", "m16n8k64"], ["s32", "s4 u4", "s4 u4", "s32"], "satfinite"),
  ...rows(["m8n8k128", "m16n8k128", "m16n8k256"], ["s32", "b1", "b1", "s32"], "xor and popc"),
];
