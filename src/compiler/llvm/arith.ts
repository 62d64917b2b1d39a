import type { FloatBinary, FloatPredicate, IntPredicate, ValueId } from "../ir/ops.ts";
import type { LInstr, Operand } from "./ast.ts";
import { bitcast } from "./bits.ts";
import type { FnLowering } from "./context.ts";
import { elementLeaf, flatten, isWide } from "./flat.ts";
import { convertFloat, flipSign, fromWorking, onWorking, toWorking } from "./floats.ts";
import { intBinary, resize, signed, trim } from "./ints.ts";
import { wideBinary, wideCompare, wideResize } from "./wide.ts";
import { windowOf } from "./pointer.ts";
import { showType } from "./types.ts";

const FLOAT_OPS: Readonly<Record<string, FloatBinary>> = { fadd: "fadd", fsub: "fsub", fmul: "fmul", fdiv: "fdiv", frem: "frem" };

/** The integer a constant operand (scalar, or vector of one repeated value) has; null when it is none. */
export function constantInt(operand: Operand): bigint | null {
  if (operand.k === "zero") return 0n;
  if (operand.k === "int") return operand.value;
  return null;
}

/** Arithmetic, logic and shifts, element by element. */
export function lowerBinary(fx: FnLowering, i: LInstr & { op: "binary" }): readonly ValueId[] {
  const a = fx.value(i.a);
  const b = fx.value(i.b);
  if (isWide(i.type)) return i.type.k === "int" ? wideBinary(fx, i.type, i.what, a, b, constantInt(i.b)) : fx.fail(`${i.what} of ${showType(i.type)}`);
  const leaf = elementLeaf(i.type);
  const float = FLOAT_OPS[i.what];
  return a.map((x, n) => {
    const y = b[n]!;
    if (float !== undefined) return onWorking(fx.k, leaf, [x, y], (p, q) => fx.k.float(float, p!, q!));
    return intBinary(fx.k, leaf, i.what, x, y) ?? fx.fail(`${i.what} of ${showType(i.type)}`);
  });
}

/** fneg: flips signs, NaNs included. */
export function lowerNeg(fx: FnLowering, i: LInstr & { op: "fneg" | "freeze" }): readonly ValueId[] {
  const leaf = elementLeaf(i.type);
  return fx.value(i.a).map((v) => flipSign(fx.k, leaf, v));
}

const INT_PREDICATES: Readonly<Record<string, IntPredicate>> = {
  eq: "eq", ne: "ne", slt: "lt.s", sle: "le.s", sgt: "gt.s", sge: "ge.s", ult: "lt.u", ule: "le.u", ugt: "gt.u", uge: "ge.u",
};

/** icmp: i1 values, one an element. */
export function lowerIcmp(fx: FnLowering, i: LInstr & { op: "icmp" | "fcmp" }): readonly ValueId[] {
  const { type } = i.a;
  const a = fx.value(i.a);
  const b = fx.value(i.b);
  if (isWide(type)) return type.k === "int" ? [wideCompare(fx, i.pred, a, b)] : fx.fail(`comparison of ${showType(type)}`);
  const pred = INT_PREDICATES[i.pred] ?? fx.fail(`icmp ${i.pred}`);
  const leaf = elementLeaf(type);
  const order = pred.endsWith(".s");
  return a.map((x, n) => {
    const y = b[n]!;
    return order ? fx.k.icmp(pred, signed(fx.k, leaf, x), signed(fx.k, leaf, y)) : fx.k.icmp(pred, x, y);
  });
}

const FLOAT_PREDICATES = new Set<string>(["oeq", "one", "olt", "ole", "ogt", "oge", "ueq", "une", "ult", "ule", "ugt", "uge", "ord", "uno"]);

