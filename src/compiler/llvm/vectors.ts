import type { ValueId } from "../ir/ops.ts";
import type { Const, LInstr, Operand } from "./ast.ts";
import type { FnLowering } from "./context.ts";
import { indexValue } from "./constants.ts";
import { flatten, memberLeaves } from "./flat.ts";

/** Leaves that one element of a vector takes. */
function stride(i: Operand): number {
  return i.type.k === "vec" ? flatten(i.type.elem).length : 1;
}

/** Index in a register cannot be computed: a chain of selects takes the place of it. */
export function lowerExtract(fx: FnLowering, i: LInstr & { op: "extractelement" }): readonly ValueId[] {
  const values = fx.value(i.a);
  const step = stride(i.a);
  const index = indexValue(i.index);
  const count = values.length / step;
  if (index !== null) return element(values, step, index < count && index >= 0 ? index : 0);
  const at = fx.one(i.index);
  let result = element(values, step, 0);
  for (let n = 1; n < count; n++) {
    const here = fx.k.icmp("eq", at, fx.k.like(at, n));
    result = element(values, step, n).map((v, leaf) => fx.k.select(here, v, result[leaf]!));
  }
  return result;
}

function element(values: readonly ValueId[], step: number, n: number): ValueId[] {
  return values.slice(n * step, (n + 1) * step);
}

/** insertelement: the vector with one element replaced. */
export function lowerInsert(fx: FnLowering, i: LInstr & { op: "insertelement" }): readonly ValueId[] {
  const values = [...fx.value(i.a)];
  const put = fx.value(i.value);
  const step = stride(i.a);
  const index = indexValue(i.index);
  if (index !== null) {
    if (index >= 0 && index * step < values.length) put.forEach((v, leaf) => (values[index * step + leaf] = v));
    return values;
  }
  const at = fx.one(i.index);
  for (let n = 0; n * step < values.length; n++) {
    const here = fx.k.icmp("eq", at, fx.k.like(at, n));
    put.forEach((v, leaf) => (values[n * step + leaf] = fx.k.select(here, v, values[n * step + leaf]!)));
  }
  return values;
}

/** shufflevector: elements of two vectors in a constant order. */
export function lowerShuffle(fx: FnLowering, i: LInstr & { op: "shufflevector" }): readonly ValueId[] {
  const step = stride(i.a);
  const values = [...fx.value(i.a), ...fx.value(i.b)];
  const mask = i.mask;
  const lanes: readonly Const[] | null = mask.k === "list" ? mask.items : mask.k === "zero" ? new Array<Const>(mask.type.k === "vec" ? mask.type.n : 0).fill({ k: "zero", type: mask.type }) : null;
  if (lanes === null) return fx.fail("shufflevector mask that is not constant");
  return lanes.flatMap((lane) => element(values, step, indexValue(lane) ?? fx.fail("shufflevector mask that is not constant")));
}

/** extractvalue: a member of an aggregate. */
export function lowerExtractValue(fx: FnLowering, i: LInstr & { op: "extractvalue" }): readonly ValueId[] {
  const { from, count } = memberLeaves(i.a.type, i.path);
  return fx.value(i.a).slice(from, from + count);
}

/** insertvalue: the aggregate with one member replaced. */
export function lowerInsertValue(fx: FnLowering, i: LInstr & { op: "insertvalue" }): readonly ValueId[] {
  const { from } = memberLeaves(i.type, i.path);
  const values = [...fx.value(i.a)];
  fx.value(i.value).forEach((v, n) => (values[from + n] = v));
  return values;
}
