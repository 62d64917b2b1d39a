import type { OneResult } from "../../compiler/ir/builder.ts";
import type { SpecialRegister, ValueId } from "../../compiler/ir/ops.ts";
import { LOCAL_WINDOW, sizeOf, type Type } from "../../compiler/ir/types.ts";
import { INPUT_BYTES, LOCAL_BYTES, OWN_SLOTS, PARAMS } from "./memory-map.ts";
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
export function loadOne(scope: Scope, type: Type, space: "global" | "const" | "generic" | "local" | "shared", addr: ValueId, offset: number): ValueId {
  const value = scope.f.value(type);
  scope.f.emit({ op: "load", dst: [value], space, addr, offset, align: sizeOf[type] });
  return value;
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
    case "parameter": return scope.isKernel ? f.def(expr.type, { op: "param", offset: PARAMS[expr.type] }) : scope.get(expr.type, 0);
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
    case "own": return loadOne(scope, expr.type, expr.generic ? "generic" : "global", scope.own, (expr.slot % OWN_SLOTS) * 8);
    case "local": {
      const index = lowerExpression(scope, expr.index);
      const size = sizeOf[expr.type];
      return loadOne(scope, expr.type, expr.generic ? "generic" : "local", element(scope, localBase(scope, expr.generic), index, LOCAL_BYTES / size - 1, size), 0);
    }
  }
}
