import type { Rounding } from "../../ir/ops.ts";
import { bitsOf, type Type } from "../../ir/types.ts";
import type { Code } from "../asm/code.ts";
import { V128 } from "../asm/opcodes.ts";
import { simd } from "../asm/simd.ts";
import type { Node } from "../graph/node.ts";
import { CANONICAL_OPERAND, CANONICAL_RESULT } from "../emit/float.ts";
import { isDirected } from "../emit/directed.ts";
import { fusedInstruction } from "../emit/fused.ts";
import { directedLanes } from "./directed.ts";
import { floatExtreme, selectedExtreme } from "./extremes.ts";
import { fusedLanes, fusedTogether } from "./fma.ts";
import { highHalf, type VectorHost } from "./host.ts";

/**
 * Operations on four lanes at once. A value of 32 bits or fewer is one vector of four words (narrow integers zero-extended, truth values all
 * ones or zeros); one of 64 bits is two vectors, and is written part by part.
 */

type Write = (host: VectorHost, part: number) => void;

/** Vectors that a value of the type takes. */
export function partsOf(type: Type): 1 | 2 {
  return bitsOf[type] === 64 ? 2 : 1;
}

const integer: Readonly<Record<string, readonly [i32: number, i64: number, cut: boolean]>> = {
  add: [simd.i32x4_add, simd.i64x2_add, true], sub: [simd.i32x4_sub, simd.i64x2_sub, true], mul: [simd.i32x4_mul, simd.i64x2_mul, true],
  and: [simd.and, simd.and, false], or: [simd.or, simd.or, false], xor: [simd.xor, simd.xor, false],
};

const floating: Readonly<Record<string, readonly [f32: number, f64: number]>> = {
  fadd: [simd.f32x4_add, simd.f64x2_add], fsub: [simd.f32x4_sub, simd.f64x2_sub], fmul: [simd.f32x4_mul, simd.f64x2_mul], fdiv: [simd.f32x4_div, simd.f64x2_div],
};

const single: Readonly<Record<string, readonly [f32: number, f64: number]>> = {
  fneg: [simd.f32x4_neg, simd.f64x2_neg], fabs: [simd.f32x4_abs, simd.f64x2_abs], ffloor: [simd.f32x4_floor, simd.f64x2_floor], fceil: [simd.f32x4_ceil, simd.f64x2_ceil],
  ftrunc: [simd.f32x4_trunc, simd.f64x2_trunc], frint: [simd.f32x4_nearest, simd.f64x2_nearest], fsqrt: [simd.f32x4_sqrt, simd.f64x2_sqrt],
};

const compare32: Readonly<Record<string, number>> = {
  eq: simd.i32x4_eq, ne: simd.i32x4_ne, "lt.s": simd.i32x4_lt_s, "le.s": simd.i32x4_le_s, "gt.s": simd.i32x4_gt_s, "ge.s": simd.i32x4_ge_s,
  "lt.u": simd.i32x4_lt_u, "le.u": simd.i32x4_le_u, "gt.u": simd.i32x4_gt_u, "ge.u": simd.i32x4_ge_u,
};
const compare64: Readonly<Record<string, number>> = {
  eq: simd.i64x2_eq, ne: simd.i64x2_ne, lt: simd.i64x2_lt_s, le: simd.i64x2_le_s, gt: simd.i64x2_gt_s, ge: simd.i64x2_ge_s,
};
const compareFloat: Readonly<Record<string, readonly [f32: number, f64: number]>> = {
  eq: [simd.f32x4_eq, simd.f64x2_eq], ne: [simd.f32x4_ne, simd.f64x2_ne], lt: [simd.f32x4_lt, simd.f64x2_lt], le: [simd.f32x4_le, simd.f64x2_le],
  gt: [simd.f32x4_gt, simd.f64x2_gt], ge: [simd.f32x4_ge, simd.f64x2_ge],
};
const opposite: Readonly<Record<string, string>> = { lt: "ge", le: "gt", gt: "le", ge: "lt" };
const shifts: Readonly<Record<string, readonly [i32: number, i64: number]>> = {
  shl: [simd.i32x4_shl, simd.i64x2_shl], lshr: [simd.i32x4_shr_u, simd.i64x2_shr_u], ashr: [simd.i32x4_shr_s, simd.i64x2_shr_s],
};
const extremes: Readonly<Record<string, number>> = { "min.s": simd.i32x4_min_s, "min.u": simd.i32x4_min_u, "max.s": simd.i32x4_max_s, "max.u": simd.i32x4_max_u };

