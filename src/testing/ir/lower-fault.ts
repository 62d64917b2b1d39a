import type { ValueId } from "../../compiler/ir/ops.ts";
import { SHARED_WINDOW, type Space, type Type } from "../../compiler/ir/types.ts";
import { loadOne } from "./lower-expression.ts";
import type { Scope } from "./scope.ts";
import type { FaultyAction, Statement } from "./spec.ts";

/** The one work-item with the number does something that faults; the others go on. */
export function lowerFault(scope: Scope, { what, item }: Extract<Statement, { readonly kind: "fault" }>): void {
  const { f } = scope;
  if (scope.program.hasFault) return;
  scope.program.hasFault = true;
  const total = product(scope, ["gsize.x", "gsize.y", "gsize.z"]);
  const chosen = f.def("i64", { op: "rem.u", a: f.const("i64", BigInt(item)), b: total });
  const own = scope.linear();
  scope.branch(f.def("i1", { op: "icmp", pred: "eq", a: own, b: chosen }), () => misbehave(scope, what), () => undefined);
}

function product(scope: Scope, registers: readonly ("gsize.x" | "gsize.y" | "gsize.z")[]): ValueId {
  return registers.map((reg) => scope.f.def("i64", { op: "sreg", reg })).reduce((a, b) => scope.f.def("i64", { op: "mul", a, b }));
}

function misbehave(scope: Scope, what: FaultyAction): void {
  const { f } = scope;
  const at = (address: bigint): ValueId => f.const("i64", address);
  const load = (type: Type, space: Exclude<Space, "const">, addr: ValueId, offset = 0): void => void loadOne(scope, type, space, addr, offset);
  const one = (): ValueId => f.const("i32", 1);
  const input = (): ValueId => f.def("i64", { op: "globaladdr", symbol: "input" });
  switch (what) {
    case "unmapped": return load("f32", "global", at(0x1234_5678_0000n));
    case "null": return load("i8", "generic", at(0n));
    case "misaligned": return load("i32", "global", scope.own, 2);
    case "readonly": return f.emit({ op: "store", src: [one()], space: "global", addr: input(), offset: 0, align: 4 });
    case "atomic-readonly": return void f.def("i32", { op: "atomic", rmw: "add", space: "generic", addr: input(), offset: 0, value: one(), order: "relaxed", scope: "device" });
    case "behind-shared": return f.emit({ op: "store", src: [one()], space: "shared", addr: at(1n << 20n), offset: 0, align: 4 });
    case "behind-local": return load("i32", "local", at(1n << 22n));
    case "generic-shared": return load("i64", "generic", at(SHARED_WINDOW + (1n << 20n)));
    case "straddle": {
      const value = f.value("i64");
      return f.emit({ op: "load", dst: [value], space: "global", addr: input(), offset: 65536 - 4, align: 1 });
    }
    case "trap":
    case "unreachable":
      f.emit({ op: what });
      scope.dead = true;
      return undefined;
    case "invalid-pc": return f.emit({ op: "calli", dst: [], target: at(12345n), args: [], params: [], results: [] });
    case "deep-recursion": {
      scope.program.usesRecursion = true;
      return f.emit({ op: "call", dst: [f.value("i32")], callee: "recursion", args: [f.const("i32", 1_000_000), one()] });
    }
    case "barrier-id": return f.emit({ op: "barrier", kind: "sync", id: f.const("i32", 77), count: null });
    case "bad-string": return void f.def("i32", { op: "printf", format: "%s", formatAddr: null, argsAddr: null, args: [at(16n)] });
  }
}
