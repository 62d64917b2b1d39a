import type { ValueId } from "../../../ir/ops.ts";
import type { Type } from "../../../ir/types.ts";
import type { Operand } from "../../ast.ts";
import type { Mnemonic } from "../../mnemonic.ts";
import { ptxType, type PtxType } from "../../types.ts";
import type { FnLowering } from "../function.ts";
import type { Lower, Row } from "../rows.ts";
import { roundingOf } from "./float.ts";
import { fromSingle, toSingle } from "./half.ts";
import { elementAt, elementOf, fromLane, limit32, multiplyAdd, type Element } from "./matrix-elements.ts";
import { spaceOf } from "./memory.ts";

/**
 * wmma (PTX ISA 9.7.14.4): matrix products of fragments whose layout the ISA leaves open. Ours: A by rows, B by columns, C and D by rows, cut into 32 equal
 * runs, lane after lane. A lane then has part of one row of A and of one column of B, and eight neighbours of one row of C. f16 fragments
 * have registers to spare; those repeat the first ones.
 */

interface Shape {
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

function shapeOf(m: Mnemonic): Shape {
  const [, rows, columns, depth] = /^m(\d+)n(\d+)k(\d+)$/.exec(m.mods.find((mod) => /^m\d+n\d+k\d+$/.test(mod))!)!;
  return { m: Number(rows), n: Number(columns), k: Number(depth) };
}

type Matrix = "a" | "b" | "c" | "d";

/** Lines (rows of A, C, D; columns of B) and their length. */
function extent(which: Matrix, s: Shape): { readonly lines: number; readonly length: number } {
  if (which === "a") return { lines: s.m, length: s.k };
  return which === "b" ? { lines: s.n, length: s.k } : { lines: s.m, length: s.n };
}

const integerTypes: ReadonlySet<string> = new Set(["s8", "u8"]);

/** Registers of a fragment that have elements of their own, and how many the operand lists. */
function registers(which: Matrix, type: PtxType, s: Shape): { readonly own: number; readonly listed: number; readonly perRegister: number } {
  const { lines, length } = extent(which, s);
  const perRegister = type.name === "f16" || type.name === "bf16" ? 2 : integerTypes.has(type.name) ? 4 : type.bits < 8 ? 32 / type.bits : 1;
  const own = (lines * length) / 32 / perRegister;
  return { own, listed: type.name === "f16" && (which === "a" || which === "b") ? 8 : own, perRegister };
}

const memoryType: Readonly<Record<string, Type>> = { f16: "i16", bf16: "i16", s8: "i8", u8: "i8", tf32: "i32", f32: "f32", s32: "i32", f64: "f64" };

/** Which line a lane works on, and where in it its run begins. */
function run(c: FnLowering, which: Matrix, s: Shape): { readonly line: ValueId; readonly start: ValueId; readonly count: number } {
  const { em } = c;
  const { lines, length } = extent(which, s);
  const count = (lines * length) / 32;
  const perLine = length / count;
  const lane = em.sreg("lane");
  const line = em.bin("lshr", "i32", lane, em.i32(Math.log2(perLine)));
  const start = em.bin("mul", "i32", em.bin("and", "i32", lane, em.i32(perLine - 1)), em.i32(count));
  return { line, start, count };
}

/** Addresses of the lane's elements: `byLine`: a line's elements are neighbours in memory. */
function addresses(c: FnLowering, base: ValueId, which: Matrix, s: Shape, byLine: boolean, stride: Operand | undefined, bytes: number): ValueId[] {
  const { em } = c;
  const { lines, length } = extent(which, s);
  const { line, start, count } = run(c, which, s);
  const wide = (v: ValueId): ValueId => em.zext(v, "i64");
  const step = stride === undefined ? em.int("i64", byLine ? length : lines) : wide(c.u32(stride));
  return Array.from({ length: count }, (_, i) => {
    const at = wide(em.bin("add", "i32", start, em.i32(i)));
    const index = byLine ? em.bin("add", "i64", em.bin("mul", "i64", wide(line), step), at) : em.bin("add", "i64", em.bin("mul", "i64", at, step), wide(line));
    return em.bin("add", "i64", base, em.bin("mul", "i64", index, em.int("i64", bytes)));
  });
}

/** Lines of B are columns: they are neighbours in memory when the layout is by columns. */
function isByLine(m: Mnemonic, which: Matrix): boolean {
  return m.mods.includes("row") !== (which === "b");
}

/** Address of the one word of elements of less than a byte that a lane has; lines, whose elements are neighbours, are `stride` elements apart. */
function wordOf(c: FnLowering, base: ValueId, which: Matrix, s: Shape, stride: Operand | undefined, bits: number): ValueId {
  const { em } = c;
  const { line, start } = run(c, which, s);
  const wide = (v: ValueId): ValueId => em.zext(v, "i64");
  const step = stride === undefined ? em.int("i64", extent(which, s).length) : wide(c.u32(stride));
  const element = em.bin("add", "i64", em.bin("mul", "i64", wide(line), step), wide(start));
  return em.bin("add", "i64", base, em.bin("lshr", "i64", em.bin("mul", "i64", element, em.int("i64", bits)), em.int("i64", 3)));
}

const load = (which: "a" | "b" | "c") => (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  const s = shapeOf(m);
  const byLine = isByLine(m, which);
  return (c, ops) => {
    const { em } = c;
    const { own, listed, perRegister } = registers(which, type, s);
    const items = c.items(ops[0], listed);
    const { addr, offset, space } = c.address(c.mem(ops[1]), spaceOf(m));
    if (type.bits < 8) return c.dst(items[0], registerType(type), em.load(["i32"], space, wordOf(c, addr, which, s, ops[2], type.bits), offset, 4, false, null)[0]!);
    const bytes = Math.max(1, type.bits / 8);
    const memory = memoryType[type.name]!;
    const elements = addresses(c, addr, which, s, byLine, ops[2], bytes).map((a) => em.load([memory], space, a, offset, bytes, false, null)[0]!);
    const words: ValueId[] = [];
    for (let r = 0; r < own; r++) {
      if (perRegister === 1) words.push(elements[r]!);
      else {
        const fields = elements.slice(r * perRegister, (r + 1) * perRegister).map((e, i) => em.bin("shl", "i32", em.zext(e, "i32"), em.i32(i * type.bits)));
        words.push(fields.reduce((x, y) => em.bin("or", "i32", x, y)));
      }
    }
    items.forEach((item, i) => c.dst(item, registerType(type), words[i % own]!));
  };
};

function registerType(type: PtxType): PtxType {
  return type.name === "f32" || type.name === "f64" || type.name === "s32" ? type : ptxType("b32");
}

const store = (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  const s = shapeOf(m);
  const byLine = isByLine(m, "d");
  return (c, ops) => {
    const { em } = c;
    const { own } = registers("d", type, s);
    const words = c.items(ops[1], own).map((item) => c.src(item, registerType(type)));
    const { addr, offset, space } = c.address(c.mem(ops[0]), spaceOf(m));
    const bytes = type.bits / 8;
    const elements = type.name === "f16" ? words.flatMap((w) => [em.trunc(w, "i16"), em.trunc(em.bin("lshr", "i32", w, em.i32(16)), "i16")]) : words;
    addresses(c, addr, "d", s, byLine, ops[2], bytes).forEach((a, i) => em.store([elements[i]!], space, a, offset, bytes, false, null));
  };
};

/** A whole line of a fragment, element by element, collected from the lanes that share it. */
function line(c: FnLowering, e: Element, words: readonly ValueId[], number: ValueId, lanesPerLine: number): ValueId[] {
  const { em } = c;
  const first = em.bin("mul", "i32", number, em.i32(lanesPerLine));
  return Array.from({ length: lanesPerLine }, (_, q) => q).flatMap((q) => words.flatMap((word) => {
    const here = fromLane(c, word, em.bin("add", "i32", first, em.i32(q)));
    return Array.from({ length: e.perRegister }, (_, i) => elementAt(c, e, here, i));
  }));
}

function accumulators(c: FnLowering, type: PtxType, op: Operand | undefined, s: Shape): ValueId[] {
  const { em } = c;
  const values = c.items(op, registers("c", type, s).own).map((item) => c.src(item, registerType(type)));
  if (type.name !== "f16") return values;
  return values.flatMap((w) => [em.trunc(w, "i16"), em.trunc(em.bin("lshr", "i32", w, em.i32(16)), "i16")].map((h) => toSingle(c, type, h)));
}

const multiply = (m: Mnemonic): Lower => {
  const s = shapeOf(m);
  const short = m.types.length === 2;
  const dType = m.types[0]!;
  const cType = m.types[m.types.length - 1]!;
  const [aType, bType] = short ? [ptxType("f16"), ptxType("f16")] : [m.types[1]!, m.types[2]!];
  const [ea, eb] = [elementOf(aType), elementOf(bType)];
  const saturates = m.mods.includes("satfinite") && ea.arithmetic === "i32";
  const bitOp = m.mods.includes("and") ? "and" : "xor";
  const round = roundingOf(m);
  // A word of bits counts as one element.
  const depth = aType.name === "b1" ? s.k / 32 : s.k;
  return (c, ops) => {
    const { em } = c;
    const fragment = (which: "a" | "b", type: PtxType, op: Operand | undefined): ValueId[] => {
      const { own, listed } = registers(which, type, s);
      return c.items(op, listed).slice(0, own).map((item) => c.src(item, registerType(type)));
    };
    const a = fragment("a", aType, ops[1]);
    const b = fragment("b", bType, ops[2]);
    let sums = accumulators(c, cType, ops[3], s);
    const here = run(c, "c", s);
    const row = line(c, ea, a, here.line, depth / (a.length * ea.perRegister));
    if (saturates) sums = sums.map((v) => em.sext(v, "i64"));
    const results = sums.map((start, j) => {
      const column = line(c, eb, b, em.bin("add", "i32", here.start, em.i32(j)), depth / (b.length * eb.perRegister));
      const sum = row.reduce((acc, x, k) => (ea.arithmetic === "f64" ? em.fma("f64", x, column[k]!, acc, round) : multiplyAdd(c, ea, x, column[k]!, acc, bitOp)), start);
      return saturates ? limit32(c, sum) : sum;
    });
    finish(c, dType, ops[0], results);
  };
};

function finish(c: FnLowering, type: PtxType, op: Operand | undefined, values: readonly ValueId[]): void {
  const { em } = c;
  const words = type.name !== "f16" ? values : values.filter((_, i) => i % 2 === 0).map((v, i) => {
    const high = em.zext(fromSingle(c, type, values[2 * i + 1]!), "i32");
    return em.bin("or", "i32", em.zext(fromSingle(c, type, v), "i32"), em.bin("shl", "i32", high, em.i32(16)));
  });
  c.items(op, words.length).forEach((item, i) => c.dst(item, registerType(type), words[i]!));
}

const WIDE = ["m16n16k16", "m32n8k16", "m8n32k16"];
const SPACES = "global shared shared::cta";

function moves(shape: string, inputs: string, outputs: string): Row[] {
  return ["row", "col"].flatMap((layout): Row[] => [
    ...(["a", "b"] as const).map((which): Row => ({ op: "wmma", types: [inputs], needs: `load ${which} sync aligned ${layout} ${shape}`, mods: SPACES, operands: [2, 3], mode: "effect", make: load(which) })),
    { op: "wmma", types: [outputs], needs: `load c sync aligned ${layout} ${shape}`, mods: SPACES, operands: [2, 3], mode: "effect", make: load("c") },
    { op: "wmma", types: [outputs], needs: `store d sync aligned ${layout} ${shape}`, mods: SPACES, operands: [2, 3], mode: "effect", make: store },
  ]);
}

function products(shape: string, types: readonly string[], mods = ""): Row {
  return { op: "wmma", types, needs: `mma sync aligned ${shape}`, mods: `row col ${mods}`.trim(), operands: 4, mode: "effect", make: multiply };
}

/** Loads and stores around elements of less than a byte: A by rows and B by columns alone. */
function narrow(shape: string, inputs: string): Row[] {
  const row = (way: string, which: string, layout: string, types: string, make: Row["make"]): Row => (
    { op: "wmma", types: [types], needs: `${way} ${which} sync aligned ${layout} ${shape}`, mods: SPACES, operands: [2, 3], mode: "effect", make });
  return [
    row("load", "a", "row", inputs, load("a")), row("load", "b", "col", inputs, load("b")),
    ...["row", "col"].flatMap((layout) => [row("load", "c", layout, "s32", load("c")), row("store", "d", layout, "s32", store)]),
  ];
}

/** Rows of wmma. */
export const wmmaRows: readonly Row[] = [
  ...WIDE.flatMap((shape) => [
    ...moves(shape, "f16 bf16 s8 u8", "f16 f32 s32"),
    products(shape, ["f16 f32", "f16 f32"], "satfinite"),
    products(shape, ["f32", "bf16", "bf16", "f32"]),
    products(shape, ["s32", "s8 u8", "s8 u8", "s32"], "satfinite"),
  ]),
  ...moves("m16n16k8", "tf32", "f32"), products("m16n16k8", ["f32", "tf32", "tf32", "f32"]),
  ...moves("m8n8k4", "f64", "f64"), products("m8n8k4", ["f64", "f64", "f64", "f64"], "rn rz rm rp"),
  ...narrow("m8n8k32", "u4 s4"), ...["u4", "s4"].map((type) => products("m8n8k32", ["s32", type, type, "s32"], "satfinite")),
  ...narrow("m8n8k128", "b1"), { op: "wmma", types: ["s32", "b1", "b1", "s32"], needs: "mma sync aligned m8n8k128 row col popc", mods: "xor and", operands: 4, mode: "effect", make: multiply },
];