function roundOf(node: Node): Rounding | undefined {
  return node.instr !== null && "round" in node.instr ? node.instr.round : undefined;
}

function splat(code: Code, word: number): void {
  code.v128([word, word, word, word]);
}

/** Cuts words to a narrow integer's width. */
export function cutLanes(code: Code, type: Type): void {
  if (type === "i8" || type === "i16") {
    splat(code, type === "i8" ? 0xff : 0xffff);
    code.simd(simd.and);
  }
}

/** Pushes words with their sign extended. */
function signed(host: VectorHost, node: Node, part: number): void {
  host.vector(node, part);
  if (node.type !== "i8" && node.type !== "i16") return;
  const by = 32 - bitsOf[node.type];
  host.code.i32(by).simd(simd.i32x4_shl).i32(by).simd(simd.i32x4_shr_s);
}

/** The even words of two vectors: low halves of four longs. */
function lowWords(code: Code): void {
  code.shuffle([0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27]);
}

/** Makes NaNs canonical. */
export function canonicalLanes(host: VectorHost, wide: boolean): void {
  const { code } = host;
  host.temp(V128, (x) => {
    code.tee(x);
    if (wide) code.v128([0, 0x7ff8_0000, 0, 0x7ff8_0000]);
    else splat(code, 0x7fc0_0000);
    code.get(x).get(x).simd(wide ? simd.f64x2_eq : simd.f32x4_eq, simd.bitselect);
  });
}

/** A writer of the node's vector form; null when it has none and must be done lane by lane. */
export function vectorForm(node: Node, same: (node: Node) => boolean): Write | null {
  const write = form(node, same);
  if (write === null || (node.mark & CANONICAL_RESULT) === 0 || node.op === "fcmp") return write;
  return (host, part) => {
    write(host, part);
    canonicalLanes(host, node.type === "f64");
  };
}

function form(node: Node, same: (node: Node) => boolean): Write | null {
  const [a, b, c] = node.args as [Node, Node, Node];
  const type = node.type!;
  const wide = partsOf(type) === 2;
  const plain = integer[node.op];
  if (plain !== undefined) {
    if (type === "i1" && plain[2]) return null;
    return ({ code, vector }, part) => {
      vector(a, part);
      vector(b, part);
      code.simd(wide ? plain[1] : plain[0]);
      if (plain[2]) cutLanes(code, type);
    };
  }
  const round = roundOf(node) ?? "rn";
  const two = floating[node.op];
  if (two !== undefined) {
    if (round !== "rn") return directed(node, round, [a, b]);
    return ({ code, vector }, part) => {
      vector(a, part);
      vector(b, part);
      code.simd(wide ? two[1] : two[0]);
    };
  }
  const one = single[node.op];
  if (one !== undefined) {
    if (node.op === "fsqrt" && round !== "rn") return null;
    return (host, part) => {
      host.vector(a, part);
      if ((node.mark & CANONICAL_OPERAND) !== 0) canonicalLanes(host, wide);
      host.code.simd(wide ? one[1] : one[0]);
    };
  }
  const shift = shifts[node.op];
  if (shift !== undefined) {
    if (!same(b) || type === "i1") return null;
    return (host, part) => {
      const { code } = host;
      if (node.op === "ashr") signed(host, a, part);
      else host.vector(a, part);
      host.value(b);
      if (wide) code.op(0xa7);
      if (bitsOf[type] < 32) code.i32(bitsOf[type] - 1).op(0x71);
      code.simd(wide ? shift[1] : shift[0]);
      if (node.op !== "lshr") cutLanes(code, type);
    };
  }
  switch (node.op) {
    case "icmp": return compareIntegers(node, a, b);
    case "fcmp": return compareFloats(node, a, b);
    case "select":
      return selectedExtreme(node, wide) ?? ((host, part) => {
        host.vector(b, part);
        host.vector(c, part);
        condition(host, a, part, wide);
        host.code.simd(simd.bitselect);
      });
    case "not":
      return ({ code, vector }, part) => {
        vector(a, part);
        code.simd(simd.not);
        cutLanes(code, type);
      };
    case "neg":
      if (type === "i1") return null;
      return ({ code, vector }, part) => {
        vector(a, part);
        code.simd(wide ? simd.i64x2_neg : simd.i32x4_neg);
        cutLanes(code, type);
      };
    case "min.s": case "max.s": case "min.u": case "max.u": {
      if (wide || type === "i1") return null;
      const sign = node.op.endsWith(".s");
      return (host, part) => {
        for (const side of [a, b]) if (sign) signed(host, side, part);
          else host.vector(side, part);
        host.code.simd(extremes[node.op]!);
        if (sign) cutLanes(host.code, type);
      };
    }
    case "mulhi.u": case "mulhi.s":
      if (type !== "i32") return null;
      return ({ code, vector, temp }) => temp(V128, (x) => temp(V128, (y) => {
        vector(a, 0);
        code.set(x);
        vector(b, 0);
        code.set(y);
        const [low, high] = node.op === "mulhi.u" ? [simd.i64x2_extmul_low_i32x4_u, simd.i64x2_extmul_high_i32x4_u] : [simd.i64x2_extmul_low_i32x4_s, simd.i64x2_extmul_high_i32x4_s];
        code.get(x).get(y).simd(low).get(x).get(y).simd(high);
        code.shuffle([4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31]);
      }));
    case "rotl":
      if (!same(b) || bitsOf[type] < 32) return null;
      return (host, part) => {
        const { code } = host;
        host.temp(V128, (x) => {
          host.vector(a, part);
          code.tee(x);
          host.value(b);
          if (wide) code.op(0xa7);
          code.simd(wide ? simd.i64x2_shl : simd.i32x4_shl).get(x).i32(0);
          host.value(b);
          if (wide) code.op(0xa7);
          code.op(0x6b).simd(wide ? simd.i64x2_shr_u : simd.i32x4_shr_u, simd.or);
        });
      };
    case "fmin": case "fmax":
      return floatExtreme(node, wide);
    case "copysign":
      return ({ code, vector }, part) => {
        vector(b, part);
        vector(a, part);
        if (wide) code.v128([0, -0x8000_0000, 0, -0x8000_0000]);
        else splat(code, -0x8000_0000);
        code.simd(simd.bitselect);
      };
    case "fma":
      if (round !== "rn") return directed(node, round, [a, b, c]);
      if (fusedInstruction()) return (host, part) => fusedTogether(host, [a, b, c], part, wide);
      return wide ? null : (host) => fusedLanes(host, a, b, c);
    default: return conversion(node, a);
  }
}

