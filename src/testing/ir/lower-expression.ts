import type { OneResult } from "../../compiler/ir/builder.ts";
import type { SpecialRegister, ValueId } from "../../compiler/ir/ops.ts";
import { LOCAL_WINDOW, sizeOf, type Type } from "../../compiler/ir/types.ts";
import { COLUMN_BYTES, COLUMNS, INPUT_BYTES, LOCAL_BYTES, OWN_SLOTS, PARAMS, ROW_SHIFTS } from "./memory-map.ts";
import type { Expr } from "./spec.ts";
import type { Scope } from "./scope.ts";

/** Registers whose value does not depend on the schedule. */
const registers32: readonly SpecialRegister[] = [
  "tid.x", "tid.y", "tid.z", "ntid.x", "ntid.y", "entid.x", "ctaid.x", "ctaid.y", "ctaid.z", "nctaid.x", "workdim", "lane", "warp", "nwarp", "warpsize", "smid", "nsmid", "dynshared", "gridid",
];
const registers64: readonly SpecialRegister[] = ["gid.x", "gid.y", "gid.z", "gsize.x", "gsize.y", "goff.x", "goff.y", "goff.z"];

/** A constant of a type from its bit pattern. */
export function constant(scope: Scope, type: Type, bits: bigint): ValueId {
  if (type === "f32" || type === "f64") return scope.f.def(type, { op: "constbits", bits });
  return scope.f.const(type, type === "i64" ? bits : Number(bits));
}

/** base + index * scale, for an i32 index that is cut to `mask` first. */
export function element(scope: Scope, base: ValueId, index: ValueId, mask: number, scale: number): ValueId {
  const { f } = scope;
  const cut = f.def("i32", { op: "and", a: index, b: f.const("i32", mask) });
  const wide = f.def("i64", { op: "zext", a: cut });
  return f.def("i64", { op: "add", a: base, b: f.def("i64", { op: "mul", a: wide, b: f.const("i64", BigInt(scale)) }) });
}

/** One value loaded. */
export function loadOne(scope: Scope, type: Type, space: "global" | "const" | "generic" | "local" | "shared", addr: ValueId, offset: number, volatile = false): ValueId {
  const value = scope.f.value(type);
  scope.f.emit({ op: "load", dst: [value], space, addr, offset, align: sizeOf[type], ...(volatile ? { volatile } : {}) });
  return value;
}

/** base + linear number of the work-item * size; `narrow`: multiplied in 32 bits and then extended, as front ends do with an int index. */
function ownElement(scope: Scope, base: ValueId, size: number, narrow: boolean): ValueId {
  const { f } = scope;
  const linear = scope.linear();
  const scaled = narrow
    ? f.def("i64", { op: "sext", a: f.def("i32", { op: "mul", a: f.def("i32", { op: "trunc", a: linear }), b: f.const("i32", size) }) })
    : f.def("i64", { op: "mul", a: linear, b: f.const("i64", BigInt(size)) });
  return f.def("i64", { op: "add", a: base, b: scaled });
}

/** Address of the work-item's element of a column that has elements of the type's size. */
export function columnElement(scope: Scope, type: Type, column: number, narrow: boolean): ValueId {
  const size = sizeOf[type];
  const number = (column * 4 + Math.log2(size)) % COLUMNS;
  const base = scope.f.def("i64", { op: "globaladdr", symbol: "columns", offset: BigInt(number * COLUMN_BYTES) });
  return ownElement(scope, base, size, narrow);
}

/** Address of the local array, in space local or as a generic address. */
export function localBase(scope: Scope, generic: boolean): ValueId {
  const { f } = scope;
  const address = f.def("i64", { op: "localaddr", index: scope.localArray(LOCAL_BYTES) });
  return generic ? f.def("i64", { op: "add", a: address, b: f.const("i64", LOCAL_WINDOW) }) : address;
}

/** Emits an expression and gives its value. */
export function lowerExpression(scope: Scope, expr: Expr): ValueId {
  const { f } = scope;
  switch (expr.kind) {
    case "const": return constant(scope, expr.type, expr.bits);
    case "variable": return scope.get(expr.type, expr.index);
    case "parameter": {
      if (!scope.isKernel) return scope.get(expr.type, 0);
      const offset = PARAMS[expr.type];
      if (!expr.byAddress) return f.def(expr.type, { op: "param", offset });
      return loadOne(scope, expr.type, expr.type.endsWith("32") ? "const" : "generic", f.def("i64", { op: "paramaddr", offset }), 0);
    }
    case "register": {
      const list = expr.type === "i32" ? registers32 : registers64;
      return f.def(expr.type, { op: "sreg", reg: list[expr.index % list.length]! });
    }
    case "operation": {
      const args = expr.args.map((arg) => lowerExpression(scope, arg));
      const operands = Object.fromEntries(args.map((arg, i) => [expr.operation.names[i]!, arg]));
      return f.def(expr.type, { ...expr.operation.fields, ...operands } as unknown as OneResult);
    }
    case "input": {
      const index = lowerExpression(scope, expr.index);
      const base = f.def("i64", { op: "globaladdr", symbol: "input" });
      const size = sizeOf[expr.type];
      const space = expr.generic ? "generic" : expr.type.startsWith("f") ? "const" : "global";
      return loadOne(scope, expr.type, space, element(scope, base, index, INPUT_BYTES / size - 1, size), 0);
    }
    case "own": return loadOne(scope, expr.type, expr.generic ? "generic" : "global", scope.own, (expr.slot % OWN_SLOTS) * 8, expr.volatile);
    case "row": {
      const size = sizeOf[expr.type];
      const base = f.def("i64", { op: "globaladdr", symbol: "rows" });
      return loadOne(scope, expr.type, expr.narrow ? "const" : "global", ownElement(scope, base, size, expr.narrow), (expr.shift % ROW_SHIFTS) * size);
    }
    case "column": return loadOne(scope, expr.type, "global", columnElement(scope, expr.type, expr.column, expr.narrow), 0);
    case "local": {
      const index = lowerExpression(scope, expr.index);
      const size = sizeOf[expr.type];
      return loadOne(scope, expr.type, expr.generic ? "generic" : "local", element(scope, localBase(scope, expr.generic), index, LOCAL_BYTES / size - 1, size), 0);
    }
  }
}