/** fcmp: i1 values, one an element. */
export function lowerFcmp(fx: FnLowering, i: LInstr & { op: "icmp" | "fcmp" }): readonly ValueId[] {
  const leaf = elementLeaf(i.a.type);
  const a = fx.value(i.a);
  const b = fx.value(i.b);
  return a.map((x, n) => {
    if (i.pred === "true" || i.pred === "false") return fx.k.c("i1", i.pred === "true" ? 1 : 0);
    if (!FLOAT_PREDICATES.has(i.pred)) return fx.fail(`fcmp ${i.pred}`);
    return fx.k.fcmp(i.pred as FloatPredicate, toWorking(fx.k, leaf, x), toWorking(fx.k, leaf, b[n]!));
  });
}

/** select: by one condition, or element by element. */
export function lowerSelect(fx: FnLowering, i: LInstr & { op: "select" }): readonly ValueId[] {
  const c = fx.value(i.c);
  const a = fx.value(i.a);
  const b = fx.value(i.b);
  // A scalar condition chooses whole vectors and aggregates.
  return a.map((x, n) => fx.k.select(c.length === 1 ? c[0]! : c[n]!, x, b[n]!));
}

/** All casts but those of pointers whose origin is known. */
export function lowerCast(fx: FnLowering, i: LInstr & { op: "cast" }): readonly ValueId[] {
  const { k } = fx;
  const from = i.a.type;
  const values = fx.value(i.a);
  if (i.what === "bitcast") return bitcast(fx, from, i.type, values);
  if (isWide(from) || isWide(i.type)) {
    if (from.k !== "int" || i.type.k !== "int") return fx.fail(`${i.what} of ${showType(from)} to ${showType(i.type)}`);
    return wideResize(fx, values, from, i.type, i.what === "sext");
  }
  const source = elementLeaf(from);
  const target = elementLeaf(i.type);
  const each = (f: (v: ValueId) => ValueId): readonly ValueId[] => values.map(f);
  switch (i.what) {
    case "trunc": case "zext": return each((v) => resize(k, source, target, v, false));
    case "sext": return each((v) => resize(k, source, target, v, true));
    case "ptrtoint": case "ptrtoaddr": case "inttoptr": return each((v) => resize(k, source, target, v, false));
    case "fptrunc": case "fpext": return each((v) => convertFloat(k, source, target, v));
    case "fptosi": case "fptoui":
      return each((v) => {
        const working = toWorking(k, source, v);
        // Out of range is undefined for i1 too; go through a byte, where the IR has the conversion.
        if (target.type === "i1") return k.conv("trunc", "i1", k.conv(i.what as "fptoui", "i8", working));
        return trim(k, target, k.conv(i.what as "fptoui", target.type, working));
      });
    case "sitofp": case "uitofp":
      return each((v) => {
        const value = i.what === "sitofp" ? signed(k, source, v) : v;
        if (target.kind === "float") return k.conv(i.what as "sitofp", target.type, value);
        // Integers that do not fit f64 exactly are above the largest half by far, so half is rounded once.
        // NON-SPEC: bfloat16 is rounded twice, by way of f32.
        return fromWorking(k, target, k.conv(i.what as "sitofp", target.kind === "half" ? "f64" : "f32", value));
      });
    case "addrspacecast": return lowerSpaceCast(fx, i);
    default: return fx.fail(`cast ${i.what}`);
  }
}

/** Casts between address spaces whose origin is not known: windows are added and taken away. */
function lowerSpaceCast(fx: FnLowering, i: LInstr & { op: "cast" }): readonly ValueId[] {
  const { k } = fx;
  if (flatten(i.type).length !== 1 || i.a.type.k !== "ptr" || i.type.k !== "ptr") return fx.fail("addrspacecast of vectors");
  const from = fx.spaceOf(i.a.type);
  const to = fx.spaceOf(i.type);
  const v = fx.one(i.a);
  if (from === to) return [v];
  if (to === "generic") {
    const window = windowOf(from);
    return [window === 0n ? v : k.add(v, k.l(window))];
  }
  if (from !== "generic") return fx.fail(`addrspacecast from ${showType(i.a.type)} to ${showType(i.type)}`);
  const window = windowOf(to);
  return [window === 0n ? v : k.sub(v, k.l(window))];
}