function directed(node: Node, round: Rounding, args: readonly Node[]): Write | null {
  const { op: operation } = node;
  return node.type === "f32" && isDirected(operation) ? (host) => directedLanes(host, operation, round, args) : null;
}

/** Pushes a truth value as a mask for lanes of the given width. */
function condition(host: VectorHost, node: Node, part: number, wide: boolean): void {
  host.vector(node, 0);
  if (wide) host.code.simd(part === 0 ? simd.i64x2_extend_low_i32x4_s : simd.i64x2_extend_high_i32x4_s);
}

function compareIntegers(node: Node, a: Node, b: Node): Write | null {
  const [predicate, sign] = node.attr.split(".") as [string, string | undefined];
  if (a.type === "i64") {
    return (host) => {
      const { code } = host;
      for (const part of [0, 1]) {
        for (const side of [a, b]) {
          host.vector(side, part);
          // Unsigned order is signed order with the sign bits turned over.
          if (sign === "u") code.v128([0, -0x8000_0000, 0, -0x8000_0000]).simd(simd.xor);
        }
        code.simd(compare64[predicate]!);
      }
      lowWords(code);
    };
  }
  // Truth values are -1 and 0 here: as unsigned numbers in the right order, as signed ones as in the IR.
  const code32 = compare32[node.attr]!;
  return (host) => {
    for (const side of [a, b]) if (sign === "s") signed(host, side, 0);
      else host.vector(side, 0);
    host.code.simd(code32);
  };
}

function compareFloats(node: Node, a: Node, b: Node): Write | null {
  const wide = a.type === "f64";
  const pick = (name: string): number => compareFloat[name]![wide ? 1 : 0]!;
  const predicate = node.attr;
  const rest = predicate.slice(1);
  const part = (host: VectorHost, at: number): void => {
    const { code } = host;
    if (predicate === "oeq" || predicate === "une" || (predicate.startsWith("o") && opposite[rest] !== undefined)) {
      host.vector(a, at);
      host.vector(b, at);
      code.simd(pick(rest));
    } else if (predicate.startsWith("u") && opposite[rest] !== undefined) {
      host.vector(a, at);
      host.vector(b, at);
      code.simd(pick(opposite[rest]!), simd.not);
    } else {
      host.temp(V128, (x) => host.temp(V128, (y) => {
        host.vector(a, at);
        code.set(x);
        host.vector(b, at);
        code.set(y);
        if (predicate === "one" || predicate === "ueq") {
          code.get(x).get(y).simd(pick("lt")).get(x).get(y).simd(pick("gt"), simd.or);
          if (predicate === "ueq") code.simd(simd.not);
        } else {
          code.get(x).get(x).simd(pick("eq")).get(y).get(y).simd(pick("eq"), simd.and);
          if (predicate === "uno") code.simd(simd.not);
        }
      }));
    }
  };
  return (host) => {
    part(host, 0);
    if (!wide) return;
    part(host, 1);
    lowWords(host.code);
  };
}

function conversion(node: Node, a: Node): Write | null {
  const type = node.type!;
  const from = a.type!;
  const round = roundOf(node);
  switch (node.op) {
    case "trunc":
      return (host) => {
        const { code } = host;
        host.vector(a, 0);
        if (from === "i64") {
          host.vector(a, 1);
          lowWords(code);
        }
        if (type === "i1") {
          code.i32(31).simd(simd.i32x4_shl).i32(31).simd(simd.i32x4_shr_s);
        } else cutLanes(code, type);
      };
    case "zext": case "sext":
      return (host, part) => {
        const { code } = host;
        const sign = node.op === "sext";
        if (sign) signed(host, a, 0);
        else {
          host.vector(a, 0);
          if (from === "i1") {
            splat(code, 1);
            code.simd(simd.and);
          }
        }
        if (type === "i64") {
          code.simd(sign ? (part === 0 ? simd.i64x2_extend_low_i32x4_s : simd.i64x2_extend_high_i32x4_s) : part === 0 ? simd.i64x2_extend_low_i32x4_u : simd.i64x2_extend_high_i32x4_u);
        } else if (sign) cutLanes(code, type);
      };
    case "bitcast":
      return (host, part) => {
        host.vector(a, part);
        if ((node.mark & CANONICAL_OPERAND) !== 0) canonicalLanes(host, from === "f64");
      };
    case "fptosi": case "fptoui": {
      const mode = round ?? "rz";
      if (from !== "f32" || type !== "i32") return null;
      return ({ code, vector }) => {
        vector(a, 0);
        if (mode === "rn") code.simd(simd.f32x4_nearest);
        else if (mode === "rm") code.simd(simd.f32x4_floor);
        else if (mode === "rp") code.simd(simd.f32x4_ceil);
        code.simd(node.op === "fptosi" ? simd.i32x4_trunc_sat_f32x4_s : simd.i32x4_trunc_sat_f32x4_u);
      };
    }
    case "sitofp": case "uitofp": {
      if (from === "i64" || from === "i1") return null;
      const sign = node.op === "sitofp";
      if (type === "f32") {
        if ((round ?? "rn") !== "rn" && bitsOf[from] > 16) return null;
        return (host) => {
          if (sign) signed(host, a, 0);
          else host.vector(a, 0);
          host.code.simd(sign ? simd.f32x4_convert_i32x4_s : simd.f32x4_convert_i32x4_u);
        };
      }
      return (host, part) => {
        if (sign) signed(host, a, 0);
        else host.vector(a, 0);
        if (part === 1) highHalf(host);
        host.code.simd(sign ? simd.f64x2_convert_low_i32x4_s : simd.f64x2_convert_low_i32x4_u);
      };
    }
    case "fpext":
      return (host, part) => {
        host.vector(a, 0);
        if (part === 1) highHalf(host);
        host.code.simd(simd.f64x2_promote_low_f32x4);
      };
    case "fptrunc":
      if ((round ?? "rn") !== "rn") return null;
      return ({ code, vector }) => {
        vector(a, 0);
        code.simd(simd.f32x4_demote_f64x2_zero);
        vector(a, 1);
        code.simd(simd.f32x4_demote_f64x2_zero);
        code.shuffle([0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23]);
      };
    default: return null;
  }
}

/** Whether the node pushes an operand's vector for each of its own parts: such an operand is worth a variable. */
export function repeats(node: Node): boolean {
  return node.type !== null && partsOf(node.type) === 2 && node.args.some((arg) => arg.type !== null && partsOf(arg.type) === 1);
}
